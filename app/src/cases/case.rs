//! One case: its stream, a box to write in, what can be done with it. The same page for customers and agents; what an agent
//! has more is there because the policy says so.

use domain::{
    CaseId,
    cases::{CaseDetail, Closing, Status},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    api::{AssignCase, CloseCase, NoteOnCase, ReopenCase, ReplyToCase, find_case},
    parts::{Attach, Stream, priority_badge, status_badge},
};
use crate::{
    ApiError,
    failure::FailurePage,
    i18n::*,
    language::use_locale,
    live::follow_case,
    ui::{
        Callout, Card, Choice, Fold, FormKey, FormState, HiddenField, Icon, Kind, LinkButton, Moment, PageHead,
        SelectField, Sign, Skeleton, Submit, TextArea, Tone, provide_acts, refresh_on_success, toast_on_success,
    },
};

#[component]
pub fn CasePage() -> impl IntoView {
    let params = use_params_map();
    let acted = provide_acts();
    move || {
        let id = params.with(|params| params.get("id")).and_then(|id| id.parse::<CaseId>().ok());
        match id {
            Some(id) => view! { <Loader id acted /> }.into_any(),
            None => view! { <FailurePage failure=domain::Failure::NotFound /> }.into_any(),
        }
    }
}

#[component]
fn Loader(id: CaseId, acted: RwSignal<u32>) -> impl IntoView {
    let first = Resource::new_blocking(|| (), move |()| find_case(id));
    view! {
        <Transition fallback=Skeleton>
            {move || Suspend::new(async move {
                match first.await {
                    Ok(first) => view! { <Case first acted /> }.into_any(),
                    Err(ApiError(failure)) => view! { <FailurePage failure /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Shows the case and follows it: what happens to it is fetched into the same page, so that a reply being written is not
/// lost.
#[component]
fn Case(first: CaseDetail, acted: RwSignal<u32>) -> impl IntoView {
    let l = use_locale();
    let id = first.row.id;
    let (number, title) = (first.row.number.clone(), first.row.title.clone());
    let legacy = first.legacy_source.clone().zip(first.row.legacy_number.clone());
    let case = RwSignal::new(first);
    follow_case(id, case, |case| case.seen_event, acted, move || find_case(id));
    let closed = Memo::new(move |_| case.with(|case| case.row.status == Status::Closed));
    let may_reply = Memo::new(move |_| case.with(|case| case.may_reply) && !closed.get());
    let may_work = Memo::new(move |_| case.with(|case| case.may_work));
    let may_close = Memo::new(move |_| case.with(|case| case.may_close) && !closed.get());
    let may_call = Memo::new(move |_| case.with(|case| case.may_call));
    view! {
        <PageHead title>
            <span class="quiet">{number}</span>
        </PageHead>
        <div class="case">
            <div class="case-main">
                {legacy.map(|(source, old)| view! {
                    <Callout tone=Tone::Info>{td_string!(l, cases.from_legacy)} " " {source} " · " {old}</Callout>
                })}
                {move || view! { <Stream items=case.with(|case| case.stream.clone()) /> }}
                <Show when=move || may_reply.get()><ReplyForm id vendor=may_work.get_untracked() /></Show>
                <Show when=move || may_work.get()><NoteForm id /></Show>
            </div>
            <aside class="case-side">
                {move || view! { <Facts case=case.get() /> }}
                <Show when=move || may_work.get()><AssignForm id /></Show>
                <Show when=move || may_call.get()>
                    <LinkButton href=format!("/calls/new?case={id}") kind=Kind::Quiet>
                        <Icon sign=Sign::Phone />{td_string!(l, cases.call_about)}
                    </LinkButton>
                </Show>
                <Show when=move || may_close.get()><CloseForm id /></Show>
                <Show when=move || closed.get()><Reopening case /></Show>
            </aside>
        </div>
    }
}

#[component]
fn Facts(case: CaseDetail) -> impl IntoView {
    let l = use_locale();
    let row = case.row;
    view! {
        <Card>
            <dl class="facts">
                <dt>{td_string!(l, cases.status)}</dt><dd>{status_badge(l, row.status)}</dd>
                <dt>{td_string!(l, cases.priority)}</dt><dd>{priority_badge(l, row.priority)}</dd>
                <dt>{td_string!(l, cases.company_label)}</dt><dd>{row.organisation}</dd>
                <dt>{td_string!(l, cases.product)}</dt><dd>{row.product.unwrap_or_else(|| "–".into())}</dd>
                <dt>{td_string!(l, cases.requestor)}</dt><dd>{row.requestor}</dd>
                <dt>{td_string!(l, cases.agent)}</dt><dd>{row.agent.unwrap_or_else(|| td_string!(l, cases.nobody).into())}</dd>
                <dt>{td_string!(l, cases.opened)}</dt><dd><Moment at=row.opened_at /></dd>
                <dt>{td_string!(l, cases.updated)}</dt><dd><Moment at=row.updated_at /></dd>
                {case.closed_at.map(|at| view! { <dt>{td_string!(l, cases.closed_on)}</dt><dd><Moment at /></dd> })}
            </dl>
        </Card>
    }
}

#[component]
fn ReplyForm(id: CaseId, vendor: bool) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<ReplyToCase>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_reply));
    let then = vec![
        Choice::new("ask", td_string!(l, cases.then_ask)),
        Choice::new("propose", td_string!(l, cases.then_propose)),
    ];
    view! {
        <ActionForm action=action attr:class="form reply">
            {form.view(&["text", "files"])}
            <HiddenField name="id" value=id.to_string() />
            <FormKey />
            <TextArea name="text" label=td_string!(l, cases.your_reply) required=true rows=5 />
            <Attach />
            {vendor.then(|| view! {
                <SelectField name="then" label=td_string!(l, cases.then) choices=then placeholder=td_string!(l, cases.then_work) />
            })}
            <Submit>{td_string!(l, cases.reply)}</Submit>
        </ActionForm>
        <form method="post" action=format!("/files?case={id}") enctype="multipart/form-data" class="form no-script">
            <label for="plain-file">{td_string!(l, cases.files)}</label>
            <p class="field-hint">{td_string!(l, cases.files_hint)}</p>
            <input id="plain-file" type="file" name="file" multiple class="file-input" />
            <button type="submit" class="btn btn-outline">{td_string!(l, cases.add_files)}</button>
        </form>
    }
}

#[component]
fn NoteForm(id: CaseId) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<NoteOnCase>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_note));
    view! {
        <Fold summary=td_string!(l, cases.write_note) kind=Kind::Plain>
            <ActionForm action=action attr:class="form">
                {form.view(&["text"])}
                <HiddenField name="id" value=id.to_string() />
                <FormKey />
                <TextArea name="text" label=td_string!(l, cases.note_label) required=true rows=3 />
                <Submit kind=Kind::Quiet>{td_string!(l, cases.save_note)}</Submit>
            </ActionForm>
        </Fold>
    }
}

#[component]
fn AssignForm(id: CaseId) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<AssignCase>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_take));
    view! {
        <ActionForm action=action>
            {form.view(&[])}
            <HiddenField name="id" value=id.to_string() />
            <Submit kind=Kind::Quiet>{td_string!(l, cases.take)}</Submit>
        </ActionForm>
    }
}

