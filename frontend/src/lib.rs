//! The WebAssembly client: hydrates what the server sent.

// Views are deeply nested types where nothing erases them.
#![recursion_limit = "512"]

use app::App;
use leptos::{mount::hydrate_from_async, prelude::*, tachys::dom::body, task::tick};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    // The page may be in a chunk that is still loading.
    hydrate_from_async(body(), App).await.forget();
    tick().await;
    // What works only with JavaScript is shown from here on. Tests wait for this mark, because earlier clicks would be lost.
    if let Some(html) = document().document_element() {
        let _ = html.set_attribute("data-hydrated", "");
    }
}
