//! Uploads that wait for a decision: kept in the data directory from the dry run to the commit, one folder each.
//!
//! ```text
//! <id>/state.json        what it is, how far it got and what was found
//! <id>/verdicts.jsonl    the verdict on every record
//! <id>/content/records/  what is imported: `import.jsonl`, or the tables of a CSV bundle
//! refused-<person>.json  what is said to that person of the last upload that was not taken
//! <id>/content/files/    what entries name, as 0, 1, 2 …, and `files.json` with the names they came under
//! ```
//!
//! The state outlives a restart. A run that was cut off (no sign of life for two minutes) can be committed again: what was
//! written stays, the rest follows.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use domain::{
    Failure, FieldError, ImportId,
    access::{Permission, Place},
    failure::Conflict,
    files::display_name,
    imports::{
        ImportProgress, ImportReport, ImportShelf, ImportState, ImportView, RefusedUpload, RowVerdict, UploadProblem,
    },
};
use futures::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;

use super::{
    Importer, Source, Strictness,
    lease::{self, Lease, SILENCE},
    source,
};
use crate::{
    Context, Services, fault,
    files::{Purpose, UnderWay},
};

/// Bytes of one upload, all its files together.
pub const MAX_UPLOAD: u64 = 2 * 1024 * 1024 * 1024;
/// How long an upload that nobody works on is kept (A5): what was imported is in the database by then.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Files of one upload.
pub const MAX_FILES: usize = 5_000;
const STATE: &str = "state.json";
const VERDICTS: &str = "verdicts.jsonl";
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

fn refuse(problem: UploadProblem) -> Failure {
    let field = match problem {
        UploadProblem::SameName | UploadProblem::TooManyFiles => FILES,
        _ => RECORDS,
    };
    Failure::field(field, FieldError::Upload(problem))
}

/// Which field of the form a file came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What is to be imported.
    Records,
    /// What the entries of cases name as `files/NAME`.
    Attached,
}

/// An upload that is coming in; dropped unfinished, it is gone.
pub struct Upload {
    context: Context,
    importer: Importer,
    id: ImportId,
    folder: PathBuf,
    /// What is imported, by the name it lies under, with the name it came under.
    records: BTreeMap<String, String>,
    /// The names that attached files came under; they lie under their place in this list.
    attached: Vec<String>,
    bytes: u64,
    kept: bool,
    _under_way: UnderWay,
}

impl Upload {
    /// # Errors
    /// [`Failure::Forbidden`] without the permission to import; [`Failure::TooMany`], also while two uploads of the person
    /// are under way.
    pub async fn begin(context: &Context) -> Result<Self, Failure> {
        let importer = Importer::new(context).await?;
        let under_way = context.services.files.begin(context.actor.person, Purpose::Import)?;
        context.limit_writing()?;
        let id: ImportId = context.services.id();
        let folder = folder(&context.services, id);
        for part in [RECORDS, FILES] {
            fs::create_dir_all(folder.join(CONTENT).join(part)).map_err(|error| fault("keeping an upload", &error))?;
        }
        Ok(Self {
            context: context.clone(),
            importer,
            id,
            folder,
            records: BTreeMap::new(),
            attached: Vec::new(),
            bytes: 0,
            kept: false,
            _under_way: under_way,
        })
    }

    /// Takes one file.
    ///
    /// # Errors
    /// [`FieldError::Upload`] when it cannot be taken, or not beside those before it.
    pub async fn take<E: std::error::Error>(
        &mut self,
        part: Part,
        claimed_name: &str,
        body: impl Stream<Item = Result<impl AsRef<[u8]>, E>> + Unpin,
    ) -> Result<(), Failure> {
        let outcome = self.keep(part, claimed_name, body).await;
        if let Err(Failure::Invalid(errors)) = &outcome
            && let Some(problem) = errors.iter().find_map(|(_, error)| match error {
                FieldError::Upload(problem) => Some(*problem),
                _ => None,
            })
        {
            self.note_refusal(problem, Some(display_name(claimed_name)));
        }
        outcome
    }

