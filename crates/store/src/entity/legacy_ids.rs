//! `legacy_ids`: ids of the systems before this one, kept for ever, with a fingerprint of what was imported; and the keys of
//! the demo's cases, of the kind `demo`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "legacy_ids")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub legacy_id: String,
    /// The system it belongs to; empty when it was not given.
    pub source: String,
    pub object_id: Uuid,
    pub fingerprint: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
