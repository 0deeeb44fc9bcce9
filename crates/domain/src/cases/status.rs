//! The life of a case (domain.md 2.4): which act leads from which status to which.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::coded;
use crate::{Failure, failure::Conflict};

coded! {
    Status {
        AwaitingAssignment = "awaiting_assignment",
        InProgress = "in_progress",
        /// The vendor asked, the customer is to answer.
        PendingResponse = "pending_response",
        /// The vendor proposed a solution.
        ResolutionProvided = "resolution_provided",
        Closed = "closed",
    }
}

impl Status {
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Closed)
    }
}

coded! {
    CloseReason {
        Confirmed = "confirmed",
        Withdrawn = "withdrawn",
        Obsolete = "obsolete",
        Irrelevant = "irrelevant",
        Duplicate = "duplicate",
        Imported = "imported",
    }
}

impl CloseReason {
    /// Whether people of the vendor, or of the customer, may close a case for it; `imported` is the importer's alone.
    pub const fn may_be_given(self, vendor: bool) -> bool {
        match self {
            Self::Confirmed | Self::Withdrawn | Self::Obsolete => true,
            Self::Irrelevant | Self::Duplicate => vendor,
            Self::Imported => false,
        }
    }
}

/// How long a closed case can be opened again (domain.md 2.4).
const REOPEN_WINDOW: SignedDuration = SignedDuration::from_hours(14 * 24);

/// When a case was closed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    pub at: Timestamp,
    pub reason: Option<CloseReason>,
}

impl Closing {
    /// Returns until when the case can be opened again; `None` is never: it was closed in another system (J14).
    pub fn reopens_until(self) -> Option<Timestamp> {
        if self.reason == Some(CloseReason::Imported) { None } else { self.at.checked_add(REOPEN_WINDOW).ok() }
    }
}

/// # Errors
/// [`Conflict::ReopenEnded`] for a case that stays closed: what goes on is a new case.
pub fn check_reopen(closing: Option<Closing>, now: Timestamp) -> Result<(), Failure> {
    match closing.and_then(Closing::reopens_until) {
        Some(until) if now <= until => Ok(()),
        _ => Err(Failure::Conflict(Conflict::ReopenEnded)),
    }
}

/// What happens to a case that may change its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusAct {
    /// An agent takes it, or is given it.
    Assign,
    /// The customer writes: the case no longer waits for them.
    CustomerWrites,
    /// The vendor answers and goes on working.
    VendorWrites,
    /// The vendor answers and waits for the customer.
    Ask,
    /// The vendor answers with a solution.
    Propose,
    Close,
    Reopen,
}

/// # Errors
/// [`Conflict::CaseClosed`] for every act on a closed case but reopening; [`Conflict::StatusChange`] for reopening an
/// open one.
pub fn next_status(from: Status, act: StatusAct) -> Result<Status, Failure> {
    use Status::*;
    use StatusAct::*;
    match (from, act) {
        (Closed, Reopen) => Ok(InProgress),
        (Closed, _) => Err(Failure::Conflict(Conflict::CaseClosed)),
        (_, Reopen) => Err(Failure::Conflict(Conflict::StatusChange)),
        (_, Close) => Ok(Closed),
        (_, Ask) => Ok(PendingResponse),
        (_, Propose) => Ok(ResolutionProvided),
        (AwaitingAssignment, Assign | VendorWrites) => Ok(InProgress),
        (PendingResponse | ResolutionProvided, VendorWrites | CustomerWrites) => Ok(InProgress),
        (same, Assign | VendorWrites | CustomerWrites) => Ok(same),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACTS: [StatusAct; 7] = [
        StatusAct::Assign,
        StatusAct::CustomerWrites,
        StatusAct::VendorWrites,
        StatusAct::Ask,
        StatusAct::Propose,
        StatusAct::Close,
        StatusAct::Reopen,
    ];

    #[test]
    fn j14_a_closed_case_opens_again_for_fourteen_days_and_an_imported_one_never() {
        let day = |day: i64| {
            "2026-03-02T09:00:00Z".parse::<Timestamp>().expect("a time") + SignedDuration::from_hours(24 * day)
        };
        let closing = |reason| Some(Closing { at: day(0), reason });
        let ended = Err(Failure::Conflict(Conflict::ReopenEnded));
        assert_eq!(check_reopen(closing(Some(CloseReason::Confirmed)), day(13)), Ok(()));
        assert_eq!(check_reopen(closing(None), day(14)), Ok(()));
        assert_eq!(check_reopen(closing(Some(CloseReason::Confirmed)), day(15)), ended);
        assert_eq!(check_reopen(closing(Some(CloseReason::Imported)), day(0)), ended);
    }

    #[test]
    fn no_side_closes_a_case_as_imported() {
        let given = |vendor| {
            CloseReason::ALL.iter().filter(move |reason| reason.may_be_given(vendor)).map(|reason| reason.key())
        };
        assert_eq!(given(false).collect::<Vec<_>>(), ["confirmed", "withdrawn", "obsolete"]);
        assert_eq!(given(true).collect::<Vec<_>>(), ["confirmed", "withdrawn", "obsolete", "irrelevant", "duplicate"]);
    }

    proptest! {
        /// Only `Close` closes and only `Reopen` opens again; a case waits neither for a customer who has written nor for one
        /// whom the desk has answered to go on working.
        #[test]
        fn acts_keep_their_word(acts in prop::collection::vec(prop::sample::select(&ACTS[..]), 0..40)) {
            let mut status = Status::AwaitingAssignment;
            for act in acts {
                if let Ok(next) = next_status(status, act) {
                    prop_assert_eq!(next == Status::Closed, act == StatusAct::Close);
                    prop_assert!(status != Status::Closed || act == StatusAct::Reopen);
                    if matches!(act, StatusAct::CustomerWrites | StatusAct::VendorWrites) {
                        prop_assert!(!matches!(next, Status::PendingResponse | Status::ResolutionProvided));
                    }
                    status = next;
                }
            }
        }
    }
}
