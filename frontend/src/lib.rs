//! The WebAssembly client: hydrates what the server sent.

// Views are deeply nested types where nothing erases them.
#![recursion_limit = "512"]

use app::App;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
