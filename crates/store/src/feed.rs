//! What a process reads once of each new event, for all of its live streams (docs/adr/0004).

use std::collections::{HashMap, HashSet};

use domain::{
    CaseId, PersonId,
    access::{CaseFacts, CaseVisibility},
    audit::{Touches, Verb},
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, RuntimeErr, SqlxError, sqlx::postgres::PgListener};
use uuid::Uuid;

use crate::{Db, Reads, StoreError, audit, audit::News, sql::Sql};

/// What events may change for open streams.
#[derive(Debug, Default)]
pub struct Batch {
    /// The place in the ledger before the first event.
    after: i64,
    /// The place of the last one.
    pub upto: i64,
    cases: Vec<CaseNews>,
    everyone: bool,
    people: HashSet<PersonId>,
    sessions: HashSet<String>,
}

/// One event of a case.
#[derive(Debug)]
struct CaseNews {
    seq: i64,
    case: CaseId,
    facts: CaseFacts,
    internal: bool,
    imported: bool,
    known: Known,
}

/// How many events of a case its readers may know of.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Customers: without internal ones.
    shared: i64,
    all: i64,
}

impl Batch {
    /// Whether the rights of a person, or the session with this key, may have changed.
    pub fn touches(&self, person: PersonId, session: &str) -> bool {
        self.everyone || self.people.contains(&person) || self.sessions.contains(session)
    }

    /// Whether events between a place in the ledger and this batch are missing.
    pub fn leaves_a_gap_after(&self, after: i64) -> bool {
        self.after > after
    }

    /// What a reader who has come to `after` may know of it: the decision of [`audit::list_news`], in memory.
    pub fn news(&self, visibility: &CaseVisibility, after: i64) -> News {
        let mut news = News { upto: self.upto.max(after), ..News::default() };
        let seen = |event: &&CaseNews| {
            event.seq > after && (visibility.notes() || !event.internal) && visibility.sees(&event.facts)
        };
        for event in self.cases.iter().filter(seen) {
            if event.imported {
                news.imported = true;
            } else if news.cases.iter().all(|(case, _)| *case != event.case) {
                let known = if visibility.notes() { event.known.all } else { event.known.shared };
                news.cases.push((event.case, known));
            }
        }
        news
    }
}

/// Reads the events after a place in the ledger, at most `limit`; `None` when there are none. Two statements, whatever the
/// number of readers.
pub async fn read(db: &Db, after: i64, limit: u64) -> Result<Option<Batch>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        seq: i64,
        verb: String,
        object_kind: String,
        object_id: String,
        internal: bool,
        case_id: Option<Uuid>,
        organisation_id: Option<Uuid>,
        product_id: Option<Uuid>,
        requestor_id: Option<Uuid>,
    }
    let backend = db.connection().get_database_backend();
    let sql = Sql::new(
        backend,
        "select e.seq, e.verb, e.object_kind, e.object_id, e.internal, e.case_id, c.organisation_id, c.product_id, \
         c.requestor_id from events e left join cases c on c.id = e.case_id where e.seq > ",
    )
    .bind(after)
    .text(" order by e.seq limit ")
    .bind(limit as i64);
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    let Some(upto) = rows.last().map(|row| row.seq) else { return Ok(None) };
    let imported = |row: &Row| row.verb == Verb::CaseImported.key();
    let named: HashSet<Uuid> = rows.iter().filter(|row| !imported(row)).filter_map(|row| row.case_id).collect();
    let known = count_known(db, named).await?;
    let mut batch = Batch { after, upto, ..Batch::default() };
    for row in rows {
        match Verb::parse(&row.verb).map(Verb::touches) {
            Some(Touches::Nothing) => {}
            Some(Touches::Object) => match (row.object_kind.as_str(), row.object_id.parse::<Uuid>()) {
                ("person", Ok(person)) => drop(batch.people.insert(person.into())),
                ("session", _) => drop(batch.sessions.insert(row.object_id.clone())),
                _ => batch.everyone = true,
            },
            // A newer version wrote it.
            Some(Touches::Everyone) | None => batch.everyone = true,
        }
        if let (Some(case), Some(organisation)) = (row.case_id, row.organisation_id) {
            batch.cases.push(CaseNews {
                seq: row.seq,
                case: case.into(),
                facts: CaseFacts {
                    organisation: organisation.into(),
                    product: row.product_id.map(Into::into),
                    requestor: row.requestor_id.map(Into::into),
                },
                internal: row.internal,
                imported: imported(&row),
                known: known.get(&case).copied().unwrap_or_default(),
            });
        }
    }
    Ok(Some(batch))
}

async fn count_known(db: &Db, cases: HashSet<Uuid>) -> Result<HashMap<Uuid, Known>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        case_id: Uuid,
        shared: i64,
        known: i64,
    }
    if cases.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select case_id, sum(case when internal then 0 else 1 end) as shared, count(*) as known from events \
         where case_id in ",
    )
    .bind_all(cases)
    .text(" group by case_id");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.case_id, Known { shared: row.shared, all: row.known })).collect())
}

/// Hears from PostgreSQL how far the ledger goes, whichever node wrote it.
pub struct Listener(PgListener);

impl Listener {
    /// Takes one connection of the pool; `None` on SQLite, whose only server is this process.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn open(db: &Db) -> Result<Option<Self>, StoreError> {
        if db.is_sqlite() {
            return Ok(None);
        }
        let pool = db.connection().inner().get_postgres_connection_pool();
        let mut listener = PgListener::connect_with(pool).await.map_err(lost)?;
        listener.listen(audit::CHANNEL).await.map_err(lost)?;
        Ok(Some(Self(listener)))
    }

    /// Waits for the next word.
    ///
    /// # Errors
    /// When the connection was lost.
    pub async fn next(&mut self) -> Result<i64, StoreError> {
        loop {
            let heard = self.0.recv().await.map_err(lost)?;
            if let Ok(seq) = heard.payload().parse() {
                return Ok(seq);
            }
        }
    }
}

fn lost(error: SqlxError) -> StoreError {
    DbErr::Conn(RuntimeErr::SqlxError(error.into())).into()
}
