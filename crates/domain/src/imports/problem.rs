//! Why a record or a file was not taken, and what was left out of a record that was: codes with what a sentence needs.

use serde::{Deserialize, Serialize};

use crate::{FieldError, cases::coded};

/// Characters of a value that are kept for the report.
const MAX_VALUE: usize = 80;

/// Returns the beginning of a value as a report shows it: on one line, with `\u{fffd}` for what a terminal would obey and
/// for what turns the direction of the words after it.
pub fn excerpt(value: &str) -> String {
    let mut shown = value.trim().chars().map(|c| match c {
        c if c.is_whitespace() => ' ',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    });
    let mut beginning: String = shown.by_ref().take(MAX_VALUE).collect();
    if shown.next().is_some() {
        beginning.push('…');
    }
    beginning
}

/// A field whose value cannot be taken: what stands there, what is wrong with it, and the words or samples that are
/// allowed, when there is such a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadField {
    pub field: String,
    #[serde(default)]
    pub value: String,
    pub error: FieldError,
    #[serde(default)]
    pub allowed: Vec<String>,
}

/// Why a record was not taken, in codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    LineTooLong {
        max_bytes: u64,
    },
    Syntax(Syntax),
    UnknownKind {
        kind: String,
    },
    Field(Box<BadField>),
    /// Not fields of this kind of record: most often a slip of the pen. With the ones there are.
    UnknownFields {
        fields: Vec<String>,
        known: Vec<String>,
    },
    /// A key stands twice in one JSON object; the path to it (B01).
    DoubleKey {
        key: String,
    },
    /// A cell that holds something under no name (B03); columns count from 1.
    CellWithoutColumn {
        column: u32,
        value: String,
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
        #[serde(default)]
        field: String,
        #[serde(default)]
        value: String,
    },
    /// The address belongs to another record already.
    AddressTaken {
        email: String,
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
    /// What this record was imported with before cannot be changed by an import.
    CannotChange {
        field: String,
        /// What the record says now.
        #[serde(default)]
        value: String,
    },
    /// The id is known from another system before, or stands for something else (B14).
    OtherSource(Box<OtherSource>),
    /// The address is that of a person who works for the vendor (F7).
    VendorPerson {
        email: String,
    },
    /// Nothing of the file was read; how many rows that leaves out, when they could be counted (T05).
    WholeFile {
        rows: u64,
        why: FileRefusal,
    },
}

/// Two records under one id; empty sources are not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherSource {
    pub id: String,
    pub known_source: String,
    pub known_title: String,
    pub source: String,
    pub title: String,
}

