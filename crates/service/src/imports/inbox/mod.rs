//! Uploads that wait for a decision, kept in the data directory from the dry run to the commit, and commits at the command
//! line: one folder each.
//!
//! ```text
//! <id>/state.json        what it is, how far it got and what was found
//! <id>/verdicts.jsonl    the verdict on every record
//! <id>/content/records/  of an upload, what is imported: `import.jsonl`, or the tables of a CSV bundle
//! <id>/content/files/    what entries name, as 0, 1, 2 …, and `files.json` with the names they came under
//! refused-<person>.json  what is said to that person of the last upload that was not taken
//! ```
//!
//! The state outlives a restart. A run that was cut off (no sign of life for two minutes) can be committed again: what was
//! written stays, the rest follows.

mod commit;
mod shelf;
mod state;
mod terminal;
mod upload;

use std::path::PathBuf;

use domain::{
    Failure, ImportId,
    access::{Permission, Place},
};

pub(crate) use self::shelf::sweep;
pub use self::{
    commit::start_commit,
    shelf::{discard, find, list, read_verdicts, shelf},
    terminal::commit_at_terminal,
    upload::{MAX_FILES, MAX_UPLOAD, Part, Upload},
};
use crate::{Context, Services};

const CONTENT: &str = "content";
const RECORDS: &str = "records";
const FILES: &str = "files";
const NAMES: &str = "files.json";

fn staging(services: &Services) -> PathBuf {
    services.files.staging()
}

fn folder(services: &Services, id: ImportId) -> PathBuf {
    staging(services).join(id.to_string())
}

async fn authorize(context: &Context) -> Result<(), Failure> {
    context.authorize(Permission::ImportRun, &Place::vendor()).await.map(|_| ())
}

/// Where the last refusal of the actor's uploads is noted.
fn refusal_of(context: &Context) -> PathBuf {
    staging(&context.services).join(format!("refused-{}.json", context.actor.person))
}
