//! Phone lines and call-backs.

use domain::{
    CallbackId, CaseId, OrganisationId, PersonId,
    access::{CaseFacts, CaseVisibility, Granted},
    calls::{CallOutcome, CallbackRow, CallbackState, RegionLine},
    page::Page,
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    Reads, StoreError, Tx,
    cases::visible,
    entity::{callbacks, phone_lines},
    paging::{Key, Kind, List},
    sql::Sql,
    time,
};

/// Returns every number to call, in the order they are shown.
pub async fn list_lines(db: &impl Reads) -> Result<Vec<RegionLine>, StoreError> {
    let rows = phone_lines::Entity::find().order_by_asc(phone_lines::Column::Position).all(db.connection()).await?;
    rows.into_iter()
        .map(|row| {
            Ok(RegionLine {
                hours: serde_json::from_str(&row.hours)
                    .map_err(|error| StoreError::Corrupt(format!("hours of {}: {error}", row.region)))?,
                region: row.region,
                number: row.number,
                languages: row.languages.split(',').filter(|tag| !tag.is_empty()).map(ToOwned::to_owned).collect(),
            })
        })
        .collect()
}

/// Sets the line of a region; a new one comes last.
pub async fn upsert_line(tx: &Tx, _granted: &Granted, line: &RegionLine) -> Result<(), StoreError> {
    let rows = phone_lines::Entity::find().order_by_asc(phone_lines::Column::Position).all(tx.connection()).await?;
    let known = rows.iter().find(|row| row.region == line.region).map(|row| row.position);
    let position = known.unwrap_or_else(|| rows.last().map_or(0, |last| last.position + 1));
    phone_lines::Entity::delete_by_id(line.region.clone()).exec(tx.connection()).await?;
    phone_lines::ActiveModel {
        region: Set(line.region.clone()),
        position: Set(position),
        number: Set(line.number.clone()),
        languages: Set(line.languages.join(",")),
        hours: Set(serde_json::to_string(&line.hours).map_err(|error| StoreError::Corrupt(error.to_string()))?),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

/// `false` when the region has none.
pub async fn delete_line(tx: &Tx, _granted: &Granted, region: &str) -> Result<bool, StoreError> {
    let done = phone_lines::Entity::delete_by_id(region.to_owned()).exec(tx.connection()).await?;
    Ok(done.rows_affected == 1)
}

pub struct NewCallback<'a> {
    pub id: CallbackId,
    pub case: CaseId,
    pub person: PersonId,
    pub phone: &'a str,
    pub wanted_at: Option<Timestamp>,
    pub now: Timestamp,
}

/// # Errors
/// [`StoreError::Duplicate`] when one is open for the case already: one at a time.
pub async fn insert(tx: &Tx, _granted: &Granted, new: NewCallback<'_>) -> Result<(), StoreError> {
    callbacks::ActiveModel {
        id: Set(new.id.into()),
        case_id: Set(new.case.into()),
        person_id: Set(new.person.into()),
        phone: Set(new.phone.to_owned()),
        wanted_at: Set(new.wanted_at.map(time::micros)),
        requested_at: Set(time::micros(new.now)),
        state: Set(CallbackState::Requested.key().to_owned()),
        outcome: Set(None),
        agent_id: Set(None),
        done_at: Set(None),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

/// A call-back as decisions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackFacts {
    pub case: CaseId,
    pub person: PersonId,
    pub phone: String,
    pub state: CallbackState,
}

pub async fn find(db: &impl Reads, _granted: &Granted, id: CallbackId) -> Result<CallbackFacts, StoreError> {
    let row = callbacks::Entity::find_by_id(id.uuid()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(CallbackFacts {
        case: row.case_id.into(),
        person: row.person_id.into(),
        phone: row.phone,
        state: CallbackState::parse(&row.state).ok_or_else(|| StoreError::Corrupt(row.state.clone()))?,
    })
}

/// `false` when another agent logged it first.
pub async fn finish(
    tx: &Tx,
    _granted: &Granted,
    id: CallbackId,
    agent: PersonId,
    outcome: CallOutcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = callbacks::Entity::update_many()
        .col_expr(callbacks::Column::State, Expr::value(CallbackState::Done.key()))
        .col_expr(callbacks::Column::Outcome, Expr::value(outcome.key()))
        .col_expr(callbacks::Column::AgentId, Expr::value(agent.uuid()))
        .col_expr(callbacks::Column::DoneAt, Expr::value(time::micros(now)))
        .filter(callbacks::Column::Id.eq(id.uuid()))
        .filter(callbacks::Column::State.eq(CallbackState::Requested.key()))
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Returns one page of the calls to be made, in the order of the wanted time; calls without one count from when they
/// were asked for.
pub async fn list_open(db: &impl Reads, _granted: &Granted, after: &str) -> Result<Page<CallbackRow>, StoreError> {
    let scope = |sql: Sql| sql.text(TABLES);
    LIST.page(db, after, scope, |row: &RowColumns| Key::Number(row.due_at, row.id)).await?.try_map(callback_row)
}

/// Returns how many calls are to be made.
pub async fn count_open(db: &impl Reads, _granted: &Granted) -> Result<u64, StoreError> {
    let open = callbacks::Entity::find().filter(callbacks::Column::State.eq(CallbackState::Requested.key()));
    Ok(open.count(db.connection()).await?)
}

/// Returns the calls a person waits for, about cases within sight: at most one a case.
pub async fn list_of(
    db: &impl Reads,
    visibility: &CaseVisibility,
    person: PersonId,
) -> Result<Vec<CallbackRow>, StoreError> {
    let sql = Sql::new(db.connection().get_database_backend(), LIST.columns).text(TABLES);
    let sql = sql.text(" and b.person_id = ").bind(person.uuid()).text(" and ");
    let sql = visible(sql, visibility).text(" order by ").text(LIST.key).text(", b.id");
    let rows = RowColumns::find_by_statement(sql.build()).all(db.connection()).await?;
    rows.into_iter().map(callback_row).collect()
}

/// Returns the calls of a company that a person waits for, whether they may see the cases or not.
pub async fn list_open_of(
    db: &impl Reads,
    _granted: &Granted,
    person: PersonId,
    organisation: OrganisationId,
) -> Result<Vec<(CallbackId, CaseId, CaseFacts)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        case_id: Uuid,
        product_id: Option<Uuid>,
        requestor_id: Option<Uuid>,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select b.id, b.case_id, c.product_id, c.requestor_id from callbacks b join cases c on c.id = b.case_id \
         where b.state = 'requested' and b.person_id = ",
    )
    .bind(person.uuid())
    .text(" and c.organisation_id = ")
    .bind(organisation.uuid());
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let (product, requestor) = (row.product_id.map(Into::into), row.requestor_id.map(Into::into));
            (row.id.into(), row.case_id.into(), CaseFacts { organisation, product, requestor })
        })
        .collect())
}

