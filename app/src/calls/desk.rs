//! The desk's calls: who wants to be called, at which number and when; how it went is logged in the case.

use domain::calls::{CallOutcome, CallbackRow};
use leptos::prelude::*;

use super::api::{LogCall, open_callbacks};
use crate::{
    ApiError,
    i18n::*,
    language::use_locale,
    layout::DeskTabs,
    live::use_all_events,
    ui::{
        Badge, Choice, Empty, Fold, FormState, HiddenField, Moment, PageHead, RadioGroup, Sign, Submit, TextArea, Tone,
        loaded, toast_on_success,
    },
};

#[component]
pub fn DeskCallsPage() -> impl IntoView {
    let l = use_locale();
    let first = Resource::new_blocking(|| (), |()| open_callbacks());
    view! {
        <PageHead title=td_string!(l, calls.desk) />
        <DeskTabs />
        {loaded(first, |first: Vec<CallbackRow>| view! { <Calls first /> })}
    }
}

/// Follows what happens without touching a note that is being written.
#[component]
fn Calls(first: Vec<CallbackRow>) -> impl IntoView {
    let l = use_locale();
    let calls = RwSignal::new(first);
    let happened = use_all_events();
    Effect::new(move |before: Option<i64>| {
        let now = happened.get();
        if before.is_some_and(|before| before != now) {
            fetch(calls);
        }
        now
    });
    view! {
        <Show
            when=move || !calls.with(Vec::is_empty)
            fallback=move || view! {
                <Empty sign=Sign::Phone title=td_string!(l, calls.desk_none)><p>{td_string!(l, calls.desk_live)}</p></Empty>
            }
        >
            <ul class="task-list">
                <For each=move || calls.get() key=|call| call.id let:call><Row call calls /></For>
            </ul>
        </Show>
    }
}

fn fetch(calls: RwSignal<Vec<CallbackRow>>) {
    leptos::task::spawn_local(async move {
        if let Ok(fresh) = open_callbacks().await {
            calls.set(fresh);
        }
    });
}

#[component]
fn Row(call: CallbackRow, calls: RwSignal<Vec<CallbackRow>>) -> impl IntoView {
    let l = use_locale();
    let about = format!("{} · {} · {}", call.person, call.organisation, call.case_number);
    view! {
        <li class="panel task">
            <div class="task-main">
                <p>
                    {match call.wanted_at {
                        None => view! { <Badge tone=Tone::Warn>{td_string!(l, calls.soon)}</Badge> }.into_any(),
                        Some(at) => view! { <Badge tone=Tone::Info><Moment at /></Badge> }.into_any(),
                    }}
                    " " <span class="quiet">{td_string!(l, calls.asked)} " " <Moment at=call.requested_at /></span>
                </p>
                <p class="task-title"><a class="link" href=format!("tel:{}", call.phone)>{call.phone.clone()}</a></p>
                <p><a class="link" href=format!("/cases/{}", call.case)>{call.title}</a></p>
                <p class="quiet">{about}</p>
            </div>
            <div class="task-side"><LogForm id=call.id calls /></div>
        </li>
    }
    .into_any()
}

#[component]
fn LogForm(id: domain::CallbackId, calls: RwSignal<Vec<CallbackRow>>) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<LogCall>::new();
    let form = FormState::provide_for(action, &id.to_string());
    Effect::new(move |_| {
        if action.value().with(|value| matches!(value, Some(Ok::<(), ApiError>(())))) {
            fetch(calls);
        }
    });
    toast_on_success(action, td_string!(l, common.done_call));
    let outcomes =
        CallOutcome::ALL.iter().map(|outcome| Choice::new(outcome.key(), outcome_text(l, *outcome))).collect();
    view! {
        <Fold summary=td_string!(l, calls.log)>
            <ActionForm action=action attr:class="form">
                {form.view(&["outcome", "note"])}
                <HiddenField name="id" value=id.to_string() />
                <RadioGroup name="outcome" label=td_string!(l, calls.outcome) choices=outcomes required=true />
                <TextArea name="note" label=td_string!(l, calls.note) hint=td_string!(l, calls.note_hint) rows=3 />
                <Submit>{td_string!(l, calls.save)}</Submit>
            </ActionForm>
        </Fold>
    }
}

pub fn outcome_text(l: Locale, outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Reached => td_string!(l, calls.reached),
        CallOutcome::NoAnswer => td_string!(l, calls.no_answer),
        CallOutcome::WrongNumber => td_string!(l, calls.wrong_number),
    }
}
