//! Inviting people (M4, R25): one by one when they are added, all of a company when SETUP starts (R23, R24).

use domain::{
    Failure, OrganisationId, PersonId,
    access::{Permission, policy},
    audit::Verb,
    failure::Conflict,
    mail::MailKind,
    people::{MembershipState, invitation_ends},
    rollout::{Capability, Gate},
};
use serde_json::json;
use store::{
    organisations::OrganisationFacts,
    people::{Invitation, PersonFacts},
};

use super::{authorize, by, launch, member};
use crate::{Change, Context, OrFail, Services, change::Mail};

/// Invites one person, in the caller's transaction: a fresh link by mail; links sent before end. The caller notes the
/// event. `by` is who added them; `None` when they come from the vendor's records.
pub(super) async fn invite(
    change: &mut Change,
    services: &Services,
    organisation: &OrganisationFacts,
    gate: &Gate,
    person: &PersonFacts,
    by: Option<&str>,
) -> Result<Invitation, Failure> {
    let ends = invitation_ends(change.now);
    let invitation =
        store::people::upsert_invitation(&change.tx, services.id(), person.id, organisation.id, change.now, ends)
            .await
            .or_fail("making an invitation")?;
    let invited = MembershipState::Invited;
    store::people::set_membership_state(&change.tx, person.id, organisation.id, invited, change.now)
        .await
        .or_fail("inviting a member")?;
    let standing = store::people::list_roles(&change.tx, person.id, organisation.id).await.or_fail("listing roles")?;
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
        let invitation = invite(change, services, &company, &gate, person, None).await?;
        let detail = json!({ "version": invitation.version });
        change.event(Verb::InvitationSent, Some(organisation), ("person", person.id), detail);
    }
    Ok(people.len() as u64)
}

/// Sends the invitation again (K3): a new link, the older ones end.
///
/// # Errors
/// [`Conflict::InvitationAccepted`] for somebody who came in already, [`Failure::Forbidden`] while the company is in DRAFT,
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
    let invitation =
        invite(&mut change, &context.services, &company.facts, &company.gate, &facts, Some(by(context))).await?;
    let detail = json!({ "version": invitation.version });
    change.event(Verb::InvitationSent, Some(organisation), ("person", person), detail);
    change.commit().await
}
