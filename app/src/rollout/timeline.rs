//! R22: what to expect in the coming months: the steps with their dates on a line, where the company stands, what happens in
//! each and who acts; for every member, whichever features are open.

use domain::{
    OrganisationId,
    failure::Contact,
    rollout::{StepState, Timeline, TimelineStep},
};
use leptos::prelude::*;

use super::{
    api::find_timeline,
    words::{capability_name, changes_view, step_texts},
};
use crate::{
    failure::phase_name,
    i18n::*,
    language::use_locale,
    ui::{Address, Badge, Card, Day, Empty, Icon, PageHead, Sign, Tone, loaded_page, use_query},
};

#[component]
pub fn TimelinePage() -> impl IntoView {
    let query = use_query();
    let asked = Memo::new(move |_| {
        query.with(|query| query.get("organisation")).and_then(|id| id.parse::<OrganisationId>().ok())
    });
    let found = Resource::new_blocking(move || asked.get(), find_timeline);
    view! { {loaded_page(found, move |timeline: Option<Timeline>| view! { <Found timeline /> })} }
}

#[component]
fn Found(timeline: Option<Timeline>) -> impl IntoView {
    let l = use_locale();
    match timeline {
        Some(timeline) => {
            let whose = format!("{} · {}", timeline.organisation_name, timeline.programme);
            view! {
                <PageHead title=td_string!(l, rollout.timeline_title)><span class="quiet">{whose}</span></PageHead>
                <TimelineView timeline />
            }
            .into_any()
        }
        None => view! {
            <PageHead title=td_string!(l, rollout.timeline_title) />
            <Empty sign=Sign::Check title=td_string!(l, rollout.all_open)><p>{td_string!(l, rollout.all_open_hint)}</p></Empty>
        }
        .into_any(),
    }
}

/// The whole timeline; the vendor's page of a company shows it too.
#[component]
pub fn TimelineView(timeline: Timeline) -> impl IntoView {
    let l = use_locale();
    let moves = timeline.moves.clone();
    let contact = timeline.contact.clone();
    view! {
        <div class="milestones">
            <Standing timeline=timeline.clone() />
            <ol class="timeline-steps">
                {timeline.steps.into_iter().map(|step| view! { <Step step /> }).collect_view()}
            </ol>
            <div class="timeline-foot">
                <Help contact administrators=timeline.administrators />
                {(!moves.is_empty()).then(|| view! {
                    <Card title=td_string!(l, rollout.moved_days)>{changes_view(l, moves)}</Card>
                })}
            </div>
        </div>
    }
}

/// Where the company stands, prominently, and what comes next.
#[component]
fn Standing(timeline: Timeline) -> impl IntoView {
    let l = use_locale();
    let next = timeline.next().map(|(step, days)| (step.phase, step.starts_on, step.delayed, days));
    view! {
        <section class="standing">
            <div class="standing-words">
                <p class="standing-label">{td_string!(l, rollout.you_are_here)}</p>
                <p class="standing-phase">{phase_name(l, timeline.phase)}</p>
                <p>{step_texts(l, timeline.phase).0}</p>
            </div>
            <div class="standing-next">
                {match next {
                    Some((phase, day, delayed, days)) => view! {
                        <p class="standing-label">{td_string!(l, rollout.comes_next)}</p>
                        <p class="standing-phase">{phase_name(l, phase)}</p>
                        {delayed.then(|| view! { <p>{td_string!(l, rollout.delayed)}</p> })}
                        <p>{day.map(|day| view! { <Day day /> })} {days.filter(|days| *days > 0).map(|days| view! {
                            " · " {match days {
                                1 => td_string!(l, rollout.in_one_day).to_owned(),
                                days => td_string!(l, rollout.in_days, days = days).to_string(),
                            }}
                        })}</p>
                    }
                    .into_any(),
                    None => view! {
                        <p class="standing-label">{td_string!(l, rollout.arrived)}</p>
                        <p>{td_string!(l, rollout.arrived_hint)}</p>
                    }
                    .into_any(),
                }}
            </div>
            <Picture steps=timeline.steps today=timeline.today />
        </section>
    }
}

