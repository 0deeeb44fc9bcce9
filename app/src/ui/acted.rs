//! What follows a successful form: the page reloads its data.

use leptos::prelude::*;
use server_fn::ServerFn;

use crate::ApiError;

#[derive(Clone, Copy)]
struct Acted(RwSignal<u32>);

/// Provides the count of successful forms on a page, for its resources to depend on.
pub fn provide_acts() -> RwSignal<u32> {
    let acted = RwSignal::new(0);
    provide_context(Acted(acted));
    acted
}

/// Calls `then` each time the action succeeds. The form may be gone by then, replaced by its own success.
pub(super) fn on_success<S>(action: ServerAction<S>, then: impl Fn() + 'static)
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let value = action.value();
    Effect::new(move |_| {
        if value.try_with(|value| matches!(value, Some(Ok(_)))).unwrap_or_default() {
            then();
        }
    });
}

/// Makes the page reload its data each time the action succeeds.
pub fn refresh_on_success<S>(action: ServerAction<S>)
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    if let Some(Acted(acted)) = use_context() {
        on_success(action, move || {
            acted.try_update(|count| *count = count.wrapping_add(1));
        });
    }
}
