//! One page of any list: keyset by an expression and a unique tie-breaker, forward and back, with its place in the list.

use domain::page::{Cursor, PAGE_SIZE, Page};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{Reads, StoreError, sql::Sql};

/// What a row is ordered by.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    /// A time in microseconds, or another number, and the id of the row.
    Number(i64, Uuid),
    /// A number that is unique among the rows.
    Unique(i64),
    /// The id of a row that is ordered by its name, which is looked up: names do not belong in an address.
    Name(Uuid),
}

impl Key {
    fn text(&self) -> String {
        match self {
            Self::Number(number, id) => format!("{number}.{id}"),
            Self::Unique(number) => number.to_string(),
            Self::Name(id) => id.to_string(),
        }
    }

    /// Reads a key from an address, of the kind of the list.
    fn parse(text: &str, kind: Kind) -> Option<Self> {
        match kind {
            Kind::Number => {
                let (number, id) = text.split_once('.')?;
                Some(Self::Number(number.parse().ok()?, id.parse().ok()?))
            }
            Kind::Unique => text.parse().ok().map(Self::Unique),
            Kind::Name => text.parse().ok().map(Self::Name),
        }
    }
}

/// The kind of key that a list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Unique,
    Name,
}

/// A list in SQL.
pub(crate) struct List {
    /// `select …`, without `from`.
    pub columns: &'static str,
    /// The expression that orders it.
    pub key: &'static str,
    pub kind: Kind,
    /// The unique tie-breaker; ignored for [`Kind::Unique`].
    pub id: &'static str,
    /// Whether the greatest key comes first.
    pub descending: bool,
    /// Counting the rest of the list stops here.
    pub most: u64,
}

/// The position of rows relative to a key.
#[derive(Clone, Copy)]
enum Side {
    Before,
    After,
    /// The row of the key, and the rows after it.
    From,
}

impl List {
    /// Reads one page. `scope` adds everything from `from` on, with at least one condition; it is called for the rows and for the
    /// count. A cursor whose row is gone asks for the first page.
    pub(crate) async fn page<R: FromQueryResult>(
        &self,
        db: &impl Reads,
        cursor: &str,
        scope: impl Fn(Sql) -> Sql,
        key: impl Fn(&R) -> Key,
    ) -> Result<Page<R>, StoreError> {
        self.page_within(db, cursor, &scope, &scope, key).await
    }

    /// Returns a page of rows that may leave the list without being deleted, because a filter no longer holds or a person was
    /// removed: `whole` is the scope with such rows, so that the page behind one of them stays where it was.
    pub(crate) async fn page_within<R: FromQueryResult>(
        &self,
        db: &impl Reads,
        cursor: &str,
        scope: impl Fn(Sql) -> Sql,
        whole: impl Fn(Sql) -> Sql,
        key: impl Fn(&R) -> Key,
    ) -> Result<Page<R>, StoreError> {
        let mut cursor = Cursor::parse(cursor);
        loop {
            let place = match cursor.key().and_then(|text| Key::parse(text, self.kind)) {
                Some(key) => self.place(db, key, &whole).await?,
                None => None,
            };
            if place.is_none() {
                cursor = Cursor::First;
            }
            let (rows, leads) = self.rows::<R>(db, &cursor, place, &scope).await?;
            let Some(first) = rows.first().map(&key) else {
                if cursor == Cursor::First {
                    return Ok(Page::new(rows, &cursor, true, (0, self.most), |row| key(row).text()));
                }
                // The rows of the page have gone meanwhile.
                cursor = Cursor::First;
                continue;
            };
            let rest = if (rows.len() as u64) < PAGE_SIZE && !matches!(cursor, Cursor::Before { .. }) {
                rows.len() as u64
            } else {
                self.count_from(db, first, &scope).await?
            };
            return Ok(Page::new(rows, &cursor, leads, (rest, self.most), |row| key(row).text()));
        }
    }

