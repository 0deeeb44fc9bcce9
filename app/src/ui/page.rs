//! Headings, cards, and placeholders for content that is still loading.

use domain::Failure;
use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, components::Redirect, hooks::use_location};
use serde::{Serialize, de::DeserializeOwned};

use super::WindowTitle;
use crate::{
    ApiError,
    failure::{FailurePage, FailureView},
};

/// The page reached without a new document, until its heading gets the focus: screen readers read it, and the keyboard
/// continues from there.
#[derive(Clone, Copy)]
pub struct Arrival(RwSignal<Option<String>>);

impl Arrival {
    /// [`crate::App`] calls it.
    pub fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }
}

/// Notes each new page except the first, which the browser takes care of unless signing in led to it.
pub fn follow_arrivals() {
    let arrival = use_context::<Arrival>();
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        let new = before.map_or_else(signed_in_just_now, |before| before != path);
        if let Some(Arrival(arrived)) = arrival.filter(|_| new) {
            arrived.set(Some(path.clone()));
        }
        path
    });
}

/// Whether signing in led here.
fn signed_in_just_now() -> bool {
    let referrer = referrer();
    let path = referrer.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
    path.and_then(|path| path.split(['?', '#']).next()) == Some("sign-in")
}

#[cfg(feature = "ssr")]
fn referrer() -> String {
    let parts = use_context::<axum::http::request::Parts>();
    let sent = parts.and_then(|parts| parts.headers.get("referer")?.to_str().map(ToOwned::to_owned).ok());
    sent.unwrap_or_default()
}

#[cfg(not(feature = "ssr"))]
fn referrer() -> String {
    document().referrer()
}

/// The level-one heading of a page.
#[component]
pub fn Heading(
    /// The language of the heading when it is not the reader's.
    #[prop(optional_no_strip)]
    lang: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let arrival = use_context::<Arrival>();
    let node = NodeRef::<html::H1>::new();
    // The previous page may still be mounted when the path changes, and must not take the focus.
    let own = use_location().pathname.get_untracked();
    let path = own.clone();
    Effect::new(move |_| {
        if let (Some(Arrival(arrived)), Some(heading)) = (arrival, node.get())
            && arrived.with(|path| path.as_ref() == Some(&own))
        {
            focus_when_shown(heading.into(), arrived, own.clone());
        }
    });
    // Without JavaScript the browser begins there after signing in.
    let first = cfg!(feature = "ssr") && path != "/sign-in" && signed_in_just_now();
    view! { <h1 tabindex="-1" lang=lang autofocus=first node_ref=node>{children()}</h1> }
}

/// Focuses a heading once it is shown: a page is built before, while it waits for its chunk and data, and cannot take the
/// focus then.
fn focus_when_shown(heading: web_sys::HtmlElement, arrived: RwSignal<Option<String>>, own: String) {
    if arrived.try_with_untracked(|path| path.as_ref() == Some(&own)) != Some(true) {
        return;
    }
    if heading.is_connected() {
        let _ = heading.focus();
        arrived.set(None);
    } else {
        request_animation_frame(move || focus_when_shown(heading, arrived, own));
    }
}

/// The title of a page, in the window and as its heading, with the actions of the page.
#[component]
pub fn PageHead(
    #[prop(into)] title: String,
    /// The language of the title when it is not the reader's.
    #[prop(optional)]
    lang: Option<&'static str>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <WindowTitle text=title.clone() />
        <header class="page-head">
            <Heading lang>{title}</Heading>
            {children.map(|children| view! { <div class="page-actions">{children()}</div> })}
        </header>
    }
}

/// The head of a printed page: what it is about, and its address.
#[component]
pub fn Printed(#[prop(into)] text: String) -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    view! { <p class="printed">{text} <br /> {format!("{}{path}", origin())}</p> }
}

#[cfg(feature = "ssr")]
fn origin() -> String {
    crate::request::services().settings.public_url.clone()
}

#[cfg(not(feature = "ssr"))]
fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

#[component]
pub fn Card(#[prop(optional, into)] title: Option<String>, children: Children) -> impl IntoView {
    view! {
        <section class="panel">
            {title.map(|title| view! { <h2>{title}</h2> })}
            {children()}
        </section>
    }
}

/// Leads on to another page in the place of this one, so that "back" goes to the page before both.
#[component]
pub fn LeadOn(#[prop(into)] path: String) -> impl IntoView {
    let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
    view! { <Redirect path options /> }
}

/// Grey lines in place of rows.
#[component]
pub fn Skeleton() -> impl IntoView {
    let row = || {
        view! {
            <div class="skeleton-row">
                <div class="skeleton h-4 w-24"></div>
                <div class="skeleton h-4 flex-1"></div>
                <div class="skeleton h-4 w-20"></div>
            </div>
        }
    };
    view! {
        <div class="skeletons" aria-hidden="true">
            {(0..6).map(|_| row()).collect_view()}
        </div>
    }
}

/// Shows a resource once it is loaded, under a heading that is shown already: its view, or the failure. A function, not a
/// component: closures that name types do not parse as attributes.
pub fn loaded<T, V>(
    resource: Resource<Result<T, ApiError>>,
    view: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
    V: IntoView + 'static,
{
    loaded_or(resource, view, |failure| view! { <FailureView failure /> }.into_any())
}

/// Shows a resource that is a whole page: the view brings its own heading, and so does a failure.
pub fn loaded_page<T, V>(
    resource: Resource<Result<T, ApiError>>,
    view: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
    V: IntoView + 'static,
{
    loaded_or(resource, view, |failure| view! { <FailurePage failure /> }.into_any())
}

/// Reloads a resource whose failure may pass, later each time, as long as it is on the page (B3, T33).
#[cfg(feature = "hydrate")]
fn ask_again<T>(resource: Resource<Result<T, ApiError>>, failure: &Failure, tries: StoredValue<u32>)
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
{
    if !crate::live::may_pass(failure) {
        return;
    }
    leptos::task::spawn_local(async move {
        let Some(count) = tries.try_get_value() else { return };
        tries.try_set_value(count + 1);
        crate::live::pause(count).await;
        if tries.try_get_value().is_some_and(|now| now == count + 1) {
            resource.refetch();
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn ask_again<T>(_: Resource<Result<T, ApiError>>, _: &Failure, _: StoredValue<u32>)
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
{
}

/// The same with a view of its own for what went wrong.
pub fn loaded_or<T, V>(
    resource: Resource<Result<T, ApiError>>,
    view: impl Fn(T) -> V + Clone + Send + Sync + 'static,
    failed: fn(Failure) -> AnyView,
) -> impl IntoView
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
    V: IntoView + 'static,
{
    let tries = StoredValue::new(0);
    view! {
        <Transition fallback=Skeleton>
            {move || {
                let view = view.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(value) => {
                            tries.set_value(0);
                            view(value).into_any()
                        }
                        Err(ApiError(failure)) => {
                            ask_again(resource, &failure, tries);
                            failed(failure)
                        }
                    }
                })
            }}
        </Transition>
    }
}
