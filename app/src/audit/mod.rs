//! The ledger: what happened in a company, for its administrators and the vendor.

mod api;
mod page;

pub use page::LedgerPage;
