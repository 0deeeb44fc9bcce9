//! The `guichet` binary: one program to serve, migrate, import and look after an installation.

// Views are deeply nested types where nothing erases them.
#![recursion_limit = "512"]

use std::process::ExitCode;

// Rendering a page allocates many small strings; the system allocator takes a quarter of that time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}
