//! The `guichet` binary: one program to serve, migrate, import and look after an installation.

// Views are deeply nested types where nothing erases them.
#![recursion_limit = "512"]

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::main()
}
