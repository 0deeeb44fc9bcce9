//! The errors of the database, told apart by its codes and never by their English texts (C17): a server may speak another
//! language.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{
    DbErr, RuntimeErr, SqlxError,
    sqlx::{error::DatabaseError, postgres::PgDatabaseError, sqlite::SqliteError},
};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no such row, or out of sight")]
    NotFound,
    #[error("a row like this exists already")]
    Duplicate,
    /// Locked, out of connections, away: another try may work.
    #[error("the database is busy or away")]
    Busy(#[source] DbErr),
    /// The disk under the database fails (F1): nothing is acknowledged until it works again.
    #[error("the database does not work: {0}")]
    Broken(Damage, #[source] DbErr),
    /// A text that the database cannot hold: PostgreSQL takes no NUL and indexes no long keys (F18).
    #[error("a text that the database cannot hold")]
    Unstorable(#[source] DbErr),
    #[error("the database refused")]
    Database(#[source] DbErr),
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
    #[error("this database was made by a newer version of Guichet; install that version or restore a backup")]
    NewerSchema,
    #[error("SQLite {found} is older than 3.51.3, which can lose data under load")]
    OldSqlite { found: String },
}

/// What is wrong with the disk, or with the data on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    DiskFull,
    /// A read, a write or an fsync failed.
    InputOutput,
    /// The file system, the file or the server refuses writes.
    ReadOnly,
    /// The file cannot be opened.
    CannotOpen,
    /// Not a database, or one with damaged pages.
    NotADatabase,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DiskFull => "the disk is full",
            Self::InputOutput => "the disk reports an I/O error",
            Self::ReadOnly => "it can be read but not written",
            Self::CannotOpen => "its file cannot be opened",
            Self::NotADatabase => "its file is no database, or is damaged",
        })
    }
}

/// The last damage that this process met, and when. A full disk may still take a small write while large ones fail.
static LAST_DAMAGE: Mutex<Option<(Instant, Damage)>> = Mutex::new(None);

/// Returns the damage that was met within the last `time`.
pub(crate) fn damage_within(time: Duration) -> Option<Damage> {
    let last = *LAST_DAMAGE.lock().unwrap_or_else(PoisonError::into_inner);
    last.filter(|(at, _)| at.elapsed() < time).map(|(_, damage)| damage)
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::Duplicate;
        }
        match kind_of(&error) {
            Kind::Busy => Self::Busy(error),
            Kind::Broken(damage) => {
                *LAST_DAMAGE.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), damage));
                Self::Broken(damage, error)
            }
            Kind::Unstorable => Self::Unstorable(error),
            Kind::Other => Self::Database(error),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Busy,
    Broken(Damage),
    Unstorable,
    Other,
}

fn kind_of(error: &DbErr) -> Kind {
    let driver = match error {
        DbErr::ConnectionAcquire(_) => return Kind::Busy,
        DbErr::Conn(RuntimeErr::SqlxError(driver))
        | DbErr::Exec(RuntimeErr::SqlxError(driver))
        | DbErr::Query(RuntimeErr::SqlxError(driver)) => driver.as_ref(),
        _ => return Kind::Other,
    };
    match driver {
        // A broken connection, also in the middle of a statement.
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Kind::Busy,
        SqlxError::Database(answer) => kind_of_answer(answer.as_ref()),
        _ => Kind::Other,
    }
}

fn kind_of_answer(answer: &dyn DatabaseError) -> Kind {
    let code = answer.code().unwrap_or_default();
    if answer.try_downcast_ref::<SqliteError>().is_some() {
        code.parse().map_or(Kind::Other, sqlite)
    } else if answer.try_downcast_ref::<PgDatabaseError>().is_some() {
        postgres(&code)
    } else {
        Kind::Other
    }
}

/// By the result codes of SQLite (sqlite.org/rescode.html); the low byte is the primary one.
const fn sqlite(code: i32) -> Kind {
    match code {
        // SQLITE_IOERR_NOMEM
        3082 => return Kind::Busy,
        // SQLITE_IOERR_CORRUPTFS
        8458 => return Kind::Broken(Damage::NotADatabase),
        _ => {}
    }
    match code & 0xff {
        // BUSY, LOCKED, NOMEM, INTERRUPT, PROTOCOL
        5 | 6 | 7 | 9 | 15 => Kind::Busy,
        // FULL
        13 => Kind::Broken(Damage::DiskFull),
        // IOERR
        10 => Kind::Broken(Damage::InputOutput),
        // PERM, READONLY
        3 | 8 => Kind::Broken(Damage::ReadOnly),
        // CANTOPEN
        14 => Kind::Broken(Damage::CannotOpen),
        // CORRUPT, NOTADB
        11 | 26 => Kind::Broken(Damage::NotADatabase),
        // TOOBIG
        18 => Kind::Unstorable,
        _ => Kind::Other,
    }
}

/// By SQLSTATE (PostgreSQL, appendix A).
fn postgres(code: &str) -> Kind {
    match code {
        // serialization_failure, deadlock_detected, lock_not_available, query_canceled, out_of_memory,
        // too_many_connections, idle_in_transaction_session_timeout, transaction_timeout, and the server going and coming.
        "40001" | "40P01" | "55P03" | "57014" | "53200" | "53300" | "25P03" | "25P04" | "57P01" | "57P02" | "57P03"
        | "57P04" | "57P05" => Kind::Busy,
        // object_not_in_prerequisite_state: the database takes no connections for now.
        "55000" => Kind::Busy,
        "53100" => Kind::Broken(Damage::DiskFull),
        "58030" => Kind::Broken(Damage::InputOutput),
        "25006" => Kind::Broken(Damage::ReadOnly),
        "XX001" | "XX002" => Kind::Broken(Damage::NotADatabase),
        // A NUL, a character that the encoding lacks, or a text too long for the column, an index or a `tsvector`.
        "22021" | "22P05" | "22001" | "54000" => Kind::Unstorable,
        _ if code.starts_with("08") => Kind::Busy,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c17_errors_are_told_apart_by_their_codes() {
        assert_eq!(sqlite(5), Kind::Busy);
        assert_eq!(sqlite(517), Kind::Busy, "SQLITE_BUSY_SNAPSHOT");
        assert_eq!(sqlite(13), Kind::Broken(Damage::DiskFull));
        assert_eq!(sqlite(1034), Kind::Broken(Damage::InputOutput), "SQLITE_IOERR_FSYNC");
        assert_eq!(sqlite(1032), Kind::Broken(Damage::ReadOnly), "SQLITE_READONLY_DBMOVED");
        assert_eq!(sqlite(26), Kind::Broken(Damage::NotADatabase));
        assert_eq!(sqlite(1), Kind::Other, "a wrong statement of our own is a fault");
        assert_eq!(sqlite(2067), Kind::Other, "SQLITE_CONSTRAINT_UNIQUE");
        assert_eq!(postgres("57P01"), Kind::Busy);
        assert_eq!(postgres("08006"), Kind::Busy);
        assert_eq!(postgres("53100"), Kind::Broken(Damage::DiskFull));
        assert_eq!(postgres("22021"), Kind::Unstorable);
        assert_eq!(postgres("42601"), Kind::Other);
    }
}
