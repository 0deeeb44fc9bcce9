//! Full text: FTS5 on SQLite, a `tsvector` on PostgreSQL. What is indexed is folded ([`domain::text::words`]), so that both
//! find the same, whatever each takes for a letter. The company of a text is indexed beside its words: a customer's search
//! looks at the texts of the company only, however many others there are.
//!
//! A case has a *head* (its numbers, title, requestor), a text for each entry, and one for the names of an entry's files. It
//! is found when it contains every word somewhere, not all in one text (B27). Company and product are looked up by their
//! present names, the address of the requestor for the desk only.

use std::collections::{BTreeSet, HashMap};

use domain::{
    CaseId, EntryId, OrganisationId,
    access::{CaseScope, CaseVisibility},
    cases::{CaseNumber, EntryKind},
    text::{fold, search_words, words},
};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use crate::{Db, Reads, StoreError, Tx, sql::Sql};

/// Words of a search that count; a pasted sentence is found by its beginning.
const MOST_WORDS: usize = 12;
/// Cases of one batch of the index.
const BATCH: u64 = 50;

/// Returns the company of a text as a word: begins with a letter, or PostgreSQL might read a number.
fn company_word(organisation: OrganisationId) -> String {
    format!("c{}", organisation.uuid().simple())
}

/// A search, parsed.
pub(crate) struct Wanted {
    /// The longest first.
    words: Vec<Word>,
    /// The case with this number comes first.
    exact: Option<Exact>,
    typed: String,
}

/// One word, and the query that finds it in the index.
struct Word {
    word: String,
    expression: String,
}

struct Exact {
    number: Option<String>,
    /// Digits alone, without zeros before them: the old number may end in them (B28).
    digits: Option<String>,
}

impl Wanted {
    /// `None` when nothing was typed. No syntax of a query language gets through (soft-track #85: `"foo AND bar` was a 500).
    pub fn parse(
        backend: DbBackend,
        visibility: &CaseVisibility,
        typed: &str,
        number: Option<&CaseNumber>,
    ) -> Option<Self> {
        let typed = typed.trim();
        if typed.is_empty() {
            return None;
        }
        let companies: Vec<String> = visibility
            .scopes()
            .iter()
            .filter_map(|scope| match scope {
                CaseScope::Everything => None,
                CaseScope::Organisation { organisation, .. } => Some(company_word(*organisation)),
            })
            .collect();
        let words: BTreeSet<String> = search_words(typed).take(MOST_WORDS).collect();
        let mut words: Vec<Word> =
            words.into_iter().map(|word| Word { expression: expression(backend, &companies, &word), word }).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.word.chars().count()));
        let exact = typed.bytes().any(|byte| byte.is_ascii_digit()).then(|| {
            let digits = typed.trim_start_matches(['#', ' ']);
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let digits = digits.trim_start_matches('0');
            Exact {
                number: number.map(|number| number.as_str().to_owned()),
                digits: (plain && (1..=60).contains(&digits.len())).then(|| digits.to_owned()),
            }
        });
        Some(Self { words, exact, typed: typed.to_owned() })
    }

    /// Whether a case may come before all others.
    pub const fn ordered(&self) -> bool {
        self.exact.is_some()
    }

    /// Adds the condition that the number, or the old number, of the case `c` was typed.
    pub fn exact(&self, sql: Sql) -> Sql {
        let Some(exact) = &self.exact else { return sql.text("1 = 0") };
        let mut sql = sql.text("(c.legacy_number = ").bind(self.typed.clone());
        if let Some(number) = &exact.number {
            sql = sql.text(" or c.number = ").bind(number.clone());
        }
        if let Some(digits) = &exact.digits {
            // Ends in the digits, and before them is no digit but zeros.
            let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
            sql = sql
                .text(" or (c.legacy_number like ")
                .bind(format!("%{digits}"))
                .text(" and rtrim(substr(c.legacy_number, 1, length(c.legacy_number) - ")
                .bind(length)
                .text("), '0') = rtrim(rtrim(substr(c.legacy_number, 1, length(c.legacy_number) - ")
                .bind(length)
                .text("), '0'), '123456789'))");
        }
        sql.text(")")
    }

    /// Adds the condition that the case `c` contains every word somewhere. `products` are all products with their folded names;
    /// `desk` includes notes and addresses.
    ///
    /// The index finds the cases with the longest word, likely the rarest; the other words are looked for in the texts of those
    /// cases. Asking the index for each word would cost as much as the most common one.
    pub fn matching(&self, sql: Sql, desk: bool, products: &[(Uuid, String)]) -> Sql {
        let Some((first, others)) = self.words.split_first() else {
            return sql.text("c.legacy_number = ").bind(self.typed.clone());
        };
        others.iter().fold(first.find(sql, desk, products), |sql, word| word.filter(sql.text(" and "), desk, products))
    }
}

