//! Signing in and out. Tokens are 256 random bits, stored as SHA-256; sessions end after 12 hours without use and 30 days
//! in any case (ASVS 7.3.1, 7.3.2).

mod account;
mod device;
mod known;
mod password;
mod prove;
mod reset;

pub use account::{change_password, set_password};
pub use known::KnownActors;
pub use password::{Hasher, Lane};
pub(crate) use prove::prove;
pub use reset::{check_reset, request_reset, reset_password, reset_token, run_resets, send_due_resets, send_reset};

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

/// What the browser holds; it exists in the answer that sets the cookies and nowhere else.
#[derive(Clone)]
pub struct SessionToken {
    token: String,
    device: String,
}

impl SessionToken {
    pub fn reveal(&self) -> &str {
        &self.token
    }

    /// What the browser is known by at the next sign-in; it opens nothing.
    pub fn device(&self) -> &str {
        &self.device
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
    /// The session that the browser holds already: a new one takes its place (F17, ASVS 7.2.4).
    pub session: Option<String>,
    /// What the browser is known by from an earlier sign-in.
    pub device_token: Option<String>,
    pub request: Option<RequestId>,
}

/// Signs in; the session that the browser had before ends.
///
/// # Errors
/// [`FieldError::WrongCredentials`] under `password`, the same and as slow for an unknown address as for a wrong password
/// (ASVS 6.3.8); [`Failure::TooMany`] after five failed tries a minute for an address by a client, twenty for a client (as
/// configured), and for a person who starts sessions faster than a person can.
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
    let person = store::people::find_by_email(&services.db, &email.normalised()).await.or_fail("finding a person")?;
    let stored = match person {
        Some(person) => Some(store::people::find_password(&services.db, person).await.or_fail("finding a password")?),
        None => None,
    };
    let address = email.normalised();
    let hash = stored.as_ref().and_then(|stored| stored.hash.as_deref());
    let right = prove(services, (&address, person), (password, hash), origin).await?;
    let (Some(person), Some(stored), true) = (person, stored, right) else { return Err(wrong()) };
    if store::people::find_actor(&services.db, person, services.now()).await.or_fail("finding an actor")?.is_none() {
        return Err(wrong());
    }
    services.limits.count_start(person)?;
    start(services, person, Some(stored.version), origin).await
}

/// Starts a session for a person who proved who they are, `password` being the version of the password that did.
///
/// # Errors
/// [`FieldError::WrongCredentials`] under `password` when another password was set meanwhile: that ended the sessions of
/// the one before (ASVS 7.4.3), also those that were about to begin.
pub async fn start(
    services: &Services,
    person: PersonId,
    password: Option<i32>,
    origin: &Origin,
) -> Result<SessionToken, Failure> {
    let mut change = Change::begin_as(services, Some(person), origin.request).await?;
    if let Some(version) = password
        && !is_present(&change, person, version).await?
    {
        return Err(Failure::field("password", FieldError::WrongCredentials));
    }
    let token = insert(&mut change, services, person, origin).await?;
    change.commit().await?;
    Ok(token)
}

/// Whether a password of this version is still the one of the person; it stays so until the change ends.
pub(crate) async fn is_present(change: &Change, person: PersonId, version: i32) -> Result<bool, Failure> {
    store::people::lock(&change.tx, person).await.or_fail("waiting for others")?;
    let stored = store::people::find_password(&change.tx, person).await.or_fail("finding a password")?;
    Ok(stored.version == version)
}

/// Starts a session as a part of a larger change. The previous session of the browser ends, whichever account it was of.
pub(crate) async fn insert(
    change: &mut Change,
    services: &Services,
    person: PersonId,
    origin: &Origin,
) -> Result<SessionToken, Failure> {
    if let Some(before) = &origin.session
        && let Some(key) = store::sessions::take(&change.tx, &hash(before)).await.or_fail("ending a session")?
    {
        change.event(Verb::SessionEnded, None, ("session", key), serde_json::json!({ "replaced": true }));
    }
    let token = SessionToken {
        token: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()),
        device: device::make(services, person, change.now),
    };
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
/// that was taken away is gone immediately (R19, see [`KnownActors`]). Counts as use of the session.
///
/// # Errors
/// When the database cannot be asked.
pub async fn find(services: &Services, token: &str) -> Result<Option<(Actor, String)>, Failure> {
    let Some((actor, session)) = look_up(services, token).await? else { return Ok(None) };
    let now = services.now();
    // A page that can be read is shown, even when the disk is full or a long import writes: no request waits for this (B2).
    if session.last_seen_at + TOUCH < now {
        let (services, key, person) = (services.clone(), hash(token), session.person);
        tokio::spawn(async move {
            if let Err(failure) = touch(&services, &key, person, now).await {
                tracing::warn!(error = %failure, user.id = %person, "a visit was not noted");
            }
        });
    }
    Ok(Some((actor, session.key)))
}

