//! The rollout: the customer's timeline, the vendor's board, one company in it.

mod api;
mod board;
mod company;
mod programme;
mod timeline;
mod words;

pub use board::BoardPage;
pub use company::CompanyRolloutPage;
pub use timeline::TimelinePage;
