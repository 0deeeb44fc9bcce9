//! Paging by key, never by offset: page 2,000 costs what page 1 costs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Rows on one page of a list.
pub const PAGE_SIZE: u64 = 50;

/// One page of rows, where it stands in the whole list, and the ways to the pages beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// The cursor of the page before; `None` on the first page.
    pub previous: Option<String>,
    /// The cursor of the page after; `None` on the last page.
    pub next: Option<String>,
    pub extent: Extent,
}

/// Where a page stands in its list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// How many rows come before the first one shown.
    pub skipped: u64,
    pub shown: u64,
    /// How many rows there are in all, or at least.
    pub total: u64,
    /// Counting stopped: there are more than `total`.
    pub more: bool,
}

impl<T> std::ops::Deref for Page<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.rows
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl<T> Page<T> {
    /// Returns a page of rows that `cursor` asked for. `key` names a row in a cursor; `first` says that no row comes
    /// before these, and `rest` is how many rows there are from the first one shown to the end of the list, counted up
    /// to `most`.
    pub fn new(
        rows: Vec<T>,
        cursor: &Cursor,
        first: bool,
        (rest, most): (u64, u64),
        key: impl Fn(&T) -> String,
    ) -> Self {
        let shown = rows.len() as u64;
        let skipped = match cursor {
            // No row comes before, whatever was counted earlier.
            _ if first => 0,
            Cursor::First => 0,
            Cursor::After { skipped, .. } => *skipped,
            Cursor::Before { skipped, .. } => skipped.saturating_sub(shown).max(1),
        };
        let previous = rows.first().filter(|_| !first).map(|row| Cursor::Before { skipped, key: key(row) }.to_string());
        let next = rows.last().filter(|_| rest > shown);
        let next = next.map(|row| Cursor::After { skipped: skipped + shown, key: key(row) }.to_string());
        let extent = Extent { skipped, shown, total: skipped + rest.min(most), more: rest > most };
        Self { rows, previous, next, extent }
    }

    /// Returns the page of a list that some rows stand before, whatever its order; the list itself is without them.
    /// They are shown on the first page and counted on the others.
    #[must_use]
    pub fn led_by(mut self, mut first: Vec<T>) -> Self {
        if self.extent.skipped > 0 {
            return self;
        }
        let count = first.len() as u64;
        self.next = self.next.map(|cursor| match Cursor::parse(&cursor) {
            Cursor::After { skipped, key } => Cursor::After { skipped: skipped + count, key }.to_string(),
            _ => cursor,
        });
        first.append(&mut self.rows);
        self.rows = first;
        self.extent.shown += count;
        self.extent.total += count;
        self
    }

    /// Returns a list that is on one page, however long it is.
    pub fn whole(rows: Vec<T>) -> Self {
        let shown = rows.len() as u64;
        Self { rows, previous: None, next: None, extent: Extent { skipped: 0, shown, total: shown, more: false } }
    }

    /// # Errors
    /// The first row that cannot be read.
    pub fn try_map<U, E>(self, f: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let Self { rows, previous, next, extent } = self;
        Ok(Page { rows: rows.into_iter().map(f).collect::<Result<_, _>>()?, previous, next, extent })
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        let Self { rows, previous, next, extent } = self;
        Page { rows: rows.into_iter().map(f).collect(), previous, next, extent }
    }
}

/// Which page of a list is asked for, as it stands in an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cursor {
    #[default]
    First,
    /// The rows after the one with this key; `skipped` rows come before them.
    After { skipped: u64, key: String },
    /// The rows before the one with this key, which has `skipped` rows before it.
    Before { skipped: u64, key: String },
}

impl Cursor {
    /// Parses a cursor; one that cannot be read asks for the first page, so that an address that was cut short leads
    /// somewhere.
    pub fn parse(text: &str) -> Self {
        Self::read(text).unwrap_or_default()
    }

    fn read(text: &str) -> Option<Self> {
        let (head, key) = text.split_once('.')?;
        let (way, skipped) = head.split_at_checked(1)?;
        let (skipped, key) = (skipped.parse::<u32>().ok()?.into(), key.to_owned());
        match way {
            "a" => Some(Self::After { skipped, key }),
            "b" => Some(Self::Before { skipped, key }),
            _ => None,
        }
    }

