//! Files: bytes under their SHA-256 in an object store, rows in the database, a check at every reading.
//!
//! An upload streams into `incoming/`, so that its size costs no memory. Its row is written first, and then the bytes are
//! moved to the place of their hash: a process that ends in between leaves a row that is attached to nothing, which the sweep
//! takes away, and never bytes that nothing knows of. Bytes are moved there even when the same ones lie there already: their
//! age says whether an import that has not committed yet counts on them, and the sweep leaves young ones alone (A4).

use std::{
    collections::HashMap,
    path::{Path as FilePath, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use domain::{
    CaseId, EntryId, Failure, FieldError, FileId, OrganisationId, PersonId,
    access::{Granted, Permission, Place, policy},
    cases::{FileView, StatusAct, next_status},
    failure::Denial,
    files::{
        FIRST_BYTES, MAX_FILE_BYTES, MAX_IMAGE_BYTES, MAX_IMAGES_BYTES, MAX_UNATTACHED_BYTES, check, check_image,
        display_name,
    },
    imports::UploadProblem,
};
use futures::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path};
use sha2::{Digest, Sha256};
use store::{Reads, files::NewFile};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{Change, Context, Counted, OrFail, Services, fault};

/// What became of the bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Whole,
    Missing,
    /// Other bytes, or bytes that cannot be read.
    Damaged,
}
/// Bytes that an upload holds in memory before they are written.
const CHUNK: usize = 32 * 1024;
/// Uploads that write at the same time: each takes a thread, and threads take memory.
const WRITERS: usize = 4;
/// Bytes at the beginning of a file that say what it is.
const HEAD: usize = 8 * 1024;
/// How long uploads wait to be attached.
const UNATTACHED: SignedDuration = SignedDuration::from_hours(24);
/// How long images wait for a text that shows them.
const UNPUBLISHED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Bytes younger than this may belong to a transaction that has not committed.
const YOUNG: SignedDuration = SignedDuration::from_hours(1);
/// Folders of the store, by the first byte of the hash, and how many of them one sweep of an hour looks through.
const FOLDERS: i64 = 256;
const FOLDERS_A_SWEEP: i64 = 11;
const INCOMING: &str = "incoming";
const DOOMED: &str = "doomed";

/// Where the bytes are.
#[derive(Clone)]
pub struct FileStore(Arc<Places>);

struct Places {
    objects: LocalFileSystem,
    root: PathBuf,
    writers: Semaphore,
    under_way: Mutex<HashMap<(PersonId, Purpose), usize>>,
}

/// What an upload is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    Case,
    Import,
    /// An image of announcements.
    Image,
}

impl Purpose {
    /// Uploads of one person that may be under way at once (F4). One to be imported may take 2 GB of the disk.
    const fn at_once(self) -> usize {
        match self {
            Self::Case => 8,
            Self::Import => 2,
            Self::Image => 4,
        }
    }
}

