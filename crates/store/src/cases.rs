//! Cases and their streams. Every read takes a [`CaseVisibility`], which becomes part of the SQL.

use std::collections::HashMap;

use domain::{
    CaseId, ChatId, EntryId, FileId, OrganisationId, PersonId, ProductId,
    access::{CaseFacts, CaseScope, CaseVisibility, Granted},
    cases::{
        CaseDetail, CaseFilter, CaseNumber, CaseRow, Channel, CloseReason, Closing, EntryKind, EntryView, FileView,
        Impact, NoteView, Priority, STREAM_SIZE, Side, Status, StreamItem, StreamPart,
    },
    page::Page,
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    Db, Reads, StoreError, Tx, audit,
    entity::{case_entries, cases, files, submissions},
    paging::{Key, Kind, List},
    search::{self, Wanted},
    sql::Sql,
    time,
};

/// The condition that a case `c` is within sight. Nothing stands in it that an index could not serve.
pub(crate) fn visible(mut sql: Sql, visibility: &CaseVisibility) -> Sql {
    if visibility.everything() {
        return sql.text("1 = 1");
    }
    let scopes = visibility.scopes().iter().filter_map(|scope| match scope {
        CaseScope::Everything => None,
        CaseScope::Organisation { organisation, products, requestor } => Some((organisation, products, requestor)),
    });
    let mut before = false;
    for (organisation, products, requestor) in scopes {
        sql = sql.text(if before { " or (c.organisation_id = " } else { "((c.organisation_id = " });
        sql = sql.bind(organisation.uuid());
        if let Some(products) = products {
            sql = sql.text(" and c.product_id in ").bind_all(products.iter().map(|product| product.uuid()));
        }
        if let Some(requestor) = requestor {
            sql = sql.text(" and c.requestor_id = ").bind(requestor.uuid());
        }
        sql = sql.text(")");
        before = true;
    }
    sql.text(if before { ")" } else { "1 = 0" })
}

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

/// Takes `count` numbers at once and gives back the first of them.
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

/// The head of a case, as decisions need it.
#[derive(Clone, Debug)]
pub struct CaseHead {
    pub id: CaseId,
    pub number: String,
    pub title: String,
    pub status: Status,
    pub facts: CaseFacts,
    pub agent: Option<PersonId>,
    /// `None` while it is open.
    pub closing: Option<Closing>,
}

/// # Errors
/// [`StoreError::NotFound`] when it does not exist or is out of sight: the two look the same.
pub async fn find(db: &impl Reads, visibility: &CaseVisibility, id: CaseId) -> Result<CaseHead, StoreError> {
    find_head(db, visibility, id, "").await
}

/// The same for a decision that is written in this transaction: nobody else changes the case until it ends. SQLite has one
/// writer and needs no lock.
///
/// # Errors
/// As [`find`].
pub async fn find_for_update(tx: &Tx, visibility: &CaseVisibility, id: CaseId) -> Result<CaseHead, StoreError> {
    let postgres = tx.connection().get_database_backend() == DbBackend::Postgres;
    find_head(tx, visibility, id, if postgres { " for update of c" } else { "" }).await
}

/// Waits until nobody else changes a case, and keeps others from it until the transaction ends: for what is written about a
/// case whose state does not matter. The case comes before its chats and calls.
pub async fn lock(tx: &Tx, _granted: &Granted, id: CaseId) -> Result<(), StoreError> {
    let backend = tx.connection().get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = Sql::new(backend, "select id from cases where id = ").bind(id.uuid());
        tx.connection().query_one_raw(sql.text(" for update").build()).await?;
    }
    Ok(())
}

async fn find_head(
    db: &impl Reads,
    visibility: &CaseVisibility,
    id: CaseId,
    lock: &'static str,
) -> Result<CaseHead, StoreError> {
    let sql = Sql::new(db.connection().get_database_backend(), "select c.* from cases c where c.id = ").bind(id.uuid());
    let sql = visible(sql.text(" and "), visibility).text(lock);
    let row = cases::Model::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(CaseHead {
        id,
        number: row.number,
        title: row.title,
        status: status(&row.status)?,
        facts: CaseFacts {
            organisation: row.organisation_id.into(),
            product: row.product_id.map(Into::into),
            requestor: row.requestor_id.map(Into::into),
        },
        agent: row.agent_id.map(Into::into),
        closing: match row.closed_at {
            Some(at) => Some(Closing {
                at: time::timestamp(at)?,
                reason: row.close_reason.as_deref().and_then(CloseReason::parse),
            }),
            None => None,
        },
    })
}

/// The people of the customer who wrote to a case.
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

