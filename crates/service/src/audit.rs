//! The ledger as people read it: a company's own, for its administrators and the vendor; and the nightly proof that it is
//! whole.

use domain::{
    Failure, OrganisationId,
    access::{Membership, Permission, Place, policy},
    audit::{EventRow, LedgerCheck, Reader},
    page::{Cursor, Page},
};

use store::audit::Reading;

use crate::{Change, Context, OrFail, Services, live};

async fn place(context: &Context, organisation: Option<OrganisationId>) -> Result<Place, Failure> {
    Ok(match organisation {
        None => Place::vendor(),
        Some(id) => {
            let gate = store::rollout::find_gate(&context.services.db, id).await.or_fail("finding a gate")?;
            Place::organisation(id, gate)
        }
    })
}

/// Returns the ledger that a reader gets who names none: that of the first company where they may read it, or the
/// vendor's own.
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

/// Returns one page of what happened in a company, newest first; `None` is the vendor's own side, for the vendor only.
/// Internal events (notes of the desk) are in no ledger; the vendor's reasons and its employees' names are the vendor's
/// (A2). `after` is the cursor that another page gave; anything else begins anew. Customers learn no numbers, which
/// would tell how much happens at others (T-A2).
///
/// # Errors
/// [`Failure::NotFound`] for other companies, [`Failure::Forbidden`] for members who are no administrators.
pub async fn list(
    context: &Context,
    organisation: Option<OrganisationId>,
    after: Option<&str>,
) -> Result<Page<EventRow>, Failure> {
    let granted = context.authorize(Permission::AuditRead, &place(context, organisation).await?).await?;
    let db = &context.services.db;
    if let Some(organisation) = organisation {
        store::organisations::find(db, organisation).await.or_fail("finding a company")?;
    }
    let services = &context.services;
    let cursor = Cursor::parse(after.unwrap_or_default())
        .with_key(|sealed| live::open(services, sealed).map(|seq| seq.to_string()));
    let seal = |cursor: String| {
        Cursor::parse(&cursor).with_key(|seq| Some(live::seal(services, seq.parse().ok()?))).to_string()
    };
    let vendor = context.actor.is_vendor();
    let reading =
        Reading { reader: if vendor { Reader::Vendor } else { Reader::Company }, vendor: &services.settings.vendor };
    let page = store::audit::list(db, &granted, organisation, reading, &cursor.to_string()).await;
    let page = page.or_fail("listing events")?.map(|(seq, row)| EventRow { seq: vendor.then_some(seq), ..row });
    Ok(Page { previous: page.previous.map(seal), next: page.next.map(seal), ..page })
}

/// Returns the result of the last check of the whole chain: whether every event is as it was written. Customers may ask
/// too, and do not learn how long it is. `None` before the first check.
///
/// # Errors
/// As [`list`].
pub async fn last_check(
    context: &Context,
    organisation: Option<OrganisationId>,
) -> Result<Option<LedgerCheck>, Failure> {
    context.authorize(Permission::AuditRead, &place(context, organisation).await?).await?;
    let found = store::audit::find_check(&context.services.db).await.or_fail("finding the last check")?;
    let vendor = context.actor.is_vendor();
    Ok(found.map(|check| LedgerCheck {
        events: check.events.filter(|_| vendor),
        broken_at: check.broken_at.filter(|_| vendor),
        ..check
    }))
}

/// Recomputes the whole chain and stores the result: a job of every night (A8). It takes longer the longer the ledger is, so
/// no request for a page can start it.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn check(services: &Services) -> Result<(), Failure> {
    let events = store::audit::head(&services.db).await.or_fail("reading the head of the ledger")?;
    let broken_at = store::audit::verify(&services.db).await.or_fail("verifying the ledger")?;
    if let Some(at) = broken_at {
        tracing::error!(event.seq = at, "the ledger was altered: an event is not as it was written");
    }
    let change = Change::begin_as_system(services).await?;
    let found = LedgerCheck { at: change.now, whole: broken_at.is_none(), events: Some(events), broken_at };
    store::audit::set_check(&change.tx, &found).await.or_fail("storing a check")?;
    change.commit().await
}
