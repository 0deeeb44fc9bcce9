//! Server functions of the overview.

use domain::{OrganisationId, overview::Overview};
use leptos::prelude::*;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

/// Returns the overview of the named company, or of the present one; `None` for the vendor's people, who belong to no
/// company.
#[server(prefix = "/fn/overview", endpoint = "overview")]
pub async fn read_overview(organisation: Option<OrganisationId>) -> Result<Option<Overview>, ApiError> {
    let context = request::context()?;
    request::reply(service::overview::overview(&context, organisation.or_else(request::company)).await)
}
