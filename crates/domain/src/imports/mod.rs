//! Imports: what a record may say, and the verdict on each (J1, K20, K22). `docs/IMPORT.md` is written for the
//! authors of the files.

mod changes;
mod csv;
mod json;
mod problem;
mod record;

pub use changes::{Change, Changed};
pub use csv::{Columns, SEPARATORS, declared_separator, separator_of, split_row, spreadsheet_row};
pub use problem::{
    BadField, FileFormat, FileProblem, FileRefusal, Header, OtherSource, Problem, Quoting, Remark, Remarked, Syntax,
    excerpt, without_marks,
};
pub use record::{
    CaseRecord, ContactRecord, ContractRecord, EntryRecord, Html, OrganisationRecord, ProductRecord, Read, Record,
    Unread, UserRecord,
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
    /// What was left out of a record that is taken, or read as something else (B05).
    #[serde(default)]
    pub remarks: Vec<Remark>,
    /// What an update changes.
    #[serde(default)]
    pub changes: Vec<Change>,
}

impl RowVerdict {
    /// The order of a report: refused ones first, then those with remarks, then updates.
    const fn rank(&self) -> u8 {
        match self.verdict.is_refusal() {
            true => 0,
            false if !self.remarks.is_empty() => 1,
            false if matches!(self.verdict, Verdict::Update) => 2,
            false => 3,
        }
    }
}

/// How many records got which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictCounts {
    pub create: u64,
    pub update: u64,
    pub unchanged: u64,
    pub conflict: u64,
    pub reject: u64,
    /// Of those to create and to update: the ones with remarks.
    #[serde(default)]
    pub remarked: u64,
}

impl VerdictCounts {
    pub const fn count(&mut self, row: &RowVerdict) {
        match &row.verdict {
            Verdict::Create => self.create += 1,
            Verdict::Update => self.update += 1,
            Verdict::Unchanged => self.unchanged += 1,
            Verdict::Conflict(_) => self.conflict += 1,
            Verdict::Reject(_) => self.reject += 1,
        }
        if !row.remarks.is_empty() {
            self.remarked += 1;
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

/// Rows of a report that are kept: rejects and conflicts first, then those with remarks.
pub const MAX_SHOWN: usize = 500;

/// What a dry run found, or a commit did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    pub counts: VerdictCounts,
    pub by_kind: Vec<(RecordKind, VerdictCounts)>,
    /// At most [`MAX_SHOWN`]; those that were refused first, then those with remarks, then updates, then the others.
    pub rows: Vec<RowVerdict>,
    /// Files that were refused as a whole: they stop a commit, also one that leaves out refused records (T05).
    #[serde(default)]
    pub refused_files: u64,
    /// Rows of those files, as far as they could be counted.
    #[serde(default)]
    pub rows_not_read: u64,
    /// Bodies that were HTML and became text (B15).
    #[serde(default)]
    pub html: u64,
    /// Whether anything was written: a dry run never does, a commit only when nothing was refused or refusals were to be
    /// left out.
    pub committed: bool,
}

impl ImportReport {
    /// Counts a verdict and keeps it while there is room; a refused one takes the place of one that is well.
    pub fn add(&mut self, row: RowVerdict) {
        self.counts.count(&row);
        if let Some(kind) = row.kind {
            let place = match self.by_kind.iter().position(|(known, _)| *known == kind) {
                Some(place) => place,
                None => {
                    self.by_kind.push((kind, VerdictCounts::default()));
                    self.by_kind.len() - 1
                }
            };
            if let Some((_, counts)) = self.by_kind.get_mut(place) {
                counts.count(&row);
            }
        }
        if let Verdict::Reject(Problem::WholeFile { rows, .. }) = &row.verdict {
            self.refused_files += 1;
            self.rows_not_read += rows;
        }
        self.html += row.remarks.iter().filter(|remark| remark.what == Remarked::Html).count() as u64;
        let place = self.rows.partition_point(|kept| kept.rank() <= row.rank());
        if self.rows.len() < MAX_SHOWN {
            self.rows.insert(place, row);
        } else if place < MAX_SHOWN {
            self.rows.pop();
            self.rows.insert(place, row);
        }
    }

    /// Whether a commit may write: nothing is refused, or what is refused may be left out and is not a whole file.
    pub const fn may_commit(&self, skip_refused: bool) -> bool {
        self.refused_files == 0 && (skip_refused || self.counts.refused() == 0)
    }
}

impl Verdict {
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::Reject(_))
    }
}