impl FileStore {
    /// A directory, made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn directory(path: &FilePath) -> Result<Self, Failure> {
        std::fs::create_dir_all(path).map_err(|error| fault("making the file store", &error))?;
        Self::existing(path)
    }

    /// A directory that is there.
    ///
    /// # Errors
    /// When it is not.
    pub fn existing(path: &FilePath) -> Result<Self, Failure> {
        // The row that names a file is durable when it is acknowledged; so are the bytes.
        let objects = LocalFileSystem::new_with_prefix(path)
            .map_err(|error| fault("opening the file store", &error))?
            .with_fsync(true);
        let writers = Semaphore::new(WRITERS);
        Ok(Self(Arc::new(Places { objects, root: path.to_owned(), writers, under_way: Mutex::default() })))
    }

    /// Where uploads wait that are to be imported: beside the files, not among them.
    pub(crate) fn staging(&self) -> PathBuf {
        self.0.root.with_file_name("imports")
    }

    fn place(sha256: &[u8]) -> Path {
        let hex = hex(sha256);
        let (head, _) = hex.split_at(2);
        Path::from(format!("{head}/{hex}"))
    }

    /// Stores bytes that are in memory. Those that lie there already are written anew: the sweep spares young ones.
    pub(crate) async fn put(&self, sha256: &[u8], bytes: Vec<u8>) -> Result<(), Failure> {
        let stored = self.0.objects.put(&Self::place(sha256), PutPayload::from(bytes)).await;
        stored.map(|_| ()).map_err(|error| fault("storing a file", &error))
    }

    /// Begins an upload under a name of its own.
    async fn receive(&self, id: FileId) -> Result<Incoming, Failure> {
        let at = Path::from(format!("{INCOMING}/{id}"));
        let upload = self.0.objects.put_multipart(&at).await.map_err(|error| fault("receiving a file", &error))?;
        Ok(Incoming { files: self.clone(), at, upload, buffer: Vec::with_capacity(CHUNK) })
    }

    /// Waits until this upload may write.
    async fn writer(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.0.writers.acquire().await.map_err(|error| fault("receiving a file", &error))
    }

    /// Deletes bytes that no row names, unless they are younger than `before`: then an upload put them there just now.
    ///
    /// They are moved aside first and looked at once more, so that bytes that come in between are put back.
    async fn delete_older(&self, sha256: &[u8], before: Timestamp) -> Result<(), Failure> {
        let (place, aside) = (Self::place(sha256), Path::from(format!("{DOOMED}/{}", hex(sha256))));
        let failed = |error: object_store::Error| fault("deleting a file", &error);
        if self.age(&place).await.map_err(failed)?.is_none_or(|at| at > before) {
            return Ok(());
        }
        match self.0.objects.rename(&place, &aside).await {
            Ok(()) => {}
            Err(object_store::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(failed(error)),
        }
        if self.age(&aside).await.map_err(failed)?.is_some_and(|at| at > before) {
            return self.0.objects.rename(&aside, &place).await.map_err(failed);
        }
        self.0.objects.delete(&aside).await.map_err(failed)
    }

    /// When the bytes were put there; `None` when there are none.
    async fn age(&self, at: &Path) -> Result<Option<Timestamp>, object_store::Error> {
        match self.0.objects.head(at).await {
            Ok(found) => Ok(Timestamp::from_microsecond(found.last_modified.timestamp_micros()).ok()),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes what uploads and the sweep left behind that were cut off by the end of the process.
    async fn delete_cut_off(&self, before: Timestamp) -> Result<(), Failure> {
        let (folders, before) = ([INCOMING, DOOMED].map(|name| self.0.root.join(name)), SystemTime::from(before));
        let deleted = tokio::task::spawn_blocking(move || {
            for entry in folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten() {
                let entry = entry?;
                if entry.metadata()?.modified()? < before {
                    std::fs::remove_file(entry.path())?;
                }
            }
            Ok::<_, std::io::Error>(())
        });
        let deleted = deleted.await.map_err(|error| fault("deleting uploads", &error))?;
        deleted.map_err(|error| fault("deleting uploads", &error))
    }

    /// Lists the hashes of the bytes in one of [`FOLDERS`] that were put there before a time.
    async fn list_older(&self, folder: i64, before: Timestamp) -> Result<Vec<Vec<u8>>, Failure> {
        let (folder, before) = (self.0.root.join(format!("{folder:02x}")), SystemTime::from(before));
        let listed = tokio::task::spawn_blocking(move || {
            let mut hashes = Vec::new();
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let entry = entry?;
                let hash = entry.file_name().to_str().and_then(unhex);
                // Deleted meanwhile is no failure.
                let old = entry.metadata().and_then(|found| found.modified()).is_ok_and(|at| at < before);
                hashes.extend(hash.filter(|_| old));
            }
            Ok::<_, std::io::Error>(hashes)
        });
        let listed = listed.await.map_err(|error| fault("listing files", &error))?;
        listed.map_err(|error| fault("listing files", &error))
    }

    /// Whether the bytes of a file are there and are what they were (F12).
    pub async fn check(&self, sha256: &[u8], size: u64) -> Stored {
        let Ok(found) = self.0.objects.get(&Self::place(sha256)).await else { return Stored::Missing };
        let mut bytes = found.into_stream();
        let (mut hasher, mut read) = (Sha256::new(), 0_u64);
        while let Some(chunk) = bytes.next().await {
            let Ok(chunk) = chunk else { return Stored::Damaged };
            read += chunk.len() as u64;
            hasher.update(&chunk);
        }
        if read == size && hasher.finalize().as_slice() == sha256 { Stored::Whole } else { Stored::Damaged }
    }

    async fn get(&self, sha256: &[u8]) -> Result<impl Stream<Item = Result<Vec<u8>, std::io::Error>> + use<>, Failure> {
        let found = self.0.objects.get(&Self::place(sha256)).await.map_err(|error| fault("reading a file", &error))?;
        Ok(found.into_stream().map(|chunk| chunk.map(|bytes| bytes.to_vec()).map_err(std::io::Error::other)))
    }

    /// Takes a place for one more upload of a person.
    ///
    /// # Errors
    /// [`Failure::TooMany`] while as many are under way as may be.
    pub(crate) fn begin(&self, person: PersonId, purpose: Purpose) -> Result<UnderWay, Failure> {
        let mut all = self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (person, purpose);
        let count = all.get(&key).copied().unwrap_or_default();
        if count >= purpose.at_once() {
            return Err(Failure::TooMany { retry_after_seconds: 10 });
        }
        all.insert(key, count + 1);
        Ok(UnderWay { files: self.clone(), key })
    }
}

fn hex(sha256: &[u8]) -> String {
    sha256.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 32 bytes of a hash that [`hex`] wrote.
fn unhex(name: &str) -> Option<Vec<u8>> {
    let digits = name.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if digits.len() == 64 { digits.chunks(2).map(byte).collect() } else { None }
}

/// A place among the uploads of a person; given back when dropped.
pub(crate) struct UnderWay {
    files: FileStore,
    key: (PersonId, Purpose),
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut all = self.files.0.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.key);
            }
        }
    }
}

