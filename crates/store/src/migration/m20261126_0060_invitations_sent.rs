//! Which address was invited when and by which company, for 24 hours: the pause of invitations is the address's (F3). And
//! which administrators the others of their company were told of (F7): those of before count as told.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0060_invitations_sent"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let statements = match db.get_database_backend() {
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
    "create table invitations_sent (id blob primary key, address text not null, \
     organisation_id blob not null references organisations (id), sent_at bigint not null)",
    "create index invitations_sent_address on invitations_sent (address, sent_at)",
    "create index invitations_sent_at on invitations_sent (sent_at)",
    "create table admin_notices (grant_id blob primary key references role_grants (id), noticed_at bigint not null)",
    BACKFILL,
];

const POSTGRES: &[&str] = &[
    "create table invitations_sent (id uuid primary key, address text not null, \
     organisation_id uuid not null references organisations (id), sent_at bigint not null)",
    "create index invitations_sent_address on invitations_sent (address, sent_at)",
    "create index invitations_sent_at on invitations_sent (sent_at)",
    "create table admin_notices (grant_id uuid primary key references role_grants (id), noticed_at bigint not null)",
    BACKFILL,
];

const BACKFILL: &str = "insert into admin_notices (grant_id, noticed_at) \
     select g.id, g.granted_at from role_grants g join memberships m on m.person_id = g.person_id \
     and m.organisation_id = g.organisation_id where g.role = 'support_system_admin' and m.state <> 'known'";
