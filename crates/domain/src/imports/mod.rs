//! Imports: what a record may say, and the verdict on each (J1, K20, K22). `docs/IMPORT.md` is written for those who
//! make the files.

mod csv;
mod record;

pub use csv::{Columns, split_row, spreadsheet_row};
pub use record::{
    CaseRecord, ContactRecord, ContractRecord, EntryRecord, OrganisationRecord, ProductRecord, Record, UserRecord,
};

use serde::{Deserialize, Serialize};

use crate::cases::coded;

coded! {
    RecordKind {
        Organisation = "organisation",
        Product = "product",
        Contract = "contract",
        Contact = "contact",
        User = "user",
        Case = "case",
        /// A row of `entries.csv`; in JSON, entries stand inside their case.
        Entry = "entry",
    }
}

/// What would be done, or was done, with one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    Create,
    Update,
    Unchanged,
    Conflict(Problem),
    Reject(Problem),
}

/// Why a record was not taken, in codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    NotUtf8,
    LineTooLong {
        max_bytes: u64,
    },
    Syntax {
        message: String,
    },
    UnknownKind {
        kind: String,
    },
    MissingColumn {
        column: String,
    },
    Field {
        field: String,
        error: crate::FieldError,
    },
    UnknownOrganisation {
        id: String,
    },
    UnknownProduct {
        key: String,
    },
    UnknownContract {
        id: String,
    },
    /// The same id or address stands earlier in the file.
    Duplicate {
        first_line: u64,
    },
    /// The address belongs to another record already.
    AddressTaken {
        email: String,
    },
    MissingFile {
        path: String,
    },
    /// Not a field of this kind of record: most often a wrong header or a slip of the pen.
    UnknownField {
        field: String,
    },
    UnknownProgramme {
        key: String,
    },
    /// A row of `entries.csv` that belongs to no case of `cases.csv`.
    UnknownCase {
        id: String,
    },
    /// An entry of this case was rejected; its line in `entries.csv`.
    BadEntry {
        line: u64,
    },
    /// A case of a CSV bundle with more bytes of entries than one record may have.
    CaseTooLarge {
        max_bytes: u64,
    },
    /// What this record was imported with before cannot be changed by an import: company, address.
    CannotChange {
        field: String,
    },
}

/// The verdict on one record, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowVerdict {
    /// The file of a bundle; empty for a single file.
    pub file: String,
    /// From 1.
    pub line: u64,
    pub kind: Option<RecordKind>,
    pub id: String,
    pub verdict: Verdict,
}

/// How many records got which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictCounts {
    pub create: u64,
    pub update: u64,
    pub unchanged: u64,
    pub conflict: u64,
    pub reject: u64,
}

impl VerdictCounts {
    pub const fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Create => self.create += 1,
            Verdict::Update => self.update += 1,
            Verdict::Unchanged => self.unchanged += 1,
            Verdict::Conflict(_) => self.conflict += 1,
            Verdict::Reject(_) => self.reject += 1,
        }
    }

    pub const fn total(&self) -> u64 {
        self.create + self.update + self.unchanged + self.conflict + self.reject
    }

    /// Records that cannot be taken as they are.
    pub const fn refused(&self) -> u64 {
        self.conflict + self.reject
    }

    /// Records that a commit writes.
    pub const fn writes(&self) -> u64 {
        self.create + self.update
    }
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportProgress {
    pub bytes_done: u64,
    pub bytes_total: u64,
    pub records: u64,
}

impl ImportProgress {
    pub const fn percent(&self) -> u8 {
        if self.bytes_total == 0 {
            return 0;
        }
        let percent = self.bytes_done.saturating_mul(100) / self.bytes_total;
        if percent > 100 { 100 } else { percent as u8 }
    }
}

/// Rows of a report that are kept: rejects and conflicts first.
pub const MAX_SHOWN: usize = 500;

/// What a dry run found, or a commit did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    pub counts: VerdictCounts,
    pub by_kind: Vec<(RecordKind, VerdictCounts)>,
    /// At most [`MAX_SHOWN`]; those that were refused first, then in the order of the file.
    pub rows: Vec<RowVerdict>,
    /// Whether anything was written: a dry run never does, a commit only when nothing was refused or refusals were to be
    /// left out.
    pub committed: bool,
}

impl ImportReport {
    /// Counts a verdict and keeps it while there is room; a refused one takes the place of one that is well.
    pub fn add(&mut self, row: RowVerdict) {
        self.counts.count(&row.verdict);
        if let Some(kind) = row.kind {
            let place = match self.by_kind.iter().position(|(known, _)| *known == kind) {
                Some(place) => place,
                None => {
                    self.by_kind.push((kind, VerdictCounts::default()));
                    self.by_kind.len() - 1
                }
            };
            if let Some((_, counts)) = self.by_kind.get_mut(place) {
                counts.count(&row.verdict);
            }
        }
        let refused = row.verdict.is_refusal();
        let refusals = self.rows.partition_point(|kept| kept.verdict.is_refusal());
        if self.rows.len() < MAX_SHOWN {
            self.rows.insert(if refused { refusals } else { self.rows.len() }, row);
        } else if refused && refusals < MAX_SHOWN {
            self.rows.pop();
            self.rows.insert(refusals, row);
        }
    }
}

impl Verdict {
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::Reject(_))
    }
}

coded! {
    /// Why an upload was not taken.
    UploadProblem {
        /// Nothing in it can be imported.
        NothingToImport = "nothing_to_import",
        /// Neither JSON lines nor a table of a CSV bundle.
        UnknownFile = "unknown_file",
        /// More than one file of JSON lines.
        SeveralFiles = "several_files",
        /// JSON lines and CSV tables together.
        TwoShapes = "two_shapes",
        /// Two files of the same name: one would take the place of the other.
        SameName = "same_name",
        TooManyFiles = "too_many_files",
        TooLarge = "too_large",
        /// The connection broke off.
        Interrupted = "interrupted",
    }
}

coded! {
    /// Where an upload stands.
    ImportState {
        /// The dry run is under way.
        Checking = "checking",
        /// Waits for a decision.
        Checked = "checked",
        /// Being written.
        Running = "running",
        Done = "done",
        /// Cut off; may be committed again.
        Failed = "failed",
    }
}

impl ImportState {
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Checking | Self::Running)
    }
}

/// An upload that is to be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    pub id: crate::ImportId,
    /// The names of its first files.
    pub name: String,
    pub files: u64,
    pub bytes: u64,
    pub by: String,
    pub uploaded_at: jiff::Timestamp,
    pub changed_at: jiff::Timestamp,
    pub state: ImportState,
    pub progress: ImportProgress,
    pub report: Option<ImportReport>,
}
