//! Contracts, what they entitle to and who is named in them.

use domain::{ContractId, OrganisationId, PersonId, ProductId, access::Granted};
use jiff::{Timestamp, civil::Date};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{
    Reads, StoreError, Tx,
    entity::{contract_products, contracts},
    sql::Sql,
    time,
};

pub struct NewContract<'a> {
    pub id: ContractId,
    pub organisation: OrganisationId,
    pub number: &'a str,
    pub plan: &'a str,
    pub starts_on: Option<Date>,
    pub ends_on: Option<Date>,
    pub products: &'a [ProductId],
    pub now: Timestamp,
}

pub async fn insert(tx: &Tx, _granted: &Granted, new: NewContract<'_>) -> Result<(), StoreError> {
    contracts::ActiveModel {
        id: Set(new.id.into()),
        organisation_id: Set(new.organisation.into()),
        number: Set(new.number.to_owned()),
        plan: Set(new.plan.to_owned()),
        starts_on: Set(new.starts_on.map(|day| day.to_string())),
        ends_on: Set(new.ends_on.map(|day| day.to_string())),
        created_at: Set(time::micros(new.now)),
    }
    .insert(tx.connection())
    .await?;
    for product in new.products {
        contract_products::ActiveModel { contract_id: Set(new.id.into()), product_id: Set((*product).into()) }
            .insert(tx.connection())
            .await?;
    }
    Ok(())
}

/// A deployment contact on a contract that covers a product in the scope of the company's programme: rule B (R14). People
/// who were taken out of the company are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleB {
    pub person: PersonId,
    pub contract: String,
    pub product: String,
}

pub async fn list_rule_b(db: &impl Reads, organisation: OrganisationId) -> Result<Vec<RuleB>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        person_id: Uuid,
        number: String,
        product: String,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select cc.person_id, c.number, min(p.name) as product from contract_contacts cc \
         join contracts c on c.id = cc.contract_id join contract_products cp on cp.contract_id = c.id \
         join products p on p.id = cp.product_id \
         join memberships m on m.person_id = cc.person_id and m.organisation_id = c.organisation_id \
         join enrolments e on e.organisation_id = c.organisation_id \
         join programme_products pp on pp.programme_id = e.programme_id and pp.product_id = cp.product_id \
         where cc.kind = 'deployment' and m.state <> 'removed' and c.organisation_id = ",
    )
    .bind(organisation.uuid())
    .text(" group by cc.person_id, c.number order by c.number");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows
        .into_iter()
        .map(|row| RuleB { person: row.person_id.into(), contract: row.number, product: row.product })
        .collect())
}
