//! `outbox`: mails to leave, one row a recipient.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub idempotency_key: String,
    pub kind: String,
    pub person_id: Option<Uuid>,
    pub recipient: String,
    pub locale: String,
    pub params: String,
    pub case_id: Option<Uuid>,
    pub state: String,
    pub attempts: i32,
    pub due_at: i64,
    pub lease_until: Option<i64>,
    pub subject: String,
    pub error: Option<String>,
    pub created_at: i64,
    pub sent_at: Option<i64>,
    pub organisation_id: Option<Uuid>,
    pub mailing_id: Option<Uuid>,
    pub lane: i32,
    pub problem: Option<String>,
    pub dropped_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
