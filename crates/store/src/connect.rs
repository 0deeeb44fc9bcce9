//! Opening a database: SQLite with the settings that keep acknowledged writes, or PostgreSQL; migrations; what makes a
//! connection fit to be used again.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{
    ConnAcquireErr, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, FromQueryResult, IsolationLevel, SqlxError, TransactionTrait,
    sqlx::{
        self, Connection,
        postgres::PgConnection,
        sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};
use sea_orm_migration::MigratorTrait;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout},
};

use crate::{
    StoreError,
    bounded::{Bounded, within},
    heartbeat::Heartbeat,
    migration::Migrator,
    sql::Sql,
};

/// How long a write waits for the ones before it. SQLite has one writer.
const WRITE_WAIT: Duration = Duration::from_secs(10);
/// How long a statement waits for a connection to PostgreSQL: one that is away is said to be within a second (F14).
const POSTGRES_WAIT: Duration = Duration::from_millis(900);
/// How long a statement may take while people wait for it, locks included: PostgreSQL ends it then.
const POSTGRES_STATEMENT: Duration = Duration::from_secs(20);
/// The same for what reads a whole database to judge it.
const POSTGRES_LONG_STATEMENT: Duration = Duration::from_secs(60);
/// How much later a PostgreSQL that stands still is given up (F14).
const POSTGRES_GRACE: Duration = Duration::from_secs(5);
/// How long a connection that comes back may take to say that it is well.
const POSTGRES_PING: Duration = Duration::from_secs(2);
/// How long the start waits for PostgreSQL, which may be starting too.
const POSTGRES_START: Duration = Duration::from_secs(5);

/// A connection pool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(pub(crate) Bounded<DatabaseConnection>, pub(crate) Arc<Beside>);

/// What the clones of a [`Db`] share beside the pool.
#[derive(Debug)]
pub(crate) struct Beside {
    /// SQLite has one writer: the others of this process wait here, in order, and hold no connection meanwhile. Eight
    /// connections that wait for the write lock left none for readers (B2, F14).
    writer: Arc<Semaphore>,
    pub(crate) heartbeat: Heartbeat,
}

/// A writing transaction. Dropped without commit it rolls back.
pub struct Tx(
    pub(crate) Bounded<DatabaseTransaction>,
    #[expect(dead_code, reason = "the turn to write is held as long as the transaction")] Option<OwnedSemaphorePermit>,
);

/// Several statements that see one moment (C18). Dropped, it is over.
pub struct Snapshot(Bounded<DatabaseTransaction>);

/// Anything that answers queries: the pool, or the transaction one is in.
pub trait Reads: Sync + Send {
    type Connection: ConnectionTrait;
    fn connection(&self) -> &Self::Connection;
}

impl Reads for Db {
    type Connection = Bounded<DatabaseConnection>;
    fn connection(&self) -> &Self::Connection {
        &self.0
    }
}

impl Reads for Tx {
    type Connection = Bounded<DatabaseTransaction>;
    fn connection(&self) -> &Self::Connection {
        &self.0
    }
}

