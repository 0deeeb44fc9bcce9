//! Links that were asked for, until a worker looks at them (F16); what the last look over the ledger found (A8).

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0030_resets_and_checks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in STATEMENTS {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

/// The same for SQLite and PostgreSQL.
const STATEMENTS: &[&str] = &[
    "create table reset_requests (normalised text primary key, email text not null, asked_at bigint not null)",
    "create table ledger_checks (one integer primary key check (one = 1), at bigint not null, events bigint not null, \
     broken_at bigint)",
];
