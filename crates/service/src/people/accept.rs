//! The other end of an invitation: looking at it changes nothing, however often mail scanners look (K4); only a form
//! that is sent accepts it.

use domain::{
    Failure, FieldError, FieldErrors, PersonId,
    access::RoleKind,
    audit::Verb,
    failure::Conflict,
    locale::Locale,
    people::{InvitationState, InvitationView, MembershipState},
    text::{EmailAddress, NewPassword, PersonName, in_letters},
};
use jiff::Timestamp;
use serde_json::json;
use store::{
    Reads,
    people::{Invitation, PersonFacts, StoredPassword},
};

use super::{
    check_recipient,
    invite::{Invited, invite},
    is_silent, move_member, parse_invitation_token,
};
use crate::{
    Change, OrFail, Services,
    session::{self, Origin, SessionToken},
};

/// What is typed to accept. A person who has a password, from another company, gives that one and keeps their name.
#[derive(Clone, Default)]
pub struct Acceptance<'a> {
    pub name: &'a str,
    pub password: &'a str,
    pub password_again: &'a str,
    pub locale: Locale,
}

/// Finds the invitation of a person who is not removed, by a link of any version.
async fn find(
    services: &Services,
    db: &impl Reads,
    token: &str,
) -> Result<(Invitation, i64, MembershipState), Failure> {
    let (id, version) = parse_invitation_token(services, token).ok_or(Failure::NotFound)?;
    let invitation = store::people::find_invitation(db, id).await.or_fail("finding an invitation")?;
    let invitation = invitation.ok_or(Failure::NotFound)?;
    let membership = store::people::find_membership(db, invitation.person, invitation.organisation)
        .await
        .or_fail("finding a member")?;
    match membership {
        Some(member) if member.state != MembershipState::Removed => Ok((invitation, version, member.state)),
        _ => Err(Failure::NotFound),
    }
}

/// Why an invitation cannot be accepted, if it cannot.
fn closed(invitation: &Invitation, version: i64, state: MembershipState, now: Timestamp) -> Option<Conflict> {
    if invitation.accepted || state == MembershipState::Active {
        Some(Conflict::InvitationAccepted)
    } else if i64::from(invitation.version) != version || invitation.expires_at <= now {
        Some(Conflict::InvitationExpired)
    } else {
        None
    }
}

/// What the page behind the link shows. Never changes anything (K4, J05).
///
/// # Errors
/// [`Failure::NotFound`] for a link that was not made here, or whose person was removed.
pub async fn invitation_view(services: &Services, token: &str) -> Result<InvitationState, Failure> {
    let db = &services.db;
    let (invitation, version, state) = find(services, db, token).await?;
    let organisation = store::organisations::find(db, invitation.organisation).await.or_fail("finding a company")?.name;
    Ok(match closed(&invitation, version, state, services.now()) {
        Some(Conflict::InvitationAccepted) => InvitationState::Accepted { organisation },
        Some(_) => InvitationState::Expired { organisation },
        None => {
            let person = store::people::find(db, invitation.person).await.or_fail("finding a person")?;
            if !can_sign_in_with(&person) {
                return Ok(InvitationState::Expired { organisation });
            }
            let stored = password_of_account(db, person.id, services.now()).await?;
            let mut roles = Vec::new();
            let standing = store::people::list_roles(db, person.id, invitation.organisation, services.now());
            for (role, _) in standing.await.or_fail("listing roles")? {
                if !roles.contains(&role) {
                    roles.push(role);
                }
            }
            InvitationState::Open(InvitationView {
                name: person.name,
                email: in_letters(&person.email),
                organisation,
                roles,
                has_password: stored.hash.is_some(),
            })
        }
    })
}

/// Whether a person who accepts an invitation can sign in afterwards. Old addresses with letters that no browser sends have to
/// be corrected first (T04).
fn can_sign_in_with(person: &PersonFacts) -> bool {
    EmailAddress::parse(&person.email).is_ok()
}

/// Finds the password of an account that can sign in. After the last company removed a person it is not asked for: they may
/// have forgotten it, and could not set another (B19).
async fn password_of_account(db: &impl Reads, person: PersonId, now: Timestamp) -> Result<StoredPassword, Failure> {
    let StoredPassword { hash, version } =
        store::people::find_password(db, person).await.or_fail("finding a password")?;
    let Some(hash) = hash else { return Ok(StoredPassword { hash, version }) };
    let actor = store::people::find_actor(db, person, now).await.or_fail("finding an actor")?;
    Ok(StoredPassword { hash: actor.map(|_| hash), version })
}

