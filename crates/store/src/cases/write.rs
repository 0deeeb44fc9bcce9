//! What changes a case.

use domain::{
    CaseId, EntryId, OrganisationId, PersonId, ProductId,
    access::Granted,
    cases::{CaseNumber, Channel, CloseReason, EntryKind, Impact, Priority, Side, Status},
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::Expr,
};

use crate::{
    Reads, StoreError, Tx,
    entity::{case_entries, cases, legacy_ids},
    search,
    sql::Sql,
    time,
};

pub struct NewCase<'a> {
    pub id: CaseId,
    pub number: &'a CaseNumber,
    pub organisation: OrganisationId,
    pub product: Option<ProductId>,
    pub requestor: PersonId,
    pub requestor_name: &'a str,
    pub title: &'a str,
    pub status: Status,
    pub priority: Priority,
    pub impact: Option<Impact>,
    pub channel: Channel,
    pub now: Timestamp,
}

pub async fn insert(tx: &Tx, _granted: &Granted, new: NewCase<'_>) -> Result<(), StoreError> {
    let at = time::micros(new.now);
    cases::ActiveModel {
        id: Set(new.id.into()),
        number: Set(new.number.as_str().to_owned()),
        legacy_number: Set(None),
        legacy_source: Set(None),
        organisation_id: Set(new.organisation.into()),
        product_id: Set(new.product.map(Into::into)),
        requestor_id: Set(Some(new.requestor.into())),
        requestor_name: Set(new.requestor_name.to_owned()),
        agent_id: Set(None),
        title: Set(new.title.to_owned()),
        status: Set(new.status.key().to_owned()),
        close_reason: Set(None),
        priority: Set(new.priority.key().to_owned()),
        impact: Set(new.impact.map(|impact| impact.key().to_owned())),
        channel: Set(new.channel.key().to_owned()),
        opened_at: Set(at),
        updated_at: Set(at),
        closed_at: Set(None),
    }
    .insert(tx.connection())
    .await?;
    search::insert_heads(tx, &[new.id]).await
}

/// The next number of a counter, from 1. Two transactions never get the same.
pub async fn next_number(tx: &Tx, prefix: &str) -> Result<CaseNumber, StoreError> {
    Ok(CaseNumber::new(prefix, take_numbers(tx, prefix, 1).await?))
}

/// Takes `count` numbers of a counter and returns the first of them.
pub async fn take_numbers(tx: &Tx, prefix: &str, count: i64) -> Result<i64, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        value: i64,
    }
    let sql = Sql::new(tx.connection().get_database_backend(), "insert into counters (name, value) values (")
        .bind(prefix)
        .text(", ")
        .bind(count)
        .text(") on conflict (name) do update set value = counters.value + excluded.value returning value");
    let row = Row::find_by_statement(sql.build()).one(tx.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(row.value - count + 1)
}

pub struct NewEntry<'a> {
    pub id: EntryId,
    pub case: CaseId,
    pub kind: EntryKind,
    pub side: Side,
    pub author: Option<PersonId>,
    pub author_name: &'a str,
    pub body: &'a str,
    pub now: Timestamp,
}

/// Adds an entry to the stream, makes it searchable and the case the newest; a note does not, as customers would see the
/// case change (T-A2).
pub async fn insert_entry(tx: &Tx, _granted: &Granted, new: NewEntry<'_>) -> Result<(), StoreError> {
    case_entries::ActiveModel {
        id: Set(new.id.into()),
        case_id: Set(new.case.into()),
        kind: Set(new.kind.key().to_owned()),
        side: Set(new.side.key().to_owned()),
        author_id: Set(new.author.map(Into::into)),
        author_name: Set(new.author_name.to_owned()),
        body: Set(new.body.to_owned()),
        at: Set(time::micros(new.now)),
        imported: Set(false),
    }
    .insert(tx.connection())
    .await?;
    if new.kind != EntryKind::Line {
        search::insert_texts(tx, &[(new.case, new.kind == EntryKind::Note, new.body)]).await?;
    }
    if new.kind == EntryKind::Note {
        return Ok(());
    }
    cases::Entity::update_many()
        .col_expr(cases::Column::UpdatedAt, Expr::value(time::micros(new.now)))
        .filter(cases::Column::Id.eq(new.case.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

pub async fn update_status(
    tx: &Tx,
    _granted: &Granted,
    id: CaseId,
    to: Status,
    reason: Option<CloseReason>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let at = time::micros(now);
    cases::Entity::update_many()
        .col_expr(cases::Column::Status, Expr::value(to.key()))
        .col_expr(cases::Column::CloseReason, Expr::value(reason.map(|reason| reason.key().to_owned())))
        .col_expr(cases::Column::ClosedAt, Expr::value((!to.is_open()).then_some(at)))
        .col_expr(cases::Column::UpdatedAt, Expr::value(at))
        .filter(cases::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

pub async fn update_agent(
    tx: &Tx,
    _granted: &Granted,
    id: CaseId,
    agent: PersonId,
    now: Timestamp,
) -> Result<(), StoreError> {
    cases::Entity::update_many()
        .col_expr(cases::Column::AgentId, Expr::value(agent.uuid()))
        .col_expr(cases::Column::UpdatedAt, Expr::value(time::micros(now)))
        .filter(cases::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// The kind of the ids that the demo knows its cases by.
const DEMO: &str = "demo";

/// Whether an earlier load of the demo made this case.
pub async fn has_demo_case(tx: &Tx, key: &str) -> Result<bool, StoreError> {
    let row = legacy_ids::Entity::find_by_id((DEMO.to_owned(), key.to_owned())).one(tx.connection()).await?;
    Ok(row.is_some())
}

/// Notes that the demo made this case, so that loading the demo again does not make it twice.
pub async fn insert_demo_case(tx: &Tx, key: &str, case: CaseId) -> Result<(), StoreError> {
    legacy_ids::ActiveModel {
        kind: Set(DEMO.to_owned()),
        legacy_id: Set(key.to_owned()),
        object_id: Set(case.into()),
        fingerprint: Set(Vec::new()),
        source: Set(String::new()),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}
