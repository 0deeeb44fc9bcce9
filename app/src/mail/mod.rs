//! The operator's page of mails: sent, waiting and given up.

pub mod api;
mod page;

pub use page::MailPage;
