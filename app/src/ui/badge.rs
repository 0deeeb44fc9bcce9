//! Small labels. Colour never carries meaning alone; the text does.

use leptos::prelude::*;

/// What a colour means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Info,
    Good,
    Warn,
    Bad,
}

#[component]
pub fn Badge(#[prop(optional)] tone: Tone, children: Children) -> impl IntoView {
    let class = match tone {
        Tone::Plain => "badge badge-ghost",
        Tone::Info => "badge badge-soft badge-info",
        Tone::Good => "badge badge-soft badge-success",
        Tone::Warn => "badge badge-soft badge-warning",
        Tone::Bad => "badge badge-soft badge-error",
    };
    view! { <span class=class>{children()}</span> }
}
