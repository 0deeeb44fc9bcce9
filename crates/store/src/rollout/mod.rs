//! Programmes, enrolments and their dates.

mod board;
mod enrolments;
mod programmes;

pub use board::find_board;
pub use enrolments::{
    Enrolment, enrol, find_enrolment, find_enrolment_for_update, find_gate, find_gates, list_changes, list_enrolments,
    list_programmes_of, list_unenrolled, update_dates, update_phase,
};
pub use programmes::{
    NewProgramme, find_programme, find_programme_by_key, insert_programme, list_programmes, lock_programme,
    update_programme_date,
};

use domain::rollout::Phase;

use crate::StoreError;

fn phase(key: &str) -> Result<Phase, StoreError> {
    Phase::parse(key).ok_or_else(|| StoreError::Corrupt(format!("phase {key}")))
}