impl Word {
    /// Adds the condition that `c` is among the cases with this word: one list of ids, since conditions joined by `or` would
    /// make SQLite look at every case.
    fn find(&self, sql: Sql, desk: bool, products: &[(Uuid, String)]) -> Sql {
        let sql = sql.text("c.id in (select d.case_id from search_documents d");
        let mut sql = match sql.backend() {
            DbBackend::Postgres => {
                sql.text(" where d.words @@ to_tsquery('simple', ").bind(self.expression.clone()).text(")")
            }
            _ => sql
                .text(" join search_index i on i.rowid = d.id where search_index match ")
                .bind(self.expression.clone()),
        };
        if !desk {
            sql = sql.text(" and d.internal = ").bind(false);
        }
        sql = sql
            .text(
                " union all select k.id from cases k where k.organisation_id in \
                 (select o.id from organisations o where o.folded like ",
            )
            .bind(self.inside())
            .text(")");
        let named = self.named(products);
        if !named.is_empty() {
            sql = sql.text(" union all select k.id from cases k where k.product_id in ").bind_all(named);
        }
        if desk {
            sql = sql
                .text(
                    " union all select k.id from cases k where k.requestor_id in \
                     (select n.person_id from identities n where n.kind = 'email' and n.value like ",
                )
                .bind(self.inside())
                .text(")");
        }
        sql.text(")")
    }

    /// Adds the condition that the case `c`, which another word found, contains this word.
    fn filter(&self, sql: Sql, desk: bool, products: &[(Uuid, String)]) -> Sql {
        let mut sql = sql.text("(exists (select 1 from search_documents d where d.case_id = c.id");
        if !desk {
            sql = sql.text(" and d.internal = ").bind(false);
        }
        sql = match sql.backend() {
            DbBackend::Postgres => {
                sql.text(" and d.words @@ to_tsquery('simple', ").bind(self.expression.clone()).text(")")
            }
            _ => {
                sql = sql.text(" and (");
                for (index, writing) in writings(&self.word).into_iter().enumerate() {
                    sql = sql.text(if index == 0 { "" } else { " or " });
                    // Words stand in a text with one blank between them.
                    sql = sql.text("instr(' ' || d.folded, ").bind(format!(" {writing}")).text(") > 0");
                }
                sql.text(")")
            }
        };
        sql = sql
            .text(") or c.organisation_id in (select o.id from organisations o where o.folded like ")
            .bind(self.inside())
            .text(")");
        let named = self.named(products);
        if !named.is_empty() {
            sql = sql.text(" or c.product_id in ").bind_all(named);
        }
        if desk {
            sql = sql
                .text(
                    " or c.requestor_id in (select n.person_id from identities n where n.kind = 'email' and n.value like ",
                )
                .bind(self.inside())
                .text(")");
        }
        sql.text(")")
    }

    /// A word is letters and digits: nothing in it is special to `like`.
    fn inside(&self) -> String {
        format!("%{}%", self.word)
    }

    fn named(&self, products: &[(Uuid, String)]) -> Vec<Uuid> {
        products.iter().filter(|(_, name)| name.contains(&self.word)).map(|(id, _)| *id).collect()
    }
}

/// Returns the spellings of a word in a text: a number with leading zeros is also written without them.
fn writings(word: &str) -> Vec<&str> {
    let digits = word.trim_start_matches('0');
    let number = digits.len() < word.len() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    std::iter::once(word).chain(number.then_some(digits)).collect()
}

