//! Pure types and rules of a support portal.
//!
//! Nothing here does I/O, knows an async runtime, a database or a user interface; it compiles for WebAssembly and
//! natively, so that server and browser decide with the same code. Time and ids come in as arguments.
//!
//! Modules are features and have the same name in every crate: `cases` is `domain::cases`, `store::cases`,
//! `service::cases`, `app::cases`.

pub mod access;
pub mod announcements;
pub mod audit;
pub mod calls;
pub mod cases;
pub mod chat;
pub mod clock;
pub mod contracts;
pub mod failure;
pub mod files;
pub mod ids;
pub mod imports;
pub mod links;
pub mod locale;
pub mod mail;
pub mod organisations;
pub mod overview;
pub mod page;
pub mod people;
pub mod products;
pub mod rollout;
pub mod text;

pub use failure::{Failure, FieldError, FieldErrors};
pub use ids::*;
