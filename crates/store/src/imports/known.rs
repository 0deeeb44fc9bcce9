//! What is stored of the objects whose records changed: what a dry run compares a record with.

use std::collections::{HashMap, HashSet};

use domain::{
    CaseId, ContractId, OrganisationId, PersonId, ProductId,
    cases::{Impact, Priority, Status},
    contracts::ContactKind,
    locale::Locale,
};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::find::CHUNK;
use crate::{
    Reads, StoreError,
    entity::{cases, contract_contacts, contract_products, contracts, organisations, people},
    time,
};

#[derive(Clone, Debug)]
pub struct KnownOrganisation {
    pub name: String,
    pub region: String,
}

#[derive(Clone, Debug)]
pub struct KnownContract {
    pub number: String,
    pub plan: String,
    pub starts_on: Option<String>,
    pub ends_on: Option<String>,
    pub products: HashSet<ProductId>,
}

#[derive(Clone, Debug)]
pub struct KnownPerson {
    pub name: String,
    pub phone: Option<String>,
    pub locale: Option<Locale>,
    /// Has a password: an import changes nothing of what the person wrote.
    pub signed_in: bool,
}

#[derive(Clone, Debug)]
pub struct KnownCase {
    pub number: String,
    pub source: String,
    pub product: Option<ProductId>,
    pub requestor: String,
    pub requestor_id: Option<PersonId>,
    pub title: String,
    pub status: Option<Status>,
    pub agent: Option<PersonId>,
    pub priority: Option<Priority>,
    pub impact: Option<Impact>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

pub async fn find_known_organisations(
    db: &impl Reads,
    ids: &[OrganisationId],
) -> Result<HashMap<OrganisationId, KnownOrganisation>, StoreError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = organisations::Entity::find()
            .filter(organisations::Column::Id.is_in(chunk.iter().map(|id| id.uuid())))
            .all(db.connection())
            .await?;
        let known = |row: organisations::Model| {
            (OrganisationId::from(row.id), KnownOrganisation { name: row.name, region: row.region })
        };
        found.extend(rows.into_iter().map(known));
    }
    Ok(found)
}

pub async fn find_known_contracts(
    db: &impl Reads,
    ids: &[ContractId],
) -> Result<HashMap<ContractId, KnownContract>, StoreError> {
    let mut found: HashMap<ContractId, KnownContract> = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = contracts::Entity::find()
            .filter(contracts::Column::Id.is_in(chunk.iter().map(|id| id.uuid())))
            .all(db.connection())
            .await?;
        found.extend(rows.into_iter().map(|row| {
            let known = KnownContract {
                number: row.number,
                plan: row.plan,
                starts_on: row.starts_on,
                ends_on: row.ends_on,
                products: HashSet::new(),
            };
            (ContractId::from(row.id), known)
        }));
        let rows = contract_products::Entity::find()
            .filter(contract_products::Column::ContractId.is_in(chunk.iter().map(|id| id.uuid())))
            .all(db.connection())
            .await?;
        for row in rows {
            if let Some(contract) = found.get_mut(&row.contract_id.into()) {
                contract.products.insert(row.product_id.into());
            }
        }
    }
    Ok(found)
}

pub async fn find_known_people(
    db: &impl Reads,
    ids: &[PersonId],
) -> Result<HashMap<PersonId, KnownPerson>, StoreError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = people::Entity::find()
            .filter(people::Column::Id.is_in(chunk.iter().map(|id| id.uuid())))
            .all(db.connection())
            .await?;
        found.extend(rows.into_iter().map(|row| {
            let known = KnownPerson {
                name: row.name,
                phone: row.phone,
                locale: Locale::parse(&row.locale),
                signed_in: row.password_hash.is_some(),
            };
            (PersonId::from(row.id), known)
        }));
    }
    Ok(found)
}

/// Finds the contracts that name people, with the kind of contact.
pub async fn find_known_contacts(
    db: &impl Reads,
    ids: &[PersonId],
) -> Result<HashSet<(ContractId, PersonId, ContactKind)>, StoreError> {
    let mut found = HashSet::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = contract_contacts::Entity::find()
            .filter(contract_contacts::Column::PersonId.is_in(chunk.iter().map(|id| id.uuid())))
            .all(db.connection())
            .await?;
        found.extend(rows.into_iter().filter_map(|row| {
            let kind = ContactKind::parse(&row.kind)?;
            Some((ContractId::from(row.contract_id), PersonId::from(row.person_id), kind))
        }));
    }
    Ok(found)
}

pub async fn find_known_cases(db: &impl Reads, ids: &[CaseId]) -> Result<HashMap<CaseId, KnownCase>, StoreError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = cases::Entity::find()
            .filter(cases::Column::Id.is_in(chunk.iter().map(|id| id.uuid())))
            .all(db.connection())
            .await?;
        for row in rows {
            let known = KnownCase {
                number: row.legacy_number.unwrap_or_default(),
                source: row.legacy_source.unwrap_or_default(),
                product: row.product_id.map(Into::into),
                requestor: row.requestor_name,
                requestor_id: row.requestor_id.map(Into::into),
                title: row.title,
                status: Status::parse(&row.status),
                agent: row.agent_id.map(Into::into),
                priority: Priority::parse(&row.priority),
                impact: row.impact.as_deref().and_then(Impact::parse),
                opened_at: time::timestamp(row.opened_at)?,
                updated_at: time::timestamp(row.updated_at)?,
                closed_at: row.closed_at.map(time::timestamp).transpose()?,
            };
            found.insert(row.id.into(), known);
        }
    }
    Ok(found)
}
