//! An imported id belongs to the system it came from (B14): the source stands beside it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0050_import_sources"
    }
}

/// The same on SQLite and PostgreSQL. Cases said where they come from before; other records could not.
const STATEMENTS: &[&str] = &[
    "alter table legacy_ids add column source text not null default ''",
    "update legacy_ids set source = coalesce((select c.legacy_source from cases c where c.id = legacy_ids.object_id), '') \
     where kind = 'case'",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
