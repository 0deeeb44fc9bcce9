//! The ledger as people read it: a company's own, for its administrators and the vendor; and the proof that it is whole.

use domain::{
    Failure, OrganisationId,
    access::{Membership, Permission, Place, policy},
    audit::{EventRow, LedgerCheck},
    page::{PAGE_SIZE, Page},
};

use crate::{Context, OrFail};

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
/// events (notes of the desk) are in nobody's ledger.
///
/// # Errors
/// [`Failure::NotFound`] for other companies, [`Failure::Forbidden`] for members who are no administrators.
pub async fn list(
    context: &Context,
    organisation: Option<OrganisationId>,
    before: Option<i64>,
) -> Result<Page<EventRow>, Failure> {
    let granted = context.authorize(Permission::AuditRead, &place(context, organisation).await?).await?;
    let db = &context.services.db;
    if let Some(organisation) = organisation {
        store::organisations::find(db, organisation).await.or_fail("finding a company")?;
    }
    let rows = store::audit::list(db, &granted, organisation, before, PAGE_SIZE + 1).await.or_fail("listing events")?;
    Ok(Page::cut(rows, PAGE_SIZE as usize, |row| row.seq.to_string()))
}

/// Recomputes the whole chain: whether every event is what it was when it was written. Customers may ask too: the answer
/// tells them nothing of others.
///
/// # Errors
/// As [`list`]; [`Failure::TooMany`] for somebody who asks faster than a person can.
pub async fn verify(context: &Context, organisation: Option<OrganisationId>) -> Result<LedgerCheck, Failure> {
    context.authorize(Permission::AuditRead, &place(context, organisation).await?).await?;
    context.limit_writing()?;
    let db = &context.services.db;
    let broken_at = store::audit::verify(db).await.or_fail("verifying the ledger")?;
    let events = store::audit::head(db).await.or_fail("reading the head of the ledger")?;
    Ok(LedgerCheck { events, broken_at })
}
