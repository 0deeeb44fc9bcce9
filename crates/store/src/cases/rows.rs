//! Lists of cases.

use domain::{
    CaseId, PersonId,
    access::CaseVisibility,
    cases::{CaseFilter, CaseNumber, CaseRow, Channel, Priority, Status},
    page::Page,
};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::{status, visible};
use crate::{
    Db, Reads, StoreError,
    paging::{Key, Kind, List},
    search::{self, Wanted},
    sql::Sql,
    time,
};

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

/// Reads the row of one case.
///
/// # Errors
/// [`StoreError::NotFound`] when it does not exist or is out of sight.
pub(super) async fn find_row(db: &impl Reads, visibility: &CaseVisibility, id: CaseId) -> Result<CaseRow, StoreError> {
    let backend = db.connection().get_database_backend();
    let sql = Sql::new(backend, LIST.columns).text(ROW_TABLES).text("c.id = ").bind(id.uuid()).text(" and ");
    let sql = visible(sql, visibility);
    case_row(RowColumns::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?)
}

/// Returns one page of cases, last changed first, led by the case whose number was typed. One statement, and one to
/// count when there may be more; a search adds one for the names of products, and one for a number.
///
/// `search` finds a case that contains every word somewhere (B27), a case number in any spelling, digits alone too, and an
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

/// Returns the conditions of a filter but its words.
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

/// Returns how many open cases are in sight, by priority: P1 first.
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

/// Returns the cases within sight that the system before knew by this number or id (K21): one as a rule, several when
/// two systems counted alike.
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
