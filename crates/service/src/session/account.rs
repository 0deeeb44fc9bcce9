//! Passwords that are changed: by the person who knows the old one, or by an operator at the command line.

use domain::{
    Failure, FieldError, FieldErrors, PersonId,
    audit::Verb,
    text::{EmailAddress, NewPassword},
};
use serde_json::json;

use super::{Origin, prove};
use crate::{Change, Context, OrFail, Services};

/// A new password as it is typed, twice.
pub(super) fn parse(password: &str, again: &str) -> Result<NewPassword, FieldErrors> {
    let mut errors = FieldErrors::default();
    let parsed = errors.take("password", NewPassword::parse(password));
    let same = if password == again { Ok(()) } else { Err(FieldError::Different) };
    match (parsed, errors.take("password_again", same)) {
        (Some(parsed), Some(())) => Ok(parsed),
        _ => Err(errors),
    }
}

/// Changes the password of who asks and ends every other session of theirs; `current` is the key of this one (ASVS 6.2.2,
/// 6.2.3, 7.4.3).
///
/// # Errors
/// [`Failure::Invalid`] under `old_password`, `password`, `password_again`; [`Failure::TooMany`] after too many wrong passwords.
pub async fn change_password(
    context: &Context,
    current: &str,
    old: &str,
    (password, again): (&str, &str),
    origin: &Origin,
) -> Result<(), Failure> {
    let (services, person) = (&context.services, context.actor.person);
    if old.is_empty() {
        return Err(Failure::field("old_password", FieldError::Required));
    }
    let password = parse(password, again).map_err(FieldErrors::into_failure)?;
    let stored = store::people::find_password(&services.db, person).await.or_fail("finding a password")?;
    let account = (context.actor.email.to_lowercase(), Some(person));
    if !prove(services, (&account.0, account.1), (old, stored.hash.as_deref()), origin).await? {
        return Err(Failure::field("old_password", FieldError::WrongPassword));
    }
    // Hashing is slow: it comes before the transaction.
    let hash = services.hasher.hash(password).await?;
    let mut change = Change::begin(context).await?;
    let set = store::people::set_password(&change.tx, person, stored.version, &hash, change.now).await;
    if !set.or_fail("setting a password")? {
        return Err(Failure::field("old_password", FieldError::WrongPassword));
    }
    let ended = store::sessions::delete_others(&change.tx, person, current).await.or_fail("ending sessions")?;
    let detail = json!({ "how": "account", "sessions": ended });
    change.event(Verb::PasswordChanged, None, ("person", person), detail);
    change.commit().await
}

/// Sets the password of a person who can sign in, and ends their sessions: for the command line.
///
/// # Errors
/// [`Failure::Invalid`] under `email`, `password`; [`Failure::NotFound`] when the address belongs to no account that can sign in.
pub async fn set_password(services: &Services, email: &str, password: &str) -> Result<(), Failure> {
    let mut errors = FieldErrors::default();
    let email = errors.take("email", EmailAddress::parse(email));
    let password = errors.take("password", NewPassword::parse(password));
    let (Some(email), Some(password)) = (email, password) else { return Err(errors.into_failure()) };
    let hash = services.hasher.hash(password).await?;
    let mut change = Change::begin_as_system(services).await?;
    let found = store::people::find_by_email(&change.tx, &email.normalised()).await.or_fail("finding a person")?;
    let person = found.ok_or(Failure::NotFound)?;
    let actor = store::people::find_actor(&change.tx, person, change.now).await.or_fail("finding an actor")?;
    if actor.is_none() {
        return Err(Failure::NotFound);
    }
    let stored = store::people::find_password(&change.tx, person).await.or_fail("finding a password")?;
    replace(&mut change, person, stored.version, &hash, "command line").await?;
    change.commit().await
}

/// Sets a password in the caller's transaction, ends every session, and notes it; `false` when it was set meanwhile.
pub(super) async fn replace(
    change: &mut Change,
    person: PersonId,
    version: i32,
    hash: &str,
    how: &str,
) -> Result<bool, Failure> {
    let set = store::people::set_password(&change.tx, person, version, hash, change.now).await;
    if !set.or_fail("setting a password")? {
        return Ok(false);
    }
    let ended = store::sessions::delete_all(&change.tx, person).await.or_fail("ending sessions")?;
    change.event(Verb::PasswordChanged, None, ("person", person), json!({ "how": how, "sessions": ended }));
    Ok(true)
}
