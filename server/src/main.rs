//! The `guichet` binary: one program to serve, migrate, import and look after an installation.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::main()
}
