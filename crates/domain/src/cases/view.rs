//! What lists and pages show of cases.
//!
//! A note is another type than an entry, and only [`StreamItem::Note`] holds one: what is built for customers has no way
//! to express it (invariant 9).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Channel, CloseReason, Closing, EntryKind, Impact, Priority, Side, Status};
use crate::{CaseId, ChatId, EntryId, FileId, OrganisationId, ProductId};

/// One line of a list of cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRow {
    pub id: CaseId,
    pub number: String,
    pub legacy_number: Option<String>,
    pub title: String,
    pub organisation: String,
    pub product: Option<String>,
    pub requestor: String,
    pub agent: Option<String>,
    pub status: Status,
    pub priority: Priority,
    pub channel: Channel,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The filter of a list, as it stands in the address of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFilter {
    #[serde(default)]
    pub mine: bool,
    /// `open`, `closed` or the key of a status; empty is all.
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    pub priority: String,
    /// Words, or a number, or an old number.
    #[serde(default)]
    pub search: String,
    /// For agents: `mine`, `unassigned` or empty.
    #[serde(default)]
    pub queue: String,
    /// The id of a company; empty is every company within sight.
    #[serde(default)]
    pub organisation: String,
    /// The key of the page, as the page before gave it.
    #[serde(default)]
    pub after: String,
}

/// A case with its whole stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseDetail {
    pub row: CaseRow,
    pub organisation_id: OrganisationId,
    pub impact: Option<Impact>,
    pub close_reason: Option<CloseReason>,
    pub closed_at: Option<Timestamp>,
    pub legacy_source: Option<String>,
    pub stream: Vec<StreamItem>,
    /// The chat that is going on, or waiting, in this case.
    pub live_chat: Option<ChatId>,
    /// What the reader may do here, decided by the policy.
    pub may_reply: bool,
    pub may_close: bool,
    /// It is closed, and still can be opened again.
    pub may_reopen: bool,
    pub may_work: bool,
    /// It is open, and a call about it can be asked for.
    pub may_call: bool,
    /// How many events of the case the reader may know of, at least these are in this view: live news compare with it.
    pub seen_event: i64,
}

impl CaseDetail {
    pub fn closing(&self) -> Option<Closing> {
        self.closed_at.map(|at| Closing { at, reason: self.close_reason })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamItem {
    Entry(EntryView),
    Note(NoteView),
}

impl StreamItem {
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Entry(entry) => entry.at,
            Self::Note(note) => note.at,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    pub id: EntryId,
    pub kind: EntryKind,
    pub side: Side,
    pub author: String,
    pub at: Timestamp,
    /// Plain text as it was written; for [`EntryKind::Line`] the code of the line.
    pub body: String,
    pub files: Vec<FileView>,
    pub imported: bool,
}

/// An internal note; agents only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteView {
    pub id: EntryId,
    pub author: String,
    pub at: Timestamp,
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileView {
    pub id: FileId,
    pub name: String,
    pub media_type: String,
    /// Bytes.
    pub size: u64,
}

/// A product that a case can be about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductChoice {
    pub id: ProductId,
    pub name: String,
}
