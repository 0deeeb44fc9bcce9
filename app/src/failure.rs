//! Failures on the wire and in words.

use domain::{
    Failure, FieldError,
    failure::{Conflict, Contact, Denial},
};
use leptos::prelude::*;
use leptos_router::{hooks::use_location, location::Url};
use serde::{Deserialize, Serialize};
use server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

use crate::{
    i18n::*,
    language::use_locale,
    ui::{Callout, Day, PageHead, Tone, number_text},
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

    /// Maps a failure of the transport: the network is down, or the arguments could not be read.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                let failure = Failure::Invalid(domain::FieldErrors::default());
                // The arguments are read before any of our server functions runs, so that the status is set here (F18). A
                // page whose address holds unreadable values still is a page.
                if is_call() {
                    answer(&failure);
                }
                Self(failure)
            }
            _ => Self(Failure::Unavailable),
        }
    }
}

/// Replaces a page that cannot be shown: heading, reason and a way on, with the status of the failure.
#[component]
pub fn FailurePage(
    failure: Failure,
    /// A way on other than the first page.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let l = use_locale();
    answer(&failure);
    if failure == Failure::Unavailable {
        reload_when_back();
    }
    let way_on = match children {
        Some(children) => Some(children()),
        None if matches!(failure, Failure::Unauthenticated | Failure::Unavailable) => None,
        None => Some(view! { <a class="link way" href="/">{td_string!(l, common.home)}</a> }.into_any()),
    };
    view! {
        <PageHead title=title(l, &failure) />
        <FailureView failure />
        {way_on.map(|way_on| view! { <p>{way_on}</p> })}
    }
}

/// Sets the status where no server function does: for an address that leads nowhere, and for unreadable arguments.
#[cfg(feature = "ssr")]
fn answer(failure: &Failure) {
    crate::request::answer(failure);
}

#[cfg(not(feature = "ssr"))]
fn answer(_: &Failure) {}

/// Whether the request is to a server function, not for a page.
#[cfg(feature = "ssr")]
fn is_call() -> bool {
    use_context::<axum::http::request::Parts>().is_some_and(|parts| parts.method == axum::http::Method::POST)
}

#[cfg(not(feature = "ssr"))]
const fn is_call() -> bool {
    false
}

