//! Signing in and out. Tokens are 256 random bits, stored as SHA-256; sessions end after 12 hours without use and 30 days
//! in any case (ASVS 7.3.1, 7.3.2).

mod account;
mod known;
mod password;
mod reset;

pub use account::{change_password, set_password};
pub use known::KnownActors;
pub use password::Hasher;
pub use reset::{check_reset, request_reset, reset_password, reset_token, send_reset};

use std::net::{IpAddr, Ipv6Addr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    Failure, FieldError, PersonId, RequestId, access::Actor, audit::Verb, locale::Locale, people::SessionRow,
    text::EmailAddress,
};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use store::sessions::{NewSession, Session};

use crate::{Change, Context, OrFail, Services};

const ABSOLUTE: SignedDuration = SignedDuration::from_hours(30 * 24);
const IDLE: SignedDuration = SignedDuration::from_hours(12);
/// How often "last seen" is written.
const TOUCH: SignedDuration = SignedDuration::from_mins(5);

/// What the browser holds; it exists in the answer that sets the cookie and nowhere else.
#[derive(Clone)]
pub struct SessionToken(String);

impl SessionToken {
    fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Anything that is not a token of ours hashes to something that no row has.
fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// What the browser calls itself, cut to a line people recognise.
    pub device: String,
    /// The address of the client, as far as the configured proxies can be trusted.
    pub client: String,
    pub request: Option<RequestId>,
}

/// # Errors
/// [`FieldError::WrongCredentials`] under `password`, the same and as slow for an unknown address as for a wrong password
/// (ASVS 6.3.8); [`Failure::TooMany`] after five tries a minute for an address by a client, twenty for a client (as
/// configured).
pub async fn sign_in(
    services: &Services,
    email: &str,
    password: &str,
    origin: &Origin,
) -> Result<SessionToken, Failure> {
    let wrong = || Failure::field("password", FieldError::WrongCredentials);
    let email = EmailAddress::parse(email).map_err(|error| Failure::field("email", error))?;
    if password.is_empty() {
        return Err(Failure::field("password", FieldError::Required));
    }
    limit_sign_in(services, &email.normalised(), origin)?;
    let person = store::people::find_by_email(&services.db, &email.normalised()).await.or_fail("finding a person")?;
    let stored = match person {
        Some(person) => store::people::password_hash(&services.db, person).await.or_fail("finding a password")?,
        None => None,
    };
    let right = services.hasher.verify(password, stored.as_deref()).await?;
    let person = person.filter(|_| right).ok_or_else(wrong)?;
    if store::people::find_actor(&services.db, person, services.now()).await.or_fail("finding an actor")?.is_none() {
        return Err(wrong());
    }
    start(services, person, origin).await
}

/// Counts a try to prove that one owns an address: by address and client, and by client.
///
/// # Errors
/// [`Failure::TooMany`]
pub(crate) fn limit_sign_in(services: &Services, address: &str, origin: &Origin) -> Result<(), Failure> {
    let client = network(&origin.client);
    let (limits, pair) = (&services.limits, format!("{address} {client}"));
    if limits.sign_in_client.check_key(&client).is_err() || limits.sign_in.check_key(&pair).is_err() {
        return Err(Failure::TooMany { retry_after_seconds: 60 });
    }
    Ok(())
}

/// Who counts as one client: an IPv4 address, or the 64 bits of an IPv6 address that a customer of a provider gets.
fn network(client: &str) -> String {
    match client.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let prefix = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            format!("{prefix}/64")
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => client.to_owned(),
    }
}

/// Starts a session for somebody who proved who they are.
///
/// # Errors
/// When the database refuses.
pub async fn start(services: &Services, person: PersonId, origin: &Origin) -> Result<SessionToken, Failure> {
    let mut change = Change::begin_as(services, Some(person), origin.request).await?;
    let token = insert(&mut change, person, origin).await?;
    change.commit().await?;
    Ok(token)
}

/// The same, as a part of a larger change.
pub(crate) async fn insert(change: &mut Change, person: PersonId, origin: &Origin) -> Result<SessionToken, Failure> {
    let token = SessionToken::random();
    let key = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 9]>());
    let new = NewSession {
        token_hash: hash(token.reveal()),
        key: key.clone(),
        person,
        device: origin.device.chars().take(200).collect(),
        now: change.now,
        expires_at: change.now + ABSOLUTE,
    };
    store::sessions::insert(&change.tx, new).await.or_fail("starting a session")?;
    let token_hash = hash(token.reveal());
    store::sessions::touch(&change.tx, &token_hash, person, change.now).await.or_fail("noting a visit")?;
    change.event(Verb::SessionStarted, None, ("session", key), serde_json::json!({ "device": origin.device }));
    Ok(token)
}

