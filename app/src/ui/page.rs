//! Heads, cards, and what stands where content is still to come.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{ApiError, failure::FailureView};

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
            <h1 tabindex="-1" lang=lang>{title}</h1>
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

/// Shows a resource when it is there: its view, or what went wrong. A function, not a component: closures that name types
/// do not parse as attributes.
pub fn loaded<T, V>(
    resource: Resource<Result<T, ApiError>>,
    view: impl Fn(T) -> V + Clone + Send + Sync + 'static,
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
                        Err(ApiError(failure)) => view! { <FailureView failure /> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
}
