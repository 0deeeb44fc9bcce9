//! The guichet server: configuration, composition, router and middleware, live stream, files, workers, command line.

// Views are deeply nested types where nothing erases them.
#![recursion_limit = "512"]

pub mod cli;
pub mod compose;
pub mod config;
pub mod data_dir;
mod doctor;
pub mod files;
pub mod listen;
pub mod live;
pub mod middleware;
mod rehearsal;
pub mod router;
pub mod serve;
pub mod status;
pub mod telemetry;
pub mod web;
