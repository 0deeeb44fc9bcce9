//! Addresses that were proposed for an account and wait for its owner (D5). An account has one at most: another proposal takes
//! its place, and with it the link that was sent.

use domain::{AddressChangeId, OrganisationId, PersonId, access::Granted};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{Reads, StoreError, Tx, Writes, sql::Sql, time};

/// An address that waits to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressChange {
    pub id: AddressChangeId,
    pub person: PersonId,
    /// Where it was proposed.
    pub organisation: OrganisationId,
    pub email: String,
    pub normalised: String,
    pub ends_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    organisation_id: Uuid,
    email: String,
    normalised: String,
    ends_at: i64,
}

const COLUMNS: &str = "select id, person_id, organisation_id, email, normalised, ends_at from address_changes where ";

async fn one(db: &impl Reads, sql: Sql) -> Result<Option<AddressChange>, StoreError> {
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
    row.map(|row| {
        Ok(AddressChange {
            id: row.id.into(),
            person: row.person_id.into(),
            organisation: row.organisation_id.into(),
            email: row.email,
            normalised: row.normalised,
            ends_at: time::timestamp(row.ends_at)?,
        })
    })
    .transpose()
}

pub async fn find_address_change(db: &impl Reads, id: AddressChangeId) -> Result<Option<AddressChange>, StoreError> {
    one(db, Sql::new(db.connection().get_database_backend(), COLUMNS).text("id = ").bind(id.uuid())).await
}

/// What is proposed for a person by a company, or by the vendor for it.
pub async fn find_address_change_of(
    db: &impl Reads,
    person: PersonId,
    organisation: OrganisationId,
) -> Result<Option<AddressChange>, StoreError> {
    let sql = Sql::new(db.connection().get_database_backend(), COLUMNS)
        .text("person_id = ")
        .bind(person.uuid())
        .text(" and organisation_id = ")
        .bind(organisation.uuid());
    one(db, sql).await
}

/// Proposes an address, in the place of what was proposed before.
pub async fn set_address_change(
    tx: &Tx,
    _granted: &Granted,
    change: &AddressChange,
    now: Timestamp,
) -> Result<(), StoreError> {
    delete_address_change(tx, change.person).await?;
    let sql = Sql::new(
        tx.connection().get_database_backend(),
        "insert into address_changes (person_id, id, organisation_id, email, normalised, proposed_at, ends_at) values (",
    )
    .bind(change.person.uuid())
    .text(", ")
    .bind(change.id.uuid())
    .text(", ")
    .bind(change.organisation.uuid())
    .text(", ")
    .bind(change.email.as_str())
    .text(", ")
    .bind(change.normalised.as_str())
    .text(", ")
    .bind(time::micros(now))
    .text(", ")
    .bind(time::micros(change.ends_at))
    .text(")");
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}

/// Takes back what is proposed for a person.
pub async fn delete_address_change(tx: &impl Writes, person: PersonId) -> Result<(), StoreError> {
    let sql = Sql::new(tx.connection().get_database_backend(), "delete from address_changes where person_id = ")
        .bind(person.uuid());
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}
