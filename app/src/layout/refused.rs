//! A refused plain form whose page no longer has the form: the reason, and what was typed (T01). Where the form is on the
//! page it says so itself, and the style sheet hides this.

use domain::Failure;
use leptos::prelude::*;
use server_fn::error::ServerFnUrlError;

use crate::{
    ApiError,
    failure::FailureView,
    i18n::*,
    language::use_locale,
    ui::{DoneNote, Tone, use_query},
};

#[component]
pub fn Refused() -> impl IntoView {
    let query = use_query();
    move || {
        let get = |name: &str| query.with(|query| query.get(name));
        let (path, error) = (get("__path")?, get("__err")?);
        let about = get("__form").unwrap_or_default();
        let ApiError(failure) = ServerFnUrlError::<ApiError>::decode_err(&error);
        // Only codes are shown, because any link can carry this query. Without a session the sign-in page is shown instead.
        let failure = failure.without_words();
        (failure != Failure::Unauthenticated).then(|| view! { <Said failure form=format!("{path}#{about}") /> })
    }
}

/// What happened to what was typed when a plain form led here: it is kept as a draft, or was sent before.
#[component]
pub fn Noted() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    let text = move || match query.with(|query| query.get("done")).as_deref() {
        Some("kept") => Some(td_string!(l, common.draft_kept)),
        Some("before") => Some(td_string!(l, common.sent_before)),
        _ => None,
    };
    move || text().map(|text| view! { <DoneNote text tone=Tone::Info /> })
}

#[component]
fn Said(failure: Failure, form: String) -> impl IntoView {
    let l = use_locale();
    // The browser does not know what was typed and keeps the server's markup.
    let markup = typed(&form)
        .into_iter()
        .map(|text| format!("<textarea class=\"textarea\" rows=\"5\" readonly>\n{}</textarea>", escape(&text)));
    let markup: String = markup.collect();
    view! {
        <section class="refused" tabindex="-1" autofocus=true aria-label=td_string!(l, failure.refused)>
            <FailureView failure />
            <div class="refused-typed">
                <p class="font-semibold">{td_string!(l, failure.typed)}</p>
                <div inner_html=markup></div>
            </div>
        </section>
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Returns the typed texts of the form, without ids and choices.
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
