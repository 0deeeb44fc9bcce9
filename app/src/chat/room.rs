//! A chat: one room for both sides. Messages arrive by the live stream; without JavaScript the reader reloads the page.

use domain::{
    ChatId, EntryId, Failure,
    cases::{EntryKind, EntryView, Side},
    chat::{ChatState, ChatView},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::api::{AnswerChat, EndChat, SendMessage, read_chat};
use crate::{
    ApiError,
    cases::EntryBody,
    failure::FailurePage,
    i18n::*,
    language::use_locale,
    live::{follow_case, listen_when_hidden},
    session::use_viewer,
    ui::{
        Badge, Callout, Confirm, Form, FormState, HiddenField, Icon, Kind, Moment, PageHead, Sign, Skeleton, Submit,
        TextArea, Tone, provide_acts, refresh_on_success,
    },
};

#[component]
pub fn ChatPage() -> impl IntoView {
    let params = use_params_map();
    move || {
        let id = params.with(|params| params.get("id")).and_then(|id| id.parse::<ChatId>().ok());
        match id {
            Some(id) => view! { <Loader id /> }.into_any(),
            None => view! { <FailurePage failure=Failure::NotFound /> }.into_any(),
        }
    }
}

#[component]
fn Loader(id: ChatId) -> impl IntoView {
    let first = Resource::new_blocking(|| (), move |()| read_chat(id));
    view! {
        <Transition fallback=Skeleton>
            {move || Suspend::new(async move {
                match first.await {
                    Ok(first) => view! { <Room first /> }.into_any(),
                    Err(ApiError(failure)) => view! { <FailurePage failure /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Room(first: ChatView) -> impl IntoView {
    let l = use_locale();
    let (id, case) = (first.row.id, first.row.case);
    let (title, number) = (first.row.title.clone(), first.row.case_number.clone());
    let about = [Some(first.row.organisation.clone()), first.row.product.clone(), Some(first.row.person.clone())];
    let about = about.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let earlier = first.earlier > 0;
    let chat = RwSignal::new(first);
    let acted = provide_acts();
    follow_case(case, chat, |chat| chat.seen_event, acted, move || news(id, chat));
    // The title counts messages that arrived while the tab was hidden.
    listen_when_hidden();
    let viewer = use_viewer();
    let vendor =
        Memo::new(move |_| viewer.get().and_then(Result::ok).flatten().is_some_and(|viewer| viewer.actor.is_vendor()));
    unread::count_in_title(chat, vendor);
    let state = Memo::new(move |_| chat.with(|chat| chat.row.state));
    let may_write = Memo::new(move |_| chat.with(|chat| chat.may_write));
    let may_answer = Memo::new(move |_| chat.with(|chat| chat.may_answer));
    // What the reader is writing stays when the chat ends (T01).
    let writing = RwSignal::new(false);
    view! {
        <PageHead title>
            <a class="link way" href=format!("/cases/{case}")>{number}</a>
        </PageHead>
        <p class="quiet">{about}</p>
        <div class="chat-room">
            <div class="chat-state" role="status">{move || view! { <State chat=chat.get() vendor=vendor.get() /> }}</div>
            {earlier.then(|| view! { <p class="quiet"><a class="link way" href=format!("/cases/{case}")>{td_string!(l, chat.earlier)}</a></p> })}
            <Messages chat vendor />
            <p class="no-script"><a class="btn btn-outline" href=format!("/chat/{id}")>{td_string!(l, chat.refresh)}</a></p>
            <Show when=move || may_answer.get()><AnswerForm id /></Show>
            <Show when=move || may_write.get() || writing.get()><MessageForm id case may_write written=writing /></Show>
            <div class="chat-foot">
                <Show when=move || state.get() != ChatState::Ended><EndForm id /></Show>
                <a class="btn btn-ghost" href=format!("/cases/{case}")><Icon sign=Sign::Case />{td_string!(l, chat.to_case)}</a>
            </div>
        </div>
    }
}

/// Fetches the messages that the room does not show yet.
async fn news(id: ChatId, chat: RwSignal<ChatView>) -> Result<ChatView, ApiError> {
    let news = read_chat(id).await?;
    // The page may have been left by now.
    Ok(chat.try_with_untracked(|shown| shown.with_news(news.clone())).unwrap_or(news))
}

#[component]
fn State(chat: ChatView, vendor: bool) -> impl IntoView {
    let l = use_locale();
    let row = chat.row;
    match (row.state, row.agent) {
        (ChatState::Waiting, _) => {
            let text = if vendor { td_string!(l, chat.customer_waits) } else { td_string!(l, chat.you_wait) };
            view! { <Badge tone=Tone::Warn>{td_string!(l, chat.waiting)}</Badge> " " {text} }.into_any()
        }
        (ChatState::Active, agent) => {
            let who = if vendor { row.person } else { agent.unwrap_or_default() };
            view! { <Badge tone=Tone::Good>{td_string!(l, chat.active)}</Badge> " " {td_string!(l, chat.with)} " " <strong>{who}</strong> }
                .into_any()
        }
        (ChatState::Ended, _) => {
            view! { <Badge>{td_string!(l, chat.ended)}</Badge> " " {td_string!(l, chat.ended_lead)} }.into_any()
        }
    }
}

/// Within this distance of its end, in pixels, the list counts as scrolled to the end.
const NEAR: i32 = 40;

/// The newest message stays in sight while the list is scrolled to its end. A reader who scrolled up is not moved, and is
/// told how many messages arrived.
#[component]
fn Messages(chat: RwSignal<ChatView>, vendor: Memo<bool>) -> impl IntoView {
    let l = use_locale();
    let log = NodeRef::<leptos::html::Div>::new();
    let at_end = StoredValue::new(true);
    let unread = RwSignal::new(0_usize);
    let to_end = move || {
        if let Some(log) = log.get_untracked() {
            log.set_scroll_top(log.scroll_height());
        }
    };
    let scrolled = move |_: web_sys::Event| {
        if let Some(log) = log.get_untracked() {
            let near = log.scroll_height() - log.client_height() - log.scroll_top() <= NEAR;
            at_end.set_value(near);
            if near {
                unread.set(0);
            }
        }
    };
    let newest = Memo::new(move |_| chat.with(|chat| chat.messages.last().map(|message| message.id)));
    Effect::new(move |before: Option<Option<EntryId>>| {
        let now = newest.get();
        log.track();
        let Some(before) = before else {
            request_animation_frame(to_end);
            return now;
        };
        if before == now {
            return now;
        }
        // A change of state is no message, and the sender wants to see the message just sent.
        let (others, own) = chat.with_untracked(|chat| {
            let after = chat.messages.iter().rev().take_while(|message| Some(message.id) != before);
            let mine = if vendor.get_untracked() { Side::Vendor } else { Side::Customer };
            let written = after.filter(|message| message.kind != EntryKind::Line);
            let (own, others): (Vec<_>, Vec<_>) = written.partition(|message| message.side == mine);
            (others.len(), !own.is_empty())
        });
        if own || at_end.get_value() {
            request_animation_frame(to_end);
        } else if others > 0 {
            unread.update(|count| *count += others);
        }
        now
    });
    view! {
        <div class="chat-log" role="log" aria-label=td_string!(l, chat.messages) tabindex="0" node_ref=log on:scroll=scrolled>
            <ol>
                <For each=move || chat.with(|chat| chat.messages.clone()) key=|message| message.id let:message>
                    <Message message vendor />
                </For>
            </ol>
        </div>
        {move || Some(unread.get()).filter(|count| *count > 0).map(|count| view! {
            <button type="button" class="btn btn-outline chat-unread" on:click=move |_| to_end()>
                {match count {
                    1 => td_string!(l, chat.one_new).to_owned(),
                    count => td_string!(l, chat.many_new, count = count).to_string(),
                }}
            </button>
        })}
    }
}

#[component]
fn Message(message: EntryView, vendor: Memo<bool>) -> impl IntoView {
    let l = use_locale();
    if message.kind == EntryKind::Line {
        let text = match message.body.as_str() {
            "chat_answered" => td_string!(l, chat.line_answered),
            "chat_ended" => td_string!(l, chat.line_ended),
            "assigned" => td_string!(l, chat.line_assigned),
            "closed" => td_string!(l, chat.line_closed),
            _ => td_string!(l, chat.line_changed),
        };
        return view! { <li class="stream-line">{message.author} " " {text} " · " <Moment at=message.at /></li> }
            .into_any();
    }
    let side = message.side;
    let class = move || {
        let own = (side == Side::Vendor) == vendor.get();
        if own { "chat-message chat-own" } else { "chat-message" }
    };
    view! {
        <li class=class>
            <p class="chat-head"><strong>{message.author}</strong> " " <span class="quiet"><Moment at=message.at /></span></p>
            <div class="chat-text"><EntryBody kind=message.kind body=message.body /></div>
        </li>
    }
    .into_any()
}

/// Enter sends, Shift+Enter begins a new line; the button works as well.
#[component]
fn MessageForm(
    id: ChatId,
    case: domain::CaseId,
    may_write: Memo<bool>,
    /// Whether the form holds text that was not sent.
    written: RwSignal<bool>,
) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<SendMessage>::new();
    let form = FormState::provide(action);
    form.tell(written);
    refresh_on_success(action);
    let over = move || {
        (!may_write.get()).then(|| {
            view! {
                <Callout tone=Tone::Warn>
                    <p>{td_string!(l, chat.ended_while_writing)}</p>
                    <p><a class="link way" href=format!("/cases/{case}")>{td_string!(l, chat.to_case)}</a></p>
                </Callout>
            }
        })
    };
    view! {
        <div on:keydown=unread::send_on_enter>
            <Form action=action about=id.to_string() class="form chat-form" kept=true queue=true main=true>
                {over}
                {form.view(&["text"])}
                <HiddenField name="id" value=id.to_string() />
                <TextArea name="text" label=td_string!(l, chat.message) required=true rows=2 />
                <Submit>{td_string!(l, chat.send)}</Submit>
            </Form>
        </div>
    }
}

#[component]
fn AnswerForm(id: ChatId) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<AnswerChat>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    view! {
        <Form action=action class="form">
            {form.view(&[])}
            <HiddenField name="id" value=id.to_string() />
            <Submit>{td_string!(l, chat.answer)}</Submit>
        </Form>
    }
}

#[component]
fn EndForm(id: ChatId) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<EndChat>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    view! {
        <Confirm kind=Kind::Quiet trigger=td_string!(l, chat.end) title=td_string!(l, chat.end) text=td_string!(l, common.end_chat_text)>
            <Form action=action>
                {form.view(&[])}
                <HiddenField name="id" value=id.to_string() />
                <Submit kind=Kind::Danger>{td_string!(l, chat.end)}</Submit>
            </Form>
        </Confirm>
    }
}

/// What only a browser does: the keys, and the mark in the title for messages that arrived while the tab was hidden (K19).
mod unread {
    use domain::chat::ChatView;
    use leptos::prelude::*;

    #[cfg(not(feature = "hydrate"))]
    pub fn count_in_title(_: RwSignal<ChatView>, _: Memo<bool>) {}

    #[cfg(not(feature = "hydrate"))]
    pub fn send_on_enter(_: leptos::ev::KeyboardEvent) {}

    #[cfg(feature = "hydrate")]
    pub fn count_in_title(chat: RwSignal<ChatView>, vendor: Memo<bool>) {
        use domain::cases::{EntryKind, Side};
        let from_others = move || {
            chat.with(|chat| {
                let own = if vendor.get() { Side::Vendor } else { Side::Customer };
                chat.messages.iter().filter(|message| message.kind != EntryKind::Line && message.side != own).count()
            })
        };
        let seen = StoredValue::new(0_usize);
        let show = move |unread: usize| {
            let title = document().title();
            let plain =
                title.split_once(") ").filter(|_| title.starts_with('(')).map_or(title.as_str(), |(_, rest)| rest);
            document().set_title(&if unread == 0 { plain.to_owned() } else { format!("({unread}) {plain}") });
        };
        Effect::new(move |before: Option<()>| {
            let now = from_others();
            if before.is_none() || !document().hidden() {
                seen.set_value(now);
            }
            if before.is_some() {
                show(now.saturating_sub(seen.get_value()));
            }
        });
        let looked = window_event_listener(leptos::ev::focus, move |_| {
            seen.set_value(untrack(from_others));
            show(0);
        });
        on_cleanup(move || looked.remove());
    }

    /// The key code of a key that belongs to an input method. Safari ends a composition before the key that ends it.
    #[cfg(feature = "hydrate")]
    const COMPOSING: u32 = 229;

    #[cfg(feature = "hydrate")]
    pub fn send_on_enter(event: leptos::ev::KeyboardEvent) {
        use wasm_bindgen::JsCast;
        if event.key() != "Enter" || event.shift_key() || event.is_composing() || event.key_code() == COMPOSING {
            return;
        }
        let form = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::HtmlTextAreaElement>().ok())
            .and_then(|text| text.form());
        if let Some(form) = form {
            event.prevent_default();
            let _ = form.request_submit();
        }
    }
}
