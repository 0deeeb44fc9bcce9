//! Opening a database: SQLite with the settings that keep acknowledged writes, or PostgreSQL; migrations; checks.

use std::{path::Path, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, FromQueryResult, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use crate::{StoreError, migration::Migrator, sql::Sql};

/// A connection pool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(pub(crate) DatabaseConnection);

/// A writing transaction. Dropped without commit it rolls back.
pub struct Tx(pub(crate) sea_orm::DatabaseTransaction);

/// Anything that answers queries: the pool, or the transaction one is in.
pub trait Reads: Sync + Send {
    type Connection: ConnectionTrait;
    fn connection(&self) -> &Self::Connection;
}

impl Reads for Db {
    type Connection = DatabaseConnection;
    fn connection(&self) -> &Self::Connection {
        &self.0
    }
}

impl Reads for Tx {
    type Connection = sea_orm::DatabaseTransaction;
    fn connection(&self) -> &Self::Connection {
        &self.0
    }
}

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…`. SQLite: WAL and synchronous FULL, so that an acknowledged write survives a
    /// power loss; foreign keys on; a library older than 3.51.3 is refused (it corrupts WAL databases).
    ///
    /// # Errors
    /// When it cannot be reached, or [`StoreError::OldSqlite`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let mut options = ConnectOptions::new(url.to_owned());
        options.sqlx_logging(false).acquire_timeout(Duration::from_secs(5)).connect_timeout(Duration::from_secs(5));
        if url.starts_with("sqlite:") {
            options.max_connections(8).min_connections(1).map_sqlx_sqlite_opts(|sqlite| {
                use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
                sqlite
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .busy_timeout(Duration::from_secs(10))
                    .foreign_keys(true)
                    .pragma("trusted_schema", "OFF")
                    .pragma("cell_size_check", "ON")
                    .pragma("journal_size_limit", "67108864")
            });
        } else {
            // A node that stops in the middle of a transaction must not stop the others for ever: every change waits for
            // the head of the ledger.
            options.max_connections(16).min_connections(1).map_sqlx_postgres_opts(|postgres| {
                postgres.options([
                    ("lock_timeout", "10s"),
                    ("statement_timeout", "60s"),
                    ("idle_in_transaction_session_timeout", "30s"),
                    ("synchronous_commit", "on"),
                ])
            });
        }
        let db = Self(Database::connect(options).await?);
        db.check_version().await?;
        Ok(db)
    }

    pub fn sqlite_url(file: &Path) -> String {
        format!("sqlite:{}", file.display())
    }

    pub fn is_sqlite(&self) -> bool {
        self.0.get_database_backend() == DbBackend::Sqlite
    }

    async fn check_version(&self) -> Result<(), StoreError> {
        if !self.is_sqlite() {
            return Ok(());
        }
        let found = self.version().await?;
        let parts: Vec<u32> = found.split('.').filter_map(|part| part.parse().ok()).collect();
        if parts.as_slice() < [3, 51, 3].as_slice() { Err(StoreError::OldSqlite { found }) } else { Ok(()) }
    }

    /// The version of the database, as it says it.
    pub async fn version(&self) -> Result<String, StoreError> {
        #[derive(FromQueryResult)]
        struct Version {
            version: String,
        }
        let sql = if self.is_sqlite() { "select sqlite_version() as version" } else { "select version() as version" };
        let row = Version::find_by_statement(Sql::new(self.0.get_database_backend(), sql).build()).one(&self.0).await?;
        row.map(|row| row.version).ok_or(StoreError::NotFound)
    }

    /// Applies what is missing, each migration in one transaction.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when the database has a migration that this binary does not know.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        Migrator::up(&self.0, None).await.map_err(|error| {
            if error.to_string().contains("is missing") { StoreError::NewerSchema } else { error.into() }
        })
    }

    /// The names of migrations that are not applied yet.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        Ok(Migrator::get_pending_migrations(&self.0)
            .await?
            .iter()
            .map(|migration| migration.name().to_owned())
            .collect())
    }

    /// Answers when the database does.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.0.ping().await?)
    }

    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.0.close().await?)
    }
}

/// Begins a writing transaction; only `service` calls it. IMMEDIATE on SQLite: a transaction that begins reading and then
/// writes would fail at once when another writes, whatever the busy timeout.
pub async fn write_tx(db: &Db) -> Result<Tx, StoreError> {
    let options = sea_orm::TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    Ok(Tx(db.0.begin_with_options(options).await?))
}

/// A writing transaction of either kind: what a change and an import both write. It gives no way to queue mails.
pub trait Writes: Reads {}

impl Writes for Tx {}

impl Tx {
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }

    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.0.rollback().await?)
    }
}
