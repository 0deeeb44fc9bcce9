//! Checks that the stored data is what was written, as far as reading can tell (F12). Each check returns what is wrong, in
//! words for an operator; an empty list means that all is well.
//!
//! SQLite keeps no checksum of its pages: a changed byte is found where it breaks a page, an index, a constraint, a
//! reference, the encoding or type of a value, the chain of the ledger, or a value that is stored twice (texts and the words
//! that find them, names and their folded form, addresses). A letter that became another one in a text stored only once
//! cannot be detected by reading.

use std::collections::{HashMap, HashSet};

use domain::text::{EmailAddress, fold, sort_key};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use crate::{Db, Reads, StoreError, search as index, sql::Sql};

/// Rows of a table that one statement reads.
const PAGE: i64 = 200;

#[derive(FromQueryResult)]
struct Line {
    line: String,
}

/// Checks the pages, indexes and constraints of SQLite; PostgreSQL looks after its own, and [`values`] reads every row of
/// it.
pub async fn pages(db: &Db) -> Result<Vec<String>, StoreError> {
    if !db.is_sqlite() {
        return Ok(Vec::new());
    }
    let sql = Sql::new(DbBackend::Sqlite, "select integrity_check as line from pragma_integrity_check");
    let lines = Line::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(lines.into_iter().map(|line| line.line).filter(|line| line != "ok").collect())
}

/// Finds rows that refer to missing ones.
pub async fn references(db: &Db) -> Result<Vec<String>, StoreError> {
    if !db.is_sqlite() {
        return Ok(Vec::new());
    }
    let sql = Sql::new(
        DbBackend::Sqlite,
        "select count(*) || ' of ' || \"table\" || ' refer to missing rows of ' || parent as line \
         from pragma_foreign_key_check group by \"table\", parent",
    );
    let lines = Line::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(lines.into_iter().map(|line| line.line).collect())
}

/// Checks every value of every table: its type, the encoding of text, and what is stored in two forms.
pub async fn values(db: &Db) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    if db.is_sqlite() {
        let sql = Sql::new(
            DbBackend::Sqlite,
            "select name as line from sqlite_schema where type = 'table' and name not like 'sqlite_%' \
             and name <> 'search_index' and name not like 'search_index_%' order by name",
        );
        for table in Line::find_by_statement(sql.build()).all(db.connection()).await? {
            match table_values(db, &table.line).await {
                Ok(found) => problems.extend(found),
                Err(error) => problems.push(format!("{}: {error}", table.line)),
            }
        }
    }
    problems.extend(names(db).await?);
    problems.extend(sort_keys(db).await?);
    problems.extend(addresses(db).await?);
    Ok(problems)
}

/// Checks the values of one table of SQLite, whose columns may hold any type, whatever they were declared as.
async fn table_values(db: &Db, table: &str) -> Result<Vec<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Column {
        name: String,
        kind: String,
    }
    let sql =
        Sql::new(DbBackend::Sqlite, "select name, lower(type) as kind from pragma_table_info(").bind(table).text(")");
    let columns = Column::find_by_statement(sql.build()).all(db.connection()).await?;
    // Names of tables and columns come from the migrations.
    let shown: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| format!("typeof(\"{0}\") as t{place}, cast(\"{0}\" as blob) as v{place}", column.name))
        .collect();
    let mut problems = Vec::new();
    let mut after = i64::MIN;
    loop {
        let sql = format!(
            "select rowid as place, {} from \"{table}\" where rowid > {after} order by rowid limit {PAGE}",
            shown.join(", ")
        );
        let rows = db.connection().query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
        for row in &rows {
            after = row.try_get("", "place")?;
            for (place, column) in columns.iter().enumerate() {
                let kind: String = row.try_get("", &format!("t{place}"))?;
                let expected = match column.kind.as_str() {
                    "text" | "varchar" => "text",
                    "blob" => "blob",
                    _ => "integer",
                };
                if kind == "null" {
                    continue;
                }
                let bytes: Vec<u8> = row.try_get("", &format!("v{place}"))?;
                if kind != expected {
                    problems.push(format!("{table}, row {after}: {} is {kind}, not {expected}", column.name));
                } else if expected == "text" && std::str::from_utf8(&bytes).is_err() {
                    problems.push(format!("{table}, row {after}: {} is not valid UTF-8", column.name));
                }
            }
        }
        if rows.is_empty() {
            return Ok(problems);
        }
    }
}