/// Reloads a page that could not be shown as soon as the server answers (T33); it holds nothing that was typed.
#[cfg(feature = "hydrate")]
fn reload_when_back() {
    let there = StoredValue::new(());
    leptos::task::spawn_local(async move {
        for tries in 1.. {
            crate::live::pause(tries).await;
            if there.try_get_value().is_none() {
                return;
            }
            let answer = wasm_bindgen_futures::JsFuture::from(window().fetch_with_str("/readyz")).await;
            if answer.is_ok_and(|answer| web_sys::Response::from(answer).ok()) {
                let _ = window().location().reload();
                return;
            }
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn reload_when_back() {}

fn title(l: Locale, failure: &Failure) -> &'static str {
    match failure {
        Failure::Invalid(_) => td_string!(l, failure.title_invalid),
        Failure::Unauthenticated => td_string!(l, failure.title_unauthenticated),
        Failure::Forbidden(Denial::NotOpenYet { .. }) => td_string!(l, failure.opens_later),
        Failure::Forbidden(Denial::Role { .. }) => td_string!(l, failure.title_no_role),
        Failure::NotFound => td_string!(l, common.not_found),
        Failure::Conflict(_) => td_string!(l, failure.title_conflict),
        Failure::TooMany { .. } => td_string!(l, failure.title_too_many),
        Failure::Unavailable => td_string!(l, failure.title_unavailable),
        Failure::Unexpected(_) => td_string!(l, failure.title_unexpected),
    }
}

/// Returns the address of the sign-in page, which leads back to this one.
pub fn sign_in_again() -> impl Fn() -> String {
    let here = this_page();
    move || format!("/sign-in?next={}", Url::escape(&here()))
}

/// Returns the address of this page, without the refusal that may stand in it.
fn this_page() -> impl Fn() -> String {
    let location = use_location();
    move || {
        let query = location.search.get();
        let query = without_refusal(&query);
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{query}", location.pathname.get())
    }
}

/// Removes the refusal that a plain form leaves in the address.
fn without_refusal(query: &str) -> &str {
    query.split("__path=").next().unwrap_or_default().trim_end_matches('&')
}

/// Says what went wrong and what to do, for a form or a part of a page.
#[component]
pub fn FailureView(
    failure: Failure,
    /// The failure is about a form, which still holds what was typed.
    #[prop(optional)]
    typed: bool,
) -> impl IntoView {
    let l = use_locale();
    match failure {
        Failure::Invalid(_) => view! { <Callout tone=Tone::Bad>{td_string!(l, failure.invalid)}</Callout> }.into_any(),
        Failure::Unauthenticated => view! {
            <Callout tone=Tone::Warn>
                <p>{td_string!(l, failure.unauthenticated)}</p>
                <p><a class="link way" href=sign_in_again() rel="external">{td_string!(l, session.sign_in)}</a></p>
            </Callout>
        }
        .into_any(),
        Failure::Forbidden(Denial::NotOpenYet { phase, opens_on, delayed, .. }) => view! {
            <Callout tone=Tone::Info>
                <p class="font-semibold">
                    {match opens_on {
                        Some(day) => view! { {td_string!(l, failure.opens_on)} " " <Day day/> }.into_any(),
                        None if delayed => td_string!(l, failure.delayed).into_any(),
                        None => td_string!(l, failure.opens_later).into_any(),
                    }}
                </p>
                <p>{td_string!(l, failure.not_open_yet)} " " {phase_name(l, phase)} "."</p>
                <p><a class="link way" href="/timeline">{td_string!(l, failure.see_timeline)}</a></p>
            </Callout>
        }
        .into_any(),
        Failure::Forbidden(Denial::Role { administrators, .. }) => view! {
            <Callout tone=Tone::Warn>
                <p class="font-semibold">{td_string!(l, failure.no_role)}</p>
                {if administrators.is_empty() {
                    view! { <p>{td_string!(l, failure.ask_nobody)}</p> }.into_any()
                } else {
                    view! { <Administrators administrators /> }.into_any()
                }}
            </Callout>
        }
        .into_any(),
        Failure::NotFound => view! { <Callout tone=Tone::Info>{td_string!(l, failure.not_found)}</Callout> }.into_any(),
        Failure::Conflict(conflict) => view! {
            <Callout tone=Tone::Warn>
                <p>{conflict_text(l, conflict)}</p>
                {(conflict == Conflict::ChatClosed).then(|| view! { <OtherDoors /> })}
            </Callout>
        }
        .into_any(),
        Failure::TooMany { retry_after_seconds } => view! {
            <Callout tone=Tone::Warn>{td_string!(l, failure.too_many, count = retry_after_seconds).to_string()}</Callout>
        }
        .into_any(),
        Failure::Unavailable if typed => {
            view! { <Callout tone=Tone::Bad>{td_string!(l, failure.unavailable)}</Callout> }.into_any()
        }
        Failure::Unavailable => view! {
            <Callout tone=Tone::Bad>
                <p>{td_string!(l, failure.unavailable_page)}</p>
                <p><a class="link way" href=this_page() rel="external">{td_string!(l, failure.try_again)}</a></p>
            </Callout>
        }
        .into_any(),
        Failure::Unexpected(fault) => view! {
            <Callout tone=Tone::Bad>
                <p>{td_string!(l, failure.unexpected)}</p>
                <p><code>{fault.to_string()}</code></p>
            </Callout>
        }
        .into_any(),
    }
}

/// Lists the administrators who can give a role (K2).
#[component]
fn Administrators(administrators: Vec<Contact>) -> impl IntoView {
    let l = use_locale();
    view! {
        <p>{td_string!(l, failure.ask)}</p>
        <ul class="list-disc pl-5">
            {administrators.into_iter().map(|contact| view! {
                <li>{contact.name} " · " <a class="link way" href=format!("mailto:{}", contact.email)>{contact.email.clone()}</a></li>
            }).collect_view()}
        </ul>
    }
}

/// J17: never a dead end.
#[component]
fn OtherDoors() -> impl IntoView {
    let l = use_locale();
    view! {
        <p>
            <a class="link way" href="/cases/new">{td_string!(l, chat.case_instead)}</a> " · "
            <a class="link way" href="/calls/new">{td_string!(l, chat.call_instead)}</a>
        </p>
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
        Conflict::ChatRunning => td_string!(l, failure.chat_running),
        Conflict::PhaseChange => td_string!(l, failure.phase_change),
        Conflict::LaunchWithoutAdmin => td_string!(l, failure.launch_without_admin),
        Conflict::AlreadyMember => td_string!(l, failure.already_member),
        Conflict::ImportUnderWay => td_string!(l, failure.import_under_way),
        Conflict::ImportOvertaken => td_string!(l, failure.import_overtaken),
        Conflict::ResetEnded => td_string!(l, failure.reset_ended),
        Conflict::OwnRole => td_string!(l, failure.own_role),
        Conflict::WorksForVendor => td_string!(l, failure.works_for_vendor),
        Conflict::WorksForCompany => td_string!(l, failure.works_for_company),
        Conflict::AddressLinkEnded => td_string!(l, failure.address_link_ended),
        Conflict::AddressTaken => td_string!(l, failure.address_taken),
        Conflict::RecipientsChanged => td_string!(l, failure.recipients_changed),
        Conflict::NoRecipients => td_string!(l, failure.no_recipients),
        Conflict::NothingToStop => td_string!(l, failure.nothing_to_stop),
        Conflict::OtherPerson => td_string!(l, failure.other_person),
    }
}

/// Says what is wrong with one field, and how to correct it.
pub fn field_error_text(l: Locale, error: &FieldError) -> String {
    match error {
        FieldError::Required => td_string!(l, failure.required).to_owned(),
        FieldError::TooLong { max } => {
            td_string!(l, failure.too_long, max = number_text(l, u64::from(*max))).to_string()
        }
        FieldError::TooShort { min } => td_string!(l, failure.too_short, min = *min).to_string(),
        FieldError::NotAnEmail => td_string!(l, failure.not_an_email).to_owned(),
        FieldError::NotAsciiBeforeAt => td_string!(l, failure.not_ascii_before_at).to_owned(),
        FieldError::NotAPhone => td_string!(l, failure.not_a_phone).to_owned(),
        FieldError::NotAChoice => td_string!(l, failure.not_a_choice).to_owned(),
        FieldError::NotATime => td_string!(l, failure.not_a_time).to_owned(),
        FieldError::InThePast => td_string!(l, failure.in_the_past).to_owned(),
        FieldError::OutsideHours => td_string!(l, failure.outside_hours).to_owned(),
        FieldError::WrongCredentials => td_string!(l, failure.wrong_credentials).to_owned(),
        FieldError::WrongPassword => td_string!(l, failure.wrong_password).to_owned(),
        FieldError::Different => td_string!(l, failure.different).to_owned(),
        FieldError::CommonPassword => td_string!(l, failure.common_password).to_owned(),
        FieldError::TooLarge { max_bytes } => {
            td_string!(l, failure.too_large, megabytes = max_bytes / 1_048_576).to_string()
        }
        FieldError::EmptyFile => td_string!(l, failure.empty_file).to_owned(),
        FieldError::NoFileName => td_string!(l, failure.no_file_name).to_owned(),
        FieldError::UploadsFull { max_bytes } => {
            td_string!(l, failure.uploads_full, megabytes = max_bytes / 1_048_576).to_string()
        }
        FieldError::StorageFull { max_bytes } => {
            td_string!(l, failure.storage_full, megabytes = max_bytes / 1_048_576).to_string()
        }
        FieldError::NotAnImage => td_string!(l, failure.not_an_image).to_owned(),
        FieldError::ImagesFull { max_bytes } => {
            td_string!(l, failure.images_full, megabytes = max_bytes / 1_048_576).to_string()
        }
        FieldError::RefusedFile => td_string!(l, failure.refused_file).to_owned(),
        FieldError::FileGone => td_string!(l, failure.file_gone).to_owned(),
        FieldError::NotAKey => td_string!(l, failure.not_a_key).to_owned(),
        FieldError::NotALanguage => td_string!(l, failure.not_a_language).to_owned(),
        FieldError::NotAZone => td_string!(l, failure.not_a_zone).to_owned(),
        FieldError::NotHours => td_string!(l, failure.not_hours).to_owned(),
        FieldError::NotDays => td_string!(l, failure.not_days).to_owned(),
        FieldError::TooMany { max } => td_string!(l, failure.too_many_items, max = *max).to_string(),
        FieldError::NotTheName => td_string!(l, failure.not_the_name).to_owned(),
        FieldError::OutOfOrder => td_string!(l, failure.out_of_order).to_owned(),
        FieldError::NotTheNumber { wanted } => td_string!(l, failure.not_the_number, wanted = *wanted).to_string(),
        FieldError::Announcement(problem) => crate::announcements::problem_text(l, problem),
        FieldError::Upload(problem) => crate::imports::upload_text(l, *problem).to_owned(),
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

#[cfg(test)]
mod tests {
    use super::without_refusal;

    #[test]
    fn signing_in_again_leads_back_without_the_refusal() {
        assert_eq!(without_refusal("mine=true&after=7"), "mine=true&after=7");
        assert_eq!(without_refusal("mine=true&__path=%2Ffn%2Fcases%2Freply&__err=x"), "mine=true");
        assert_eq!(without_refusal("__path=%2Ffn%2Fcases%2Freply&__err=x"), "");
    }
}
