//! Announcements: what is new, what was, and one page each (F1-F4).

mod api;
mod list;
mod page;
mod problem;

pub use list::AnnouncementsPage;
pub use page::AnnouncementPage;
pub use problem::problem_text;
