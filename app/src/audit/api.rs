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
    after: Option<String>,
) -> Result<Page<EventRow>, ApiError> {
    let context = request::context()?;
    let organisation = organisation.or_else(|| request::company_with(domain::access::Permission::AuditRead));
    let organisation = service::audit::own(&context, organisation);
    request::reply(service::audit::list(&context, organisation, after.as_deref()).await)
}

/// Returns what the last nightly check of the whole ledger found.
#[server(prefix = "/fn/audit", endpoint = "last_check", input = Json)]
pub async fn last_ledger_check(organisation: Option<OrganisationId>) -> Result<Option<LedgerCheck>, ApiError> {
    let context = request::context()?;
    let organisation = organisation.or_else(|| request::company_with(domain::access::Permission::AuditRead));
    let organisation = service::audit::own(&context, organisation);
    request::reply(service::audit::last_check(&context, organisation).await)
}
