//! What was typed and not sent yet (`drafts`), and which forms were sent (`sendings`).

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0040_forms"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let statements: &[&str] = match db.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        for statement in statements {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

const SQLITE: &[&str] = &[
    "create table drafts (person_id blob not null references people (id), form text not null, fields text not null, \
     updated_at bigint not null, primary key (person_id, form))",
    "create index drafts_by_age on drafts (updated_at)",
    "create table sendings (key_hash blob primary key, request_id blob not null, claimed_at bigint not null, \
     done_at bigint, answer text)",
    "create index sendings_by_request on sendings (request_id)",
    "create index sendings_by_age on sendings (claimed_at)",
];

const POSTGRES: &[&str] = &[
    "create table drafts (person_id uuid not null references people (id), form text not null, fields text not null, \
     updated_at bigint not null, primary key (person_id, form))",
    "create index drafts_by_age on drafts (updated_at)",
    "create table sendings (key_hash bytea primary key, request_id uuid not null, claimed_at bigint not null, \
     done_at bigint, answer text)",
    "create index sendings_by_request on sendings (request_id)",
    "create index sendings_by_age on sendings (claimed_at)",
];
