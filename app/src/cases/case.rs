//! One case: its stream, a box to write in, what can be done with it. Customers and agents share the page; the policy
//! decides what agents see in addition.

use domain::{
    CaseId, EntryId,
    cases::{CaseDetail, CloseReason, Closing, Status, StreamItem, StreamPart},
    failure::Denial,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    api::{AssignCase, CloseCase, NoteOnCase, ReopenCase, ReplyToCase, find_case},
    parts::{Attach, Stream, close_reason_text, priority_badge, status_badge},
};
use crate::{
    ApiError,
    failure::FailurePage,
    i18n::*,
    language::use_locale,
    live::follow_case,
    ui::{
        Callout, Card, Choice, Day, Fold, Form, FormKey, FormState, HiddenField, Icon, Kind, LinkButton, Moment,
        PageHead, Printed, SelectField, Sign, Skeleton, Submit, TextArea, Tone, number_text, provide_acts,
        refresh_on_success, toast_on_success, use_query,
    },
};

#[component]
pub fn CasePage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query());
    let acted = provide_acts();
    let part = Memo::new(move |_| {
        query.with(|query| {
            let entry = |name| query.get(name).and_then(|id| id.parse::<EntryId>().ok());
            entry("before").map(StreamPart::Before).or(entry("after").map(StreamPart::After)).unwrap_or_default()
        })
    });
    move || {
        let id = params.with(|params| params.get("id")).and_then(|id| id.parse::<CaseId>().ok());
        match id {
            Some(id) => view! { <Loader id part acted /> }.into_any(),
            None => view! { <FailurePage failure=domain::Failure::NotFound /> }.into_any(),
        }
    }
}

