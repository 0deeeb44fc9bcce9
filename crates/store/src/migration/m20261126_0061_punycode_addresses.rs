//! Addresses whose domain is written in letters get the form that new ones have: the domain in punycode and lower case (B16).
//!
//! Two accounts may turn out to be one address. The one that is in punycode already keeps it, since its owner can sign in;
//! the other keeps what it has and stays out of reach, until an administrator corrects or removes it. The same holds for a domain
//! that cannot be written in punycode, and for letters other than ASCII before the `@`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::sql::Sql;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0061_punycode_addresses"
    }
}

#[derive(FromQueryResult)]
struct Address {
    value: String,
    person_id: Uuid,
    email: String,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let backend = db.get_database_backend();
        let sql = Sql::new(
            backend,
            "select i.value, i.person_id, p.email from identities i join people p on p.id = i.person_id \
             where i.kind = 'email'",
        );
        for row in Address::find_by_statement(sql.build()).all(db).await? {
            let (Some(value), Some(email)) = (punycode(&row.value), punycode(&row.email)) else { continue };
            if value == row.value && email == row.email {
                continue;
            }
            if value != row.value {
                let taken = Sql::new(backend, "select person_id from identities where kind = 'email' and value = ")
                    .bind(value.as_str());
                if db.query_one_raw(taken.build()).await?.is_some() {
                    tracing::warn!(user.id = %row.person_id, "another account has this address in punycode already");
                    continue;
                }
                let moved = Sql::new(backend, "update identities set value = ")
                    .bind(value.as_str())
                    .text(" where kind = 'email' and value = ")
                    .bind(row.value.as_str());
                db.execute_raw(moved.build()).await?;
            }
            let written = Sql::new(backend, "update people set email = ")
                .bind(email.as_str())
                .text(" where id = ")
                .bind(row.person_id);
            db.execute_raw(written.build()).await?;
            let queued = Sql::new(backend, "update outbox set recipient = ")
                .bind(email.as_str())
                .text(" where state <> 'sent' and recipient = ")
                .bind(row.email.as_str());
            db.execute_raw(queued.build()).await?;
        }
        Ok(())
    }
}

/// An address with its domain in punycode and lower case; `None` for what has no such form.
fn punycode(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    let domain = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL).ok()?;
    local.is_ascii().then(|| format!("{local}@{domain}"))
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::{ConnectOptions, Database};

    use super::*;
    use crate::migration::Migrator;

    #[test]
    fn a_domain_in_letters_becomes_punycode() {
        assert_eq!(punycode("Kontakt@Müller.example").as_deref(), Some("Kontakt@xn--mller-kva.example"));
        assert_eq!(punycode("ana@example.com").as_deref(), Some("ana@example.com"));
        assert_eq!(punycode("zoé@müller.example"), None);
    }

    /// B16: who has an address of before signs in with it, and gets the mails that wait.
    #[tokio::test]
    async fn b16_stored_addresses_get_the_one_form() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let db = Database::connect(options).await.expect("a database");
        let before = Migrator::migrations().iter().position(|migration| migration.name() == Migration.name());
        let before = <u32 as TryFrom<usize>>::try_from(before.expect("registered")).expect("a few");
        Migrator::up(&db, Some(before)).await.expect("the schema of before");
        for (id, email) in [
            (1, "Kontakt@Müller.example"),
            (2, "twice@müller.example"),
            (3, "twice@xn--mller-kva.example"),
            (4, "zoé@rosier.example"),
            (5, "Ana@Example.com"),
        ] {
            let normalised = email.to_lowercase();
            db.execute_unprepared(&format!(
                "insert into people (id, name, email, created_at) values (x'{id:032x}', 'N', '{email}', 0); \
                 insert into identities (kind, value, person_id) values ('email', '{normalised}', x'{id:032x}'); \
                 insert into outbox (id, idempotency_key, kind, recipient, locale, params, state, due_at, created_at) \
                 values (x'{id:032x}', '{id}', 'invitation', '{email}', 'fr', '{{}}', 'queued', 0, 0)"
            ))
            .await
            .expect("an account of before");
        }
        Migrator::up(&db, None).await.expect("migrated");

        #[derive(FromQueryResult)]
        struct Row {
            value: String,
            email: String,
            recipient: String,
        }
        let sql = Sql::new(
            db.get_database_backend(),
            "select i.value, p.email, o.recipient from people p join identities i on i.person_id = p.id \
             join outbox o on o.id = p.id order by p.id",
        );
        let rows = Row::find_by_statement(sql.build()).all(&db).await.expect("rows");
        let rows: Vec<_> =
            rows.iter().map(|row| [row.value.as_str(), row.email.as_str(), row.recipient.as_str()]).collect();
        let kontakt = "Kontakt@xn--mller-kva.example";
        let twice = "twice@xn--mller-kva.example";
        assert_eq!(rows[0], ["kontakt@xn--mller-kva.example", kontakt, kontakt]);
        assert_eq!(rows[1][0], "twice@müller.example", "another account has the address");
        assert_eq!(rows[2], [twice, twice, twice]);
        assert_eq!(rows[3][0], "zoé@rosier.example", "for somebody to correct");
        assert_eq!(rows[4], ["ana@example.com", "Ana@example.com", "Ana@example.com"]);
    }
}
