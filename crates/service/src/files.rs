//! Files: bytes under their SHA-256 in an object store, rows in the database, a check at every reading.

use std::{
    path::{Path as FilePath, PathBuf},
    sync::Arc,
};

use domain::{
    CaseId, EntryId, Failure, FieldError, FileId,
    access::{Granted, Permission, policy},
    cases::FileView,
    failure::Denial,
    files::{MAX_FILE_BYTES, check_kind, display_name},
};
use futures::{Stream, StreamExt};
use jiff::SignedDuration;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path};
use sha2::{Digest, Sha256};
use store::files::NewFile;

use crate::{Change, Context, OrFail, Services, fault};

/// Where the bytes are.
#[derive(Clone)]
pub struct FileStore(Arc<dyn ObjectStore>, PathBuf);

impl FileStore {
    /// A directory, made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn directory(path: &FilePath) -> Result<Self, Failure> {
        std::fs::create_dir_all(path).map_err(|error| fault("making the file store", &error))?;
        // The row that names a file is durable when it is acknowledged; so are the bytes.
        let store = LocalFileSystem::new_with_prefix(path)
            .map_err(|error| fault("opening the file store", &error))?
            .with_fsync(true);
        // Beside the files, not among them: uploads that are nobody's files yet.
        Ok(Self(Arc::new(store), path.with_file_name("imports")))
    }

    /// Where uploads wait that are to be imported.
    pub(crate) fn staging(&self) -> &FilePath {
        &self.1
    }

    fn place(sha256: &[u8]) -> Path {
        let hex: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        let (head, _) = hex.split_at(2);
        Path::from(format!("{head}/{hex}"))
    }

    pub(crate) async fn put(&self, sha256: &[u8], bytes: Vec<u8>) -> Result<(), Failure> {
        let place = Self::place(sha256);
        // One of another size was cut off once: written again.
        if self.0.head(&place).await.is_ok_and(|there| there.size == bytes.len() as u64) {
            return Ok(());
        }
        self.0.put(&place, PutPayload::from(bytes)).await.map_err(|error| fault("storing a file", &error))?;
        Ok(())
    }

    async fn delete(&self, sha256: &[u8]) -> Result<(), Failure> {
        match self.0.delete(&Self::place(sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(fault("deleting a file", &error)),
        }
    }

    async fn get(&self, sha256: &[u8]) -> Result<impl Stream<Item = Result<Vec<u8>, std::io::Error>> + use<>, Failure> {
        let found = self.0.get(&Self::place(sha256)).await.map_err(|error| fault("reading a file", &error))?;
        Ok(found.into_stream().map(|chunk| chunk.map(|bytes| bytes.to_vec()).map_err(std::io::Error::other)))
    }
}

/// What the bytes are, decided by the bytes; text and unknown ones are offered as downloads like all others.
pub(crate) fn media_type(bytes: &[u8]) -> &'static str {
    match infer::get(bytes) {
        Some(kind) => kind.mime_type(),
        None if std::str::from_utf8(bytes).is_ok() => "text/plain",
        None => "application/octet-stream",
    }
}

/// Files are for cases: whoever can neither open one nor write to one anywhere has nothing to attach to.
fn authorize(context: &Context) -> Result<(), Failure> {
    let now = context.services.now();
    let may = |permission| policy::may_somewhere(&context.actor, permission, now);
    if may(Permission::CaseOpen) || may(Permission::CaseReply) {
        return Ok(());
    }
    Err(Failure::Forbidden(Denial::Role { permission: Permission::CaseReply, administrators: Vec::new() }))
}

/// Takes an uploaded file; it belongs to nobody's case until an entry names it.
///
/// # Errors
/// [`Failure::Forbidden`] for those with no case to attach it to; under `files`: too large (20 MiB), or a program whatever
/// its name (J16).
pub async fn upload<E: std::error::Error>(
    context: &Context,
    claimed_name: &str,
    mut body: impl Stream<Item = Result<impl AsRef<[u8]>, E>> + Unpin,
) -> Result<FileView, Failure> {
    authorize(context)?;
    context.limit_writing()?;
    let name = display_name(claimed_name);
    let refuse = |error| Failure::field("files", error);
    let mut bytes: Vec<u8> = Vec::new();
    let mut hasher = Sha256::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| refuse(FieldError::Required))?;
        let chunk = chunk.as_ref();
        if bytes.len() + chunk.len() > MAX_FILE_BYTES as usize {
            return Err(refuse(FieldError::TooLarge { max_bytes: MAX_FILE_BYTES }));
        }
        hasher.update(chunk);
        bytes.extend_from_slice(chunk);
    }
    if bytes.is_empty() {
        return Err(refuse(FieldError::Required));
    }
    check_kind(&name, bytes.get(..bytes.len().min(64)).unwrap_or_default()).map_err(refuse)?;
    let media_type = media_type(&bytes);
    let sha256: [u8; 32] = hasher.finalize().into();
    let size = bytes.len() as u64;
    context.services.files.put(&sha256, bytes).await?;

    let id: FileId = context.services.id();
    let change = Change::begin(context).await?;
    let new = NewFile { id, uploader: context.actor.person, name: &name, media_type, size, sha256, now: change.now };
    store::files::insert(&change.tx, new).await.or_fail("noting a file")?;
    change.commit().await?;
    Ok(FileView { id, name, media_type: media_type.to_owned(), size })
}

/// Ties uploads to an entry: all of them, or the form is refused.
///
/// # Errors
/// Under `files`, when one of them is gone, somebody else's, or tied already.
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
    if tied == ids.len() as u64 { Ok(()) } else { Err(Failure::field("files", FieldError::FileGone)) }
}

/// The bytes of a file of a case within sight.
///
/// # Errors
/// [`Failure::NotFound`] also when it may not be seen.
pub async fn open(
    context: &Context,
    id: FileId,
) -> Result<(FileView, impl Stream<Item = Result<Vec<u8>, std::io::Error>> + use<>), Failure> {
    let visibility = context.visibility();
    let found = store::files::find(&context.services.db, &visibility, context.actor.person, id);
    let file = found.await.or_fail("finding a file")?;
    let bytes = context.services.files.get(&file.sha256).await?;
    Ok((FileView { id, name: file.name, media_type: file.media_type, size: file.size }, bytes))
}

/// Forgets uploads that were attached to nothing for a day, and their bytes when no other file has the same.
pub(crate) async fn sweep(services: &Services) -> Result<(), Failure> {
    let before = services.now() - SignedDuration::from_hours(24);
    let orphans = store::files::list_orphans(&services.db, before, 500).await.or_fail("listing uploads")?;
    if orphans.is_empty() {
        return Ok(());
    }
    let change = Change::begin_as_system(services).await?;
    let left = store::files::delete_orphans(&change.tx, &orphans).await.or_fail("sweeping uploads")?;
    change.commit().await?;
    for sha256 in left {
        services.files.delete(&sha256).await?;
    }
    Ok(())
}
