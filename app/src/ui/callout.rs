//! Messages in the flow of a page, and what a page says when it has nothing to show.

use leptos::prelude::*;

use super::{Icon, Sign, Tone};

#[component]
pub fn Callout(#[prop(optional)] tone: Tone, children: Children) -> impl IntoView {
    let (class, sign) = match tone {
        Tone::Plain => ("alert", Sign::Info),
        Tone::Info => ("alert alert-soft alert-info", Sign::Info),
        Tone::Good => ("alert alert-soft alert-success", Sign::Check),
        Tone::Warn => ("alert alert-soft alert-warning", Sign::Warning),
        Tone::Bad => ("alert alert-soft alert-error", Sign::Warning),
    };
    let role = if matches!(tone, Tone::Bad | Tone::Warn) { "alert" } else { "status" };
    view! {
        <div class=class role=role>
            <Icon sign=sign />
            <div>{children()}</div>
        </div>
    }
}

/// An empty list says what would be here and what to do next.
#[component]
pub fn Empty(sign: Sign, #[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon sign=sign large=true />
            <p class="empty-title">{title}</p>
            <div>{children()}</div>
        </div>
    }
}
