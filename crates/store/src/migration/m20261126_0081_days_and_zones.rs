//! When a person's time zone became known, and the last day of a role as it was typed: the moment follows from it and the
//! zone of the company, the day does not follow from the moment. So far both were days in UTC.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0081_days_and_zones"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = db.get_database_backend() == DbBackend::Postgres;
        db.execute_unprepared("alter table people add column zone_known_at bigint").await?;
        db.execute_unprepared("alter table role_grants add column until_on text").await?;
        db.execute_unprepared(if postgres {
            "update role_grants set until_on = to_char(to_timestamp((until_at - 1) / 1000000) at time zone 'UTC', 'YYYY-MM-DD') \
             where until_at is not null"
        } else {
            "update role_grants set until_on = date((until_at - 1) / 1000000, 'unixepoch') where until_at is not null"
        })
        .await?;
        Ok(())
    }
}
