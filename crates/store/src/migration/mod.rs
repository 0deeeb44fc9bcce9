//! Migrations: forward only, each in one transaction (sea-orm #3136: they are not by themselves on SQLite).

use sea_orm_migration::prelude::*;

mod m20261123_0001_first_tables;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261123_0001_first_tables::Migration)]
    }
}
