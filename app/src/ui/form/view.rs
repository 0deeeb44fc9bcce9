//! The form itself. It carries the key that makes it work once, and the person it was made for.

use domain::Failure;
use leptos::{html, prelude::*};
use serde::de::DeserializeOwned;
use server_fn::ServerFn;

use super::{
    FormState,
    sender::{Nature, Sender},
};
use crate::{ApiError, failure::field_error_text, i18n::*, language::use_locale};

/// The number of errors from which on they are listed.
const LISTED: usize = 3;
/// The id of the form that a page is for: the buttons of the frame send along what is typed into it.
const MAIN: &str = "written";

/// Sends the fields to the function of `action`. With scripts the page stays; without them the browser sends the form and is
/// led back.
#[component]
pub fn Form<S>(
    action: ServerAction<S>,
    /// What the form is about, where forms on several pages call one function; part of the name of its draft.
    #[prop(optional, into)]
    about: String,
    #[prop(default = "")] class: &'static str,
    /// Keeps what is typed on the server, for the person, until the form is accepted.
    #[prop(optional)]
    kept: bool,
    /// Empties the text area immediately, so that the writer can go on; messages arrive in the order they were sent.
    #[prop(optional)]
    queue: bool,
    /// Whether the page is for this form: the buttons of the frame send along what is typed into it.
    #[prop(optional)]
    main: bool,
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
    frame(S::PATH, class, main, node, Some(form), sender, children())
}

/// A form that the browser itself sends, with or without scripts; its answer is a new page.
#[component]
pub fn PlainForm(
    /// The path of the server function.
    path: &'static str,
    #[prop(default = "")] class: &'static str,
    /// Whether the page is for this form, as in [`Form`].
    #[prop(optional)]
    main: bool,
    children: Children,
) -> impl IntoView {
    let form = use_context::<FormState>().filter(|form| form.function == path);
    let node = NodeRef::<html::Form>::new();
    let nature = Nature { kept: false, queue: false, plain: true };
    let sender = Sender::plain(form, path, node, nature);
    frame(path, class, main, node, form, sender, children())
}

fn frame(
    path: &'static str,
    class: &'static str,
    main: bool,
    node: NodeRef<html::Form>,
    form: Option<FormState>,
    sender: Sender,
    fields: AnyView,
) -> impl IntoView {
    let server = cfg!(feature = "ssr").then_some("");
    let about = form.map(|form| form.about.get_value()).filter(|about| !about.is_empty());
    // The number of seconds for which equal text is the same act, because the page behind "back" has another key. In a chat
    // the same word may be said twice.
    let once = sender.nature().kept.then_some(if sender.nature().queue { "15" } else { "600" });
    let kept = sender.nature().kept;
    let (typing, leaving) = (sender.clone(), sender.clone());
    sender.live();
    view! {
        <form action=path method="post" id=main.then_some(MAIN) class=class node_ref=node data-server=server
            on:submit=move |event| sender.submit(&event)
            on:input=move |_| typing.typed()
            on:change=move |_| leaving.typed()>
            {form.map(|form| view! { <Wrong form /> })}
            <FormKey />
            {about.map(|about| view! { <input type="hidden" name="__about" value=about /> })}
            {once.map(|once| view! { <input type="hidden" name="__once" value=once /> })}
            // A button that sends the form to another function keeps what is typed as a draft of this one.
            {(main || kept).then(|| view! { <input type="hidden" name="__of" value=path /> })}
            {fields}
            {kept.then(|| view! { <KeepDraft /> })}
        </form>
    }
}

/// Keeps what is typed as a draft where no script does (T09).
#[component]
fn KeepDraft() -> impl IntoView {
    let text = td_string!(use_locale(), common.keep_draft);
    view! {
        <p class="no-script">
            <input type="submit" class="btn btn-ghost" formaction="/fn/drafts/save" formnovalidate=true value=text />
        </p>
    }
}

/// A button of a plain form in the frame of the page. On a page that is for a form there is a second one, which sends that
/// form to `path`, so that what is typed becomes a draft on the way (T09); the style sheet shows the one that fits.
#[component]
pub fn FrameButton(
    /// The function of the form around it.
    path: &'static str,
    class: &'static str,
    #[prop(optional)] name: Option<&'static str>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional)] lang: Option<&'static str>,
    /// Whether it stands for the present choice.
    #[prop(optional, into)]
    current: Signal<bool>,
    children: ChildrenFn,
) -> impl IntoView {
    let chosen = move || current.get().then_some("true");
    view! {
        <button type="submit" class=format!("{class} goes-alone") name=name value=value.clone() lang=lang aria-current=chosen>
            {children()}
        </button>
        <button type="submit" class=format!("{class} takes-along") name=name value=value lang=lang aria-current=chosen form=MAIN
            formaction=path formnovalidate=true>
            {children()}
        </button>
    }
}

/// What Enter presses in a field of the form that the page is for: browsers take the first button of a form in the document,
/// which would be one of the frame.
#[component]
pub fn EnterButton() -> impl IntoView {
    view! { <button type="submit" class="sr-only" form=MAIN tabindex="-1" aria-hidden="true"></button> }
}

/// The key that makes a form work once. A form with files begins with it, since the server reads it before them.
#[component]
pub fn FormKey() -> impl IntoView {
    view! { <input type="hidden" name="key" value=first_key() /> }
}

/// Returns a key made by the server; on a page that the browser builds, a random one with the server's mark of the person.
#[cfg(feature = "ssr")]
fn first_key() -> String {
    crate::request::form_key()
}

#[cfg(not(feature = "ssr"))]
fn first_key() -> String {
    let tag = use_context::<crate::session::FormTag>().and_then(|tag| tag.0.get_untracked());
    super::browser::new_key(tag.as_deref())
}

/// From three errors on, lists them all, each with a link to its field. Built after the fields, shown above them.
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