#[component]
fn Loader(id: CaseId, part: Memo<StreamPart>, acted: RwSignal<u32>) -> impl IntoView {
    let first = Resource::new_blocking(move || part.get(), move |part| find_case(id, part));
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

/// Shows the case and follows it: news is fetched into the page in place, so that a reply being written is not lost.
#[component]
fn Case(first: CaseDetail, acted: RwSignal<u32>) -> impl IntoView {
    let l = use_locale();
    let id = first.row.id;
    let (number, title) = (first.row.number.clone(), first.row.title.clone());
    let legacy = first.legacy_source.clone().zip(first.row.legacy_number.clone());
    let case = RwSignal::new(first);
    follow_case(id, case, |case| case.seen_event, acted, move || news(id, case));
    let closed = Memo::new(move |_| case.with(|case| case.row.status == Status::Closed));
    let may_reply = Memo::new(move |_| case.with(|case| case.may_reply) && !closed.get());
    let not_open = Memo::new(move |_| case.with(|case| case.not_open.clone()));
    let may_work = Memo::new(move |_| case.with(|case| case.may_work));
    let may_close = Memo::new(move |_| case.with(|case| case.may_close) && !closed.get());
    let may_take = Memo::new(move |_| case.with(|case| case.may_take));
    let may_call = Memo::new(move |_| case.with(|case| case.may_call));
    let printed = format!("{number} · {}", case.with_untracked(|case| case.row.organisation.clone()));
    // What the reader is writing stays, whatever happens to the case in the meantime (T01).
    let (replying, noting) = (RwSignal::new(false), RwSignal::new(false));
    view! {
        <Printed text=printed />
        <PageHead title>
            <span class="quiet">{number}</span>
            <Show when=move || may_reply.get()>
                <a class="btn btn-outline to-reply" href="#written" rel="external">{td_string!(l, cases.to_reply)}</a>
            </Show>
        </PageHead>
        <Standing case />
        <div class="case">
            <div class="case-main">
                {legacy.map(|(source, old)| view! {
                    <Callout tone=Tone::Info>{td_string!(l, cases.from_legacy, source = source, number = old).to_string()}</Callout>
                })}
                <Earlier case />
                <Stream case />
                <Later case />
                {move || not_open.get().map(|denial| view! { <NotOpen denial /> })}
                <Show when=move || may_reply.get() || replying.get()>
                    <ReplyForm id case vendor=may_work.get_untracked() written=replying />
                </Show>
                <Show when=move || may_work.get() || noting.get()><NoteForm id written=noting /></Show>
            </div>
            <aside class="case-side">
                {move || view! { <Facts case=case.get() /> }}
                <Show when=move || may_take.get()><AssignForm id /></Show>
                <Show when=move || may_call.get()>
                    <LinkButton href=format!("/calls/new?case={id}") kind=Kind::Quiet>
                        <Icon sign=Sign::Phone />{td_string!(l, cases.call_about)}
                    </LinkButton>
                </Show>
                <Show when=move || may_close.get()><CloseForm id vendor=may_work.get_untracked() /></Show>
                <Show when=move || closed.get()><Reopening case /></Show>
            </aside>
        </div>
    }
}

/// Whether the reader sees the case from the vendor's side: agents alone are told that it is not open yet.
const fn for_vendor(case: &CaseDetail) -> bool {
    case.may_work || case.not_open.is_some()
}

/// Says under the title how the case stands and who has it, before anything is scrolled: whose turn it is.
#[component]
fn Standing(case: RwSignal<CaseDetail>) -> impl IntoView {
    let l = use_locale();
    move || {
        let (status, agent, vendor, open) =
            case.with(|case| (case.row.status, case.row.agent.clone(), for_vendor(case), case.not_open.is_none()));
        let agent = agent.unwrap_or_else(|| td_string!(l, cases.an_agent).to_owned());
        let text = match (status, vendor) {
            (Status::Closed, _) => None,
            (Status::AwaitingAssignment, true) => Some(td_string!(l, cases.stands_untaken).to_owned()),
            (Status::AwaitingAssignment, false) => Some(td_string!(l, cases.stands_waiting).to_owned()),
            (Status::InProgress, true) => Some(td_string!(l, cases.stands_our_turn, agent = agent).to_string()),
            (Status::InProgress, false) => Some(td_string!(l, cases.stands_in_work, agent = agent).to_string()),
            (Status::PendingResponse, true) => Some(td_string!(l, cases.stands_customer).to_owned()),
            (Status::PendingResponse, false) => Some(td_string!(l, cases.stands_yours, agent = agent).to_string()),
            (Status::ResolutionProvided, true) => Some(td_string!(l, cases.stands_confirming).to_owned()),
            (Status::ResolutionProvided, false) => {
                Some(td_string!(l, cases.stands_proposed, agent = agent).to_string())
            }
        };
        view! { <p class="case-stand">{status_badge(l, status, vendor)} " " {text.filter(|_| open)}</p> }
    }
}

/// Explains to an agent why there is no reply box (D6).
#[component]
fn NotOpen(denial: Denial) -> impl IntoView {
    let l = use_locale();
    let (day, delayed) = match denial {
        Denial::NotOpenYet { opens_on, delayed, .. } => (opens_on, delayed),
        Denial::Role { .. } => (None, false),
    };
    view! {
        <Callout tone=Tone::Warn>
            <p>{td_string!(l, cases.before_launch_why)}</p>
            {day.map(|day| view! { <p>{td_string!(l, failure.opens_on)} " " <Day day /></p> })}
            {delayed.then(|| view! { <p>{td_string!(l, failure.delayed)}</p> })}
        </Callout>
    }
}

/// Fetches what a page with a part of the stream is missing: the facts of the case, and new entries.
async fn news(id: CaseId, case: RwSignal<CaseDetail>) -> Result<CaseDetail, ApiError> {
    let part = case.try_with_untracked(CaseDetail::news).unwrap_or_default();
    let news = find_case(id, part).await?;
    // The page may have been left by now.
    Ok(case.try_with_untracked(|shown| shown.with_news(news.clone())).unwrap_or(news))
}

/// Leads to earlier entries: a link to a page of them without scripts; with scripts they are inserted above without moving
/// what is being read.
#[component]
fn Earlier(case: RwSignal<CaseDetail>) -> impl IntoView {
    let l = use_locale();
    let id = case.with_untracked(|case| case.row.id);
    let earlier = Memo::new(move |_| case.with(|case| case.earlier));
    let first = Memo::new(move |_| case.with(|case| case.stream.first().map(StreamItem::id)));
    let asking = RwSignal::new(false);
    let ask = move |event: leptos::ev::MouseEvent| {
        // With a modifier key, the link opens in another tab or window.
        let plain =
            event.button() == 0 && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        let Some(entry) = first.get_untracked().filter(|_| plain) else { return };
        event.prevent_default();
        if asking.get_untracked() {
            return;
        }
        asking.set(true);
        leptos::task::spawn_local(async move {
            if let Ok(part) = find_case(id, StreamPart::Before(entry)).await {
                let place = hold_place(entry);
                case.try_update(|case| case.with_earlier(part));
                request_animation_frame(place);
            }
            asking.try_set(false);
        });
    };
    let href = move || first.get().map(|entry| format!("/cases/{id}?before={entry}"));
    view! {
        <Show when=move || earlier.get() != 0>
            <p class="stream-way">
                <a class="btn btn-outline" href=href on:click=ask aria-busy=move || asking.get().then_some("true")>
                    {move || td_string!(l, cases.earlier, count = number_text(l, earlier.get())).to_string()}
                </a>
            </p>
        </Show>
    }
}

/// Notes where an entry stands in the window; the returned closure scrolls it back there.
fn hold_place(entry: EntryId) -> impl FnOnce() + 'static {
    let top = move || Some(document().get_element_by_id(&format!("e-{entry}"))?.get_bounding_client_rect().top());
    let before = top();
    move || {
        if let (Some(before), Some(after)) = (before, top()) {
            window().scroll_by_with_x_and_y(0.0, after - before);
        }
    }
}