/// Accepts an invitation and signs the person in. The address is proved: the link was sent there.
///
/// # Errors
/// [`Failure::Invalid`] for name or passwords, [`Conflict::InvitationAccepted`] the second time with another password,
/// [`Conflict::InvitationExpired`] after the end or when a newer link was sent, [`Conflict::WorksForVendor`] for a person who
/// came to the vendor since (F7), [`Failure::NotFound`] for a foreign link,
/// [`Failure::TooMany`] after too many wrong passwords.
pub async fn accept_invitation(
    services: &Services,
    token: &str,
    typed: &Acceptance<'_>,
    origin: &Origin,
) -> Result<SessionToken, Failure> {
    let (invitation, version, state) = find(services, &services.db, token).await?;
    if let Some(conflict) = closed(&invitation, version, state, services.now()) {
        return sent_again(services, &invitation, typed, origin, conflict).await;
    }
    let person = store::people::find(&services.db, invitation.person).await.or_fail("finding a person")?;
    if !can_sign_in_with(&person) {
        return Err(Failure::Conflict(Conflict::InvitationExpired));
    }
    let StoredPassword { hash: stored, version: version_before } =
        password_of_account(&services.db, person.id, services.now()).await?;
    // Hashing is slow: it comes before the transaction.
    let fresh = match stored {
        Some(stored) => {
            verify(services, &person, typed.password, &stored, origin).await?;
            None
        }
        None => {
            let (name, password) = parse(typed).map_err(FieldErrors::into_failure)?;
            Some((name, services.hasher.hash(password).await?))
        }
    };

    let mut change = Change::begin_as(services, Some(person.id), origin.request).await?;
    check_recipient(&change, None, person.id, RoleKind::Customer).await?;
    let (invitation, version, state) = find(services, &change.tx, token).await?;
    if let Some(conflict) = closed(&invitation, version, state, change.now) {
        return Err(Failure::Conflict(conflict));
    }
    let first = store::people::set_invitation_accepted(&change.tx, &invitation, change.now)
        .await
        .or_fail("accepting an invitation")?;
    if !first {
        return Err(Failure::Conflict(Conflict::InvitationAccepted));
    }
    if let Some((name, hash)) = &fresh {
        store::people::set_name(&change.tx, person.id, name.as_str()).await.or_fail("setting a name")?;
        let set = store::people::set_password(&change.tx, person.id, version_before, hash, change.now).await;
        // Accepted for another company at the same moment: the password is there already.
        if !set.or_fail("setting a password")? {
            return Err(Failure::Conflict(Conflict::StatusChange));
        }
    } else if !session::is_present(&change, person.id, version_before).await? {
        return Err(Failure::field("password", FieldError::WrongCredentials));
    }
    store::people::set_locale(&change.tx, person.id, typed.locale).await.or_fail("setting a language")?;
    store::people::set_email_verified(&change.tx, person.id, change.now).await.or_fail("proving an address")?;
    move_member(&change, person.id, invitation.organisation, (state, MembershipState::Active)).await?;
    let detail = json!({ "version": invitation.version, "password_set": fresh.is_some() });
    change.event(Verb::InvitationAccepted, Some(invitation.organisation), ("person", person.id), detail);
    let session = session::insert(&mut change, services, person.id, origin).await?;
    change.commit().await?;
    Ok(session)
}

/// Answers the second sending of an accepted form like the first (T11): the right password signs the person in.
async fn sent_again(
    services: &Services,
    invitation: &Invitation,
    typed: &Acceptance<'_>,
    origin: &Origin,
    conflict: Conflict,
) -> Result<SessionToken, Failure> {
    if conflict != Conflict::InvitationAccepted {
        return Err(Failure::Conflict(conflict));
    }
    let person = store::people::find(&services.db, invitation.person).await.or_fail("finding a person")?;
    match session::sign_in(services, &person.email, typed.password, origin).await {
        Err(Failure::Invalid(_)) => Err(Failure::Conflict(conflict)),
        signed_in => signed_in,
    }
}

/// Verifies the password of an existing account. A link is no password: reading a person's mail must not open the companies
/// where they have an account already.
async fn verify(
    services: &Services,
    person: &PersonFacts,
    password: &str,
    stored: &str,
    origin: &Origin,
) -> Result<(), Failure> {
    if password.is_empty() {
        return Err(Failure::field("password", FieldError::Required));
    }
    let account = person.email.to_lowercase();
    if session::prove(services, (&account, Some(person.id)), (password, Some(stored)), origin).await? {
        Ok(())
    } else {
        Err(Failure::field("password", FieldError::WrongCredentials))
    }
}

fn parse(typed: &Acceptance<'_>) -> Result<(PersonName, NewPassword), FieldErrors> {
    let mut errors = FieldErrors::default();
    let name = errors.take("name", PersonName::parse(typed.name));
    let password = errors.take("password", NewPassword::parse(typed.password));
    let same = if typed.password == typed.password_again { Ok(()) } else { Err(FieldError::Different) };
    match (name, password, errors.take("password_again", same)) {
        (Some(name), Some(password), Some(())) => Ok((name, password)),
        _ => Err(errors),
    }
}

/// Sends a fresh link to the stored address, for a person whose link ended (K3), within the limits of the address. The answer
/// is always the same, and the address never comes from the request.
///
/// # Errors
/// When the database refuses.
pub async fn renew_invitation(services: &Services, token: &str) -> Result<(), Failure> {
    // Anything can be sent here: what is no link of ours must not make writers wait.
    if parse_invitation_token(services, token).is_none() {
        return Ok(());
    }
    let mut change = Change::begin_as_system(services).await?;
    let (invitation, _, state) = match find(services, &change.tx, token).await {
        Ok(found) => found,
        Err(Failure::NotFound) => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let gate = store::rollout::find_gate(&change.tx, invitation.organisation).await.or_fail("finding a gate")?;
    if invitation.accepted || state != MembershipState::Invited || is_silent(&gate) {
        return Ok(());
    }
    let organisation =
        store::organisations::find(&change.tx, invitation.organisation).await.or_fail("finding a company")?;
    let person = store::people::find(&change.tx, invitation.person).await.or_fail("finding a person")?;
    let sent = invite(&mut change, services, &organisation, &gate, &person, state, None).await?;
    let Invited::Sent(renewed) = sent else { return Ok(()) };
    let detail = json!({ "version": renewed.version, "asked_by": "link" });
    change.event(Verb::InvitationSent, Some(organisation.id), ("person", person.id), detail);
    change.commit().await
}
