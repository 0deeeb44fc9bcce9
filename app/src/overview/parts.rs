//! What is going on: pending calls and chats, cases by priority as a chart, the latest cases, the rollout.

use domain::{
    ChatId, OrganisationId,
    announcements::AnnouncementRow,
    calls::CallbackRow,
    cases::{CaseRow, Priority},
    overview::RolloutStanding,
    rollout::TimelineStep,
};
use leptos::prelude::*;

use crate::{
    cases::{priority_badge, priority_text, status_badge},
    failure::phase_name,
    i18n::*,
    language::use_locale,
    ui::{Callout, Card, Day, Empty, Icon, Moment, ShortMoment, Sign, Tone, number_text},
};

/// The chat under way, and the calls to come.
#[component]
pub fn Waiting(chat: Option<ChatId>, calls: Vec<CallbackRow>) -> impl IntoView {
    let l = use_locale();
    if chat.is_none() && calls.is_empty() {
        return ().into_any();
    }
    view! {
        <div>
            {chat.map(|chat| view! {
                <Callout tone=Tone::Info>
                    {td_string!(l, overview.chat_live)} " · "
                    <a class="link way" href=format!("/chat/{chat}")>{td_string!(l, overview.chat_resume)}</a>
                </Callout>
            })}
            {calls.into_iter().map(|call| view! {
                <Callout tone=Tone::Info>
                    {td_string!(l, overview.we_call)} " " <strong>{call.phone}</strong> " "
                    {match call.wanted_at {
                        Some(at) => view! { {td_string!(l, overview.we_call_at)} " " <Moment at /> }.into_any(),
                        None => td_string!(l, overview.we_call_soon).into_any(),
                    }}
                    " · " <a class="link way" href=format!("/cases/{}", call.case)>{call.title}</a>
                </Callout>
            }).collect_view()}
        </div>
    }
    .into_any()
}

/// Open cases by priority: a bar, a number for readers who do not see it, and a link to the list.
#[component]
pub fn Priorities(counts: [u64; 4], company: Option<OrganisationId>) -> impl IntoView {
    let l = use_locale();
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    let total: u64 = counts.iter().sum();
    let bars = Priority::ALL
        .iter()
        .zip(counts)
        .map(|(priority, count)| {
            let width = count * 100 / most;
            view! {
                <li>
                    <a href=cases_of(company, &format!("status=open&priority={}", priority.key()))>
                        <span>{priority_text(l, *priority)}</span>
                        <svg class=bar_class(*priority) viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                            <rect class="prio-track" width="100" height="10" />
                            <rect width=width height="10" fill="currentColor" />
                        </svg>
                        <strong class="prio-count">{number_text(l, count)}</strong>
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <Card title=format!("{} ({})", td_string!(l, overview.open_cases), number_text(l, total))>
            <ul class="prio-bars">{bars}</ul>
        </Card>
    }
}

/// The address of the list of cases, narrowed to one company for people of several.
fn cases_of(company: Option<OrganisationId>, filter: &str) -> String {
    match company {
        Some(company) => format!("/cases?organisation={company}&{filter}").trim_end_matches('&').to_owned(),
        None => format!("/cases?{filter}").trim_end_matches('?').to_owned(),
    }
}

fn bar_class(priority: Priority) -> &'static str {
    match priority {
        Priority::P1 => "prio-bar text-error",
        Priority::P2 => "prio-bar text-warning",
        Priority::P3 => "prio-bar text-primary",
        Priority::P4 => "prio-bar text-base-content/50",
    }
}

#[component]
pub fn LatestCases(rows: Vec<CaseRow>, company: Option<OrganisationId>) -> impl IntoView {
    let l = use_locale();
    view! {
        <Card title=td_string!(l, overview.latest)>
            {if rows.is_empty() {
                view! {
                    <Empty sign=Sign::Case title=td_string!(l, cases.none)><p>{td_string!(l, overview.none_lead)}</p></Empty>
                }
                .into_any()
            } else {
                view! {
                    <ul class="rows">
                        {rows.into_iter().map(|row| view! { <LatestRow row /> }).collect_view()}
                    </ul>
                    <p><a class="link way" href=cases_of(company, "")>{td_string!(l, overview.all_cases)}</a></p>
                }
                .into_any()
            }}
        </Card>
    }
}

#[component]
fn LatestRow(row: CaseRow) -> impl IntoView {
    let l = use_locale();
    view! {
        <li>
            <span class="latest-main">
                <a class="row-link font-medium" href=format!("/cases/{}", row.id)>{row.title}</a>
                <br />
                <span class="quiet">{row.number} " · " <ShortMoment at=row.updated_at /></span>
            </span>
            <span class="latest-side">{priority_badge(l, row.priority)} " " {status_badge(l, row.status, false)}</span>
        </li>
    }
}

/// The four steps with their dates; the present one is marked in words too.
#[component]
pub fn RolloutStrip(rollout: RolloutStanding) -> impl IntoView {
    let l = use_locale();
    let now = rollout.phase;
    let steps = rollout
        .steps
        .into_iter()
        .map(|TimelineStep { phase, starts_on, delayed, .. }| {
            let class = if phase < now {
                "strip-step strip-done"
            } else if phase == now {
                "strip-step strip-now"
            } else {
                "strip-step"
            };
            view! {
                <li class=class aria-current=(phase == now).then_some("step")>
                    <span class="strip-dot" aria-hidden="true">{(phase < now).then(|| view! { <Icon sign=Sign::Check /> })}</span>
                    <span class="strip-name">{phase_name(l, phase)}</span>
                    {starts_on.map(|day| view! { <span class="quiet"><Day day /></span> })}
                    {delayed.then(|| view! { <span class="quiet">{td_string!(l, failure.delayed)}</span> })}
                    {(phase == now).then(|| view! { <span class="strip-here">{td_string!(l, overview.here)}</span> })}
                </li>
            }
        })
        .collect_view();
    view! {
        <Card title=td_string!(l, overview.rollout)>
            <ol class="strip">{steps}</ol>
            <p><a class="link way" href="/timeline">{td_string!(l, failure.see_timeline)}</a></p>
        </Card>
    }
}

/// The newest announcement.
#[component]
pub fn News(news: AnnouncementRow) -> impl IntoView {
    let l = use_locale();
    view! {
        <Card title=td_string!(l, overview.news)>
            <p>
                <a class="link way" href=format!("/announcements/{}", news.slug) lang=news.locale.key()>{news.title}</a>
                " " <span class="quiet"><Moment at=news.published_at /></span>
            </p>
            <p lang=news.locale.key()>{news.description}</p>
            <p><a class="link way" href="/announcements">{td_string!(l, overview.all_news)}</a></p>
        </Card>
    }
}