/// Who a token belongs to, with everything the policy asks about; `None` when it is not, or no longer, a session. A role
/// that was taken away is gone at once (R19, see [`KnownActors`]). Counts as use of the session.
///
/// # Errors
/// When the database cannot be asked.
pub async fn find(services: &Services, token: &str) -> Result<Option<(Actor, String)>, Failure> {
    let Some((actor, session)) = look_up(services, token).await? else { return Ok(None) };
    let now = services.now();
    // A page that can be read is read, even when the disk is full or a long import writes.
    if session.last_seen_at + TOUCH < now
        && let Err(failure) = touch(services, &hash(token), session.person, now).await
    {
        tracing::warn!(error = %failure, user.id = %session.person, "a visit was not noted");
    }
    Ok(Some((actor, session.key)))
}

/// The same without being use: a page that lies open and listens does not keep its session alive (ASVS 7.3.1).
///
/// # Errors
/// As [`find`].
pub async fn peek(services: &Services, token: &str) -> Result<Option<(Actor, String)>, Failure> {
    Ok(look_up(services, token).await?.map(|(actor, session)| (actor, session.key)))
}

async fn look_up(services: &Services, token: &str) -> Result<Option<(Actor, Session)>, Failure> {
    let now = services.now();
    let session =
        store::sessions::find(&services.db, &hash(token), now, now - IDLE).await.or_fail("finding a session")?;
    let Some(session) = session else { return Ok(None) };
    if let Some(actor) = services.known.get(session.person, session.head, now) {
        return Ok(Some((actor, session)));
    }
    let actor = store::people::find_actor(&services.db, session.person, now).await.or_fail("finding an actor")?;
    if let Some(actor) = &actor {
        services.known.put(actor, session.head, now);
    }
    Ok(actor.map(|actor| (actor, session)))
}

async fn touch(services: &Services, token_hash: &[u8; 32], person: PersonId, now: Timestamp) -> Result<(), Failure> {
    let change = Change::begin_as(services, Some(person), None).await?;
    store::sessions::touch(&change.tx, token_hash, person, now).await.or_fail("noting a session")?;
    change.commit().await
}

/// Ends the session of a token.
///
/// # Errors
/// When the database refuses.
pub async fn sign_out(context: &Context, token: &str, key: &str) -> Result<(), Failure> {
    let mut change = Change::begin(context).await?;
    store::sessions::delete(&change.tx, &hash(token)).await.or_fail("ending a session")?;
    change.event(Verb::SessionEnded, None, ("session", key), serde_json::Value::Null);
    change.commit().await
}

/// Ends every session of the person who asks, this one too (ASVS 7.4.3).
///
/// # Errors
/// When the database refuses.
pub async fn sign_out_everywhere(context: &Context) -> Result<u64, Failure> {
    let mut change = Change::begin(context).await?;
    let ended = store::sessions::delete_all(&change.tx, context.actor.person).await.or_fail("ending sessions")?;
    let detail = serde_json::json!({ "ended": ended });
    change.event(Verb::SessionsRevoked, None, ("person", context.actor.person), detail);
    change.commit().await?;
    Ok(ended)
}

/// Where the person who asks is signed in; `current` is the key of this session.
///
/// # Errors
/// When the database cannot be asked.
pub async fn list(context: &Context, current: &str) -> Result<Vec<SessionRow>, Failure> {
    store::sessions::list(&context.services.db, context.actor.person, current).await.or_fail("listing sessions")
}

/// The language of mails and, at the next sign-in, of pages.
///
/// # Errors
/// When the database refuses.
pub async fn set_locale(context: &Context, locale: Locale) -> Result<(), Failure> {
    if context.actor.locale == locale {
        return Ok(());
    }
    let mut change = Change::begin(context).await?;
    store::people::set_locale(&change.tx, context.actor.person, locale).await.or_fail("setting a language")?;
    let detail = serde_json::json!({ "before": context.actor.locale, "after": locale });
    change.event(Verb::LanguageChanged, None, ("person", context.actor.person), detail);
    change.commit().await
}

/// Takes away the rows of sessions that ended.
pub(crate) async fn sweep(services: &Services) -> Result<(), Failure> {
    let change = Change::begin_as_system(services).await?;
    let now = change.now;
    store::sessions::delete_expired(&change.tx, now, now - IDLE).await.or_fail("sweeping sessions")?;
    change.commit().await
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn an_ipv6_client_is_its_network() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
        assert_ne!(network("192.0.2.7"), network("192.0.2.8"));
    }
}
