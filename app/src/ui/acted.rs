//! A page whose forms change what it shows: it counts what went well and asks again.

use leptos::prelude::*;
use server_fn::ServerFn;

use crate::ApiError;

#[derive(Clone, Copy)]
struct Acted(RwSignal<u32>);

/// The count of acts on a page, for its resources to depend on.
pub fn provide_acts() -> RwSignal<u32> {
    let acted = RwSignal::new(0);
    provide_context(Acted(acted));
    acted
}

/// Makes the page ask again each time the action went well.
pub fn refresh_on_success<S>(action: ServerAction<S>)
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let acted = use_context::<Acted>();
    Effect::new(move |_| {
        let done = action.value().with(|value| matches!(value, Some(Ok(_))));
        if let (true, Some(Acted(acted))) = (done, acted) {
            acted.update(|count| *count = count.wrapping_add(1));
        }
    });
}
