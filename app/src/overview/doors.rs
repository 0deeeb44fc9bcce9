//! The three doors side by side. A closed door keeps its place and says when it opens, or whom to ask (K2).

use domain::{ChatId, calls::PhoneLine, chat::ChatHours, failure::Denial, overview::Door};
use leptos::prelude::*;

use crate::{
    calls::PhoneLines,
    failure::phase_name,
    i18n::*,
    language::use_locale,
    ui::{Badge, Day, Icon, Kind, LinkButton, Moment, Sign, Tone},
};

#[component]
pub fn Doors(
    case: Door<()>,
    chat: Door<ChatHours>,
    call: Door<Vec<PhoneLine>>,
    live_chat: Option<ChatId>,
) -> impl IntoView {
    let l = use_locale();
    view! {
        <section class="doors" aria-label=td_string!(l, overview.doors)>
            <DoorCard sign=Sign::Case title=td_string!(l, overview.case_title) lead=td_string!(l, overview.case_lead)>
                {match case {
                    Door::Open(()) => view! {
                        <p><Badge tone=Tone::Good>{td_string!(l, overview.always)}</Badge></p>
                        <LinkButton href="/cases/new">{td_string!(l, overview.case_go)}</LinkButton>
                    }
                    .into_any(),
                    Door::Closed(denial) => view! { <Closed denial /> }.into_any(),
                }}
            </DoorCard>
            <DoorCard sign=Sign::Chat title=td_string!(l, overview.chat_title) lead=td_string!(l, overview.chat_lead)>
                {match chat {
                    Door::Open(hours) => view! { <ChatDoor hours live_chat /> }.into_any(),
                    Door::Closed(denial) => view! { <Closed denial /> }.into_any(),
                }}
            </DoorCard>
            <DoorCard sign=Sign::Phone title=td_string!(l, overview.call_title) lead=td_string!(l, overview.call_lead)>
                {match call {
                    Door::Open(lines) => view! {
                        <PhoneLines lines />
                        <LinkButton href="/calls/new" kind=Kind::Quiet>{td_string!(l, overview.call_go)}</LinkButton>
                    }
                    .into_any(),
                    Door::Closed(denial) => view! { <Closed denial /> }.into_any(),
                }}
            </DoorCard>
        </section>
    }
}

#[component]
fn DoorCard(sign: Sign, title: &'static str, lead: &'static str, children: Children) -> impl IntoView {
    view! {
        <article class="door">
            <div class="door-head">
                <span class="door-sign"><Icon sign /></span>
                <h2>{title}</h2>
            </div>
            <p class="quiet">{lead}</p>
            <div class="door-body">{children()}</div>
        </article>
    }
}

#[component]
fn ChatDoor(hours: ChatHours, live_chat: Option<ChatId>) -> impl IntoView {
    let l = use_locale();
    if let Some(chat) = live_chat {
        return view! {
            <p><Badge tone=Tone::Info>{td_string!(l, overview.chat_live)}</Badge></p>
            <LinkButton href=format!("/chat/{chat}")>{td_string!(l, overview.chat_resume)}</LinkButton>
        }
        .into_any();
    }
    match hours {
        ChatHours::Open { until } => view! {
            <p><Badge tone=Tone::Good>{td_string!(l, overview.open_now)}</Badge> " " {until.map(|at| view! { <span class="quiet">{td_string!(l, overview.until)} " " <Moment at /></span> })}</p>
            <LinkButton href="/chat">{td_string!(l, overview.chat_go)}</LinkButton>
        }
        .into_any(),
        ChatHours::Closed { opens_at } => view! {
            <p>
                <Badge>{td_string!(l, overview.closed_now)}</Badge> " "
                {opens_at.map(|at| view! { <span class="quiet">{td_string!(l, overview.opens_at)} " " <Moment at /></span> })}
            </p>
            <LinkButton href="/cases/new" kind=Kind::Quiet>{td_string!(l, overview.chat_instead)}</LinkButton>
        }
        .into_any(),
    }
}

/// Says when the door opens, or who can open it.
#[component]
fn Closed(denial: Denial) -> impl IntoView {
    let l = use_locale();
    match denial {
        Denial::NotOpenYet { phase, opens_on, delayed, .. } => view! {
            <p class="door-closed">
                <Icon sign=Sign::Clock />
                <span>
                    <strong>
                        {match opens_on {
                            Some(day) => view! { {td_string!(l, failure.opens_on)} " " <Day day /> }.into_any(),
                            None if delayed => td_string!(l, failure.delayed).into_any(),
                            None => td_string!(l, failure.opens_later).into_any(),
                        }}
                    </strong>
                    <br />
                    {td_string!(l, overview.at_step)} " " {phase_name(l, phase)}
                </span>
            </p>
            <p><a class="link way" href="/timeline">{td_string!(l, failure.see_timeline)}</a></p>
        }
        .into_any(),
        Denial::Role { administrators, .. } => view! {
            <p class="door-closed"><Icon sign=Sign::People /><span>{td_string!(l, failure.no_role)}</span></p>
            {(!administrators.is_empty()).then(|| view! {
                <p class="quiet">{td_string!(l, overview.ask)}</p>
                <ul class="quiet">
                    {administrators.into_iter().map(|contact| view! {
                        <li><a class="link way" href=format!("mailto:{}", contact.email)>{contact.name}</a></li>
                    }).collect_view()}
                </ul>
            })}
        }
        .into_any(),
    }
}