/// The company of a case, for jobs.
pub async fn find_organisation(db: &impl Reads, _granted: &Granted, id: CaseId) -> Result<OrganisationId, StoreError> {
    let row = cases::Entity::find_by_id(id.uuid()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(row.organisation_id.into())
}

fn status(key: &str) -> Result<Status, StoreError> {
    Status::parse(key).ok_or_else(|| StoreError::Corrupt(format!("status {key}")))
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

#[derive(FromQueryResult)]
struct RowColumns {
    id: Uuid,
    number: String,
    legacy_number: Option<String>,
    title: String,
    organisation: String,
    product: Option<String>,
    requestor_name: String,
    agent: Option<String>,
    status: String,
    priority: String,
    channel: String,
    opened_at: i64,
    updated_at: i64,
    before_launch: i32,
}

fn case_row(row: RowColumns) -> Result<CaseRow, StoreError> {
    Ok(CaseRow {
        id: row.id.into(),
        number: row.number,
        legacy_number: row.legacy_number,
        title: row.title,
        organisation: row.organisation,
        product: row.product,
        requestor: row.requestor_name,
        agent: row.agent,
        status: status(&row.status)?,
        priority: Priority::parse(&row.priority).ok_or_else(|| StoreError::Corrupt(row.priority.clone()))?,
        channel: Channel::parse(&row.channel).ok_or_else(|| StoreError::Corrupt(row.channel.clone()))?,
        opened_at: time::timestamp(row.opened_at)?,
        updated_at: time::timestamp(row.updated_at)?,
        before_launch: row.before_launch == 1,
    })
}

/// Counting the cases of a list stops here: a list of a million costs what a list of a thousand does.
const MOST_COUNTED: u64 = 1_000;

const LIST: List = List {
    columns: "select c.id, c.number, c.legacy_number, c.title, o.name as organisation, pr.name as product, \
              c.requestor_name, a.name as agent, c.status, c.priority, c.channel, c.opened_at, c.updated_at, \
              case when en.phase <> 'launch' and en.launched_at is null then 1 else 0 end as before_launch",
    key: "c.updated_at",
    kind: Kind::Number,
    id: "c.id",
    descending: true,
    most: MOST_COUNTED,
};

const ROW_TABLES: &str = " from cases c join organisations o on o.id = c.organisation_id \
     left join products pr on pr.id = c.product_id left join people a on a.id = c.agent_id \
     left join enrolments en on en.organisation_id = c.organisation_id where ";

/// One page of cases, last changed first; the case whose number was typed before all others. One statement and one that
/// counts when there may be more; when something is looked for, one for the names of products, and one for a number.
///
/// `search` finds a case in which every word stands somewhere (B27), a case number in any writing, digits alone too, and an
/// old number (K1, B28).
pub async fn list(
    db: &impl Reads,
    visibility: &CaseVisibility,
    filter: &CaseFilter,
    reader: PersonId,
    number: Option<&CaseNumber>,
) -> Result<Page<CaseRow>, StoreError> {
    let backend = db.connection().get_database_backend();
    let wanted = Wanted::parse(backend, visibility, &filter.search, number);
    let products = if wanted.is_some() { search::list_products(db).await? } else { Vec::new() };
    let found = |sql: Sql| {
        let sql = narrowed(visible(sql.text(ROW_TABLES), visibility), filter, reader);
        match &wanted {
            Some(wanted) => wanted.matching(sql.text(" and "), visibility.notes(), &products),
            None => sql,
        }
    };
    let numbered = match wanted.as_ref().filter(|wanted| wanted.ordered()) {
        Some(wanted) => {
            let sql = wanted.exact(found(Sql::new(backend, LIST.columns)).text(" and "));
            let sql = sql.text(" order by c.updated_at desc, c.id desc");
            RowColumns::find_by_statement(sql.build()).all(db.connection()).await?
        }
        None => Vec::new(),
    };
    let scope = |sql: Sql| match wanted.as_ref().filter(|_| !numbered.is_empty()) {
        Some(wanted) => wanted.exact(found(sql).text(" and not coalesce(")).text(", false)"),
        None => found(sql),
    };
    let key = |row: &RowColumns| Key::Number(row.updated_at, row.id);
    let page = LIST.page(db, &filter.after, scope, key).await?;
    page.led_by(numbered).try_map(case_row)
}

/// The conditions of a filter but its words.
fn narrowed(mut sql: Sql, filter: &CaseFilter, reader: PersonId) -> Sql {
    if filter.mine {
        sql = sql.text(" and c.requestor_id = ").bind(reader.uuid());
    }
    sql = match filter.queue.as_str() {
        "mine" => sql.text(" and c.agent_id = ").bind(reader.uuid()),
        "unassigned" => sql.text(" and c.agent_id is null and c.status <> 'closed'"),
        _ => sql,
    };
    sql = match filter.status.as_str() {
        "open" => sql.text(" and c.status <> 'closed'"),
        key => match Status::parse(key) {
            Some(status) => sql.text(" and c.status = ").bind(status.key()),
            None => sql,
        },
    };
    match Priority::parse(&filter.priority) {
        Some(priority) => sql.text(" and c.priority = ").bind(priority.key()),
        None => sql,
    }
}

/// How many open cases are in sight, by priority: P1 first.
pub async fn count_open(db: &impl Reads, visibility: &CaseVisibility) -> Result<[u64; 4], StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        priority: String,
        number: i64,
    }
    let sql = visible(
        Sql::new(db.connection().get_database_backend(), "select c.priority, count(*) as number from cases c where "),
        visibility,
    )
    .text(" and c.status <> 'closed' group by c.priority");
    let mut counts = [0; 4];
    for row in Row::find_by_statement(sql.build()).all(db.connection()).await? {
        let place = Priority::ALL.iter().position(|priority| priority.key() == row.priority);
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            *count = row.number.unsigned_abs();
        }
    }
    Ok(counts)
}

