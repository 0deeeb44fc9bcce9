//! What the fields of a form share: errors, whether it is being sent, and what was typed before it was refused.
//!
//! A form is a component of its own that begins with [`FormState::provide`]; fields and buttons inside find it. One
//! `<ActionForm>` serves with and without JavaScript: without, the server leads back to the page with the error in the
//! address and what was typed in a draft of its own (`server/src/middleware/drafts.rs`).

use std::collections::HashMap;

use domain::{Failure, FieldError, FieldErrors};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use server_fn::ServerFn;

use super::{Kind, acted::on_success};
use crate::{ApiError, failure::FailureView};

type Typed = HashMap<String, Vec<String>>;

#[derive(Clone, Copy)]
pub struct FormState {
    pub failure: Signal<Option<Failure>>,
    pub pending: Signal<bool>,
    /// Counts how often the form was sent and taken: what was typed has been used then.
    pub sent: RwSignal<u32>,
    /// Something the form needs is still on its way; it cannot be sent before.
    pub waiting: RwSignal<bool>,
    /// Before the id of everything in the form, so that ids are unique on the page.
    prefix: StoredValue<String>,
    typed: StoredValue<Typed>,
}

impl FormState {
    /// Ties the form of this component to the server function it calls.
    pub fn provide<S>(action: ServerAction<S>) -> Self
    where
        S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        Self::new(action, prefix(S::PATH), typed(S::PATH), true)
    }

    /// The same for one of several forms on a page that call the same function: the one whose hidden field `id` holds this
    /// id. A refusal without JavaScript names it in the address.
    pub fn provide_for<S>(action: ServerAction<S>, id: &str) -> Self
    where
        S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        let own = use_query_map().with_untracked(|query| query.get("__form").is_none_or(|refused| refused == id));
        let typed = if own { typed(S::PATH) } else { Typed::new() };
        Self::new(action, format!("{}-{id}", prefix(S::PATH)), typed, own)
    }

    /// `own`: a refusal that stands in the address is this form's.
    fn new<S>(action: ServerAction<S>, prefix: String, typed: Typed, own: bool) -> Self
    where
        S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        let (value, version) = (action.value(), action.version());
        // `try_`: the form may be gone already, replaced by what its own success brought.
        let failure = Signal::derive(move || {
            if !own && version.try_get().is_none_or(|version| version == 0) {
                return None;
            }
            value
                .try_with(|value| match value {
                    Some(Err(ApiError(failure))) => Some(failure.clone()),
                    _ => None,
                })
                .flatten()
        });
        let sent = RwSignal::new(0);
        on_success(action, move || {
            sent.try_update(|sent| *sent += 1);
        });
        let state = Self {
            failure,
            pending: action.pending().into(),
            sent,
            waiting: RwSignal::new(false),
            prefix: StoredValue::new(prefix),
            typed: StoredValue::new(typed),
        };
        provide_context(state);
        state
    }

    /// The id of an element of the form.
    pub fn id(self, name: &str) -> String {
        self.prefix.try_with_value(|prefix| format!("{prefix}-{}", key(name))).unwrap_or_default()
    }

    /// The error of one field; `name` as it stands in the form, e.g. `form[title]`.
    pub fn error(self, name: &str) -> Option<FieldError> {
        let key = key(name);
        self.failure
            .try_with(|failure| match failure {
                Some(Failure::Invalid(errors)) => errors.get(key).cloned(),
                _ => None,
            })
            .flatten()
    }

    /// What was typed into a field before the form was refused.
    pub fn typed(self, name: &str) -> Option<String> {
        self.typed.try_with_value(|typed| typed.get(name).and_then(|values| values.first().cloned())).flatten()
    }

    /// Every value of a field that can have several.
    pub fn typed_all(self, name: &str) -> Option<Vec<String>> {
        self.typed.try_with_value(|typed| typed.get(name).cloned()).flatten()
    }

    /// What is wrong with the form as a whole: everything but the errors that stand beside their fields.
    pub fn view(self, own: &'static [&'static str]) -> impl IntoView {
        move || {
            self.failure.try_get().flatten().map(|failure| match failure {
                Failure::Invalid(errors) if beside_fields(&errors, own) => ().into_any(),
                failure => view! { <FailureView failure /> }.into_any(),
            })
        }
    }
}

