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
        PersonAddressProposed = "person.address_proposed",
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

/// What an event may change of what a person may do, or of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touches {
    Nothing,
    /// The person, or the session, that the event is about.
    Object,
    /// All people of a company: phases, companies and contracts decide for each of them, and the zone of a phone line is that of
    /// everyone in its region who has none of their own.
    Everyone,
}

impl Verb {
    /// Says whose rights or session an event of this kind may change: what is remembered of them is read anew (R19, T-A4).
    pub const fn touches(self) -> Touches {
        match self {
            Self::AnnouncementMailed
            | Self::AnnouncementMailStopped
            | Self::AnnouncementPublished
            | Self::CallbackCancelled
            | Self::CallbackDone
            | Self::CallbackRequested
            | Self::CaseAssigned
            | Self::CaseClosed
            | Self::CaseImported
            | Self::CaseOpened
            | Self::CaseReopened
            | Self::CaseReplied
            | Self::CaseNoted
            | Self::ChatAnswered
            | Self::ChatEnded
            | Self::ChatMessageSent
            | Self::ChatStarted
            | Self::FileAttached
            | Self::InvitationSent
            | Self::MailRequeued
            | Self::PasswordResetSent
            | Self::PersonAddressProposed
            | Self::ProductImported
            | Self::SessionStarted => Touches::Nothing,
            Self::InvitationAccepted
            | Self::LanguageChanged
            | Self::PasswordChanged
            | Self::PersonCreated
            | Self::PersonImported
            | Self::PersonRemoved
            | Self::RoleGranted
            | Self::RoleRevoked
            | Self::SessionEnded
            | Self::SessionsRevoked
            | Self::ZoneChanged => Touches::Object,
            Self::ContractImported
            | Self::DatesMoved
            | Self::EnrolmentCreated
            | Self::ImportCommitted
            | Self::OrganisationImported
            | Self::PersonAddressCorrected
            | Self::PhaseMoved
            | Self::PhoneLineRemoved
            | Self::PhoneLineSaved
            | Self::ProgrammeCreated => Touches::Everyone,
        }
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
    /// Whether only readers of internal notes may learn of it.
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
    /// The first event that was altered after it was written, for the vendor.
    pub broken_at: Option<i64>,
}
