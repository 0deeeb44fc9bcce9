//! Checks that the database works: one row is written and committed like any other.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use sea_orm::ConnectionTrait;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{Damage, Db, Reads, StoreError, error, sql::Sql, time, write_tx};

/// How long a result counts.
const FRESH: Duration = Duration::from_secs(1);
/// How long the read, and the write, may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The last result; callers who ask at the same time share one answer.
#[derive(Debug, Default)]
pub(crate) struct Heartbeat(Mutex<Option<(Instant, Health)>>);

/// What the database can do. `Display` is for operators and contains no values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Reads and writes.
    Works,
    /// Does not answer.
    Away,
    /// Writes fail, or even reads do.
    Broken(Damage),
    /// Answers with errors, which are in the log.
    Refuses,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => f.write_str("the database works"),
            Self::Away => f.write_str("the database does not answer"),
            Self::Broken(damage) => write!(f, "the database does not work: {damage}"),
            Self::Refuses => f.write_str("the database answers with errors, see the log"),
        }
    }
}

impl Db {
    /// Whether the database can be read and written; the result is at most a second old. Failures go to the log with their
    /// causes.
    pub async fn health(&self, now: Timestamp) -> Health {
        let mut last = self.1.heartbeat.0.lock().await;
        if let Some((at, health)) = *last
            && at.elapsed() < FRESH
        {
            return health;
        }
        let health = match timeout(PATIENCE, read(self)).await {
            Err(_) => Health::Away,
            Ok(Err(error)) => judge(&error),
            Ok(Ok(())) => match timeout(PATIENCE, write(self, now)).await {
                // SQLite has one writer: a long import at work is no fault.
                Err(_) | Ok(Err(StoreError::Busy(_))) if self.is_sqlite() => Health::Works,
                Err(_) => Health::Away,
                Ok(Err(error)) => judge(&error),
                Ok(Ok(())) => Health::Works,
            },
        };
        let health = match error::damage_within(FRESH) {
            Some(damage) if health == Health::Works => Health::Broken(damage),
            _ => health,
        };
        *last = Some((Instant::now(), health));
        health
    }
}

fn judge(error: &StoreError) -> Health {
    tracing::error!(error = ?error, "the database is not well");
    match error {
        StoreError::Busy(_) => Health::Away,
        StoreError::Broken(damage, _) => Health::Broken(*damage),
        _ => Health::Refuses,
    }
}

async fn read(db: &Db) -> Result<(), StoreError> {
    let sql = Sql::new(db.connection().get_database_backend(), "select at from heartbeat where one = 1");
    db.connection().query_one_raw(sql.build()).await?;
    Ok(())
}

async fn write(db: &Db, now: Timestamp) -> Result<(), StoreError> {
    let tx = write_tx(db).await?;
    let sql = Sql::new(tx.connection().get_database_backend(), "update heartbeat set at = ")
        .bind(time::micros(now))
        .text(" where one = 1");
    tx.connection().execute_raw(sql.build()).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F1: a small write that works is no sign of health while another one fails.
    #[tokio::test]
    async fn f1_health_is_no_better_than_the_last_write() {
        let directory = tempfile::tempdir().expect("a directory");
        let db = Db::open(&Db::sqlite_url(&directory.path().join("guichet.db"))).await.expect("a database");
        db.migrate().await.expect("migrated");
        let other = directory.path().join("other.db");
        std::fs::write(&other, "no database at all, but a text of some length ".repeat(200)).expect("written");
        Db::open(&Db::sqlite_url(&other)).await.expect_err("damaged");
        assert_eq!(db.health(Timestamp::UNIX_EPOCH).await, Health::Broken(Damage::NotADatabase));
    }
}
