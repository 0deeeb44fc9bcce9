//! Tests through the real router and the real program: access, limits, headers, cookies, forms, files, the live stream, the
//! command line, failing disks.

#![expect(clippy::expect_used, reason = "a test that cannot set up has to stop")]

mod access;
mod command;
mod connections;
mod disk;
mod files;
mod forms;
mod frame;
mod http;
mod leave;
mod limits;
mod live;
mod portal;
mod program;
mod statements;
mod vendor;