/// Returns the query for one word as a prefix, in the texts of some companies or of all. A number with leading zeros is
/// found without them too.
fn expression(backend: DbBackend, companies: &[String], word: &str) -> String {
    let writings = writings(word);
    // Companies are looked for in their own column (on PostgreSQL: weight A), so that no word finds them by accident.
    match backend {
        DbBackend::Postgres => {
            let wanted = writings.iter().map(|word| format!("{word}:*B")).collect::<Vec<_>>().join(" | ");
            match companies {
                [] => wanted,
                some => {
                    let some = some.iter().map(|word| format!("{word}:A")).collect::<Vec<_>>().join(" | ");
                    format!("({some}) & ({wanted})")
                }
            }
        }
        _ => {
            let wanted = writings.iter().map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" OR ");
            match companies {
                [] => format!("folded : ({wanted})"),
                some => format!("company : ({}) AND folded : ({wanted})", some.join(" OR ")),
            }
        }
    }
}

/// Returns the names of all products, folded.
pub(crate) async fn list_products(db: &impl Reads) -> Result<Vec<(Uuid, String)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
    }
    let sql = Sql::new(db.connection().get_database_backend(), "select id, name from products");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.id, fold(&row.name))).collect())
}

/// A text of the index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Document {
    case: Uuid,
    internal: bool,
    head: bool,
    folded: String,
}

impl Document {
    fn of_head(case: Uuid, number: &str, legacy_number: Option<&str>, title: &str, requestor: &str) -> Self {
        let numbers = [number, legacy_number.unwrap_or_default()];
        // `GUI-000000042` is found by `42` as well.
        let short = numbers
            .iter()
            .flat_map(|number| number.split(|c: char| !c.is_ascii_digit()))
            .map(|digits| digits.trim_start_matches('0'))
            .filter(|digits| !digits.is_empty());
        let long = numbers.into_iter().chain([title, requestor]);
        let text = long.chain(short).collect::<Vec<_>>().join(" ");
        Self { case, internal: false, head: true, folded: folded(&text) }
    }

    fn of_text(case: Uuid, internal: bool, text: &str) -> Self {
        Self { case, internal, head: false, folded: folded(text) }
    }
}

fn folded(text: &str) -> String {
    words(text).collect::<Vec<_>>().join(" ")
}

/// The columns of the head of a case.
#[derive(FromQueryResult)]
struct HeadRow {
    id: Uuid,
    number: String,
    legacy_number: Option<String>,
    title: String,
    requestor_name: String,
}

async fn heads(db: &impl Reads, cases: &[Uuid]) -> Result<Vec<Document>, StoreError> {
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select c.id, c.number, c.legacy_number, c.title, c.requestor_name from cases c where c.id in ",
    )
    .bind_all(cases.iter().copied());
    let rows = HeadRow::find_by_statement(sql.build()).all(db.connection()).await?;
    let head = |row: HeadRow| {
        Document::of_head(row.id, &row.number, row.legacy_number.as_deref(), &row.title, &row.requestor_name)
    };
    Ok(rows.into_iter().map(head).collect())
}

/// Returns every text that finds the cases.
async fn documents(db: &impl Reads, cases: &[Uuid]) -> Result<Vec<Document>, StoreError> {
    #[derive(FromQueryResult)]
    struct Text {
        case_id: Uuid,
        kind: String,
        text: String,
    }
    #[derive(FromQueryResult)]
    struct Name {
        case_id: Uuid,
        entry_id: Uuid,
        kind: String,
        name: String,
    }
    let backend = db.connection().get_database_backend();
    let mut found = heads(db, cases).await?;
    let entries =
        Sql::new(backend, "select e.case_id, e.kind, e.body as text from case_entries e where e.kind <> 'line'")
            .text(" and e.case_id in ")
            .bind_all(cases.iter().copied());
    let internal = |kind: &str| kind == EntryKind::Note.key();
    for row in Text::find_by_statement(entries.build()).all(db.connection()).await? {
        found.push(Document::of_text(row.case_id, internal(&row.kind), &row.text));
    }
    let names = Sql::new(
        backend,
        "select e.case_id, e.id as entry_id, e.kind, f.name from files f join case_entries e on e.id = f.entry_id \
         where e.case_id in ",
    )
    .bind_all(cases.iter().copied())
    .text(" order by f.entry_id, f.created_at, f.id");
    let mut rows = Name::find_by_statement(names.build()).all(db.connection()).await?.into_iter().peekable();
    while let Some(first) = rows.next() {
        let mut text = first.name;
        while let Some(next) = rows.next_if(|next| next.entry_id == first.entry_id) {
            text.push(' ');
            text.push_str(&next.name);
        }
        found.push(Document::of_text(first.case_id, internal(&first.kind), &text));
    }
    Ok(found)
}

