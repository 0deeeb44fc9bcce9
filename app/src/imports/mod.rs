//! Imports: uploading, reading the dry run, committing (J1).

pub mod api;
mod list;
mod one;
pub mod report;
mod words;

pub use list::ImportsPage;
pub use one::ImportPage;
pub use words::upload_text;
