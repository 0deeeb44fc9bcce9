//! One row that is written to see whether writing works: what `/readyz` says (F1).

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0010_heartbeat"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("create table heartbeat (one integer primary key check (one = 1), at bigint not null)")
            .await?;
        db.execute_unprepared("insert into heartbeat (one, at) values (1, 0)").await?;
        Ok(())
    }
}
