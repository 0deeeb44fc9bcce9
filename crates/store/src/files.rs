//! Rows of files; the bytes lie in the file store under their hash.

use std::collections::HashSet;

use domain::{
    CaseId, EntryId, FileId, OrganisationId, PersonId,
    access::{CaseVisibility, Granted},
    announcements::AnnouncementImage,
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait,
    FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use crate::{Db, Reads, StoreError, Tx, cases::visible, entity::files, search, sql::Sql, time};

pub struct NewFile<'a> {
    pub id: FileId,
    pub uploader: PersonId,
    pub name: &'a str,
    pub media_type: &'a str,
    pub size: u64,
    pub sha256: [u8; 32],
    /// An image of announcements.
    pub announced: bool,
    pub now: Timestamp,
}

/// Inserts an upload that belongs to no case yet. Another upload of the same person waits here until the transaction ends, so
/// that [`sum_unattached`] counts both.
pub async fn insert(tx: &Tx, new: NewFile<'_>) -> Result<(), StoreError> {
    if tx.connection().get_database_backend() == DbBackend::Postgres {
        let lock = Sql::new(DbBackend::Postgres, "select pg_advisory_xact_lock(hashtextextended(")
            .bind(if new.announced { "uploads of images".to_owned() } else { format!("uploads {}", new.uploader) })
            .text(", 0))");
        tx.connection().execute_raw(lock.build()).await?;
    }
    files::ActiveModel {
        id: Set(new.id.into()),
        case_id: Set(None),
        entry_id: Set(None),
        uploader_id: Set(Some(new.uploader.into())),
        name: Set(new.name.to_owned()),
        media_type: Set(new.media_type.to_owned()),
        size: Set(new.size.cast_signed()),
        sha256: Set(new.sha256.to_vec()),
        created_at: Set(time::micros(new.now)),
        announced: Set(new.announced),
        announced_at: Set(None),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

/// Ties uploaded files to an entry; only the uploader's own, and only those that are tied to nothing (FreeScout
/// CVE-2026-41192). Gives back how many were.
pub async fn attach(
    tx: &Tx,
    granted: &Granted,
    ids: &[FileId],
    case: CaseId,
    entry: EntryId,
) -> Result<u64, StoreError> {
    let Some(uploader) = granted.actor() else { return Ok(0) };
    let done = files::Entity::update_many()
        .col_expr(files::Column::CaseId, Expr::value(case.uuid()))
        .col_expr(files::Column::EntryId, Expr::value(entry.uuid()))
        .filter(files::Column::Id.is_in(ids.iter().map(|id| id.uuid())))
        .filter(files::Column::UploaderId.eq(uploader.uuid()))
        .filter(files::Column::CaseId.is_null())
        .filter(files::Column::Announced.eq(false))
        .exec(tx.connection())
        .await?;
    search::insert_file_names(tx, case, entry).await?;
    Ok(done.rows_affected)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    pub name: String,
    pub media_type: String,
    pub size: u64,
    pub sha256: Vec<u8>,
}

/// Returns a file of a case within sight, or one's own that is not attached yet.
pub async fn find(
    db: &Db,
    visibility: &CaseVisibility,
    reader: PersonId,
    publishes: bool,
    id: FileId,
) -> Result<StoredFile, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        name: String,
        media_type: String,
        size: i64,
        sha256: Vec<u8>,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select f.name, f.media_type, f.size, f.sha256 from files f left join cases c on c.id = f.case_id \
         left join case_entries e on e.id = f.entry_id where f.id = ",
    )
    .bind(id.uuid())
    .text(" and ((f.announced = ")
    .bind(true)
    .text(" and (f.announced_at is not null or ")
    .bind(publishes)
    .text(")) or (f.case_id is null and f.announced = ")
    .bind(false)
    .text(" and f.uploader_id = ")
    .bind(reader.uuid())
    .text(") or (f.case_id is not null and ");
    let sql = visible(sql, visibility);
    let sql = if visibility.notes() { sql } else { sql.text(" and e.kind <> 'note'") };
    let row = Row::find_by_statement(sql.text("))").build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(StoredFile { name: row.name, media_type: row.media_type, size: row.size.unsigned_abs(), sha256: row.sha256 })
}

/// Lists hash and size of files that are attached to a case, a thousand after the hash `after`. The bytes of an upload may not
/// be in their place yet.
pub async fn list_stored(db: &impl Reads, after: &[u8]) -> Result<Vec<(Vec<u8>, u64)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        sha256: Vec<u8>,
        size: i64,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select f.sha256, min(f.size) as size from files f \
         where (f.case_id is not null or f.announced_at is not null) and f.sha256 > ",
    )
    .bind(after.to_vec())
    .text(" group by f.sha256 order by f.sha256 limit 1000");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.sha256, row.size.unsigned_abs())).collect())
}

/// Sums the bytes that a person has uploaded and not attached yet.
pub async fn sum_unattached(db: &impl Reads, person: PersonId) -> Result<u64, StoreError> {
    let backend = db.connection().get_database_backend();
    let sql = Sql::new(backend, "select cast(coalesce(sum(f.size), 0) as bigint) as bytes from files f ")
        .text("where f.case_id is null and f.uploader_id = ")
        .bind(person.uuid())
        .text(" and f.announced = ")
        .bind(false);
    sum(db, sql).await
}

