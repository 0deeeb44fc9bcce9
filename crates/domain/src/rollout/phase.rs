//! The phases of one company in a programme, and which moves between them are possible.

use serde::{Deserialize, Serialize};

use crate::{Failure, failure::Conflict};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Records are imported, no person has been told.
    Draft,
    /// R23: people are provisioned and invited; only the administration of people is open.
    Setup,
    /// R27: known users are confirmed, missing ones created.
    Validation,
    /// R30: learning materials, roles made final.
    Enablement,
    /// R32: all channels and the history.
    Launch,
}

impl Phase {
    pub const ALL: [Self; 5] = [Self::Draft, Self::Setup, Self::Validation, Self::Enablement, Self::Launch];

    /// Those that have a date on the timeline that customers see.
    pub const DATED: [Self; 4] = [Self::Setup, Self::Validation, Self::Enablement, Self::Launch];

    /// Returns where a company begins that joins a programme: one whose people are at work with the portal goes on with
    /// all of it, instead of being closed overnight.
    pub const fn at_entry(at_work: bool) -> Self {
        if at_work { Self::Launch } else { Self::Draft }
    }

    pub const fn key(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Setup => "setup",
            Self::Validation => "validation",
            Self::Enablement => "enablement",
            Self::Launch => "launch",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.key() == key)
    }
}

/// What is known when a company is to be moved.
#[derive(Clone, Copy, Debug)]
pub struct PhaseMove {
    pub from: Phase,
    pub to: Phase,
    /// Admins who accepted their invitation.
    pub activated_admins: u64,
    /// The guard may be passed over, with a reason that is kept.
    pub override_guard: bool,
}

/// Decides a move. Forward over several phases is allowed (a new company starts late), back as well (J13), to DRAFT never:
/// people were told.
///
/// # Errors
/// [`Conflict::PhaseChange`] for no move or a move back to DRAFT; [`Conflict::LaunchWithoutAdmin`] when no member of
/// the company could administer it (J11).
pub fn decide_move(planned: PhaseMove) -> Result<Phase, Failure> {
    if planned.from == planned.to || planned.to == Phase::Draft {
        return Err(Failure::Conflict(Conflict::PhaseChange));
    }
    if planned.to == Phase::Launch && planned.activated_admins == 0 && !planned.override_guard {
        return Err(Failure::Conflict(Conflict::LaunchWithoutAdmin));
    }
    Ok(planned.to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_move(from: Phase, to: Phase) -> PhaseMove {
        PhaseMove { from, to, activated_admins: 1, override_guard: false }
    }

    #[test]
    fn no_company_goes_back_to_draft_or_nowhere() {
        for from in Phase::ALL {
            assert!(decide_move(a_move(from, from)).is_err());
            assert!(decide_move(a_move(from, Phase::Draft)).is_err());
        }
        assert_eq!(decide_move(a_move(Phase::Draft, Phase::Setup)), Ok(Phase::Setup));
        assert_eq!(decide_move(a_move(Phase::Launch, Phase::Enablement)), Ok(Phase::Enablement));
    }

    /// J11
    #[test]
    fn launch_needs_an_admin_or_an_override() {
        let lonely = PhaseMove { activated_admins: 0, ..a_move(Phase::Enablement, Phase::Launch) };
        assert_eq!(decide_move(lonely), Err(Failure::Conflict(Conflict::LaunchWithoutAdmin)));
        assert_eq!(decide_move(PhaseMove { override_guard: true, ..lonely }), Ok(Phase::Launch));
    }
}
