//! The desk's chats, waiting ones first, to be picked up; new ones arrive without reloading.

use domain::{
    chat::{ChatRow, ChatState},
    page::Page,
};
use leptos::prelude::*;

use super::api::{AnswerChat, live_chats};
use crate::{
    i18n::*,
    language::use_locale,
    layout::DeskTabs,
    live::use_all_events,
    ui::{
        Badge, Empty, Form, FormState, HiddenField, Kind, LinkButton, Moment, PageHead, Sign, Submit, Tone, loaded,
        paging, use_query,
    },
};

#[component]
pub fn DeskChatsPage() -> impl IntoView {
    let l = use_locale();
    let happened = use_all_events();
    let query = use_query();
    let after = Memo::new(move |_| query.with(|query| query.get("after")).unwrap_or_default());
    let chats = Resource::new_blocking(move || (after.get(), happened.get()), |(after, _)| live_chats(after));
    view! {
        <PageHead title=td_string!(l, chat.desk) />
        <DeskTabs />
        {loaded(chats, move |chats: Page<ChatRow>| {
            if chats.is_empty() {
                return view! {
                    <Empty sign=Sign::Chat title=td_string!(l, chat.desk_none)><p>{td_string!(l, chat.desk_live)}</p></Empty>
                }
                .into_any();
            }
            let pages = paging(&chats, |cursor| format!("/desk/chats?after={cursor}"));
            view! {
                <ul class="task-list">
                    {chats.into_iter().map(|chat| view! { <Row chat /> }).collect_view()}
                </ul>
                {pages}
            }
            .into_any()
        })}
    }
}

#[component]
fn Row(chat: ChatRow) -> impl IntoView {
    let l = use_locale();
    let id = chat.id;
    let waiting = chat.state == ChatState::Waiting;
    let badge = match (chat.state, chat.mine) {
        (ChatState::Waiting, _) => view! { <Badge tone=Tone::Warn>{td_string!(l, chat.waiting)}</Badge> }.into_any(),
        (_, true) => view! { <Badge tone=Tone::Good>{td_string!(l, chat.mine)}</Badge> }.into_any(),
        (_, false) => view! { <Badge>{chat.agent.clone().unwrap_or_default()}</Badge> }.into_any(),
    };
    let about = [Some(chat.organisation), chat.product, Some(chat.person), Some(chat.case_number)];
    let about = about.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <li class="panel task">
            <div class="task-main">
                <p>{badge} " " <span class="quiet">{td_string!(l, chat.since)} " " <Moment at=chat.started_at /></span></p>
                <p class="task-title"><a class="link way" href=format!("/chat/{id}")>{chat.title}</a></p>
                <p class="quiet">{about}</p>
            </div>
            <div class="task-side">
                {if waiting {
                    view! { <PickUp id /> }.into_any()
                } else {
                    view! { <LinkButton href=format!("/chat/{id}") kind=Kind::Quiet>{td_string!(l, chat.open)}</LinkButton> }.into_any()
                }}
            </div>
        </li>
    }
}

#[component]
fn PickUp(id: domain::ChatId) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<AnswerChat>::new();
    let form = FormState::provide_for(action, &id.to_string());
    view! {
        <Form action=action>
            {form.view(&[])}
            <HiddenField name="id" value=id.to_string() />
            <Submit>{td_string!(l, chat.answer)}</Submit>
        </Form>
    }
}
