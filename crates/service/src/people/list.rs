//! The people of a company, as their administrators see them.

use domain::{
    Failure, OrganisationId, PersonId,
    access::{Granted, Permission, Place},
    contracts::AdminReason,
    page::Page,
    people::{
        CompanyHead, CompanyPeople, MemberRow, MembershipState, PeopleFilter, PeopleView, PersonView, ProposedAddress,
    },
    text::in_letters,
};

use super::{Company, authorize};
use crate::{Context, OrFail};

/// Every member of a company who was not removed, by name, with roles and why they hold them (R15).
///
/// # Errors
/// [`Failure::Forbidden`] for an actor who does not look after people, [`Failure::NotFound`] for another company.
pub async fn list(context: &Context, organisation: OrganisationId) -> Result<Vec<MemberRow>, Failure> {
    let company = authorize(context, Permission::PersonList, organisation).await?;
    let members = store::people::list_members(&context.services.db, &company.granted, context.services.now()).await;
    Ok(in_their_words(members.or_fail("listing members")?, &company.granted))
}

/// Hides the record numbers of the vendor from the company, to which they mean nothing (U17).
fn in_their_words(mut members: Vec<MemberRow>, granted: &Granted) -> Vec<MemberRow> {
    if !granted.is_by_vendor() {
        for reason in members.iter_mut().flat_map(|member| &mut member.roles).flat_map(|role| &mut role.reasons) {
            if let AdminReason::KnownAdmin { record } = reason {
                record.clear();
            }
        }
    }
    members
}

/// The page of people: a company and those one can switch to. Without one in the filter it is the first one that the actor
/// looks after; the vendor's people search, and one match is the answer.
///
/// # Errors
/// As [`list`]; [`Failure::Forbidden`] says whom to ask (K2).
pub async fn page(context: &Context, filter: &PeopleFilter) -> Result<PeopleView, Failure> {
    let (db, now) = (&context.services.db, context.services.now());
    let vendor = context.actor.is_vendor();
    let companies = if vendor && filter.company.is_some() {
        // It is chosen: there is a field to look for another one.
        Page::whole(Vec::new())
    } else if vendor {
        let granted = context.authorize(Permission::OrganisationReadAll, &Place::vendor()).await?;
        let listed = store::organisations::list(db, &granted, filter.search.trim(), &filter.after).await;
        listed.or_fail("listing companies")?
    } else {
        own_companies(context)
    };
    let only = match companies.rows.as_slice() {
        [(only, _)] if companies.extent.total == 1 && !filter.search.trim().is_empty() => Some(*only),
        _ => None,
    };
    let Some(organisation) = filter.company.or(only).or_else(|| first(context)) else {
        let mut staff = Vec::new();
        if let Ok(granted) = context.ask(Permission::PersonList, &Place::vendor()).await {
            staff = store::people::list_staff(&context.services.db, &granted, now).await.or_fail("listing people")?;
        }
        return Ok(PeopleView { company: None, companies, staff });
    };
    let company = authorize(context, Permission::PersonList, organisation).await?;
    let granted = &company.granted;
    let members = store::people::list_members_page(db, granted, &filter.find, &filter.after, now).await;
    let mut members = members.or_fail("listing members")?;
    members.rows = in_their_words(members.rows, &company.granted);
    let waiting =
        store::people::count_in_state(db, organisation, MembershipState::Known).await.or_fail("counting members")?;
    let admins = store::people::list_admins(db, organisation, now).await.or_fail("listing administrators")?;
    let one_admin = admins.iter().filter(|admin| admin.active).count() == 1;
    let company = head(context, company).await?;
    Ok(PeopleView {
        company: Some(CompanyPeople { company, members, waiting, one_admin }),
        companies,
        staff: Vec::new(),
    })
}

/// One person of a company; `organisation` as in [`page`].
///
/// # Errors
/// As [`page`].
pub async fn person(
    context: &Context,
    organisation: Option<OrganisationId>,
    person: PersonId,
) -> Result<PersonView, Failure> {
    let organisation = organisation.or_else(|| first(context)).ok_or(Failure::NotFound)?;
    let company = authorize(context, Permission::PersonList, organisation).await?;
    let (db, now) = (&context.services.db, context.services.now());
    let member = store::people::find_member(db, &company.granted, person, now).await.or_fail("finding a member")?;
    let member = in_their_words(member.into_iter().collect(), &company.granted).pop();
    let proposed =
        store::people::find_address_change_of(db, person, organisation).await.or_fail("finding an address")?;
    let proposed = proposed.filter(|proposed| member.is_some() && now < proposed.ends_at);
    let proposed =
        proposed.map(|proposed| ProposedAddress { email: in_letters(&proposed.email), ends_at: proposed.ends_at });
    Ok(PersonView { company: head(context, company).await?, member, proposed })
}

/// What the form to add a person needs; `None` when the vendor's people did not choose a company yet.
///
/// # Errors
/// As [`page`].
pub async fn adding(context: &Context, organisation: Option<OrganisationId>) -> Result<Option<CompanyHead>, Failure> {
    let Some(organisation) = organisation.or_else(|| first(context)) else { return Ok(None) };
    let company = authorize(context, Permission::PersonList, organisation).await?;
    head(context, company).await.map(Some)
}

async fn head(context: &Context, company: Company) -> Result<CompanyHead, Failure> {
    let organisation = company.facts.id;
    let products = store::products::list_entitled(&context.services.db, organisation).await;
    let products = products.or_fail("listing products")?;
    Ok(CompanyHead { organisation, silent: company.is_silent(), name: company.facts.name, products })
}

/// The companies whose people the actor looks after; as many as one person belongs to.
fn own_companies(context: &Context) -> Page<(OrganisationId, String)> {
    let now = context.services.now();
    let looks_after = |organisation: OrganisationId| {
        let mut grants = context.actor.grants.iter().filter(|grant| grant.organisation == Some(organisation));
        grants.any(|grant| grant.holds(Permission::PersonList, now))
    };
    let own = context.actor.memberships.iter().filter(|membership| looks_after(membership.organisation));
    Page::whole(own.map(|membership| (membership.organisation, membership.name.clone())).collect())
}

/// The company that the page is about when none is named: the first one that a customer looks after, or the first of all,
/// for the refusal to say why.
fn first(context: &Context) -> Option<OrganisationId> {
    if context.actor.is_vendor() {
        return None;
    }
    let own = own_companies(context).rows.into_iter().next().map(|(id, _)| id);
    own.or_else(|| context.actor.memberships.first().map(|membership| membership.organisation))
}
