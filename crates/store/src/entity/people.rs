//! `people`: people; their addresses are identities, their companies memberships.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "people")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    /// What orders the name: `domain::text::sort_key`.
    pub sort_key: String,
    pub email: String,
    pub phone: Option<String>,
    pub locale: String,
    /// IANA name.
    pub time_zone: String,
    /// When the person or their browser set it; `None` while it is a guess.
    pub zone_known_at: Option<i64>,
    pub password_hash: Option<String>,
    pub password_changed_at: Option<i64>,
    /// Counts up with every new password: links to set one hold for the present number only.
    pub password_version: i32,
    pub last_seen_at: Option<i64>,
    /// Counts changes to what the person may do (docs/adr/0006).
    pub access_version: i64,
    pub created_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
