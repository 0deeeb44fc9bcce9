//! Server functions of calls.

use domain::{
    CallbackId, CaseId,
    calls::{CallEntrance, CallbackForm, CallbackRow, DeskWaiting, PhoneLineForm, PhoneLineSettings},
    page::Page,
};
#[cfg(feature = "ssr")]
use domain::{Failure, FieldError, calls::CallOutcome};
use leptos::prelude::*;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

#[server(prefix = "/fn/calls", endpoint = "entrance")]
pub async fn read_call_entrance(case: Option<CaseId>) -> Result<CallEntrance, ApiError> {
    let context = request::context()?;
    request::reply(service::calls::entrance(&context, case).await)
}

#[server(prefix = "/fn/calls", endpoint = "request")]
pub async fn request_callback(form: CallbackForm) -> Result<(), ApiError> {
    let context = request::context()?;
    let case = request::reply(service::calls::request(&context, &form).await)?;
    request::redirect(&format!("/cases/{case}"));
    Ok(())
}

/// Lists the calls that the desk has to make.
#[server(prefix = "/fn/calls", endpoint = "list")]
pub async fn open_callbacks(#[server(default)] after: String) -> Result<Page<CallbackRow>, ApiError> {
    let context = request::context()?;
    request::reply(service::calls::list_open(&context, &after).await)
}

/// Counts the chats and calls that wait for the desk.
#[server(prefix = "/fn/calls", endpoint = "waiting")]
pub async fn count_waiting() -> Result<DeskWaiting, ApiError> {
    let context = request::context()?;
    request::reply(service::calls::waiting(&context).await)
}

#[server(prefix = "/fn/calls", endpoint = "log")]
pub async fn log_call(
    id: CallbackId,
    #[server(default)] outcome: String,
    #[server(default)] note: String,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let outcome = CallOutcome::parse(&outcome).ok_or_else(|| Failure::field("outcome", FieldError::Required));
    let outcome = request::reply(outcome)?;
    request::reply(service::calls::log(&context, id, outcome, &note).await.map(|_| ()))
}

/// Lists the phone lines for the operator.
#[server(prefix = "/fn/calls", endpoint = "line_settings")]
pub async fn read_line_settings() -> Result<PhoneLineSettings, ApiError> {
    let context = request::context()?;
    request::reply(service::calls::line_settings(&context).await)
}

#[server(prefix = "/fn/calls", endpoint = "save_line")]
pub async fn save_phone_line(form: PhoneLineForm) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::calls::save_line(&context, &form).await)
}

/// `id` is the region.
#[server(prefix = "/fn/calls", endpoint = "remove_line")]
pub async fn remove_phone_line(id: String) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::calls::remove_line(&context, &id).await)
}
