//! Through the real router: who may do what, headers, cookies, forms without JavaScript, the live stream.

#![expect(clippy::expect_used, reason = "a test that cannot set up has to stop")]

mod access;
mod command;
mod connections;
mod drafts;
mod frame;
mod http;
mod live;
mod portal;
