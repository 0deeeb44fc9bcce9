//! The ledger: what happened, in the past tense. Every change of state writes exactly one event.

mod facts;

pub use facts::{Audience, Fact, Reader, facts};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CaseId, EventId, OrganisationId, PersonId, RequestId, cases::coded};

coded! {
    /// What happened.
    Verb {
        AnnouncementMailed = "announcement.mailed",
        AnnouncementMailStopped = "announcement.mail_stopped",
        AnnouncementPublished = "announcement.published",
        CallbackCancelled = "callback.cancelled",
        CallbackDone = "callback.done",
        CallbackRequested = "callback.requested",
        CaseAssigned = "case.assigned",
        CaseClosed = "case.closed",
        CaseImported = "case.imported",
        CaseOpened = "case.opened",
        CaseReopened = "case.reopened",
        CaseReplied = "case.replied",
        CaseNoted = "case.noted",
        ChatAnswered = "chat.answered",
        ChatEnded = "chat.ended",
        ChatMessageSent = "chat.message_sent",
        ChatStarted = "chat.started",
        ContractImported = "contract.imported",
        DatesMoved = "rollout.dates_moved",
        EnrolmentCreated = "rollout.enrolled",
        FileAttached = "file.attached",
        ImportCommitted = "import.committed",
        InvitationAccepted = "invitation.accepted",
        InvitationSent = "invitation.sent",
        MailRequeued = "mail.requeued",
        LanguageChanged = "person.language_changed",
        OrganisationImported = "organisation.imported",
        PasswordChanged = "person.password_changed",
        PasswordResetSent = "person.password_reset_sent",
        PersonAddressCorrected = "person.address_corrected",
        PersonCreated = "person.created",
        PersonImported = "person.imported",
        PersonRemoved = "person.removed",
        PhoneLineRemoved = "phone_line.removed",
        PhoneLineSaved = "phone_line.saved",
        PhaseMoved = "rollout.phase_moved",
        ProductImported = "product.imported",
        ProgrammeCreated = "rollout.programme_created",
        RoleGranted = "role.granted",
        RoleRevoked = "role.revoked",
        SessionEnded = "session.ended",
        SessionStarted = "session.started",
        ZoneChanged = "person.zone_changed",
        SessionsRevoked = "session.all_ended",
    }
}

/// One event before it is written; the store adds its place in the chain.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub id: EventId,
    pub at: Timestamp,
    /// `None` is the system.
    pub actor: Option<PersonId>,
    pub organisation: Option<OrganisationId>,
    pub verb: Verb,
    /// The kind and id of what was changed, e.g. `case` and its id.
    pub object_kind: &'static str,
    pub object: String,
    /// The case it belongs to: the live stream and the timeline of a case select on it.
    pub case: Option<CaseId>,
    /// Whether only those who read notes may learn of it.
    pub internal: bool,
    /// Before and after, or what else explains it.
    pub detail: serde_json::Value,
    pub request: Option<RequestId>,
}

/// Who did it, as the reader may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventActor {
    /// A job, or the command line.
    System,
    Person(String),
    /// The vendor, by its own name: which of its employees acted is the vendor's to know (F19).
    Vendor(String),
}

/// A line of the ledger as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// Its place in the ledger of the whole installation; the vendor's to know, since it tells how much happens elsewhere.
    pub seq: Option<i64>,
    pub at: Timestamp,
    pub actor: EventActor,
    pub verb: Verb,
    /// Whom or what it is about, by name: a person, a case by its number.
    pub about: Option<String>,
    /// The case it is about, to lead there.
    pub case: Option<CaseId>,
    pub facts: Vec<Fact>,
}

/// What the last look over the whole ledger found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerCheck {
    pub at: Timestamp,
    pub whole: bool,
    /// How many events were looked at, for the vendor.
    pub events: Option<i64>,
    /// The first event that is not what it was when it was written, for the vendor.
    pub broken_at: Option<i64>,
}
