//! Announcements as mails: who they are for, and how far they have come (K20, D3).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{MailingId, ProgrammeId, locale::Locale};

/// The people a mail of an announcement is for, and how far it has come with them (K20: counted before anything leaves).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailing {
    /// Invited and active people of the programme's companies, each once.
    pub recipients: u64,
    /// Those among them whom it was sent to; they do not get it again.
    pub sent: u64,
    /// Those for whom it is queued.
    pub waiting: u64,
    /// Those for whom it was given up.
    pub failed: u64,
}

impl Mailing {
    /// Returns how many would get it now.
    pub const fn new_recipients(&self) -> u64 {
        self.recipients.saturating_sub(self.sent).saturating_sub(self.waiting).saturating_sub(self.failed)
    }
}

/// More recipients than these are only written to when their number was typed (D3).
pub const TYPED_ABOVE: u64 = 100;

/// What sending an announcement to a programme would do: what the person who sends looks at before (D3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailPlan {
    pub programme: ProgrammeId,
    pub name: String,
    pub mailing: Mailing,
    pub languages: Vec<MailLanguage>,
    /// Mails of this announcement that are held, or are leaving now.
    pub under_way: Vec<MailBatch>,
}

/// The new recipients who read one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailLanguage {
    pub locale: Locale,
    pub people: u64,
    /// The language of the text they get: another one when there is none in theirs.
    pub text: Locale,
}

/// One sending of an announcement to a programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailBatch {
    pub id: MailingId,
    pub programme: ProgrammeId,
    /// Nothing leaves before.
    pub leaves_at: Timestamp,
    pub queued: u64,
    pub sent: u64,
}

/// A mail of an announcement in words, as one recipient gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSample {
    pub from: String,
    pub to: String,
    pub subject: String,
    pub locale: Locale,
    /// The article, cleaned; safe to show.
    pub html: String,
    pub text: String,
}
