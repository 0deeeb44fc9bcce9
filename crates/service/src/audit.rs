//! The ledger as people read it: a company's own, for its administrators and the vendor; and the proof that it is whole.

use domain::{
    Failure, OrganisationId,
    access::{Membership, Permission, Place, policy},
    audit::{EventRow, LedgerCheck},
    page::{PAGE_SIZE, Page},
};

use crate::{Context, OrFail, live};

async fn place(context: &Context, organisation: Option<OrganisationId>) -> Result<Place, Failure> {
    Ok(match organisation {
        None => Place::vendor(),
        Some(id) => {
            let gate = store::rollout::find_gate(&context.services.db, id).await.or_fail("finding a gate")?;
            Place::organisation(id, gate)
        }
    })
}

/// Whose ledger somebody reads who asked for none: that of the first company where they may, or the vendor's own side.
pub fn own(context: &Context, organisation: Option<OrganisationId>) -> Option<OrganisationId> {
    if organisation.is_some() || context.actor.is_vendor() {
        return organisation;
    }
    let now = context.services.now();
    let may = |membership: &&Membership| {
        let place = Place::organisation(membership.organisation, membership.gate.clone());
        policy::authorize(&context.actor, Permission::AuditRead, &place, now).is_ok()
    };
    let memberships = &context.actor.memberships;
    // Nowhere: the refusal of the first says why.
    memberships.iter().find(may).or(memberships.first()).map(|membership| membership.organisation)
}

/// One page of what happened in a company, newest first; `None` is the vendor's own side, for the vendor only. Internal
/// events (notes of the desk) are in nobody's ledger. `before` is where another page said that it goes on; anything else
/// begins anew. Customers learn no numbers: they would tell what happens at others (T-A2).
///
/// # Errors
/// [`Failure::NotFound`] for other companies, [`Failure::Forbidden`] for members who are no administrators.
pub async fn list(
    context: &Context,
    organisation: Option<OrganisationId>,
    before: Option<&str>,
) -> Result<Page<EventRow>, Failure> {
    let granted = context.authorize(Permission::AuditRead, &place(context, organisation).await?).await?;
    let db = &context.services.db;
    if let Some(organisation) = organisation {
        store::organisations::find(db, organisation).await.or_fail("finding a company")?;
    }
    let services = &context.services;
    let before = before.and_then(|cursor| live::open(services, cursor));
    let rows = store::audit::list(db, &granted, organisation, before, PAGE_SIZE + 1).await.or_fail("listing events")?;
    let page = Page::cut(rows, PAGE_SIZE as usize, |(seq, _)| live::seal(services, *seq));
    let vendor = context.actor.is_vendor();
    let rows = page.rows.into_iter().map(|(seq, row)| EventRow { seq: vendor.then_some(seq), ..row }).collect();
    Ok(Page { rows, next: page.next })
}

/// Recomputes the whole chain: whether every event is what it was when it was written. Customers may ask too; how long it is
/// they do not learn.
///
/// # Errors
/// As [`list`]; [`Failure::TooMany`] for somebody who asks faster than a person can.
pub async fn verify(context: &Context, organisation: Option<OrganisationId>) -> Result<LedgerCheck, Failure> {
    context.authorize(Permission::AuditRead, &place(context, organisation).await?).await?;
    context.limit_writing()?;
    let db = &context.services.db;
    let broken_at = store::audit::verify(db).await.or_fail("verifying the ledger")?;
    let events = store::audit::head(db).await.or_fail("reading the head of the ledger")?;
    let vendor = context.actor.is_vendor();
    Ok(LedgerCheck {
        whole: broken_at.is_none(),
        events: vendor.then_some(events),
        broken_at: broken_at.filter(|_| vendor),
    })
}
