//! What use cases work with, made once at start (`server/src/compose.rs`, `testkit`).

use std::{num::NonZeroU32, sync::Arc};

use domain::{
    Failure, RequestId,
    access::{Actor, CaseVisibility, Granted, Permission, Place, policy},
    clock::{Clock, to_microseconds},
    failure::Denial,
    ids::IdSource,
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use store::Db;
use uuid::Uuid;

use crate::{
    OrFail,
    files::FileStore,
    live::Bus,
    mail::Mailer,
    session::{Hasher, KnownActors},
};

/// What an installation sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where people reach the portal, without a slash at the end; links in mails begin with it, never with what a request
    /// says its host is (CVE-2024-23648).
    pub public_url: String,
    /// The name of the vendor, in pages and mails.
    pub vendor: String,
    /// The sender of mails.
    pub mail_from: String,
    /// Before the number of a case.
    pub case_prefix: String,
}

/// Keys that live in the data directory, not in the database.
#[derive(Clone)]
pub struct Secrets {
    /// Signs links in mails.
    pub link_key: [u8; 32],
}

/// How often somebody may try (trust.md 5.3). Counted in this process.
pub struct Limits {
    /// Sign-in by address and client: nobody locks others out. There is no limit for an address alone: it would be the way
    /// to do that, and many clients together are bounded by the hasher.
    pub sign_in: DefaultKeyedRateLimiter<String>,
    /// Sign-in by client, whatever the address.
    pub sign_in_client: DefaultKeyedRateLimiter<String>,
    /// Cases, replies, chats and calls by person.
    pub write: DefaultKeyedRateLimiter<Uuid>,
}

impl Limits {
    /// All three a minute.
    pub fn new(sign_in: NonZeroU32, sign_in_client: NonZeroU32, write: NonZeroU32) -> Self {
        Self {
            sign_in: RateLimiter::keyed(Quota::per_minute(sign_in)),
            sign_in_client: RateLimiter::keyed(Quota::per_minute(sign_in_client)),
            write: RateLimiter::keyed(Quota::per_minute(write)),
        }
    }

    /// Forgets those who have not been here for long.
    pub(crate) fn forget(&self) {
        for limiter in [&self.sign_in, &self.sign_in_client] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        self.write.retain_recent();
        self.write.shrink_to_fit();
    }
}

/// Everything that [`Services`] is made of.
pub struct Parts {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub settings: Settings,
    pub secrets: Secrets,
    pub files: FileStore,
    pub mailer: Arc<dyn Mailer>,
    pub hasher: Hasher,
    pub limits: Limits,
    pub bus: Bus,
    pub known: KnownActors,
}

#[derive(Clone)]
pub struct Services(Arc<Parts>);

impl std::ops::Deref for Services {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Services {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The day in UTC, as the days of rollouts and roles are.
    pub fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::UTC).date()
    }

    /// A new typed id.
    pub fn id<T: From<Uuid>>(&self) -> T {
        self.ids.make()
    }
}

/// One request of somebody who is signed in.
#[derive(Clone)]
pub struct Context {
    pub services: Services,
    pub actor: Actor,
    pub request: Option<RequestId>,
}

impl Context {
    /// Asks the policy; a refusal for want of a role is answered with whom to ask (K2).
    ///
    /// # Errors
    /// As [`policy::authorize`].
    pub async fn authorize(&self, permission: Permission, place: &Place) -> Result<Granted, Failure> {
        let denial = match policy::authorize(&self.actor, permission, place, self.services.now()) {
            Ok(granted) => return Ok(granted),
            Err(denial) => denial,
        };
        tracing::info!(user.id = %self.actor.person, permission = permission.key(), "refused");
        match denial {
            Failure::Forbidden(Denial::Role { permission, .. }) => {
                let mut administrators = Vec::new();
                for membership in &self.actor.memberships {
                    let contacts =
                        store::people::list_contacts(&self.services.db, membership.organisation, self.services.now());
                    administrators.extend(contacts.await.or_fail("listing administrators")?);
                }
                Err(Failure::Forbidden(Denial::Role { permission, administrators }))
            }
            other => Err(other),
        }
    }

    /// The cases within sight of who asks.
    pub fn visibility(&self) -> CaseVisibility {
        policy::case_visibility(&self.actor, self.services.now())
    }

    /// # Errors
    /// [`Failure::TooMany`] for somebody who writes faster than a person can.
    pub fn limit_writing(&self) -> Result<(), Failure> {
        match self.services.limits.write.check_key(&self.actor.person.uuid()) {
            Ok(()) => Ok(()),
            Err(_) => Err(Failure::TooMany { retry_after_seconds: 10 }),
        }
    }
}

/// The clock of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where time comes from")]
    fn now(&self) -> Timestamp {
        to_microseconds(Timestamp::now())
    }
}

/// UUID v7 from time and the system's randomness.
pub struct RandomIds;

impl IdSource for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "the one place where ids come from")]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}
