//! The `guichet` binary: one program to serve, migrate, import and look after an installation.

// Views are deeply nested types where nothing erases them.
#![recursion_limit = "512"]

use std::process::ExitCode;

// A page is made of many small strings: the allocator of the system costs a quarter of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}