/// Bytes on their way in; dropped unfinished, they are gone.
struct Incoming {
    files: FileStore,
    at: Path,
    upload: Box<dyn MultipartUpload>,
    buffer: Vec<u8>,
}

impl Incoming {
    async fn write(&mut self, mut chunk: &[u8]) -> Result<(), Failure> {
        while !chunk.is_empty() {
            let (fits, rest) = chunk.split_at(chunk.len().min(CHUNK - self.buffer.len()));
            self.buffer.extend_from_slice(fits);
            chunk = rest;
            if self.buffer.len() == CHUNK {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        // Of one size all: an allocator keeps pages for each size that it was ever asked for.
        let part = PutPayload::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK)));
        let _writer = self.files.writer().await?;
        self.upload.put_part(part).await.map_err(|error| fault("receiving a file", &error))
    }

    async fn finish(mut self) -> Result<Received, Failure> {
        self.flush().await?;
        let writer = self.files.writer().await?;
        self.upload.complete().await.map_err(|error| fault("receiving a file", &error))?;
        drop(writer);
        Ok(Received { files: self.files, at: self.at })
    }
}

/// Bytes that came whole and durably, and that no row names yet.
struct Received {
    files: FileStore,
    at: Path,
}

impl Received {
    /// Moves them to the place of their hash.
    async fn keep(&self, sha256: &[u8]) -> Result<(), Failure> {
        let moved = self.files.0.objects.rename(&self.at, &FileStore::place(sha256)).await;
        moved.map_err(|error| fault("storing a file", &error))
    }

    async fn discard(&self) {
        match self.files.0.objects.delete(&self.at).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => tracing::warn!(error = %error, "an upload that was refused stays until the sweep"),
        }
    }
}

