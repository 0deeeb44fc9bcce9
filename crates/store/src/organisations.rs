//! Customer companies.

use domain::{OrganisationId, access::Granted, organisations::OrganisationRow, rollout::Phase, text::fold};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::{Reads, StoreError, Tx, entity::organisations, sql::Sql, time};

pub async fn insert(
    tx: &Tx,
    _granted: &Granted,
    id: OrganisationId,
    name: &str,
    region: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    organisations::ActiveModel {
        id: Set(id.into()),
        name: Set(name.to_owned()),
        folded: Set(fold(name)),
        region: Set(region.to_owned()),
        created_at: Set(time::micros(now)),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationFacts {
    pub id: OrganisationId,
    pub name: String,
    pub region: String,
}

pub async fn find(db: &impl Reads, id: OrganisationId) -> Result<OrganisationFacts, StoreError> {
    let row = organisations::Entity::find_by_id(id.uuid()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(OrganisationFacts { id, name: row.name, region: row.region })
}

/// The regions that companies are in.
pub async fn list_regions(db: &impl Reads) -> Result<Vec<String>, StoreError> {
    let regions = organisations::Entity::find()
        .select_only()
        .column(organisations::Column::Region)
        .distinct()
        .order_by_asc(organisations::Column::Region);
    Ok(regions.into_tuple().all(db.connection()).await?)
}

/// Companies by name, at most `limit`, after the name `after`; the vendor's view.
pub async fn list(
    db: &impl Reads,
    _granted: &Granted,
    search: Option<&str>,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<OrganisationRow>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
        phase: Option<String>,
        people: i64,
        open_cases: i64,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select o.id, o.name, e.phase, \
         (select count(*) from memberships m where m.organisation_id = o.id and m.state <> 'removed') as people, \
         (select count(*) from cases c where c.organisation_id = o.id and c.status <> 'closed') as open_cases \
         from organisations o left join enrolments e on e.organisation_id = o.id where 1 = 1",
    );
    let sql = named(sql, search.unwrap_or_default())
        .when(after, |sql, after| sql.text(" and o.name > ").bind(after))
        .text(" order by o.name limit ")
        .bind(limit as i64);
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows
        .into_iter()
        .map(|row| OrganisationRow {
            id: row.id.into(),
            name: row.name,
            phase: row.phase.as_deref().and_then(Phase::parse),
            people: row.people.unsigned_abs(),
            open_cases: row.open_cases.unsigned_abs(),
        })
        .collect())
}

/// The condition that the name of a company `o` contains what was typed, whatever the accents and capitals.
pub(crate) fn named(sql: Sql, search: &str) -> Sql {
    let words = fold(search.trim()).replace(['%', '_', '\\'], " ");
    if words.trim().is_empty() { sql } else { sql.text(" and o.folded like ").bind(format!("%{words}%")) }
}
