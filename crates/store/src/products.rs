//! Products and who is entitled to them.

use domain::{OrganisationId, ProductId, access::Granted, cases::ProductChoice};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
};
use uuid::Uuid;

use crate::{Reads, StoreError, Tx, entity::products, paging::sort_by_name, sql::Sql, time};

pub async fn insert(
    tx: &Tx,
    _granted: &Granted,
    id: ProductId,
    key: &str,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    products::ActiveModel {
        id: Set(id.into()),
        key: Set(key.to_owned()),
        name: Set(name.to_owned()),
        created_at: Set(time::micros(now)),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

pub async fn find_by_key(db: &impl Reads, key: &str) -> Result<Option<ProductId>, StoreError> {
    let row = products::Entity::find().filter(products::Column::Key.eq(key)).one(db.connection()).await?;
    Ok(row.map(|row| row.id.into()))
}

/// Returns the products that the contracts of a company entitle it to (K6: an empty list has a reason).
pub async fn list_entitled(db: &impl Reads, organisation: OrganisationId) -> Result<Vec<ProductChoice>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select distinct p.id, p.name from products p join contract_products cp on cp.product_id = p.id \
         join contracts c on c.id = cp.contract_id where c.organisation_id = ",
    )
    .bind(organisation.uuid());
    let mut rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    sort_by_name(&mut rows, |row| &row.name);
    Ok(rows.into_iter().map(|row| ProductChoice { id: row.id.into(), name: row.name }).collect())
}

/// Returns every product, by name: what a programme can be about.
pub async fn list(db: &impl Reads, _granted: &Granted) -> Result<Vec<ProductChoice>, StoreError> {
    let mut rows = products::Entity::find().all(db.connection()).await?;
    sort_by_name(&mut rows, |row| &row.name);
    Ok(rows.into_iter().map(|row| ProductChoice { id: row.id.into(), name: row.name }).collect())
}
