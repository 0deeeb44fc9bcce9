//! The ledger as a list of sentences, and the result of the last complete check.

use domain::{
    OrganisationId,
    audit::{EventActor, EventRow, Fact, LedgerCheck, Verb},
    page::Page,
};
use leptos::prelude::*;

use super::api::{last_ledger_check, list_events};
use crate::{
    ApiError,
    calls::outcome_text,
    cases::{close_reason_text, priority_text, status_text},
    failure::phase_name,
    i18n::*,
    language::use_locale,
    people::{reach_text, role_text},
    ui::{Callout, Day, Empty, Icon, PageHead, ShortMoment, Sign, Tone, loaded, number_text, paging, use_query},
};

#[component]
pub fn LedgerPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    let asked = Memo::new(move |_| {
        query.with(|query| {
            let organisation = query.get("organisation").and_then(|id| id.parse::<OrganisationId>().ok());
            (organisation, query.get("after"))
        })
    });
    // One resource, so that a reader without access is told once.
    let ledger = Resource::new_blocking(
        move || asked.get(),
        |(organisation, after)| async move {
            let page = list_events(organisation, after).await?;
            Ok::<_, ApiError>((page, last_ledger_check(organisation).await?))
        },
    );
    view! {
        <PageHead title=td_string!(l, audit.title) />
        <p class="quiet">{td_string!(l, audit.hint)}</p>
        {loaded(ledger, move |(page, check): (Page<EventRow>, Option<LedgerCheck>)| view! {
            <Check check />
            <Events page organisation=asked.get_untracked().0 />
        })}
    }
}

fn address(organisation: Option<OrganisationId>, more: &[(&str, &str)]) -> String {
    let own = organisation.map(|id| ("organisation".to_owned(), id.to_string()));
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let query: Vec<_> = own.into_iter().chain(more).map(|(name, value)| format!("{name}={value}")).collect();
    format!("/ledger?{}", query.join("&"))
}

/// The result of last night's check of the whole ledger (A8).
#[component]
fn Check(check: Option<LedgerCheck>) -> impl IntoView {
    let l = use_locale();
    match check {
        None => view! { <p class="quiet">{td_string!(l, audit.not_checked)}</p> }.into_any(),
        Some(check) if check.whole => {
            let counted = check
                .events
                .map(|count| td_string!(l, audit.counted, count = number_text(l, count.unsigned_abs())).to_string());
            view! {
                <p class="quiet with-icon">
                    <Icon sign=Sign::Check /> {td_string!(l, audit.whole)} " " <ShortMoment at=check.at /> " " {counted}
                </p>
            }
            .into_any()
        }
        Some(check) => {
            let at = check.broken_at.map(|at| td_string!(l, audit.broken_at, at = at).to_string());
            view! {
                <Callout tone=Tone::Bad>
                    {td_string!(l, audit.broken)} " " {at} " " <ShortMoment at=check.at />
                </Callout>
            }
            .into_any()
        }
    }
}

#[component]
fn Events(page: Page<EventRow>, organisation: Option<OrganisationId>) -> impl IntoView {
    let l = use_locale();
    if page.rows.is_empty() {
        return view! { <Empty sign=Sign::Ledger title=td_string!(l, audit.none)><p>{td_string!(l, audit.none_hint)}</p></Empty> }
            .into_any();
    }
    let pages = paging(&page, |cursor| address(organisation, &[("after", cursor)]));
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
        {pages}
    }
    .into_any()
}

#[component]
fn Event(row: EventRow) -> impl IntoView {
    let l = use_locale();
    let facts = (!row.facts.is_empty()).then(|| {
        let facts = row.facts.into_iter().map(|fact| view! { <li><FactView fact /></li> }).collect_view();
        view! { <ul class="ledger-facts">{facts}</ul> }
    });
    let about = row.about.unwrap_or_else(|| "–".into());
    let about = match row.case {
        Some(case) => view! { <a class="link way" href=format!("/cases/{case}")>{about}</a> }.into_any(),
        None => about.into_any(),
    };
    let who = match row.actor {
        EventActor::System => td_string!(l, audit.system).to_owned(),
        EventActor::Person(name) | EventActor::Vendor(name) => name,
    };
    view! {
        <tr>
            <td class="row-title">
                <span class="font-medium">{verb_text(l, row.verb)}</span>
                {row.seq.map(|seq| view! { " " <span class="quiet">{format!("#{seq}")}</span> })}
                {facts}
            </td>
            <td data-label=td_string!(l, audit.about)>{about}</td>
            <td data-label=td_string!(l, audit.who)>{who}</td>
            <td data-label=td_string!(l, audit.when)><ShortMoment at=row.at /></td>
        </tr>
    }
}

