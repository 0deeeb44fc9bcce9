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
mod import_updates;
mod imports;
mod lease;
mod lists;
mod live;
mod mail;
mod members;
mod overview;
mod people;
mod promises;
mod publishing;
mod rollout;
mod search;
mod session;
mod sides;
mod tenants;
