//! Full text: FTS5 on SQLite, a `tsvector` on PostgreSQL. What is indexed is folded ([`domain::text::words`]), so that both
//! find the same, whatever their own ideas of letters are. The company of a text is indexed beside its words: a customer's
//! search looks at the company's texts only, however many others there are.

use std::collections::HashMap;

use domain::{
    CaseId, OrganisationId,
    access::{CaseScope, CaseVisibility},
    text::words,
};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use crate::{Reads, StoreError, Tx, sql::Sql};

/// How many matching texts are looked at, the newest first: enough for any page, and a common word costs what a rare one
/// does.
const LOOKED_AT: i64 = 20_000;

/// The company of a text as a word: begins with a letter, or PostgreSQL might read a number.
fn company_word(organisation: OrganisationId) -> String {
    format!("c{}", organisation.uuid().simple())
}

/// What a user typed, as a query in the language of the database, or `None` when nothing searchable was typed: each word a
/// prefix, all of them wanted, at most eight. Nothing of the query language gets through (soft-track #85: `"foo AND bar`
/// was a 500).
pub(crate) fn match_expression(backend: DbBackend, visibility: &CaseVisibility, typed: &str) -> Option<String> {
    let companies: Vec<String> = visibility
        .scopes()
        .iter()
        .filter_map(|scope| match scope {
            CaseScope::Everything => None,
            CaseScope::Organisation { organisation, .. } => Some(company_word(*organisation)),
        })
        .collect();
    expression(backend, &companies, typed)
}

fn expression(backend: DbBackend, companies: &[String], typed: &str) -> Option<String> {
    let wanted: Vec<String> = words(typed).take(8).collect();
    if wanted.is_empty() {
        return None;
    }
    // Companies are looked for in their own column (on PostgreSQL: weight A), so that no word finds them by accident.
    Some(match backend {
        DbBackend::Postgres => {
            let wanted = wanted.iter().map(|word| format!("{word}:*B")).collect::<Vec<_>>().join(" & ");
            match companies {
                [] => wanted,
                some => {
                    let some = some.iter().map(|word| format!("{word}:A")).collect::<Vec<_>>().join(" | ");
                    format!("({some}) & {wanted}")
                }
            }
        }
        _ => {
            let wanted = wanted.iter().map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" AND ");
            match companies {
                [] => format!("folded : ({wanted})"),
                some => format!("company : ({}) AND folded : ({wanted})", some.join(" OR ")),
            }
        }
    })
}

/// Goes on with `c.id in (cases c whose text matches and that `narrow` keeps)`. `narrow` writes the conditions of the
/// list, visibility among them: they hold while texts are picked, not afterwards. Notes are looked at for those who read
/// them only.
pub(crate) fn matching(sql: Sql, expression: String, notes: bool, narrow: impl FnOnce(Sql) -> Sql) -> Sql {
    let sql = sql.text("c.id in (select d.case_id from (select d.case_id from search_documents d");
    let sql = match sql.backend() {
        DbBackend::Postgres => sql.text(" where d.words @@ to_tsquery('simple', ").bind(expression).text(")"),
        _ => sql.text(" join search_index i on i.rowid = d.id where search_index match ").bind(expression),
    };
    let sql = if notes { sql } else { sql.text(" and d.internal = ").bind(false) };
    let sql = match sql.backend() {
        DbBackend::Postgres => sql.text(" order by d.id desc limit "),
        _ => sql.text(" order by i.rowid desc limit "),
    };
    let sql = sql.bind(LOOKED_AT).text(") d join cases c on c.id = d.case_id where ");
    narrow(sql).text(")")
}

/// Makes a text of a case searchable.
pub async fn insert(tx: &Tx, case: CaseId, internal: bool, body: &str) -> Result<(), StoreError> {
    insert_all(tx, &[(case, internal, body)]).await
}

/// The same for many texts; the cases are there already.
pub(crate) async fn insert_all(tx: &Tx, texts: &[(CaseId, bool, &str)]) -> Result<(), StoreError> {
    const CHUNK: usize = 500;
    #[derive(FromQueryResult)]
    struct Owner {
        id: Uuid,
        organisation_id: Uuid,
    }
    let backend = tx.connection().get_database_backend();
    for chunk in texts.chunks(CHUNK) {
        let owners = Sql::new(backend, "select id, organisation_id from cases where id in ")
            .bind_all(chunk.iter().map(|(case, ..)| case.uuid()));
        let owners: HashMap<Uuid, Uuid> = Owner::find_by_statement(owners.build())
            .all(tx.connection())
            .await?
            .into_iter()
            .map(|row| (row.id, row.organisation_id))
            .collect();
        let mut sql = Sql::new(backend, "insert into search_documents (case_id, internal, company, folded) values ");
        for (index, (case, internal, body)) in chunk.iter().enumerate() {
            let owner = owners.get(&case.uuid()).ok_or(StoreError::NotFound)?;
            let folded = folded(body);
            sql = sql.text(if index == 0 { "(" } else { ", (" });
            sql = sql.bind(case.uuid()).text(", ").bind(*internal).text(", ");
            sql = sql.bind(company_word((*owner).into())).text(", ").bind(folded).text(")");
        }
        tx.connection().execute_raw(sql.build()).await?;
    }
    Ok(())
}

/// Forgets a text of a case.
pub(crate) async fn delete(tx: &Tx, case: CaseId, body: &str) -> Result<(), StoreError> {
    let backend = tx.connection().get_database_backend();
    let sql = Sql::new(backend, "delete from search_documents where case_id = ")
        .bind(case.uuid())
        .text(" and folded = ")
        .bind(folded(body));
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}

fn folded(body: &str) -> String {
    words(body).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_type_is_never_query_language() {
        assert_eq!(
            expression(DbBackend::Sqlite, &[], "\"foo AND bar").as_deref(),
            Some("folded : (\"foo\"* AND \"and\"* AND \"bar\"*)")
        );
        assert_eq!(
            expression(DbBackend::Sqlite, &["c1".into(), "c2".into()], "Été").as_deref(),
            Some("company : (c1 OR c2) AND folded : (\"ete\"*)")
        );
        assert_eq!(
            expression(DbBackend::Postgres, &["c1".into()], "a'; drop & (x|!y)").as_deref(),
            Some("(c1:A) & a:*B & drop:*B & x:*B & y:*B")
        );
        assert_eq!(expression(DbBackend::Sqlite, &[], " *-() "), None);
    }
}
