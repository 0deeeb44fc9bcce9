//! The entries of cases.

use std::collections::HashMap;

use domain::{
    CaseId, EntryId, FileId, PersonId,
    access::{CaseVisibility, Granted},
    cases::{EntryKind, EntryView, FileView, NoteView, STREAM_SIZE, Side, StreamItem, StreamPart},
};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    Reads, StoreError, Tx,
    entity::{case_entries, files},
    sql::Sql,
    time,
};

/// A part of a stream, and how much of it the reader may see around that.
pub(super) struct Stream {
    pub items: Vec<StreamItem>,
    pub earlier: u64,
    pub later: u64,
}

/// Reads a part of the stream of a case that the caller has found to be in sight. An entry that does not exist asks for the
/// last ones.
pub(super) async fn find_stream(
    db: &impl Reads,
    visibility: &CaseVisibility,
    id: CaseId,
    part: StreamPart,
) -> Result<Stream, StoreError> {
    let rows = list_entries(db, visibility, id, part).await?;
    let nowhere = rows.is_empty() && matches!(part, StreamPart::Before(_) | StreamPart::After(_));
    let (part, rows) = if nowhere {
        (StreamPart::Last, list_entries(db, visibility, id, StreamPart::Last).await?)
    } else {
        (part, rows)
    };
    let whole = part == StreamPart::Last && (rows.len() as u64) < STREAM_SIZE;
    let (earlier, later) = if whole { (0, 0) } else { count_around(db, visibility, id, &rows).await? };
    Ok(Stream { items: stream_items(db, rows).await?, earlier, later })
}

/// Returns the entries of a case `e` that the reader may see.
fn entries_of(sql: Sql, visibility: &CaseVisibility, id: CaseId) -> Sql {
    let sql = sql.text(" from case_entries e where e.case_id = ").bind(id.uuid());
    if visibility.notes() { sql } else { sql.text(" and e.kind <> 'note'") }
}

async fn list_entries(
    db: &impl Reads,
    visibility: &CaseVisibility,
    id: CaseId,
    part: StreamPart,
) -> Result<Vec<case_entries::Model>, StoreError> {
    let backend = db.connection().get_database_backend();
    let all = || entries_of(Sql::new(backend, "select e.*"), visibility, id);
    // The place of another entry, as far as the reader may see it.
    let beside = |sign: &'static str, entry: EntryId| {
        let sql = all().text(" and (e.at, e.id) ").text(sign).text(" (select b.at, b.id from (select e.at, e.id");
        entries_of(sql, visibility, id).text(") b where b.id = ").bind(entry.uuid()).text(")")
    };
    let (sql, newest_first) = match part {
        StreamPart::Last => (all(), true),
        StreamPart::Before(entry) => (beside("<", entry), true),
        StreamPart::After(entry) => (beside(">", entry), false),
        StreamPart::Since(at) => (all().text(" and e.at >= ").bind(time::micros(at)), false),
    };
    let sql = sql.text(if newest_first { " order by e.at desc, e.id desc" } else { " order by e.at, e.id" });
    let sql = match part {
        StreamPart::Since(_) => sql,
        _ => sql.text(" limit ").bind(STREAM_SIZE as i64),
    };
    let mut rows = case_entries::Model::find_by_statement(sql.build()).all(db.connection()).await?;
    if newest_first {
        rows.reverse();
    }
    Ok(rows)
}

/// Counts the entries before and after these; without any, all entries come before.
async fn count_around(
    db: &impl Reads,
    visibility: &CaseVisibility,
    id: CaseId,
    rows: &[case_entries::Model],
) -> Result<(u64, u64), StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        total: i64,
        earlier: i64,
    }
    let backend = db.connection().get_database_backend();
    let sql = Sql::new(backend, "select count(*) as total, ");
    let sql = match rows.first() {
        Some(first) => sql
            .text("coalesce(sum(case when (e.at, e.id) < (")
            .bind(first.at)
            .text(", ")
            .bind(first.id)
            .text(") then 1 else 0 end), 0) as earlier"),
        None => sql.text("count(*) as earlier"),
    };
    let sql = entries_of(sql, visibility, id);
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    let earlier = row.earlier.unsigned_abs();
    Ok((earlier, row.total.unsigned_abs().saturating_sub(earlier + rows.len() as u64)))
}

