//! One change of state: a transaction, its event, the mails it causes; committed together or not at all.

use domain::{
    CaseId, Failure, MailingId, OrganisationId, PersonId, RequestId,
    audit::{NewEvent, Verb},
    locale::Locale,
    mail::MailKind,
};
use jiff::Timestamp;
use serde_json::Value;
use store::{Tx, mail::NewMail, write_tx};

use crate::{Context, Counted, OrFail, Services, Settings};

/// Dropped without [`Change::commit`], nothing happened.
pub struct Change {
    pub tx: Tx,
    pub now: Timestamp,
    services: Services,
    actor: Option<PersonId>,
    request: Option<RequestId>,
    events: Vec<NewEvent>,
    mails: bool,
    /// The person whose mails are counted; `None` for the system.
    limited: Option<PersonId>,
}

impl Change {
    /// Begins a change that a signed-in person asked for, and counts it: every way to write is limited (A5, F13).
    ///
    /// # Errors
    /// [`Failure::TooMany`] for a person who writes faster than a person can; [`Failure::Unavailable`] when the database is
    /// busy or away.
    pub async fn begin(context: &Context) -> Result<Self, Failure> {
        let counted = context.limit_writing()?;
        Self::begin_counted(context, counted).await
    }

    /// Begins a change that [`Context::limit_writing`] has counted already, before something large was taken in.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the database is busy or away.
    pub async fn begin_counted(context: &Context, _counted: Counted) -> Result<Self, Failure> {
        let change = Self::begin_as(&context.services, Some(context.actor.person), context.request).await?;
        Ok(Self { limited: Some(context.actor.person), ..change })
    }

    /// Begins a change that only takes from the person who asks for it, and so is never refused: signing out.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the database is busy or away.
    pub(crate) async fn begin_leaving(context: &Context) -> Result<Self, Failure> {
        Self::begin_as(&context.services, Some(context.actor.person), context.request).await
    }

    /// For jobs and the command line.
    ///
    /// # Errors
    /// As [`Change::begin`].
    pub async fn begin_as_system(services: &Services) -> Result<Self, Failure> {
        Self::begin_as(services, None, None).await
    }

    /// For acts that make a person an actor: accepting an invitation, signing in. They are limited by what leads to them.
    ///
    /// # Errors
    /// As [`Change::begin`].
    pub async fn begin_as(
        services: &Services,
        actor: Option<PersonId>,
        request: Option<RequestId>,
    ) -> Result<Self, Failure> {
        let tx = write_tx(&services.db).await.or_fail("beginning a transaction")?;
        let now = services.now();
        Ok(Self {
            tx,
            now,
            services: services.clone(),
            actor,
            request,
            events: Vec::new(),
            mails: false,
            limited: None,
        })
    }

    /// Returns what the installation sets.
    pub(crate) fn settings(&self) -> &Settings {
        &self.services.settings
    }

    pub(crate) const fn services(&self) -> &Services {
        &self.services
    }

    /// Notes what happened. A change writes one event; a batch (an import) one for each object.
    pub fn event(
        &mut self,
        verb: Verb,
        organisation: Option<OrganisationId>,
        object: (&'static str, impl ToString),
        detail: Value,
    ) {
        self.push(verb, organisation, (object.0, object.1.to_string()), None, false, detail);
    }

    /// Notes what happened to a case; readers of the case learn of it immediately, of `internal` events only the desk.
    pub fn case_event(
        &mut self,
        verb: Verb,
        organisation: OrganisationId,
        case: CaseId,
        internal: bool,
        detail: Value,
    ) {
        self.push(verb, Some(organisation), ("case", case.to_string()), Some(case), internal, detail);
    }

    fn push(
        &mut self,
        verb: Verb,
        organisation: Option<OrganisationId>,
        (object_kind, object): (&'static str, String),
        case: Option<CaseId>,
        internal: bool,
        detail: Value,
    ) {
        self.events.push(NewEvent {
            id: self.services.id(),
            at: self.now,
            actor: self.actor,
            organisation,
            verb,
            object_kind,
            object,
            case,
            internal,
            detail,
            request: self.request,
        });
    }

    /// Queues a mail and returns whether it is new. `key` names what it tells of: the same person hears of the same thing once.
    ///
    /// # Errors
    /// [`Failure::TooMany`] for a person who sends more than a person would: then the whole change is refused. When the
    /// database refuses.
    pub async fn mail(&mut self, mail: Mail<'_>) -> Result<bool, Failure> {
        let now = self.now;
        self.queue(mail, None, now).await
    }

    /// Queues one of many mails: it belongs to a sending, and does not leave before `due` (D3).
    ///
    /// # Errors
    /// As [`Change::mail`].
    pub async fn mail_held(&mut self, mail: Mail<'_>, mailing: MailingId, due: Timestamp) -> Result<bool, Failure> {
        self.queue(mail, Some(mailing), due).await
    }

    async fn queue(&mut self, mut mail: Mail<'_>, mailing: Option<MailingId>, due: Timestamp) -> Result<bool, Failure> {
        if let Some(person) = self.limited.take() {
            self.services.limits.count_mail(person)?;
        }
        // Moments are shown in the zone of the reader.
        if let Value::Object(params) = &mut mail.params
            && MOMENTS.iter().any(|name| params.contains_key(*name))
        {
            let zone = store::people::find_zone(&self.tx, mail.person).await.or_fail("finding a zone")?;
            params.insert("zone".to_owned(), zone.name.into());
        }
        let new = NewMail {
            id: self.services.id(),
            // By the person: an address is no part of a key that stays for ever.
            idempotency_key: format!("{}:{}:{}", mail.kind.key(), mail.key, mail.person),
            kind: mail.kind,
            person: Some(mail.person),
            recipient: mail.recipient.to_owned(),
            locale: mail.locale,
            params: mail.params,
            case: mail.case,
            organisation: mail.organisation,
            mailing,
            due,
            now: self.now,
        };
        self.mails = true;
        store::mail::insert(&self.tx, new).await.or_fail("queueing a mail")
    }

    /// Writes the events, commits, and wakes the live streams and the mail worker.
    ///
    /// # Errors
    /// When the database refuses; then nothing happened.
    pub async fn commit(self) -> Result<(), Failure> {
        // The form that asked for it is accepted, whatever happens to its answer.
        if let Some(request) = self.request {
            store::sendings::set_done(&self.tx, request, self.now).await.or_fail("noting a form")?;
        }
        let seq = if self.events.is_empty() {
            None
        } else {
            Some(store::audit::append(&self.tx, self.events).await.or_fail("writing events")?)
        };
        self.tx.commit().await.or_fail("committing")?;
        if let Some(seq) = seq {
            self.services.bus.publish(seq);
        }
        if self.mails {
            self.services.bus.wake_mail();
        }
        Ok(())
    }
}

/// The parameters of mails that are moments.
const MOMENTS: [&str; 2] = ["at", "ends_at"];

/// A mail to one recipient.
pub struct Mail<'a> {
    pub kind: MailKind,
    pub key: String,
    pub person: PersonId,
    /// Where it goes, unless the person has another address when it leaves.
    pub recipient: &'a str,
    pub locale: Locale,
    pub params: Value,
    pub case: Option<CaseId>,
    /// The company it is about: asked again when the mail leaves (F5).
    pub organisation: Option<OrganisationId>,
}
