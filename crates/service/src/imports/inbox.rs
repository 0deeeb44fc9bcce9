//! Uploads that wait for a decision: kept in the data directory from the dry run to the commit, one folder each.
//!
//! What an upload is and how far it got stands in `state.json` beside it, so that it outlives a restart. An import that
//! was cut off looks still for two minutes, then as failed, and can be committed again: what was written stays, the rest
//! follows.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use domain::{
    Failure, FieldError, ImportId,
    access::{Permission, Place},
    failure::Conflict,
    files::display_name,
    imports::{ImportProgress, ImportReport, ImportState, ImportView},
};
use futures::{Stream, StreamExt};
use jiff::SignedDuration;

use super::{Importer, Source, Strictness, source};
use crate::{Context, Services, fault};

/// Bytes of one upload, all its files together.
pub const MAX_UPLOAD: u64 = 2 * 1024 * 1024 * 1024;
/// Files of one upload.
const MAX_FILES: usize = 5_000;
/// Without a sign of life for so long, a run was cut off.
const SILENCE: SignedDuration = SignedDuration::from_mins(2);
const STATE: &str = "state.json";
const CONTENT: &str = "content";

fn shelf(services: &Services) -> PathBuf {
    services.files.staging().to_owned()
}

fn folder(services: &Services, id: ImportId) -> PathBuf {
    shelf(services).join(id.to_string())
}

async fn authorize(context: &Context) -> Result<(), Failure> {
    context.authorize(Permission::ImportRun, &Place::vendor()).await.map(|_| ())
}

/// An upload that is coming in; dropped unfinished, it is gone.
pub struct Upload {
    context: Context,
    importer: Importer,
    id: ImportId,
    folder: PathBuf,
    names: Vec<String>,
    bytes: u64,
    kept: bool,
}

impl Upload {
    /// # Errors
    /// [`Failure::Forbidden`] without the permission to import.
    pub async fn begin(context: &Context) -> Result<Self, Failure> {
        let importer = Importer::new(context).await?;
        let id: ImportId = context.services.id();
        let folder = folder(&context.services, id);
        fs::create_dir_all(folder.join(CONTENT).join("files")).map_err(|error| fault("keeping an upload", &error))?;
        Ok(Self { context: context.clone(), importer, id, folder, names: Vec::new(), bytes: 0, kept: false })
    }

    /// Takes one file: `*.jsonl` and the CSV files of a bundle are what is imported, others are attached to cases as
    /// `files/NAME`.
    ///
    /// # Errors
    /// Under `files`: too many, or too large in all.
    pub async fn take<E: std::error::Error>(
        &mut self,
        claimed_name: &str,
        mut body: impl Stream<Item = Result<impl AsRef<[u8]>, E>> + Unpin,
    ) -> Result<(), Failure> {
        let refuse = |error| Failure::field("files", error);
        if self.names.len() >= MAX_FILES {
            return Err(refuse(FieldError::TooMany { max: MAX_FILES as u32 }));
        }
        let name = display_name(claimed_name);
        let content = self.folder.join(CONTENT);
        let lower = name.to_lowercase();
        let path = if source::is_bundle_file(&lower) {
            content.join(&lower)
        } else if [".jsonl", ".ndjson", ".json"].iter().any(|end| lower.ends_with(end)) {
            content.join(source::JSON_IN_FOLDER)
        } else {
            content.join("files").join(&name)
        };
        let failed = |error: std::io::Error| fault("keeping an upload", &error);
        let mut file = fs::File::create(&path).map_err(failed)?;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| refuse(FieldError::Required))?;
            let chunk = chunk.as_ref();
            self.bytes += chunk.len() as u64;
            if self.bytes > MAX_UPLOAD {
                return Err(refuse(FieldError::TooLarge { max_bytes: MAX_UPLOAD }));
            }
            file.write_all(chunk).map_err(failed)?;
        }
        self.names.push(name);
        Ok(())
    }

    /// Keeps the upload and begins its dry run in the background.
    ///
    /// # Errors
    /// Under `files` when nothing in it can be imported.
    pub fn finish(mut self) -> Result<ImportId, Failure> {
        let source =
            Source::open(&self.folder.join(CONTENT)).map_err(|_| Failure::field("files", FieldError::Required))?;
        let now = self.context.services.now();
        let view = ImportView {
            id: self.id,
            name: self.names.iter().take(3).cloned().collect::<Vec<_>>().join(", "),
            files: self.names.len() as u64,
            bytes: self.bytes,
            by: self.context.actor.name.clone(),
            uploaded_at: now,
            changed_at: now,
            state: ImportState::Checking,
            progress: ImportProgress::default(),
            report: None,
        };
        save(&self.folder, &view)?;
        self.kept = true;
        let (folder, importer) = (self.folder.clone(), self.importer.clone());
        tokio::spawn(async move {
            let shared = std::sync::Mutex::new(view.clone());
            let progress = |done| note(&folder, &shared, &importer, done);
            let outcome = importer.dry_run(&source, &mut |_| {}, &progress).await;
            close(&folder, &importer, view, outcome, ImportState::Checked);
        });
        Ok(self.id)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = fs::remove_dir_all(&self.folder)
        {
            tracing::warn!(error = %error, "an unfinished upload stays behind");
        }
    }
}

