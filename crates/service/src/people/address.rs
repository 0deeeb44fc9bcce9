//! Correcting an address that its owner has not come in by (D5): the most common fault of a migration.
//!
//! An address that its owner has signed in with is no slip of the pen: others only propose another one (`propose.rs`). Where an account is also
//! there for another company, or the corrected address has one, the company's membership moves from one account to the
//! other; the account itself is not the company's to change (F3), and the answer does not tell which of the two it was
//! (CVE-2026-40570).

use domain::{
    Failure, OrganisationId, PersonId,
    access::{Permission, RoleKind},
    audit::Verb,
    failure::Conflict,
    people::{MembershipState, needs_role_grant},
    text::{EmailAddress, in_letters},
};
use serde_json::json;
use store::people::{NewPerson, PersonFacts};

use super::{
    appeared::tell_of_admins,
    authorize, by, check_domain, check_recipient,
    invite::{Invited, invite},
    member, move_member,
    propose::propose,
};
use crate::{Change, Context, OrFail, Services};

/// What became of another address for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corrected {
    /// It is corrected; the member may be another account now.
    Done(PersonId),
    /// Its owner is asked, since they came in by the present one.
    Proposed,
}

/// Corrects the address of a member who has not accepted the invitation. Nothing more is sent to the old one, its links end,
/// and a person who had been invited is invited at the new one. For a member who came in, the address is only proposed.
///
/// # Errors
/// [`Failure::Invalid`] under `email`, [`Failure::NotFound`] for a person who is no member, [`Failure::Forbidden`] without a
/// role, or for a contract contact and an administrator's address; [`Conflict::AlreadyMember`] when the new one belongs to a
/// member, [`Conflict::OwnRole`], [`Conflict::WorksForVendor`] (F7); and as [`propose`].
pub async fn correct_address(
    context: &Context,
    organisation: OrganisationId,
    person: PersonId,
    email: &str,
) -> Result<Corrected, Failure> {
    let company = authorize(context, Permission::PersonCreate, organisation).await?;
    let email = EmailAddress::parse(email).map_err(|error| Failure::field("email", error))?;
    check_domain(&context.services, email.as_str())?;
    let (services, granted) = (&context.services, &company.granted);
    let mut change = Change::begin(context).await?;
    store::people::lock(&change.tx, person).await.or_fail("waiting for others")?;
    let (before, membership) = member(&change, person, organisation).await?;
    let grants = store::people::list_standing(&change.tx, person, Some(organisation), change.now).await;
    if grants.or_fail("listing roles")?.iter().any(|grant| needs_role_grant(grant.role)) {
        authorize(context, Permission::RoleGrant, organisation).await?;
    }
    let normalised = email.normalised();
    if before.email.to_lowercase() == normalised {
        return Ok(Corrected::Done(person));
    }
    if membership.state == MembershipState::Active || membership.was_active {
        return propose(context, change, &company, &before, &email).await.map(|()| Corrected::Proposed);
    }

    let standings = store::people::find_address_standings(&change.tx, &[person]).await.or_fail("finding an account")?;
    let standing = standings.get(&person).copied().unwrap_or_default();
    let known = store::people::find_by_email(&change.tx, &normalised).await.or_fail("finding a person")?;
    let after = match known {
        None if standing.is_correctable(granted.is_by_vendor()) => {
            store::people::update_address(&change.tx, granted, person, email.as_str(), &normalised)
                .await
                .or_conflict("correcting an address", Conflict::AlreadyTaken)?;
            person
        }
        known => {
            let to = match known {
                Some(known) => known,
                None => {
                    let new = NewPerson {
                        id: services.id(),
                        // What the company knows of them, not what the account says (CVE-2026-40570).
                        name: &membership.name,
                        email: email.as_str(),
                        normalised: &normalised,
                        phone: None,
                        locale: context.actor.locale,
                        now: change.now,
                    };
                    let id = new.id;
                    store::people::insert(&change.tx, granted, new)
                        .await
                        .or_conflict("adding a person", Conflict::AlreadyTaken)?;
                    id
                }
            };
            check_recipient(&change, Some(context.actor.person), to, RoleKind::Customer).await?;
            store::people::move_membership(&change.tx, granted, organisation, (person, to), standing.is_only_this())
                .await
                .or_conflict("moving a member", Conflict::AlreadyMember)?;
            to
        }
    };
    store::people::set_granted_by(&change.tx, granted, after, organisation).await.or_fail("noting who gave a role")?;
    let facts = store::people::find(&change.tx, after).await.or_fail("finding a person")?;
    let mut invited = false;
    if membership.state == MembershipState::Invited {
        let (from, by) = (MembershipState::Invited, by(context, granted));
        match invite(&mut change, services, &company.facts, &company.gate, &facts, from, Some(by)).await? {
            Invited::Sent(_) => invited = true,
            // The link to the old address is dead, and none is on its way to the new one.
            Invited::Wait(_) => move_member(&change, after, organisation, (from, MembershipState::Known)).await?,
        }
    }
    if after == person {
        invite_elsewhere(&mut change, services, organisation, &facts).await?;
    }
    let detail = json!({
        // As the company saw it: the spelling of an account that others made is not its to know.
        "before": in_letters(&before.email).to_lowercase(),
        "after": email.letters(),
        "invited": invited,
    });
    change.event(Verb::PersonAddressCorrected, Some(organisation), ("person", after), detail);
    tell_of_admins(&mut change, services, Some(organisation)).await?;
    change.commit().await?;
    Ok(Corrected::Done(after))
}

/// An account that the vendor corrects may wait for an answer in other companies too: the links from there have ended.
async fn invite_elsewhere(
    change: &mut Change,
    services: &Services,
    here: OrganisationId,
    facts: &PersonFacts,
) -> Result<(), Failure> {
    let invited_to = store::people::list_invited_to(&change.tx, facts.id).await.or_fail("listing companies")?;
    for organisation in invited_to.into_iter().filter(|organisation| *organisation != here) {
        let company = store::organisations::find(&change.tx, organisation).await.or_fail("finding a company")?;
        let gate = store::rollout::find_gate(&change.tx, organisation).await.or_fail("finding a gate")?;
        let from = MembershipState::Invited;
        match invite(change, services, &company, &gate, facts, from, None).await? {
            Invited::Sent(invitation) => {
                let detail = json!({ "version": invitation.version });
                change.event(Verb::InvitationSent, Some(organisation), ("person", facts.id), detail);
            }
            Invited::Wait(_) => move_member(change, facts.id, organisation, (from, MembershipState::Known)).await?,
        }
    }
    Ok(())
}
