//! Billing and technical contacts of contracts are records, not users (D7): those that an import made members take no
//! access into the next version, unless they have come in already or somebody gave them another role.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0051_contacts_without_access"
    }
}

/// The same on SQLite and PostgreSQL. First the role that the import gave for the contract alone, then, of people who hold
/// or held no other role in the company, invitations and membership. The person and the contract's contact stay.
const STATEMENTS: &[&str] = &[
    "delete from role_grants where role = 'contract_contact' and source = 'import' and revoked_at is null \
     and not exists (select 1 from people p where p.id = role_grants.person_id \
         and (p.password_hash is not null or p.last_seen_at is not null)) \
     and exists (select 1 from contract_contacts cc join contracts c on c.id = cc.contract_id \
         where cc.person_id = role_grants.person_id and c.organisation_id = role_grants.organisation_id) \
     and not exists (select 1 from contract_contacts cc join contracts c on c.id = cc.contract_id \
         where cc.person_id = role_grants.person_id and c.organisation_id = role_grants.organisation_id \
         and cc.kind in ('owner', 'deployment'))",
    "delete from invitations where accepted_at is null \
     and exists (select 1 from memberships m where m.person_id = invitations.person_id \
         and m.organisation_id = invitations.organisation_id and m.source = 'import' \
         and m.state in ('known', 'invited') and m.activated_at is null) \
     and not exists (select 1 from role_grants g where g.person_id = invitations.person_id \
         and g.organisation_id = invitations.organisation_id) \
     and exists (select 1 from contract_contacts cc join contracts c on c.id = cc.contract_id \
         where cc.person_id = invitations.person_id and c.organisation_id = invitations.organisation_id)",
    "delete from memberships where source = 'import' and state in ('known', 'invited') and activated_at is null \
     and not exists (select 1 from role_grants g where g.person_id = memberships.person_id \
         and g.organisation_id = memberships.organisation_id) \
     and exists (select 1 from contract_contacts cc join contracts c on c.id = cc.contract_id \
         where cc.person_id = memberships.person_id and c.organisation_id = memberships.organisation_id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, Statement};

    use super::*;
    use crate::migration::Migrator;

    /// D7: of four contacts the one who is nothing but a billing contact, and has not come in, loses what an import gave.
    #[tokio::test]
    async fn d7_only_contacts_without_another_role_lose_their_access() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let db = Database::connect(options).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        let run = async |sql: String| db.execute_unprepared(&sql).await.unwrap();
        let id = |n: u8| format!("x'{}'", format!("{n:02x}").repeat(16));
        let (company, contract) = (id(200), id(201));
        run(format!("insert into organisations (id, name, folded, created_at) values ({company}, 'A', 'a', 0)")).await;
        run(format!("insert into contracts (id, organisation_id, number, plan, created_at) values ({contract}, {company}, 'C', 'p', 0)")).await;
        let people = [(1, "billing", "null"), (2, "billing", "'hash'"), (3, "owner", "null"), (4, "technical", "null")];
        for (n, kind, hash) in people {
            let person = id(n);
            run(format!("insert into people (id, name, email, password_hash, created_at) values ({person}, 'P', 'p{n}', {hash}, 0)")).await;
            run(format!(
                "insert into contract_contacts (contract_id, person_id, kind) values ({contract}, {person}, 'billing')"
            ))
            .await;
            if kind != "billing" {
                run(format!("insert into contract_contacts (contract_id, person_id, kind) values ({contract}, {person}, '{kind}')")).await;
            }
            run(format!("insert into memberships (id, person_id, organisation_id, name, state, source, created_at) values ({}, {person}, {company}, 'P', 'invited', 'import', 0)", id(n + 20))).await;
            run(format!("insert into invitations (id, person_id, organisation_id, version, created_at, expires_at) values ({}, {person}, {company}, 1, 0, 0)", id(n + 40))).await;
            let grant = |n: u8, role: &str| {
                format!(
                    "insert into role_grants (id, person_id, role, organisation_id, all_products, source, granted_at) values ({}, {person}, '{role}', {company}, true, 'import', 0)",
                    id(n)
                )
            };
            run(grant(n + 60, "contract_contact")).await;
            if n == 4 {
                run(grant(n + 80, "support_user")).await;
            }
        }
        for statement in STATEMENTS {
            run((*statement).to_owned()).await;
        }
        let count = async |table: &str| {
            let sql = format!("select count(*) as n from {table} where person_id is not null");
            let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap().unwrap();
            row.try_get::<i64>("", "n").unwrap()
        };
        assert_eq!(count("role_grants").await, 3, "signed in, owner, the technical contact's role as a user");
        assert_eq!((count("memberships").await, count("invitations").await), (3, 3));
        assert_eq!(count("contract_contacts").await, 6, "the contract still names them");
    }
}
