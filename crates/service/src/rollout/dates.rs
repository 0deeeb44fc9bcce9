//! Moving dates: of one company, or of a whole programme (R5, J12). The events are the history.

use domain::{
    EnrolmentId, Failure, OrganisationId, ProgrammeId,
    access::{Permission, Place},
    audit::Verb,
    rollout::{Change as RolloutChange, Dates, Phase, check_dates, reason, shift_dates},
};
use jiff::civil::Date;
use serde_json::json;
use store::rollout::Enrolment;

use crate::{Change, Context, OrFail, fault};

/// Sets the four planned days of one company. Gates and refusals name the new ones from the next request on.
///
/// # Errors
/// [`Failure::Forbidden`] for an actor who runs no programmes; [`Failure::NotFound`] for a company in no programme; a field
/// error under `why`, or under the key of a phase that is missing or comes before the one ahead of it.
pub async fn move_dates(
    context: &Context,
    organisation: OrganisationId,
    dates: &[(Phase, Date)],
    why: &str,
) -> Result<(), Failure> {
    let granted = context.authorize(Permission::ProgrammeControl, &Place::vendor()).await?;
    let dates = check_dates(dates).map_err(Failure::Invalid)?;
    let reason = reason(why).map_err(|error| Failure::field("why", error))?;
    let mut change = Change::begin(context).await?;
    let found = store::rollout::find_enrolment_for_update(&change.tx, &granted, organisation).await;
    let enrolment = found.or_fail("finding an enrolment")?.ok_or(Failure::NotFound)?;
    let moved = plan(&mut change, &enrolment, dates, &reason)?;
    if !moved.is_empty() {
        store::rollout::update_dates(&change.tx, &granted, &moved).await.or_fail("moving dates")?;
        change.commit().await?;
    }
    Ok(())
}

/// Moves a programme by a number of days, with every company in it: what has begun stays where it was. Gives back how many
/// companies moved.
///
/// # Errors
/// As [`move_dates`], with the fields `days` and `reason`; one company that cannot follow stops all.
pub async fn shift_programme(context: &Context, programme: ProgrammeId, days: i32, why: &str) -> Result<u64, Failure> {
    let granted = context.authorize(Permission::ProgrammeControl, &Place::vendor()).await?;
    let reason = reason(why).map_err(|error| Failure::field("reason", error))?;
    let mut change = Change::begin(context).await?;
    store::rollout::lock_programme(&change.tx, &granted, programme).await.or_fail("waiting for others")?;
    let programme = store::rollout::find_programme(&change.tx, programme).await.or_fail("finding a programme")?;
    let today = context.today();
    let past = |phase| programme.dates.iter().any(|(dated, date)| *dated == phase && *date <= today);
    let after = shift_dates(&programme.dates, past, days).map_err(Failure::Invalid)?;
    for (phase, date) in &after {
        store::rollout::update_programme_date(&change.tx, &granted, programme.id, *phase, *date)
            .await
            .or_fail("moving a date")?;
    }
    let detail = json!({ "programme": programme.name, "before": programme.dates, "after": after, "reason": reason });
    change.event(Verb::DatesMoved, None, ("programme", programme.id), detail);

    let enrolments = store::rollout::list_enrolments(&change.tx, &granted, programme.id).await;
    let (mut companies, mut moved) = (0, Vec::new());
    for enrolment in enrolments.or_fail("listing enrolments")? {
        let begun = |phase| phase <= enrolment.phase;
        let after = shift_dates(&enrolment.dates, begun, days).map_err(Failure::Invalid)?;
        let own = plan(&mut change, &enrolment, after, &reason)?;
        companies += u64::from(!own.is_empty());
        moved.extend(own);
    }
    store::rollout::update_dates(&change.tx, &granted, &moved).await.or_fail("moving dates")?;
    change.commit().await?;
    Ok(companies)
}

/// Returns the days that differ, with their event noted; none when nothing does.
fn plan(
    change: &mut Change,
    enrolment: &Enrolment,
    after: Dates,
    reason: &str,
) -> Result<Vec<(EnrolmentId, Phase, Date)>, Failure> {
    let differs = |dated: &&(Phase, Date)| !enrolment.dates.contains(dated);
    let moved: Vec<_> = after.iter().filter(differs).map(|(phase, date)| (enrolment.id, *phase, *date)).collect();
    if moved.is_empty() {
        return Ok(moved);
    }
    let before = enrolment.dates.clone();
    let detail = RolloutChange::Dates { before, after, reason: reason.to_owned() };
    let detail = serde_json::to_value(detail).map_err(|error| fault("writing an event", &error))?;
    change.event(Verb::DatesMoved, Some(enrolment.organisation), ("enrolment", enrolment.id), detail);
    Ok(moved)
}
