//! Server functions of the overview.

use domain::{OrganisationId, overview::Overview};
use leptos::prelude::*;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

/// Of the present company when none is named. `None` for people who belong to no company: the vendor's.
#[server(prefix = "/fn/overview", endpoint = "overview")]
pub async fn read_overview(organisation: Option<OrganisationId>) -> Result<Option<Overview>, ApiError> {
    let context = request::context()?;
    request::reply(service::overview::overview(&context, organisation.or_else(request::company)).await)
}
