//! A list of cases: a table on a wide screen, cards on a phone (the same elements; CSS decides).

use domain::cases::{CaseRow, CloseReason, Priority, Status};
use leptos::prelude::*;

use crate::{
    i18n::*,
    language::use_locale,
    ui::{Badge, ShortMoment, Tone},
};

pub fn status_text(l: Locale, status: Status) -> &'static str {
    match status {
        Status::AwaitingAssignment => td_string!(l, cases.status_awaiting_assignment),
        Status::InProgress => td_string!(l, cases.status_in_progress),
        Status::PendingResponse => td_string!(l, cases.status_pending_response),
        Status::ResolutionProvided => td_string!(l, cases.status_resolution_provided),
        Status::Closed => td_string!(l, cases.status_closed),
    }
}

pub fn close_reason_text(l: Locale, reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Confirmed => td_string!(l, cases.reason_confirmed),
        CloseReason::Withdrawn => td_string!(l, cases.reason_withdrawn),
        CloseReason::Obsolete => td_string!(l, cases.reason_obsolete),
        CloseReason::Irrelevant => td_string!(l, cases.reason_irrelevant),
        CloseReason::Duplicate => td_string!(l, cases.reason_duplicate),
        CloseReason::Imported => td_string!(l, cases.reason_imported),
    }
}

pub fn priority_text(l: Locale, priority: Priority) -> &'static str {
    match priority {
        Priority::P1 => td_string!(l, cases.p1),
        Priority::P2 => td_string!(l, cases.p2),
        Priority::P3 => td_string!(l, cases.p3),
        Priority::P4 => td_string!(l, cases.p4),
    }
}

/// Names the state as the reader's side has it: what waits for a customer is *their* turn on the customer's pages.
pub fn status_text_for(l: Locale, status: Status, vendor: bool) -> &'static str {
    match status {
        Status::PendingResponse if !vendor => td_string!(l, cases.your_turn),
        Status::ResolutionProvided if !vendor => td_string!(l, cases.to_confirm),
        _ => status_text(l, status),
    }
}

pub fn status_badge(l: Locale, status: Status, vendor: bool) -> impl IntoView {
    let tone = match status {
        Status::AwaitingAssignment => Tone::Info,
        Status::InProgress | Status::Closed => Tone::Plain,
        Status::ResolutionProvided if vendor => Tone::Good,
        Status::PendingResponse | Status::ResolutionProvided => Tone::Warn,
    };
    view! { <Badge tone>{status_text_for(l, status, vendor)}</Badge> }
}

pub fn priority_badge(l: Locale, priority: Priority) -> impl IntoView {
    let tone = match priority {
        Priority::P1 => Tone::Bad,
        Priority::P2 => Tone::Warn,
        Priority::P3 | Priority::P4 => Tone::Plain,
    };
    view! { <Badge tone>{priority_text(l, priority)}</Badge> }
}

#[component]
pub fn CaseRows(
    rows: Vec<CaseRow>,
    /// Shows the company, for agents and for people who belong to several.
    #[prop(optional)]
    company: bool,
    /// Whether the reader works for the vendor.
    #[prop(optional)]
    vendor: bool,
) -> impl IntoView {
    let l = use_locale();
    let body = rows
        .into_iter()
        .map(|row| {
            let old = row.legacy_number.clone();
            let nobody = row.agent.is_none().then_some("nobody");
            view! {
                <tr>
                    <td data-label=td_string!(l, cases.number) class="nowrap">
                        <span>{row.number}{old.map(|old| view! { <br /><span class="quiet">{old}</span> })}</span>
                    </td>
                    <td data-label=td_string!(l, cases.title) class="row-title">
                        <a class="row-link" href=format!("/cases/{}", row.id)>{row.title}</a>
                        <span class="quiet">
                            {company.then(|| format!("{} · ", row.organisation))}
                            {row.product.clone().map(|product| format!("{product} · "))}
                            {row.requestor}
                        </span>
                    </td>
                    <td data-label=td_string!(l, cases.status)>
                        {status_badge(l, row.status, vendor)}
                        {row.before_launch.then(|| view! { " " <Badge tone=Tone::Warn>{td_string!(l, cases.before_launch)}</Badge> })}
                    </td>
                    <td data-label=td_string!(l, cases.priority)>{priority_badge(l, row.priority)}</td>
                    <td data-label=td_string!(l, cases.agent) class=nobody>{row.agent.unwrap_or_else(|| "–".to_owned())}</td>
                    <td data-label=td_string!(l, cases.updated)><ShortMoment at=row.updated_at /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table cards-on-phone case-rows">
            <thead>
                <tr>
                    <th scope="col">{td_string!(l, cases.number)}</th>
                    <th scope="col">{td_string!(l, cases.title)}</th>
                    <th scope="col">{td_string!(l, cases.status)}</th>
                    <th scope="col">{td_string!(l, cases.priority)}</th>
                    <th scope="col">{td_string!(l, cases.agent)}</th>
                    <th scope="col">{td_string!(l, cases.updated)}</th>
                </tr>
            </thead>
            <tbody>{body}</tbody>
        </table>
    }
}
