//! Reading what is to be imported: a file of JSON lines, or a folder of CSV files, in bounded memory.
//!
//! A line (in CSV: a row, which may span lines inside quotes) longer than a mebibyte is passed over and reported without
//! being held in memory: a file of one endless line costs no more than any other. A batch ends at so many bytes, those of
//! the entries of its cases among them.
//!
//! How a file is written (UTF-8 or UTF-16, which line ends, which separator) is found out before its first row is read
//! (`format`): a file that is no such text is refused as a whole.

mod read;
mod tables;

use std::{
    collections::HashMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use domain::imports::{FileRefusal, RecordKind, TABLES, excerpt, nearest_table};
use unicode_normalization::UnicodeNormalization;

pub(super) use self::read::Row;

const ENTRIES: &str = "entries.csv";
/// The JSON file of a folder that brings `files/` along.
pub(super) const JSON_IN_FOLDER: &str = "import.jsonl";
/// What the name of a file ends in that holds records: one that lies beside what is read and is not read itself was
/// meant to be (T06).
const RECORDS: &[&str] = &["csv", "tsv", "jsonl", "ndjson"];
/// What tables are kept in, too: such a file was meant when its name is that of a table.
const WORKBOOKS: &[&str] = &["xlsx", "xls", "ods", "json", "gz", "zip"];

/// Whether a file of this name would hold records.
fn holds_records(name: &str) -> bool {
    let extension = extension(name);
    // Spreadsheets and Macs leave such files beside those that people work on.
    let shadow = name.starts_with(['.', '~']);
    let table = WORKBOOKS.contains(&extension.as_str()) && nearest_table(name).is_some();
    !shadow && (RECORDS.contains(&extension.as_str()) || table)
}

/// The name that a file was most likely meant to have.
pub(super) fn nearest(name: &str) -> Option<String> {
    match extension(name).as_str() {
        "jsonl" | "ndjson" | "json" => Some(JSON_IN_FOLDER.to_owned()),
        _ => nearest_table(name).map(ToOwned::to_owned),
    }
}

/// The table of a bundle that a name is, whatever the case of its letters.
pub(super) fn table(name: &str) -> Option<(&'static str, RecordKind)> {
    TABLES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// What is to be imported, found and measured, not read yet.
#[derive(Clone, Debug)]
pub struct Source {
    shape: Shape,
    attached: Attached,
    bytes: u64,
    /// Files that lie beside and are not read.
    passed_over: Vec<(String, FileRefusal)>,
}

#[derive(Clone, Debug)]
enum Shape {
    Json(PathBuf),
    /// The tables that there are, in the order they are read; entries are read with the cases.
    Csv(Vec<Table>, Option<PathBuf>),
}

#[derive(Clone, Debug)]
struct Table {
    name: &'static str,
    kind: RecordKind,
    path: PathBuf,
}

/// Where the files lie that entries name.
#[derive(Clone, Debug)]
enum Attached {
    Below(PathBuf),
    /// By what comes after `files/`: an upload lies under names of our own.
    Named(HashMap<String, PathBuf>),
}

/// Why nothing can be read at a path; for the command line (T20).
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot read {}: {error}", .path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{} is one table of a bundle: give the folder that holds it", .0.display())]
    OneTable(PathBuf),
    #[error(
        "{} is neither JSON lines (.jsonl, .ndjson, .json) nor a folder with import.jsonl or CSV tables \
         (organisations.csv, products.csv, contracts.csv, contacts.csv, users.csv, cases.csv)", .0.display()
    )]
    NotRecords(PathBuf),
    #[error(
        "nothing to import in {}: it holds neither import.jsonl nor organisations.csv, products.csv, contracts.csv, \
         contacts.csv, users.csv or cases.csv{}", .0.display(), found(.1)
    )]
    Nothing(PathBuf, Vec<String>),
}

fn found(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| excerpt(name)).collect();
    if names.is_empty() { String::new() } else { format!("; not read: {}", names.join(", ")) }
}

