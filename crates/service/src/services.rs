//! What use cases work with, made once at start (`server/src/compose.rs`, `testkit`).

use std::sync::Arc;

use domain::{
    Failure, RequestId,
    access::{Actor, CaseVisibility, Granted, Permission, Place, policy},
    clock::{Clock, to_microseconds},
    failure::Denial,
    ids::IdSource,
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use store::Db;
use uuid::Uuid;

use crate::{
    OrFail,
    files::FileStore,
    limits::{Counted, Limits},
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
    /// The domains of the vendor's own people: no customer's person has an address there (F7).
    pub vendor_domains: Vec<String>,
    /// Before the number of a case.
    pub case_prefix: String,
    /// How many bytes of files the people of a company and the desk may attach to its cases; 0 is no limit (A5).
    pub company_storage_bytes: u64,
    /// The vendor's colour, `#rrggbb`, dark enough for white letters on it.
    pub accent: String,
    /// Whether the vendor has a logo of its own, at `/logo`.
    pub logo: bool,
    /// The hosts whose images announcements show.
    pub image_hosts: Vec<String>,
    /// How long a mail to many is held before it leaves (D3).
    pub mass_mail_hold: SignedDuration,
}

/// Keys that live in the data directory, not in the database.
#[derive(Clone)]
pub struct Secrets {
    /// Signs links in mails.
    pub link_key: [u8; 32],
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

    /// A new typed id.
    pub fn id<T: From<Uuid>>(&self) -> T {
        self.ids.make()
    }
}

/// One request of a signed-in person.
#[derive(Clone)]
pub struct Context {
    pub services: Services,
    pub actor: Actor,
    pub request: Option<RequestId>,
}

impl Context {
    /// Asks the policy before an act; a refusal goes to the log.
    ///
    /// # Errors
    /// As [`Context::ask`].
    pub async fn authorize(&self, permission: Permission, place: &Place) -> Result<Granted, Failure> {
        let answer = self.ask(permission, place).await;
        if answer.is_err() {
            tracing::info!(user.id = %self.actor.person, permission = permission.key(), "refused");
        }
        answer
    }

    /// Asks the policy what a page can offer, and why not: nothing was tried, so nothing is logged. A refusal for want of a role
    /// names whom to ask (K2): the administrators of the company in question who can act. A refusal at the vendor's names
    /// none, since no company gives the vendor's roles.
    ///
    /// # Errors
    /// As [`policy::authorize`].
    pub async fn ask(&self, permission: Permission, place: &Place) -> Result<Granted, Failure> {
        match policy::authorize(&self.actor, permission, place, self.services.now()) {
            Err(Failure::Forbidden(Denial::Role { permission, .. })) => {
                let mut administrators = Vec::new();
                if let Some(company) = place.company() {
                    let contacts = store::people::list_contacts(&self.services.db, company, self.services.now());
                    administrators = contacts.await.or_fail("listing administrators")?;
                    administrators.retain(|contact| contact.active);
                }
                Err(Failure::Forbidden(Denial::Role { permission, administrators }))
            }
            answer => answer,
        }
    }

    /// Whether the policy would allow an act, for what a page offers.
    pub fn may(&self, permission: Permission, place: &Place) -> bool {
        policy::authorize(&self.actor, permission, place, self.services.now()).is_ok()
    }

    /// Returns the time zone of the actor.
    pub fn zone(&self) -> TimeZone {
        zone(&self.actor.zone)
    }

    /// Returns the day it is for the actor.
    pub fn today(&self) -> Date {
        self.services.now().to_zoned(self.zone()).date()
    }

    /// Returns the cases within sight of the actor.
    pub fn visibility(&self) -> CaseVisibility {
        policy::case_visibility(&self.actor, self.services.now())
    }

    /// Counts a write before anything is taken in; what it then writes begins with [`crate::Change::begin_counted`].
    ///
    /// # Errors
    /// [`Failure::TooMany`] for a person who writes faster than a person can.
    pub fn limit_writing(&self) -> Result<Counted, Failure> {
        self.services.limits.count_write(self.actor.person)
    }
}

/// Returns a zone by its IANA name; UTC when the table of zones does not have it (any more).
pub(crate) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or_else(|error| {
        tracing::warn!(zone = name, error = %error, "a time zone");
        TimeZone::UTC
    })
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