/// Compares the names of companies with the form that searches use.
async fn names(db: &Db) -> Result<Vec<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
        folded: String,
    }
    let sql =
        Sql::new(db.connection().get_database_backend(), "select id, name, folded from organisations order by id");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    let wrong = rows.into_iter().filter(|row| fold(&row.name) != row.folded);
    Ok(wrong.map(|row| format!("organisations: the name of {} differs from its searchable form", row.id)).collect())
}

/// Compares names with the keys that lists are ordered by.
async fn sort_keys(db: &Db) -> Result<Vec<String>, StoreError> {
    const TABLES: [(&str, &str); 3] = [
        ("organisations", "select id, name, sort_key from organisations order by id"),
        ("people", "select id, name, sort_key from people order by id"),
        ("memberships", "select id, name, sort_key from memberships order by id"),
    ];
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
        sort_key: String,
    }
    let mut problems = Vec::new();
    for (table, text) in TABLES {
        let sql = Sql::new(db.connection().get_database_backend(), text);
        let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
        let wrong = rows.into_iter().filter(|row| sort_key(&row.name) != row.sort_key);
        problems.extend(wrong.map(|row| format!("{table}: the name of {} differs from what lists sort it by", row.id)));
    }
    Ok(problems)
}

/// Compares the addresses of people with the form they sign in with.
async fn addresses(db: &Db) -> Result<Vec<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        email: String,
        value: Option<String>,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select p.id, p.email, n.value from people p left join identities n on n.person_id = p.id and n.kind = 'email'",
    );
    let mut known: HashMap<Uuid, (String, HashSet<String>)> = HashMap::new();
    for row in Row::find_by_statement(sql.build()).all(db.connection()).await? {
        known.entry(row.id).or_insert_with(|| (row.email, HashSet::new())).1.extend(row.value);
    }
    // An address that the migration of B16 could not bring into the present form keeps its old one.
    let wrong = known.into_iter().filter(|(_, (email, values))| {
        let known = EmailAddress::parse(email).is_ok_and(|email| values.contains(&email.normalised()));
        !values.is_empty() && !known && !values.contains(&email.to_lowercase())
    });
    Ok(wrong.map(|(id, _)| format!("people: the address of {id} differs from the one to sign in with")).collect())
}

/// Compares the search texts with the cases, and the index of words with the search texts.
pub async fn search(db: &Db) -> Result<Vec<String>, StoreError> {
    let wrong = index::list_wrong(db).await?;
    let mut problems: Vec<String> =
        wrong.iter().map(|case| format!("the search texts of case {case} differ from the case")).collect();
    if index::is_old(db).await? {
        problems = vec!["some cases have not been indexed by this version yet; the server does that".to_owned()];
    }
    if db.is_sqlite() {
        problems.extend(words(db).await?);
    }
    Ok(problems)
}

