//! `role_grants`: a role given to a person in a company, or on the vendor's side.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role_grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub person_id: Uuid,
    pub role: String,
    pub organisation_id: Option<Uuid>,
    pub reach: String,
    pub all_products: bool,
    pub reasons: String,
    pub source: String,
    pub granted_by: Option<Uuid>,
    pub granted_at: i64,
    pub until_at: Option<i64>,
    /// The last day, as it was typed; `until_at` is when it ends in the zone of the company.
    pub until_on: Option<String>,
    pub revoked_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