fn beside_fields(errors: &FieldErrors, own: &[&str]) -> bool {
    !errors.is_empty() && errors.iter().all(|(name, _)| own.contains(&name))
}

/// `/fn/cases/reply` is `cases-reply`.
fn prefix(path: &str) -> String {
    path.trim_start_matches("/fn/").replace('/', "-")
}

/// `form[role]` is `role` in [`FieldErrors`], and so is `form[role][]`.
pub(super) fn key(name: &str) -> &str {
    let name = name.strip_suffix("[]").unwrap_or(name);
    name.rsplit_once('[').map_or(name, |(_, rest)| rest.trim_end_matches(']')).trim_end_matches(']')
}

#[cfg(feature = "ssr")]
fn typed(path: &str) -> Typed {
    let mut typed = Typed::new();
    let Some(facts) = use_context::<crate::request::Facts>() else { return typed };
    let for_this_form = facts.typed.iter().any(|(name, value)| name == "__path" && value == path);
    if for_this_form {
        for (name, value) in facts.typed {
            // `products[0]` and `products[]` are values of `products`.
            let name = name.split_once("[0]").map_or(name.clone(), |(head, _)| format!("{head}[]"));
            typed.entry(name).or_default().push(value);
        }
    }
    typed
}

/// The browser keeps what was typed; after hydration there is nothing to put back.
#[cfg(not(feature = "ssr"))]
fn typed(_: &str) -> Typed {
    Typed::new()
}

#[component]
pub fn HiddenField(name: &'static str, #[prop(into)] value: String) -> impl IntoView {
    view! { <input type="hidden" name=name value=value /> }
}

/// A key of the form: a second sending of the same form is the same act. It is made once the page lives, and anew when the
/// form was taken: what is sent then is another act.
#[component]
pub fn FormKey() -> impl IntoView {
    let key = RwSignal::new(String::new());
    let form = use_context::<FormState>();
    Effect::new(move |_| {
        if let Some(form) = form {
            form.sent.track();
        }
        key.set(format!("{:x}{:x}", (js_sys::Math::random() * 1e17) as u64, js_sys::Date::now() as u64));
    });
    view! { <input type="hidden" name="key" prop:value=key value="" /> }
}

/// A form behind its summary; open when the form was refused, closed again when it was taken.
#[component]
pub fn Fold(
    #[prop(into)] summary: String,
    #[prop(optional)] kind: Kind,
    #[prop(optional)] open: bool,
    children: Children,
) -> impl IntoView {
    let form = use_context::<FormState>();
    let node = NodeRef::<leptos::html::Details>::new();
    Effect::new(move |_| {
        let sent = form.map(|form| form.sent.get()).unwrap_or_default();
        if let Some(details) = node.get_untracked().filter(|_| sent > 0) {
            details.set_open(false);
        }
    });
    let opened = move || open || form.is_some_and(|form| form.failure.try_get().flatten().is_some());
    view! {
        <details class="note-box" open=opened node_ref=node>
            <summary class=kind.class()>{summary}</summary>
            {children()}
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::{key, prefix};

    #[test]
    fn errors_find_their_field() {
        for (name, wanted) in [
            ("title", "title"),
            ("form[title]", "title"),
            ("form[products][]", "products"),
            ("companies[]", "companies"),
            ("files[]", "files"),
        ] {
            assert_eq!(key(name), wanted);
        }
        assert_eq!(prefix("/fn/cases/reply"), "cases-reply");
    }
}