/// Says what the bytes are, by their beginning; text and unknown ones are offered as downloads like all others.
pub(crate) fn media_type(bytes: &[u8]) -> &'static str {
    // Cut off within a character it is text all the same.
    let text = std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    match infer::get(bytes) {
        // A text may begin with the letters of a program (B11).
        Some(kind) if kind.matcher_type() == infer::MatcherType::App && text && !bytes.contains(&0) => "text/plain",
        Some(kind) => kind.mime_type(),
        None if text => "text/plain",
        None => "application/octet-stream",
    }
}

/// Files are for cases: a person who can neither open one nor write to one anywhere has nothing to attach to.
fn authorize(context: &Context) -> Result<(), Failure> {
    let now = context.services.now();
    let may = |permission| policy::may_somewhere(&context.actor, permission, now);
    if may(Permission::CaseOpen) || may(Permission::CaseReply) {
        return Ok(());
    }
    Err(Failure::Forbidden(Denial::Role { permission: Permission::CaseReply, administrators: Vec::new() }))
}

/// Asks whether the actor may write to the case before anything is stored; returns its company.
async fn authorize_case(context: &Context, case: CaseId) -> Result<OrganisationId, Failure> {
    let services = &context.services;
    let head = store::cases::find(&services.db, &context.visibility(), case).await.or_fail("finding a case")?;
    let gate = store::rollout::find_gate(&services.db, head.facts.organisation).await.or_fail("finding a gate")?;
    let place = Place::product(head.facts.organisation, head.facts.product, gate);
    let granted = context.authorize(Permission::CaseReply, &place).await?;
    let act = if granted.is_by_vendor() { StatusAct::VendorWrites } else { StatusAct::CustomerWrites };
    next_status(head.status, act)?;
    Ok(head.facts.organisation)
}

fn refuse(error: FieldError) -> Failure {
    Failure::field("files", error)
}

/// The files of one request.
pub struct Uploads {
    context: Context,
    /// Where the files can end up; the vendor's people may attach anywhere.
    companies: Vec<OrganisationId>,
    /// They are images of announcements.
    images: bool,
    _under_way: UnderWay,
}

impl Uploads {
    /// Begins taking files, before a byte of them is read: for a case, or to be named by a form later.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] for a person with no case to attach to; [`Failure::NotFound`] and conflicts for a case, as for
    /// a reply; [`Failure::TooMany`] while eight uploads of the person are under way; under `files` as [`Uploads::take`] when
    /// there is no room for another byte.
    pub async fn begin(context: &Context, case: Option<CaseId>) -> Result<Self, Failure> {
        authorize(context)?;
        let under_way = context.services.files.begin(context.actor.person, Purpose::Case)?;
        let companies = match case {
            Some(case) => vec![authorize_case(context, case).await?],
            None => context.actor.memberships.iter().map(|membership| membership.organisation).collect(),
        };
        let uploads = Self { context: context.clone(), companies, images: false, _under_way: under_way };
        uploads.check_room(1).await?;
        Ok(uploads)
    }

    /// Begins taking images of announcements, before a byte of them is read.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] for a person who does not publish; [`Failure::TooMany`] while four uploads of the person are
    /// under way; under `files` as [`Uploads::take`] when there is no room for another byte.
    pub async fn begin_images(context: &Context) -> Result<Self, Failure> {
        context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
        let under_way = context.services.files.begin(context.actor.person, Purpose::Image)?;
        let uploads = Self { context: context.clone(), companies: Vec::new(), images: true, _under_way: under_way };
        uploads.check_room(1).await?;
        Ok(uploads)
    }

