//! The only crate that names SeaORM. Functions are named like the SQL they are (`insert`, `find`, `list`) and take a
//! proof or a visibility where what they do needs a permission; rows come back as domain types.
//!
//! SQL is portable; what differs between SQLite and PostgreSQL is in `search` and where the query truly differs.

pub mod admin;
pub mod announcements;
pub mod audit;
pub mod calls;
pub mod cases;
pub mod chat;
mod connect;
pub mod contracts;
mod entity;
mod error;
pub mod files;
pub mod imports;
pub mod jobs;
pub mod mail;
mod migration;
pub mod organisations;
pub mod people;
pub mod products;
pub mod rollout;
pub mod search;
pub mod sessions;
mod sql;
mod time;

pub use connect::{Db, Reads, Tx, Writes, write_tx};
pub use error::StoreError;
