//! The life of a case (domain.md 2.4): which act leads from which status to which.

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

/// What happens to a case that may change its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusAct {
    /// An agent takes it, or is given it.
    Assign,
    /// The customer writes: whoever waited no longer does.
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
        (PendingResponse | ResolutionProvided, CustomerWrites) => Ok(InProgress),
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

    proptest! {
        /// Only `Close` closes, only `Reopen` opens again, and a customer who wrote never waits for himself.
        #[test]
        fn acts_keep_their_word(acts in prop::collection::vec(prop::sample::select(&ACTS[..]), 0..40)) {
            let mut status = Status::AwaitingAssignment;
            for act in acts {
                if let Ok(next) = next_status(status, act) {
                    prop_assert_eq!(next == Status::Closed, act == StatusAct::Close);
                    prop_assert!(status != Status::Closed || act == StatusAct::Reopen);
                    if act == StatusAct::CustomerWrites {
                        prop_assert!(!matches!(next, Status::PendingResponse | Status::ResolutionProvided));
                    }
                    status = next;
                }
            }
        }
    }
}
