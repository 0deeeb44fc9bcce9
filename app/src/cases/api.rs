//! Server functions of cases.

use domain::{
    CaseId, FileId,
    cases::{CaseDetail, CaseFilter, CaseForm, CaseRow},
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

#[server(prefix = "/fn/cases", endpoint = "find")]
pub async fn find_case(id: CaseId) -> Result<CaseDetail, ApiError> {
    let context = request::context()?;
    request::reply(service::cases::detail(&context, id).await)
}

/// The companies and products a case can be opened for.
#[server(prefix = "/fn/cases", endpoint = "choices")]
pub async fn opening_choices() -> Result<Vec<OrganisationChoice>, ApiError> {
    let context = request::context()?;
    request::reply(service::cases::opening_choices(&context).await)
}

#[server(prefix = "/fn/cases", endpoint = "open_case")]
pub async fn open_case(
    form: CaseForm,
    #[server(default)] files: Vec<FileId>,
    #[server(default)] key: String,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let id = request::reply(service::cases::open(&context, &form, &files, &key).await)?;
    request::redirect(&format!("/cases/{id}"));
    Ok(())
}

/// `then` is `ask` or `propose` for agents who wait for the customer; anything else just answers.
#[server(prefix = "/fn/cases", endpoint = "reply")]
pub async fn reply_to_case(
    id: CaseId,
    text: String,
    #[server(default)] files: Vec<FileId>,
    #[server(default)] then: String,
    #[server(default)] key: String,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let then = match then.as_str() {
        "ask" => service::cases::Reply::Ask,
        "propose" => service::cases::Reply::Propose,
        _ => service::cases::Reply::Answer,
    };
    request::reply(service::cases::reply(&context, id, &text, &files, then, &key).await)
}

#[server(prefix = "/fn/cases", endpoint = "note")]
pub async fn note_on_case(id: CaseId, text: String, #[server(default)] key: String) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::cases::note(&context, id, &text, &key).await)
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
