//! Announcements: what is new, what was, and one page each (F1-F4); sending one as a mail (R34, D3).

mod api;
mod list;
mod page;
mod problem;
mod publish;
mod send;

pub use list::AnnouncementsPage;
pub use page::AnnouncementPage;
pub use problem::problem_text;
pub use publish::PublishPage;
pub use send::SendAnnouncementPage;
