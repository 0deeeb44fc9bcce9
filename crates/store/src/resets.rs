//! Links for a new password that were asked for: a row for every address, whether anybody has it or not, until a worker has
//! looked at it.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};

use crate::{Db, Reads, StoreError, Tx, entity::reset_requests, time};

/// A link that was asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The address as it was typed.
    pub email: String,
    normalised: String,
    asked_at: i64,
}

/// Notes that a link was asked for; a second time before the first was looked at is the same wish.
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

/// What was asked for, the oldest first.
pub async fn list(db: &Db, limit: u64) -> Result<Vec<Wish>, StoreError> {
    let rows = reset_requests::Entity::find()
        .order_by_asc(reset_requests::Column::AskedAt)
        .limit(limit)
        .all(db.connection())
        .await?;
    let wish =
        |row: reset_requests::Model| Wish { email: row.email, normalised: row.normalised, asked_at: row.asked_at };
    Ok(rows.into_iter().map(wish).collect())
}

/// Forgets a wish that was looked at; one of the same address that came meanwhile stays.
pub async fn delete(tx: &Tx, wish: &Wish) -> Result<(), StoreError> {
    reset_requests::Entity::delete_many()
        .filter(reset_requests::Column::Normalised.eq(&wish.normalised))
        .filter(reset_requests::Column::AskedAt.eq(wish.asked_at))
        .exec(tx.connection())
        .await?;
    Ok(())
}