/// Leads to later entries, on a page that shows earlier ones only.
#[component]
fn Later(case: RwSignal<CaseDetail>) -> impl IntoView {
    let l = use_locale();
    let id = case.with_untracked(|case| case.row.id);
    let later = Memo::new(move |_| case.with(|case| case.later));
    let last = Memo::new(move |_| case.with(|case| case.stream.last().map(StreamItem::id)));
    view! {
        <Show when=move || later.get() != 0>
            <p class="stream-way">
                <a class="btn btn-outline" href=move || last.get().map(|entry| format!("/cases/{id}?after={entry}"))>
                    {move || td_string!(l, cases.later, count = number_text(l, later.get())).to_string()}
                </a>
            </p>
        </Show>
    }
}

#[component]
fn Facts(case: CaseDetail) -> impl IntoView {
    let l = use_locale();
    let vendor = for_vendor(&case);
    let row = case.row;
    view! {
        <Card>
            <dl class="facts">
                <dt>{td_string!(l, cases.status)}</dt><dd>{status_badge(l, row.status, vendor)}</dd>
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
fn ReplyForm(
    id: CaseId,
    case: RwSignal<CaseDetail>,
    vendor: bool,
    /// Whether the form holds text that was not sent.
    written: RwSignal<bool>,
) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<ReplyToCase>::new();
    let form = FormState::provide(action);
    form.tell(written);
    let closed = Memo::new(move |_| case.with(|case| case.row.status == Status::Closed));
    let reopens = Memo::new(move |_| closed.get() && case.with(|case| case.may_reopen && case.may_reply));
    let state = move || {
        let text = match (closed.get(), case.with(|case| case.may_reply)) {
            (true, _) if reopens.get() => td_string!(l, cases.closed_while_writing),
            (true, _) => td_string!(l, cases.closed_for_good_while_writing),
            (false, false) => td_string!(l, cases.no_reply_now),
            (false, true) => return None,
        };
        Some(view! { <Callout tone=Tone::Warn>{text}</Callout> })
    };
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_reply));
    let then = vec![
        Choice::new("ask", td_string!(l, cases.then_ask)),
        Choice::new("propose", td_string!(l, cases.then_propose)),
    ];
    view! {
        <Form action=action about=id.to_string() class="form reply" kept=true main=true>
            {state}
            {form.view(&["text", "files", "then"])}
            {move || reopens.get().then(|| view! { <HiddenField name="reopen" value="true" /> })}
            <HiddenField name="id" value=id.to_string() />
            <TextArea name="text" label=td_string!(l, cases.your_reply) required=true rows=5 />
            <Attach />
            {vendor.then(|| view! {
                <SelectField name="then" label=td_string!(l, cases.then) choices=then placeholder=td_string!(l, cases.then_work) />
            })}
            <Submit>
                {move || if reopens.get() { td_string!(l, cases.reopen_and_send) } else { td_string!(l, cases.reply) }}
            </Submit>
        </Form>
        <form method="post" action=format!("/files?case={id}") enctype="multipart/form-data" class="form no-script panel">
            <FormKey />
            <label for="plain-file">{td_string!(l, cases.files)}</label>
            <p class="field-hint">{td_string!(l, cases.files_hint)}</p>
            <input id="plain-file" type="file" name="file" multiple class="file-input" />
            <button type="submit" class="btn btn-outline">{td_string!(l, cases.add_files)}</button>
        </form>
    }
}

#[component]
fn NoteForm(id: CaseId, written: RwSignal<bool>) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<NoteOnCase>::new();
    let form = FormState::provide(action);
    form.tell(written);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_note));
    view! {
        <Fold summary=td_string!(l, cases.write_note) kind=Kind::Plain>
            <Form action=action about=id.to_string() class="form" kept=true>
                {form.view(&["text"])}
                <HiddenField name="id" value=id.to_string() />
                <TextArea name="text" label=td_string!(l, cases.note_label) required=true rows=3 />
                <Submit kind=Kind::Quiet>{td_string!(l, cases.save_note)}</Submit>
            </Form>
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
        <Form action=action>
            {form.view(&[])}
            <HiddenField name="id" value=id.to_string() />
            <Submit kind=Kind::Quiet>{td_string!(l, cases.take)}</Submit>
        </Form>
    }
}

#[component]
fn CloseForm(id: CaseId, vendor: bool) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<CloseCase>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_close));
    let reasons = CloseReason::ALL.iter().filter(|reason| reason.may_be_given(vendor));
    let reasons = reasons.map(|reason| Choice::new(reason.key(), close_reason_text(l, *reason))).collect();
    view! {
        <Fold summary=td_string!(l, cases.close) kind=Kind::Quiet>
            <Form action=action class="form">
                {form.view(&["reason"])}
                <HiddenField name="id" value=id.to_string() />
                <SelectField name="reason" label=td_string!(l, cases.reason) choices=reasons />
                <Submit kind=Kind::Danger>{td_string!(l, cases.close)}</Submit>
            </Form>
        </Fold>
    }
}

/// A closed case can be reopened for a while; after that, a new case is needed.
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
        <Form action=action>
            {form.view(&[])}
            <HiddenField name="id" value=id.to_string() />
            <Submit>{td_string!(l, cases.reopen)}</Submit>
        </Form>
    }
}