    /// Takes one file; it belongs to no case until an entry names it, and to no announcement until a text does.
    ///
    /// # Errors
    /// Under `files`: what [`check`] and [`check_image`] refuse; [`FieldError::UploadsFull`], [`FieldError::StorageFull`]
    /// and [`FieldError::ImagesFull`] when there is no room for it; [`UploadProblem::Interrupted`] when it did not come whole.
    pub async fn take<E: std::error::Error>(
        &self,
        claimed_name: &str,
        mut body: impl Stream<Item = Result<impl AsRef<[u8]>, E>> + Unpin,
    ) -> Result<FileView, Failure> {
        let context = &self.context;
        let counted = context.limit_writing()?;
        let id: FileId = context.services.id();
        let mut incoming = context.services.files.receive(id).await?;
        let (mut head, mut size, mut hasher) = (Vec::new(), 0_u64, Sha256::new());
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| refuse(FieldError::Upload(UploadProblem::Interrupted)))?;
            let chunk = chunk.as_ref();
            size += chunk.len() as u64;
            let max_bytes = if self.images { MAX_IMAGE_BYTES } else { MAX_FILE_BYTES };
            if size > max_bytes {
                return Err(refuse(FieldError::TooLarge { max_bytes }));
            }
            head.extend(chunk.iter().take(HEAD - head.len()));
            hasher.update(chunk);
            incoming.write(chunk).await?;
        }
        let name = display_name(claimed_name);
        check(&name, size, head.get(..FIRST_BYTES).unwrap_or(&head)).map_err(refuse)?;
        if self.images {
            check_image(media_type(&head)).map_err(refuse)?;
        }
        let received = incoming.finish().await?;
        let view = FileView { id, name, media_type: media_type(&head).to_owned(), size };
        let kept = self.keep(&view, &received, hasher.finalize().into(), counted).await;
        if kept.is_err() {
            received.discard().await;
        }
        kept.map(|()| view)
    }

    /// Names the bytes and moves them to their place. The row is of no use before the caller learns of its id.
    async fn keep(
        &self,
        file: &FileView,
        received: &Received,
        sha256: [u8; 32],
        counted: Counted,
    ) -> Result<(), Failure> {
        self.check_room(file.size).await?;
        let change = Change::begin_counted(&self.context, counted).await?;
        let new = NewFile {
            id: file.id,
            uploader: self.context.actor.person,
            name: &file.name,
            media_type: &file.media_type,
            size: file.size,
            sha256,
            announced: self.images,
            now: change.now,
        };
        store::files::insert(&change.tx, new).await.or_fail("noting a file")?;
        // With this one, and again now that uploads that count together wait for each other.
        self.check_total(&change.tx, 0).await?;
        change.commit().await?;
        let kept = received.keep(&sha256).await;
        if kept.is_err()
            && let Err(failure) = self.forget(&[file.id]).await
        {
            tracing::warn!(error = %failure, "a file that could not be stored counts as an upload until the sweep");
        }
        kept
    }

    /// Takes back files that came for nothing, because their bytes could not be stored or their form was sent before. One that
    /// an entry or a text names stays; the sweep deletes the bytes.
    ///
    /// # Errors
    /// When the database refuses; then they count until the sweep.
    pub async fn forget(&self, files: &[FileId]) -> Result<(), Failure> {
        let change = Change::begin_as_system(&self.context.services).await?;
        store::files::delete_orphans(&change.tx, files).await.or_fail("forgetting an upload")?;
        change.commit().await
    }

    /// Says early, in words, that there is no room. What counts is asked again in the transactions.
    async fn check_room(&self, size: u64) -> Result<(), Failure> {
        let services = &self.context.services;
        self.check_total(&services.db, size).await?;
        let max_bytes = services.settings.company_storage_bytes;
        for company in &self.companies {
            let stored = store::files::sum_of_company(&services.db, *company).await.or_fail("counting files")?;
            if max_bytes == 0 || stored + size <= max_bytes {
                return Ok(());
            }
        }
        if self.companies.is_empty() { Ok(()) } else { Err(refuse(FieldError::StorageFull { max_bytes })) }
    }

    /// Asks whether `size` more bytes fit beside what the person has uploaded and not attached, or beside all images.
    async fn check_total(&self, db: &impl Reads, size: u64) -> Result<(), Failure> {
        let (sum, max_bytes) = if self.images {
            (store::files::sum_of_images(db).await, MAX_IMAGES_BYTES)
        } else {
            (store::files::sum_unattached(db, self.context.actor.person).await, MAX_UNATTACHED_BYTES)
        };
        if sum.or_fail("counting uploads")? + size <= max_bytes {
            return Ok(());
        }
        Err(refuse(match self.images {
            true => FieldError::ImagesFull { max_bytes },
            false => FieldError::UploadsFull { max_bytes },
        }))
    }
}

