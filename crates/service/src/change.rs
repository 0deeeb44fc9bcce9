//! One change of state: a transaction, its event, the mails it causes; committed together or not at all.

use domain::{
    CaseId, Failure, OrganisationId, PersonId, RequestId,
    audit::{NewEvent, Verb},
    locale::Locale,
    mail::MailKind,
};
use jiff::Timestamp;
use serde_json::Value;
use store::{Tx, mail::NewMail, write_tx};
use uuid::Uuid;

use crate::{Context, OrFail, Services};

/// Dropped without [`Change::commit`], nothing happened.
pub struct Change {
    pub tx: Tx,
    pub now: Timestamp,
    services: Services,
    actor: Option<PersonId>,
    request: Option<RequestId>,
    events: Vec<NewEvent>,
    mails: bool,
}

impl Change {
    /// # Errors
    /// [`Failure::Unavailable`] when the database is busy or away.
    pub async fn begin(context: &Context) -> Result<Self, Failure> {
        Self::begin_as(&context.services, Some(context.actor.person), context.request).await
    }

    /// For jobs and the command line.
    ///
    /// # Errors
    /// As [`Change::begin`].
    pub async fn begin_as_system(services: &Services) -> Result<Self, Failure> {
        Self::begin_as(services, None, None).await
    }

    /// For acts that make somebody an actor: accepting an invitation, signing in.
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
        Ok(Self { tx, now, services: services.clone(), actor, request, events: Vec::new(), mails: false })
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

    /// Notes what happened to a case; those who see the case learn of it at once, `internal` ones only the desk.
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

    /// What a form made when it was sent before, by its key; forms without JavaScript have none.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn sent_before(&self, key: &str) -> Result<Option<Uuid>, Failure> {
        match self.actor {
            Some(actor) if !key.is_empty() => {
                store::cases::find_submission(&self.tx, actor, key).await.or_fail("finding a form")
            }
            _ => Ok(None),
        }
    }

    /// Notes what a form made.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_sent(&self, key: &str, made: Uuid) -> Result<(), Failure> {
        match self.actor {
            Some(actor) if !key.is_empty() => {
                store::cases::insert_submission(&self.tx, actor, key, made, self.now).await.or_fail("noting a form")
            }
            _ => Ok(()),
        }
    }

    /// Queues a mail. `key` says what it tells of: the same person hears of the same thing once.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn mail(&mut self, mail: Mail<'_>) -> Result<(), Failure> {
        let new = NewMail {
            id: self.services.id(),
            idempotency_key: format!("{}:{}:{}", mail.kind.key(), mail.key, mail.recipient.to_lowercase()),
            kind: mail.kind,
            person: mail.person,
            recipient: mail.recipient.to_owned(),
            locale: mail.locale,
            params: mail.params,
            case: mail.case,
            now: self.now,
        };
        self.mails = true;
        store::mail::insert(&self.tx, new).await.or_fail("queueing a mail")
    }

    /// Writes the events, commits, and wakes those who wait: the live streams and the mail worker.
    ///
    /// # Errors
    /// When the database refuses; then nothing happened.
    pub async fn commit(self) -> Result<(), Failure> {
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

/// A mail to one recipient.
pub struct Mail<'a> {
    pub kind: MailKind,
    pub key: String,
    pub person: Option<PersonId>,
    pub recipient: &'a str,
    pub locale: Locale,
    pub params: Value,
    pub case: Option<CaseId>,
}
