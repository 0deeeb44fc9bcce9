//! Through the real router: who may do what, headers, cookies, forms without JavaScript, the live stream.

#![expect(clippy::expect_used, reason = "a test that cannot set up has to stop")]

mod access;
mod command;
mod connections;
mod disk;
mod files;
mod forms;
mod frame;
mod http;
mod limits;
mod live;
mod portal;
mod program;
mod vendor;
