//! The uploads that are kept.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    sync::PoisonError,
};

use domain::{
    Failure, ImportId,
    failure::Conflict,
    imports::{ImportReport, ImportShelf, ImportView, RowVerdict},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    super::lease,
    authorize, folder, refusal_of, staging,
    state::{Kept, STATES, VERDICTS, load, seen},
};
use crate::{Context, Services, fault};

/// How long an idle upload is kept (A5): what was imported is in the database by then.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The uploads that are kept, and the last one of the actor that was not taken.
///
/// # Errors
/// As [`list`].
pub async fn shelf(context: &Context) -> Result<ImportShelf, Failure> {
    let imports = list(context).await?;
    let noted = fs::read(refusal_of(context)).ok();
    Ok(ImportShelf { imports, refused: noted.and_then(|text| serde_json::from_slice(&text).ok()) })
}

pub(super) async fn read(services: &Services, id: ImportId) -> Result<Kept, Failure> {
    let folder = folder(services, id);
    let kept = load(&folder).ok_or(Failure::NotFound)?;
    let writing = lease::writing(services).await?;
    Ok(seen(&folder, kept, writing, services.now()))
}

/// The uploads that are kept and the commits at the command line, newest first, with what was counted and without records.
///
/// # Errors
/// [`Failure::Forbidden`] without the permission to import.
pub async fn list(context: &Context) -> Result<Vec<ImportView>, Failure> {
    authorize(context).await?;
    let (shelf, now) = (staging(&context.services), context.services.now());
    let Ok(entries) = fs::read_dir(&shelf) else { return Ok(Vec::new()) };
    let kept: Vec<(PathBuf, Kept)> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<ImportId>().ok())
        .map(|id| shelf.join(id.to_string()))
        .filter_map(|folder| load(&folder).map(|kept| (folder, kept)))
        .collect();
    let writing = lease::writing(&context.services).await?;
    let mut views: Vec<ImportView> = kept
        .into_iter()
        .map(|(folder, kept)| {
            let view = seen(&folder, kept, writing, now).view;
            let counted = view.report.map(|report| ImportReport { rows: Vec::new(), ..report });
            ImportView { report: counted, ..view }
        })
        .collect();
    views.sort_by_key(|view| std::cmp::Reverse(view.uploaded_at));
    Ok(views)
}

/// One upload with its report.
///
/// # Errors
/// [`Failure::NotFound`]; [`Failure::Forbidden`] without the permission to import.
pub async fn find(context: &Context, id: ImportId) -> Result<ImportView, Failure> {
    authorize(context).await?;
    Ok(read(&context.services, id).await?.view)
}

/// The verdict on every record of an upload, in the order they were given.
///
/// # Errors
/// [`Failure::NotFound`] before it was looked through; [`Failure::Forbidden`] without the permission to import.
pub async fn read_verdicts(
    context: &Context,
    id: ImportId,
) -> Result<impl Iterator<Item = RowVerdict> + Send + use<>, Failure> {
    authorize(context).await?;
    let file = fs::File::open(folder(&context.services, id).join(VERDICTS)).map_err(|_| Failure::NotFound)?;
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    Ok(lines.filter_map(|line| serde_json::from_str(&line).ok()))
}

/// Forgets an upload; what a commit wrote stays.
///
/// # Errors
/// [`Conflict::AlreadyTaken`] while it is being written.
pub async fn discard(context: &Context, id: ImportId) -> Result<(), Failure> {
    authorize(context).await?;
    context.limit_writing()?;
    let seen = read(&context.services, id).await?;
    if seen.view.state.is_running() {
        return Err(Failure::Conflict(Conflict::AlreadyTaken));
    }
    let failed = |error: io::Error| fault("discarding an import", &error);
    let folder = folder(&context.services, id);
    let gone = staging(&context.services).join(format!("gone-{id}"));
    {
        let _one = STATES.lock().unwrap_or_else(PoisonError::into_inner);
        load(&folder).filter(|kept| kept.run == seen.run).ok_or(Failure::Conflict(Conflict::AlreadyTaken))?;
        fs::rename(&folder, &gone).map_err(failed)?;
    }
    fs::remove_dir_all(gone).map_err(failed)
}

/// Deletes uploads on which nothing happened for [`KEPT`], and what an end of the process left unfinished.
pub(crate) async fn sweep(services: &Services) -> Result<(), Failure> {
    let (shelf, before) = (staging(services), services.now() - KEPT);
    let swept = tokio::task::spawn_blocking(move || sweep_shelf(&shelf, before));
    let failed = |error: &dyn std::error::Error| fault("sweeping imports", &error);
    swept.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
}

fn sweep_shelf(shelf: &Path, before: Timestamp) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(shelf) else { return Ok(()) };
    let mut outcome = Ok(());
    for entry in entries {
        // One that cannot be deleted holds up no other.
        if let Err(error) = entry.and_then(|entry| sweep_entry(&entry, before)) {
            outcome = Err(error);
        }
    }
    outcome
}

fn sweep_entry(entry: &fs::DirEntry, before: Timestamp) -> io::Result<()> {
    let (folder, name) = (entry.path(), entry.file_name());
    let upload = name.to_str().is_some_and(|name| name.parse::<ImportId>().is_ok() || name.starts_with("gone-"));
    let _one = STATES.lock().unwrap_or_else(PoisonError::into_inner);
    // A run that was cut off says that it runs for ever; it would have written by now.
    let old = match load(&folder) {
        Some(kept) => kept.view.changed_at < before,
        None => entry.metadata()?.modified()? < std::time::SystemTime::from(before),
    };
    if upload && old { fs::remove_dir_all(&folder) } else { Ok(()) }
}
