//! Migrations: forward only, each in one transaction (sea-orm #3136: they are not by themselves on SQLite).

use sea_orm_migration::prelude::*;

mod m20261123_0001_first_tables;
mod m20261126_0010_heartbeat;
mod m20261126_0011_search_heads;
mod m20261126_0030_resets_and_checks;
mod m20261126_0040_forms;
mod m20261126_0050_import_sources;
mod m20261126_0051_contacts_without_access;
mod m20261126_0060_invitations_sent;
mod m20261126_0061_punycode_addresses;
mod m20261126_0070_mailings;
mod m20261126_0080_sort_keys;
mod m20261126_0081_days_and_zones;
mod m20261126_0082_opening_spans;
mod m20261126_0110_announcement_images;
mod m20261126_0111_announcement_previews;
mod m20261126_0130_no_submissions;
mod m20261126_0140_address_changes;
mod m20261126_0160_announcement_mails;
mod m20261126_0200_access_versions;
mod script;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_0001_first_tables::Migration),
            Box::new(m20261126_0010_heartbeat::Migration),
            Box::new(m20261126_0011_search_heads::Migration),
            Box::new(m20261126_0030_resets_and_checks::Migration),
            Box::new(m20261126_0040_forms::Migration),
            Box::new(m20261126_0050_import_sources::Migration),
            Box::new(m20261126_0051_contacts_without_access::Migration),
            Box::new(m20261126_0060_invitations_sent::Migration),
            Box::new(m20261126_0061_punycode_addresses::Migration),
            Box::new(m20261126_0070_mailings::Migration),
            Box::new(m20261126_0080_sort_keys::Migration),
            Box::new(m20261126_0081_days_and_zones::Migration),
            Box::new(m20261126_0082_opening_spans::Migration),
            Box::new(m20261126_0110_announcement_images::MIGRATION),
            Box::new(m20261126_0111_announcement_previews::MIGRATION),
            Box::new(m20261126_0130_no_submissions::MIGRATION),
            Box::new(m20261126_0140_address_changes::MIGRATION),
            Box::new(m20261126_0160_announcement_mails::MIGRATION),
            Box::new(m20261126_0200_access_versions::MIGRATION),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use sea_orm_migration::{
        MigratorTrait,
        sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, FromQueryResult},
    };
    use uuid::Uuid;

    use super::Migrator;
    use crate::sql::Sql;

    #[derive(Debug, FromQueryResult, PartialEq)]
    struct Text {
        text: String,
    }

    async fn texts(db: &DatabaseConnection, select: &'static str) -> Vec<String> {
        let rows = Text::find_by_statement(Sql::new(db.get_database_backend(), select).build()).all(db).await;
        rows.expect("rows").into_iter().map(|row| row.text).collect()
    }

    /// A database as the first version left it, with rows in it.
    async fn rows_of_the_first_version_are_brought_along(db: DatabaseConnection) {
        Migrator::up(&db, Some(1)).await.expect("the first tables");
        let id = Uuid::from_u128;
        let insert = async |sql: Sql| db.execute_raw(sql.build()).await.map(|_| ()).expect("a row");
        let begin = |text| Sql::new(db.get_database_backend(), text);
        for (number, name) in [(1, "Zoé"), (2, "Élodie"), (3, "aaron")] {
            let sql = begin("insert into organisations (id, name, folded, created_at) values (").bind(id(number));
            insert(sql.text(", ").bind(name).text(", '', 0)")).await;
        }
        insert(
            begin("insert into people (id, name, email, created_at) values (").bind(id(4)).text(", 'Émile', 'e', 0)"),
        )
        .await;
        insert(
            begin("insert into role_grants (id, person_id, role, all_products, source, granted_at, until_at) values (")
                .bind(id(5))
                .text(", ")
                .bind(id(4))
                .text(", 'agent', ")
                .bind(true)
                // The end of the 2nd of March 2026 in UTC.
                .text(", 'added', 0, 1772496000000000)"),
        )
        .await;
        insert(begin(
            "insert into phone_lines (region, position, number, languages, hours) values ('emea', 0, '+33', 'fr', \
             '{\"zone\":\"Europe/Paris\",\"week\":[[\"09:00:00\",\"17:30:00\"],null,null,null,null,null,null],\"holidays\":[]}')",
        ))
        .await;
        for (key, id) in [("demo-case-3", id(6)), ("a form's key", id(7))] {
            let sql = begin("insert into submissions (actor_id, key, object_id, created_at) values (").bind(id);
            insert(sql.text(", ").bind(key).text(", ").bind(id).text(", 0)")).await;
        }

        Migrator::up(&db, None).await.expect("the other migrations");
        assert_eq!(texts(&db, "select legacy_id as text from legacy_ids where kind = 'demo'").await, ["demo-case-3"]);
        let names = texts(&db, "select name as text from organisations order by sort_key").await;
        assert_eq!(names, ["aaron", "Élodie", "Zoé"]);
        assert_eq!(texts(&db, "select sort_key as text from people").await, [domain::text::sort_key("Émile")]);
        assert_eq!(texts(&db, "select until_on as text from role_grants").await, ["2026-03-02"]);
        let hours = texts(&db, "select hours as text from phone_lines").await;
        let hours: domain::calls::Hours = serde_json::from_str(&hours[0]).expect("hours of today");
        assert_eq!(hours.week[0].iter().map(ToString::to_string).collect::<Vec<_>>(), ["09:00-17:30"]);
        assert!(hours.week[1].is_empty());
    }

    #[tokio::test]
    async fn rows_of_the_first_version_are_brought_along_on_sqlite() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        rows_of_the_first_version_are_brought_along(Database::connect(options).await.expect("a database")).await;
    }

    #[tokio::test]
    async fn rows_of_the_first_version_are_brought_along_on_postgres() {
        let Ok(server) = std::env::var("GUICHET_TEST_POSTGRES") else { return };
        let name = format!("m_{:x}", RandomState::new().hash_one("migration"));
        let url = crate::admin::create_database(&server, &name).await.expect("a database");
        rows_of_the_first_version_are_brought_along(Database::connect(url).await.expect("a database")).await;
    }
}
