//! Reading cases: lists, one case, what its reader may do.

use domain::{
    CaseId, Failure, OrganisationId,
    access::{CaseVisibility, Permission, Place, policy},
    cases::{CaseDetail, CaseFilter, CaseNumber, CaseRow, StreamPart, check_reopen},
    failure::Denial,
    page::Page,
};

use crate::{Context, OrFail};

/// Returns one page of the cases within sight, of one company when the filter names it.
///
/// # Errors
/// [`Failure::Forbidden`] when the actor sees no case at all there: with the opening date before launch (R26).
/// [`Failure::NotFound`] for a company that is not the actor's.
pub async fn list(context: &Context, filter: &CaseFilter) -> Result<Page<CaseRow>, Failure> {
    let organisation = match filter.organisation.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Failure::NotFound)?),
    };
    let visibility = visibility(context, organisation);
    if visibility.scopes().is_empty() {
        refuse(context, organisation).await?;
    }
    let number = CaseNumber::find_in(&context.services.settings.case_prefix, &filter.search);
    let listed = store::cases::list(&context.services.db, &visibility, filter, context.actor.person, number.as_ref());
    listed.await.or_fail("listing cases")
}

fn visibility(context: &Context, organisation: Option<OrganisationId>) -> CaseVisibility {
    let all = context.visibility();
    organisation.map_or_else(|| all.clone(), |organisation| all.within(organisation))
}

/// Says why no case is in sight.
async fn refuse(context: &Context, organisation: Option<OrganisationId>) -> Result<(), Failure> {
    if let Some(organisation) = organisation {
        let gate = store::rollout::find_gate(&context.services.db, organisation).await.or_fail("finding a gate")?;
        let place = Place::organisation(organisation, gate);
        return context.ask(Permission::CaseRead, &place).await.map(|_| ());
    }
    for membership in &context.actor.memberships {
        let place = Place::organisation(membership.organisation, membership.gate.clone());
        context.ask(Permission::CaseRead, &place).await?;
    }
    context.ask(Permission::CaseRead, &Place::vendor()).await.map(|_| ())
}

/// Returns how many open cases of a company are in sight, P1 first.
///
/// # Errors
/// When the database cannot be asked.
pub async fn count_open(context: &Context, organisation: OrganisationId) -> Result<[u64; 4], Failure> {
    let visibility = visibility(context, Some(organisation));
    store::cases::count_open(&context.services.db, &visibility).await.or_fail("counting cases")
}

/// Returns a case with the last entries of its stream and what the reader may do with it.
///
/// # Errors
/// [`Failure::NotFound`] also when it may not be seen (invariant 7).
pub async fn detail(context: &Context, id: CaseId) -> Result<CaseDetail, Failure> {
    detail_part(context, id, StreamPart::Last).await
}

/// Returns a case as [`detail`] does, with another part of its stream.
///
/// # Errors
/// As [`detail`].
pub async fn detail_part(context: &Context, id: CaseId, part: StreamPart) -> Result<CaseDetail, Failure> {
    let visibility = context.visibility();
    // Head, stream and gate are of one moment (C18).
    let moment = context.services.db.snapshot().await.or_fail("reading a case")?;
    let mut case = store::cases::find_detail(&moment, &visibility, id, part).await.or_fail("reading a case")?;
    let head = store::cases::find(&moment, &visibility, id).await.or_fail("reading a case")?;
    let gate = store::rollout::find_gate(&moment, head.facts.organisation).await.or_fail("finding a gate")?;
    drop(moment);
    let place = Place::product(head.facts.organisation, head.facts.product, gate);
    let now = context.services.now();
    let may = |permission| policy::authorize(&context.actor, permission, &place, now).is_ok();
    let reply = policy::authorize(&context.actor, Permission::CaseReply, &place, now);
    case.may_reply = reply.is_ok();
    case.not_open = match reply {
        Err(Failure::Forbidden(denial @ Denial::NotOpenYet { .. })) => Some(denial),
        _ => None,
    };
    case.may_close = may(Permission::CaseClose);
    case.may_reopen = case.may_close && check_reopen(head.closing, now).is_ok();
    case.may_call = head.status.is_open() && may(Permission::CallRequest);
    case.may_work = may(Permission::CaseWork);
    case.may_take = case.may_work && head.status.is_open() && head.agent != Some(context.actor.person);
    Ok(case)
}

/// Where an old number, or an old id, leads (K21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legacy {
    Case(CaseId),
    /// Two systems counted alike: the list shows them.
    Several,
}

/// # Errors
/// [`Failure::NotFound`] also when it may not be seen.
pub async fn find_by_legacy(context: &Context, reference: &str) -> Result<Legacy, Failure> {
    let visibility = context.visibility();
    let found = store::cases::find_by_legacy(&context.services.db, &visibility, reference);
    match found.await.or_fail("finding an old number")?.as_slice() {
        [] => Err(Failure::NotFound),
        [one] => Ok(Legacy::Case(*one)),
        _ => Ok(Legacy::Several),
    }
}
