//! A button that opens a panel: `<details>`, so that it works without JavaScript. With JavaScript, Escape, a click elsewhere
//! and a new page close it.

use leptos::{ev, html, prelude::*};
use leptos_router::hooks::use_location;
use wasm_bindgen::JsCast;

type Node = NodeRef<html::Details>;

#[component]
pub fn Menu(
    class: &'static str,
    /// What the button shows, and its name for screen readers.
    summary: AnyView,
    #[prop(default = "btn btn-ghost")] button: &'static str,
    /// Whether the panel leads to the current page.
    #[prop(optional, into)]
    here: Signal<bool>,
    children: Children,
) -> impl IntoView {
    let node = Node::new();
    close_on_new_page(node);
    close_from_outside(node);
    view! {
        <details class=class node_ref=node>
            <summary class=button aria-current=move || here.get().then_some("true")>{summary}</summary>
            {children()}
        </details>
    }
}

fn close_on_new_page(node: Node) {
    let location = use_location();
    Effect::new(move |before: Option<()>| {
        location.pathname.track();
        location.search.track();
        if let (Some(()), Some(details)) = (before, node.get_untracked()) {
            details.set_open(false);
        }
    });
}

/// In an effect: the server has no window.
fn close_from_outside(node: Node) {
    Effect::new(move |_| {
        let opened = move || node.get_untracked().filter(|details| details.open());
        let click = window_event_listener(ev::click, move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            if let Some(details) = opened().filter(|details| !details.contains(target.as_ref())) {
                details.set_open(false);
            }
        });
        let escape = window_event_listener(ev::keydown, move |event| {
            if let Some(details) = opened().filter(|_| event.key() == "Escape") {
                details.set_open(false);
                focus_button(&details);
            }
        });
        on_cleanup(move || {
            click.remove();
            escape.remove();
        });
    });
}

fn focus_button(details: &web_sys::Element) {
    let summary = details.query_selector("summary").ok().flatten();
    if let Some(summary) = summary.and_then(|summary| summary.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = summary.focus();
    }
}
