//! What pages show of a rollout.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Capability, Phase};
use crate::{OrganisationId, ProgrammeId, cases::ProductChoice, failure::Contact, page::Page};

/// Planned first days, in the order of the phases.
pub type Dates = Vec<(Phase, Date)>;

/// R22: the page a customer sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    pub organisation: OrganisationId,
    pub organisation_name: String,
    pub programme: String,
    pub phase: Phase,
    /// R34: where questions go.
    pub contact: String,
    /// The company's administrators (K2); the ones who accepted their invitation come first.
    pub administrators: Vec<Contact>,
    /// The day on which this was asked, in the zone of the reader.
    pub today: Date,
    pub steps: Vec<TimelineStep>,
    /// R5: how the days moved, newest first.
    pub moves: Vec<RolloutChange>,
}

impl Timeline {
    /// Returns the step that the company is in; `None` before the first.
    pub fn current(&self) -> Option<&TimelineStep> {
        self.steps.iter().find(|step| step.phase == self.phase)
    }

    /// Returns the step that comes next, and in how many days when it has a day.
    pub fn next(&self) -> Option<(&TimelineStep, Option<i64>)> {
        let step = self.steps.iter().find(|step| step.phase > self.phase)?;
        let days = step.starts_on.and_then(|day| self.today.until(day).ok()).map(|span| i64::from(span.get_days()));
        Some((step, days))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineStep {
    pub phase: Phase,
    pub starts_on: Option<Date>,
    /// The step has not begun although its day has passed: a new day will follow.
    pub delayed: bool,
    pub state: StepState,
    /// What it opens.
    pub opens: Vec<Capability>,
}

impl TimelineStep {
    /// Returns the four dated steps of a company that stands at `phase`. The day of a step that should have begun by
    /// now is left out (D2).
    pub fn all(phase: Phase, dates: &[(Phase, Date)], today: Date) -> Vec<Self> {
        Phase::DATED
            .into_iter()
            .map(|step| (step, dates.iter().find(|(dated, _)| *dated == step).map(|(_, date)| *date)))
            .map(|(step, day)| (step, day, step > phase && day.is_some_and(|day| day < today)))
            .map(|(step, day, delayed)| Self {
                phase: step,
                starts_on: day.filter(|_| !delayed),
                delayed,
                state: match step.cmp(&phase) {
                    std::cmp::Ordering::Less => StepState::Done,
                    std::cmp::Ordering::Equal => StepState::Current,
                    std::cmp::Ordering::Greater => StepState::Ahead,
                },
                opens: Capability::ALL.into_iter().filter(|capability| capability.opens_in() == step).collect(),
            })
            .collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Done,
    Current,
    Ahead,
}

/// How many changes of a company are shown; the ledger has all of them.
pub const MOST_CHANGES: usize = 200;

/// Something that happened to a company in its rollout: a view of its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutChange {
    pub at: Timestamp,
    /// Who did it; customers are not told.
    pub actor: Option<String>,
    pub change: Change,
}

/// Also the detail of the event, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Change {
    Phase {
        before: Phase,
        after: Phase,
        reason: String,
        /// The guard was passed over (J11).
        #[serde(default)]
        overridden: bool,
        /// How many people were invited with it.
        #[serde(default)]
        invited: u64,
    },
    Dates {
        before: Dates,
        after: Dates,
        #[serde(default)]
        reason: String,
    },
    Enrolled {
        programme: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeSummary {
    pub id: ProgrammeId,
    pub key: String,
    pub name: String,
    pub contact: String,
    pub products: Vec<String>,
    pub dates: Dates,
    pub companies: u64,
}

/// Which companies of a board are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardFilter {
    /// The key of a phase; empty is all.
    #[serde(default)]
    pub phase: String,
    /// Part of a name.
    #[serde(default)]
    pub search: String,
    /// The cursor of the page, as another page gave it.
    #[serde(default)]
    pub after: String,
}

/// The programme manager's board: companies against phases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutBoard {
    pub programme: ProgrammeSummary,
    /// One page of those asked for, by name.
    pub companies: Page<BoardRow>,
    /// Of the whole programme, whatever was asked for.
    pub funnel: FunnelCounts,
    /// How many companies stand in each phase.
    pub phases: Vec<(Phase, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardRow {
    pub organisation: OrganisationId,
    pub name: String,
    pub phase: Phase,
    pub phase_since: Timestamp,
    pub launched_before: bool,
    pub cells: Vec<BoardCell>,
    pub known: u64,
    pub invited: u64,
    pub activated: u64,
    pub admins: u64,
    pub activated_admins: u64,
}

impl BoardRow {
    /// Whether the guard would refuse a launch (J11).
    pub fn launch_guarded(&self) -> bool {
        self.phase != Phase::Launch && self.activated_admins == 0
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardCell {
    pub phase: Phase,
    pub date: Option<Date>,
}

/// domain.md 3.4: people known, invited, activated, signed in since launch; companies with an admin, launched, with a
/// first case (R33: adoption is measured).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunnelCounts {
    pub known: u64,
    pub invited: u64,
    pub activated: u64,
    pub signed_in: u64,
    pub companies: u64,
    pub with_admin: u64,
    pub launched: u64,
    pub with_case: u64,
}

/// What a move did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub before: Phase,
    pub after: Phase,
    /// People who were invited with it.
    pub invited: u64,
}

/// One company as the vendor works on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyRollout {
    /// What the customer sees.
    pub timeline: Timeline,
    /// Admins who accepted their invitation: what the guard asks for (J11).
    pub activated_admins: u64,
    /// People who were not told of the portal yet.
    pub waiting: u64,
    /// People who accepted their invitation: to them something closes when the company is set back (D2).
    pub active: u64,
    /// The planned days, those that have passed among them: what the vendor corrects.
    pub dates: Dates,
    /// With who and why.
    pub history: Vec<RolloutChange>,
}

/// What the forms of the board need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeTools {
    /// Companies in no programme, by name.
    pub candidates: Vec<(OrganisationId, String)>,
    /// There are more of them: a search finds those.
    pub more: bool,
    pub products: Vec<ProductChoice>,
}
