//! The interface: pages and thin server functions, compiled for the server (`ssr`) and for the browser (`hydrate`).
//!
//! A page is a component in `<feature>/<page>.rs`; its server functions are in `<feature>/api.rs`, each a context, a call
//! and a reply. `ui` is the kit of components and names nothing of the domain. See docs/PAGES.md.

// Views are deeply nested types.
#![recursion_limit = "512"]

mod generated {
    #![expect(clippy::expect_used, clippy::new_ret_no_self, reason = "made by leptos_i18n from the locales")]
    include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));
}
pub use generated::i18n;

pub mod announcements;
pub mod audit;
mod brand;
pub mod calls;
pub mod cases;
pub mod chat;
mod chunks;
pub mod drafts;
mod failure;
pub mod imports;
mod language;
mod layout;
pub mod live;
pub mod mail;
pub mod overview;
pub mod people;
#[cfg(feature = "ssr")]
pub mod request;
pub mod rollout;
mod routes;
pub mod session;
mod shell;
mod ui;
mod zone;

pub use failure::ApiError;
pub use routes::{App, PATHS, PUBLIC_PATHS};
#[cfg(feature = "ssr")]
pub use shell::assets::read as read_assets;
pub use shell::shell;
pub use ui::Query;
