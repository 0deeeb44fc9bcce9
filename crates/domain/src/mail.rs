//! The mails the portal sends, by the numbers of domain.md 2.6.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{OutboxId, cases::coded};

coded! {
    MailKind {
        /// M3: an announcement.
        Announcement = "announcement",
        /// M4: a role was given, with the way in.
        Invitation = "invitation",
        /// M4 for somebody who has an account already.
        RoleGranted = "role_granted",
        /// M5 (R17): a support user was created, to every admin of the company.
        UserCreated = "user_created",
        /// M10: a case was opened.
        CaseOpened = "case_opened",
        /// M10: somebody wrote to a case.
        CaseReplied = "case_replied",
        /// M10: a case was closed.
        CaseClosed = "case_closed",
        /// A link to set a new password, to whoever asked for one.
        PasswordReset = "password_reset",
        /// M12: access was taken away.
        AccessRemoved = "access_removed",
    }
}

coded! {
    /// Where a mail stands.
    MailState {
        Queued = "queued",
        Sending = "sending",
        Sent = "sent",
        /// Given up: a permanent refusal, or too many tries.
        Dead = "dead",
    }
}

/// A line of the operator's mail page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRow {
    pub id: OutboxId,
    pub kind: MailKind,
    pub recipient: String,
    pub subject: String,
    pub state: MailState,
    pub attempts: u32,
    pub created_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub error: Option<String>,
}

/// After so many tries a mail or a job is given up.
pub const MAX_ATTEMPTS: u32 = 12;

/// How long to wait before the next try, in seconds: doubling from 30 s, at most 4 h. `None` is to give up.
pub const fn retry_after_seconds(attempts: u32) -> Option<i64> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let wait = 30_i64 << attempts.saturating_sub(1);
    Some(if wait > 14_400 { 14_400 } else { wait })
}
