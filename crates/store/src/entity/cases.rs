//! `cases`: heads of cases, with the columns lists need.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub number: String,
    pub legacy_number: Option<String>,
    pub legacy_source: Option<String>,
    pub organisation_id: Uuid,
    pub product_id: Option<Uuid>,
    pub requestor_id: Option<Uuid>,
    pub requestor_name: String,
    pub agent_id: Option<Uuid>,
    pub title: String,
    pub status: String,
    pub close_reason: Option<String>,
    pub priority: String,
    pub impact: Option<String>,
    pub channel: String,
    pub opened_at: i64,
    pub updated_at: i64,
    pub closed_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
