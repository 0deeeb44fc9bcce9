//! What the fields of a form share: errors, whether it is being sent, and what was typed before.
//!
//! A form is a component of its own that begins with [`FormState::provide`]; fields and buttons inside find it. One [`Form`]
//! serves with and without JavaScript: without, the server leads back to the page with the code of the error in the address
//! and what was typed as a draft (`server/src/middleware/forms.rs`, docs/adr/0003).

mod browser;
mod sender;
mod view;

#[cfg(feature = "ssr")]
use std::collections::HashMap;

use domain::{Failure, FieldError, FieldErrors};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use server_fn::ServerFn;

use super::{Kind, acted::on_success};
use crate::{ApiError, failure::FailureView};

pub use browser::note_what_was_taken;
pub use view::{Form, FormKey, PlainForm};

/// A field of the form, for the list of what is wrong with it.
#[derive(Clone, Debug)]
struct Label {
    /// The name as it stands in [`FieldErrors`].
    key: String,
    id: String,
    label: String,
}

#[derive(Clone, Copy)]
pub struct FormState {
    pub failure: Signal<Option<Failure>>,
    pub pending: Signal<bool>,
    /// Counts how often the form was sent and taken: what was typed has been used then.
    pub sent: RwSignal<u32>,
    /// Something the form needs is still on its way; it cannot be sent before.
    pub waiting: RwSignal<bool>,
    /// Something is typed into it that was not sent.
    written: RwSignal<bool>,
    /// It is on its way to the server.
    sending: RwSignal<bool>,
    /// The path of the server function.
    function: &'static str,
    /// What the form is about, where several forms call one function.
    about: StoredValue<String>,
    /// Whether what is typed is kept on the server until it was taken.
    kept: StoredValue<bool>,
    /// Whether the refusal in the address is this form's.
    refused: bool,
    /// Before the id of everything in the form, so that ids are unique on the page.
    prefix: StoredValue<String>,
    labels: StoredValue<Vec<Label>>,
}

impl FormState {
    /// Ties the form of this component to the server function it calls.
    pub fn provide<S>(action: ServerAction<S>) -> Self
    where
        S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        Self::new(action, prefix(S::PATH), String::new(), true)
    }

    /// The same for one of several forms on a page that call the same function: the one whose hidden field `id` holds this
    /// id. A refusal without JavaScript names it in the address.
    pub fn provide_for<S>(action: ServerAction<S>, id: &str) -> Self
    where
        S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        let own = use_query_map().with_untracked(|query| query.get("__form").is_none_or(|refused| refused == id));
        Self::new(action, format!("{}-{id}", prefix(S::PATH)), id.to_owned(), own)
    }

    /// `own`: a refusal that stands in the address is this form's.
    fn new<S>(action: ServerAction<S>, prefix: String, about: String, own: bool) -> Self
    where
        S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        let (value, version, pending) = (action.value(), action.version(), action.pending());
        // `try_`: the form may be gone already, replaced by what its own success brought.
        let failure = Signal::derive(move || {
            let from_address = version.try_get().is_none_or(|version| version == 0);
            if !own && from_address {
                return None;
            }
            value
                .try_with(|value| match value {
                    // Anybody can make an address: it says codes, never words (F19a).
                    // Without a session the page would not be there.
                    Some(Err(ApiError(Failure::Unauthenticated))) if from_address => None,
                    Some(Err(ApiError(failure))) if from_address => Some(failure.clone().without_words()),
                    Some(Err(ApiError(failure))) => Some(failure.clone()),
                    _ => None,
                })
                .flatten()
        });
        let sent = RwSignal::new(0);
        on_success(action, move || {
            sent.try_update(|sent| *sent += 1);
        });
        let sending = RwSignal::new(false);
        let named = use_query_map().with_untracked(|query| query.get("__path")).as_deref() == Some(S::PATH);
        let state = Self {
            failure,
            pending: Signal::derive(move || {
                sending.try_get().unwrap_or_default() || pending.try_get().unwrap_or_default()
            }),
            sent,
            waiting: RwSignal::new(false),
            written: RwSignal::new(false),
            sending,
            function: S::PATH,
            about: StoredValue::new(about),
            kept: StoredValue::new(false),
            refused: own && named,
            prefix: StoredValue::new(prefix),
            labels: StoredValue::new(Vec::new()),
        };
        provide_context(state);
        state
    }

    /// Tells `written` whether something is typed into the form that was not sent. A page keeps such a form, whatever
    /// happens to what it is about (T01); `written` lives as long as the page.
    pub fn tell(self, written: RwSignal<bool>) {
        let own = self.written;
        Effect::new(move |_| {
            written.try_set(own.get());
        });
    }

    /// The id of an element of the form.
    pub fn id(self, name: &str) -> String {
        self.prefix.try_with_value(|prefix| format!("{prefix}-{}", key(name))).unwrap_or_default()
    }

    /// Notes a field, for the list of what is wrong.
    pub(super) fn note(self, name: &str, label: &str) {
        let label = Label { key: key(name).to_owned(), id: self.id(name), label: label.to_owned() };
        self.labels.try_update_value(|labels| labels.push(label));
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

    /// What was typed into a field before.
    pub fn typed(self, name: &str) -> Option<String> {
        self.typed_all(name).and_then(|values| values.into_iter().next())
    }

    /// Every value of a field that can have several.
    #[cfg(feature = "ssr")]
    pub fn typed_all(self, name: &str) -> Option<Vec<String>> {
        if !self.refused && !self.kept.get_value() {
            return None;
        }
        let facts = use_context::<crate::request::Facts>()?;
        let mut about = self.about.get_value();
        if about.is_empty() && self.refused {
            about = use_query_map().with_untracked(|query| query.get("__form")).unwrap_or_default();
        }
        let mut typed: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in facts.typed.0.get(&format!("{}#{about}", self.function))? {
            // `products[0]` and `products[]` are values of `products`.
            let name = name.split_once("[0]").map_or(name.clone(), |(head, _)| format!("{head}[]"));
            typed.entry(name).or_default().push(value.clone());
        }
        // Of several choices, none may be what was chosen.
        Some(typed.remove(name).unwrap_or_default())
    }

    /// The browser keeps what was typed; after hydration there is nothing to put back.
    #[cfg(not(feature = "ssr"))]
    pub fn typed_all(self, _: &str) -> Option<Vec<String>> {
        None
    }

    /// What is wrong with the form as a whole: everything but the errors that stand beside their fields.
    pub fn view(self, own: &'static [&'static str]) -> impl IntoView {
        // Of a plain form: the browser begins there.
        let first = cfg!(feature = "ssr");
        move || {
            self.failure.try_get().flatten().map(|failure| match failure {
                Failure::Invalid(errors) if beside_fields(&errors, own) => ().into_any(),
                failure => view! {
                    <div class="form-failure" tabindex="-1" autofocus=first><FailureView failure typed=true /></div>
                }
                .into_any(),
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

#[component]
pub fn HiddenField(name: &'static str, #[prop(into)] value: String) -> impl IntoView {
    view! { <input type="hidden" name=name value=value /> }
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
