//! The staged rollout: phases, what each opens, and how a company moves (R22-R33, domain.md section 3).

mod gate;
mod phase;
mod plan;
mod view;

pub use gate::{Capability, Gate};
pub use phase::{Phase, PhaseMove, decide_move};
pub use plan::{DatesForm, ProgrammeDraft, ProgrammeForm, check_dates, reason, shift_dates};
pub use view::{
    BoardCell, BoardFilter, BoardRow, Change, CompanyRollout, Dates, FunnelCounts, MOST_CHANGES, Moved,
    ProgrammeSummary, ProgrammeTools, RolloutBoard, RolloutChange, StepState, Timeline, TimelineStep,
};
