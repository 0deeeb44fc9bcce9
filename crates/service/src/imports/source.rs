//! Reading what is to be imported: a file of JSON lines, or a folder of CSV files, in bounded memory.
//!
//! A line (in CSV: a row, which may span lines inside quotes) longer than a mebibyte is passed over and reported without
//! being held in memory: a file of one endless line costs no more than any other. A batch ends at so many bytes, those of
//! the entries of its cases among them.
//!
//! How a file is written (UTF-8 or UTF-16, which line ends, which separator) is found out before its first row is read
//! (`format`): a file that is no such text is refused as a whole.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use domain::{
    Failure,
    imports::{
        Columns, EntryRecord, FileRefusal, Problem, Record, RecordKind, Remark, TABLES, Unread, declared_separator,
        nearest_table, separator_of,
    },
};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use unicode_normalization::UnicodeNormalization;

use super::{
    BATCH,
    format::{self, Shifted, Text},
    html,
    lines::{Lines, MAX_LINE},
};
use crate::fault;

/// Bytes of the entries of one case of a CSV bundle.
const MAX_CASE: u64 = 8 * 1024 * 1024;
/// A batch is handed over at this many bytes even when it has few records.
const BATCH_BYTES: u64 = 8 * 1024 * 1024;
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
    if names.is_empty() { String::new() } else { format!("; not read: {}", names.join(", ")) }
}

/// One record as it was read.
pub(super) struct Row {
    pub file: Cow<'static, str>,
    pub line: u64,
    pub kind: Option<RecordKind>,
    pub id: String,
    pub record: Result<Record, Problem>,
    pub remarks: Vec<Remark>,
    pub fingerprint: [u8; 32],
}

pub(super) struct Batch {
    pub rows: Vec<Row>,
    /// Of the whole source.
    pub bytes_done: u64,
}

pub(super) struct Batches(mpsc::Receiver<Result<Batch, io::Error>>);

