//! Mails know their company, their lane and why they did not leave (F5, F11); sendings of announcements (D3).

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0070_mailings"
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
        for statement in statements.iter().chain(BOTH) {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

const SQLITE: &[&str] = &[
    "create table mailings (
        id blob primary key,
        announcement_id blob not null references announcements (id),
        programme_id blob not null references programmes (id),
        created_by blob not null references people (id),
        created_at bigint not null,
        leaves_at bigint not null,
        recipients bigint not null,
        stopped_by blob references people (id),
        stopped_at bigint
    )",
    "alter table outbox add column organisation_id blob references organisations (id)",
    "alter table outbox add column mailing_id blob references mailings (id)",
];

const POSTGRES: &[&str] = &[
    "create table mailings (
        id uuid primary key,
        announcement_id uuid not null references announcements (id),
        programme_id uuid not null references programmes (id),
        created_by uuid not null references people (id),
        created_at bigint not null,
        leaves_at bigint not null,
        recipients bigint not null,
        stopped_by uuid references people (id),
        stopped_at bigint
    )",
    "alter table outbox add column organisation_id uuid references organisations (id)",
    "alter table outbox add column mailing_id uuid references mailings (id)",
];

const BOTH: &[&str] = &[
    "alter table outbox add column lane integer not null default 1",
    "alter table outbox add column problem text",
    // A dropped mail is `dead` to versions that do not know this column: they do not send it by themselves.
    "alter table outbox add column dropped_at bigint",
    "update outbox set lane = 0 where kind in ('password_reset', 'invitation')",
    "update outbox set lane = 2 where kind = 'announcement'",
    "update outbox set organisation_id = (select c.organisation_id from cases c where c.id = outbox.case_id) \
     where case_id is not null",
    "create index outbox_lane on outbox (state, lane, due_at)",
    "create index outbox_mailing on outbox (mailing_id)",
    "create index mailings_announcement on mailings (announcement_id)",
];
