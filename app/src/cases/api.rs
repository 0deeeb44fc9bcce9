//! Server functions of cases.

use domain::{
    CaseId, FileId,
    cases::{CaseDetail, CaseFilter, CaseForm, CaseRow, StreamPart},
    organisations::OrganisationChoice,
    page::Page,
};
#[cfg(feature = "ssr")]
use domain::{Failure, FieldError, cases::CloseReason};
use leptos::prelude::*;
use server_fn::codec::Json;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

#[server(prefix = "/fn/cases", endpoint = "list", input = Json)]
pub async fn list_cases(filter: CaseFilter) -> Result<Page<CaseRow>, ApiError> {
    let context = request::context()?;
    request::reply(service::cases::list(&context, &filter).await)
}

/// Returns a case with a part of its stream.
#[server(prefix = "/fn/cases", endpoint = "find", input = Json)]
pub async fn find_case(id: CaseId, #[server(default)] part: StreamPart) -> Result<CaseDetail, ApiError> {
    let context = request::context()?;
    request::reply(service::cases::detail_part(&context, id, part).await)
}

/// Lists the companies and products that a case can be opened for.
#[server(prefix = "/fn/cases", endpoint = "choices")]
pub async fn opening_choices() -> Result<Vec<OrganisationChoice>, ApiError> {
    let context = request::context()?;
    request::reply(service::cases::opening_choices(&context).await)
}

#[server(prefix = "/fn/cases", endpoint = "open_case")]
pub async fn open_case(form: CaseForm, #[server(default)] files: Vec<FileId>) -> Result<(), ApiError> {
    let context = request::context()?;
    let id = request::reply(service::cases::open(&context, &form, &files).await)?;
    request::redirect(&format!("/cases/{id}"));
    Ok(())
}

/// `then` is `ask` or `propose` when an agent then waits for the customer; empty only answers. `reopen` also reopens a case
/// that was closed in the meantime.
#[server(prefix = "/fn/cases", endpoint = "reply")]
pub async fn reply_to_case(
    id: CaseId,
    text: String,
    #[server(default)] files: Vec<FileId>,
    #[server(default)] then: String,
    #[server(default)] reopen: bool,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let then = match then.as_str() {
        "" => Ok(service::cases::Reply::Answer),
        "ask" => Ok(service::cases::Reply::Ask),
        "propose" => Ok(service::cases::Reply::Propose),
        _ => Err(Failure::field("then", FieldError::NotAChoice)),
    };
    let then = request::reply(then)?;
    let written = if reopen {
        service::cases::reopen_and_reply(&context, id, &text, &files, then).await
    } else {
        service::cases::reply(&context, id, &text, &files, then).await
    };
    request::reply(written)
}

#[server(prefix = "/fn/cases", endpoint = "note")]
pub async fn note_on_case(id: CaseId, text: String) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::cases::note(&context, id, &text).await)
}

#[server(prefix = "/fn/cases", endpoint = "assign")]
pub async fn assign_case(id: CaseId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::cases::assign_to_me(&context, id).await)
}

#[server(prefix = "/fn/cases", endpoint = "close")]
pub async fn close_case(id: CaseId, reason: String) -> Result<(), ApiError> {
    let context = request::context()?;
    let reason = CloseReason::parse(&reason).ok_or_else(|| Failure::field("reason", FieldError::NotAChoice));
    let reason = request::reply(reason)?;
    request::reply(service::cases::close(&context, id, reason).await)
}

#[server(prefix = "/fn/cases", endpoint = "reopen")]
pub async fn reopen_case(id: CaseId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::cases::reopen(&context, id).await)
}
