//! What the fields of a form share: errors, whether it is being sent, and what was typed before it was refused.
//!
//! A form is a component of its own that begins with [`FormState::provide`]; fields and buttons inside find it. One
//! `<ActionForm>` serves with and without JavaScript: without, the server leads back to the page with the error in the
//! address and what was typed in a draft of its own (`server/src/middleware/drafts.rs`).

use std::collections::HashMap;

use domain::{Failure, FieldError, FieldErrors};
use leptos::prelude::*;
use server_fn::ServerFn;

use crate::{ApiError, failure::FailureView};

#[derive(Clone, Copy)]
pub struct FormState {
    pub failure: Signal<Option<Failure>>,
    pub pending: Signal<bool>,
    typed: StoredValue<HashMap<String, Vec<String>>>,
}

impl FormState {
    /// Ties the form of this component to the server function it calls.
    pub fn provide<S>(action: ServerAction<S>) -> Self
    where
        S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        let value = action.value();
        let failure = Signal::derive(move || {
            // `try_`: the form may be gone already, replaced by what its own success brought.
            value
                .try_with(|value| match value {
                    Some(Err(ApiError(failure))) => Some(failure.clone()),
                    _ => None,
                })
                .flatten()
        });
        let state = Self { failure, pending: action.pending().into(), typed: StoredValue::new(typed(S::PATH)) };
        provide_context(state);
        state
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

/// `form[role]` is `role` in [`FieldErrors`].
pub(super) fn key(name: &str) -> &str {
    name.rsplit_once('[').map_or(name, |(_, rest)| rest.trim_end_matches(']')).trim_end_matches(']')
}

#[cfg(feature = "ssr")]
fn typed(path: &str) -> HashMap<String, Vec<String>> {
    let mut typed: HashMap<String, Vec<String>> = HashMap::new();
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
fn typed(_: &str) -> HashMap<String, Vec<String>> {
    HashMap::new()
}

#[component]
pub fn HiddenField(name: &'static str, #[prop(into)] value: String) -> impl IntoView {
    view! { <input type="hidden" name=name value=value /> }
}
