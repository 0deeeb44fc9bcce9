//! Messages in the flow of a page, and the message of an empty list.

use leptos::{html, prelude::*};

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

/// What the form did that led to this page. The browser begins there: a screen reader reads it, and the keyboard goes on from
/// it (T10).
#[component]
pub fn DoneNote(#[prop(into)] text: String, #[prop(default = Tone::Good)] tone: Tone) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    // A page that the browser builds takes no notice of `autofocus`. A reader who is somewhere already stays there.
    Effect::new(move |_| {
        if let Some(note) = node.get() {
            request_animation_frame(move || {
                if document().active_element().is_none_or(|active| active.tag_name() == "BODY") {
                    let _ = note.focus();
                }
            });
        }
    });
    view! { <div class="done-note" tabindex="-1" autofocus=true node_ref=node><Callout tone>{text}</Callout></div> }
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
