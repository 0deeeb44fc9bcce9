//! The first page: for customers the three doors, for the vendor's people the place they work at.

pub mod api;
mod doors;
mod page;
mod parts;

pub use page::OverviewPage;
