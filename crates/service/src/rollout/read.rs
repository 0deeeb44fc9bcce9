//! What each side sees of the rollout.

use domain::{
    Failure, OrganisationId, ProgrammeId,
    access::{Permission, Place},
    people::MembershipState,
    rollout::{
        BoardFilter, Change, CompanyRollout, ProgrammeSummary, RolloutBoard, RolloutChange, Timeline, TimelineStep,
    },
    text::in_letters,
};

use crate::{Context, OrFail};

/// # Errors
/// [`Failure::Forbidden`] for an actor who does not see the rollout.
pub async fn programmes(context: &Context) -> Result<Vec<ProgrammeSummary>, Failure> {
    context.authorize(Permission::ProgrammeRead, &Place::vendor()).await?;
    store::rollout::list_programmes(&context.services.db).await.or_fail("listing programmes")
}

/// Returns one page of a programme's companies against phases, and the funnel of all of them (domain.md 3.4).
///
/// # Errors
/// [`Failure::Forbidden`], [`Failure::NotFound`]
pub async fn board(context: &Context, programme: ProgrammeId, filter: &BoardFilter) -> Result<RolloutBoard, Failure> {
    let granted = context.authorize(Permission::ProgrammeRead, &Place::vendor()).await?;
    let (db, now) = (&context.services.db, context.services.now());
    let programme = store::rollout::find_programme(db, programme).await.or_fail("finding a programme")?;
    store::rollout::find_board(db, &granted, programme, filter, now).await.or_fail("reading the board")
}

/// R22: what a company has to expect, and where it stands; for every active member, whatever the phase, and for the
/// vendor's side, who sees what the customer sees. `None` when it is in no programme: everything is open.
///
/// # Errors
/// [`Failure::NotFound`] for any other actor.
pub async fn timeline(context: &Context, organisation: OrganisationId) -> Result<Option<Timeline>, Failure> {
    if context.actor.membership(organisation).is_none() {
        let vendor = context.authorize(Permission::ProgrammeRead, &Place::vendor()).await;
        vendor.map_err(|_| Failure::NotFound)?;
    }
    let today = context.today();
    let (db, now) = (&context.services.db, context.services.now());
    let company = store::organisations::find(db, organisation).await.or_fail("finding a company")?;
    let found = store::rollout::find_enrolment(db, organisation).await.or_fail("finding an enrolment")?;
    let Some(enrolment) = found else { return Ok(None) };
    let programme = store::rollout::find_programme(db, enrolment.programme).await.or_fail("finding a programme")?;
    let changes = store::rollout::list_changes(db, organisation).await.or_fail("reading the history")?;
    // The customer learns that a day moved, from when to when; who moved it and why is the vendor's to tell.
    let moves = changes
        .into_iter()
        .filter_map(|change| match change.change {
            Change::Dates { before, after, .. } => {
                let change_shown = Change::Dates { before, after, reason: String::new() };
                Some(RolloutChange { at: change.at, actor: None, change: change_shown })
            }
            Change::Phase { .. } | Change::Enrolled { .. } => None,
        })
        .collect();
    Ok(Some(Timeline {
        organisation,
        organisation_name: company.name,
        programme: programme.name,
        phase: enrolment.phase,
        contact: in_letters(&programme.contact),
        administrators: store::people::list_contacts(db, organisation, now).await.or_fail("listing administrators")?,
        today,
        steps: TimelineStep::all(enrolment.phase, &enrolment.dates, today),
        moves,
    }))
}

/// Returns the timeline of the reader's own company: the one asked for, or the first they belong to.
///
/// # Errors
/// As [`timeline`]; [`Failure::NotFound`] for people of no company.
pub async fn own_timeline(
    context: &Context,
    organisation: Option<OrganisationId>,
) -> Result<Option<Timeline>, Failure> {
    let first = context.actor.memberships.first().map(|membership| membership.organisation);
    timeline(context, organisation.or(first).ok_or(Failure::NotFound)?).await
}

/// Returns one company as the vendor works on it: what the customer sees, what the guard would say, the history.
///
/// # Errors
/// As [`history`]; [`Failure::NotFound`] for a company in no programme.
pub async fn company(context: &Context, organisation: OrganisationId) -> Result<CompanyRollout, Failure> {
    let history = history(context, organisation).await?;
    let timeline = timeline(context, organisation).await?.ok_or(Failure::NotFound)?;
    let admins = store::people::list_admins(&context.services.db, organisation, context.services.now()).await;
    let activated_admins = admins.or_fail("listing admins")?.iter().filter(|admin| admin.active).count() as u64;
    let db = &context.services.db;
    let count = |state| store::people::count_in_state(db, organisation, state);
    let waiting = count(MembershipState::Known).await.or_fail("counting members")?;
    let active = count(MembershipState::Active).await.or_fail("counting members")?;
    let enrolment = store::rollout::find_enrolment(db, organisation).await.or_fail("finding an enrolment")?;
    let dates = enrolment.ok_or(Failure::NotFound)?.dates;
    Ok(CompanyRollout { timeline, activated_admins, waiting, active, dates, history })
}

/// Returns every move of a company, of phases and dates, with who and why, newest first.
///
/// # Errors
/// [`Failure::Forbidden`] for an actor who does not see the rollout, [`Failure::NotFound`].
pub async fn history(context: &Context, organisation: OrganisationId) -> Result<Vec<RolloutChange>, Failure> {
    context.authorize(Permission::ProgrammeRead, &Place::vendor()).await?;
    let db = &context.services.db;
    store::organisations::find(db, organisation).await.or_fail("finding a company")?;
    store::rollout::list_changes(db, organisation).await.or_fail("reading the history")
}
