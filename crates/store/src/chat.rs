//! Chats on cases; the messages are entries of the case.

use domain::{
    CaseId, ChatId, OrganisationId, PersonId,
    access::{CaseFacts, CaseVisibility, Granted},
    cases::EntryView,
    chat::{ChatRow, ChatState},
    page::Page,
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    Reads, StoreError, Tx,
    cases::{list_said, visible},
    entity::chats,
    paging::{Key, Kind, List},
    sql::Sql,
    time,
};

pub async fn insert(
    tx: &Tx,
    _granted: &Granted,
    id: ChatId,
    case: CaseId,
    person: PersonId,
    now: Timestamp,
) -> Result<(), StoreError> {
    chats::ActiveModel {
        id: Set(id.into()),
        case_id: Set(case.into()),
        person_id: Set(person.into()),
        agent_id: Set(None),
        state: Set(ChatState::Waiting.key().to_owned()),
        started_at: Set(time::micros(now)),
        answered_at: Set(None),
        ended_at: Set(None),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

const LIST: List = List {
    columns: "select h.id, h.case_id, c.number, c.title, o.name as organisation, pr.name as product, \
              p.name as person, h.state, h.agent_id, a.name as agent, h.started_at, h.ended_at",
    // Waiting chats come first, the one that has waited longest at the top.
    key: "(h.started_at + case when h.state = 'waiting' then 0 else 1000000000000000000 end)",
    kind: Kind::Number,
    id: "h.id",
    descending: false,
    most: 10_000,
};

const TABLES: &str = " from chats h \
     join cases c on c.id = h.case_id join organisations o on o.id = c.organisation_id \
     join people p on p.id = h.person_id left join people a on a.id = h.agent_id \
     left join products pr on pr.id = c.product_id where ";

#[derive(FromQueryResult)]
struct RowColumns {
    id: Uuid,
    case_id: Uuid,
    number: String,
    title: String,
    organisation: String,
    product: Option<String>,
    person: String,
    state: String,
    agent_id: Option<Uuid>,
    agent: Option<String>,
    started_at: i64,
    ended_at: Option<i64>,
}

fn chat_row(row: RowColumns, reader: Option<PersonId>) -> Result<ChatRow, StoreError> {
    Ok(ChatRow {
        id: row.id.into(),
        case: row.case_id.into(),
        case_number: row.number,
        title: row.title,
        organisation: row.organisation,
        product: row.product,
        person: row.person,
        state: ChatState::parse(&row.state).ok_or_else(|| StoreError::Corrupt(row.state.clone()))?,
        agent: row.agent,
        mine: row.agent_id.is_some() && row.agent_id == reader.map(PersonId::uuid),
        started_at: time::timestamp(row.started_at)?,
        ended_at: row.ended_at.map(time::timestamp).transpose()?,
    })
}

/// Returns a chat on a case within sight.
pub async fn find(
    db: &impl Reads,
    visibility: &CaseVisibility,
    id: ChatId,
    reader: PersonId,
) -> Result<ChatRow, StoreError> {
    let sql =
        Sql::new(db.connection().get_database_backend(), LIST.columns).text(TABLES).text("h.id = ").bind(id.uuid());
    let sql = visible(sql.text(" and "), visibility);
    let row = RowColumns::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    chat_row(row, Some(reader))
}

/// Gives a waiting chat to an agent; `false` when another was quicker.
pub async fn answer(
    tx: &Tx,
    _granted: &Granted,
    id: ChatId,
    agent: PersonId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = chats::Entity::update_many()
        .col_expr(chats::Column::State, Expr::value(ChatState::Active.key()))
        .col_expr(chats::Column::AgentId, Expr::value(agent.uuid()))
        .col_expr(chats::Column::AnsweredAt, Expr::value(time::micros(now)))
        .filter(chats::Column::Id.eq(id.uuid()))
        .filter(chats::Column::State.eq(ChatState::Waiting.key()))
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn end(tx: &Tx, _granted: &Granted, id: ChatId, now: Timestamp) -> Result<bool, StoreError> {
    let done = chats::Entity::update_many()
        .col_expr(chats::Column::State, Expr::value(ChatState::Ended.key()))
        .col_expr(chats::Column::EndedAt, Expr::value(time::micros(now)))
        .filter(chats::Column::Id.eq(id.uuid()))
        .filter(chats::Column::State.ne(ChatState::Ended.key()))
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Returns the running chats of a case.
pub async fn list_live_in(db: &impl Reads, _granted: &Granted, case: CaseId) -> Result<Vec<ChatId>, StoreError> {
    let rows = chats::Entity::find()
        .filter(chats::Column::CaseId.eq(case.uuid()))
        .filter(chats::Column::State.ne(ChatState::Ended.key()))
        .all(db.connection())
        .await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Returns the chat a person is in, or waits in, when its case is within sight.
pub async fn find_current(
    db: &impl Reads,
    visibility: &CaseVisibility,
    person: PersonId,
) -> Result<Option<ChatId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select h.id from chats h join cases c on c.id = h.case_id where h.state <> 'ended' and h.person_id = ",
    )
    .bind(person.uuid());
    let sql = visible(sql.text(" and "), visibility);
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
    Ok(row.map(|row| row.id.into()))
}

/// Returns the running chats of a person, whether or not the person may see them, of one company or of all; in the
/// order in which their cases are locked.
pub async fn list_live_of(
    db: &impl Reads,
    _granted: &Granted,
    person: PersonId,
    organisation: Option<OrganisationId>,
) -> Result<Vec<(ChatId, CaseId, CaseFacts)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        case_id: Uuid,
        organisation_id: Uuid,
        product_id: Option<Uuid>,
        requestor_id: Option<Uuid>,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select h.id, h.case_id, c.organisation_id, c.product_id, c.requestor_id from chats h \
         join cases c on c.id = h.case_id where h.state <> 'ended' and h.person_id = ",
    )
    .bind(person.uuid())
    .when(organisation, |sql, organisation| sql.text(" and c.organisation_id = ").bind(organisation.uuid()))
    .text(" order by h.case_id");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let organisation = row.organisation_id.into();
            let (product, requestor) = (row.product_id.map(Into::into), row.requestor_id.map(Into::into));
            (row.id.into(), row.case_id.into(), CaseFacts { organisation, product, requestor })
        })
        .collect())
}

