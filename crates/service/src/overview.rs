//! The first page of a customer (R11, R21): three doors side by side, and what is going on.

use domain::{
    Failure, OrganisationId,
    access::{Membership, Permission, Place},
    cases::CaseFilter,
    overview::{Door, Overview, RolloutStanding},
    rollout::TimelineStep,
};
use jiff::civil::Date;

use crate::{Context, announcements, calls, cases, chat};

/// How many of the latest cases are shown.
const LATEST: usize = 5;

/// Returns the overview of one company of the actor, the first one when none is named. `None` for people who belong to
/// no company: the vendor's.
///
/// # Errors
/// [`Failure::NotFound`] for a company that is not the actor's.
pub async fn overview(context: &Context, organisation: Option<OrganisationId>) -> Result<Option<Overview>, Failure> {
    let actor = &context.actor;
    let membership = match organisation {
        Some(organisation) => actor.membership(organisation).ok_or(Failure::NotFound)?,
        None => match actor.memberships.first() {
            Some(first) => first,
            None => return Ok(None),
        },
    };
    let organisation = membership.organisation;
    let place = Place::organisation(organisation, membership.gate.clone());

    let case = door(context.ask(Permission::CaseOpen, &place).await.map(|_| ()))?;
    let chat = match door(context.ask(Permission::ChatStart, &place).await)? {
        Door::Open(_) => Door::Open(chat::hours(&context.services, organisation).await?),
        Door::Closed(denial) => Door::Closed(denial),
    };
    let call = door(calls::lines(context, organisation).await)?;
    let within = CaseFilter { organisation: organisation.to_string(), ..CaseFilter::default() };
    let latest = cases::list(context, &within).await.map(|page| page.rows);
    let (open_cases, latest) = match door(latest)? {
        Door::Open(rows) => {
            (Door::Open(cases::count_open(context, organisation).await?), rows.into_iter().take(LATEST).collect())
        }
        Door::Closed(denial) => (Door::Closed(denial), Vec::new()),
    };
    let calls = calls::mine(context).await?;
    Ok(Some(Overview {
        name: actor.name.clone(),
        organisation,
        organisation_name: membership.name.clone(),
        several: actor.memberships.len() > 1,
        case,
        chat,
        // One person has one chat, whichever company it is for: it has to be found again from everywhere (K19).
        live_chat: chat::current(context).await?,
        call,
        calls: calls.into_iter().filter(|call| call.organisation_id == organisation).collect(),
        open_cases,
        latest,
        rollout: standing(membership, context.today()),
        news: announcements::latest(context).await?,
    }))
}

/// Turns a refusal into something to show; other failures stay failures.
fn door<T>(result: Result<T, Failure>) -> Result<Door<T>, Failure> {
    match result {
        Ok(inside) => Ok(Door::Open(inside)),
        Err(Failure::Forbidden(denial)) => Ok(Door::Closed(denial)),
        Err(failure) => Err(failure),
    }
}

fn standing(membership: &Membership, today: Date) -> Option<RolloutStanding> {
    let phase = membership.gate.phase()?;
    Some(RolloutStanding { phase, steps: TimelineStep::all(phase, membership.gate.dates(), today) })
}