/// Notes how far a run is; a failed write only makes the page look old.
fn note(folder: &Path, shared: &std::sync::Mutex<ImportView>, importer: &Importer, done: ImportProgress) {
    if let Ok(mut view) = shared.lock() {
        view.progress = done;
        view.changed_at = importer.services.now();
        drop(save(folder, &view));
    }
}

/// Writes down how a run ended.
fn close(
    folder: &Path,
    importer: &Importer,
    view: ImportView,
    outcome: Result<ImportReport, Failure>,
    state: ImportState,
) {
    let changed_at = importer.services.now();
    let view = match outcome {
        Ok(report) => ImportView { state, changed_at, report: Some(report), ..view },
        Err(failure) => {
            tracing::error!(import = %view.id, error = %failure, "import failed");
            ImportView { state: ImportState::Failed, changed_at, ..view }
        }
    };
    if let Err(failure) = save(folder, &view) {
        tracing::error!(import = %view.id, error = %failure, "the end of an import could not be noted");
    }
}

/// Written beside and moved into place: a reader sees the old one or the new one.
fn save(folder: &Path, view: &ImportView) -> Result<(), Failure> {
    let text = serde_json::to_vec(view).map_err(|error| fault("describing an import", &error))?;
    let (draft, path) = (folder.join("state.new"), folder.join(STATE));
    fs::write(&draft, text).and_then(|()| fs::rename(&draft, &path)).map_err(|error| fault("keeping an import", &error))
}

fn read(services: &Services, id: ImportId) -> Option<ImportView> {
    let bytes = fs::read(folder(services, id).join(STATE)).ok()?;
    let mut view: ImportView = serde_json::from_slice(&bytes).ok()?;
    if view.state.is_running() && view.changed_at + SILENCE < services.now() {
        view.state = ImportState::Failed;
    }
    Some(view)
}

/// The uploads that are kept, newest first, without their reports.
///
/// # Errors
/// [`Failure::Forbidden`] without the permission to import.
pub async fn list(context: &Context) -> Result<Vec<ImportView>, Failure> {
    authorize(context).await?;
    let Ok(entries) = fs::read_dir(shelf(&context.services)) else { return Ok(Vec::new()) };
    let mut views: Vec<ImportView> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|id| read(&context.services, id))
        .map(|view| ImportView { report: None, ..view })
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
    read(&context.services, id).ok_or(Failure::NotFound)
}

/// Commits an upload in the background.
///
/// # Errors
/// [`Conflict::AlreadyTaken`] while it is being looked through or written, or when it is done.
pub async fn start_commit(context: &Context, id: ImportId, strictness: Strictness) -> Result<(), Failure> {
    let importer = Importer::new(context).await?;
    let view = read(&context.services, id).ok_or(Failure::NotFound)?;
    if view.state.is_running() || view.state == ImportState::Done {
        return Err(Failure::Conflict(Conflict::AlreadyTaken));
    }
    let folder = folder(&context.services, id);
    let source = Source::open(&folder.join(CONTENT))?;
    let now = context.services.now();
    let view = ImportView { state: ImportState::Running, changed_at: now, progress: ImportProgress::default(), ..view };
    save(&folder, &view)?;
    tokio::spawn(async move {
        let shared = std::sync::Mutex::new(view.clone());
        let progress = |done| note(&folder, &shared, &importer, done);
        let outcome = importer.commit(&source, strictness, &progress).await;
        // Refused records stop a strict commit: the upload waits for a decision as before.
        let committed = outcome.as_ref().is_ok_and(|report| report.committed);
        let state = if committed { ImportState::Done } else { ImportState::Checked };
        if committed {
            drop(fs::remove_dir_all(folder.join(CONTENT)));
        }
        close(&folder, &importer, view, outcome, state);
    });
    Ok(())
}

/// Forgets an upload; what a commit wrote stays.
///
/// # Errors
/// [`Conflict::AlreadyTaken`] while it is being written.
pub async fn discard(context: &Context, id: ImportId) -> Result<(), Failure> {
    authorize(context).await?;
    let view = read(&context.services, id).ok_or(Failure::NotFound)?;
    if view.state.is_running() {
        return Err(Failure::Conflict(Conflict::AlreadyTaken));
    }
    fs::remove_dir_all(folder(&context.services, id)).map_err(|error| fault("discarding an import", &error))
}