/// Finds a session as [`find`] does, but does not count as use: an open page that listens does not keep its session alive
/// (ASVS 7.3.1).
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
    if let Some(actor) = services.known.get(session.person, session.access, now) {
        return Ok(Some((actor, session)));
    }
    // Person, roles and companies are of one moment (C18).
    let moment = services.db.snapshot().await.or_fail("finding an actor")?;
    let actor = store::people::find_actor(&moment, session.person, now).await.or_fail("finding an actor")?;
    drop(moment);
    if let Some(actor) = &actor {
        services.known.put(actor, session.access, now);
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
    let mut change = Change::begin_leaving(context).await?;
    store::sessions::delete(&change.tx, &hash(token)).await.or_fail("ending a session")?;
    change.event(Verb::SessionEnded, None, ("session", key), serde_json::Value::Null);
    change.commit().await
}

/// Ends every session of the person who asks, this one too (ASVS 7.4.3).
///
/// # Errors
/// When the database refuses.
pub async fn sign_out_everywhere(context: &Context) -> Result<u64, Failure> {
    let mut change = Change::begin_leaving(context).await?;
    store::people::lock(&change.tx, context.actor.person).await.or_fail("waiting for others")?;
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

/// Sets the actor's zone for days and times, also in mails.
///
/// # Errors
/// [`Failure::Invalid`] under `zone` for a name that is none.
pub async fn set_zone(context: &Context, zone: &str) -> Result<(), Failure> {
    save_zone(context, zone, false).await
}

/// Sets the zone that the browser reports, unless one was set before.
///
/// # Errors
/// As [`set_zone`].
pub async fn note_zone(context: &Context, zone: &str) -> Result<(), Failure> {
    if context.actor.zone_known {
        return Ok(());
    }
    save_zone(context, zone, true).await
}

async fn save_zone(context: &Context, zone: &str, only_unknown: bool) -> Result<(), Failure> {
    let zone = jiff::tz::TimeZone::get(zone.trim()).map_err(|_| Failure::field("zone", FieldError::NotAZone))?;
    // As the table of zones writes it, whatever the letters that were sent.
    let name = zone.iana_name().ok_or_else(|| Failure::field("zone", FieldError::NotAZone))?;
    if context.actor.zone_known && context.actor.zone == name {
        return Ok(());
    }
    let mut change = Change::begin(context).await?;
    let person = context.actor.person;
    let set = store::people::set_zone(&change.tx, person, name, only_unknown, change.now).await;
    if !set.or_fail("setting a zone")? {
        return Ok(());
    }
    let detail = serde_json::json!({ "before": context.actor.zone, "after": name });
    change.event(Verb::ZoneChanged, None, ("person", person), detail);
    change.commit().await
}

/// The zones to choose from: those that are named after a city, in the order of their names.
pub fn zones() -> Vec<String> {
    const AREAS: [&str; 10] =
        ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];
    let known = jiff::tz::db().available();
    let mut zones: Vec<String> = known
        .map(|zone| zone.to_string())
        .filter(|name| name.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area)))
        .chain(["UTC".to_owned()])
        .collect();
    zones.sort();
    zones
}

/// Takes away the rows of sessions that ended.
pub(crate) async fn sweep(services: &Services) -> Result<(), Failure> {
    let change = Change::begin_as_system(services).await?;
    let now = change.now;
    store::sessions::delete_expired(&change.tx, now, now - IDLE).await.or_fail("sweeping sessions")?;
    change.commit().await
}
