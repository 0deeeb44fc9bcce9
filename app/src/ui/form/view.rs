//! The form itself. It carries the key by which it works once, and whom it was made for.

use domain::Failure;
use leptos::{html, prelude::*};
use serde::de::DeserializeOwned;
use server_fn::ServerFn;

use super::{
    FormState,
    sender::{Nature, Sender},
};
use crate::{ApiError, failure::field_error_text, i18n::*, language::use_locale};

/// How many errors are worth a list of them.
const LISTED: usize = 3;

/// Sends the fields to the function of `action`. With scripts the page stays; without, the browser sends it and is led back.
#[component]
pub fn Form<S>(
    action: ServerAction<S>,
    /// What it is about, where forms on several pages call one function: its draft is of that.
    #[prop(optional, into)]
    about: String,
    #[prop(default = "")] class: &'static str,
    /// What is typed is kept on the server, for the person, until it was taken.
    #[prop(optional)]
    kept: bool,
    /// What is sent leaves the box at once, and one can go on writing: messages arrive in the order they were sent.
    #[prop(optional)]
    queue: bool,
    children: Children,
) -> impl IntoView
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + DeserializeOwned + Send + Sync + 'static,
{
    let form = use_context::<FormState>()
        .filter(|form| form.function == S::PATH)
        .unwrap_or_else(|| FormState::provide(action));
    form.kept.set_value(kept);
    if !about.is_empty() {
        form.about.set_value(about);
    }
    let (value, version) = (action.value(), action.version());
    let answered = move |answer: Result<String, ApiError>| {
        let outcome = answer
            .and_then(|body| serde_json::from_str::<S::Output>(&body).map_err(|_| ApiError(Failure::Unavailable)));
        let gone = value.try_set(Some(outcome)).is_some();
        if !gone {
            version.try_update(|version| *version += 1);
        }
    };
    let node = NodeRef::<html::Form>::new();
    let nature = Nature { kept, queue, plain: false };
    let sender = Sender::new(form, node, nature, answered);
    frame(S::PATH, class, node, Some(form), sender, children())
}

/// A form that the browser sends itself, with scripts or without: its answer is a new page.
#[component]
pub fn PlainForm(
    /// The path of the server function.
    path: &'static str,
    #[prop(default = "")] class: &'static str,
    children: Children,
) -> impl IntoView {
    let form = use_context::<FormState>().filter(|form| form.function == path);
    let node = NodeRef::<html::Form>::new();
    let nature = Nature { kept: false, queue: false, plain: true };
    let sender = Sender::plain(form, path, node, nature);
    frame(path, class, node, form, sender, children())
}

fn frame(
    path: &'static str,
    class: &'static str,
    node: NodeRef<html::Form>,
    form: Option<FormState>,
    sender: Sender,
    fields: AnyView,
) -> impl IntoView {
    let server = cfg!(feature = "ssr").then_some("");
    let about = form.map(|form| form.about.get_value()).filter(|about| !about.is_empty());
    // For how many seconds the same text is the same act: the page behind "back" has another key. In a chat the same word
    // may be said twice.
    let once = sender.nature().kept.then_some(if sender.nature().queue { "15" } else { "600" });
    let (typing, leaving) = (sender.clone(), sender.clone());
    sender.live();
    view! {
        <form action=path method="post" class=class node_ref=node data-server=server
            on:submit=move |event| sender.submit(&event)
            on:input=move |_| typing.typed()
            on:change=move |_| leaving.typed()>
            {form.map(|form| view! { <Wrong form /> })}
            <FormKey />
            {about.map(|about| view! { <input type="hidden" name="__about" value=about /> })}
            {once.map(|once| view! { <input type="hidden" name="__once" value=once /> })}
            {fields}
        </form>
    }
}

/// The key by which a form works once. A form with files begins with it, since the server reads it before them.
#[component]
pub fn FormKey() -> impl IntoView {
    view! { <input type="hidden" name="key" value=first_key() /> }
}

/// Made by the server; a page that the browser makes itself takes the server's mark of the person.
#[cfg(feature = "ssr")]
fn first_key() -> String {
    crate::request::form_key()
}

#[cfg(not(feature = "ssr"))]
fn first_key() -> String {
    let tag = use_context::<crate::session::FormTag>().and_then(|tag| tag.0.get_untracked());
    super::browser::new_key(tag.as_deref())
}

/// At three errors or more: all of them in one list, each leading to its field. Made after the fields, shown above them.
#[component]
fn Wrong(form: FormState) -> impl IntoView {
    let l = use_locale();
    let errors = move || match form.failure.try_get().flatten() {
        Some(Failure::Invalid(errors)) => form.labels.with_value(|labels| {
            let known =
                labels.iter().filter_map(|label| errors.get(&label.key).map(|error| (label.clone(), error.clone())));
            known.collect::<Vec<_>>()
        }),
        _ => Vec::new(),
    };
    move || {
        let errors = errors();
        let first = cfg!(feature = "ssr");
        (errors.len() >= LISTED).then(|| {
            let items = errors.into_iter().map(|(label, error)| {
                let to = format!("#{}", label.id);
                view! { <li><a class="link" rel="external" href=to>{label.label} " – " {field_error_text(l, &error)}</a></li> }
            });
            view! {
                <div class="form-wrong" tabindex="-1" autofocus=first>
                    <p class="font-semibold">{td_string!(l, failure.invalid)}</p>
                    <ul class="list-disc pl-5">{items.collect_view()}</ul>
                </div>
            }
        })
    }
}