impl Reads for Snapshot {
    type Connection = Bounded<DatabaseTransaction>;
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
        if url.starts_with("sqlite:") {
            Self::connect(sqlite(url), None).await
        } else {
            Self::connect(postgres(url, "off", POSTGRES_STATEMENT), Some(POSTGRES_STATEMENT)).await
        }
    }

    /// Opens a database to look at it: nothing is made, nothing can be written. `alone` says that no process has the
    /// SQLite file open: then no `-wal` and `-shm` are made beside it either.
    ///
    /// # Errors
    /// When it is not there or cannot be reached, or [`StoreError::OldSqlite`].
    pub async fn open_to_read(url: &str, alone: bool) -> Result<Self, StoreError> {
        if url.starts_with("sqlite:") {
            Self::connect(sqlite_to_read(url, alone), None).await
        } else {
            Self::connect(postgres(url, "on", POSTGRES_LONG_STATEMENT), Some(POSTGRES_LONG_STATEMENT)).await
        }
    }

    /// Opens as [`Db::open`] does and counts every statement in `statements`: tests hold the number that a page asks.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn open_counted(url: &str, statements: Arc<AtomicU64>) -> Result<Self, StoreError> {
        let Self(connection, beside) = Self::open(url).await?;
        let most = connection.most();
        let mut connection = connection.into_inner();
        connection.set_metric_callback(move |_| {
            statements.fetch_add(1, Ordering::Relaxed);
        });
        Ok(Self(Bounded::new(connection, most), beside))
    }

    async fn connect(options: ConnectOptions, statement: Option<Duration>) -> Result<Self, StoreError> {
        let give_up = Instant::now() + POSTGRES_START;
        let connection = loop {
            match Database::connect(options.clone()).await {
                Ok(connection) => break connection,
                Err(error) => match StoreError::from(error) {
                    StoreError::Busy(_) if Instant::now() < give_up => sleep(Duration::from_millis(100)).await,
                    other => return Err(other),
                },
            }
        };
        let beside = Beside { writer: Arc::new(Semaphore::new(1)), heartbeat: Heartbeat::default() };
        let connection = Bounded::new(connection, statement.map(|statement| statement + POSTGRES_GRACE));
        let db = Self(connection, Arc::new(beside));
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

    /// Whether no migration was ever applied.
    pub async fn is_new(&self) -> Result<bool, StoreError> {
        #[derive(FromQueryResult)]
        struct Found {
            tables: i64,
        }
        // `SchemaManager::has_table` is in the crate only with features that this one does without.
        let sql = if self.is_sqlite() {
            "select count(*) as tables from sqlite_master where type = 'table' and name = 'seaql_migrations'"
        } else {
            "select count(*) as tables from information_schema.tables \
             where table_schema = current_schema() and table_name = 'seaql_migrations'"
        };
        let row = Found::find_by_statement(Sql::new(self.0.get_database_backend(), sql).build()).one(&self.0).await?;
        Ok(row.is_none_or(|row| row.tables == 0))
    }

    /// Applies what is missing, each migration in one transaction; on PostgreSQL all of them in one.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when the database has a migration that this binary does not know.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.pending_migrations().await?;
        let db = self.0.inner();
        if self.is_sqlite() {
            return Ok(Migrator::up(db, None).await?);
        }
        let tx = db.begin().await?;
        // No request waits yet, and migrating rows may take its time.
        tx.execute_unprepared("set local statement_timeout = 0").await?;
        Migrator::up(&tx, None).await?;
        Ok(tx.commit().await?)
    }

    /// The names of migrations that are not applied yet. Reads only.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when the database has a migration that this binary does not know.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        #[derive(FromQueryResult)]
        struct Applied {
            version: String,
        }
        let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        if self.is_new().await? {
            return Ok(known);
        }
        let sql = Sql::new(self.0.get_database_backend(), "select version from seaql_migrations");
        let applied = Applied::find_by_statement(sql.build()).all(&self.0).await?;
        let applied: Vec<String> = applied.into_iter().map(|row| row.version).collect();
        if applied.iter().any(|name| !known.contains(name)) {
            return Err(StoreError::NewerSchema);
        }
        Ok(known.into_iter().filter(|name| !applied.contains(name)).collect())
    }

    /// Begins to read at one moment, whatever is written meanwhile.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        // On SQLite every transaction is one.
        let isolation = (!self.is_sqlite()).then_some(IsolationLevel::RepeatableRead);
        let begun = within(self.0.most(), self.0.inner().begin_with_config(isolation, None)).await?;
        Ok(Snapshot(Bounded::new(begun, self.0.most())))
    }

    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.0.into_inner().close().await?)
    }
}

fn sqlite(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    options.sqlx_logging(false).acquire_timeout(Duration::from_secs(5)).max_connections(8).min_connections(1);
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(WRITE_WAIT)
            .foreign_keys(true)
            .pragma("trusted_schema", "OFF")
            .pragma("cell_size_check", "ON")
            .pragma("journal_size_limit", "67108864")
    });
    // In both places: a connection left in a transaction would answer with an old moment, and acknowledge
    // what it never commits (F1, docs/adr/0008).
    options.map_sqlx_sqlite_pool_opts(|pool| {
        pool.after_release(|connection, _| Box::pin(is_fit_sqlite(connection)))
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
    });
    options
}