async fn insert_documents(tx: &Tx, documents: &[Document]) -> Result<(), StoreError> {
    const CHUNK: usize = 500;
    #[derive(FromQueryResult)]
    struct Owner {
        id: Uuid,
        organisation_id: Uuid,
    }
    let backend = tx.connection().get_database_backend();
    for chunk in documents.chunks(CHUNK) {
        let owners = Sql::new(backend, "select id, organisation_id from cases where id in ")
            .bind_all(chunk.iter().map(|document| document.case));
        let owners: HashMap<Uuid, Uuid> = Owner::find_by_statement(owners.build())
            .all(tx.connection())
            .await?
            .into_iter()
            .map(|row| (row.id, row.organisation_id))
            .collect();
        let sql = "insert into search_documents (case_id, internal, head, company, folded) values ";
        let mut sql = Sql::new(backend, sql);
        for (index, document) in chunk.iter().enumerate() {
            let owner = owners.get(&document.case).ok_or(StoreError::NotFound)?;
            sql = sql.text(if index == 0 { "(" } else { ", (" });
            sql = sql.bind(document.case).text(", ").bind(document.internal).text(", ").bind(document.head);
            sql = sql.text(", ").bind(company_word((*owner).into())).text(", ").bind(document.folded.clone()).text(")");
        }
        tx.connection().execute_raw(sql.build()).await?;
    }
    Ok(())
}

/// Makes texts of cases searchable: the case, whether only the desk may read it, the text. The cases are there already.
pub(crate) async fn insert_texts(tx: &Tx, texts: &[(CaseId, bool, &str)]) -> Result<(), StoreError> {
    let documents: Vec<_> =
        texts.iter().map(|(case, internal, text)| Document::of_text(case.uuid(), *internal, text)).collect();
    insert_documents(tx, &documents).await
}

/// Indexes the heads of new cases.
pub(crate) async fn insert_heads(tx: &Tx, cases: &[CaseId]) -> Result<(), StoreError> {
    for chunk in cases.chunks(500) {
        let ids: Vec<Uuid> = chunk.iter().map(|case| case.uuid()).collect();
        insert_documents(tx, &heads(tx, &ids).await?).await?;
    }
    Ok(())
}

/// Indexes the head of a case anew.
pub(crate) async fn replace_head(tx: &Tx, case: CaseId) -> Result<(), StoreError> {
    let sql = Sql::new(tx.connection().get_database_backend(), "delete from search_documents where case_id = ")
        .bind(case.uuid())
        .text(" and head = ")
        .bind(true);
    tx.connection().execute_raw(sql.build()).await?;
    insert_heads(tx, &[case]).await
}

/// Indexes the names of the files of an entry, internal when it is a note (B13).
pub(crate) async fn insert_file_names(tx: &Tx, case: CaseId, entry: EntryId) -> Result<(), StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        kind: String,
        name: String,
    }
    let sql = Sql::new(
        tx.connection().get_database_backend(),
        "select e.kind, f.name from files f join case_entries e on e.id = f.entry_id where f.entry_id = ",
    )
    .bind(entry.uuid())
    .text(" order by f.created_at, f.id");
    let rows = Row::find_by_statement(sql.build()).all(tx.connection()).await?;
    let Some(first) = rows.first() else { return Ok(()) };
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    insert_texts(tx, &[(case, first.kind == EntryKind::Note.key(), &names.join(" "))]).await
}

#[derive(FromQueryResult)]
struct CaseRow {
    id: Uuid,
}

/// Lists cases that an older version indexed, after `after` in the order of their ids: they have no head.
async fn list_old(db: &impl Reads, after: Option<CaseId>) -> Result<Vec<Uuid>, StoreError> {
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select c.id from cases c where not exists (select 1 from search_documents d where d.case_id = c.id and d.head = ",
    )
    .bind(true)
    .text(")")
    .when(after, |sql, after| sql.text(" and c.id > ").bind(after.uuid()))
    .text(" order by c.id limit ")
    .bind(BATCH as i64);
    Ok(CaseRow::find_by_statement(sql.build()).all(db.connection()).await?.into_iter().map(|row| row.id).collect())
}

