//! The first page: the three doors for customers, the place of work for the vendor's people.

pub mod api;
mod doors;
mod page;
mod parts;

pub use page::OverviewPage;