/// Ties uploads to an entry: all of them, or the form is refused.
///
/// # Errors
/// Under `files`: one of them is gone, another person's, or tied already; the company has no room for them.
pub(crate) async fn attach(
    change: &Change,
    granted: &Granted,
    ids: &[FileId],
    case: CaseId,
    entry: EntryId,
) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    let tied = store::files::attach(&change.tx, granted, ids, case, entry).await.or_fail("attaching files")?;
    if tied != ids.len() as u64 {
        return Err(refuse(FieldError::FileGone));
    }
    let max_bytes = change.settings().company_storage_bytes;
    let Some(company) = granted.organisation().filter(|_| max_bytes > 0) else { return Ok(()) };
    let stored = store::files::sum_of_company(&change.tx, company).await.or_fail("counting files")?;
    if stored > max_bytes { Err(refuse(FieldError::StorageFull { max_bytes })) } else { Ok(()) }
}

/// The bytes of a file of a case within sight, or of an image of announcements.
///
/// # Errors
/// [`Failure::NotFound`] also when it may not be seen.
pub async fn open(
    context: &Context,
    id: FileId,
) -> Result<(FileView, impl Stream<Item = Result<Vec<u8>, std::io::Error>> + use<>), Failure> {
    let visibility = context.visibility();
    let publishes = policy::may_somewhere(&context.actor, Permission::AnnouncementPublish, context.services.now());
    let found = store::files::find(&context.services.db, &visibility, context.actor.person, publishes, id);
    let file = found.await.or_fail("finding a file")?;
    let bytes = context.services.files.get(&file.sha256).await?;
    Ok((FileView { id, name: file.name, media_type: file.media_type, size: file.size }, bytes))
}

/// Deletes bytes that no row names: those of an import that was cut off before its transaction and never came again.
async fn delete_unnamed(services: &Services) -> Result<(), Failure> {
    let now = services.now();
    // By the hour, so that a day's sweeps look through all of them.
    let first = now.as_second().div_euclid(3_600).rem_euclid(FOLDERS) * FOLDERS_A_SWEEP;
    for place in 0..FOLDERS_A_SWEEP {
        let hashes = services.files.list_older((first + place).rem_euclid(FOLDERS), now - UNATTACHED).await?;
        let unnamed = store::files::list_unnamed(&services.db, &hashes).await.or_fail("listing files")?;
        for sha256 in unnamed {
            services.files.delete_older(&sha256, now - UNATTACHED).await?;
        }
    }
    Ok(())
}

/// Forgets every upload that was attached to nothing for a day, every image that no text showed for thirty, and their bytes
/// when no other file has the same.
pub(crate) async fn sweep(services: &Services) -> Result<(), Failure> {
    let now = services.now();
    services.files.delete_cut_off(now - UNATTACHED).await?;
    delete_unnamed(services).await?;
    loop {
        let orphans = store::files::list_orphans(&services.db, now - UNATTACHED, now - UNPUBLISHED, 500).await;
        let orphans = orphans.or_fail("listing uploads")?;
        if orphans.is_empty() {
            return Ok(());
        }
        let change = Change::begin_as_system(services).await?;
        let unnamed = store::files::delete_orphans(&change.tx, &orphans).await.or_fail("sweeping uploads")?;
        change.commit().await?;
        for sha256 in unnamed {
            services.files.delete_older(&sha256, now - YOUNG).await?;
        }
    }
}