/// Whether any case was indexed by an older version.
pub async fn is_old(db: &Db) -> Result<bool, StoreError> {
    Ok(!list_old(db, None).await?.is_empty())
}

/// Indexes the next batch of cases that an older version indexed and returns the last of them; `None` when there were none.
pub async fn reindex(tx: &Tx, after: Option<CaseId>) -> Result<Option<CaseId>, StoreError> {
    let cases = list_old(tx, after).await?;
    let Some(last) = cases.last() else { return Ok(None) };
    let sql = Sql::new(tx.connection().get_database_backend(), "delete from search_documents where case_id in ")
        .bind_all(cases.iter().copied());
    tx.connection().execute_raw(sql.build()).await?;
    insert_documents(tx, &documents(tx, &cases).await?).await?;
    Ok(Some((*last).into()))
}

/// Lists the ids of cases whose search texts differ from the case (F12).
pub(crate) async fn list_wrong(db: &Db) -> Result<Vec<Uuid>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        case_id: Uuid,
        internal: bool,
        head: bool,
        company: String,
        folded: String,
        organisation_id: Uuid,
    }
    let backend = db.connection().get_database_backend();
    let mut wrong = BTreeSet::new();
    let mut after: Option<Uuid> = None;
    loop {
        let cases = Sql::new(backend, "select c.id from cases c where 1 = 1")
            .when(after, |sql, after| sql.text(" and c.id > ").bind(after))
            .text(" order by c.id limit ")
            .bind(BATCH as i64);
        let cases: Vec<Uuid> = CaseRow::find_by_statement(cases.build())
            .all(db.connection())
            .await?
            .into_iter()
            .map(|row| row.id)
            .collect();
        let Some(last) = cases.last() else { return Ok(wrong.into_iter().collect()) };
        after = Some(*last);
        let sql = Sql::new(
            backend,
            "select d.case_id, d.internal, d.head, d.company, d.folded, c.organisation_id from search_documents d \
             join cases c on c.id = d.case_id where d.case_id in ",
        )
        .bind_all(cases.iter().copied());
        let mut there = BTreeSet::new();
        for row in Row::find_by_statement(sql.build()).all(db.connection()).await? {
            if row.company != company_word(row.organisation_id.into()) {
                wrong.insert(row.case_id);
            }
            let (case, internal, head, folded) = (row.case_id, row.internal, row.head, row.folded);
            there.insert(Document { case, internal, head, folded });
        }
        let wanted: BTreeSet<Document> = documents(db, &cases).await?.into_iter().collect();
        wrong.extend(there.symmetric_difference(&wanted).map(|document| document.case));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_type_is_never_query_language() {
        let found = |backend, companies: &[&str], typed: &str| {
            let companies: Vec<String> = companies.iter().map(|&company| company.to_owned()).collect();
            search_words(typed).map(|word| expression(backend, &companies, &word)).collect::<Vec<_>>()
        };
        assert_eq!(
            found(DbBackend::Sqlite, &[], "\"foo AND bar"),
            ["folded : (\"foo\"*)", "folded : (\"and\"*)", "folded : (\"bar\"*)"]
        );
        assert_eq!(found(DbBackend::Sqlite, &["c1", "c2"], "Été"), ["company : (c1 OR c2) AND folded : (\"ete\"*)"]);
        assert_eq!(
            found(DbBackend::Postgres, &["c1"], "a'; x|!y"),
            ["(c1:A) & (a:*B)", "(c1:A) & (x:*B)", "(c1:A) & (y:*B)"]
        );
        assert_eq!(found(DbBackend::Postgres, &[], "0042"), ["0042:*B | 42:*B"]);
        assert!(found(DbBackend::Sqlite, &[], " *-() ").is_empty());
    }

    /// B28
    #[test]
    fn b28_head_holds_numbers_without_their_zeros() {
        let head =
            Document::of_head(Uuid::nil(), "GUI-000000042", Some("E-001870104"), "Le VPN tombe", "Claire Fontaine");
        assert_eq!(head.folded, "gui 000000042 e 001870104 le vpn tombe claire fontaine 42 1870104");
    }
}
