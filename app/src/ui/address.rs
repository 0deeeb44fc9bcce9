//! Mail addresses as text.

use leptos::prelude::*;

/// A mail address that, where it does not fit, breaks after one of its signs and not within a word.
#[component]
pub fn Address(#[prop(into)] text: String) -> impl IntoView {
    let pieces: Vec<String> = text.split_inclusive(['@', '.', '-', '_']).map(ToOwned::to_owned).collect();
    view! { <span>{pieces.into_iter().map(|piece| view! { {piece} <wbr /> }).collect_view()}</span> }
}