/// The tables of a CSV bundle in the order they are read: what others refer to comes first. `entries.csv` is read with
/// the cases.
pub const TABLES: [(&str, RecordKind); 7] = [
    ("organisations.csv", RecordKind::Organisation),
    ("products.csv", RecordKind::Product),
    ("contracts.csv", RecordKind::Contract),
    ("contacts.csv", RecordKind::Contact),
    ("users.csv", RecordKind::User),
    ("cases.csv", RecordKind::Case),
    ("entries.csv", RecordKind::Entry),
];

/// The table that a name was most likely meant to be: `Users (1).csv`, `entry.csv`, `organizations.csv` (T06).
pub fn nearest_table(name: &str) -> Option<&'static str> {
    let stem = |name: &str| -> String {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        stem.to_lowercase().chars().filter(|c| c.is_alphabetic()).collect()
    };
    let wanted = stem(name);
    let (table, distance) = TABLES
        .iter()
        .map(|(table, _)| {
            let known = stem(table);
            let singular = known.strip_suffix('s').unwrap_or(&known);
            let distance = if wanted.contains(singular) { 0 } else { strsim::damerau_levenshtein(&wanted, &known) };
            (*table, distance)
        })
        .min_by_key(|(_, distance)| *distance)?;
    (distance <= 4 && distance < wanted.chars().count()).then_some(table)
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

/// An upload that is to be imported, or a commit at the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    pub id: crate::ImportId,
    /// The names of its first files.
    pub name: String,
    pub files: u64,
    pub bytes: u64,
    /// Empty for a commit at the command line.
    pub by: String,
    #[serde(default)]
    pub at_terminal: bool,
    pub uploaded_at: jiff::Timestamp,
    pub changed_at: jiff::Timestamp,
    pub state: ImportState,
    pub progress: ImportProgress,
    pub report: Option<ImportReport>,
}

/// An upload that was not taken, with the name of the file it is about (T29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedUpload {
    pub problem: UploadProblem,
    pub file: Option<String>,
}

/// The uploads that are kept, and the last one of the reader that was not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportShelf {
    pub imports: Vec<ImportView>,
    pub refused: Option<RefusedUpload>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(line: u64, verdict: Verdict, remarked: bool) -> RowVerdict {
        let remark = Remark { field: "phone".into(), value: "n/a".into(), what: Remarked::EmptyEntry };
        let remarks = if remarked { vec![remark] } else { Vec::new() };
        RowVerdict { file: String::new(), line, kind: None, id: String::new(), verdict, remarks, changes: Vec::new() }
    }

    #[test]
    fn a_report_keeps_refused_records_first_then_those_with_remarks() {
        let mut report = ImportReport::default();
        for line in 0..MAX_SHOWN as u64 {
            report.add(verdict(line, Verdict::Create, false));
        }
        report.add(verdict(1_000, Verdict::Create, true));
        report.add(verdict(1_001, Verdict::Reject(Problem::UnknownKind { kind: String::new() }), false));
        report.add(verdict(1_002, Verdict::Update, true));
        let lines: Vec<u64> = report.rows.iter().map(|row| row.line).take(4).collect();
        assert_eq!((lines, report.rows.len()), (vec![1_001, 1_000, 1_002, 0], MAX_SHOWN));
        assert_eq!((report.counts.remarked, report.counts.total()), (2, 503));
    }

    /// T05
    #[test]
    fn t05_a_file_that_is_not_read_is_never_left_out() {
        let mut report = ImportReport::default();
        assert!(report.may_commit(false));
        report.add(verdict(1, Verdict::Reject(Problem::UnknownKind { kind: String::new() }), false));
        assert!(!report.may_commit(false) && report.may_commit(true));
        let why = FileRefusal::Format(FileFormat::Windows1252);
        report.add(verdict(1, Verdict::Reject(Problem::WholeFile { rows: 1_000, why }), false));
        assert!(!report.may_commit(true));
        assert_eq!(report.rows_not_read, 1_000);
    }

    /// T06
    #[test]
    fn t06_the_nearest_table_is_named() {
        for (name, table) in [
            ("users (1).csv", Some("users.csv")),
            ("entry.csv", Some("entries.csv")),
            ("Organizations.CSV", Some("organisations.csv")),
            ("user.csv", Some("users.csv")),
            ("export-cases-2026.csv", Some("cases.csv")),
            ("contact.csv", Some("contacts.csv")),
            ("q.csv", None),
            ("facturation_2019.csv", None),
        ] {
            assert_eq!(nearest_table(name), table, "{name}");
        }
    }
}