    async fn keep<E: std::error::Error>(
        &mut self,
        part: Part,
        claimed_name: &str,
        mut body: impl Stream<Item = Result<impl AsRef<[u8]>, E>> + Unpin,
    ) -> Result<(), Failure> {
        if self.records.len() + self.attached.len() >= MAX_FILES {
            return Err(refuse(UploadProblem::TooManyFiles));
        }
        // Browsers of old send a path.
        let name = claimed_name.rsplit(['/', '\\']).next().unwrap_or_default();
        let path = match part {
            Part::Records => self.place_for_records(name)?,
            Part::Attached => self.place_for_attached(name)?,
        };
        let failed = |error: io::Error| fault("keeping an upload", &error);
        let mut file = tokio::fs::File::create(&path).await.map_err(failed)?;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| refuse(UploadProblem::Interrupted))?;
            let chunk = chunk.as_ref();
            self.bytes += chunk.len() as u64;
            if self.bytes > MAX_UPLOAD {
                return Err(refuse(UploadProblem::TooLarge));
            }
            file.write_all(chunk).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)
    }

    fn place_for_records(&mut self, name: &str) -> Result<PathBuf, Failure> {
        let lower = name.to_lowercase();
        let json = [".jsonl", ".ndjson", ".json"].iter().any(|end| lower.ends_with(end));
        let present = self.records.contains_key(source::JSON_IN_FOLDER);
        let stored = match (json, source::table(name)) {
            (true, _) if present => return Err(refuse(UploadProblem::SeveralFiles)),
            (true, _) if !self.records.is_empty() => return Err(refuse(UploadProblem::TwoShapes)),
            (true, _) => source::JSON_IN_FOLDER.to_owned(),
            (false, Some(_)) if present => return Err(refuse(UploadProblem::TwoShapes)),
            (false, Some((table, _))) => table.to_owned(),
            (false, None) => return Err(refuse(UploadProblem::UnknownFile)),
        };
        let path = self.folder.join(CONTENT).join(RECORDS).join(&stored);
        if self.records.contains_key(&stored) {
            return Err(refuse(UploadProblem::SameName));
        }
        self.records.insert(stored, display_name(name));
        Ok(path)
    }

    fn place_for_attached(&mut self, name: &str) -> Result<PathBuf, Failure> {
        if self.attached.iter().any(|taken| taken == name) {
            return Err(refuse(UploadProblem::SameName));
        }
        self.attached.push(name.to_owned());
        Ok(self.folder.join(CONTENT).join(FILES).join((self.attached.len() - 1).to_string()))
    }

    /// Notes for whoever uploads what was not taken and why: the page they are led to says it (T29).
    pub fn note_refusal(&self, problem: UploadProblem, file: Option<String>) {
        let place = refusal_of(&self.context);
        let written = serde_json::to_vec(&RefusedUpload { problem, file }).map_err(io::Error::from);
        if let Err(error) = written.and_then(|text| fs::write(place, text)) {
            tracing::warn!(error = %error, "the refusal of an upload could not be noted");
        }
    }

    /// Keeps the upload and begins its dry run in the background.
    ///
    /// # Errors
    /// [`UploadProblem::NothingToImport`].
    pub fn finish(mut self) -> Result<ImportId, Failure> {
        let failed = |error: io::Error| fault("keeping an upload", &error);
        let names = serde_json::to_vec(&self.attached).map_err(|error| failed(error.into()))?;
        fs::write(self.folder.join(CONTENT).join(NAMES), names).map_err(failed)?;
        if self.records.keys().all(|name| name == "entries.csv") {
            self.note_refusal(UploadProblem::NothingToImport, None);
            return Err(refuse(UploadProblem::NothingToImport));
        }
        let source = content(&self.folder)?;
        let now = self.context.services.now();
        let view = ImportView {
            id: self.id,
            name: self.records.values().take(3).cloned().collect::<Vec<_>>().join(", "),
            files: (self.records.len() + self.attached.len()) as u64,
            bytes: self.bytes,
            by: self.context.actor.name.clone(),
            uploaded_at: now,
            changed_at: now,
            state: ImportState::Checking,
            progress: ImportProgress::default(),
            report: None,
        };
        let run: ImportId = self.context.services.id();
        save(&self.folder, &Kept { run, view })?;
        self.kept = true;
        let (folder, importer) = (self.folder.clone(), self.importer.clone());
        tokio::spawn(async move {
            let progress = |done| note(&folder, run, importer.services.now(), done);
            let mut log = VerdictLog::begin(&folder);
            let outcome = importer.dry_run(&source, &mut |row| log.add(row), &progress).await;
            log.end();
            close(&folder, run, importer.services.now(), outcome, ImportState::Checked);
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

/// Where the last refusal of the actor's uploads is noted.
fn refusal_of(context: &Context) -> PathBuf {
    staging(&context.services).join(format!("refused-{}.json", context.actor.person))
}

/// The uploads that are kept, and the last one of the actor that was not taken.
///
/// # Errors
/// As [`list`].
pub async fn shelf(context: &Context) -> Result<ImportShelf, Failure> {
    let imports = list(context).await?;
    let noted = fs::read(refusal_of(context)).ok();
    Ok(ImportShelf { imports, refused: noted.and_then(|text| serde_json::from_slice(&text).ok()) })
}

/// What an upload brought.
fn content(folder: &Path) -> Result<Source, Failure> {
    let content = folder.join(CONTENT);
    let names = fs::read(content.join(NAMES)).map_err(|error| fault("reading an upload", &error))?;
    let names: Vec<String> = serde_json::from_slice(&names).map_err(|error| fault("reading an upload", &error))?;
    let files = content.join(FILES);
    let attached: HashMap<String, PathBuf> =
        names.into_iter().enumerate().map(|(place, name)| (name, files.join(place.to_string()))).collect();
    Source::open_upload(&content.join(RECORDS), attached).map_err(|error| fault("opening an upload", &error))
}

/// The verdicts on every record, for those who want more than the page shows. That it cannot be written stops no import.
struct VerdictLog {
    folder: PathBuf,
    out: io::Result<BufWriter<fs::File>>,
}

impl VerdictLog {
    fn begin(folder: &Path) -> Self {
        let out = fs::File::create(folder.join("verdicts.new")).map(BufWriter::new);
        Self { folder: folder.to_owned(), out }
    }

    fn add(&mut self, row: &RowVerdict) {
        if let Ok(out) = &mut self.out {
            let written = serde_json::to_writer(&mut *out, row).map_err(io::Error::from);
            if let Err(error) = written.and_then(|()| out.write_all(b"\n")) {
                self.out = Err(error);
            }
        }
    }

    fn end(self) {
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
struct Kept {
    run: ImportId,
    view: ImportView,
}

/// States are read, decided on and written one at a time. One process serves a data directory.
static STATES: Mutex<()> = Mutex::new(());

/// Written beside and moved into place: a reader sees the old one or the new one.
fn save(folder: &Path, kept: &Kept) -> Result<(), Failure> {
    let text = serde_json::to_vec(kept).map_err(|error| fault("describing an import", &error))?;
    let (draft, path) = (folder.join("state.new"), folder.join(STATE));
    fs::write(&draft, text).and_then(|()| fs::rename(&draft, &path)).map_err(|error| fault("keeping an import", &error))
}

fn load(folder: &Path) -> Option<Kept> {
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
fn note(folder: &Path, run: ImportId, now: Timestamp, done: ImportProgress) {
    drop(change(folder, run, |view| {
        view.progress = done;
        view.changed_at = now;
    }));
}

/// Writes down how a run ended.
fn close(folder: &Path, run: ImportId, now: Timestamp, outcome: Result<ImportReport, Failure>, state: ImportState) {
    let (state, report) = match outcome {
        Ok(report) => (state, Some(report)),
        Err(failure) => {
            tracing::error!(run = %run, error = %failure, "import failed");
            (ImportState::Failed, None)
        }
    };
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
fn seen(folder: &Path, mut kept: Kept, writing: Option<ImportId>, now: Timestamp) -> Kept {
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

async fn read(services: &Services, id: ImportId) -> Result<Kept, Failure> {
    let folder = folder(services, id);
    let kept = load(&folder).ok_or(Failure::NotFound)?;
    let writing = lease::writing(services).await?;
    Ok(seen(&folder, kept, writing, services.now()))
}

/// The uploads that are kept, newest first, without their reports.
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
        .map(|(folder, kept)| ImportView { report: None, ..seen(&folder, kept, writing, now).view })
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

/// Commits an upload in the background.
///
/// # Errors
/// [`Conflict::AlreadyTaken`] while it is being looked through or written, or when it is done;
/// [`Conflict::ImportUnderWay`] while another is being written.
pub async fn start_commit(context: &Context, id: ImportId, strictness: Strictness) -> Result<(), Failure> {
    let importer = Importer::new(context).await?;
    context.limit_writing()?;
    let seen = read(&context.services, id).await?;
    if seen.view.state.is_running() || seen.view.state == ImportState::Done {
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

/// Gives an upload to the run that is to write it, unless somebody else was faster.
fn hand_over(folder: &Path, before: ImportId, run: ImportId, now: Timestamp) -> Result<(), Failure> {
    let _one = STATES.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = load(folder).filter(|kept| kept.run == before).ok_or(Failure::Conflict(Conflict::AlreadyTaken))?;
    let progress = ImportProgress::default();
    let view = ImportView { state: ImportState::Running, changed_at: now, progress, ..kept.view };
    save(folder, &Kept { run, view })
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
    for entry in entries {
        let entry = entry?;
        let (folder, name) = (entry.path(), entry.file_name());
        let upload = name.to_str().is_some_and(|name| name.parse::<ImportId>().is_ok() || name.starts_with("gone-"));
        let _one = STATES.lock().unwrap_or_else(PoisonError::into_inner);
        // A run that was cut off says that it runs for ever; it would have written by now.
        let old = match load(&folder) {
            Some(kept) => kept.view.changed_at < before,
            None => entry.metadata()?.modified()? < std::time::SystemTime::from(before),
        };
        if upload && old {
            fs::remove_dir_all(&folder)?;
        }
    }
    Ok(())
}