/// Returns one page of the chats that wait or go on, the longest waiting first.
pub async fn list_live(db: &impl Reads, granted: &Granted, after: &str) -> Result<Page<ChatRow>, StoreError> {
    let scope = |sql: Sql| sql.text(TABLES).text("h.state <> 'ended'");
    let key = |row: &RowColumns| {
        let later = if row.state == ChatState::Waiting.key() { 0 } else { 1_000_000_000_000_000_000 };
        Key::Number(row.started_at + later, row.id)
    };
    LIST.page(db, after, scope, key).await?.try_map(|row| chat_row(row, granted.actor()))
}

/// Counts the chats that no agent has picked up yet.
pub async fn count_waiting(db: &impl Reads, _granted: &Granted) -> Result<u64, StoreError> {
    let waiting = chats::Entity::find().filter(chats::Column::State.eq(ChatState::Waiting.key()));
    Ok(waiting.count(db.connection()).await?)
}

/// Messages of a chat on one page.
const SHOWN: u64 = 100;

/// Returns the last messages of a chat, oldest first, and how many came before them.
pub async fn list_messages(db: &impl Reads, chat: &ChatRow) -> Result<(Vec<EntryView>, u64), StoreError> {
    list_said(db, chat.case, chat.started_at, chat.ended_at, SHOWN).await
}

/// Returns every message of a chat, for its transcript.
pub async fn list_all_messages(db: &impl Reads, chat: &ChatRow) -> Result<Vec<EntryView>, StoreError> {
    let most = i64::MAX.unsigned_abs();
    list_said(db, chat.case, chat.started_at, chat.ended_at, most).await.map(|(said, _)| said)
}

/// Chats without a message since `before`, with the person who asked for them: a closed window, or a question that no agent
/// took.
pub async fn list_stale(
    db: &impl Reads,
    _granted: &Granted,
    before: Timestamp,
) -> Result<Vec<(ChatId, CaseId, PersonId)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        case_id: Uuid,
        person_id: Uuid,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select h.id, h.case_id, h.person_id from chats h join cases c on c.id = h.case_id where h.state <> 'ended' \
         and c.updated_at < ",
    )
    .bind(time::micros(before))
    .text(" order by h.started_at limit 100");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.case_id.into(), row.person_id.into())).collect())
}
