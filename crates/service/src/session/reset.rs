//! A forgotten password: a link by mail, good for half an hour and once. Looking at it changes nothing (K4); only the form
//! behind it sets a password.

use std::time::Duration;

use domain::{
    Failure, FieldErrors, PersonId,
    audit::Verb,
    failure::Conflict,
    mail::MailKind,
    people::{RESET_MINUTES, ResetState},
    text::EmailAddress,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    Origin,
    account::{parse, replace},
};
use crate::{Change, OrFail, Services, change::Mail, link, people};

const PURPOSE: &[u8] = b"password reset";

/// How often a person gets such a mail at most, in seconds.
const PAUSE_SECONDS: i64 = 600;

/// How often the requests are looked at.
const LOOK: Duration = Duration::from_secs(3);

/// Notes that a link was asked for: one row, and the same work for every address, known or not. A worker finds out later
/// whether there is anything to send, so that neither this answer nor the next ones are slower for a known address (F16,
/// ASVS 6.3.8).
///
/// # Errors
/// [`Failure::Invalid`] under `email` for what is no address, [`Failure::TooMany`].
pub async fn request_reset(services: &Services, email: &str, origin: &Origin) -> Result<(), Failure> {
    let email = EmailAddress::parse(email).map_err(|error| Failure::field("email", error))?;
    services.limits.count_ask(&email.normalised(), &origin.client, services.now())?;
    let change = Change::begin_as(services, None, origin.request).await?;
    store::resets::insert(&change.tx, email.as_str(), &email.normalised(), change.now)
        .await
        .or_fail("noting a request")?;
    change.commit().await
}

/// Sends the links that were asked for since the last look.
///
/// # Errors
/// When the database refuses.
pub async fn send_due_resets(services: &Services) -> Result<(), Failure> {
    for request in store::resets::list(&services.db, 1_000).await.or_fail("listing requests")? {
        if let Ok(email) = EmailAddress::parse(&request.email) {
            match send_reset(services, &email, &Origin::default()).await {
                Ok(()) => {}
                // Tried again at the next look; anything else would stand in the way of the others for ever.
                Err(Failure::Unavailable) => return Err(Failure::Unavailable),
                Err(failure) => tracing::error!(error = %failure, "a link for a new password was not sent"),
            }
        }
        let change = Change::begin_as_system(services).await?;
        store::resets::delete(&change.tx, &request).await.or_fail("deleting a request")?;
        change.commit().await?;
    }
    Ok(())
}

/// Looks every few seconds until cancelled.
pub async fn run_resets(services: Services, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        if let Err(failure) = send_due_resets(&services).await {
            tracing::error!(error = %failure, "sending links for new passwords");
        }
    }
}

/// Does what [`request_reset`] leaves to be done: nothing, for an unknown address.
///
/// # Errors
/// When the database refuses.
pub async fn send_reset(services: &Services, email: &EmailAddress, origin: &Origin) -> Result<(), Failure> {
    let found = store::people::find_by_email(&services.db, &email.normalised()).await.or_fail("finding a person")?;
    let Some(person) = found else { return Ok(()) };
    let actor = store::people::find_actor(&services.db, person, services.now()).await.or_fail("finding an actor")?;
    // A person who cannot sign in yet needs the invitation, not another password (B19).
    let Some(actor) = actor else { return people::on_forgot(services, person, origin.request).await };
    let mut change = Change::begin_as(services, None, origin.request).await?;
    let version = store::people::find_password(&change.tx, person).await.or_fail("finding a password")?.version;
    let ends = change.now + SignedDuration::from_mins(RESET_MINUTES);
    let mail = Mail {
        kind: MailKind::PasswordReset,
        // One in ten minutes, however often it is asked for.
        key: format!("{person}:{version}:{}", change.now.as_second() / PAUSE_SECONDS),
        person,
        recipient: &actor.email,
        locale: actor.locale,
        params: json!({ "name": actor.name, "reset": person, "reset_version": version, "ends_at": ends }),
        case: None,
        organisation: None,
    };
    // A repetition within the pause sends nothing and so is no event: the ledger cannot be made to grow from outside (C10).
    if !change.mail(mail).await? {
        return Ok(());
    }
    change.event(Verb::PasswordResetSent, None, ("person", person), json!({ "ends_at": ends }));
    change.commit().await
}

/// The last part of the link: the person, the password it replaces, and its end.
pub fn reset_token(services: &Services, person: PersonId, version: i32, ends: Timestamp) -> String {
    let mut said = person.uuid().as_bytes().to_vec();
    said.extend_from_slice(&version.to_be_bytes());
    said.extend_from_slice(&ends.as_second().to_be_bytes());
    link::sign(services, PURPOSE, &said)
}

fn parse_token(services: &Services, token: &str) -> Option<(PersonId, i32, Timestamp)> {
    let said = link::verify(services, PURPOSE, token)?;
    let (person, rest) = said.split_at_checked(16)?;
    let (version, ends) = rest.split_at_checked(4)?;
    let person = PersonId::from(uuid::Uuid::from_slice(person).ok()?);
    let ends = Timestamp::from_second(i64::from_be_bytes(ends.try_into().ok()?)).ok()?;
    Some((person, i32::from_be_bytes(version.try_into().ok()?), ends))
}

/// What the page behind the link shows. Never changes anything (K4).
///
/// # Errors
/// [`Failure::NotFound`] for a link that was not made here.
pub async fn check_reset(services: &Services, token: &str) -> Result<ResetState, Failure> {
    let (person, version, ends) = parse_token(services, token).ok_or(Failure::NotFound)?;
    let present = store::people::find_password(&services.db, person).await.or_fail("finding a password")?.version;
    let open = services.now() < ends && present == version;
    Ok(if open { ResetState::Open } else { ResetState::Ended })
}

/// Sets a new password and ends every session; the person signs in with it next.
///
/// # Errors
/// [`Failure::NotFound`] for a link that was not made here, [`Conflict::ResetEnded`] for one that is over or was used,
/// [`Failure::Invalid`] under `password`, `password_again`.
pub async fn reset_password(
    services: &Services,
    token: &str,
    password: &str,
    again: &str,
    origin: &Origin,
) -> Result<(), Failure> {
    let ended = Failure::Conflict(Conflict::ResetEnded);
    let (person, version, ends) = parse_token(services, token).ok_or(Failure::NotFound)?;
    if check_reset(services, token).await? == ResetState::Ended {
        return Err(ended);
    }
    let password = parse(password, again).map_err(FieldErrors::into_failure)?;
    let hash = services.hasher.hash(password).await?;
    let mut change = Change::begin_as(services, Some(person), origin.request).await?;
    let actor = store::people::find_actor(&change.tx, person, change.now).await.or_fail("finding an actor")?;
    if actor.is_none() || ends <= change.now || !replace(&mut change, person, version, &hash, "link").await? {
        return Err(ended);
    }
    change.commit().await
}
