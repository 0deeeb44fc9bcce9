//! People of a company: the list, adding, roles, removing; the page behind an invitation link.

pub mod api;
mod forms;
mod invitation;
mod list;
mod new;
mod person;
mod staff;
mod words;

pub use forms::InviteForm;
pub use invitation::InvitationPage;
pub use list::PeoplePage;
pub use new::NewPersonPage;
pub use person::PersonPage;
pub use words::{reach_text, role_text};
