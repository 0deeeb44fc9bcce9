//! Inviting people (M4, R25): one by one when they are added, all of a company when SETUP starts (R23, R24).

use domain::{
    Failure, OrganisationId, PersonId, RequestId,
    access::{Permission, policy},
    audit::Verb,
    failure::Conflict,
    mail::MailKind,
    people::{MembershipState, invitation_ends, invitation_wait},
    rollout::{Capability, Gate},
};
use jiff::SignedDuration;
use serde_json::json;
use store::{
    organisations::OrganisationFacts,
    people::{Invitation, PersonFacts},
};

use super::{appeared::tell_of_admins, authorize, by, is_silent, launch, member, move_member};
use crate::{Change, Context, OrFail, Services, change::Mail};

/// How long an invitation counts for its address.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The outcome of an invitation.
pub(super) enum Invited {
    /// It is on its way.
    Sent(Invitation),
    /// The address has had its share of invitations (F3). Nothing was changed; one can be sent after this time.
    Wait(SignedDuration),
}

/// Invites one person, in the caller's transaction: a fresh link by mail; links sent before end. The caller notes the
/// event. `from` is where they stand; `by` is who added them, `None` when they come from the vendor's records.
///
/// Every door leads through here, so that the limits of an address hold for all of them together (F3).
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
) -> Result<Invited, Failure> {
    // First: two companies that invite the same address at the same moment count each other's.
    store::people::lock(&change.tx, person.id).await.or_fail("waiting for others")?;
    if let Some(left) = share(change, services, &person.email.to_lowercase(), organisation.id).await? {
        return Ok(Invited::Wait(left));
    }
    // Another change that moves the same member at this moment waits, and then finds it moved.
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
    let (before_launch, launch_on) = launch(gate, change.now);
    change
        .mail(Mail {
            kind: MailKind::Invitation,
            key: format!("{}:{}", invitation.id, invitation.version),
            person: person.id,
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
            organisation: Some(organisation.id),
        })
        .await?;
    Ok(Invited::Sent(invitation))
}

/// Counts a mail that a company asks an address to answer by a link, in the caller's transaction; or says how long the address
/// is left in peace, and counts nothing (F3).
pub(super) async fn share(
    change: &Change,
    services: &Services,
    address: &str,
    organisation: OrganisationId,
) -> Result<Option<SignedDuration>, Failure> {
    let sent = store::people::list_sent(&change.tx, address, change.now - DAY).await.or_fail("counting invitations")?;
    let wait = invitation_wait(&sent, organisation, change.now);
    if wait.is_none() {
        store::people::insert_sent(&change.tx, services.id(), address, organisation, change.now)
            .await
            .or_fail("counting an invitation")?;
    }
    Ok(wait)
}

/// Deletes the notes of invitations that no longer count.
pub(crate) async fn forget_sent(services: &Services) -> Result<(), Failure> {
    let change = Change::begin_as_system(services).await?;
    store::people::delete_sent(&change.tx, change.now - DAY).await.or_fail("forgetting invitations")?;
    change.commit().await
}

/// Handles "forgot password" for a person who cannot sign in yet: every unanswered invitation, ended or not, is sent again with
/// a new link, within the limits of an address (B19). Does nothing for a person without one.
///
/// # Errors
/// When the database refuses.
pub async fn on_forgot(services: &Services, person: PersonId, request: Option<RequestId>) -> Result<(), Failure> {
    let mut change = Change::begin_as(services, None, request).await?;
    let facts = store::people::find(&change.tx, person).await.or_fail("finding a person")?;
    let invited_to = store::people::list_invited_to(&change.tx, person).await.or_fail("listing companies")?;
    for organisation in invited_to {
        let company = store::organisations::find(&change.tx, organisation).await.or_fail("finding a company")?;
        let gate = store::rollout::find_gate(&change.tx, organisation).await.or_fail("finding a gate")?;
        if is_silent(&gate) {
            continue;
        }
        let from = MembershipState::Invited;
        if let Invited::Sent(sent) = invite(&mut change, services, &company, &gate, &facts, from, None).await? {
            let detail = json!({ "version": sent.version, "asked_by": "forgot password" });
            change.event(Verb::InvitationSent, Some(organisation), ("person", person), detail);
        }
    }
    change.commit().await
}

/// Invites every member of a company who has not been told yet, in the transaction that starts SETUP, and returns how many were
/// invited. A second run finds only members whose address has to wait.
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
    let mut invited = 0;
    for person in &people {
        let sent = invite(change, services, &company, &gate, person, known, None).await?;
        let Invited::Sent(invitation) = sent else { continue };
        let detail = json!({ "version": invitation.version });
        change.event(Verb::InvitationSent, Some(organisation), ("person", person.id), detail);
        invited += 1;
    }
    tell_of_admins(change, services, Some(organisation)).await?;
    Ok(invited)
}

/// Invites every member of a company who has not been told yet, imported after its SETUP, and returns how many were invited.
///
/// # Errors
/// [`Failure::Forbidden`] without a role or while the company is in DRAFT, [`Failure::NotFound`] for another company.
pub async fn invite_waiting(context: &Context, organisation: OrganisationId) -> Result<u64, Failure> {
    let company = authorize(context, Permission::PersonCreate, organisation).await?;
    policy::check_gate(&company.gate, Capability::PeopleAdmin, context.services.now())?;
    let mut change = Change::begin(context).await?;
    let invited = invite_known(&mut change, &context.services, organisation).await?;
    change.commit().await?;
    Ok(invited)
}

/// Sends the invitation again (K3): a new link, the older ones end.
///
/// # Errors
/// [`Conflict::InvitationAccepted`] for a person who came in already, [`Failure::TooMany`] within ten minutes of the last
/// one, or when the address got three of them within a day, [`Failure::Forbidden`] while the company is in DRAFT,
/// [`Failure::NotFound`] for a person who is no member.
pub async fn resend_invitation(
    context: &Context,
    organisation: OrganisationId,
    person: PersonId,
) -> Result<(), Failure> {
    let company = authorize(context, Permission::PersonCreate, organisation).await?;
    // The vendor prepares companies in DRAFT without telling their people.
    policy::check_gate(&company.gate, Capability::PeopleAdmin, context.services.now())?;
    let mut change = Change::begin(context).await?;
    let (facts, membership) = member(&change, person, organisation).await?;
    if membership.state == MembershipState::Active {
        return Err(Failure::Conflict(Conflict::InvitationAccepted));
    }
    let (services, from, by) = (&context.services, membership.state, by(context, &company.granted));
    match invite(&mut change, services, &company.facts, &company.gate, &facts, from, Some(by)).await? {
        Invited::Wait(left) => {
            let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
            Err(Failure::TooMany { retry_after_seconds: seconds.max(1) })
        }
        Invited::Sent(invitation) => {
            let detail = json!({ "version": invitation.version });
            change.event(Verb::InvitationSent, Some(organisation), ("person", person), detail);
            tell_of_admins(&mut change, services, Some(organisation)).await?;
            change.commit().await
        }
    }
}
