//! Which capability is open in which phase: the matrix that router, interface, server functions and mails all ask.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Phase;

/// A part of the portal that a company gets immediately or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    PeopleAdmin,
    CaseHistory,
    CaseReply,
    CaseOpen,
    Chat,
    Calls,
}

impl Capability {
    pub const ALL: [Self; 6] =
        [Self::PeopleAdmin, Self::CaseHistory, Self::CaseReply, Self::CaseOpen, Self::Chat, Self::Calls];

    pub const fn key(self) -> &'static str {
        match self {
            Self::PeopleAdmin => "people_admin",
            Self::CaseHistory => "case_history",
            Self::CaseReply => "case_reply",
            Self::CaseOpen => "case_open",
            Self::Chat => "chat",
            Self::Calls => "calls",
        }
    }

    /// R26: in SETUP, and until LAUNCH, only the creation and validation of users is open.
    pub const fn opens_in(self) -> Phase {
        match self {
            Self::PeopleAdmin => Phase::Setup,
            Self::CaseHistory | Self::CaseReply | Self::CaseOpen | Self::Chat | Self::Calls => Phase::Launch,
        }
    }

    /// J13: what stays open when a launched company is set back, so that running conversations are not lost.
    const fn survives_rollback(self) -> bool {
        matches!(self, Self::CaseHistory | Self::CaseReply)
    }
}

/// Where one company stands in its rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// `None`: the company is in no programme and everything is open.
    phase: Option<Phase>,
    launched_before: bool,
    /// The planned first day of each phase, in the order of the phases.
    dates: Vec<(Phase, Date)>,
}

impl Gate {
    /// For companies that are in no programme, and for the vendor's side.
    pub const fn open() -> Self {
        Self { phase: None, launched_before: true, dates: Vec::new() }
    }

    pub fn new(phase: Phase, launched_before: bool, dates: Vec<(Phase, Date)>) -> Self {
        Self { phase: Some(phase), launched_before, dates }
    }

    pub const fn phase(&self) -> Option<Phase> {
        self.phase
    }

    /// Whether the company is on its way to its launch, or back on it.
    pub fn is_preparing(&self) -> bool {
        self.phase.is_some_and(|phase| phase < Phase::Launch)
    }

    pub fn dates(&self) -> &[(Phase, Date)] {
        &self.dates
    }

    pub fn is_open(&self, capability: Capability) -> bool {
        match self.phase {
            None => true,
            Some(phase) => phase >= capability.opens_in() || (self.launched_before && capability.survives_rollback()),
        }
    }

    pub fn date_of(&self, phase: Phase) -> Option<Date> {
        self.dates.iter().find(|(dated, _)| *dated == phase).map(|(_, date)| *date)
    }

    /// Returns the planned day on which a capability opens, and whether it is late. A day that has passed is no
    /// promise: it is left out, and late.
    pub fn opening(&self, capability: Capability, today: Date) -> (Option<Date>, bool) {
        let day = self.date_of(capability.opens_in());
        let delayed = !self.is_open(capability) && day.is_some_and(|day| day < today);
        (day.filter(|_| !delayed), delayed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R26: the matrix, as the source states it.
    #[test]
    fn r26_only_people_are_open_before_launch() {
        for phase in [Phase::Setup, Phase::Validation, Phase::Enablement] {
            let gate = Gate::new(phase, false, vec![]);
            let open: Vec<_> = Capability::ALL.into_iter().filter(|c| gate.is_open(*c)).collect();
            assert_eq!(open, [Capability::PeopleAdmin], "{phase:?}");
        }
        let draft = Gate::new(Phase::Draft, false, vec![]);
        assert!(Capability::ALL.into_iter().all(|capability| !draft.is_open(capability)));
        let live = Gate::new(Phase::Launch, true, vec![]);
        assert!(Capability::ALL.into_iter().all(|capability| live.is_open(capability)));
    }

    /// D2: a company that is late, or was set back, is promised no day of the past.
    #[test]
    fn d2_a_day_that_has_passed_is_no_promise() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        let gate = Gate::new(Phase::Setup, true, vec![(Phase::Launch, day("2026-05-11"))]);
        assert_eq!(gate.opening(Capability::Chat, day("2026-05-10")), (Some(day("2026-05-11")), false));
        assert_eq!(gate.opening(Capability::Chat, day("2026-05-11")), (Some(day("2026-05-11")), false));
        assert_eq!(gate.opening(Capability::Chat, day("2026-05-12")), (None, true));
        let undated = Gate::new(Phase::Setup, false, vec![]);
        assert_eq!(undated.opening(Capability::Chat, day("2026-05-12")), (None, false));
    }

    /// J13
    #[test]
    fn j13_rollback_keeps_conversations() {
        let gate = Gate::new(Phase::Enablement, true, vec![]);
        assert!(gate.is_open(Capability::CaseReply) && gate.is_open(Capability::CaseHistory));
        assert!(!gate.is_open(Capability::CaseOpen) && !gate.is_open(Capability::Chat));
    }
}