/// Sums the bytes that people attached to the cases of a company; imported files do not count.
pub async fn sum_of_company(db: &impl Reads, organisation: OrganisationId) -> Result<u64, StoreError> {
    let backend = db.connection().get_database_backend();
    let sql = Sql::new(backend, "select cast(coalesce(sum(f.size), 0) as bigint) as bytes from files f ")
        .text("join cases c on c.id = f.case_id join case_entries e on e.id = f.entry_id ")
        .text("where not e.imported and c.organisation_id = ")
        .bind(organisation.uuid());
    sum(db, sql).await
}

async fn sum(db: &impl Reads, sql: Sql) -> Result<u64, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        bytes: i64,
    }
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
    Ok(row.map_or(0, |row| row.bytes.unsigned_abs()))
}

/// Sums the bytes of all images of announcements.
pub async fn sum_of_images(db: &impl Reads) -> Result<u64, StoreError> {
    let backend = db.connection().get_database_backend();
    let sql = Sql::new(backend, "select cast(coalesce(sum(f.size), 0) as bigint) as bytes from files f ")
        .text("where f.announced = ")
        .bind(true);
    sum(db, sql).await
}

/// Lists the newest images of announcements, and counts all.
pub async fn list_images(
    db: &impl Reads,
    _granted: &Granted,
    limit: u64,
) -> Result<(Vec<AnnouncementImage>, u64), StoreError> {
    let images = files::Entity::find().filter(files::Column::Announced.eq(true));
    let total = images.clone().count(db.connection()).await?;
    let rows = images
        .order_by_desc(files::Column::CreatedAt)
        .order_by_desc(files::Column::Id)
        .limit(limit)
        .all(db.connection())
        .await?;
    let image = |row: files::Model| {
        Ok(AnnouncementImage {
            id: row.id.into(),
            name: row.name,
            size: row.size.unsigned_abs(),
            uploaded_at: time::timestamp(row.created_at)?,
            published: row.announced_at.is_some(),
        })
    };
    Ok((rows.into_iter().map(image).collect::<Result<_, StoreError>>()?, total))
}

/// Returns those of the given files that are images of announcements.
pub async fn find_images(db: &impl Reads, ids: &[FileId]) -> Result<HashSet<FileId>, StoreError> {
    let found = files::Entity::find()
        .filter(files::Column::Announced.eq(true))
        .filter(files::Column::Id.is_in(ids.iter().map(|id| id.uuid())))
        .all(db.connection())
        .await?;
    Ok(found.into_iter().map(|row| row.id.into()).collect())
}

/// Notes that a published text shows these images: from now on every reader sees them.
pub async fn publish_images(tx: &Tx, _granted: &Granted, ids: &[FileId], now: Timestamp) -> Result<(), StoreError> {
    files::Entity::update_many()
        .col_expr(files::Column::AnnouncedAt, Expr::value(time::micros(now)))
        .filter(files::Column::Announced.eq(true))
        .filter(files::Column::AnnouncedAt.is_null())
        .filter(files::Column::Id.is_in(ids.iter().map(|id| id.uuid())))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Files that nothing names: neither an entry nor a published text.
fn orphans() -> Condition {
    Condition::all().add(files::Column::CaseId.is_null()).add(files::Column::AnnouncedAt.is_null())
}

/// Lists uploads that were attached to nothing and came before `before`, and images that no text showed and that came before
/// `images_before`.
pub async fn list_orphans(
    db: &impl Reads,
    before: Timestamp,
    images_before: Timestamp,
    limit: u64,
) -> Result<Vec<FileId>, StoreError> {
    let of = |announced: bool, before: Timestamp| {
        let old = files::Column::CreatedAt.lt(time::micros(before));
        Condition::all().add(files::Column::Announced.eq(announced)).add(old)
    };
    let rows = files::Entity::find()
        .filter(orphans())
        .filter(Condition::any().add(of(false, before)).add(of(true, images_before)))
        .limit(limit)
        .all(db.connection())
        .await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Forgets uploads that are still attached to nothing; gives back the hashes that no row names any more.
pub async fn delete_orphans(tx: &Tx, ids: &[FileId]) -> Result<Vec<Vec<u8>>, StoreError> {
    let orphans = orphans().add(files::Column::Id.is_in(ids.iter().map(|id| Uuid::from(*id))));
    let hashes: HashSet<Vec<u8>> = files::Entity::find()
        .filter(orphans.clone())
        .all(tx.connection())
        .await?
        .into_iter()
        .map(|row| row.sha256)
        .collect();
    files::Entity::delete_many().filter(orphans).exec(tx.connection()).await?;
    let hashes: Vec<Vec<u8>> = hashes.into_iter().collect();
    list_unnamed(tx, &hashes).await
}

/// Lists the hashes that no file has.
pub async fn list_unnamed(db: &impl Reads, hashes: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut unnamed: HashSet<Vec<u8>> = hashes.iter().cloned().collect();
    for chunk in hashes.chunks(1_000) {
        let rows = files::Entity::find()
            .filter(files::Column::Sha256.is_in(chunk.iter().cloned()))
            .all(db.connection())
            .await?;
        for row in rows {
            unnamed.remove(&row.sha256);
        }
    }
    Ok(unnamed.into_iter().collect())
}
