//! One import writes at a time: a lease, given back or run out.

use domain::{ImportId, access::Granted};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::ImportTx;
use crate::{Reads, StoreError, sql::Sql, time};

/// The name of the lease that the writer of imports holds.
const LEASE: &str = "import";

/// Gives the lease to `holder` when it is free, or its holder did not renew it in time.
pub async fn take_lease(
    tx: &ImportTx,
    _granted: &Granted,
    holder: ImportId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let sql = Sql::new(tx.connection().get_database_backend(), "insert into leases (name, holder, until_at) values (")
        .bind(LEASE)
        .text(", ")
        .bind(holder.uuid())
        .text(", ")
        .bind(time::micros(until))
        .text(
            ") on conflict (name) do update set holder = excluded.holder, until_at = excluded.until_at \
                 where leases.until_at <= ",
        )
        .bind(time::micros(now));
    Ok(tx.connection().execute_raw(sql.build()).await?.rows_affected() > 0)
}

/// Extends the lease; `until` now gives it back. Nothing happens when another run holds it.
pub async fn renew_lease(
    tx: &ImportTx,
    _granted: &Granted,
    holder: ImportId,
    until: Timestamp,
) -> Result<(), StoreError> {
    let sql = Sql::new(tx.connection().get_database_backend(), "update leases set until_at = ")
        .bind(time::micros(until))
        .text(" where name = ")
        .bind(LEASE)
        .text(" and holder = ")
        .bind(holder.uuid());
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}

/// Returns who has, or last had, the lease, and until when.
pub async fn find_lease(db: &impl Reads) -> Result<Option<(ImportId, Timestamp)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        holder: Uuid,
        until_at: i64,
    }
    let sql = Sql::new(db.connection().get_database_backend(), "select holder, until_at from leases where name = ")
        .bind(LEASE);
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
    row.map(|row| Ok((row.holder.into(), time::timestamp(row.until_at)?))).transpose()
}