impl Batches {
    pub async fn next(&mut self) -> Result<Option<Batch>, Failure> {
        self.0.recv().await.transpose().map_err(|error| fault("reading an import", &error))
    }
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
        (found.starts_with(&folder) && found.is_file()).then_some(found)
    }

    /// Reads on a thread of its own, at most two batches ahead.
    pub(super) fn read(&self) -> Batches {
        let (sender, receiver) = mpsc::channel(2);
        let source = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut out = Out { sender, rows: Vec::new(), batch_bytes: 0, bytes_done: 0 };
            let outcome = source.read_into(&mut out);
            // A receiver that went away wants no more: nothing to tell it.
            match outcome {
                Ok(()) => {
                    // Whatever was passed over, the end is the end (B03).
                    out.bytes_done = source.bytes;
                    drop(out.flush());
                }
                Err(error) => drop(out.sender.blocking_send(Err(error))),
            }
        });
        Batches(receiver)
    }

    fn read_into(&self, out: &mut Out) -> io::Result<()> {
        for (name, why) in &self.passed_over {
            let problem = Problem::WholeFile { rows: 0, why: why.clone() };
            out.push(refused(Cow::Owned(name.clone()), 1, None, problem), 0)?;
        }
        match &self.shape {
            Shape::Json(path) => read_json(path, out),
            Shape::Csv(tables, entries) => read_bundle(tables, entries.as_deref(), out),
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

/// Collects rows into batches.
struct Out {
    sender: mpsc::Sender<Result<Batch, io::Error>>,
    rows: Vec<Row>,
    batch_bytes: u64,
    bytes_done: u64,
}

impl Out {
    /// `bytes` of the source that were not counted yet.
    fn push(&mut self, row: Row, bytes: u64) -> io::Result<()> {
        self.rows.push(row);
        self.batch_bytes += bytes;
        self.bytes_done += bytes;
        if self.rows.len() >= BATCH || self.batch_bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.batch_bytes = 0;
        let rows = std::mem::take(&mut self.rows);
        let batch = Batch { rows, bytes_done: self.bytes_done };
        self.sender.blocking_send(Ok(batch)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

fn refused(file: impl Into<Cow<'static, str>>, line: u64, kind: Option<RecordKind>, problem: Problem) -> Row {
    let (id, remarks) = (String::new(), Vec::new());
    Row { file: file.into(), line, kind, id, record: Err(problem), remarks, fingerprint: [0; 32] }
}

fn row(file: &'static str, line: u64, record: Record, remarks: Vec<Remark>) -> Row {
    // What was understood is what counts: the same record in JSON and CSV, or with other blanks, is the same.
    let fingerprint = serde_json::to_vec(&record).map(|bytes| Sha256::digest(&bytes).into()).unwrap_or([0; 32]);
    let (kind, id) = (Some(record.kind()), record.id().to_owned());
    Row { file: file.into(), line, kind, id, record: Ok(record), remarks, fingerprint }
}

/// Opens a file of records, or says why none of it can be read.
fn open(path: &Path, name: &'static str, kind: Option<RecordKind>, out: &mut Out) -> io::Result<Option<Text>> {
    match format::open(path)? {
        Ok(text) => Ok(Some(text)),
        Err((format, rows)) => {
            let problem = Problem::WholeFile { rows, why: FileRefusal::Format(format) };
            out.push(refused(name, 1, kind, problem), 0)?;
            Ok(None)
        }
    }
}

fn too_long() -> Problem {
    Problem::LineTooLong { max_bytes: MAX_LINE as u64 }
}

fn read_json(path: &Path, out: &mut Out) -> io::Result<()> {
    let Some(mut text) = open(path, "", None, out)? else { return Ok(()) };
    let mut lines = if text.is_one_value()? { Lines::values(text) } else { Lines::plain(text) };
    while let Some(line) = lines.next()? {
        let number = line.line;
        let read = match line.text() {
            Err(_) => refused("", number, None, too_long()),
            Ok(text) if text.trim().is_empty() => {
                out.bytes_done += line.length;
                continue;
            }
            Ok(text) => match Record::parse_json(text.trim(), html::text_of) {
                Ok((record, remarks)) => row("", number, record, remarks),
                Err(Unread { kind, id, problem }) => Row { id, ..refused("", number, kind, problem) },
            },
        };
        out.push(read, line.length)?;
    }
    Ok(())
}

/// Where the entries of a case stand in `entries.csv`: they are read again when the case is, so that they need not be
/// sorted and need not fit into memory.
#[derive(Default)]
struct Places {
    entries: Vec<(u64, u64, u64)>,
    bad: Option<u64>,
    taken: bool,
}

fn read_bundle(tables: &[Table], entries: Option<&Path>, out: &mut Out) -> io::Result<()> {
    let mut index: HashMap<String, Places> = HashMap::new();
    let mut entry_file = None;
    if let Some(path) = entries {
        entry_file = index_entries(path, &mut index, out)?;
    }
    for table in tables {
        read_csv(table, out, &mut |case, remarks| {
            let mut bytes = 0;
            if let Some(places) = index.get_mut(&case.id) {
                places.taken = true;
                if let Some(line) = places.bad {
                    return Ok(Err(Problem::BadEntry { line }));
                }
                bytes = places.entries.iter().map(|(_, length, _)| length).sum();
                if bytes > MAX_CASE {
                    return Ok(Err(Problem::CaseTooLarge { max_bytes: MAX_CASE }));
                }
                if let Some((file, columns)) = &mut entry_file {
                    add_entries(case, places, file, columns, remarks)?;
                }
            }
            Ok(Ok(bytes))
        })?;
    }
    let mut lost: Vec<(u64, &String)> = index
        .iter()
        .filter(|(_, places)| !places.taken)
        .flat_map(|(case, places)| places.entries.iter().map(move |(_, _, line)| (*line, case)))
        .collect();
    lost.sort();
    for (line, case) in lost {
        let problem = Problem::UnknownCase { id: case.clone() };
        let row = Row { id: case.clone(), ..refused(ENTRIES, line, Some(RecordKind::Entry), problem) };
        out.push(row, 0)?;
    }
    Ok(())
}

fn add_entries(
    case: &mut domain::imports::CaseRecord,
    places: &Places,
    file: &mut Shifted,
    columns: &Columns,
    remarks: &mut Vec<Remark>,
) -> io::Result<()> {
    let mut entries = Vec::with_capacity(places.entries.len());
    for (offset, length, line) in &places.entries {
        let mut bytes = vec![0; usize::try_from(*length).unwrap_or(MAX_LINE)];
        file.read_at(*offset, &mut bytes)?;
        let text = String::from_utf8(bytes).map_err(io::Error::other)?;
        if let Ok(Some((entry, said))) = parse_entry(columns, &text) {
            let within = |remark: Remark| Remark { field: format!("{ENTRIES}:{line} {}", remark.field), ..remark };
            remarks.extend(said.into_iter().map(within));
            // Inside the case the id is not said again: the fingerprint is that of the same case in JSON.
            entries.push(EntryRecord { case: String::new(), ..entry });
        }
    }
    case.add(entries);
    Ok(())
}

/// `None` for a row that says nothing: no cell, or neither text nor a file.
fn parse_entry(columns: &Columns, text: &str) -> Result<Option<(EntryRecord, Vec<Remark>)>, Problem> {
    let Some(fields) = columns.fields(text)? else { return Ok(None) };
    match Record::parse_fields(RecordKind::Entry, &fields, html::text_of)? {
        (Record::Entry(entry), remarks) if !entry.says_nothing() => Ok(Some((entry, remarks))),
        _ => Ok(None),
    }
}

/// Looks through `entries.csv` once: which rows belong to which case, and which are bad. Gives back the file to read
/// them again from.
fn index_entries(
    path: &Path,
    index: &mut HashMap<String, Places>,
    out: &mut Out,
) -> io::Result<Option<(Shifted, Columns)>> {
    let Some(text) = open(path, ENTRIES, Some(RecordKind::Entry), out)? else { return Ok(None) };
    let again = text.again()?;
    let Some((mut lines, columns)) = rows(text, ENTRIES, RecordKind::Entry, out)? else { return Ok(None) };
    while let Some(line) = lines.next()? {
        out.bytes_done += line.length;
        let refuse = |problem| refused(ENTRIES, line.line, Some(RecordKind::Entry), problem);
        let Ok(text) = line.text() else {
            out.push(refuse(too_long()), 0)?;
            continue;
        };
        match parse_entry(&columns, &text) {
            Ok(Some((entry, _))) => {
                let length = text.len() as u64;
                index.entry(entry.case).or_default().entries.push((line.offset, length, line.line));
            }
            Ok(None) => {}
            Err(problem) => {
                let fields = columns.fields(&text).ok().flatten();
                let case = fields.and_then(|fields| fields.get("case")?.as_str().map(|case| case.trim().to_owned()));
                if let Some(case) = case.filter(|case| !case.is_empty()) {
                    index.entry(case).or_default().bad.get_or_insert(line.line);
                }
                out.push(refuse(problem), 0)?;
            }
        }
    }
    Ok(Some((again, columns)))
}

/// The rows of a table after its header. A wrong header is reported with everything that is wrong with it and with the
/// number of rows that are not read (T05, T36).
fn rows(text: Text, name: &'static str, kind: RecordKind, out: &mut Out) -> io::Result<Option<(Lines<Text>, Columns)>> {
    let mut lines = Lines::rows(text);
    let mut first = lines.next()?;
    let mut separator = None;
    if let Some(line) = &first
        && let Ok(text) = line.text()
        && let Some(declared) = declared_separator(&text)
    {
        separator = Some(declared);
        lines.separate(declared);
        first = lines.next()?;
    }
    // What spreadsheets leave above a table.
    while let Some(line) = &first
        && line.text().is_ok_and(|text| says_nothing(&text))
    {
        out.bytes_done += line.length;
        first = lines.next()?;
    }
    let (number, header) = match &first {
        Some(line) => (line.line, line.text().unwrap_or_default().into_owned()),
        None => (1, String::new()),
    };
    out.bytes_done += first.map_or(0, |line| line.length);
    match Columns::parse(kind, &header, separator.unwrap_or_else(|| separator_of(&header))) {
        Ok(columns) => {
            lines.separate(columns.separator());
            Ok(Some((lines, columns)))
        }
        Err(why) => {
            lines.separate(separator.unwrap_or_else(|| separator_of(&header)));
            let mut rows = 0;
            while let Some(line) = lines.next()? {
                rows += u64::from(
                    line.text().map_or(true, |text| !domain::text::is_blank(&text.replace([',', ';', '"'], " "))),
                );
            }
            out.push(refused(name, number, Some(kind), Problem::WholeFile { rows, why }), 0)?;
            Ok(None)
        }
    }
}

/// Whether a row is nothing but separators, quotes and blanks.
fn says_nothing(row: &str) -> bool {
    domain::text::is_blank(&row.replace([',', ';', '"'], " "))
}

/// Adds to a case what stands elsewhere, and says how many bytes that is.
type Complete<'a> =
    dyn FnMut(&mut domain::imports::CaseRecord, &mut Vec<Remark>) -> io::Result<Result<u64, Problem>> + 'a;

fn read_csv(table: &Table, out: &mut Out, complete: &mut Complete<'_>) -> io::Result<()> {
    let (name, kind) = (table.name, table.kind);
    let Some(text) = open(&table.path, name, Some(kind), out)? else { return Ok(()) };
    let Some((mut lines, columns)) = rows(text, name, kind, out)? else { return Ok(()) };
    while let Some(line) = lines.next()? {
        let number = line.line;
        let Ok(text) = line.text() else {
            out.push(refused(name, number, Some(kind), too_long()), line.length)?;
            continue;
        };
        let fields = match columns.fields(&text) {
            Ok(Some(fields)) => fields,
            Ok(None) => {
                out.bytes_done += line.length;
                continue;
            }
            Err(problem) => {
                out.push(refused(name, number, Some(kind), problem), line.length)?;
                continue;
            }
        };
        let id = fields.get("id").or_else(|| fields.get("key")).and_then(|id| id.as_str()).unwrap_or_default();
        let id = domain::imports::excerpt(id);
        let read = match Record::parse_fields(kind, &fields, html::text_of) {
            Err(problem) => Err(problem),
            Ok((Record::Case(mut case), mut remarks)) => match complete(&mut case, &mut remarks)? {
                Err(problem) => Err(problem),
                Ok(bytes) => {
                    out.batch_bytes += bytes;
                    case.finish(&mut remarks);
                    Ok((Record::Case(case), remarks))
                }
            },
            Ok(read) => Ok(read),
        };
        let read = match read {
            Ok((record, remarks)) => row(name, number, record, remarks),
            Err(problem) => Row { id, ..refused(name, number, Some(kind), problem) },
        };
        out.push(read, line.length)?;
    }
    Ok(())
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
