//! The ledger: appending to the hash chain, reading it, verifying it.
//!
//! `hash = SHA-256(previous hash ‖ the row as JSON)`. The head is one row that every writer locks, so sequence numbers
//! have no gaps and become visible in order: what the live stream relies on.

use std::collections::{BTreeSet, HashMap};

use domain::{
    CaseId, OrganisationId,
    access::{CaseVisibility, Granted},
    audit::{Audience, EventActor, EventRow, LedgerCheck, NewEvent, Reader, Touches, Verb, facts},
    page::Page,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, OnConflict},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Db, Reads, StoreError, Tx,
    cases::visible,
    entity::{events, ledger_checks, people},
    paging::{Key, Kind, List},
    sql::Sql,
    time,
};

/// The PostgreSQL channel on which nodes tell each other how far the ledger goes.
pub(crate) const CHANNEL: &str = "guichet_ledger";

#[derive(FromQueryResult)]
struct Head {
    seq: i64,
    hash: Vec<u8>,
}

/// Appends events to the chain and gives back the number of the last one. Call it last in a transaction: from here on
/// other writers wait.
pub async fn append(tx: &Tx, new: Vec<NewEvent>) -> Result<i64, StoreError> {
    let db = tx.connection();
    let backend = db.get_database_backend();
    let everyone = note_access(tx, &new).await?;
    let lock = Sql::new(backend, "select seq, hash from event_head where one = 1");
    // SQLite needs no lock: the transaction is IMMEDIATE, it is the only writer already.
    let lock = if backend == DbBackend::Postgres { lock.text(" for update") } else { lock };
    let head = Head::find_by_statement(lock.build()).one(db).await?.ok_or(StoreError::NotFound)?;
    let (mut seq, mut hash) = (head.seq, head.hash);
    let mut rows = Vec::with_capacity(new.len());
    for event in new {
        seq += 1;
        let model = events::Model {
            seq,
            id: event.id.uuid(),
            at: time::micros(event.at),
            actor_id: event.actor.map(Into::into),
            organisation_id: event.organisation.map(Into::into),
            verb: event.verb.key().to_owned(),
            object_kind: event.object_kind.to_owned(),
            object_id: event.object,
            case_id: event.case.map(Into::into),
            internal: event.internal,
            detail: event.detail.to_string(),
            request_id: event.request.map(Into::into),
            prev_hash: hash,
            hash: Vec::new(),
        };
        hash = link(&model);
        rows.push(events::ActiveModel {
            seq: Set(model.seq),
            id: Set(model.id),
            at: Set(model.at),
            actor_id: Set(model.actor_id),
            organisation_id: Set(model.organisation_id),
            verb: Set(model.verb),
            object_kind: Set(model.object_kind),
            object_id: Set(model.object_id),
            case_id: Set(model.case_id),
            internal: Set(model.internal),
            detail: Set(model.detail),
            request_id: Set(model.request_id),
            prev_hash: Set(model.prev_hash),
            hash: Set(hash.clone()),
        });
    }
    for chunk in rows.chunks(500) {
        events::Entity::insert_many(chunk.to_vec()).exec_without_returning(db).await?;
    }
    db.execute_raw(
        Sql::new(backend, "update event_head set seq = ")
            .bind(seq)
            .text(", hash = ")
            .bind(hash)
            .text(", access_version = access_version + ")
            .bind(i64::from(everyone))
            .text(" where one = 1")
            .build(),
    )
    .await?;
    if backend == DbBackend::Postgres {
        // Arrives at the other nodes with the commit.
        let sql = Sql::new(backend, "select pg_notify(").bind(CHANNEL).text(", ").bind(seq.to_string()).text(")");
        db.execute_raw(sql.build()).await?;
    }
    Ok(seq)
}

/// Counts up the access versions of the people whom events touch, and says whether they touch everyone. Comes before the lock
/// of the head: a row of a person that another transaction holds must not be waited for with the head in hand.
async fn note_access(tx: &Tx, new: &[NewEvent]) -> Result<bool, StoreError> {
    /// More people than these are everyone: an import gives roles to thousands.
    const MANY: usize = 100;
    let mut people = BTreeSet::new();
    for event in new {
        match event.verb.touches() {
            Touches::Nothing => {}
            Touches::Object if event.object_kind != "person" => {}
            Touches::Object => match event.object.parse::<Uuid>() {
                Ok(person) => drop(people.insert(person)),
                Err(_) => return Ok(true),
            },
            Touches::Everyone => return Ok(true),
        }
        if people.len() > MANY {
            return Ok(true);
        }
    }
    for person in people {
        people::Entity::update_many()
            .col_expr(people::Column::AccessVersion, Expr::col(people::Column::AccessVersion).add(1))
            .filter(people::Column::Id.eq(person))
            .exec(tx.connection())
            .await?;
    }
    Ok(false)
}

