//! What `make bench` measures with (`scripts/bench.sh`).
//!
//! - `bench data CASES FILE` writes an import of so many cases, with their companies and people.
//! - `bench people DATABASE_URL FILE` signs the people in who read and write later, and writes who they are.
//! - `bench load URL FILE PID RESULTS` asks the server at `URL`, process `PID`, as those people, and writes what came of it.
//! - `bench table RESULTS…` prints the results of several sizes beside each other.
//! - `bench floor DATABASE_URL PERSON PAGE ADDRESS` serves the case list written by hand.

#![expect(clippy::print_stdout, reason = "a tool for developers")]

mod client;
mod data;
mod floor;
mod load;
mod people;
mod table;

use std::{error::Error, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    match arguments {
        ["data", cases, file] => Ok(data::write(cases.parse()?, file.as_ref())?),
        ["people", url, file] => people::sign_in(url, file.as_ref()).await,
        ["load", url, file, pid, results] => load::run(url, file.as_ref(), pid.parse()?, results.as_ref()).await,
        ["table", files @ ..] => table::print(files),
        ["floor", url, person, page, address] => floor::serve(url, person, page, address).await,
        _ => Err("usage: bench data | people | load | table | floor".into()),
    }
}
