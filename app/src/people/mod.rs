//! People of a company: the list, adding, roles, removing; the pages behind the links of invitations and new addresses.

mod address;
pub mod api;
mod forms;
mod invitation;
mod list;
mod new;
mod person;
mod staff;
mod words;

pub use address::AddressPage;
pub use forms::InviteForm;
pub use invitation::InvitationPage;
pub use list::PeoplePage;
pub use new::NewPersonPage;
pub use person::PersonPage;
pub use words::{reach_text, role_text};
