//! Forms that are being sent or were sent, by a keyed hash of their content: a second sending finds the answer of the first.

use domain::RequestId;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{Reads, StoreError, Tx, sql::Sql, time};

/// How far the first sending of a form came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendingRow {
    pub request: RequestId,
    pub claimed_at: Timestamp,
    /// Whether what it does was committed.
    pub done: bool,
    /// Where it led, once it was answered; empty for nowhere.
    pub answer: Option<String>,
}

/// Claims a form for a request; `false` when another request claimed it before.
///
/// # Errors
/// When the database refuses.
pub async fn claim(tx: &Tx, key: &[u8; 32], request: RequestId, now: Timestamp) -> Result<bool, StoreError> {
    let db = tx.connection();
    let sql = Sql::new(db.get_database_backend(), "insert into sendings (key_hash, request_id, claimed_at) values (")
        .bind(key.to_vec())
        .text(", ")
        .bind(request.uuid())
        .text(", ")
        .bind(time::micros(now))
        .text(") on conflict (key_hash) do nothing");
    Ok(db.execute_raw(sql.build()).await?.rows_affected() == 1)
}

/// Returns the first sending of a form.
///
/// # Errors
/// When the database cannot be asked.
pub async fn find(db: &impl Reads, key: &[u8; 32]) -> Result<Option<SendingRow>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        request_id: Uuid,
        claimed_at: i64,
        done_at: Option<i64>,
        answer: Option<String>,
    }
    let db = db.connection();
    let sql = Sql::new(
        db.get_database_backend(),
        "select request_id, claimed_at, done_at, answer from sendings where key_hash = ",
    )
    .bind(key.to_vec());
    let row = Row::find_by_statement(sql.build()).one(db).await?;
    row.map(|row| {
        Ok(SendingRow {
            request: row.request_id.into(),
            claimed_at: time::timestamp(row.claimed_at)?,
            done: row.done_at.is_some(),
            answer: row.answer,
        })
    })
    .transpose()
}

/// Releases a claim: the form was refused, or its request ended without doing what it asks for.
///
/// # Errors
/// When the database refuses.
pub async fn release(tx: &Tx, key: &[u8; 32], request: RequestId) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql = Sql::new(db.get_database_backend(), "delete from sendings where key_hash = ")
        .bind(key.to_vec())
        .text(" and request_id = ")
        .bind(request.uuid());
    db.execute_raw(sql.build()).await?;
    Ok(())
}

/// Deletes a sending, whichever request claimed it.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &Tx, key: &[u8; 32]) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql = Sql::new(db.get_database_backend(), "delete from sendings where key_hash = ").bind(key.to_vec());
    db.execute_raw(sql.build()).await?;
    Ok(())
}

/// Notes in the transaction of the change itself that the form of this request was accepted.
///
/// # Errors
/// When the database refuses.
pub async fn set_done(tx: &Tx, request: RequestId, now: Timestamp) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql = Sql::new(db.get_database_backend(), "update sendings set done_at = ")
        .bind(time::micros(now))
        .text(" where request_id = ")
        .bind(request.uuid());
    db.execute_raw(sql.build()).await?;
    Ok(())
}

/// Notes where a form led.
///
/// # Errors
/// When the database refuses.
pub async fn set_answer(
    tx: &Tx,
    key: &[u8; 32],
    request: RequestId,
    answer: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql = Sql::new(db.get_database_backend(), "update sendings set done_at = ")
        .bind(time::micros(now))
        .text(", answer = ")
        .bind(answer)
        .text(" where key_hash = ")
        .bind(key.to_vec())
        .text(" and request_id = ")
        .bind(request.uuid());
    db.execute_raw(sql.build()).await?;
    Ok(())
}

/// Forgets the sendings that led to `answer`.
///
/// # Errors
/// When the database refuses.
pub async fn delete_answered(tx: &Tx, answer: &str) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql = Sql::new(db.get_database_backend(), "delete from sendings where answer = ").bind(answer);
    db.execute_raw(sql.build()).await?;
    Ok(())
}

/// Deletes sendings that began before `before`.
///
/// # Errors
/// When the database refuses.
pub async fn delete_older(tx: &Tx, before: Timestamp) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql =
        Sql::new(db.get_database_backend(), "delete from sendings where claimed_at < ").bind(time::micros(before));
    db.execute_raw(sql.build()).await?;
    Ok(())
}
