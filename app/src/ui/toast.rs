//! A line that reports a success for a few seconds, wherever the page is scrolled to. Without JavaScript, forms lead to a
//! page that reports it; refusals stay beside their form.

use std::time::Duration;

use leptos::prelude::*;
use server_fn::ServerFn;

use super::{Icon, Sign, acted::on_success};
use crate::{ApiError, i18n::*, language::use_locale};

const SHOWN: Duration = Duration::from_secs(6);

/// One at a time: the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Toast {
    number: u32,
    text: &'static str,
}

#[derive(Clone, Copy)]
struct Toasts(RwSignal<Option<Toast>>);

/// [`crate::App`] calls it.
pub fn provide_toasts() {
    provide_context(Toasts(RwSignal::new(None)));
}

/// Shows `text` each time the action succeeds.
pub fn toast_on_success<S>(action: ServerAction<S>, text: &'static str)
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    if let Some(Toasts(toast)) = use_context() {
        on_success(action, move || {
            toast.update(|toast| {
                let number = toast.as_ref().map_or(0, |before| before.number.wrapping_add(1));
                *toast = Some(Toast { number, text });
            });
        });
    }
}

/// Where toasts appear; on the page from the beginning, or screen readers would miss the first one.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let l = use_locale();
    let Toasts(toast) = expect_context();
    let held = RwSignal::new(false);
    let put_away = move || {
        held.set(false);
        toast.set(None);
    };
    // Stays while the pointer or the focus is on it (WCAG 2.2.1).
    Effect::new(move |_| {
        if toast.with(Option::is_some)
            && !held.get()
            && let Ok(timer) = set_timeout_with_handle(put_away, SHOWN)
        {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <div class="toasts" role="status"
            on:mouseenter=move |_| held.set(true) on:mouseleave=move |_| held.set(false)
            on:focusin=move |_| held.set(true) on:focusout=move |_| held.set(false)>
            <For each=move || toast.get() key=|toast| toast.number let:toast>
                <div class="toast-box">
                    <Icon sign=Sign::Check />
                    <p>{toast.text}</p>
                    <button type="button" class="toast-close" on:click=move |_| put_away()>
                        <Icon sign=Sign::Close /><span class="sr-only">{td_string!(l, common.close)}</span>
                    </button>
                </div>
            </For>
        </div>
    }
}
