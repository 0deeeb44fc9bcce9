//! Cases and their streams. Every read takes a [`CaseVisibility`], which becomes part of the SQL.

mod detail;
mod rows;
mod stream;
mod write;

pub use detail::{count_events, find_detail};
pub use rows::{count_open, find_by_legacy, list};
pub use stream::list_customer_authors;
pub use write::{
    NewCase, NewEntry, has_demo_case, insert, insert_demo_case, insert_entry, next_number, take_numbers, update_agent,
    update_status,
};

pub(crate) use stream::list_said;

use domain::{
    CaseId, OrganisationId, PersonId,
    access::{CaseFacts, CaseScope, CaseVisibility, Granted},
    cases::{CloseReason, Closing, Status},
};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, FromQueryResult};

use crate::{Reads, StoreError, Tx, entity::cases, sql::Sql, time};

/// Returns the condition that a case `c` is within sight. An index can serve each part of it.
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

/// Reads the head of a case for a decision that this transaction writes: no other one changes the case until it ends. SQLite
/// has one writer and needs no lock.
///
/// # Errors
/// As [`find`].
pub async fn find_for_update(tx: &Tx, visibility: &CaseVisibility, id: CaseId) -> Result<CaseHead, StoreError> {
    let postgres = tx.connection().get_database_backend() == DbBackend::Postgres;
    find_head(tx, visibility, id, if postgres { " for update of c" } else { "" }).await
}

/// Waits for other changes of a case and keeps them from it until the transaction ends: for what is written about a
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

/// Returns the company of a case, for jobs.
pub async fn find_organisation(db: &impl Reads, _granted: &Granted, id: CaseId) -> Result<OrganisationId, StoreError> {
    let row = cases::Entity::find_by_id(id.uuid()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(row.organisation_id.into())
}

fn status(key: &str) -> Result<Status, StoreError> {
    Status::parse(key).ok_or_else(|| StoreError::Corrupt(format!("status {key}")))
}
