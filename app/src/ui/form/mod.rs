//! What the fields of a form share: errors, whether it is being sent, and what was typed before.
//!
//! A form is a component of its own that begins with [`FormState::provide`]; fields and buttons inside find it. One [`Form`]
//! works with and without JavaScript: without it, the server leads back to the page with the code of the failure in the
//! address and what was typed as a draft (`server/src/middleware/forms.rs`, docs/adr/0003).

mod browser;
mod sender;
mod view;

#[cfg(feature = "ssr")]
use std::collections::HashMap;

use domain::{Failure, FieldError, FieldErrors};
use leptos::prelude::*;
use server_fn::ServerFn;

use super::{Kind, acted::on_success, query::use_query};
use crate::{
    ApiError,
    failure::{FailureView, field_error_text},
    language::use_locale,
};

pub use browser::note_what_was_taken;
pub use view::{EnterButton, Form, FormKey, FrameButton, PlainForm};

/// A field of the form, for the list of errors.
#[derive(Clone, Debug)]
struct Label {
    /// The name in [`FieldErrors`].
    key: String,
    id: String,
    label: String,
}

#[derive(Clone, Copy)]
pub struct FormState {
    pub failure: Signal<Option<Failure>>,
    pub pending: Signal<bool>,
    /// Counts how often the form was accepted, and what was typed has been used.
    pub sent: RwSignal<u32>,
    /// Something the form needs, such as an upload, is still on its way; the form cannot be sent before.
    pub waiting: RwSignal<bool>,
    /// It holds text that was not sent.
    written: RwSignal<bool>,
    /// It is on its way to the server.
    sending: RwSignal<bool>,
    /// The path of the server function.
    function: &'static str,
    /// What the form is about, where several forms call one function.
    about: StoredValue<String>,
    /// Whether what is typed is kept on the server until the form is accepted.
    kept: StoredValue<bool>,
    /// Whether the refusal in the address is about this form.
    refused: bool,
    /// The prefix of every id in the form, so that ids are unique on the page.
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

    /// Ties one of several forms on a page that call the same function: the one whose hidden field `id` holds this id. A
    /// refusal without JavaScript names the id in the address.
    pub fn provide_for<S>(action: ServerAction<S>, id: &str) -> Self
    where
        S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        let own = use_query().with_untracked(|query| query.get("__form").is_none_or(|refused| refused == id));
        Self::new(action, format!("{}-{id}", prefix(S::PATH)), id.to_owned(), own)
    }

    /// `own` says that a refusal in the address is about this form.
    fn new<S>(action: ServerAction<S>, prefix: String, about: String, own: bool) -> Self
    where
        S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        let (value, version, pending) = (action.value(), action.version(), action.pending());
        // `try_`, because the form may be gone already, replaced by its own success.
        let failure = Signal::derive(move || {
            let from_address = version.try_get().is_none_or(|version| version == 0);
            if !own && from_address {
                return None;
            }
            value
                .try_with(|value| match value {
                    // Any link can carry a refusal: it shows codes, never words (F19a). A page that needs a session would
                    // not be shown without one.
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
        let named = use_query().with_untracked(|query| query.get("__path")).as_deref() == Some(S::PATH);
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

    /// Keeps `written` informed whether the form holds unsent text. A page keeps such a form, whatever happens to its object
    /// (T01); `written` lives as long as the page.
    pub fn tell(self, written: RwSignal<bool>) {
        let own = self.written;
        Effect::new(move |_| {
            written.try_set(own.get());
        });
    }

    /// Returns the id of an element of the form.
    pub fn id(self, name: &str) -> String {
        self.prefix.try_with_value(|prefix| format!("{prefix}-{}", key(name))).unwrap_or_default()
    }

    /// Notes a field for the list of errors.
    pub(super) fn note(self, name: &str, label: &str) {
        let label = Label { key: key(name).to_owned(), id: self.id(name), label: label.to_owned() };
        self.labels.try_update_value(|labels| labels.push(label));
    }

    /// Returns the error of one field; `name` is its name in the form, such as `form[title]`.
    pub fn error(self, name: &str) -> Option<FieldError> {
        let key = key(name);
        self.failure
            .try_with(|failure| match failure {
                Some(Failure::Invalid(errors)) => errors.get(key).cloned(),
                _ => None,
            })
            .flatten()
    }

    /// Returns what was typed into a field before.
    pub fn typed(self, name: &str) -> Option<String> {
        self.typed_all(name).and_then(|values| values.into_iter().next())
    }

    /// Returns every typed value of a field that can have several.
    #[cfg(feature = "ssr")]
    pub fn typed_all(self, name: &str) -> Option<Vec<String>> {
        if !self.refused && !self.kept.get_value() {
            return None;
        }
        let facts = use_context::<crate::request::Facts>()?;
        let mut about = self.about.get_value();
        if about.is_empty() && self.refused {
            about = use_query().with_untracked(|query| query.get("__form")).unwrap_or_default();
        }
        let mut typed: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in facts.typed.0.get(&format!("{}#{about}", self.function))? {
            // `products[0]` and `products[]` are values of `products`.
            let name = name.split_once("[0]").map_or(name.clone(), |(head, _)| format!("{head}[]"));
            typed.entry(name).or_default().push(value.clone());
        }
        // An empty list is a choice too: none of several.
        Some(typed.remove(name).unwrap_or_default())
    }

    /// The browser keeps what was typed; after hydration there is nothing to put back.
    #[cfg(not(feature = "ssr"))]
    pub fn typed_all(self, _: &str) -> Option<Vec<String>> {
        None
    }

    /// Shows what is wrong with the form as a whole: everything but the errors shown beside their fields.
    pub fn view(self, own: &'static [&'static str]) -> impl IntoView {
        let l = use_locale();
        // After a refused plain form, the browser starts there.
        let first = cfg!(feature = "ssr");
        move || {
            self.failure.try_get().flatten().map(|failure| match failure {
                Failure::Invalid(errors) if beside_fields(&errors, own) => ().into_any(),
                failure => {
                    let elsewhere = match &failure {
                        Failure::Invalid(errors) => errors.iter().filter(|(name, _)| !own.contains(name)).collect(),
                        _ => Vec::new(),
                    };
                    let reasons = elsewhere.into_iter().map(|(_, error)| field_error_text(l, error));
                    let reasons = reasons.map(|text| view! { <p>{text}</p> }).collect_view();
                    view! {
                        <div class="form-failure" tabindex="-1" autofocus=first>
                            <FailureView failure typed=true />
                            {reasons}
                        </div>
                    }
                    .into_any()
                }
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

/// A form behind its summary: open when the form was refused, closed again when it was accepted.
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
