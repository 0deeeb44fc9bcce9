//! Inviting people (M4, R25): one by one when they are added, all of a company when SETUP starts (R23, R24).

use domain::{
    Failure, OrganisationId, PersonId,
    access::{Permission, policy},
    audit::Verb,
    failure::Conflict,
    mail::MailKind,
    people::{MembershipState, invitation_ends, pause_left},
    rollout::{Capability, Gate},
};
use serde_json::json;
use store::{
    organisations::OrganisationFacts,
    people::{Invitation, PersonFacts},
};

use super::{authorize, by, launch, member, move_member};
use crate::{Change, Context, OrFail, Services, change::Mail};

/// Invites one person, in the caller's transaction: a fresh link by mail; links sent before end. The caller notes the
/// event. `from` is where they stand; `by` is who added them, `None` when they come from the vendor's records.
///
/// # Errors
/// [`Conflict::StatusChange`] when they accepted, or were removed, meanwhile.
pub(super) async fn invite(
    change: &mut Change,
    services: &Services,
    organisation: &OrganisationFacts,
    gate: &Gate,
    person: &PersonFacts,
    from: MembershipState,
    by: Option<&str>,
) -> Result<Invitation, Failure> {
    // First: whoever moves the same member at this moment waits, and then finds it moved.
    move_member(change, person.id, organisation.id, (from, MembershipState::Invited)).await?;
    let ends = invitation_ends(change.now);
    let invitation =
        store::people::upsert_invitation(&change.tx, services.id(), person.id, organisation.id, change.now, ends)
            .await
            .or_fail("making an invitation")?;
    let standing = store::people::list_roles(&change.tx, person.id, organisation.id, change.now).await;
    let standing = standing.or_fail("listing roles")?;
    let (mut roles, mut reasons) = (Vec::new(), Vec::new());
    for (role, why) in standing {
        if !roles.contains(&role) {
            roles.push(role);
        }
        reasons.extend(why);
    }
    let (before_launch, launch_on) = launch(gate);
    change
        .mail(Mail {
            kind: MailKind::Invitation,
            key: format!("{}:{}", invitation.id, invitation.version),
            person: Some(person.id),
            recipient: &person.email,
            locale: person.locale,
            params: json!({
                "name": person.name,
                "organisation": organisation.name,
                "roles": roles,
                "reasons": reasons,
                "by": by,
                "invitation": invitation.id,
                "invitation_version": invitation.version,
                "ends_at": ends,
                "before_launch": before_launch,
                "launch_on": launch_on,
            }),
            case: None,
        })
        .await?;
    Ok(invitation)
}

/// Invites everybody in a company who was not told yet, in the transaction that starts SETUP; a second run finds nobody.
/// Gives back how many were invited.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn invite_known(
    change: &mut Change,
    services: &Services,
    organisation: OrganisationId,
) -> Result<u64, Failure> {
    let company = store::organisations::find(&change.tx, organisation).await.or_fail("finding a company")?;
    let gate = store::rollout::find_gate(&change.tx, organisation).await.or_fail("finding a gate")?;
    let known = MembershipState::Known;
    let people = store::people::list_in_state(&change.tx, organisation, known).await.or_fail("listing members")?;
    for person in &people {
        let invitation = invite(change, services, &company, &gate, person, known, None).await?;
        let detail = json!({ "version": invitation.version });
        change.event(Verb::InvitationSent, Some(organisation), ("person", person.id), detail);
    }
    Ok(people.len() as u64)
}

/// Invites everybody in a company who was not told yet: those who were imported after its SETUP. A second run finds nobody.
/// Gives back how many were invited.
///
/// # Errors
/// [`Failure::Forbidden`] without a role or while the company is in DRAFT, [`Failure::NotFound`] for another company.
pub async fn invite_waiting(context: &Context, organisation: OrganisationId) -> Result<u64, Failure> {
    let company = authorize(context, Permission::PersonCreate, organisation).await?;
    policy::check_gate(&company.gate, Capability::PeopleAdmin)?;
    context.limit_writing()?;
    let mut change = Change::begin(context).await?;
    let invited = invite_known(&mut change, &context.services, organisation).await?;
    change.commit().await?;
    Ok(invited)
}

/// Sends the invitation again (K3): a new link, the older ones end.
///
/// # Errors
/// [`Conflict::InvitationAccepted`] for somebody who came in already, [`Failure::TooMany`] within ten minutes of the last one, [`Failure::Forbidden`] while the company is in DRAFT,
/// [`Failure::NotFound`] for somebody who is no member.
pub async fn resend_invitation(
    context: &Context,
    organisation: OrganisationId,
    person: PersonId,
) -> Result<(), Failure> {
    let company = authorize(context, Permission::PersonCreate, organisation).await?;
    // The vendor prepares companies in DRAFT, but tells nobody.
    policy::check_gate(&company.gate, Capability::PeopleAdmin)?;
    context.limit_writing()?;
    let mut change = Change::begin(context).await?;
    let (facts, membership) = member(&change, person, organisation).await?;
    if membership.state == MembershipState::Active {
        return Err(Failure::Conflict(Conflict::InvitationAccepted));
    }
    if let Some(left) = pause_left(membership.invited_at, change.now) {
        let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
        return Err(Failure::TooMany { retry_after_seconds: seconds.max(1) });
    }
    let (services, from) = (&context.services, membership.state);
    let invitation =
        invite(&mut change, services, &company.facts, &company.gate, &facts, from, Some(by(context))).await?;
    let detail = json!({ "version": invitation.version });
    change.event(Verb::InvitationSent, Some(organisation), ("person", person), detail);
    change.commit().await
}
