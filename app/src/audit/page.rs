//! The ledger as a list, and its proof on demand (`?check=true`, so that it works without JavaScript).

use domain::{
    OrganisationId,
    audit::{EventRow, LedgerCheck, Verb},
    page::Page,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::{list_events, verify_ledger};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{Callout, Empty, Icon, Kind, LinkButton, PageHead, ShortMoment, Sign, Tone, loaded},
};

#[component]
pub fn LedgerPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| {
            let organisation = query.get("organisation").and_then(|id| id.parse::<OrganisationId>().ok());
            let before = query.get("before");
            (organisation, before, query.get("check").is_some())
        })
    });
    let events =
        Resource::new_blocking(move || asked.get(), |(organisation, before, _)| list_events(organisation, before));
    view! {
        <PageHead title=td_string!(l, audit.title)>
            {move || view! {
                <LinkButton kind=Kind::Quiet href=address(asked.get().0, &[("check", "true")])>
                    <Icon sign=Sign::Check />{td_string!(l, audit.verify)}
                </LinkButton>
            }}
        </PageHead>
        <p class="quiet">{td_string!(l, audit.hint)}</p>
        {move || asked.get().2.then(|| view! { <Check organisation=asked.get_untracked().0 /> })}
        {loaded(events, move |page: Page<EventRow>| view! { <Events page organisation=asked.get_untracked().0 /> })}
    }
}

fn address(organisation: Option<OrganisationId>, more: &[(&str, &str)]) -> String {
    let own = organisation.map(|id| ("organisation".to_owned(), id.to_string()));
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let query: Vec<_> = own.into_iter().chain(more).map(|(name, value)| format!("{name}={value}")).collect();
    format!("/ledger?{}", query.join("&"))
}

#[component]
fn Check(organisation: Option<OrganisationId>) -> impl IntoView {
    let l = use_locale();
    let check = Resource::new_blocking(move || organisation, verify_ledger);
    view! {
        {loaded(check, move |check: LedgerCheck| {
            let counted = check.events.map(|count| td_string!(l, audit.counted, count = count).to_string());
            let at = check.broken_at.map(|at| td_string!(l, audit.broken_at, at = at).to_string());
            if check.whole {
                view! { <Callout tone=Tone::Good>{td_string!(l, audit.whole)} " " {counted}</Callout> }.into_any()
            } else {
                view! { <Callout tone=Tone::Bad>{td_string!(l, audit.broken)} " " {at}</Callout> }.into_any()
            }
        })}
    }
}

#[component]
fn Events(page: Page<EventRow>, organisation: Option<OrganisationId>) -> impl IntoView {
    let l = use_locale();
    if page.rows.is_empty() {
        return view! { <Empty sign=Sign::Ledger title=td_string!(l, audit.none)><p>{td_string!(l, audit.none_hint)}</p></Empty> }
            .into_any();
    }
    let next = page.next.map(|next| address(organisation, &[("before", &next)]));
    let rows = page.rows.into_iter().map(|row| view! { <Event row /> }).collect_view();
    view! {
        <table class="table cards-on-phone ledger">
            <thead>
                <tr>
                    <th scope="col">{td_string!(l, audit.what)}</th>
                    <th scope="col">{td_string!(l, audit.about)}</th>
                    <th scope="col">{td_string!(l, audit.who)}</th>
                    <th scope="col">{td_string!(l, audit.when)}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        {next.map(|href| view! { <p class="more"><a class="btn btn-outline" href=href rel="next">{td_string!(l, audit.more)}</a></p> })}
    }
    .into_any()
}

#[component]
fn Event(row: EventRow) -> impl IntoView {
    let l = use_locale();
    let mut facts = Vec::new();
    flatten("", &row.detail, &mut facts);
    let reason = row.detail.get("reason").and_then(|reason| reason.as_str()).filter(|text| !text.is_empty());
    let reason = reason.map(ToOwned::to_owned);
    let details = facts.into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> }).collect_view();
    view! {
        <tr>
            <td class="row-title">
                <span class="font-medium">{verb_text(l, row.verb)}</span>
                {reason.map(|reason| view! { <span class="block">{reason}</span> })}
                <details>
                    <summary class="quiet">{td_string!(l, audit.details)}{row.seq.map(|seq| format!(" #{seq}"))}</summary>
                    <dl class="ledger-facts">{details}</dl>
                </details>
            </td>
            <td data-label=td_string!(l, audit.about)>{row.about.unwrap_or_else(|| "–".into())}</td>
            <td data-label=td_string!(l, audit.who)>{row.actor.unwrap_or_else(|| td_string!(l, audit.system).into())}</td>
            <td data-label=td_string!(l, audit.when)><ShortMoment at=row.at /></td>
        </tr>
    }
}

