//! Sources of announcements that their authors look at before they publish them, one a person.

use domain::{PersonId, access::Granted, announcements::PublishOptions};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::{Reads, StoreError, Tx, sql::Sql, time};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub file_name: String,
    pub source: String,
    pub options: PublishOptions,
}

/// Keeps a source in the place of the person's one before.
///
/// # Errors
/// When the database refuses.
pub async fn put(
    tx: &Tx,
    _granted: &Granted,
    person: PersonId,
    preview: &Preview,
    now: Timestamp,
) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql = Sql::new(
        db.get_database_backend(),
        "insert into announcement_previews (person_id, file_name, source, allow_loss, replaces, updated_at) values (",
    )
    .bind(person.uuid())
    .text(", ")
    .bind(preview.file_name.as_str())
    .text(", ")
    .bind(preview.source.as_str())
    .text(", ")
    .bind(preview.options.allow_loss)
    .text(", ")
    .bind(preview.options.replace)
    .text(", ")
    .bind(time::micros(now))
    .text(
        ") on conflict (person_id) do update set file_name = excluded.file_name, source = excluded.source, \
         allow_loss = excluded.allow_loss, replaces = excluded.replaces, updated_at = excluded.updated_at",
    );
    db.execute_raw(sql.build()).await?;
    Ok(())
}

/// Returns what a person looked at last.
///
/// # Errors
/// When the database cannot be asked.
pub async fn find(db: &impl Reads, person: PersonId) -> Result<Option<Preview>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        file_name: String,
        source: String,
        allow_loss: bool,
        replaces: bool,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select file_name, source, allow_loss, replaces from announcement_previews where person_id = ",
    )
    .bind(person.uuid());
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
    Ok(row.map(|row| Preview {
        file_name: row.file_name,
        source: row.source,
        options: PublishOptions { allow_loss: row.allow_loss, replace: row.replaces },
    }))
}

/// Deletes what a person looked at: it was published.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &Tx, person: PersonId) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql =
        Sql::new(db.get_database_backend(), "delete from announcement_previews where person_id = ").bind(person.uuid());
    db.execute_raw(sql.build()).await?;
    Ok(())
}

/// Deletes the sources that no one has looked at since `before`.
///
/// # Errors
/// When the database refuses.
pub async fn delete_older(tx: &Tx, before: Timestamp) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql = Sql::new(db.get_database_backend(), "delete from announcement_previews where updated_at < ")
        .bind(time::micros(before));
    db.execute_raw(sql.build()).await?;
    Ok(())
}
