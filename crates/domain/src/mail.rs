//! The mails the portal sends, by the numbers of domain.md 2.6.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{OrganisationId, OutboxId, PersonId, cases::coded};

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

impl MailKind {
    /// What leaves first: the ways in, then what happened, then mass mails (F11). Lower is sooner.
    pub const fn lane(self) -> i32 {
        match self {
            Self::PasswordReset | Self::Invitation => 0,
            Self::RoleGranted
            | Self::UserCreated
            | Self::CaseOpened
            | Self::CaseReplied
            | Self::CaseClosed
            | Self::AccessRemoved => 1,
            Self::Announcement => 2,
        }
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
        /// Not sent, and never will be: the recipient no longer sees what it tells of (F5), or it was stopped (D3).
        Dropped = "dropped",
    }
}

coded! {
    /// Why a mail did not leave, for people; what the mail server said stands beside it.
    MailProblem {
        /// No mail can be sent to that address.
        Address = "address",
        /// The server refused it for good.
        Refused = "refused",
        /// The server refused it for now.
        Later = "later",
        /// The server does not answer, or does not let us in.
        Unreachable = "unreachable",
        /// The mail could not be put into words.
        Unreadable = "unreadable",
        /// Every worker that had it ended before it knew.
        Interrupted = "interrupted",
        /// F5: the recipient no longer sees what it tells of.
        OutOfSight = "out_of_sight",
        /// The link in it has ended.
        LinkEnded = "link_ended",
        /// D3: somebody stopped the sending.
        Stopped = "stopped",
    }
}

/// A line of the operator's mail page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRow {
    pub id: OutboxId,
    pub kind: MailKind,
    pub recipient: String,
    pub person: Option<PersonId>,
    /// The company that the mail is about.
    pub company: Option<(OrganisationId, String)>,
    pub subject: String,
    pub state: MailState,
    pub attempts: u32,
    pub created_at: Timestamp,
    /// When it leaves, while it waits.
    pub due_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub problem: Option<MailProblem>,
    /// What the mail server said, as it said it.
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
