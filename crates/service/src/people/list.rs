//! The people of a company, as those who look after them see them.

use domain::{
    Failure, OrganisationId,
    access::{Permission, Place},
    page::PAGE_SIZE,
    people::{CompanyPeople, MemberRow, PeopleView},
};

use super::authorize;
use crate::{Context, OrFail};

/// Everybody in a company who was not removed, by name, with roles and why they hold them (R15).
///
/// # Errors
/// [`Failure::Forbidden`] for those who do not look after people, [`Failure::NotFound`] for another company.
pub async fn list(context: &Context, organisation: OrganisationId) -> Result<Vec<MemberRow>, Failure> {
    let company = authorize(context, Permission::PersonList, organisation).await?;
    let members = store::people::list_members(&context.services.db, &company.granted, context.services.now()).await;
    members.or_fail("listing members")
}

/// The page of people: a company and those one can switch to. Without `asked` it is the first one that the actor looks
/// after; the vendor's people search, and one match is the answer.
///
/// # Errors
/// As [`list`]; [`Failure::Forbidden`] says whom to ask (K2).
pub async fn page(context: &Context, asked: Option<OrganisationId>, search: &str) -> Result<PeopleView, Failure> {
    let now = context.services.now();
    let looks_after = |organisation: OrganisationId| {
        let grants = context.actor.grants.iter().filter(|grant| grant.organisation == Some(organisation));
        grants.into_iter().any(|grant| grant.holds(Permission::PersonList, now))
    };
    let mut companies: Vec<(OrganisationId, String)> = context
        .actor
        .memberships
        .iter()
        .filter(|membership| looks_after(membership.organisation))
        .map(|membership| (membership.organisation, membership.name.clone()))
        .collect();
    if context.actor.is_vendor() {
        let granted = context.authorize(Permission::OrganisationReadAll, &Place::vendor()).await?;
        let search = Some(search.trim()).filter(|words| !words.is_empty());
        let rows = store::organisations::list(&context.services.db, &granted, search, None, PAGE_SIZE);
        companies.extend(rows.await.or_fail("listing companies")?.into_iter().map(|row| (row.id, row.name)));
    }
    let own = context.actor.memberships.first().map(|membership| membership.organisation);
    let first = companies.first().map(|(id, _)| *id).or(own).filter(|_| !context.actor.is_vendor());
    let only = match companies.as_slice() {
        [(only, _)] if !search.trim().is_empty() => Some(*only),
        _ => None,
    };
    let Some(organisation) = asked.or(only).or(first) else { return Ok(PeopleView { company: None, companies }) };

    let company = authorize(context, Permission::PersonList, organisation).await?;
    let db = &context.services.db;
    let members = store::people::list_members(db, &company.granted, now).await.or_fail("listing members")?;
    let products = store::products::list_entitled(db, organisation).await.or_fail("listing products")?;
    let silent = company.is_silent();
    let company = CompanyPeople { organisation, name: company.facts.name, silent, products, members };
    Ok(PeopleView { company: Some(company), companies })
}
