//! What happens in each step, who acts, what opens (R22-R33).

use domain::rollout::{Capability, Change, Dates, MOST_CHANGES, Phase, RolloutChange};
use leptos::prelude::*;

use crate::{
    failure::phase_name,
    i18n::*,
    ui::{Badge, Day, Moment, Tone},
};

/// What happens, and who acts.
pub fn step_texts(l: Locale, phase: Phase) -> (&'static str, &'static str) {
    match phase {
        Phase::Draft => (td_string!(l, rollout.draft_what), td_string!(l, rollout.draft_who)),
        Phase::Setup => (td_string!(l, rollout.setup_what), td_string!(l, rollout.setup_who)),
        Phase::Validation => (td_string!(l, rollout.validation_what), td_string!(l, rollout.validation_who)),
        Phase::Enablement => (td_string!(l, rollout.enablement_what), td_string!(l, rollout.enablement_who)),
        Phase::Launch => (td_string!(l, rollout.launch_what), td_string!(l, rollout.launch_who)),
    }
}

pub fn capability_name(l: Locale, capability: Capability) -> &'static str {
    match capability {
        Capability::PeopleAdmin => td_string!(l, rollout.opens_people),
        Capability::CaseHistory => td_string!(l, rollout.opens_history),
        Capability::CaseReply => td_string!(l, rollout.opens_reply),
        Capability::CaseOpen => td_string!(l, rollout.opens_cases),
        Capability::Chat => td_string!(l, rollout.opens_chat),
        Capability::Calls => td_string!(l, rollout.opens_calls),
    }
}

pub fn phase_badge(l: Locale, phase: Phase) -> impl IntoView {
    let tone = match phase {
        Phase::Draft => Tone::Plain,
        Phase::Setup | Phase::Validation => Tone::Info,
        Phase::Enablement => Tone::Warn,
        Phase::Launch => Tone::Good,
    };
    view! { <Badge tone>{phase_name(l, phase)}</Badge> }
}

/// Moves of dates and phases, newest first.
pub fn changes_view(l: Locale, changes: Vec<RolloutChange>) -> impl IntoView {
    let more = changes.len() >= MOST_CHANGES;
    let rows = changes
        .into_iter()
        .map(|change| {
            let by = change.actor.clone();
            view! {
                <li>
                    <p class="quiet"><Moment at=change.at />{by.map(|name| format!(" · {name}"))}</p>
                    {what(l, change.change)}
                </li>
            }
        })
        .collect_view();
    view! {
        <ol class="changes">{rows}</ol>
        {more.then(|| view! { <p class="quiet">{td_string!(l, rollout.older_changes)}</p> })}
    }
}

fn what(l: Locale, change: Change) -> AnyView {
    match change {
        Change::Phase { before, after, reason, overridden, invited } => view! {
            <p>
                {phase_badge(l, before)} " → " {phase_badge(l, after)} " "
                {overridden.then(|| view! { <Badge tone=Tone::Bad>{td_string!(l, rollout.overridden)}</Badge> " " })}
                {(invited > 0).then(|| invited_text(l, invited))}
            </p>
            <p>{reason}</p>
        }
        .into_any(),
        Change::Dates { before, after, reason } => view! {
            <ul class="moved-days">{moved_days(l, &before, &after)}</ul>
            {(!reason.is_empty()).then(|| view! { <p>{reason}</p> })}
        }
        .into_any(),
        Change::Enrolled { programme } => {
            view! { <p>{td_string!(l, rollout.enrolled)} " " <strong>{programme}</strong></p> }.into_any()
        }
    }
}

fn invited_text(l: Locale, count: u64) -> String {
    match count {
        1 => td_string!(l, rollout.invited_one).to_owned(),
        count => td_string!(l, rollout.invited_with, count = count).to_string(),
    }
}

fn moved_days(l: Locale, before: &Dates, after: &Dates) -> impl IntoView {
    let colon = if matches!(l, Locale::fr) { "\u{a0}: " } else { ": " };
    after
        .iter()
        .filter(|dated| !before.contains(dated))
        .map(|(phase, day)| {
            let old = before.iter().find(|(dated, _)| dated == phase).map(|(_, day)| *day);
            view! {
                <li>
                    {phase_name(l, *phase)} {colon}
                    {old.map(|day| view! { <del><Day day /></del> " → " })}
                    <ins><Day day=*day /></ins>
                </li>
            }
        })
        .collect_view()
}