fn link(row: &events::Model) -> Vec<u8> {
    let content = serde_json::json!([
        row.seq,
        row.id,
        row.at,
        row.actor_id,
        row.organisation_id,
        row.verb,
        row.object_kind,
        row.object_id,
        row.case_id,
        row.internal,
        row.detail,
        row.request_id,
    ]);
    let mut hasher = Sha256::new();
    hasher.update(&row.prev_hash);
    hasher.update(content.to_string().as_bytes());
    hasher.finalize().to_vec()
}

/// Returns the first event that does not fit the chain any more; `None` when all do. Events written meanwhile are left for
/// the next time.
pub async fn verify(db: &Db) -> Result<Option<i64>, StoreError> {
    let head = Head::find_by_statement(
        Sql::new(db.connection().get_database_backend(), "select seq, hash from event_head where one = 1").build(),
    )
    .one(db.connection())
    .await?
    .ok_or(StoreError::NotFound)?;
    let (mut seq, mut hash) = (0_i64, vec![0_u8; 32]);
    while seq < head.seq {
        let rows = events::Entity::find()
            .filter(events::Column::Seq.gt(seq))
            .filter(events::Column::Seq.lte(head.seq))
            .order_by_asc(events::Column::Seq)
            .limit(2_000)
            .all(db.connection())
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.seq != seq + 1 || row.prev_hash != hash || row.hash != link(&row) {
                return Ok(Some(seq + 1));
            }
            seq = row.seq;
            hash = row.hash;
        }
    }
    Ok((head.seq != seq || head.hash != hash).then_some(seq + 1))
}

/// Stores the result of a check of the whole ledger in place of the previous one.
pub async fn set_check(tx: &Tx, check: &LedgerCheck) -> Result<(), StoreError> {
    let row = ledger_checks::ActiveModel {
        one: Set(1),
        at: Set(time::micros(check.at)),
        events: Set(check.events.unwrap_or_default()),
        broken_at: Set(check.broken_at),
    };
    let keep = OnConflict::column(ledger_checks::Column::One)
        .update_columns([ledger_checks::Column::At, ledger_checks::Column::Events, ledger_checks::Column::BrokenAt])
        .to_owned();
    ledger_checks::Entity::insert(row).on_conflict(keep).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// Returns the result of the last check of the whole ledger; `None` before the first.
pub async fn find_check(db: &Db) -> Result<Option<LedgerCheck>, StoreError> {
    let row = ledger_checks::Entity::find_by_id(1).one(db.connection()).await?;
    row.map(|row| {
        Ok(LedgerCheck {
            at: time::timestamp(row.at)?,
            whole: row.broken_at.is_none(),
            events: Some(row.events),
            broken_at: row.broken_at,
        })
    })
    .transpose()
}

/// Returns the number of the newest event.
pub async fn head(db: &Db) -> Result<i64, StoreError> {
    let head = Head::find_by_statement(
        Sql::new(db.connection().get_database_backend(), "select seq, hash from event_head where one = 1").build(),
    )
    .one(db.connection())
    .await?;
    Ok(head.map_or(0, |head| head.seq))
}

/// What happened since a place in the ledger, as far as one reader may know: which cases, and nothing of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Each case once, with how many of its events the reader may know of: a page that has seen as many is up to date.
    pub cases: Vec<(CaseId, i64)>,
    /// Cases within sight were imported: too many to name.
    pub imported: bool,
    /// Where to go on.
    pub upto: i64,
}

/// Returns how many events of the case `c` a reader may know of. A number of the reader's own: the place in the ledger
/// would tell what happens at other companies, and a count of everything would tell of internal notes.
pub(crate) fn known_events(sql: Sql, visibility: &CaseVisibility) -> Sql {
    let sql = sql.text("(select count(*) from events k where k.case_id = c.id");
    let sql = if visibility.notes() { sql } else { sql.text(" and k.internal = ").bind(false) };
    sql.text(")")
}

/// Reads on after `after`, at most `limit` events. The head is read first: what is not within sight is passed over once.
pub async fn list_news(db: &Db, visibility: &CaseVisibility, after: i64, limit: u64) -> Result<News, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        last: i64,
        events: i64,
        known: i64,
    }
    let upto = head(db).await?;
    if upto <= after {
        return Ok(News { upto, ..News::default() });
    }
    let backend = db.connection().get_database_backend();
    let within = |sql: Sql, upto: i64| sql.text(" where e.seq > ").bind(after).text(" and e.seq <= ").bind(upto);
    let imported = Verb::CaseImported.key();

    let sql = Sql::new(backend, "select c.id, max(c.seq) as last, count(*) as events, ");
    let sql = known_events(sql, visibility)
        .text(" as known from (select e.seq, c.id from events e join cases c on c.id = e.case_id");
    let sql = within(sql, upto).text(" and e.verb <> ").bind(imported);
    let sql = if visibility.notes() { sql } else { sql.text(" and e.internal = ").bind(false) };
    let sql = visible(sql.text(" and "), visibility)
        .text(" order by e.seq limit ")
        .bind(limit as i64)
        .text(") c group by c.id order by max(c.seq)");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    let full = rows.iter().map(|row| row.events).sum::<i64>() >= limit as i64;
    let upto = rows.last().filter(|_| full).map_or(upto, |row| row.last);

    let sql = Sql::new(backend, "select e.seq from events e join cases c on c.id = e.case_id");
    let sql = within(sql, upto).text(" and e.verb = ").bind(imported);
    let sql = visible(sql.text(" and "), visibility).text(" limit 1");
    let imported = db.connection().query_one_raw(sql.build()).await?.is_some();
    Ok(News { cases: rows.into_iter().map(|row| (CaseId::from(row.id), row.known)).collect(), imported, upto })
}

