//! Full text: FTS5 on SQLite, a generated `tsvector` on PostgreSQL; the visibility is part of the query, never a filter
//! after it.

use domain::CaseId;
use sea_orm::{ConnectionTrait, DbBackend};

use crate::{Reads, StoreError, Tx, sql::Sql};

/// Makes the words a user typed searchable: letters and digits only, each word a prefix, all of them wanted. Nothing of
/// the query language of either database gets through (soft-track #85: `"foo AND bar` was a 500).
fn words(typed: &str) -> Vec<String> {
    typed
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(8)
        .map(|word| word.chars().take(60).collect::<String>().to_lowercase())
        .collect()
}

/// The query in the language of the database, or `None` when nothing searchable was typed.
pub(crate) fn match_expression(backend: DbBackend, typed: &str) -> Option<String> {
    let words = words(typed);
    if words.is_empty() {
        return None;
    }
    Some(match backend {
        DbBackend::Postgres => words.iter().map(|word| format!("{word}:*")).collect::<Vec<_>>().join(" & "),
        _ => words.iter().map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" "),
    })
}

/// Goes on with `c.id in (cases whose text matches)`. Notes are looked at for those who read them only.
///
/// A case is found when one of its texts has all the words. At most 2,000 texts are looked at, the newest first: enough
/// for any page, and a common word costs what a rare one does.
pub(crate) fn matching(sql: Sql, expression: String, notes: bool) -> Sql {
    let sql = match sql.backend() {
        DbBackend::Postgres => sql
            .text("c.id in (select d.case_id from search_documents d where d.words @@ to_tsquery('simple', ")
            .bind(expression)
            .text(")"),
        _ => sql
            .text(
                "c.id in (select d.case_id from search_index i join search_documents d on d.id = i.rowid \
                 where search_index match ",
            )
            .bind(expression),
    };
    let sql = if notes { sql } else { sql.text(" and d.internal = ").bind(false) };
    match sql.backend() {
        DbBackend::Postgres => sql.text(" order by d.id desc limit 2000)"),
        _ => sql.text(" order by i.rowid desc limit 2000)"),
    }
}

/// Makes a text of a case searchable.
pub async fn insert(tx: &Tx, case: CaseId, internal: bool, body: &str) -> Result<(), StoreError> {
    let backend = tx.connection().get_database_backend();
    let sql = Sql::new(backend, "insert into search_documents (case_id, internal, body) values (")
        .bind(case.uuid())
        .text(", ")
        .bind(internal)
        .text(", ")
        .bind(body)
        .text(")");
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_type_is_never_query_language() {
        assert_eq!(match_expression(DbBackend::Sqlite, "\"foo AND bar").as_deref(), Some("\"foo\"* \"and\"* \"bar\"*"));
        assert_eq!(
            match_expression(DbBackend::Postgres, "a'; drop & (x|!y)").as_deref(),
            Some("a:* & drop:* & x:* & y:*")
        );
        assert_eq!(match_expression(DbBackend::Sqlite, " *-() "), None);
    }
}
