//! Server functions of imports. The upload itself is a plain form (`server/src/files/imports.rs`).

use domain::{
    ImportId,
    imports::{ImportShelf, ImportView},
};
use leptos::prelude::*;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

#[server(prefix = "/fn/imports", endpoint = "list")]
pub async fn list_imports() -> Result<ImportShelf, ApiError> {
    let context = request::context()?;
    request::reply(service::imports::shelf(&context).await)
}

#[server(prefix = "/fn/imports", endpoint = "find")]
pub async fn find_import(id: ImportId) -> Result<ImportView, ApiError> {
    let context = request::context()?;
    request::reply(service::imports::find(&context, id).await)
}

/// `skip` leaves out refused records; without it, one of them stops the commit.
#[server(prefix = "/fn/imports", endpoint = "commit")]
pub async fn commit_import(id: ImportId, #[server(default)] skip: String) -> Result<(), ApiError> {
    let context = request::context()?;
    let strictness = match skip.as_str() {
        "yes" => service::imports::Strictness::SkipRefused,
        _ => service::imports::Strictness::AllOrNothing,
    };
    request::reply(service::imports::start_commit(&context, id, strictness).await)?;
    request::redirect(&format!("/imports/{id}"));
    Ok(())
}

#[server(prefix = "/fn/imports", endpoint = "discard")]
pub async fn discard_import(id: ImportId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::imports::discard(&context, id).await)?;
    // The same files sent again are another import.
    request::reply(service::forms::forget_answer(&context.services, &format!("/imports/{id}")).await)?;
    request::redirect("/imports");
    Ok(())
}