/// The steps on a line, as far apart as their days; the list below says the same in words.
#[component]
fn Picture(steps: Vec<TimelineStep>, today: jiff::civil::Date) -> impl IntoView {
    let l = use_locale();
    let days: Vec<_> = steps.iter().filter_map(|step| step.starts_on).collect();
    let (Some(first), Some(last)) = (days.iter().min().copied(), days.iter().max().copied()) else {
        return ().into_any();
    };
    let between = |from: jiff::civil::Date, to: jiff::civil::Date| {
        from.until(to).map(|span| i64::from(span.get_days())).unwrap_or_default()
    };
    let whole = between(first, last).max(1);
    // The line runs from 60 to 900, a little beyond the launch.
    let place = move |day| 60 + between(first, day) * 760 / whole;
    // The marker does not pass a step that has not begun, however late that step is.
    let ahead = steps.iter().filter(|step| step.state == StepState::Ahead).filter_map(|step| step.starts_on).min();
    let last_begun = steps.iter().filter(|step| step.state != StepState::Ahead).filter_map(|step| step.starts_on).max();
    let late = steps.iter().any(|step| step.delayed);
    let now = match (late, last_begun, ahead) {
        (true, Some(begun), ahead) if ahead.is_none_or(|ahead| ahead > begun) => place(begun).clamp(30, 930),
        _ => place(today).clamp(30, 930),
    };
    let marks = steps
        .into_iter()
        .filter_map(|step| step.starts_on.map(|day| (step, place(day))))
        .map(|(step, x)| {
            let class = match step.state {
                StepState::Done => "mark mark-done",
                StepState::Current => "mark mark-now",
                StepState::Ahead => "mark",
            };
            view! {
                <circle class=class cx=x cy="60" r=if step.state == StepState::Current { "13" } else { "10" } />
                <text class="mark-name" x=x y="100" text-anchor="middle">{phase_name(l, step.phase)}</text>
            }
        })
        .collect_view();
    view! {
        <svg class="timeline-picture" viewBox="0 0 960 116" aria-hidden="true" focusable="false">
            <line class="track" x1="30" y1="60" x2="930" y2="60" />
            <line class="track-done" x1="30" y1="60" x2=now y2="60" />
            {marks}
            <line class="today" x1=now y1="34" x2=now y2="76" />
            <text class="today-name" x=now.clamp(60, 900) y="24" text-anchor="middle">{td_string!(l, rollout.today)}</text>
        </svg>
    }
    .into_any()
}

#[component]
fn Step(step: TimelineStep) -> impl IntoView {
    let l = use_locale();
    let (what, who) = step_texts(l, step.phase);
    let (class, badge) = match step.state {
        StepState::Done => {
            ("step-card step-done", view! { <Badge tone=Tone::Good>{td_string!(l, rollout.done)}</Badge> })
        }
        StepState::Current => {
            ("step-card step-now", view! { <Badge tone=Tone::Info>{td_string!(l, rollout.now)}</Badge> })
        }
        StepState::Ahead => ("step-card", view! { <Badge>{td_string!(l, rollout.ahead)}</Badge> }),
    };
    let current = (step.state == StepState::Current).then_some("step");
    view! {
        <li class=class aria-current=current>
            <p class="step-day">
                {match step.starts_on {
                    Some(day) => view! { <Day day /> }.into_any(),
                    None if step.delayed => td_string!(l, rollout.delayed).into_any(),
                    None => td_string!(l, rollout.no_day).into_any(),
                }}
            </p>
            <h2>{phase_name(l, step.phase)} " " {badge}</h2>
            <p>{what}</p>
            <h3>{td_string!(l, rollout.who_acts)}</h3>
            <p>{who}</p>
            {(!step.opens.is_empty()).then(|| view! {
                <h3>{td_string!(l, rollout.opens)}</h3>
                <ul class="opens">
                    {step.opens.into_iter().map(|capability| view! {
                        <li><Icon sign=Sign::Check />{capability_name(l, capability)}</li>
                    }).collect_view()}
                </ul>
            })}
        </li>
    }
}

/// R34, K2: whom to ask.
#[component]
fn Help(contact: String, administrators: Vec<Contact>) -> impl IntoView {
    let l = use_locale();
    view! {
        <Card title=td_string!(l, rollout.questions)>
            <p>{td_string!(l, rollout.write_to)} " " <a class="link way" href=format!("mailto:{contact}")><Address text=contact.clone() /></a></p>
            {(!administrators.is_empty()).then(|| view! {
                <p>{td_string!(l, rollout.your_admins)}</p>
                <ul>
                    {administrators.into_iter().map(|admin| if admin.active {
                        view! {
                            <li>{admin.name} " · " <a class="link way" href=format!("mailto:{}", admin.email)><Address text=admin.email.clone() /></a></li>
                        }
                        .into_any()
                    } else {
                        view! { <li class="quiet">{admin.name} " · " {td_string!(l, rollout.not_yet_in)}</li> }.into_any()
                    }).collect_view()}
                </ul>
            })}
        </Card>
    }
}
