//! Live chat: the page that begins one, the room both sides write in, the desk's list.

pub mod api;
mod desk;
mod room;
mod start;

pub use desk::DeskChatsPage;
pub use room::ChatPage;
pub use start::StartChatPage;

pub(crate) use start::CompanyField;
