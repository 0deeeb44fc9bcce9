//! The desk's calls: caller, number and time; the outcome is logged in the case.

use domain::{
    calls::{CallOutcome, CallbackRow},
    page::Page,
};
use leptos::prelude::*;

use super::api::{LogCall, open_callbacks};
use crate::{
    ApiError,
    i18n::*,
    language::use_locale,
    layout::DeskTabs,
    live::use_all_events,
    ui::{
        Badge, Choice, Empty, Fold, Form, FormState, HiddenField, Moment, PageHead, RadioGroup, Sign, Submit, TextArea,
        Tone, loaded, paging, toast_on_success, use_query,
    },
};

#[component]
pub fn DeskCallsPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    let after = Memo::new(move |_| query.with(|query| query.get("after")).unwrap_or_default());
    let first = Resource::new_blocking(move || after.get(), open_callbacks);
    view! {
        <PageHead title=td_string!(l, calls.desk) />
        <DeskTabs />
        {loaded(first, move |first: Page<CallbackRow>| view! { <Calls first after=after.get_untracked() /> })}
    }
}

/// Follows events without touching a note that is being written.
#[component]
fn Calls(first: Page<CallbackRow>, after: String) -> impl IntoView {
    let l = use_locale();
    let calls = RwSignal::new(first);
    let shown = Shown { calls, after: StoredValue::new(after) };
    provide_context(shown);
    let happened = use_all_events();
    Effect::new(move |before: Option<i64>| {
        let now = happened.get();
        if before.is_some_and(|before| before != now) {
            shown.fetch();
        }
        now
    });
    view! {
        <Show
            when=move || calls.with(|calls| !calls.is_empty())
            fallback=move || view! {
                <Empty sign=Sign::Phone title=td_string!(l, calls.desk_none)><p>{td_string!(l, calls.desk_live)}</p></Empty>
            }
        >
            <ul class="task-list">
                <For each=move || calls.get() key=|call| call.id let:call><Row call /></For>
            </ul>
            {move || calls.with(|calls| paging(calls, |cursor| format!("/desk/calls?after={cursor}")))}
        </Show>
    }
}

/// The page of calls on display.
#[derive(Clone, Copy)]
struct Shown {
    calls: RwSignal<Page<CallbackRow>>,
    after: StoredValue<String>,
}

impl Shown {
    fn fetch(self) {
        leptos::task::spawn_local(async move {
            let Some(after) = self.after.try_get_value() else { return };
            if let Ok(fresh) = open_callbacks(after).await {
                self.calls.try_set(fresh);
            }
        });
    }
}

#[component]
fn Row(call: CallbackRow) -> impl IntoView {
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
                <p class="task-title"><a class="link way" href=format!("tel:{}", call.phone)>{call.phone.clone()}</a></p>
                <p><a class="link way" href=format!("/cases/{}", call.case)>{call.title}</a></p>
                <p class="quiet">{about}</p>
            </div>
            <div class="task-side"><LogForm id=call.id /></div>
        </li>
    }
    .into_any()
}

#[component]
fn LogForm(id: domain::CallbackId) -> impl IntoView {
    let l = use_locale();
    let shown = use_context::<Shown>();
    let action = ServerAction::<LogCall>::new();
    let form = FormState::provide_for(action, &id.to_string());
    Effect::new(move |_| {
        if action.value().with(|value| matches!(value, Some(Ok::<(), ApiError>(()))))
            && let Some(shown) = shown
        {
            shown.fetch();
        }
    });
    toast_on_success(action, td_string!(l, common.done_call));
    let outcomes =
        CallOutcome::ALL.iter().map(|outcome| Choice::new(outcome.key(), outcome_text(l, *outcome))).collect();
    view! {
        <Fold summary=td_string!(l, calls.log)>
            <Form action=action class="form">
                {form.view(&["outcome", "note"])}
                <HiddenField name="id" value=id.to_string() />
                <RadioGroup name="outcome" label=td_string!(l, calls.outcome) choices=outcomes required=true />
                <TextArea name="note" label=td_string!(l, calls.note) hint=td_string!(l, calls.note_hint) rows=3 />
                <Submit>{td_string!(l, calls.save)}</Submit>
            </Form>
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