fn sqlite_to_read(url: &str, alone: bool) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    // One connection: what looks at the index of words makes a temporary table of it.
    options.sqlx_logging(false).acquire_timeout(Duration::from_secs(5)).max_connections(1).min_connections(1);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .create_if_missing(false)
            .read_only(true)
            .immutable(alone)
            .busy_timeout(WRITE_WAIT)
            .pragma("trusted_schema", "OFF")
            .pragma("cell_size_check", "ON")
            .pragma("temp_store", "MEMORY")
    });
    options
}

fn postgres(url: &str, read_only: &'static str, statement: Duration) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    options.sqlx_logging(false).acquire_timeout(POSTGRES_WAIT).max_connections(16).min_connections(1);
    options.map_sqlx_postgres_opts(move |postgres| {
        // A node that stops in the middle of a transaction must not stop the others for ever: every change waits for
        // the head of the ledger.
        postgres.options([
            ("lock_timeout", "10s".to_owned()),
            ("statement_timeout", format!("{}s", statement.as_secs())),
            ("idle_in_transaction_session_timeout", "30s".to_owned()),
            ("synchronous_commit", "on".to_owned()),
            ("default_transaction_read_only", read_only.to_owned()),
        ])
    });
    options.map_sqlx_postgres_pool_opts(|pool| {
        pool.after_release(|connection, _| Box::pin(is_fit_postgres(connection)))
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
    });
    options
}

/// Whether a connection that comes back can be given to the next. SQLite ends a transaction by itself when the disk fails;
/// sqlx's `ROLLBACK` after it fails then, and sqlx goes on counting a transaction that is none: the next `begin` would be a
/// savepoint of nothing. An error means no.
async fn is_fit_sqlite(connection: &mut SqliteConnection) -> Result<bool, SqlxError> {
    // Comes after the rollback of a transaction that was dropped, which is done on the thread of the connection, and fails
    // where SQLite is in a transaction whatever sqlx counts.
    sqlx::raw_sql("begin; rollback").execute(&mut *connection).await?;
    Ok(!<SqliteConnection as Connection>::is_in_transaction(connection))
}

/// The same for PostgreSQL: the ping sends the rollback of a transaction that was dropped, and waits for the answer to a
/// statement that was. One that does not come is an error: the connection is cut, and its place in the pool is free (F14).
async fn is_fit_postgres(connection: &mut PgConnection) -> Result<bool, SqlxError> {
    timeout(POSTGRES_PING, connection.ping()).await.map_err(|_| SqlxError::PoolTimedOut)??;
    Ok(!<PgConnection as Connection>::is_in_transaction(connection))
}

/// Begins a writing transaction; only `service` calls it. IMMEDIATE on SQLite: a transaction that begins reading and then
/// writes would fail immediately when another writes, whatever the busy timeout.
///
/// # Errors
/// [`StoreError::Busy`] when its turn does not come within ten seconds.
pub async fn write_tx(db: &Db) -> Result<Tx, StoreError> {
    if !db.is_sqlite() {
        let begun = within(db.0.most(), db.0.inner().begin()).await?;
        return Ok(Tx(Bounded::new(begun, db.0.most()), None));
    }
    let too_long = |_| StoreError::Busy(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
    let writer = timeout(WRITE_WAIT, db.1.writer.clone().acquire_owned()).await.map_err(too_long)?;
    let writer = writer.map_err(|_| StoreError::Busy(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)))?;
    let options = sea_orm::TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let db = db.clone();
    // On its own: a caller that goes away while another process writes would leave the turn to the next, and its connection
    // waiting, until no connection is left.
    let begun = tokio::spawn(async move {
        let begun = db.0.inner().begin_with_options(options).await?;
        if is_savepoint(&begun).await {
            let problem = "a connection came in the middle of a transaction";
            return Err(StoreError::Busy(DbErr::Custom(problem.to_owned())));
        }
        Ok(Tx(Bounded::new(begun, db.0.most()), Some(writer)))
    });
    begun.await.map_err(|error| StoreError::Busy(DbErr::Custom(error.to_string())))?
}

