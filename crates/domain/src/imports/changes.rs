//! What an update changes: each field with what it was and what it becomes.

use serde::{Deserialize, Serialize};

use super::excerpt;

/// One thing that an update does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field of the record.
    pub field: String,
    pub what: Changed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Changed {
    /// Both as records write them; empty when nothing stands there.
    Value { before: String, after: String },
    /// The record says something else, and what stands here stays: the person has signed in and owns it.
    Kept { here: String, said: String },
    /// So many entries or files are added.
    Added { count: u64 },
    /// The case has been worked on here: its entries and files are added, its fields stay.
    WorkedOn,
    /// A record above brings the person; this one says more of them.
    Above,
    /// The person was taken out of the company by hand and stays out.
    StaysOut,
}

impl Change {
    /// The change of a field; `None` when it stays what it is.
    pub fn of(field: &str, before: &str, after: &str) -> Option<Self> {
        let value = || Changed::Value { before: excerpt(before), after: excerpt(after) };
        (before != after).then(|| Self { field: field.to_owned(), what: value() })
    }

    /// The same of a field that its owner may have written: then it stays.
    pub fn of_owned(field: &str, here: &str, said: &str, owned: bool) -> Option<Self> {
        if !owned {
            return Self::of(field, here, said);
        }
        let kept = || Changed::Kept { here: excerpt(here), said: excerpt(said) };
        (here != said).then(|| Self { field: field.to_owned(), what: kept() })
    }

    pub fn added(field: &str, count: usize) -> Option<Self> {
        let what = Changed::Added { count: count as u64 };
        (count > 0).then(|| Self { field: field.to_owned(), what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_no_change_and_what_a_person_wrote_is_kept() {
        assert_eq!(Change::of("name", "A", "A"), None);
        let what = Changed::Value { before: "A".into(), after: String::new() };
        assert_eq!(Change::of("name", "A", ""), Some(Change { field: "name".into(), what: what.clone() }));
        assert_eq!(Change::of_owned("name", "A", "", false).map(|change| change.what), Some(what));
        let kept = Changed::Kept { here: "A".into(), said: "B".into() };
        assert_eq!(Change::of_owned("name", "A", "B", true).map(|change| change.what), Some(kept));
        assert_eq!((Change::of_owned("name", "A", "A", true), Change::added("entries", 0)), (None, None));
    }
}
