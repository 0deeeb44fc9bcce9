//! Customer companies.

use domain::{
    OrganisationId,
    access::Granted,
    page::Page,
    text::{fold, sort_key},
};
use jiff::Timestamp;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, FromQueryResult, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    Reads, StoreError, Tx,
    entity::organisations,
    paging::{Key, Kind, List},
    sql::Sql,
    time,
};

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
        sort_key: Set(sort_key(name)),
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

/// Returns the regions that companies are in.
pub async fn list_regions(db: &impl Reads) -> Result<Vec<String>, StoreError> {
    let regions = organisations::Entity::find()
        .select_only()
        .column(organisations::Column::Region)
        .distinct()
        .order_by_asc(organisations::Column::Region);
    Ok(regions.into_tuple().all(db.connection()).await?)
}

const LIST: List = List {
    columns: "select o.id, o.name",
    key: "o.sort_key",
    kind: Kind::Name,
    id: "o.id",
    descending: false,
    most: 100_000,
};

/// Returns one page of the companies whose name contains the search text, in the order of a dictionary; the vendor's
/// view.
pub async fn list(
    db: &impl Reads,
    _granted: &Granted,
    search: &str,
    after: &str,
) -> Result<Page<(OrganisationId, String)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
    }
    let scope = |sql: Sql| named(sql.text(" from organisations o where 1 = 1"), search);
    let page = LIST.page(db, after, scope, |row: &Row| Key::Name(row.id)).await?;
    Ok(page.map(|row| (row.id.into(), row.name)))
}

/// How many words of a search in names count.
pub(crate) const WORDS: usize = 16;

/// Adds the condition that the name of a company `o` contains every word of the search text, whatever their order, the
/// accents and the capitals.
pub(crate) fn named(sql: Sql, search: &str) -> Sql {
    let folded = fold(search);
    folded.split_whitespace().take(WORDS).fold(sql, |sql, word| sql.text(" and o.folded").contains(word))
}
