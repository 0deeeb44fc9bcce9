//! Programmes, with their products and planned days.

use std::collections::HashMap;

use domain::{
    ProductId, ProgrammeId,
    access::Granted,
    rollout::{Dates, Phase, ProgrammeSummary},
};
use jiff::{Timestamp, civil::Date};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    QueryFilter, sea_query::Expr,
};
use uuid::Uuid;

use super::phase;
use crate::{
    Reads, StoreError, Tx,
    entity::{programme_dates, programme_products, programmes},
    paging::sort_by_name,
    sql::Sql,
    time,
};

pub struct NewProgramme<'a> {
    pub id: ProgrammeId,
    pub key: &'a str,
    pub name: &'a str,
    pub contact: &'a str,
    pub products: &'a [ProductId],
    pub dates: &'a [(Phase, Date)],
    pub now: Timestamp,
}

pub async fn insert_programme(tx: &Tx, _granted: &Granted, new: NewProgramme<'_>) -> Result<(), StoreError> {
    programmes::ActiveModel {
        id: Set(new.id.into()),
        key: Set(new.key.to_owned()),
        name: Set(new.name.to_owned()),
        contact: Set(new.contact.to_owned()),
        created_at: Set(time::micros(new.now)),
    }
    .insert(tx.connection())
    .await?;
    for product in new.products {
        programme_products::ActiveModel { programme_id: Set(new.id.into()), product_id: Set((*product).into()) }
            .insert(tx.connection())
            .await?;
    }
    for (phase, date) in new.dates {
        programme_dates::ActiveModel {
            programme_id: Set(new.id.into()),
            phase: Set(phase.key().to_owned()),
            starts_on: Set(date.to_string()),
        }
        .insert(tx.connection())
        .await?;
    }
    Ok(())
}

pub async fn find_programme_by_key(db: &impl Reads, key: &str) -> Result<Option<ProgrammeId>, StoreError> {
    let row = programmes::Entity::find().filter(programmes::Column::Key.eq(key)).one(db.connection()).await?;
    Ok(row.map(|row| row.id.into()))
}

pub async fn find_programme(db: &impl Reads, id: ProgrammeId) -> Result<ProgrammeSummary, StoreError> {
    programmes_where(db, Some(id)).await?.pop().ok_or(StoreError::NotFound)
}

pub async fn list_programmes(db: &impl Reads) -> Result<Vec<ProgrammeSummary>, StoreError> {
    programmes_where(db, None).await
}

/// Returns one programme, or all of them by age (C13).
async fn programmes_where(db: &impl Reads, id: Option<ProgrammeId>) -> Result<Vec<ProgrammeSummary>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        key: String,
        name: String,
        contact: String,
        companies: i64,
    }
    #[derive(FromQueryResult)]
    struct ProductRow {
        programme_id: Uuid,
        name: String,
    }
    let backend = db.connection().get_database_backend();
    let sql = Sql::new(
        backend,
        "select p.id, p.key, p.name, p.contact, \
         (select count(*) from enrolments e where e.programme_id = p.id) as companies \
         from programmes p where 1 = 1",
    )
    .when(id, |sql, id| sql.text(" and p.id = ").bind(id.uuid()))
    .text(" order by p.created_at, p.id");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    let sql = Sql::new(
        backend,
        "select pp.programme_id, pr.name from programme_products pp join products pr on pr.id = pp.product_id where 1 = 1",
    )
    .when(id, |sql, id| sql.text(" and pp.programme_id = ").bind(id.uuid()));
    let mut rows_of_products = ProductRow::find_by_statement(sql.build()).all(db.connection()).await?;
    sort_by_name(&mut rows_of_products, |row| &row.name);
    let mut products: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in rows_of_products {
        products.entry(row.programme_id).or_default().push(row.name);
    }
    let mut dates: HashMap<Uuid, Dates> = HashMap::new();
    let mut days = programme_dates::Entity::find();
    if let Some(id) = id {
        days = days.filter(programme_dates::Column::ProgrammeId.eq(id.uuid()));
    }
    for row in days.all(db.connection()).await? {
        dates.entry(row.programme_id).or_default().push((phase(&row.phase)?, time::date(&row.starts_on)?));
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut dates = dates.remove(&row.id).unwrap_or_default();
            dates.sort();
            ProgrammeSummary {
                dates,
                products: products.remove(&row.id).unwrap_or_default(),
                id: row.id.into(),
                key: row.key,
                name: row.name,
                contact: row.contact,
                companies: row.companies.unsigned_abs(),
            }
        })
        .collect())
}

/// Waits for other moves of a programme or of a company in it, and keeps them from it until the transaction ends: the
/// programme first, then its companies in order.
pub async fn lock_programme(tx: &Tx, _granted: &Granted, programme: ProgrammeId) -> Result<(), StoreError> {
    let backend = tx.connection().get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = Sql::new(backend, "select id from programmes where id = ").bind(programme.uuid());
        tx.connection().query_one_raw(sql.text(" for update").build()).await?;
        let sql = Sql::new(backend, "select id from enrolments where programme_id = ").bind(programme.uuid());
        tx.connection().query_all_raw(sql.text(" order by id for update").build()).await?;
    }
    Ok(())
}

/// Replaces the planned day of one phase of a programme: what companies that are enrolled later begin with.
pub async fn update_programme_date(
    tx: &Tx,
    _granted: &Granted,
    programme: ProgrammeId,
    phase: Phase,
    date: Date,
) -> Result<(), StoreError> {
    programme_dates::Entity::update_many()
        .col_expr(programme_dates::Column::StartsOn, Expr::value(date.to_string()))
        .filter(programme_dates::Column::ProgrammeId.eq(programme.uuid()))
        .filter(programme_dates::Column::Phase.eq(phase.key()))
        .exec(tx.connection())
        .await?;
    Ok(())
}
