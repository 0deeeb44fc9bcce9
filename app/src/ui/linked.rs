//! Text by people, with its addresses as links (B25).

use domain::links::{Span, spans};
use leptos::prelude::*;

/// A text whose addresses and case numbers are links; `nofollow noopener`, because the vendor does not vouch for the
/// targets.
#[component]
pub fn Linked(#[prop(into)] text: String) -> impl IntoView {
    spans(&text)
        .into_iter()
        .map(|span| match span {
            Span::Text(text) => text.to_owned().into_any(),
            Span::Away { shown, address } => {
                view! { <a class="link" href=address rel="nofollow noopener">{shown.to_owned()}</a> }.into_any()
            }
            Span::Here { shown, path } => {
                view! { <a class="link" href=path rel="nofollow noopener">{shown.to_owned()}</a> }.into_any()
            }
        })
        .collect_view()
}
