//! Server functions of drafts. Forms call them from the browser; without JavaScript the server keeps the fields of a form
//! that it refuses.

use leptos::prelude::*;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

/// Keeps what was typed into `form` (the path of its function, `#`, and what it is about); `fields` is encoded as browsers
/// encode forms. An empty one deletes the draft.
#[server(prefix = "/fn/drafts", endpoint = "keep")]
pub async fn keep_draft(form: String, #[server(default)] fields: String) -> Result<(), ApiError> {
    let context = request::context()?;
    let kept = service::forms::keep_own(&context, &form, &fields).await;
    request::reply(kept)
}

/// Returns what the reader typed into `form` before, as browsers encode forms; empty without a draft.
#[server(prefix = "/fn/drafts", endpoint = "find")]
pub async fn find_draft(form: String) -> Result<String, ApiError> {
    let context = request::context()?;
    let draft = request::reply(service::forms::draft(&context.services, context.actor.person, &form).await)?;
    Ok(draft.map(|draft| draft.fields).unwrap_or_default())
}

/// Leads back to the page of a form that a browser without scripts sent here to be kept: the middleware has kept it
/// (`server/src/middleware/forms.rs`).
#[server(prefix = "/fn/drafts", endpoint = "save")]
pub async fn save_draft() -> Result<(), ApiError> {
    request::context()?;
    request::redirect(&request::came_from_with("done=kept"));
    Ok(())
}
