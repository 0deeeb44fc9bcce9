//! One case as its page shows it.

use domain::{
    CaseId, ChatId,
    access::CaseVisibility,
    cases::{CaseDetail, CloseReason, Impact, StreamPart},
};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::{rows::find_row, stream::find_stream};
use crate::{Reads, StoreError, audit, sql::Sql, time};

/// Reads a case with a part of its stream, oldest first: four statements, five for a long stream. The service fills in what
/// the reader may do.
pub async fn find_detail(
    db: &impl Reads,
    visibility: &CaseVisibility,
    id: CaseId,
    part: StreamPart,
) -> Result<CaseDetail, StoreError> {
    #[derive(FromQueryResult)]
    struct More {
        organisation_id: Uuid,
        impact: Option<String>,
        close_reason: Option<String>,
        closed_at: Option<i64>,
        legacy_source: Option<String>,
        known: i64,
        chat_id: Option<Uuid>,
    }
    let row = find_row(db, visibility, id).await?;
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select c.organisation_id, c.impact, c.close_reason, c.closed_at, c.legacy_source, \
         (select h.id from chats h where h.case_id = c.id and h.state <> 'ended' limit 1) as chat_id, ",
    );
    // Counted before the entries are read: what comes between is counted, and asked for, once more.
    let sql = audit::known_events(sql, visibility).text(" as known from cases c where c.id = ").bind(id.uuid());
    let more = More::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;

    let stream = find_stream(db, visibility, id, part).await?;
    Ok(CaseDetail {
        row,
        organisation_id: more.organisation_id.into(),
        impact: more.impact.as_deref().and_then(Impact::parse),
        close_reason: more.close_reason.as_deref().and_then(CloseReason::parse),
        closed_at: more.closed_at.map(time::timestamp).transpose()?,
        legacy_source: more.legacy_source,
        stream: stream.items,
        earlier: stream.earlier,
        later: stream.later,
        live_chat: more.chat_id.map(ChatId::from),
        may_reply: false,
        not_open: None,
        may_close: false,
        may_reopen: false,
        may_work: false,
        may_take: false,
        may_call: false,
        seen_event: more.known,
    })
}

/// Counts the events of a case that the reader may know of.
pub async fn count_events(db: &impl Reads, visibility: &CaseVisibility, id: CaseId) -> Result<i64, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        known: i64,
    }
    let sql = audit::known_events(Sql::new(db.connection().get_database_backend(), "select "), visibility);
    let sql = sql.text(" as known from cases c where c.id = ").bind(id.uuid());
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(row.known)
}
