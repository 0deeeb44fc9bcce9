//! `memberships`: a person in a company.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "memberships")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub person_id: Uuid,
    pub organisation_id: Uuid,
    /// As it was typed when the person was added: what the company sees until the person accepts.
    pub name: String,
    /// What orders the name: `domain::text::sort_key`.
    pub sort_key: String,
    pub state: String,
    pub source: String,
    pub created_at: i64,
    pub invited_at: Option<i64>,
    pub activated_at: Option<i64>,
    pub removed_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
