//! Commits at the command line, shown among the imports of the portal: where they stand, who began them, what they did.

use std::{
    fs,
    panic::{AssertUnwindSafe, resume_unwind},
    path::{Path, PathBuf},
};

use domain::{
    Failure,
    imports::{ImportProgress, ImportReport, ImportState, ImportView, RowVerdict},
};
use futures::FutureExt;

use super::{
    super::{Importer, Source, Strictness, lease::Lease},
    folder,
    state::{Kept, VerdictLog, end, note, save},
};
use crate::fault;

/// Commits a source that was given at the command line under `name`; `None` when `stop` came before the end: what was
/// written stays, and another commit goes on. `each` hears every verdict.
///
/// # Errors
/// As [`Importer::commit`].
pub async fn commit_at_terminal(
    importer: &Importer,
    source: &Source,
    name: &str,
    strictness: Strictness,
    each: &mut (dyn FnMut(&RowVerdict) + Send),
    progress: &(dyn Fn(ImportProgress) + Send + Sync),
    stop: impl Future<Output = ()>,
) -> Result<Option<ImportReport>, Failure> {
    let lease = Lease::take(importer).await?;
    let run = lease.run();
    // That the portal cannot show it stops no import.
    let shown = match begin(importer, &lease, source, name) {
        Ok(folder) => Some(folder),
        Err(failure) => {
            tracing::warn!(error = %failure, "the portal does not show this import");
            None
        }
    };
    let mut log = shown.as_deref().map(VerdictLog::begin);
    let mut heard = |row: &RowVerdict| {
        if let Some(log) = &mut log {
            log.add(row);
        }
        each(row);
    };
    let done = |done: ImportProgress| {
        if let Some(folder) = &shown {
            note(folder, run, importer.services.now(), done);
        }
        progress(done);
    };
    let commit = AssertUnwindSafe(importer.commit_as(&lease, source, strictness, &mut heard, &done)).catch_unwind();
    let outcome = tokio::select! {
        outcome = commit => Some(outcome),
        () = stop => None,
    };
    if let Some(log) = log {
        log.end();
    }
    if let Some(folder) = &shown {
        let report = match &outcome {
            Some(Ok(Ok(report))) => Some(report.clone()),
            _ => None,
        };
        finish(importer, &lease, folder, report);
    }
    // A panic of the caller's gives the lease back too: at the command line nothing runs after it (T17).
    lease.release().await;
    outcome.map(|outcome| outcome.unwrap_or_else(|panic| resume_unwind(panic))).transpose()
}

fn begin(importer: &Importer, lease: &Lease, source: &Source, name: &str) -> Result<PathBuf, Failure> {
    let run = lease.run();
    let folder = folder(&importer.services, run);
    fs::create_dir_all(&folder).map_err(|error| fault("showing an import", &error))?;
    let now = importer.services.now();
    let view = ImportView {
        id: run,
        name: name.to_owned(),
        files: source.files(),
        bytes: source.bytes(),
        by: String::new(),
        at_terminal: true,
        uploaded_at: now,
        changed_at: now,
        state: ImportState::Running,
        progress: ImportProgress::default(),
        report: None,
    };
    save(&folder, &Kept { run, view })?;
    Ok(folder)
}

/// Writes down what the commit did, or that it was cut off; one that wrote nothing because of refused records is forgotten.
fn finish(importer: &Importer, lease: &Lease, folder: &Path, report: Option<ImportReport>) {
    let (run, now) = (lease.run(), importer.services.now());
    match report {
        Some(report) if report.committed => end(folder, run, now, Some(report), ImportState::Done),
        Some(_) => {
            if let Err(error) = fs::remove_dir_all(folder) {
                tracing::warn!(error = %error, "an import that wrote nothing is shown as one that was cut off");
            }
        }
        None => end(folder, run, now, None, ImportState::Failed),
    }
}