/// Takes back a call that has not been made yet; `false` when it was logged meanwhile.
pub async fn cancel(tx: &Tx, _granted: &Granted, id: CallbackId, now: Timestamp) -> Result<bool, StoreError> {
    let done = callbacks::Entity::update_many()
        .col_expr(callbacks::Column::State, Expr::value(CallbackState::Cancelled.key()))
        .col_expr(callbacks::Column::DoneAt, Expr::value(time::micros(now)))
        .filter(callbacks::Column::Id.eq(id.uuid()))
        .filter(callbacks::Column::State.eq(CallbackState::Requested.key()))
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected == 1)
}

#[derive(FromQueryResult)]
struct RowColumns {
    id: Uuid,
    case_id: Uuid,
    number: String,
    title: String,
    organisation: String,
    organisation_id: Uuid,
    person: String,
    phone: String,
    wanted_at: Option<i64>,
    requested_at: i64,
    due_at: i64,
    state: String,
}

const LIST: List = List {
    columns: "select b.id, b.case_id, c.number, c.title, o.name as organisation, c.organisation_id, p.name as person, b.phone, \
              b.wanted_at, b.requested_at, coalesce(b.wanted_at, b.requested_at) as due_at, b.state",
    key: "coalesce(b.wanted_at, b.requested_at)",
    kind: Kind::Number,
    id: "b.id",
    descending: false,
    most: 10_000,
};

const TABLES: &str = " from callbacks b join cases c on c.id = b.case_id \
     join organisations o on o.id = c.organisation_id join people p on p.id = b.person_id where b.state = 'requested'";

fn callback_row(row: RowColumns) -> Result<CallbackRow, StoreError> {
    Ok(CallbackRow {
        id: row.id.into(),
        case: row.case_id.into(),
        case_number: row.number,
        title: row.title,
        organisation: row.organisation,
        organisation_id: row.organisation_id.into(),
        person: row.person,
        phone: row.phone,
        wanted_at: row.wanted_at.map(time::timestamp).transpose()?,
        requested_at: time::timestamp(row.requested_at)?,
        state: CallbackState::parse(&row.state).ok_or_else(|| StoreError::Corrupt(row.state.clone()))?,
    })
}