    /// Completes a key with the name that its row is ordered by; `None` when the row is gone.
    async fn place(&self, db: &impl Reads, key: Key, scope: &impl Fn(Sql) -> Sql) -> Result<Option<Place>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            name: String,
        }
        let id = match key {
            Key::Number(number, id) => return Ok(Some(Place::Number(number, id))),
            Key::Unique(number) => return Ok(Some(Place::Unique(number))),
            Key::Name(id) => id,
        };
        let sql = Sql::new(db.connection().get_database_backend(), "select ").text(self.key).text(" as name");
        let sql = scope(sql).text(" and ").text(self.id).text(" = ").bind(id);
        let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
        Ok(row.map(|row| Place::Name(row.name, id)))
    }

    /// Reads the rows of a page, and whether it is the first one.
    async fn rows<R: FromQueryResult>(
        &self,
        db: &impl Reads,
        cursor: &Cursor,
        place: Option<Place>,
        scope: &impl Fn(Sql) -> Sql,
    ) -> Result<(Vec<R>, bool), StoreError> {
        let back = matches!(cursor, Cursor::Before { .. });
        let sql = scope(Sql::new(db.connection().get_database_backend(), self.columns));
        let sql = match place {
            Some(place) => self.beside(sql, place, if back { Side::Before } else { Side::After }),
            None => sql,
        };
        // Back from a row, the nearest rows come first.
        let way = if self.descending == back { "" } else { " desc" };
        let sql = sql.text(" order by ").text(self.key).text(way);
        let sql = if self.kind == Kind::Unique { sql } else { sql.text(", ").text(self.id).text(way) };
        // One row more on the way back tells whether the page is the first.
        let sql = sql.text(" limit ").bind(PAGE_SIZE as i64 + i64::from(back));
        let mut rows = R::find_by_statement(sql.build()).all(db.connection()).await?;
        let leads = *cursor == Cursor::First || (back && rows.len() as u64 <= PAGE_SIZE);
        rows.truncate(PAGE_SIZE as usize);
        if back {
            rows.reverse();
        }
        Ok((rows, leads))
    }

    /// Counts the rows from this one on, up to one more than `most`.
    async fn count_from(&self, db: &impl Reads, first: Key, scope: &impl Fn(Sql) -> Sql) -> Result<u64, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            number: i64,
        }
        let Some(place) = self.place(db, first, scope).await? else { return Ok(0) };
        let sql = Sql::new(db.connection().get_database_backend(), "select count(*) as number from (select 1 as one");
        let sql = self.beside(scope(sql), place, Side::From);
        let sql = sql.text(" limit ").bind(self.most.saturating_add(1).cast_signed()).text(") rest");
        let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
        Ok(row.map(|row| row.number.unsigned_abs()).unwrap_or_default())
    }

    fn beside(&self, sql: Sql, place: Place, side: Side) -> Sql {
        let sign = match (side, self.descending) {
            (Side::Before, false) | (Side::After, true) => " < ",
            (Side::Before, true) | (Side::After, false) => " > ",
            (Side::From, false) => " >= ",
            (Side::From, true) => " <= ",
        };
        let pair = |sql: Sql| sql.text(" and (").text(self.key).text(", ").text(self.id).text(")").text(sign).text("(");
        match place {
            Place::Unique(number) => sql.text(" and ").text(self.key).text(sign).bind(number),
            Place::Number(number, id) => pair(sql).bind(number).text(", ").bind(id).text(")"),
            Place::Name(name, id) => pair(sql).bind(name).text(", ").bind(id).text(")"),
        }
    }
}

/// A row's place in the order.
enum Place {
    Number(i64, Uuid),
    Unique(i64),
    Name(String, Uuid),
}

/// Sorts a few rows in memory in the order of a dictionary.
pub(crate) fn sort_by_name<T>(rows: &mut [T], name: impl Fn(&T) -> &str) {
    rows.sort_by_cached_key(|row| domain::text::sort_key(name(row)));
}
