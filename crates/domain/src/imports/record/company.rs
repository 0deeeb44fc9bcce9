//! Companies, products and contracts.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    fields::Fields,
    times::{DAYS, date},
};
use crate::{FieldError, imports::Problem, products};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationRecord {
    pub id: String,
    pub name: String,
    pub region: String,
    /// The key of a programme to be enrolled in.
    pub programme: Option<String>,
    /// The system it comes from; an id belongs to it (B14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRecord {
    pub key: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractRecord {
    pub id: String,
    pub organisation: String,
    pub number: String,
    pub plan: String,
    pub starts_on: Option<Date>,
    pub ends_on: Option<Date>,
    pub products: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl OrganisationRecord {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Problem> {
        let id = fields.id("id")?;
        Ok(Self {
            name: fields.named("name", &id)?,
            region: fields.or("region", "emea".to_owned(), "emea", &["emea", "americas", "apac"], region),
            programme: fields.short("programme", 60)?,
            source: fields.short("source", 60)?,
            id,
        })
    }
}

impl ProductRecord {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Problem> {
        let key = fields.with("key", &["atlas", "atlas-2"], product_key)?;
        Ok(Self { name: fields.named("name", &key)?, key })
    }
}

impl ContractRecord {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Problem> {
        let id = fields.id("id")?;
        Ok(Self {
            organisation: fields.id("organisation")?,
            number: fields.short("number", 60)?.unwrap_or_else(|| id.clone()),
            plan: fields.short("plan", 60)?.unwrap_or_else(|| "standard".to_owned()),
            starts_on: fields.optional("starts_on", DAYS, date),
            ends_on: fields.optional("ends_on", DAYS, date),
            products: fields.list("products")?,
            source: fields.short("source", 60)?,
            id,
        })
    }
}

fn product_key(key: &str) -> Result<String, FieldError> {
    if products::is_key(key) { Ok(key.to_owned()) } else { Err(FieldError::NotAKey) }
}

fn region(key: &str) -> Result<String, FieldError> {
    let key = key.to_lowercase();
    if products::is_key(&key) { Ok(key) } else { Err(FieldError::NotAChoice) }
}
