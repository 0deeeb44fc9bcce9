//! A question before an act that cannot be undone. The button is the `<summary>` of a `<details>` that holds a native
//! `<dialog>` with the real form. Without JavaScript it unfolds in place; with it the dialog is modal, and the two open and
//! close together.

use leptos::{html, prelude::*};

use super::Kind;
use crate::{i18n::*, language::use_locale};

#[component]
pub fn Confirm(
    /// The button that opens it.
    #[prop(into)]
    trigger: String,
    #[prop(optional)] kind: Kind,
    #[prop(into)] title: String,
    /// What will happen.
    #[prop(into)]
    text: String,
    /// The form.
    children: Children,
) -> impl IntoView {
    let l = use_locale();
    let name = title.clone();
    let details = NodeRef::<html::Details>::new();
    let dialog = NodeRef::<html::Dialog>::new();
    let follow = move || {
        if let (Some(details), Some(dialog)) = (details.get(), dialog.get())
            && details.open() != dialog.open()
        {
            if details.open() {
                let _ = dialog.show_modal();
            } else {
                dialog.close();
            }
        }
    };
    // The reader may have opened it before the page was hydrated.
    Effect::new(move |_| follow());
    let fold = move || {
        if let Some(details) = details.get_untracked() {
            details.set_open(false);
        }
    };
    view! {
        <details class="confirm" node_ref=details on:toggle=move |_| untrack(follow)>
            <summary class=kind.class()>{trigger}</summary>
            <dialog class="dialog" aria-label=name node_ref=dialog on:close=move |_| fold()>
                <h2>{title}</h2>
                <p>{text}</p>
                <div class="dialog-actions">
                    {children()}
                    <button type="button" class="btn btn-ghost needs-script" on:click=move |_| fold()>{td_string!(l, common.cancel)}</button>
                </div>
            </dialog>
        </details>
    }
}
