//! What the database can answer but rows.

use sea_orm::DbErr;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no such row, or out of sight")]
    NotFound,
    #[error("a row like this exists already")]
    Duplicate,
    /// Locked, out of connections, away: another try may work.
    #[error("the database is busy or away")]
    Busy(#[source] DbErr),
    #[error("the database refused")]
    Database(#[source] DbErr),
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
    #[error("this database was made by a newer version of Guichet; install that version or restore a backup")]
    NewerSchema,
    #[error("SQLite {found} is older than 3.51.3, which can lose data under load")]
    OldSqlite { found: String },
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::Duplicate;
        }
        let text = error.to_string();
        let busy = matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_))
            || text.contains("database is locked")
            || text.contains("could not serialize")
            || text.contains("canceling statement due to")
            || text.contains("deadlock detected");
        if busy { Self::Busy(error) } else { Self::Database(error) }
    }
}
