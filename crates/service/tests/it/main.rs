//! Use cases on both databases, one module a feature.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot set up has to stop")]

mod addresses;
mod announcements;
mod audit;
mod calls;
mod cases;
mod chat;
mod demo;
mod files;
mod forms;
mod import_faults;
mod imports;
mod lease;
mod lists;
mod live;
mod mail;
mod overview;
mod people;
mod promises;
mod rollout;
mod search;
mod session;
mod sides;
mod tenants;
