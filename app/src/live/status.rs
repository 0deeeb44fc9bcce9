//! Says in words when news no longer arrives.

use leptos::prelude::*;
use leptos_router::{
    hooks::use_location,
    location::{Location, Url},
};

use super::{Link, Live};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{Icon, Sign},
};

/// A strip above the page; empty while the stream is open.
#[component]
pub fn LiveStatus() -> impl IntoView {
    let l = use_locale();
    let link = use_context::<Live>().map(|live| live.link);
    let here = use_location();
    let text = move || {
        match link.map(|link| link.get()) {
        None | Some(Link::Live) => None,
        Some(Link::Reconnecting) => {
            Some(view! { <p><Icon sign=Sign::Warning />{td_string!(l, common.live_lost)}</p> }.into_any())
        }
        Some(Link::SignedOut) => Some(
            view! {
                <p>
                    <Icon sign=Sign::Warning />
                    {td_string!(l, failure.unauthenticated)}
                    " "
                    <a class="link way" href=sign_in_and_return(&here) rel="external">{td_string!(l, session.sign_in)}</a>
                </p>
            }
            .into_any(),
        ),
    }
    };
    view! { <div class="live-status" role="status">{text}</div> }
}

fn sign_in_and_return(here: &Location) -> String {
    let (path, query) = (here.pathname.get_untracked(), here.search.get_untracked());
    let whole = if query.is_empty() { path } else { format!("{path}?{}", query.trim_start_matches('?')) };
    format!("/sign-in?next={}", Url::escape(&whole))
}
