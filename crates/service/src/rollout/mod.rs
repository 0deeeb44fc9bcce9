//! Programmes and the phases of companies (R22-R33): setting up, enrolling, moving, and what each side sees of it.

mod dates;
mod move_phase;
mod programme;
mod read;

pub use dates::{move_dates, shift_programme};
pub use move_phase::{move_phase, set_back};
pub use programme::{create_programme, enrol, tools};
pub use read::{board, company, history, own_timeline, programmes, timeline};
