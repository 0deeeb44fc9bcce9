//! Imports: uploading, reading the dry run, committing (J1).

pub mod api;
mod list;
mod one;
mod words;

pub use list::ImportsPage;
pub use one::ImportPage;
