//! The operator's page of mails: what left, what waits, what was given up.

pub mod api;
mod page;

pub use page::MailPage;
