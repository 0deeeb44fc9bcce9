//! Use cases on both databases, one module a feature.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot set up has to stop")]

mod announcements;
mod audit;
mod calls;
mod cases;
mod chat;
mod demo;
mod imports;
mod live;
mod mail;
mod overview;
mod people;
mod rollout;
mod session;
