//! `announcement_texts`: versions of an announcement in one language.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "announcement_texts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub announcement_id: Uuid,
    pub locale: String,
    pub version: i64,
    pub title: String,
    pub description: String,
    pub markdown: String,
    pub html: String,
    pub unlisted: bool,
    pub source_version: Option<String>,
    pub translation: Option<String>,
    pub translated_percent: Option<i32>,
    pub published_at: i64,
    pub superseded_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