coded! {
    /// What is wrong with the writing of one row or line.
    Quoting {
        Open = "open",
        TextAfter = "text_after",
        Inside = "inside",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Syntax {
    Quotes(Quoting),
    /// Not JSON, from this character on of the line that is so many below the first one of the value.
    Json {
        column: u64,
        #[serde(default)]
        lines: u64,
    },
    /// The JSON ends in the middle.
    JsonEnds,
    /// JSON, but no object: `{"type": …}`.
    NotAnObject,
}

/// Why a file is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileRefusal {
    /// Not text in UTF-8 or UTF-16 (B04).
    Format(FileFormat),
    /// The first row does not name the columns as it should: all that is wrong with it (B01, T36).
    Header(Box<Header>),
    /// No file of the format has this name; the nearest one that there is (T06).
    NotRead { nearest: Option<String> },
    /// Another file has this name but for the case of its letters.
    SameName,
    /// One text of JSON that is no JSON from the line of the verdict on: where its next record begins cannot be told.
    Json(Syntax),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Required columns that are not there.
    pub missing: Vec<String>,
    pub unknown: Vec<String>,
    /// The row cannot be cut into cells.
    #[serde(default)]
    pub quotes: Option<Quoting>,
    /// Names that stand twice, with both positions from 1.
    pub twice: Vec<(String, u32, u32)>,
    /// The columns that are there.
    pub found: Vec<String>,
    /// The columns that the table may have.
    pub known: Vec<String>,
}

coded! {
    /// What a file is that is not read.
    FileFormat {
        Windows1252 = "windows_1252",
        MacRoman = "mac_roman",
        Utf16 = "utf16",
        Utf32 = "utf32",
        /// UTF-8, but for some bytes.
        Damaged = "damaged",
        /// A workbook of today's Excel, or another zip archive.
        Zip = "zip",
        OldExcel = "old_excel",
        Compressed = "compressed",
        Binary = "binary",
    }
}

/// What was left out of a record that is taken, or read as something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    pub field: String,
    /// What stands there; empty when nothing does.
    pub value: String,
    pub what: Remarked,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remarked {
    /// Cannot be read.
    LeftOut { error: FieldError, allowed: Vec<String> },
    /// Cannot be read; `by` stands in its place.
    Replaced { by: String, error: FieldError, allowed: Vec<String> },
    /// Nothing stands there; `by` does in its place.
    Missing { by: String },
    /// Longer than so many characters: its beginning is kept.
    Cut { max: u32 },
    /// The same of a title: the whole one begins the first entry (B09).
    TitleCut { max: u32 },
    /// So many characters were dropped or read as others (B08).
    Cleaned { count: u32 },
    /// HTML became text (B15).
    Html,
    /// A moment that cannot be: in the future, before 1990, before the case was opened.
    Time { by: Option<String> },
    /// An attached file that was not taken; its entry says so too (B11).
    File(FileProblem),
    /// An entry with neither text nor files.
    EmptyEntry,
    /// The address of no person who works for the vendor (D8).
    NoAgent,
    /// The person is at work in another company already (T19).
    ActiveElsewhere { organisation: String },
    /// The address of a person who never signed in is corrected; the one before (D5).
    AddressCorrected { before: String },
}

coded! {
    /// Why an attached file was not taken.
    FileProblem {
        Missing = "missing",
        Empty = "empty",
        TooLarge = "too_large",
        Program = "program",
        /// The path leads out of the folder.
        Outside = "outside",
    }
}

/// What begins the line of an entry that names a file which was not taken.
const MARK: &str = "[file ";

impl FileProblem {
    /// The line that stands in the entry instead of the file, for readers of both languages.
    pub fn mark(self, name: &str) -> String {
        let (en, fr) = match self {
            Self::Missing => ("missing", "introuvable"),
            Self::Empty => ("empty", "vide"),
            Self::TooLarge => ("too large", "trop volumineux"),
            Self::Program => ("a program", "programme"),
            Self::Outside => ("outside the folder", "hors du dossier"),
        };
        format!("{MARK}{name} was not imported: {en} / fichier non importé\u{a0}: {fr}]")
    }
}

/// A text without the lines that [`FileProblem::mark`] added at its end: the same entry is the same with and without
/// its files.
pub fn without_marks(text: &str) -> &str {
    let mut kept = text;
    loop {
        let (before, last) = kept.rsplit_once('\n').unwrap_or(("", kept));
        if !(last.starts_with(MARK) && last.contains(" was not imported: ") && last.ends_with(']')) {
            return kept.trim_end();
        }
        kept = before.trim_end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B11
    #[test]
    fn b11_a_file_that_was_not_taken_stands_in_its_entry() {
        let text =
            format!("Voilà.\n\n{}\n{}", FileProblem::Empty.mark("empty.log"), FileProblem::Program.mark("run.sh"));
        assert!(text.contains("[file empty.log was not imported: empty"));
        assert_eq!(without_marks(&text), "Voilà.");
        assert_eq!(without_marks(&FileProblem::Missing.mark("a]b")), "");
        assert_eq!(without_marks("[file a]\nb"), "[file a]\nb");
    }

    #[test]
    fn a_report_shows_the_beginning_of_a_value() {
        assert_eq!(excerpt(" n/a "), "n/a");
        assert_eq!(excerpt(&"é".repeat(200)), format!("{}…", "é".repeat(80)));
        assert_eq!(excerpt(&"é".repeat(80)), "é".repeat(80));
    }

    /// A report is printed on terminals, which obey what begins with ESC (CWE-150), and read by people, whom U+202E misleads.
    #[test]
    fn b08_a_report_obeys_no_value() {
        assert_eq!(excerpt("\u{1b}[2J\u{7}a\r\nCreate: ok"), "\u{fffd}[2J\u{fffd}a  Create: ok");
        assert_eq!(excerpt("\u{202e}cba\u{9b}31m"), "\u{fffd}cba\u{fffd}31m");
    }
}
