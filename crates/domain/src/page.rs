//! Paging by key, never by offset: page 2,000 costs what page 1 costs.

use serde::{Deserialize, Serialize};

/// One page of rows, and the key to ask for the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Opaque; `None` on the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts rows that were asked for with one too many, and makes the next key of the last row kept.
    pub fn cut(mut rows: Vec<T>, size: usize, key: impl Fn(&T) -> String) -> Self {
        let more = rows.len() > size;
        rows.truncate(size);
        let next = if more { rows.last().map(key) } else { None };
        Self { rows, next }
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(f).collect(), next: self.next }
    }
}

/// Rows on one page of a list.
pub const PAGE_SIZE: u64 = 50;