/// Whether what SeaORM began is a savepoint inside of a transaction that was there before, as it makes one without a word
/// (sea-orm 2.0.4, `DatabaseTransaction::begin`): its commit would commit nothing.
async fn is_savepoint(begun: &DatabaseTransaction) -> bool {
    // The first savepoint of sqlx is called so; where there is none, this fails and changes nothing.
    begun.execute_unprepared("release savepoint _sqlx_savepoint_1").await.is_ok()
}

/// A writing transaction of either kind: what a change and an import both write. It gives no way to queue mails.
pub trait Writes: Reads {}

impl Writes for Tx {}

impl Tx {
    /// Commits. An error after the disk failed, or after the connection broke, leaves open whether it is written
    /// (docs/adr/0008): it is not acknowledged.
    ///
    /// # Errors
    /// When the database does not say that it is written.
    pub async fn commit(self) -> Result<(), StoreError> {
        // PostgreSQL answers to the COMMIT of a transaction in which a statement failed with a rollback that is no error.
        // Any statement before it fails there.
        if self.0.get_database_backend() == DbBackend::Postgres {
            self.0.execute_unprepared("select 1").await?;
        }
        let most = self.0.most();
        Ok(within(most, self.0.into_inner().commit()).await?)
    }

    pub async fn rollback(self) -> Result<(), StoreError> {
        let most = self.0.most();
        Ok(within(most, self.0.into_inner().rollback()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Damage;

    async fn count(db: &Db) -> i64 {
        #[derive(FromQueryResult)]
        struct Row {
            number: i64,
        }
        let sql = Sql::new(DbBackend::Sqlite, "select count(*) as number from counters");
        Row::find_by_statement(sql.build()).one(&db.0).await.expect("an answer").expect("a row").number
    }

    async fn note(db: &Db, name: &str) -> Result<(), StoreError> {
        let tx = write_tx(db).await?;
        let sql = Sql::new(DbBackend::Sqlite, "insert into counters (name, value) values (").bind(name).text(", 1)");
        tx.connection().execute_raw(sql.build()).await?;
        tx.commit().await
    }

    async fn open() -> (tempfile::TempDir, Db) {
        let directory = tempfile::tempdir().expect("a directory");
        let db = Db::open(&Db::sqlite_url(&directory.path().join("guichet.db"))).await.expect("a database");
        db.migrate().await.expect("migrated");
        (directory, db)
    }

    /// F1
    #[tokio::test]
    async fn f1_connection_left_in_a_transaction_is_not_used_again() {
        let (_directory, db) = open().await;
        for statement in ["begin", "begin immediate"] {
            // As after an I/O error: SQLite and sqlx disagree about what the connection is in.
            db.0.execute_unprepared(statement).await.expect("begun");
            note(&db, statement).await.expect("written on a connection that is in nothing");
        }
        for _ in 0..20 {
            assert_eq!(count(&db).await, 2, "no connection answers with an old moment");
        }
    }

    /// F1: SQLite ended the transaction by itself; sqlx counts on.
    #[tokio::test]
    async fn f1_transaction_that_sqlite_ended_poisons_nothing() {
        let (_directory, db) = open().await;
        for round in 0..10 {
            let tx = write_tx(&db).await.expect("a transaction");
            tx.connection().execute_unprepared("rollback").await.expect("ended behind sqlx's back");
            let end = if round % 2 == 0 { tx.commit().await } else { tx.rollback().await };
            assert!(end.is_err(), "nothing is acknowledged");
            note(&db, &round.to_string()).await.expect("the next one is written");
        }
        assert_eq!(count(&db).await, 10);
    }

    /// F1: the check of `write_tx` depends on how sqlx names savepoints.
    #[tokio::test]
    async fn f1_savepoint_is_not_taken_for_a_transaction() {
        let (_directory, db) = open().await;
        let outer = db.0.inner().begin().await.expect("a transaction");
        assert!(!is_savepoint(&outer).await);
        let inner = outer.begin().await.expect("a savepoint");
        assert!(is_savepoint(&inner).await);
    }

    /// B2, F14: writers that wait hold no connection.
    #[tokio::test]
    async fn f14_waiting_writers_leave_connections_to_readers() {
        let (_directory, db) = open().await;
        let long = write_tx(&db).await.expect("a transaction");
        let waiting: Vec<_> = (0..20)
            .map(|number: i32| {
                let db = db.clone();
                tokio::spawn(async move { note(&db, &number.to_string()).await })
            })
            .collect();
        sleep(Duration::from_millis(100)).await;
        let begun = Instant::now();
        for _ in 0..20 {
            count(&db).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(1), "readers do not wait");
        long.rollback().await.expect("ended");
        for writer in waiting {
            writer.await.expect("a writer").expect("written in its turn");
        }
        assert_eq!(count(&db).await, 20);
    }

    /// Continues a process that a test stopped, also when the test fails.
    struct Stopped(String);

    impl Stopped {
        fn new(pid: i32) -> Self {
            let stopped = Self(pid.to_string());
            stopped.signal("-STOP");
            stopped
        }

        fn signal(&self, signal: &str) {
            let sent = std::process::Command::new("kill").args([signal, &self.0]).status();
            assert!(sent.is_ok_and(|sent| sent.success()), "{signal} {}", self.0);
        }
    }

    impl Drop for Stopped {
        fn drop(&mut self) {
            self.signal("-CONT");
        }
    }

    /// F14: a server process that stands still in the middle of a transaction holds its caller for a while, and its place in
    /// the pool for hardly longer.
    #[tokio::test]
    async fn f14_postgres_that_stands_still_is_given_up() {
        #[derive(FromQueryResult)]
        struct Backend {
            pid: i32,
        }
        let Ok(server) = std::env::var("GUICHET_TEST_POSTGRES") else { return };
        let statement = Duration::from_secs(1);
        let db = Db::connect(postgres(&server, "off", statement), Some(statement)).await.expect("a database");
        let tx = write_tx(&db).await.expect("a transaction");
        let sql = Sql::new(DbBackend::Postgres, "select pg_backend_pid() as pid");
        let backend =
            Backend::find_by_statement(sql.build()).one(tx.connection()).await.expect("asked").expect("a row");
        let _stopped = Stopped::new(backend.pid);

        let begun = Instant::now();
        let error = tx.connection().execute_unprepared("select 1").await.expect_err("no answer");
        assert!(matches!(StoreError::from(error), StoreError::Busy(_)));
        assert!(begun.elapsed() < statement + POSTGRES_GRACE + Duration::from_secs(3), "{:?}", begun.elapsed());
        drop(tx);
        db.version().await.expect("another connection answers");
        sleep(POSTGRES_PING + Duration::from_secs(1)).await;
        let mut all = Vec::new();
        for _ in 0..16 {
            all.push(write_tx(&db).await.expect("its place is free"));
        }
    }

    /// F19h
    #[tokio::test]
    async fn f19h_file_that_is_no_database_is_called_so() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("guichet.db");
        std::fs::write(&file, "a letter to grandmother, and no database at all ".repeat(200)).expect("written");
        let error = Db::open(&Db::sqlite_url(&file)).await.expect_err("no database");
        assert!(matches!(error, StoreError::Broken(Damage::NotADatabase, _)), "{error:?}");
        let error = match Db::open_to_read(&Db::sqlite_url(&file), true).await {
            Ok(db) => db.pending_migrations().await.expect_err("no database"),
            Err(error) => error,
        };
        assert!(matches!(error, StoreError::Broken(Damage::NotADatabase, _)), "{error:?}");
    }

    /// C18
    #[tokio::test]
    async fn c18_snapshot_sees_one_moment() {
        let (_directory, db) = open().await;
        let moment = db.snapshot().await.expect("a snapshot");
        let sql = || Sql::new(DbBackend::Sqlite, "select name from counters").build();
        assert_eq!(moment.connection().query_all_raw(sql()).await.expect("rows").len(), 0);
        note(&db, "later").await.expect("written");
        assert_eq!(moment.connection().query_all_raw(sql()).await.expect("rows").len(), 0);
        drop(moment);
        assert_eq!(count(&db).await, 1);
    }
}
