//! Committing an upload.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::PoisonError,
};

use domain::{
    Failure, ImportId,
    failure::Conflict,
    imports::{ImportProgress, ImportState, ImportView},
};
use jiff::Timestamp;

use super::{
    super::{Importer, Source, Strictness, lease::Lease},
    CONTENT, FILES, NAMES, RECORDS, folder,
    shelf::read,
    state::{Kept, STATES, VerdictLog, close, load, note, save},
};
use crate::{Context, fault};

/// What an upload brought.
pub(super) fn content(folder: &Path) -> Result<Source, Failure> {
    let content = folder.join(CONTENT);
    let names = fs::read(content.join(NAMES)).map_err(|error| fault("reading an upload", &error))?;
    let names: Vec<String> = serde_json::from_slice(&names).map_err(|error| fault("reading an upload", &error))?;
    let files = content.join(FILES);
    let attached: HashMap<String, PathBuf> =
        names.into_iter().enumerate().map(|(place, name)| (name, files.join(place.to_string()))).collect();
    Source::open_upload(&content.join(RECORDS), attached).map_err(|error| fault("opening an upload", &error))
}

/// Commits an upload in the background.
///
/// # Errors
/// [`Conflict::AlreadyTaken`] while it is being looked through or written, when it is done, and when it was begun at the
/// command line; [`Conflict::ImportUnderWay`] while another is being written.
pub async fn start_commit(context: &Context, id: ImportId, strictness: Strictness) -> Result<(), Failure> {
    let importer = Importer::new(context).await?;
    context.limit_writing()?;
    let seen = read(&context.services, id).await?;
    // What was given at the command line lies where the command was run.
    if seen.view.state.is_running() || seen.view.state == ImportState::Done || seen.view.at_terminal {
        return Err(Failure::Conflict(Conflict::AlreadyTaken));
    }
    let folder = folder(&context.services, id);
    let lease = Lease::take(&importer).await?;
    let now = context.services.now();
    let source = match hand_over(&folder, seen.run, lease.run(), now).and_then(|()| content(&folder)) {
        Ok(source) => source,
        Err(failure) => {
            lease.release().await;
            return Err(failure);
        }
    };
    tokio::spawn(async move {
        let run = lease.run();
        let progress = |done| note(&folder, run, importer.services.now(), done);
        let mut log = VerdictLog::begin(&folder);
        let outcome = importer.commit_as(&lease, &source, strictness, &mut |row| log.add(row), &progress).await;
        log.end();
        // Refused records stop a strict commit: the upload waits for a decision as before.
        let committed = outcome.as_ref().is_ok_and(|report| report.committed);
        let state = if committed { ImportState::Done } else { ImportState::Checked };
        if committed {
            drop(fs::remove_dir_all(folder.join(CONTENT)));
        }
        close(&folder, run, importer.services.now(), outcome, state);
        lease.release().await;
    });
    Ok(())
}

/// Gives an upload to the run that is to write it, unless another run was faster.
fn hand_over(folder: &Path, before: ImportId, run: ImportId, now: Timestamp) -> Result<(), Failure> {
    let _one = STATES.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = load(folder).filter(|kept| kept.run == before).ok_or(Failure::Conflict(Conflict::AlreadyTaken))?;
    let progress = ImportProgress::default();
    let view = ImportView { state: ImportState::Running, changed_at: now, progress, ..kept.view };
    save(folder, &Kept { run, view })
}