/// One fact of an event, in words.
#[component]
fn FactView(fact: Fact) -> impl IntoView {
    let l = use_locale();
    let change = |before: Option<&str>, after: &str| match before {
        Some(before) if before != after => format!("{before} → {after}"),
        _ => after.to_owned(),
    };
    let named = |name: &'static str, what: String| view! { <span class="quiet">{name}</span> " " {what} }.into_any();
    match fact {
        Fact::Status { before, after } => {
            let before = before.map(|status| status_text(l, status));
            named(td_string!(l, audit.fact_status), change(before, status_text(l, after)))
        }
        Fact::Phase { before, after } => {
            let before = before.map(|phase| phase_name(l, phase));
            named(td_string!(l, audit.fact_phase), change(before, phase_name(l, after)))
        }
        Fact::Day { phase, before, after } => view! {
            <span class="quiet">{phase_name(l, phase)}</span> " "
            {before.map(|day| view! { <Day day /> " → " })}
            <Day day=after />
        }
        .into_any(),
        Fact::Priority(priority) => named(td_string!(l, audit.fact_priority), priority_text(l, priority).to_owned()),
        Fact::CloseReason(reason) => named(td_string!(l, audit.fact_reason), close_reason_text(l, reason).to_owned()),
        Fact::Role(role) => named(td_string!(l, audit.fact_role), role_text(l, role).to_owned()),
        Fact::Reach(reach) => named(td_string!(l, audit.fact_reach), reach_text(l, reach).to_owned()),
        Fact::Until(at) => {
            view! { <span class="quiet">{td_string!(l, audit.fact_until)}</span> " " <ShortMoment at /> }.into_any()
        }
        Fact::WantedAt(at) => {
            view! { <span class="quiet">{td_string!(l, audit.fact_wanted_at)}</span> " " <ShortMoment at /> }.into_any()
        }
        Fact::Outcome(outcome) => outcome_text(l, outcome).into_any(),
        Fact::Address { before, after } => named(td_string!(l, audit.fact_address), change(Some(&before), &after)),
        Fact::Device(device) => named(td_string!(l, audit.fact_device), device),
        Fact::Language(language) => {
            let name = match language {
                domain::locale::Locale::Fr => td_string!(l, audit.language_fr),
                domain::locale::Locale::En => td_string!(l, audit.language_en),
            };
            name.into_any()
        }
        Fact::Left => td_string!(l, audit.fact_left).into_any(),
        Fact::Reason(reason) => named(td_string!(l, audit.fact_reason), reason),
        Fact::Overridden => td_string!(l, audit.fact_overridden).into_any(),
        Fact::Invited(count) => named(td_string!(l, audit.fact_invited), count.to_string()),
        Fact::Sessions(count) => named(td_string!(l, audit.fact_sessions), count.to_string()),
        Fact::Count(count) => named(td_string!(l, audit.fact_count), count.to_string()),
        Fact::Named(name) => name.into_any(),
    }
}

fn verb_text(l: Locale, verb: Verb) -> &'static str {
    match verb {
        Verb::AnnouncementMailed => td_string!(l, audit.announcement_mailed),
        Verb::AnnouncementMailStopped => td_string!(l, audit.announcement_mail_stopped),
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
        Verb::ZoneChanged => td_string!(l, audit.zone_changed),
        Verb::LanguageChanged => td_string!(l, audit.language_changed),
        Verb::OrganisationImported => td_string!(l, audit.organisation_imported),
        Verb::PasswordChanged => td_string!(l, audit.password_changed),
        Verb::PasswordResetSent => td_string!(l, audit.password_reset_sent),
        Verb::PersonAddressCorrected => td_string!(l, audit.person_address_corrected),
        Verb::PersonAddressProposed => td_string!(l, audit.person_address_proposed),
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