    pub fn key(&self) -> Option<&str> {
        match self {
            Self::First => None,
            Self::After { key, .. } | Self::Before { key, .. } => Some(key),
        }
    }

    /// Returns the same place under another name of its row, for keys that some readers may not see.
    pub fn with_key(self, other: impl FnOnce(&str) -> Option<String>) -> Self {
        match self {
            Self::First => None,
            Self::After { skipped, key } => other(&key).map(|key| Self::After { skipped, key }),
            Self::Before { skipped, key } => other(&key).map(|key| Self::Before { skipped, key }),
        }
        .unwrap_or_default()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => Ok(()),
            Self::After { skipped, key } => write!(f, "a{skipped}.{key}"),
            Self::Before { skipped, key } => write!(f, "b{skipped}.{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: std::ops::Range<u64>, cursor: &Cursor, rest: u64) -> Page<u64> {
        // A row's number is its place; those that lead a list are not in it.
        let first = rows.start <= 10 && !matches!(cursor, Cursor::After { .. });
        Page::new(rows.collect(), cursor, first, (rest, 1_000), ToString::to_string)
    }

    #[test]
    fn pages_lead_forward_and_back_and_say_where_they_stand() {
        let first = page(0..50, &Cursor::First, 506);
        assert_eq!((first.previous, first.next.as_deref()), (None, Some("a50.49")));
        assert_eq!(first.extent, Extent { skipped: 0, shown: 50, total: 506, more: false });
        let second = page(50..100, &Cursor::parse("a50.49"), 456);
        assert_eq!((second.previous.as_deref(), second.next.as_deref()), (Some("b50.50"), Some("a100.99")));
        assert_eq!(second.extent, Extent { skipped: 50, shown: 50, total: 506, more: false });
        let back = page(0..50, &Cursor::parse("b50.50"), 506);
        assert_eq!(back.extent, Extent { skipped: 0, shown: 50, total: 506, more: false });
        let last = page(500..506, &Cursor::parse("a500.499"), 6);
        assert_eq!((last.next, last.extent.total), (None, 506));
        let cut_short = page(0..12, &Cursor::parse("b50.12"), 468);
        assert_eq!((cut_short.previous, cut_short.extent.skipped), (None, 0), "rows went away meanwhile");
        let grown = page(20..70, &Cursor::parse("b50.70"), 500);
        assert!(grown.previous.is_some() && grown.extent.skipped > 0, "rows came before meanwhile");
        assert!(page(0..50, &Cursor::First, 1_001).extent.more);
    }

    #[test]
    fn rows_that_lead_a_list_are_on_its_first_page_only() {
        let first = page(10..60, &Cursor::First, 100).led_by(vec![1, 2]);
        assert_eq!((first.rows.len(), first.rows[0], first.next.as_deref()), (52, 1, Some("a52.59")));
        assert_eq!(first.extent, Extent { skipped: 0, shown: 52, total: 102, more: false });
        let second = page(60..110, &Cursor::parse("a52.59"), 50).led_by(vec![1, 2]);
        assert_eq!((second.rows.len(), second.previous.as_deref()), (50, Some("b52.60")));
        assert_eq!(second.extent, Extent { skipped: 52, shown: 50, total: 102, more: false });
        assert_eq!(
            page(10..60, &Cursor::parse("b52.60"), 100).led_by(vec![1, 2]),
            first,
            "back is where one came from"
        );
        assert_eq!(page(0..0, &Cursor::First, 0).led_by(vec![1]).extent.total, 1);
    }

    #[test]
    fn an_address_that_was_cut_short_is_the_first_page() {
        for text in ["", "a", "a50", "x50.1", "a-1.1", "a99999999999.1", "é50.1"] {
            assert_eq!(Cursor::parse(text), Cursor::First, "{text}");
        }
        let cursor = Cursor::Before { skipped: 100, key: "17.x".into() };
        assert_eq!(Cursor::parse(&cursor.to_string()), cursor);
    }
}
