//! Server functions of the rollout.

use domain::{
    OrganisationId, ProgrammeId,
    rollout::{
        BoardFilter, CompanyRollout, DatesForm, ProgrammeForm, ProgrammeSummary, ProgrammeTools, RolloutBoard, Timeline,
    },
};
use leptos::prelude::*;
use server_fn::codec::Json;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

#[server(prefix = "/fn/rollout", endpoint = "timeline", input = Json)]
pub async fn find_timeline(organisation: Option<OrganisationId>) -> Result<Option<Timeline>, ApiError> {
    let context = request::context()?;
    request::reply(service::rollout::own_timeline(&context, organisation.or_else(request::company)).await)
}

#[server(prefix = "/fn/rollout", endpoint = "programmes")]
pub async fn list_programmes() -> Result<Vec<ProgrammeSummary>, ApiError> {
    let context = request::context()?;
    request::reply(service::rollout::programmes(&context).await)
}

#[server(prefix = "/fn/rollout", endpoint = "board", input = Json)]
pub async fn find_board(programme: ProgrammeId, filter: BoardFilter) -> Result<RolloutBoard, ApiError> {
    let context = request::context()?;
    request::reply(service::rollout::board(&context, programme, &filter).await)
}

#[server(prefix = "/fn/rollout", endpoint = "company")]
pub async fn find_company(organisation: OrganisationId) -> Result<CompanyRollout, ApiError> {
    let context = request::context()?;
    request::reply(service::rollout::company(&context, organisation).await)
}

#[server(prefix = "/fn/rollout", endpoint = "move_phase")]
pub async fn move_company(
    organisation: OrganisationId,
    #[server(default)] to: String,
    #[server(default)] reason: String,
    #[server(default)] override_guard: bool,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let to = request::reply(
        domain::rollout::Phase::parse(&to).ok_or_else(|| domain::Failure::field("to", domain::FieldError::Required)),
    )?;
    request::reply(service::rollout::move_phase(&context, organisation, to, &reason, override_guard).await.map(|_| ()))
}

/// Sets a company back to an earlier step; for a launched one its name has to be typed.
#[server(prefix = "/fn/rollout", endpoint = "set_back")]
pub async fn set_company_back(
    organisation: OrganisationId,
    #[server(default)] to: String,
    #[server(default)] reason: String,
    #[server(default)] name: String,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let to = request::reply(
        domain::rollout::Phase::parse(&to).ok_or_else(|| domain::Failure::field("to", domain::FieldError::Required)),
    )?;
    request::reply(service::rollout::set_back(&context, organisation, to, &reason, &name).await.map(|_| ()))
}

#[server(prefix = "/fn/rollout", endpoint = "move_dates")]
pub async fn move_company_dates(
    organisation: OrganisationId,
    form: DatesForm,
    #[server(default)] why: String,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let dates = request::reply(form.parse().map_err(domain::Failure::Invalid))?;
    request::reply(service::rollout::move_dates(&context, organisation, &dates, &why).await)
}

#[server(prefix = "/fn/rollout", endpoint = "shift")]
pub async fn shift_programme(
    programme: ProgrammeId,
    #[server(default)] days: String,
    #[server(default)] reason: String,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let days =
        request::reply(days.trim().parse().map_err(|_| domain::Failure::field("days", domain::FieldError::Required)))?;
    request::reply(service::rollout::shift_programme(&context, programme, days, &reason).await.map(|_| ()))
}

/// Returns what the forms of the board need, with the companies whose name contains `search`; `None` for readers who may not
/// change anything.
#[server(prefix = "/fn/rollout", endpoint = "tools")]
pub async fn find_tools(#[server(default)] search: String) -> Result<Option<ProgrammeTools>, ApiError> {
    let context = request::context()?;
    match service::rollout::tools(&context, &search).await {
        Err(domain::Failure::Forbidden(_)) => Ok(None),
        found => request::reply(found).map(Some),
    }
}

#[server(prefix = "/fn/rollout", endpoint = "create_programme")]
pub async fn create_programme(form: ProgrammeForm) -> Result<(), ApiError> {
    let context = request::context()?;
    let programme = request::reply(service::rollout::create_programme(&context, &form).await)?;
    request::redirect(&format!("/rollout?programme={programme}"));
    Ok(())
}

#[server(prefix = "/fn/rollout", endpoint = "enrol")]
pub async fn enrol_companies(
    programme: ProgrammeId,
    #[server(default)] companies: Vec<OrganisationId>,
) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::rollout::enrol(&context, programme, &companies).await.map(|_| ()))
}
