//! Requests for a link to set a new password: a row for every address, whether it belongs to an account or not, until a
//! worker has looked at it.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};

use crate::{Db, Reads, StoreError, Tx, entity::reset_requests, time};

/// A request for a link.
#[derive(Clone, Debug)]
pub struct ResetRequest {
    /// The address as it was typed.
    pub email: String,
    normalised: String,
    asked_at: i64,
}

/// Notes a request; a second one for the same address, before a worker has looked at the first, is the same request.
pub async fn insert(tx: &Tx, email: &str, normalised: &str, now: Timestamp) -> Result<(), StoreError> {
    let row = reset_requests::ActiveModel {
        normalised: Set(normalised.to_owned()),
        email: Set(email.to_owned()),
        asked_at: Set(time::micros(now)),
    };
    reset_requests::Entity::insert(row)
        .on_conflict(OnConflict::column(reset_requests::Column::Normalised).do_nothing().to_owned())
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// Lists the requests, the oldest first.
pub async fn list(db: &Db, limit: u64) -> Result<Vec<ResetRequest>, StoreError> {
    let rows = reset_requests::Entity::find()
        .order_by_asc(reset_requests::Column::AskedAt)
        .limit(limit)
        .all(db.connection())
        .await?;
    let request = |row: reset_requests::Model| ResetRequest {
        email: row.email,
        normalised: row.normalised,
        asked_at: row.asked_at,
    };
    Ok(rows.into_iter().map(request).collect())
}

/// Deletes a request that was looked at; a later one of the same address stays.
pub async fn delete(tx: &Tx, request: &ResetRequest) -> Result<(), StoreError> {
    reset_requests::Entity::delete_many()
        .filter(reset_requests::Column::Normalised.eq(&request.normalised))
        .filter(reset_requests::Column::AskedAt.eq(request.asked_at))
        .exec(tx.connection())
        .await?;
    Ok(())
}
