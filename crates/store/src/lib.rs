//! The only crate that names SeaORM. Functions are named like the SQL they are (`insert`, `find`, `list`) and take a
//! proof or a visibility where what they do needs a permission; rows come back as domain types.
//!
//! SQL is portable; what differs between SQLite and PostgreSQL is in `search` and where the query truly differs.

pub mod admin;
pub mod announcements;
pub mod audit;
mod bounded;
pub mod calls;
pub mod cases;
pub mod chat;
pub mod check;
mod connect;
pub mod contracts;
pub mod drafts;
mod entity;
mod error;
pub mod feed;
pub mod files;
mod heartbeat;
pub mod imports;
pub mod jobs;
pub mod mail;
mod migration;
pub mod organisations;
mod paging;
pub mod people;
pub mod previews;
pub mod products;
pub mod resets;
pub mod rollout;
pub mod search;
pub mod sendings;
pub mod sessions;
mod sql;
mod time;

pub use connect::{Db, Reads, Snapshot, Tx, Writes, write_tx};
pub use error::{Damage, StoreError};
pub use heartbeat::Health;
