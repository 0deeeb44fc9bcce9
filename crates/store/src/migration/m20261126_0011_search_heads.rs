//! Which text of a case is its head: numbers, title and requestor (B27, B28). A case without one was indexed by an older
//! version, and is indexed anew by the server (`store::search::reindex`).

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0011_search_heads"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("alter table search_documents add column head boolean not null default false").await?;
        // A search by the name of a product.
        db.execute_unprepared("create index cases_product on cases (product_id, updated_at desc, id desc)").await?;
        Ok(())
    }
}
