//! Server functions of the ledger.

use domain::{
    OrganisationId,
    audit::{EventRow, LedgerCheck},
    page::Page,
};
use leptos::prelude::*;
use server_fn::codec::Json;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

#[server(prefix = "/fn/audit", endpoint = "list", input = Json)]
pub async fn list_events(
    organisation: Option<OrganisationId>,
    before: Option<String>,
) -> Result<Page<EventRow>, ApiError> {
    let context = request::context()?;
    let organisation = organisation.or_else(|| request::company_with(domain::access::Permission::AuditRead));
    let organisation = service::audit::own(&context, organisation);
    request::reply(service::audit::list(&context, organisation, before.as_deref()).await)
}

#[server(prefix = "/fn/audit", endpoint = "verify", input = Json)]
pub async fn verify_ledger(organisation: Option<OrganisationId>) -> Result<LedgerCheck, ApiError> {
    let context = request::context()?;
    let organisation = organisation.or_else(|| request::company_with(domain::access::Permission::AuditRead));
    let organisation = service::audit::own(&context, organisation);
    request::reply(service::audit::verify(&context, organisation).await)
}
