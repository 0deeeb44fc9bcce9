//! Server functions of drafts. Forms call them from the browser; without JavaScript the server keeps what it refuses.

use leptos::prelude::*;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

/// Keeps what was typed into `form` (the path of its function, `#`, and what it is about); `fields` as browsers encode
/// forms. Nothing typed is no draft.
#[server(prefix = "/fn/drafts", endpoint = "keep")]
pub async fn keep_draft(form: String, #[server(default)] fields: String) -> Result<(), ApiError> {
    let context = request::context()?;
    let kept = service::forms::keep_own(&context, &form, &fields).await;
    request::reply(kept)
}

/// What the reader typed into `form` before, as browsers encode forms; empty when there is nothing.
#[server(prefix = "/fn/drafts", endpoint = "find")]
pub async fn find_draft(form: String) -> Result<String, ApiError> {
    let context = request::context()?;
    let draft = request::reply(service::forms::draft(&context.services, context.actor.person, &form).await)?;
    Ok(draft.map(|draft| draft.fields).unwrap_or_default())
}
