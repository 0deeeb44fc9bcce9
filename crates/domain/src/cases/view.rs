//! What lists and pages show of cases.
//!
//! A note is another type than an entry, and only [`StreamItem::Note`] holds one: what is built for customers has no way
//! to express it (invariant 9).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Channel, CloseReason, Closing, EntryKind, Impact, Priority, Side, Status};
use crate::{CaseId, ChatId, EntryId, FileId, OrganisationId, ProductId, failure::Denial};

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
    /// For agents: the rollout of the company keeps the case from being worked on until the launch (D6).
    #[serde(default)]
    pub before_launch: bool,
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
    /// The cursor of the page, as another page gave it.
    #[serde(default)]
    pub after: String,
}

/// A case with a part of its stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseDetail {
    pub row: CaseRow,
    pub organisation_id: OrganisationId,
    pub impact: Option<Impact>,
    pub close_reason: Option<CloseReason>,
    pub closed_at: Option<Timestamp>,
    pub legacy_source: Option<String>,
    /// Oldest first: at most [`STREAM_SIZE`] entries, the last ones unless others were asked for.
    pub stream: Vec<StreamItem>,
    /// How many entries the reader may see come before and after these.
    pub earlier: u64,
    pub later: u64,
    /// The chat that is going on, or waiting, in this case.
    pub live_chat: Option<ChatId>,
    /// What the reader may do here, decided by the policy.
    pub may_reply: bool,
    /// Why the reader, whose role allows it, cannot write here: the rollout of the company has not opened it (D6).
    #[serde(default)]
    pub not_open: Option<Denial>,
    pub may_close: bool,
    /// It is closed, and still can be opened again.
    pub may_reopen: bool,
    pub may_work: bool,
    /// Whether the reader can become its agent; the one who is it already cannot (T28).
    pub may_take: bool,
    /// It is open, and a call about it can be asked for.
    pub may_call: bool,
    /// How many events of the case the reader may know of, at least these are in this view: live news compare with it.
    pub seen_event: i64,
}

/// How many entries of a stream are shown at once.
pub const STREAM_SIZE: u64 = 50;

/// Which entries of a stream are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamPart {
    /// The last ones.
    #[default]
    Last,
    /// Those before the entry.
    Before(EntryId),
    /// Those after the entry.
    After(EntryId),
    /// What came since, none left out: for a page that shows the rest already. Those of the time itself are among it.
    Since(Timestamp),
}

impl StreamPart {
    /// How long before its newest entry a page asks again: who writes at the same time may be done in another order.
    const OVERLAP: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);
}

impl CaseDetail {
    /// Returns what a page that shows this has to ask for to be up to date: what is new, or the facts alone when it
    /// shows earlier entries.
    pub fn news(&self) -> StreamPart {
        let newest = self.stream.last().filter(|_| self.later == 0);
        newest.map_or(StreamPart::Last, |newest| StreamPart::Since(newest.at() - StreamPart::OVERLAP))
    }

    /// This view with what a newer one brings: its facts, and those of its entries that are not here yet.
    pub fn with_news(&self, mut news: Self) -> Self {
        let fresh = std::mem::take(&mut news.stream);
        let total = news.earlier + fresh.len() as u64 + news.later;
        let mut stream = self.stream.clone();
        if self.later == 0 {
            stream.extend(fresh.into_iter().filter(|item| self.stream.iter().all(|own| own.id() != item.id())));
            stream.sort_by_key(|item| (item.at(), item.id()));
        }
        let elsewhere = total.saturating_sub(stream.len() as u64);
        let (earlier, later) =
            if self.later == 0 { (elsewhere, 0) } else { (self.earlier, elsewhere.saturating_sub(self.earlier)) };
        Self { stream, earlier, later, ..news }
    }

    /// This view with the entries before its first.
    pub fn with_earlier(&mut self, part: Self) {
        let shown: Vec<_> = self.stream.iter().map(StreamItem::id).collect();
        let earlier = part.stream.into_iter().filter(|item| !shown.contains(&item.id()));
        self.stream.splice(0..0, earlier);
        self.earlier = part.earlier;
    }

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
    pub const fn id(&self) -> EntryId {
        match self {
            Self::Entry(entry) => entry.id,
            Self::Note(note) => note.id,
        }
    }

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
    pub files: Vec<FileView>,
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
