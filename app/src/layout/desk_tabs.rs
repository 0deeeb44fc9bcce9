//! The tabs of the desk's pages: cases, chats and call-backs, with the number that wait.

use domain::calls::DeskWaiting;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{
    calls::count_waiting,
    i18n::*,
    language::use_locale,
    live::use_all_events,
    ui::{Icon, Sign},
};

#[component]
pub fn DeskTabs() -> impl IntoView {
    let l = use_locale();
    let happened = use_all_events();
    let waiting = Resource::new_blocking(move || happened.get(), |_| count_waiting());
    let path = use_location().pathname;
    let tab = move |to: &'static str, sign: Sign, label: &'static str, count: fn(&DeskWaiting) -> u64| {
        view! {
            <li>
                <a class="desk-tab" href=to aria-current=move || (path.get() == to).then_some("page")>
                    <Icon sign />{label}
                    <Transition>
                        {move || Suspend::new(async move {
                            let count = waiting.await.map(|desk| count(&desk)).unwrap_or_default();
                            (count > 0).then(|| view! { <span class="badge badge-soft badge-warning">{count}</span> })
                        })}
                    </Transition>
                </a>
            </li>
        }
    };
    view! {
        <nav class="desk-tabs" aria-label=td_string!(l, calls.tabs)>
            <ul>
                {tab("/desk", Sign::Desk, td_string!(l, calls.tab_cases), |_| 0)}
                {tab("/desk/chats", Sign::Chat, td_string!(l, chat.desk), |desk| desk.chats)}
                {tab("/desk/calls", Sign::Phone, td_string!(l, calls.desk), |desk| desk.calls)}
            </ul>
        </nav>
    }
}
