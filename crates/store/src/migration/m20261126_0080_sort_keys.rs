//! The key that orders a name as a dictionary does, beside the name: companies, people, and members as their company sees
//! them. PostgreSQL compares it byte by byte, as SQLite does, whatever the collation of the database.

use domain::text::sort_key;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use crate::sql::Sql;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0080_sort_keys"
    }
}

#[derive(FromQueryResult)]
struct Named {
    id: Uuid,
    name: String,
}

/// A table whose rows have names.
struct Table {
    add: [&'static str; 2],
    select: &'static str,
    /// Before and after the keys.
    update: [&'static str; 2],
    index: &'static str,
}

const TABLES: [Table; 3] = [
    Table {
        add: [
            "alter table organisations add column sort_key text not null default ''",
            "alter table organisations add column sort_key text collate \"C\" not null default ''",
        ],
        select: "select id, name from organisations",
        update: [
            "with keys (id, sort_key) as (values ",
            ") update organisations set sort_key = (select k.sort_key from keys k where k.id = organisations.id) \
             where id in (select k.id from keys k)",
        ],
        index: "create index organisations_sorted on organisations (sort_key, id)",
    },
    Table {
        add: [
            "alter table people add column sort_key text not null default ''",
            "alter table people add column sort_key text collate \"C\" not null default ''",
        ],
        select: "select id, name from people",
        update: [
            "with keys (id, sort_key) as (values ",
            ") update people set sort_key = (select k.sort_key from keys k where k.id = people.id) \
             where id in (select k.id from keys k)",
        ],
        index: "create index people_sorted on people (sort_key, id)",
    },
    Table {
        add: [
            "alter table memberships add column sort_key text not null default ''",
            "alter table memberships add column sort_key text collate \"C\" not null default ''",
        ],
        select: "select id, name from memberships",
        update: [
            "with keys (id, sort_key) as (values ",
            ") update memberships set sort_key = (select k.sort_key from keys k where k.id = memberships.id) \
             where id in (select k.id from keys k)",
        ],
        index: "create index memberships_sorted on memberships (organisation_id, sort_key, id)",
    },
];

/// Rows in one statement: two values each.
const CHUNK: usize = 500;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let backend = db.get_database_backend();
        for Table { add: [sqlite, postgres], select, update: [before, after], index } in TABLES {
            db.execute_unprepared(if backend == DbBackend::Postgres { postgres } else { sqlite }).await?;
            let rows = Named::find_by_statement(Sql::new(backend, select).build()).all(db).await?;
            for rows in rows.chunks(CHUNK) {
                let mut sql = Sql::new(backend, before);
                for (place, row) in rows.iter().enumerate() {
                    sql = sql.text(if place == 0 { "(" } else { ", (" }).bind(row.id).text(", ");
                    sql = sql.bind(sort_key(&row.name)).text(")");
                }
                db.execute_raw(sql.text(after).build()).await?;
            }
            db.execute_unprepared(index).await?;
        }
        Ok(())
    }
}
