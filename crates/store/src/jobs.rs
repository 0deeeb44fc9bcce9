//! Work to be done later: rows written in the business transaction, claimed with a lease, tried again with back-off.

use domain::JobId;
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{Db, Reads, StoreError, Tx, entity::jobs, sql::Sql, time};

#[derive(Clone, Debug)]
pub struct NewJob {
    pub id: JobId,
    pub kind: &'static str,
    /// While a job with this key waits or runs, a second one is dropped.
    pub dedup_key: Option<String>,
    /// Ids, never data.
    pub payload: serde_json::Value,
    pub run_at: Timestamp,
    pub now: Timestamp,
}

pub async fn insert(tx: &Tx, new: NewJob) -> Result<(), StoreError> {
    let row = jobs::ActiveModel {
        id: Set(new.id.into()),
        kind: Set(new.kind.to_owned()),
        dedup_key: Set(new.dedup_key),
        payload: Set(new.payload.to_string()),
        state: Set("queued".to_owned()),
        attempts: Set(0),
        run_at: Set(time::micros(new.run_at)),
        lease_until: Set(None),
        error: Set(None),
        created_at: Set(time::micros(new.now)),
    };
    jobs::Entity::insert(row)
        .on_conflict(OnConflict::column(jobs::Column::DedupKey).do_nothing().to_owned())
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: JobId,
    pub kind: String,
    pub payload: serde_json::Value,
    pub attempts: u32,
}

/// Whether a job is due; asked before a transaction is begun to claim it.
pub async fn is_due(db: &Db, now: Timestamp) -> Result<bool, StoreError> {
    let at = time::micros(now);
    let sql =
        Sql::new(db.connection().get_database_backend(), "select 1 from jobs where (state = 'queued' and run_at <= ")
            .bind(at)
            .text(") or (state = 'running' and lease_until <= ")
            .bind(at)
            .text(") limit 1");
    Ok(db.connection().query_one_raw(sql.build()).await?.is_some())
}

/// Claims one due job; one whose lease ran out (its worker died) is due again.
pub async fn claim(tx: &Tx, now: Timestamp, lease_until: Timestamp) -> Result<Option<Claimed>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        kind: String,
        payload: String,
        attempts: i32,
    }
    let backend = tx.connection().get_database_backend();
    let at = time::micros(now);
    let sql = Sql::new(backend, "update jobs set state = 'running', attempts = attempts + 1, lease_until = ")
        .bind(time::micros(lease_until))
        .text(" where id = (select id from jobs where (state = 'queued' and run_at <= ")
        .bind(at)
        .text(") or (state = 'running' and lease_until <= ")
        .bind(at)
        .text(") order by run_at, id limit 1");
    // SQLite has no `skip locked` and needs none: it has one writer.
    let sql = if backend == DbBackend::Postgres { sql.text(" for update skip locked") } else { sql };
    let row = Row::find_by_statement(sql.text(") returning id, kind, payload, attempts").build())
        .one(tx.connection())
        .await?;
    row.map(|row| {
        Ok(Claimed {
            id: row.id.into(),
            kind: row.kind,
            payload: serde_json::from_str(&row.payload).map_err(|error| StoreError::Corrupt(error.to_string()))?,
            attempts: row.attempts.unsigned_abs(),
        })
    })
    .transpose()
}

/// A job that is done leaves the table; its key is free again.
pub async fn set_done(tx: &Tx, id: JobId) -> Result<(), StoreError> {
    jobs::Entity::delete_by_id(id.uuid()).exec(tx.connection()).await?;
    Ok(())
}

/// Puts a job back until `run_at`, or gives it up (a dead letter, kept) when that is `None`.
pub async fn set_failed(tx: &Tx, id: JobId, error: &str, run_at: Option<Timestamp>) -> Result<(), StoreError> {
    let update = jobs::Entity::update_many()
        .col_expr(jobs::Column::State, Expr::value(if run_at.is_some() { "queued" } else { "dead" }))
        .col_expr(jobs::Column::Error, Expr::value(error));
    let update = match run_at {
        Some(at) => update.col_expr(jobs::Column::RunAt, Expr::value(time::micros(at))),
        None => update.col_expr(jobs::Column::DedupKey, Expr::value(Option::<String>::None)),
    };
    update.filter(jobs::Column::Id.eq(id.uuid())).exec(tx.connection()).await?;
    Ok(())
}

/// Jobs that were given up.
pub async fn count_dead(db: &Db) -> Result<u64, StoreError> {
    use sea_orm::PaginatorTrait;
    Ok(jobs::Entity::find().filter(jobs::Column::State.eq("dead")).count(db.connection()).await?)
}
