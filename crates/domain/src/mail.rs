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
        /// M4 for a person who has an account already.
        RoleGranted = "role_granted",
        /// M5 (R17): a support user was created, to every admin of the company.
        UserCreated = "user_created",
        /// M10: a case was opened.
        CaseOpened = "case_opened",
        /// M10: a reply was written to a case.
        CaseReplied = "case_replied",
        /// M10: a case was closed.
        CaseClosed = "case_closed",
        /// A link to set a new password, to the person who asked for one.
        PasswordReset = "password_reset",
        /// M12: access was taken away.
        AccessRemoved = "access_removed",
        /// D5: a link to take a new address, to that address.
        AddressProposed = "address_proposed",
        /// D5: the account has another address, to the one of before.
        AddressChanged = "address_changed",
    }
}

impl MailKind {
    /// Returns what leaves first: the ways in, then what happened, then mass mails (F11). Lower is sooner.
    pub const fn lane(self) -> i32 {
        match self {
            Self::PasswordReset | Self::Invitation | Self::AddressProposed => 0,
            Self::RoleGranted
            | Self::UserCreated
            | Self::CaseOpened
            | Self::CaseReplied
            | Self::CaseClosed
            | Self::AccessRemoved
            | Self::AddressChanged => 1,
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
        /// D3: the sending was stopped.
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

/// After so many tries a mail is given up: more than four days (RFC 5321, 4.5.4.1), so that a weekend without a mail server
/// gives up nothing.
pub const MAX_ATTEMPTS: u32 = 36;

/// Returns how long to wait before the next try, in seconds: doubling from 30 s, at most 4 h. `None` is to give up,
/// after `most` tries.
pub const fn retry_after_seconds(attempts: u32, most: u32) -> Option<i64> {
    const LONGEST: i64 = 14_400;
    let doublings = attempts.saturating_sub(1);
    if attempts >= most {
        None
    } else if doublings > 8 {
        Some(LONGEST)
    } else {
        Some(30 << doublings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B16: a mail is tried for four days and more; a number of tries that was never expected does not overflow.
    #[test]
    fn b16_a_weekend_without_a_mail_server_gives_up_nothing() {
        let waits: Vec<i64> = (1..).map_while(|attempts| retry_after_seconds(attempts, MAX_ATTEMPTS)).collect();
        assert_eq!(waits[..4], [30, 60, 120, 240]);
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]) && waits.last() == Some(&14_400));
        let days = waits.iter().sum::<i64>() / (24 * 3600);
        assert_eq!(days, 4);
        assert_eq!(retry_after_seconds(u32::MAX - 1, u32::MAX), Some(14_400));
    }
}