/// Entries with their files.
async fn stream_items(db: &impl Reads, rows: Vec<case_entries::Model>) -> Result<Vec<StreamItem>, StoreError> {
    let mut attached: HashMap<Uuid, Vec<FileView>> = HashMap::new();
    if !rows.is_empty() {
        let files = files::Entity::find()
            .filter(files::Column::EntryId.is_in(rows.iter().map(|row| row.id)))
            .order_by_asc(files::Column::CreatedAt)
            .order_by_asc(files::Column::Id)
            .all(db.connection())
            .await?;
        for file in files {
            let Some(entry) = file.entry_id else { continue };
            attached.entry(entry).or_default().push(FileView {
                id: FileId::from(file.id),
                name: file.name,
                media_type: file.media_type,
                size: file.size.unsigned_abs(),
            });
        }
    }
    rows.into_iter()
        .map(|entry| {
            let at = time::timestamp(entry.at)?;
            let kind = EntryKind::parse(&entry.kind).ok_or_else(|| StoreError::Corrupt(entry.kind.clone()))?;
            let (id, files) = (EntryId::from(entry.id), attached.remove(&entry.id).unwrap_or_default());
            Ok(if kind == EntryKind::Note {
                StreamItem::Note(NoteView { id, author: entry.author_name, at, body: entry.body, files })
            } else {
                StreamItem::Entry(EntryView {
                    id,
                    kind,
                    side: Side::parse(&entry.side).ok_or_else(|| StoreError::Corrupt(entry.side.clone()))?,
                    author: entry.author_name,
                    at,
                    body: entry.body,
                    files,
                    imported: entry.imported,
                })
            })
        })
        .collect()
}

/// Returns the entries written into a case during a chat, oldest first and without notes: the last `limit` of them, and
/// how many came before.
pub(crate) async fn list_said(
    db: &impl Reads,
    id: CaseId,
    since: Timestamp,
    until: Option<Timestamp>,
    limit: u64,
) -> Result<(Vec<EntryView>, u64), StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        total: i64,
    }
    let said = |columns: &'static str| {
        Sql::new(db.connection().get_database_backend(), columns)
            .text(" from case_entries e where e.kind <> 'note' and e.case_id = ")
            .bind(id.uuid())
            .text(" and e.at >= ")
            .bind(time::micros(since))
            .when(until, |sql, until| sql.text(" and e.at <= ").bind(time::micros(until)))
    };
    let sql = said("select e.*").text(" order by e.at desc, e.id desc limit ").bind(limit.cast_signed());
    let mut rows = case_entries::Model::find_by_statement(sql.build()).all(db.connection()).await?;
    rows.reverse();
    let shown = rows.len() as u64;
    let earlier = if shown < limit {
        0
    } else {
        let row = Row::find_by_statement(said("select count(*) as total").build()).one(db.connection()).await?;
        row.map(|row| row.total.unsigned_abs()).unwrap_or_default().saturating_sub(shown)
    };
    let entries = stream_items(db, rows).await?.into_iter().filter_map(|item| match item {
        StreamItem::Entry(entry) => Some(entry),
        StreamItem::Note(_) => None,
    });
    Ok((entries.collect(), earlier))
}

/// Returns the people of the customer who wrote to a case.
pub async fn list_customer_authors(tx: &Tx, _granted: &Granted, id: CaseId) -> Result<Vec<PersonId>, StoreError> {
    let authors: Vec<Uuid> = case_entries::Entity::find()
        .select_only()
        .column(case_entries::Column::AuthorId)
        .distinct()
        .filter(case_entries::Column::CaseId.eq(id.uuid()))
        .filter(case_entries::Column::Side.eq(Side::Customer.key()))
        .filter(case_entries::Column::AuthorId.is_not_null())
        .into_tuple()
        .all(tx.connection())
        .await?;
    Ok(authors.into_iter().map(Into::into).collect())
}
