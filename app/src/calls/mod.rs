//! The phone: numbers with their hours, the operator's settings, the call-back form, the desk's list of calls to make.

pub mod api;
mod desk;
mod lines;
mod new;
mod settings;

pub use api::count_waiting;
pub use desk::{DeskCallsPage, outcome_text};
pub use lines::{PhoneLines, language_name};
pub use new::NewCallPage;
pub use settings::PhoneLinesPage;
