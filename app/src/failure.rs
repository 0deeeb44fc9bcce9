//! Failures on the wire and in words.

use domain::{
    Failure, FieldError,
    failure::{Conflict, Denial},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

use crate::{
    i18n::*,
    language::use_locale,
    ui::{Callout, Day, Tone},
};

/// A [`Failure`] as server functions answer it. It crosses the wire as the plain enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiError(pub Failure);

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ApiError {}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    /// What the transport says when no answer of ours came: the network is gone, or the form was not one of ours.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self(Failure::Invalid(domain::FieldErrors::default()))
            }
            _ => Self(Failure::Unavailable),
        }
    }
}

/// Says what went wrong and what to do, for a whole page or form.
#[component]
pub fn FailureView(failure: Failure) -> impl IntoView {
    let l = use_locale();
    match failure {
        Failure::Invalid(_) => view! { <Callout tone=Tone::Bad>{td_string!(l, failure.invalid)}</Callout> }.into_any(),
        Failure::Unauthenticated => view! {
            <Callout tone=Tone::Warn>
                <p>{td_string!(l, failure.unauthenticated)}</p>
                <p><a class="link" href="/sign-in" rel="external">{td_string!(l, session.sign_in)}</a></p>
            </Callout>
        }
        .into_any(),
        Failure::Forbidden(Denial::NotOpenYet { phase, opens_on, .. }) => view! {
            <Callout tone=Tone::Info>
                <p class="font-semibold">
                    {match opens_on {
                        Some(day) => view! { {td_string!(l, failure.opens_on)} " " <Day day/> }.into_any(),
                        None => td_string!(l, failure.opens_later).into_any(),
                    }}
                </p>
                <p>{td_string!(l, failure.not_open_yet)} " " {phase_name(l, phase)} "."</p>
                <p><a class="link" href="/timeline">{td_string!(l, failure.see_timeline)}</a></p>
            </Callout>
        }
        .into_any(),
        Failure::Forbidden(Denial::Role { administrators, .. }) => view! {
            <Callout tone=Tone::Warn>
                <p class="font-semibold">{td_string!(l, failure.no_role)}</p>
                {(!administrators.is_empty()).then(|| view! {
                    <p>{td_string!(l, failure.ask)}</p>
                    <ul class="list-disc pl-5">
                        {administrators.into_iter().map(|contact| view! {
                            <li>{contact.name} " · " <a class="link" href=format!("mailto:{}", contact.email)>{contact.email.clone()}</a></li>
                        }).collect_view()}
                    </ul>
                })}
            </Callout>
        }
        .into_any(),
        Failure::NotFound => view! { <Callout tone=Tone::Warn>{td_string!(l, failure.not_found)}</Callout> }.into_any(),
        Failure::Conflict(conflict) => view! { <Callout tone=Tone::Warn>{conflict_text(l, conflict)}</Callout> }.into_any(),
        Failure::TooMany { retry_after_seconds } => view! {
            <Callout tone=Tone::Warn>{td_string!(l, failure.too_many, seconds = retry_after_seconds)}</Callout>
        }
        .into_any(),
        Failure::Unavailable => view! { <Callout tone=Tone::Bad>{td_string!(l, failure.unavailable)}</Callout> }.into_any(),
        Failure::Unexpected(fault) => view! {
            <Callout tone=Tone::Bad>
                <p>{td_string!(l, failure.unexpected)}</p>
                <p><code>{fault.to_string()}</code></p>
            </Callout>
        }
        .into_any(),
    }
}

fn conflict_text(l: Locale, conflict: Conflict) -> &'static str {
    match conflict {
        Conflict::InvitationAccepted => td_string!(l, failure.invitation_accepted),
        Conflict::InvitationExpired => td_string!(l, failure.invitation_expired),
        Conflict::LastAdmin => td_string!(l, failure.last_admin),
        Conflict::CaseClosed => td_string!(l, failure.case_closed),
        Conflict::ReopenEnded => td_string!(l, failure.reopen_ended),
        Conflict::StatusChange => td_string!(l, failure.status_change),
        Conflict::AlreadyTaken => td_string!(l, failure.already_taken),
        Conflict::CallbackOpen => td_string!(l, failure.callback_open),
        Conflict::ChatClosed => td_string!(l, failure.chat_closed),
        Conflict::ChatEnded => td_string!(l, failure.chat_ended),
        Conflict::PhaseChange => td_string!(l, failure.phase_change),
        Conflict::LaunchWithoutAdmin => td_string!(l, failure.launch_without_admin),
        Conflict::AlreadyMember => td_string!(l, failure.already_member),
    }
}

/// What is wrong with one field, and how to mend it.
pub fn field_error_text(l: Locale, error: &FieldError) -> String {
    match error {
        FieldError::Required => td_string!(l, failure.required).to_owned(),
        FieldError::TooLong { max } => td_string!(l, failure.too_long, max = *max).to_string(),
        FieldError::TooShort { min } => td_string!(l, failure.too_short, min = *min).to_string(),
        FieldError::NotAnEmail => td_string!(l, failure.not_an_email).to_owned(),
        FieldError::NotAPhone => td_string!(l, failure.not_a_phone).to_owned(),
        FieldError::NotAChoice => td_string!(l, failure.not_a_choice).to_owned(),
        FieldError::NotATime => td_string!(l, failure.not_a_time).to_owned(),
        FieldError::InThePast => td_string!(l, failure.in_the_past).to_owned(),
        FieldError::OutsideHours => td_string!(l, failure.outside_hours).to_owned(),
        FieldError::WrongCredentials => td_string!(l, failure.wrong_credentials).to_owned(),
        FieldError::Different => td_string!(l, failure.different).to_owned(),
        FieldError::CommonPassword => td_string!(l, failure.common_password).to_owned(),
        FieldError::ControlCharacters => td_string!(l, failure.control_characters).to_owned(),
        FieldError::TooLarge { max_bytes } => {
            td_string!(l, failure.too_large, megabytes = max_bytes / 1_048_576).to_string()
        }
        FieldError::RefusedFile => td_string!(l, failure.refused_file).to_owned(),
        FieldError::FileGone => td_string!(l, failure.file_gone).to_owned(),
        FieldError::NotAKey => td_string!(l, failure.not_a_key).to_owned(),
        FieldError::NotALanguage => td_string!(l, failure.not_a_language).to_owned(),
        FieldError::NotAZone => td_string!(l, failure.not_a_zone).to_owned(),
        FieldError::NotHours => td_string!(l, failure.not_hours).to_owned(),
        FieldError::NotDays => td_string!(l, failure.not_days).to_owned(),
        FieldError::TooMany { max } => td_string!(l, failure.too_many_items, max = *max).to_string(),
        FieldError::OutOfOrder => td_string!(l, failure.out_of_order).to_owned(),
        FieldError::Announcement(problem) => crate::announcements::problem_text(l, problem),
    }
}

pub fn phase_name(l: Locale, phase: domain::rollout::Phase) -> &'static str {
    use domain::rollout::Phase;
    match phase {
        Phase::Draft => td_string!(l, common.phase_draft),
        Phase::Setup => td_string!(l, common.phase_setup),
        Phase::Validation => td_string!(l, common.phase_validation),
        Phase::Enablement => td_string!(l, common.phase_enablement),
        Phase::Launch => td_string!(l, common.phase_launch),
    }
}
