//! The state of an upload and the verdicts on its records, as they lie in its folder.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use domain::{
    Failure, ImportId,
    imports::{ImportProgress, ImportReport, ImportState, ImportView, RowVerdict},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::lease::SILENCE;
use crate::fault;

const STATE: &str = "state.json";
pub(super) const VERDICTS: &str = "verdicts.jsonl";

/// The verdicts on every record, for readers who want more than the page shows. Failing to write it stops no import.
pub(super) struct VerdictLog {
    folder: PathBuf,
    out: io::Result<BufWriter<fs::File>>,
}

impl VerdictLog {
    pub fn begin(folder: &Path) -> Self {
        let out = fs::File::create(folder.join("verdicts.new")).map(BufWriter::new);
        Self { folder: folder.to_owned(), out }
    }

    pub fn add(&mut self, row: &RowVerdict) {
        if let Ok(out) = &mut self.out {
            let written = serde_json::to_writer(&mut *out, row).map_err(io::Error::from);
            if let Err(error) = written.and_then(|()| out.write_all(b"\n")) {
                self.out = Err(error);
            }
        }
    }

    pub fn end(self) {
        let draft = self.folder.join("verdicts.new");
        let written = self.out.and_then(|mut out| out.flush());
        if let Err(error) = written.and_then(|()| fs::rename(draft, self.folder.join(VERDICTS))) {
            tracing::error!(error = %error, "the verdicts of an import could not be kept");
        }
    }
}

/// The state of an upload, and the run that may change it: a run that was given up and another that took over do not
/// write over each other.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub run: ImportId,
    pub view: ImportView,
}

/// States are read, decided on and written one at a time. One process serves a data directory.
pub(super) static STATES: Mutex<()> = Mutex::new(());

/// Written beside and moved into place: a reader sees the old one or the new one.
pub(super) fn save(folder: &Path, kept: &Kept) -> Result<(), Failure> {
    let text = serde_json::to_vec(kept).map_err(|error| fault("describing an import", &error))?;
    let (draft, path) = (folder.join("state.new"), folder.join(STATE));
    fs::write(&draft, text).and_then(|()| fs::rename(&draft, &path)).map_err(|error| fault("keeping an import", &error))
}

pub(super) fn load(folder: &Path) -> Option<Kept> {
    serde_json::from_slice(&fs::read(folder.join(STATE)).ok()?).ok()
}

/// Changes the state as the run that has the upload; says nothing to one that lost it.
fn change(folder: &Path, run: ImportId, change: impl FnOnce(&mut ImportView)) -> Result<(), Failure> {
    let _one = STATES.lock().unwrap_or_else(PoisonError::into_inner);
    match load(folder) {
        Some(mut kept) if kept.run == run => {
            change(&mut kept.view);
            save(folder, &kept)
        }
        _ => Ok(()),
    }
}

/// Notes how far a run is; a failed write only makes the page look old.
pub(super) fn note(folder: &Path, run: ImportId, now: Timestamp, done: ImportProgress) {
    drop(change(folder, run, |view| {
        view.progress = done;
        view.changed_at = now;
    }));
}

/// Writes down how a run ended, and in the log what made it fail.
pub(super) fn close(
    folder: &Path,
    run: ImportId,
    now: Timestamp,
    outcome: Result<ImportReport, Failure>,
    state: ImportState,
) {
    match outcome {
        Ok(report) => end(folder, run, now, Some(report), state),
        Err(failure) => {
            tracing::error!(run = %run, error = %failure, "import failed");
            end(folder, run, now, None, ImportState::Failed);
        }
    }
}

/// Writes down how a run ended; without a report the one before stays.
pub(super) fn end(folder: &Path, run: ImportId, now: Timestamp, report: Option<ImportReport>, state: ImportState) {
    let noted = change(folder, run, |view| {
        view.state = state;
        view.changed_at = now;
        view.report = report.or_else(|| view.report.take());
    });
    if let Err(failure) = noted {
        tracing::error!(run = %run, error = %failure, "the end of an import could not be noted");
    }
}

/// The state as it is now, with a run that was cut off as failed. One that looks through gives signs of life; one that
/// writes has the lease, from before its state says so until after it says how it ended: a state that was read before
/// `writing` was asked is read once more.
pub(super) fn seen(folder: &Path, mut kept: Kept, writing: Option<ImportId>, now: Timestamp) -> Kept {
    let cut_off = match kept.view.state {
        ImportState::Checking => kept.view.changed_at + SILENCE < now,
        ImportState::Running if writing != Some(kept.run) => match load(folder) {
            Some(again) if again.run == kept.run && again.view.state == ImportState::Running => true,
            Some(again) => return again,
            None => true,
        },
        _ => false,
    };
    if cut_off {
        kept.view.state = ImportState::Failed;
    }
    kept
}