/// The reader of a ledger: the side they are on, and the name that the vendor has for the other side.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    pub reader: Reader,
    pub vendor: &'a str,
}

/// An actor is on the vendor's side when they hold, or held, a role there, or belong to no company.
const LIST: List = List {
    columns: "select e.seq, e.at, p.name as actor, \
              (exists (select 1 from role_grants g where g.person_id = e.actor_id and g.organisation_id is null) \
              or not exists (select 1 from memberships m where m.person_id = e.actor_id)) as of_vendor, \
              e.verb, e.object_kind, e.object_id, e.case_id, c.number, e.detail",
    key: "e.seq",
    kind: Kind::Unique,
    id: "e.seq",
    descending: true,
    most: 10_000,
};

/// Returns one page of the events of a company, for its administrators, or of the vendor's own side, newest first, each
/// with its place in the ledger, which is also the key of the page. What is not for the reader is not read: events of
/// another audience, the private part of their detail, the names of the vendor's people (A2, F19).
pub async fn list(
    db: &Db,
    _granted: &Granted,
    organisation: Option<OrganisationId>,
    reading: Reading<'_>,
    after: &str,
) -> Result<Page<(i64, EventRow)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        seq: i64,
        at: i64,
        actor: Option<String>,
        of_vendor: bool,
        verb: String,
        object_kind: String,
        object_id: String,
        case_id: Option<Uuid>,
        number: Option<String>,
        detail: String,
    }
    let hidden = |audience: Audience| match reading.reader {
        Reader::Company => audience != Audience::Company,
        Reader::Vendor => audience == Audience::Desk,
    };
    let hidden: Vec<&'static str> =
        Verb::ALL.iter().filter(|verb| hidden(verb.audience())).map(|verb| verb.key()).collect();
    let scope = |sql: Sql| {
        let sql = sql.text(
            " from events e left join people p on p.id = e.actor_id left join cases c on c.id = e.case_id where ",
        );
        let sql = match organisation {
            Some(organisation) => sql.text("e.organisation_id = ").bind(organisation.uuid()),
            None => sql.text("e.organisation_id is null"),
        };
        sql.text(" and e.internal = ").bind(false).text(" and e.verb not in ").bind_all(hidden.iter().copied())
    };
    let page = LIST.page(db, after, scope, |row: &Row| Key::Unique(row.seq)).await?;
    let about = |row: &Row| (row.object_kind == "person").then(|| row.object_id.parse::<Uuid>().ok()).flatten();
    let names = list_names(db, organisation, page.rows.iter().filter_map(about).collect()).await?;
    page.try_map(|row| {
        let verb = Verb::parse(&row.verb).ok_or_else(|| StoreError::Corrupt(row.verb.clone()))?;
        let event = EventRow {
            about: about(&row).and_then(|id| names.get(&id).cloned()).or(row.number),
            seq: None,
            at: time::timestamp(row.at)?,
            actor: match row.actor {
                None => EventActor::System,
                Some(_) if row.of_vendor && reading.reader == Reader::Company => {
                    EventActor::Vendor(reading.vendor.to_owned())
                }
                Some(name) => EventActor::Person(name),
            },
            case: row.case_id.map(Into::into),
            facts: facts(verb, &serde_json::from_str(&row.detail).unwrap_or_default(), reading.reader),
            verb,
        };
        Ok((row.seq, event))
    })
}

/// Returns the names of people as the ledger of a company may show them: a person who never came in has the name that
/// was typed.
async fn list_names(
    db: &Db,
    organisation: Option<OrganisationId>,
    persons: Vec<Uuid>,
) -> Result<HashMap<Uuid, String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select p.id, case when m.id is null or m.activated_at is not null then p.name else m.name end as name \
         from people p left join memberships m on m.person_id = p.id and m.organisation_id = ",
    )
    .bind(organisation.map(|organisation| organisation.uuid()))
    .text(" where p.id in ")
    .bind_all(persons);
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
