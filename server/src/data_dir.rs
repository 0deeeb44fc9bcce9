//! The data directory: private to its owner (F8), and served by a single process when the database is SQLite (F15).

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

/// The permissions of group and others, all of which are taken away.
const OTHERS: u32 = 0o077;

/// Makes everything that this process creates from now on readable by its owner only.
pub fn keep_private() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(OTHERS));
}

/// Creates a directory that only its owner can access; an existing one stays as it is.
pub fn create(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Returns the first path that group or others may use: the directory or an entry directly in it; `None` when all are
/// private. Entries below a private directory are out of reach and are not examined.
pub fn find_open(directory: &Path) -> io::Result<Option<PathBuf>> {
    if fs::metadata(directory)?.mode() & OTHERS != 0 {
        return Ok(Some(directory.to_owned()));
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        // An entry that has just been deleted does not count.
        if fs::metadata(&path).is_ok_and(|found| found.mode() & OTHERS != 0) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Whether this process may write a file or a directory; changes nothing.
///
/// # Errors
/// When it may not.
pub fn check_writable(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::access(path, rustix::fs::Access::WRITE_OK)?)
}

/// Removes all permissions of group and others from an open directory and everything in it; returns how many paths were
/// open.
pub fn close_to_others(directory: &Path) -> io::Result<usize> {
    let mut closed = 0;
    if find_open(directory)?.is_none() {
        return Ok(closed);
    }
    let mut waiting = vec![directory.to_owned()];
    while let Some(path) = waiting.pop() {
        let found = match fs::metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if found.is_dir() {
            // Symbolic links are followed at the top level only, where an operator may put `files` on another disk.
            let below =
                |entry: &fs::DirEntry| path == directory || entry.file_type().is_ok_and(|kind| !kind.is_symlink());
            waiting.extend(fs::read_dir(&path)?.filter_map(Result::ok).filter(below).map(|entry| entry.path()));
        }
        if found.mode() & OTHERS != 0 {
            fs::set_permissions(&path, fs::Permissions::from_mode(found.mode() & 0o7777 & !OTHERS))?;
            closed += 1;
        }
    }
    Ok(closed)
}

/// The right to serve a SQLite database, held until dropped. The command line works beside it.
#[derive(Debug)]
pub struct Claim(#[expect(dead_code, reason = "the lock is held as long as the file is open")] File);

#[derive(Debug)]
pub enum ClaimError {
    /// Taken by another process, which describes itself.
    Taken(String),
    Io(io::Error),
}

fn claim_file(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".serving");
    PathBuf::from(name)
}

impl Claim {
    /// Claims the database; `about` describes this process to others. Waits a second for a process that is just ending.
    ///
    /// # Errors
    /// When another process serves this database.
    pub fn take(database: &Path, about: &str) -> Result<Self, ClaimError> {
        const TRIES: u32 = 10;
        let path = claim_file(database);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(ClaimError::Io)?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => {
                    let noted =
                        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(about.as_bytes()));
                    return noted.map(|()| Self(file)).map_err(ClaimError::Io);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(100)),
                Err(TryLockError::Error(error)) => return Err(ClaimError::Io(error)),
            }
        }
        let mut about = String::new();
        // An unreadable description is left out.
        let _ = file.read_to_string(&mut about);
        Err(ClaimError::Taken(about))
    }

    /// Whether a process serves this database now.
    pub fn is_taken(database: &Path) -> bool {
        let Ok(file) = File::open(claim_file(database)) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F15
    #[test]
    fn f15_one_process_serves_a_database() {
        let place = tempfile::tempdir().expect("a directory");
        let database = place.path().join("guichet.db");
        assert!(!Claim::is_taken(&database), "looking makes nothing");
        assert!(!claim_file(&database).exists());
        let claim = Claim::take(&database, "process 1").expect("free");
        assert!(Claim::is_taken(&database));
        assert!(matches!(Claim::take(&database, "process 2"), Err(ClaimError::Taken(by)) if by == "process 1"));
        drop(claim);
        assert!(!Claim::is_taken(&database));
        Claim::take(&database, "3").expect("free again");
    }

    /// F8
    #[test]
    fn f8_an_open_data_directory_is_closed() {
        let place = tempfile::tempdir().expect("a directory");
        let data = place.path().join("data");
        fs::create_dir_all(data.join("files/ab")).expect("directories");
        fs::write(data.join("guichet.db"), "rows").expect("a file");
        fs::write(data.join("files/ab/abcd"), "bytes").expect("a file");
        for path in [data.clone(), data.join("files"), data.join("files/ab"), data.join("files/ab/abcd")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("opened");
        }
        assert_eq!(find_open(&data).expect("looked"), Some(data.clone()));
        assert!(close_to_others(&data).expect("closed") >= 4);
        assert_eq!(find_open(&data).expect("looked"), None);
        for path in [data.join("guichet.db"), data.join("files"), data.join("files/ab"), data.join("files/ab/abcd")] {
            assert_eq!(fs::metadata(&path).expect("there").mode() & OTHERS, 0, "{}", path.display());
        }
    }
}