#[component]
fn CloseForm(id: CaseId) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<CloseCase>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_close));
    let reasons = vec![
        Choice::new("confirmed", td_string!(l, cases.reason_confirmed)),
        Choice::new("obsolete", td_string!(l, cases.reason_obsolete)),
        Choice::new("withdrawn", td_string!(l, cases.reason_withdrawn)),
    ];
    view! {
        <Fold summary=td_string!(l, cases.close) kind=Kind::Quiet>
            <ActionForm action=action attr:class="form">
                {form.view(&["reason"])}
                <HiddenField name="id" value=id.to_string() />
                <SelectField name="reason" label=td_string!(l, cases.reason) choices=reasons />
                <Submit kind=Kind::Danger>{td_string!(l, cases.close)}</Submit>
            </ActionForm>
        </Fold>
    }
}

/// A closed case opens again for a while; after that, what goes on is a new case.
#[component]
fn Reopening(case: RwSignal<CaseDetail>) -> impl IntoView {
    let l = use_locale();
    let id = case.with_untracked(|case| case.row.id);
    let may_reopen = Memo::new(move |_| case.with(|case| case.may_reopen));
    let customer = case.with_untracked(|case| case.may_reply && !case.may_work);
    let until = move || case.with(|case| case.closing().and_then(Closing::reopens_until));
    let new_case = move || {
        view! {
            <p class="quiet">{td_string!(l, cases.closed_for_good)}</p>
            {customer.then(|| view! {
                <p>{td_string!(l, cases.closed_go_on)}</p>
                <LinkButton href="/cases/new" kind=Kind::Quiet>{td_string!(l, cases.new)}</LinkButton>
            })}
        }
    };
    view! {
        <Show when=move || may_reopen.get() fallback=new_case>
            <ReopenForm id />
            {move || until().map(|at| view! { <p class="quiet">{td_string!(l, cases.reopen_until)} " " <Moment at /></p> })}
        </Show>
    }
}

#[component]
fn ReopenForm(id: CaseId) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<ReopenCase>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_reopen));
    view! {
        <ActionForm action=action>
            {form.view(&[])}
            <HiddenField name="id" value=id.to_string() />
            <Submit>{td_string!(l, cases.reopen)}</Submit>
        </ActionForm>
    }
}
