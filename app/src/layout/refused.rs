//! A plain form that was refused, when its page no longer has the form: why, and what was typed (T01). Where the form is on
//! the page it says so itself, and this is hidden by the style sheet.

use domain::Failure;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use server_fn::error::ServerFnUrlError;

use crate::{ApiError, failure::FailureView, i18n::*, language::use_locale};

#[component]
pub fn Refused() -> impl IntoView {
    let query = use_query_map();
    move || {
        let get = |name: &str| query.with(|query| query.get(name));
        let (path, error) = (get("__path")?, get("__err")?);
        let about = get("__form").unwrap_or_default();
        let ApiError(failure) = ServerFnUrlError::<ApiError>::decode_err(&error);
        // Codes only: anybody can make an address. Without a session the sign-in page is shown instead.
        let failure = failure.without_words();
        (failure != Failure::Unauthenticated).then(|| view! { <Said failure form=format!("{path}#{about}") /> })
    }
}

#[component]
fn Said(failure: Failure, form: String) -> impl IntoView {
    let l = use_locale();
    // The browser does not know what was typed: it takes over what the server wrote.
    let markup = typed(&form)
        .into_iter()
        .map(|text| format!("<textarea class=\"textarea\" rows=\"5\" readonly>\n{}</textarea>", escape(&text)));
    let markup: String = markup.collect();
    view! {
        <section class="refused" aria-label=td_string!(l, failure.refused)>
            <FailureView failure />
            <p class="font-semibold">{td_string!(l, failure.typed)}</p>
            <div inner_html=markup></div>
        </section>
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The texts of the form; ids and choices are nothing that one typed.
#[cfg(feature = "ssr")]
fn typed(form: &str) -> Vec<String> {
    let facts = use_context::<crate::request::Facts>();
    let fields = facts.and_then(|mut facts| facts.typed.0.remove(form)).unwrap_or_default();
    let texts = fields.into_iter().map(|(_, value)| value);
    texts.filter(|text| text.chars().count() > 3 && text.parse::<uuid::Uuid>().is_err()).collect()
}

#[cfg(not(feature = "ssr"))]
fn typed(_: &str) -> Vec<String> {
    Vec::new()
}
