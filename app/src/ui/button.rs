//! Buttons and links that look like buttons; all at least 44 px high.

use leptos::prelude::*;

use super::form::FormState;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Primary,
    Quiet,
    Danger,
    /// Nearly plain text.
    Plain,
}

impl Kind {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Primary => "btn btn-primary",
            Self::Quiet => "btn btn-outline",
            Self::Danger => "btn btn-error btn-outline",
            Self::Plain => "btn btn-ghost",
        }
    }
}

/// Sends its form, shows that it is under way, and waits for what the form still needs. It is never disabled: a disabled
/// button loses the focus, and the keyboard starts at the top again (T10).
#[component]
pub fn Submit(
    #[prop(optional)] kind: Kind,
    /// For forms with several buttons.
    #[prop(optional)]
    name: Option<&'static str>,
    #[prop(optional)] value: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let form = use_context::<FormState>();
    let busy = move || form.is_some_and(|form| form.pending.try_get().unwrap_or_default());
    let waiting = move || form.is_some_and(|form| form.waiting.try_get().unwrap_or_default());
    view! {
        <button type="submit" class=kind.class() name=name value=value aria-busy=move || busy().then_some("true")
            aria-disabled=move || (busy() || waiting()).then_some("true")>
            {move || busy().then(|| view! { <span class="loading loading-spinner loading-sm" aria-hidden="true"></span> })}
            {children()}
        </button>
    }
}

#[component]
pub fn LinkButton(#[prop(into)] href: String, #[prop(optional)] kind: Kind, children: Children) -> impl IntoView {
    view! { <a href=href class=kind.class()>{children()}</a> }
}