/// A case with a part of its stream, oldest first: four statements, five for a long one. What the reader may do is filled in
/// by the service.
pub async fn find_detail(
    db: &impl Reads,
    visibility: &CaseVisibility,
    id: CaseId,
    part: StreamPart,
) -> Result<CaseDetail, StoreError> {
    let backend = db.connection().get_database_backend();
    let sql = visible(
        Sql::new(backend, LIST.columns).text(ROW_TABLES).text("c.id = ").bind(id.uuid()).text(" and "),
        visibility,
    );
    let row = RowColumns::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;

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
    let sql = Sql::new(
        backend,
        "select c.organisation_id, c.impact, c.close_reason, c.closed_at, c.legacy_source, \
         (select h.id from chats h where h.case_id = c.id and h.state <> 'ended' limit 1) as chat_id, ",
    );
    // Counted before the entries are read: what comes between is counted, and asked for, once more.
    let sql = audit::known_events(sql, visibility).text(" as known from cases c where c.id = ").bind(id.uuid());
    let more = More::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;

    let stream = find_stream(db, visibility, id, part).await?;
    Ok(CaseDetail {
        row: case_row(row)?,
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

/// How many events of a case the reader may know of.
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

/// A part of a stream, and how much of it the reader may see around that.
struct Stream {
    items: Vec<StreamItem>,
    earlier: u64,
    later: u64,
}

/// The entries of a case `e` that the reader may see.
fn entries_of(sql: Sql, visibility: &CaseVisibility, id: CaseId) -> Sql {
    let sql = sql.text(" from case_entries e where e.case_id = ").bind(id.uuid());
    if visibility.notes() { sql } else { sql.text(" and e.kind <> 'note'") }
}

/// The case is within sight: who calls looked. An entry that is not there asks for the last ones.
async fn find_stream(
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

/// How many entries come before and after these; before nothing come all of them.
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

/// What was written into a case while a chat went on, oldest first, notes left out: the last `limit` of it, and how much came
/// before those.
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

/// Whether the demo made this case when it was loaded before.
pub async fn has_demo_case(tx: &Tx, actor: PersonId, key: &str) -> Result<bool, StoreError> {
    let row = submissions::Entity::find_by_id((actor.uuid(), key.to_owned())).one(tx.connection()).await?;
    Ok(row.is_some())
}

/// Notes that the demo made this case, so that loading it twice is loading it once.
pub async fn insert_demo_case(
    tx: &Tx,
    actor: PersonId,
    key: &str,
    case: CaseId,
    now: Timestamp,
) -> Result<(), StoreError> {
    submissions::ActiveModel {
        actor_id: Set(actor.into()),
        key: Set(key.to_owned()),
        object_id: Set(case.into()),
        created_at: Set(time::micros(now)),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

/// The cases within sight that the system before knew by this number or id (K21): one as a rule, several when two systems
/// counted alike.
pub async fn find_by_legacy(db: &Db, visibility: &CaseVisibility, reference: &str) -> Result<Vec<CaseId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let sql = Sql::new(db.connection().get_database_backend(), "select c.id from cases c where (c.legacy_number = ")
        .bind(reference.to_owned())
        .text(" or c.id in (select l.object_id from legacy_ids l where l.kind = 'case' and l.legacy_id = ")
        .bind(reference.to_owned())
        .text(")) and ");
    let sql = visible(sql, visibility).text(" order by c.opened_at, c.id limit 2");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}
