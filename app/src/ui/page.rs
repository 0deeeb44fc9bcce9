//! Heads, cards, and what stands where content is still to come.

use domain::Failure;
use leptos::{html, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use crate::{
    ApiError,
    failure::{FailurePage, FailureView},
};

/// The page that somebody was led to without a new document, until its heading has the focus: screen readers read it, and
/// the keyboard goes on from there.
#[derive(Clone, Copy)]
pub struct Arrival(RwSignal<Option<String>>);

impl Arrival {
    /// [`crate::App`] calls it.
    pub fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }
}

/// Notes each new page, but not the first: the browser cares for that one.
pub fn follow_arrivals() {
    let arrival = use_context::<Arrival>();
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if let (Some(Arrival(arrived)), Some(before)) = (arrival, before)
            && before != path
        {
            arrived.set(Some(path.clone()));
        }
        path
    });
}

/// The one heading of the first level of a page.
#[component]
pub fn Heading(
    /// When it is not the reader's.
    #[prop(optional_no_strip)]
    lang: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let arrival = use_context::<Arrival>();
    let node = NodeRef::<html::H1>::new();
    // The page before may still be there when the path changes: it must not take the focus.
    let own = use_location().pathname.get_untracked();
    Effect::new(move |_| {
        if let (Some(Arrival(arrived)), Some(heading)) = (arrival, node.get())
            && arrived.with(|path| path.as_ref() == Some(&own))
        {
            focus_when_shown(heading.into(), arrived, own.clone());
        }
    });
    view! { <h1 tabindex="-1" lang=lang node_ref=node>{children()}</h1> }
}

/// A page is made before it is shown: it waits for its chunk and its data, and what is not shown takes no focus.
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

/// The title of a page, in the window and on it, with what one can do there.
#[component]
pub fn PageHead(
    #[prop(into)] title: String,
    /// Of the title, when it is not the reader's.
    #[prop(optional)]
    lang: Option<&'static str>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <Title text=title.clone() />
        <header class="page-head">
            <Heading lang>{title}</Heading>
            {children.map(|children| view! { <div class="page-actions">{children()}</div> })}
        </header>
    }
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

/// Grey lines where text will be.
#[component]
pub fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeletons" aria-hidden="true">
            <div class="skeleton h-8 w-1/3"></div>
            <div class="skeleton h-24 w-full"></div>
            <div class="skeleton h-24 w-full"></div>
        </div>
    }
}

/// Shows a resource when it is there, under a heading that is there already: its view, or what went wrong. A function, not a
/// component: closures that name types do not parse as attributes.
pub fn loaded<T, V>(
    resource: Resource<Result<T, ApiError>>,
    view: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    found(resource, view, |failure| view! { <FailureView failure /> }.into_any())
}

/// The same for a whole page: the view brings its own heading, and so does a failure.
pub fn loaded_page<T, V>(
    resource: Resource<Result<T, ApiError>>,
    view: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    found(resource, view, |failure| view! { <FailurePage failure /> }.into_any())
}

fn found<T, V>(
    resource: Resource<Result<T, ApiError>>,
    view: impl Fn(T) -> V + Clone + Send + Sync + 'static,
    failed: fn(Failure) -> AnyView,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    view! {
        <Transition fallback=Skeleton>
            {move || {
                let view = view.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(value) => view(value).into_any(),
                        Err(ApiError(failure)) => failed(failure),
                    }
                })
            }}
        </Transition>
    }
}
