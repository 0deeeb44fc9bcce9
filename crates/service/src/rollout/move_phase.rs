//! Moving a company from one phase to another: forward, over several, and back (J11, J13).

use domain::{
    Failure, FieldError, OrganisationId,
    access::{Permission, Place},
    audit::Verb,
    rollout::{Change as RolloutChange, Moved, Phase, PhaseMove, decide_move, reason},
    text::fold,
};

use crate::{Change, Context, OrFail, fault, people};

/// Moves a company; what its new phase opens and closes holds from the next request on. Leaving DRAFT invites every person
/// known: from then on people may be told (R25).
///
/// # Errors
/// [`Failure::Forbidden`] for an actor who runs no programmes; [`Failure::NotFound`] for a company in no programme; a field
/// error under `reason`, or under `name` for a launched company ([`set_back`]); a conflict when there is no such way, or
/// no member could administer the company after its launch.
pub async fn move_phase(
    context: &Context,
    organisation: OrganisationId,
    to: Phase,
    why: &str,
    override_guard: bool,
) -> Result<Moved, Failure> {
    move_to(context, organisation, to, why, override_guard, "").await
}

/// Sets a launched company back (J13): what opened with the launch closes immediately, except the history, replies and what
/// is running. The actor types the name of the company, so that no slip closes a company's support (D2).
///
/// # Errors
/// As [`move_phase`]; a field error under `name` when it is not the company's.
pub async fn set_back(
    context: &Context,
    organisation: OrganisationId,
    to: Phase,
    why: &str,
    name: &str,
) -> Result<Moved, Failure> {
    move_to(context, organisation, to, why, false, name).await
}

async fn move_to(
    context: &Context,
    organisation: OrganisationId,
    to: Phase,
    why: &str,
    override_guard: bool,
    name: &str,
) -> Result<Moved, Failure> {
    let granted = context.authorize(Permission::ProgrammeControl, &Place::vendor()).await?;
    let reason = reason(why).map_err(|error| Failure::field("reason", error))?;
    let mut change = Change::begin(context).await?;
    // Decided on rows that are held meanwhile (B8): the company's place, and who administers it.
    let found = store::rollout::find_enrolment_for_update(&change.tx, &granted, organisation).await;
    let enrolment = found.or_fail("finding an enrolment")?.ok_or(Failure::NotFound)?;
    store::people::lock_admins(&change.tx, organisation).await.or_fail("waiting for others")?;
    let admins = store::people::list_admins(&change.tx, organisation, change.now).await.or_fail("listing admins")?;
    let activated_admins = admins.iter().filter(|admin| admin.active).count() as u64;
    let planned = PhaseMove { from: enrolment.phase, to, activated_admins, override_guard };
    let to = decide_move(planned)?;
    if enrolment.phase == Phase::Launch {
        let company = store::organisations::find(&change.tx, organisation).await.or_fail("finding a company")?;
        // As it reads: a page shows two blanks as one.
        let words = |text: &str| fold(text).split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        let same = words(name) == words(&company.name);
        let error = if name.trim().is_empty() { FieldError::Required } else { FieldError::NotTheName };
        if !same {
            return Err(Failure::field("name", error));
        }
    }
    // The guard was passed over only where it would have refused.
    let overridden = override_guard && decide_move(PhaseMove { override_guard: false, ..planned }).is_err();

    store::rollout::update_phase(&change.tx, &granted, enrolment.id, to, change.now).await.or_fail("moving")?;
    let invited = if enrolment.phase == Phase::Draft {
        people::invite_known(&mut change, &context.services, organisation).await?
    } else {
        0
    };
    let detail = RolloutChange::Phase { before: enrolment.phase, after: to, reason, overridden, invited };
    let detail = serde_json::to_value(detail).map_err(|error| fault("writing an event", &error))?;
    change.event(Verb::PhaseMoved, Some(organisation), ("enrolment", enrolment.id), detail);
    change.commit().await?;
    Ok(Moved { before: enrolment.phase, after: to, invited })
}
