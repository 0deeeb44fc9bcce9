//! Cases: the customer's lists and pages, and the agents' desk.

pub mod api;
mod case;
mod desk;
mod list;
mod new;
mod parts;

pub use case::CasePage;
pub use desk::DeskPage;
pub use list::CasesPage;
pub use new::NewCasePage;
pub use parts::{CaseRows, close_reason_text, priority_badge, priority_text, size_text, status_badge, status_text};
pub(crate) use parts::{EntryBody, product_choices};
