//! Prints what several runs found beside each other.

use std::{error::Error, fs};

use crate::load::Results;

/// `files` are results named by what was measured, e.g. `sqlite-1000.json`, the smallest first. The last column is how many
/// times longer the half of the answers takes in the last run than in the first.
pub fn print(files: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut runs = Vec::new();
    for file in files {
        let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".json");
        runs.push((name, serde_json::from_slice::<Results>(&fs::read(file)?)?));
    }
    let names = runs.iter().map(|(name, _)| format!(" {name} |")).collect::<String>();
    println!("| |{names} growth |\n|---|{}---|", "---|".repeat(runs.len()));
    let Some((_, first)) = runs.first() else { return Ok(()) };
    for row in &first.rows {
        let same = |results: &Results| results.rows.iter().position(|other| other.name == row.name);
        let mut line = format!("| {} |", row.name);
        let mut longest = row.p50;
        for (_, results) in &runs {
            match same(results).map(|place| &results.rows[place]) {
                Some(row) => {
                    longest = row.p50;
                    line += &format!(" {:.0}/s, {:.1} ms, p99 {:.1} ms", row.rate, row.p50, row.p99);
                    if row.errors > 0 {
                        line += &format!(", {} errors", row.errors);
                    }
                    if !row.more.is_empty() {
                        line += &format!(", {:.2} cores, {:.0} events heard each", row.cores, row.more["heard"]);
                    }
                    line += " |";
                }
                None => line += " |",
            }
        }
        println!("{line} {:.1} |", longest / row.p50);
    }
    let memory =
        runs.iter().map(|(_, run)| format!(" {} / {} MiB |", run.memory[0], run.memory[1])).collect::<String>();
    println!("| memory before / after |{memory} |");
    Ok(())
}