/// Compares the words of the texts with the words of the index. ASCII words only: SQLite splits others by its own rules.
async fn words(db: &Db) -> Result<Vec<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Text {
        id: i64,
        company: String,
        folded: String,
    }
    #[derive(FromQueryResult)]
    struct Word {
        term: Vec<u8>,
        cnt: i64,
    }
    let mut written: HashMap<String, i64> = HashMap::new();
    // Parts of non-ASCII words that SQLite may index as words.
    let mut perhaps: HashSet<String> = HashSet::new();
    let mut after = i64::MIN;
    loop {
        let sql = Sql::new(DbBackend::Sqlite, "select id, company, folded from search_documents where id > ")
            .bind(after)
            .text(" order by id limit ")
            .bind(PAGE);
        let rows = Text::find_by_statement(sql.build()).all(db.connection()).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for word in rows.iter().flat_map(|row| row.folded.split(' ').chain([row.company.as_str()])) {
            if word.is_ascii() {
                *written.entry(word.to_owned()).or_default() += 1;
            } else {
                perhaps.extend(word.split(|c: char| !c.is_ascii()).map(ToOwned::to_owned));
            }
        }
    }
    written.remove("");
    // One connection; the temporary table goes with the transaction.
    let moment = db.snapshot().await?;
    moment
        .connection()
        .execute_unprepared("create virtual table temp.indexed_words using fts5vocab('main', 'search_index', 'row')")
        .await?;
    let sql = Sql::new(DbBackend::Sqlite, "select cast(term as blob) as term, cnt from temp.indexed_words");
    let indexed = Word::find_by_statement(sql.build()).all(moment.connection()).await?;
    drop(moment);
    let mut wrong = 0;
    for Word { term, cnt } in indexed {
        let Ok(term) = String::from_utf8(term) else {
            wrong += 1;
            continue;
        };
        if !term.is_ascii() {
            continue;
        }
        let expected = written.remove(&term).unwrap_or_default();
        wrong += u64::from(cnt < expected || (cnt > expected && !perhaps.contains(&term)));
    }
    // The index lacks the words that are left.
    wrong += written.len() as u64;
    Ok(if wrong == 0 { Vec::new() } else { vec![format!("{wrong} words of the search index differ from the texts")] })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use domain::{
        CaseId, PersonId,
        access::{Actor, Grant, Reach, Role, policy},
        cases::CaseFilter,
        locale::Locale,
    };
    use jiff::Timestamp;

    use super::*;
    use crate::{cases, write_tx};

    const A: u128 = 0xa;
    const B: u128 = 0xb;

    fn id(number: u128) -> String {
        format!("x'{number:032x}'")
    }

    /// A database with a company, a person and two cases with an entry each, as a version without heads indexed them.
    async fn open() -> (tempfile::TempDir, PathBuf, Db) {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("guichet.db");
        let db = Db::open(&Db::sqlite_url(&file)).await.expect("a database");
        db.migrate().await.expect("migrated");
        let (organisation, person) = (id(1), id(2));
        let mut rows = vec![
            format!(
                "insert into organisations (id, name, folded, sort_key, created_at) \
                 values ({organisation}, 'Énergie', 'energie', '{}', 1)",
                sort_key("Énergie")
            ),
            format!(
                "insert into people (id, name, email, sort_key, created_at) \
                 values ({person}, 'Ana Énaud', 'Ana@example.com', '{}', 1)",
                sort_key("Ana Énaud")
            ),
            format!("insert into identities (kind, value, person_id) values ('email', 'ana@example.com', {person})"),
        ];
        for (case, number, status) in [(A, 41, "in_progress"), (B, 42, "closed")] {
            let case = id(case);
            rows.push(format!(
                "insert into cases (id, number, organisation_id, requestor_id, requestor_name, title, status, priority, channel, \
                 opened_at, updated_at) values ({case}, 'GUI-0000000{number}', {organisation}, {person}, 'Ana', 'Le VPN', \
                 '{status}', 'p2', 'web', 1, {number})"
            ));
            rows.push(format!(
                "insert into case_entries (id, case_id, kind, side, author_name, body, at, imported) \
                 values ({case}, {case}, 'message', 'customer', 'Ana', 'Depuis lundi.', 1, 0)"
            ));
            rows.push(format!(
                "insert into search_documents (case_id, internal, company, folded) \
                 values ({case}, 0, 'c{:032x}', 'depuis lundi')",
                1
            ));
        }
        let tx = write_tx(&db).await.expect("a transaction");
        for row in rows {
            tx.connection().execute_unprepared(&row).await.expect("a row");
        }
        tx.commit().await.expect("written");
        (directory, file, db)
    }

    async fn reindex(db: &Db) {
        let mut after = None;
        loop {
            let tx = write_tx(db).await.expect("a transaction");
            after = index::reindex(&tx, after).await.expect("indexed");
            tx.commit().await.expect("written");
            if after.is_none() {
                return;
            }
        }
    }

    async fn found(db: &Db, filter: &CaseFilter) -> Vec<String> {
        let person = PersonId::from(Uuid::from_u128(2));
        let role = Role::Agent;
        let grant = Grant {
            id: Uuid::from_u128(3).into(),
            role,
            organisation: None,
            products: None,
            reach: Reach::Organisation,
            until: None,
            permissions: role.permissions().to_vec(),
        };
        let actor = Actor {
            person,
            name: "Omar".into(),
            email: "omar@nordlys.example".into(),
            locale: Locale::Fr,
            zone: "UTC".into(),
            zone_known: true,
            memberships: Vec::new(),
            grants: vec![grant],
        };
        let visibility = policy::case_visibility(&actor, Timestamp::UNIX_EPOCH);
        let page = cases::list(db, &visibility, filter, person, None).await.expect("a list");
        page.rows.into_iter().map(|row| row.number).collect()
    }

    async fn all(db: &Db) -> Vec<String> {
        let mut problems = Vec::new();
        for checked in [pages(db).await, references(db).await, values(db).await, search(db).await] {
            problems.extend(checked.unwrap_or_else(|error| vec![error.to_string()]));
        }
        problems
    }

    #[tokio::test]
    async fn cases_of_an_older_version_are_indexed_anew() {
        let (_directory, _file, db) = open().await;
        let filter = CaseFilter { search: "42 lundi".into(), ..CaseFilter::default() };
        assert!(index::is_old(&db).await.expect("looked"));
        assert_eq!(found(&db, &filter).await, Vec::<String>::new());
        reindex(&db).await;
        assert!(!index::is_old(&db).await.expect("looked"));
        assert_eq!(found(&db, &filter).await, ["GUI-000000042"]);
        assert_eq!(all(&db).await, Vec::<String>::new());
    }

    /// B11: however many newer texts hold the word.
    #[tokio::test]
    async fn b11_search_has_no_silent_end() {
        let (_directory, _file, db) = open().await;
        reindex(&db).await;
        let tx = write_tx(&db).await.expect("a transaction");
        let case = CaseId::from(Uuid::from_u128(B));
        index::insert_texts(&tx, &vec![(case, false, "le vpn"); 20_100]).await.expect("texts");
        tx.commit().await.expect("written");
        let filter = CaseFilter { search: "vpn".into(), status: "open".into(), ..CaseFilter::default() };
        assert_eq!(found(&db, &filter).await, ["GUI-000000041"]);
    }

    /// F12: a byte of any table or index, in the head of its page, is found; so is a letter where the same is stored twice.
    #[tokio::test]
    async fn f12_byte_that_changed_is_found_in_every_table() {
        #[derive(FromQueryResult)]
        struct Root {
            name: String,
            rootpage: i64,
        }
        let (_directory, file, db) = open().await;
        reindex(&db).await;
        let sql = Sql::new(
            DbBackend::Sqlite,
            "select name, rootpage from sqlite_schema where rootpage > 1 order by rootpage",
        );
        let roots = Root::find_by_statement(sql.build()).all(db.connection()).await.expect("tables");
        db.close().await.expect("closed");
        let stored = std::fs::read(&file).expect("read");
        let looked_at = async || match Db::open_to_read(&Db::sqlite_url(&file), true).await {
            Ok(db) => {
                let problems = all(&db).await;
                db.close().await.expect("closed");
                problems
            }
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(looked_at().await, Vec::<String>::new());
        let mut places: Vec<(String, usize)> = roots
            .iter()
            .map(|root| (root.name.clone(), usize::try_from((root.rootpage - 1) * 4096).expect("a page")))
            .collect();
        for text in
            ["Depuis lundi.", "depuis lundi", "nergie", "Ana \u{c9}naud", "Ana@example", "ana@example", "Le VPN"]
        {
            let at = stored.windows(text.len()).position(|bytes| bytes == text.as_bytes());
            places.push((text.to_owned(), at.expect("stored")));
        }
        for (name, at) in places {
            let mut damaged = stored.clone();
            damaged[at] ^= 1;
            std::fs::write(&file, damaged).expect("written");
            assert_ne!(looked_at().await, Vec::<String>::new(), "{name}, byte {at}");
        }
    }
}
