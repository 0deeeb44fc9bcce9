//! Uploads that come in, and their dry run.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use domain::{
    Failure, FieldError, ImportId,
    files::display_name,
    imports::{ImportProgress, ImportState, ImportView, RefusedUpload, UploadProblem},
};
use futures::{Stream, StreamExt};
use tokio::io::AsyncWriteExt;

use super::{
    super::{Importer, source},
    CONTENT, FILES, NAMES, RECORDS,
    commit::content,
    folder, refusal_of,
    state::{Kept, VerdictLog, close, note, save},
};
use crate::{
    Context, fault,
    files::{Purpose, UnderWay},
};

/// Bytes of one upload, all its files together.
pub const MAX_UPLOAD: u64 = 2 * 1024 * 1024 * 1024;
/// Files of one upload.
pub const MAX_FILES: usize = 5_000;

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

    /// Notes what was refused and why, for the page that the uploader is led to (T29).
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
            at_terminal: false,
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