/// The detail as names and values: `status.before`.
fn flatten(name: &str, value: &serde_json::Value, facts: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&name, value, facts);
            }
        }
        serde_json::Value::Null => {}
        serde_json::Value::String(text) => facts.push((name.to_owned(), text.clone())),
        serde_json::Value::Array(values) => {
            let texts = values.iter().map(|value| value.to_string().replace('"', "")).collect::<Vec<_>>();
            facts.push((name.to_owned(), texts.join(", ")));
        }
        other => facts.push((name.to_owned(), other.to_string())),
    }
}

fn verb_text(l: Locale, verb: Verb) -> &'static str {
    match verb {
        Verb::AnnouncementMailed => td_string!(l, audit.announcement_mailed),
        Verb::AnnouncementPublished => td_string!(l, audit.announcement_published),
        Verb::CallbackCancelled => td_string!(l, audit.callback_cancelled),
        Verb::CallbackDone => td_string!(l, audit.callback_done),
        Verb::CallbackRequested => td_string!(l, audit.callback_requested),
        Verb::CaseAssigned => td_string!(l, audit.case_assigned),
        Verb::CaseClosed => td_string!(l, audit.case_closed),
        Verb::CaseImported => td_string!(l, audit.case_imported),
        Verb::CaseOpened => td_string!(l, audit.case_opened),
        Verb::CaseReopened => td_string!(l, audit.case_reopened),
        Verb::CaseReplied => td_string!(l, audit.case_replied),
        Verb::CaseNoted => td_string!(l, audit.case_noted),
        Verb::ChatAnswered => td_string!(l, audit.chat_answered),
        Verb::ChatEnded => td_string!(l, audit.chat_ended),
        Verb::ChatMessageSent => td_string!(l, audit.chat_message_sent),
        Verb::ChatStarted => td_string!(l, audit.chat_started),
        Verb::ContractImported => td_string!(l, audit.contract_imported),
        Verb::DatesMoved => td_string!(l, audit.dates_moved),
        Verb::EnrolmentCreated => td_string!(l, audit.enrolment_created),
        Verb::FileAttached => td_string!(l, audit.file_attached),
        Verb::ImportCommitted => td_string!(l, audit.import_committed),
        Verb::InvitationAccepted => td_string!(l, audit.invitation_accepted),
        Verb::InvitationSent => td_string!(l, audit.invitation_sent),
        Verb::LanguageChanged => td_string!(l, audit.language_changed),
        Verb::OrganisationImported => td_string!(l, audit.organisation_imported),
        Verb::PasswordChanged => td_string!(l, audit.password_changed),
        Verb::PasswordResetSent => td_string!(l, audit.password_reset_sent),
        Verb::PersonCreated => td_string!(l, audit.person_created),
        Verb::PersonImported => td_string!(l, audit.person_imported),
        Verb::PersonRemoved => td_string!(l, audit.person_removed),
        Verb::PhoneLineRemoved => td_string!(l, audit.phone_line_removed),
        Verb::PhoneLineSaved => td_string!(l, audit.phone_line_saved),
        Verb::PhaseMoved => td_string!(l, audit.phase_moved),
        Verb::MailRequeued => td_string!(l, audit.mail_requeued),
        Verb::ProductImported => td_string!(l, audit.product_imported),
        Verb::ProgrammeCreated => td_string!(l, audit.programme_created),
        Verb::RoleGranted => td_string!(l, audit.role_granted),
        Verb::RoleRevoked => td_string!(l, audit.role_revoked),
        Verb::SessionEnded => td_string!(l, audit.session_ended),
        Verb::SessionStarted => td_string!(l, audit.session_started),
        Verb::SessionsRevoked => td_string!(l, audit.sessions_revoked),
    }
}
