//! Use cases: permission, pure decision, one transaction, events; mail, jobs, imports, live bus.
//!
//! A use case is a function in a file named by its verb. It takes a [`Context`] (who asks, with what), asks the policy,
//! lets `domain` decide, and writes everything in one [`Change`]: rows, one event, mails. What leaves, leaves after the
//! commit.

pub mod announcements;
pub mod audit;
pub mod calls;
pub mod cases;
mod change;
pub mod chat;
pub mod demo;
mod fault;
pub mod files;
pub mod forms;
pub mod imports;
pub mod jobs;
mod limits;
mod link;
pub mod live;
pub mod mail;
pub mod overview;
pub mod people;
pub mod rollout;
pub mod search;
mod services;
pub mod session;

pub use change::Change;
pub use fault::{OrFail, chain, fault};
pub use limits::{Counted, Limits};
pub use services::{Context, Parts, RandomIds, Secrets, Services, Settings, SystemClock};