impl Source {
    /// Finds out what lies at a path: a file of JSON lines, a folder with `import.jsonl`, or a folder of CSV files.
    ///
    /// # Errors
    /// When it is none of them, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let unreadable = |error| OpenError::Unreadable { path: path.to_owned(), error };
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
        if std::fs::metadata(path).map_err(unreadable)?.is_file() {
            File::open(path).map_err(unreadable)?;
            match extension(&path.to_string_lossy()).as_str() {
                "csv" | "tsv" => return Err(OpenError::OneTable(path.to_owned())),
                "xlsx" | "xls" | "ods" | "zip" | "tar" => return Err(OpenError::NotRecords(path.to_owned())),
                _ => {}
            }
            let attached = Attached::Below(folder_of(path).to_owned());
            return Ok(Self {
                bytes: size(path),
                shape: Shape::Json(path.to_owned()),
                attached,
                passed_over: Vec::new(),
            });
        }
        let mut names: Vec<String> = std::fs::read_dir(path)
            .map_err(unreadable)?
            .filter_map(Result::ok)
            .filter(|entry| entry.path().is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| holds_records(name))
            .collect();
        // Exact names first, so that of two that differ in the case of their letters it is the one that is read.
        names.sort_by_key(|name| (table(name).is_none_or(|(known, _)| known != name), name.clone()));
        let attached = Attached::Below(path.to_owned());
        let mut passed_over = Vec::new();
        if let Some(json) = names.iter().find(|name| name.eq_ignore_ascii_case(JSON_IN_FOLDER)) {
            let others = names.iter().filter(|name| *name != json);
            passed_over.extend(others.map(|name| (name.clone(), FileRefusal::NotRead { nearest: None })));
            let json = path.join(json);
            return Ok(Self { bytes: size(&json), shape: Shape::Json(json), attached, passed_over });
        }
        let mut tables: Vec<Table> = Vec::new();
        let mut entries = None;
        for name in &names {
            match table(name) {
                Some((ENTRIES, _)) if entries.is_none() => entries = Some(path.join(name)),
                Some((known, kind)) if kind != RecordKind::Entry && tables.iter().all(|table| table.name != known) => {
                    tables.push(Table { name: known, kind, path: path.join(name) });
                }
                Some(_) => passed_over.push((name.clone(), FileRefusal::SameName)),
                None => passed_over.push((name.clone(), FileRefusal::NotRead { nearest: nearest(name) })),
            }
        }
        if tables.is_empty() {
            return Err(OpenError::Nothing(path.to_owned(), names));
        }
        tables.sort_by_key(|table| table.kind_order());
        let bytes = tables.iter().map(|table| size(&table.path)).sum::<u64>() + entries.as_deref().map_or(0, size);
        Ok(Self { shape: Shape::Csv(tables, entries), attached, bytes, passed_over })
    }

    /// An upload: what is imported lies in a folder, attached files lie elsewhere under the names that people gave them.
    pub(super) fn open_upload(folder: &Path, attached: HashMap<String, PathBuf>) -> Result<Self, OpenError> {
        let attached = attached.into_iter().map(|(name, path)| (name.nfc().collect(), path)).collect();
        Ok(Self { attached: Attached::Named(attached), ..Self::open(folder)? })
    }

    /// How many files are read.
    pub fn files(&self) -> u64 {
        match &self.shape {
            Shape::Json(_) => 1,
            Shape::Csv(tables, entries) => (tables.len() + usize::from(entries.is_some())) as u64,
        }
    }

    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where an attached file lies; `None` when it does not, or leads out of the folder.
    pub(super) fn attached(&self, path: &str) -> Option<PathBuf> {
        let folder = match &self.attached {
            Attached::Below(folder) => folder.canonicalize().ok()?,
            Attached::Named(files) => {
                let path = path.replace('\\', "/");
                return files.get(&path.strip_prefix("files/")?.nfc().collect::<String>()).cloned();
            }
        };
        let windows = path.replace('\\', "/");
        let found =
            [path, &windows].into_iter().find_map(|path| written_otherwise(&folder, path))?.canonicalize().ok()?;
        (found.starts_with(&folder) && found.is_file() && !self.holds(&found)).then_some(found)
    }

    /// Whether a file is one of those that are read: an export of every company is attached to no case.
    fn holds(&self, found: &Path) -> bool {
        let is = |path: &Path| path.canonicalize().is_ok_and(|path| path == found);
        match &self.shape {
            Shape::Json(path) => is(path),
            Shape::Csv(tables, entries) => {
                tables.iter().map(|table| table.path.as_path()).chain(entries.as_deref()).any(is)
            }
        }
    }
}

impl Table {
    fn kind_order(&self) -> usize {
        TABLES.iter().position(|(name, _)| *name == self.name).unwrap_or(TABLES.len())
    }
}

/// In small letters.
fn extension(name: &str) -> String {
    name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_lowercase())
}

/// A path below a folder, also when its names are written with composed letters here and with decomposed ones there.
fn written_otherwise(folder: &Path, path: &str) -> Option<PathBuf> {
    let exact = folder.join(path);
    if exact.is_file() {
        return Some(exact);
    }
    let mut at = folder.to_owned();
    for part in path.split('/') {
        if part.is_empty() || part == "." || part == ".." {
            return None;
        }
        let next = at.join(part);
        at = if next.exists() {
            next
        } else {
            let wanted: String = part.nfc().collect();
            let same = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().nfc().eq(wanted.chars());
            std::fs::read_dir(&at).ok()?.filter_map(Result::ok).find(same)?.path()
        };
    }
    Some(at)
}

/// The folder of a file; a bare name has an empty one.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_file_name_lies_in_this_folder() {
        assert_eq!(folder_of(Path::new("import.jsonl")), Path::new("."));
        assert_eq!(folder_of(Path::new("old/import.jsonl")), Path::new("old"));
    }
}
