//! What a person has typed into a form and not sent yet, by form. Fields are kept as the client encodes a form.

use domain::PersonId;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::{Reads, StoreError, Tx, sql::Sql, time};

/// One form with what was typed into it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct DraftRow {
    /// The path of the server function, `#`, and the object of the form (empty when there is only one such form).
    pub form: String,
    /// `application/x-www-form-urlencoded`.
    pub fields: String,
}

/// Stores a draft in place of the previous one of the same form.
///
/// # Errors
/// When the database refuses.
pub async fn put(tx: &Tx, person: PersonId, form: &str, fields: &str, now: Timestamp) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql = Sql::new(db.get_database_backend(), "insert into drafts (person_id, form, fields, updated_at) values (")
        .bind(person.uuid())
        .text(", ")
        .bind(form)
        .text(", ")
        .bind(fields)
        .text(", ")
        .bind(time::micros(now))
        .text(
            ") on conflict (person_id, form) do update set fields = excluded.fields, updated_at = excluded.updated_at",
        );
    db.execute_raw(sql.build()).await?;
    Ok(())
}

/// Deletes all but the newest `most` drafts of a person.
///
/// # Errors
/// When the database refuses.
pub async fn delete_oldest(tx: &Tx, person: PersonId, most: u64) -> Result<(), StoreError> {
    let db = tx.connection();
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let sql = Sql::new(db.get_database_backend(), "delete from drafts where person_id = ")
        .bind(person.uuid())
        .text(" and form not in (select form from drafts where person_id = ")
        .bind(person.uuid())
        .text(" order by updated_at desc, form limit ")
        .bind(most)
        .text(")");
    db.execute_raw(sql.build()).await?;
    Ok(())
}

/// Lists every draft of a person.
///
/// # Errors
/// When the database cannot be asked.
pub async fn list(db: &impl Reads, person: PersonId) -> Result<Vec<DraftRow>, StoreError> {
    let db = db.connection();
    let sql = Sql::new(db.get_database_backend(), "select form, fields from drafts where person_id = ")
        .bind(person.uuid())
        .text(" order by form");
    Ok(DraftRow::find_by_statement(sql.build()).all(db).await?)
}

/// Returns the draft of one form.
///
/// # Errors
/// When the database cannot be asked.
pub async fn find(db: &impl Reads, person: PersonId, form: &str) -> Result<Option<DraftRow>, StoreError> {
    let db = db.connection();
    let sql = Sql::new(db.get_database_backend(), "select form, fields from drafts where person_id = ")
        .bind(person.uuid())
        .text(" and form = ")
        .bind(form);
    Ok(DraftRow::find_by_statement(sql.build()).one(db).await?)
}

/// Deletes the draft of one form.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &Tx, person: PersonId, form: &str) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql = Sql::new(db.get_database_backend(), "delete from drafts where person_id = ")
        .bind(person.uuid())
        .text(" and form = ")
        .bind(form);
    db.execute_raw(sql.build()).await?;
    Ok(())
}

/// Deletes drafts that have not changed since `before`.
///
/// # Errors
/// When the database refuses.
pub async fn delete_older(tx: &Tx, before: Timestamp) -> Result<(), StoreError> {
    let db = tx.connection();
    let sql = Sql::new(db.get_database_backend(), "delete from drafts where updated_at < ").bind(time::micros(before));
    db.execute_raw(sql.build()).await?;
    Ok(())
}
