//! A clock for rehearsing a rollout and for tests: it shows the moment in a file as of when the file was written, and runs
//! on from there. Writing the file again moves the clock, so that an afternoon covers set-up to launch.

use std::{
    fs, io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use domain::clock::{Clock, to_microseconds};
use jiff::{SignedDuration, Timestamp};
use service::SystemClock;

pub struct RehearsalClock {
    file: PathBuf,
    /// The modification time of the file when last read, and the offset from the machine's clock.
    read: Mutex<(SystemTime, SignedDuration)>,
}

impl RehearsalClock {
    /// # Errors
    /// When the file cannot be read or holds no moment like `2026-05-11T09:00:00Z`.
    pub fn open(file: PathBuf) -> io::Result<Self> {
        let read = read(&file)?;
        Ok(Self { file, read: Mutex::new(read) })
    }
}

impl Clock for RehearsalClock {
    fn now(&self) -> Timestamp {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let written = fs::metadata(&self.file).and_then(|file| file.modified());
        if written.is_ok_and(|written| written != known.0) {
            match read(&self.file) {
                Ok(read) => *known = read,
                // The file is half written; the next read finds it complete.
                Err(error) => tracing::warn!(error = %error, "the rehearsal's clock cannot be read"),
            }
        }
        to_microseconds(SystemClock.now().saturating_add(known.1).unwrap_or(Timestamp::MAX))
    }
}

fn read(file: &std::path::Path) -> io::Result<(SystemTime, SignedDuration)> {
    let written = fs::metadata(file)?.modified()?;
    let moment: Timestamp = fs::read_to_string(file)?.trim().parse().map_err(io::Error::other)?;
    let since = Timestamp::try_from(written).map_err(io::Error::other)?;
    Ok((written, moment.duration_since(since)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_shows_the_moment_in_the_file_and_runs_on() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("clock");
        assert!(RehearsalClock::open(file.clone()).is_err(), "no file");
        fs::write(&file, "soon").expect("written");
        assert!(RehearsalClock::open(file.clone()).is_err(), "no moment");
        fs::write(&file, "2026-05-11T09:00:00Z\n").expect("written");
        let clock = RehearsalClock::open(file.clone()).expect("a moment");
        let start: Timestamp = "2026-05-11T09:00:00Z".parse().expect("a moment");
        let first = clock.now();
        assert!(first >= start && first < start + SignedDuration::from_mins(1), "{first}");
        assert!(clock.now() >= first);
        let written = fs::metadata(&file).and_then(|file| file.modified()).expect("a time");
        fs::write(&file, "2026-05-25T09:00:00Z").expect("written");
        fs::File::open(&file)
            .and_then(|file| file.set_modified(written + std::time::Duration::from_secs(1)))
            .expect("set");
        assert!(clock.now() > first + SignedDuration::from_hours(24 * 13));
    }
}
