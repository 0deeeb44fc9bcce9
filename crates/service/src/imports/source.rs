//! Reading what is to be imported: a file of JSON lines, or a folder of CSV files, in bounded memory.
//!
//! A line (in CSV: a row, which may span lines inside quotes) longer than a mebibyte is passed over and reported without
//! being held in memory: a file of one endless line costs no more than any other.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use domain::{
    Failure, FieldError,
    imports::{Columns, EntryRecord, Problem, Record, RecordKind},
};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::BATCH;
use crate::fault;

/// Bytes of one line.
const MAX_LINE: usize = 1024 * 1024;
/// A batch is handed over at this many bytes even when it has few records.
const BATCH_BYTES: u64 = 8 * 1024 * 1024;
/// The files of a bundle in the order they are read: what others refer to comes first.
const BUNDLE: [(&str, RecordKind); 6] = [
    ("organisations.csv", RecordKind::Organisation),
    ("products.csv", RecordKind::Product),
    ("contracts.csv", RecordKind::Contract),
    ("contacts.csv", RecordKind::Contact),
    ("users.csv", RecordKind::User),
    ("cases.csv", RecordKind::Case),
];
const ENTRIES: &str = "entries.csv";
/// The JSON file of a folder that brings `files/` along.
pub(super) const JSON_IN_FOLDER: &str = "import.jsonl";

/// Whether a file of this name is a part of a CSV bundle.
pub(super) fn is_bundle_file(name: &str) -> bool {
    name == ENTRIES || BUNDLE.iter().any(|(known, _)| *known == name)
}

/// What is to be imported, found and measured, not read yet.
#[derive(Clone, Debug)]
pub struct Source {
    shape: Shape,
    /// Attached files are looked up below it.
    folder: PathBuf,
    bytes: u64,
}

#[derive(Clone, Debug)]
enum Shape {
    Json(PathBuf),
    Csv(Vec<(&'static str, RecordKind)>, bool),
}

/// One record as it was read.
pub(super) struct Row {
    pub file: &'static str,
    pub line: u64,
    pub kind: Option<RecordKind>,
    pub id: String,
    pub record: Result<Record, Problem>,
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
    /// Under `file` when it is none of them.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let none = || Failure::field("file", FieldError::NotAChoice);
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
        if path.is_file() {
            let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
            return Ok(Self { bytes: size(path), shape: Shape::Json(path.to_owned()), folder });
        }
        if !path.is_dir() {
            return Err(none());
        }
        let json = path.join(JSON_IN_FOLDER);
        if json.is_file() {
            return Ok(Self { bytes: size(&json), shape: Shape::Json(json), folder: path.to_owned() });
        }
        let present: Vec<_> = BUNDLE.into_iter().filter(|(name, _)| path.join(name).is_file()).collect();
        if present.is_empty() {
            return Err(none());
        }
        let entries = path.join(ENTRIES).is_file();
        let names = present.iter().map(|(name, _)| *name).chain(entries.then_some(ENTRIES));
        let bytes = names.map(|name| size(&path.join(name))).sum();
        Ok(Self { shape: Shape::Csv(present, entries), folder: path.to_owned(), bytes })
    }

    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where an attached file lies; `None` when it does not, or leads out of the folder.
    pub(super) fn attached(&self, path: &str) -> Option<PathBuf> {
        let folder = self.folder.canonicalize().ok()?;
        let found = folder.join(path).canonicalize().ok()?;
        (found.starts_with(&folder) && found.is_file()).then_some(found)
    }

    /// Reads on a thread of its own, at most two batches ahead.
    pub(super) fn read(&self) -> Batches {
        let (sender, receiver) = mpsc::channel(2);
        let source = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut out = Out { sender, rows: Vec::new(), batch_bytes: 0, bytes_done: 0 };
            let outcome = match &source.shape {
                Shape::Json(path) => read_json(path, &mut out),
                Shape::Csv(files, entries) => read_bundle(&source.folder, files, *entries, &mut out),
            };
            // A receiver that went away wants no more: nothing to tell it.
            match outcome {
                Ok(()) => drop(out.flush()),
                Err(error) => drop(out.sender.blocking_send(Err(error))),
            }
        });
        Batches(receiver)
    }
}

/// Collects rows into batches.
struct Out {
    sender: mpsc::Sender<Result<Batch, io::Error>>,
    rows: Vec<Row>,
    batch_bytes: u64,
    bytes_done: u64,
}

impl Out {
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

fn refused(file: &'static str, line: u64, kind: Option<RecordKind>, problem: Problem) -> Row {
    Row { file, line, kind, id: String::new(), record: Err(problem), fingerprint: [0; 32] }
}

fn row(file: &'static str, line: u64, record: Record) -> Row {
    // What was understood is what counts: the same record in JSON and CSV, or with other blanks, is the same.
    let fingerprint = serde_json::to_vec(&record).map(|bytes| Sha256::digest(&bytes).into()).unwrap_or([0; 32]);
    Row { file, line, kind: Some(record.kind()), id: record.id().to_owned(), record: Ok(record), fingerprint }
}

fn read_json(path: &Path, out: &mut Out) -> io::Result<()> {
    let mut lines = Lines::new(BufReader::with_capacity(256 * 1024, File::open(path)?), false);
    while let Some(line) = lines.next()? {
        let number = line.line;
        let read = match &line.content {
            Content::TooLong => refused("", number, None, Problem::LineTooLong { max_bytes: MAX_LINE as u64 }),
            Content::Bytes(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => {
                out.bytes_done += line.length;
                continue;
            }
            Content::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Err(_) => refused("", number, None, Problem::NotUtf8),
                Ok(text) => match Record::parse_json(text.trim()) {
                    Ok(record) => row("", number, record),
                    Err((kind, id, problem)) => Row { id, ..refused("", number, kind, problem) },
                },
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

fn read_bundle(folder: &Path, files: &[(&'static str, RecordKind)], entries: bool, out: &mut Out) -> io::Result<()> {
    let mut index: HashMap<String, Places> = HashMap::new();
    let mut entry_file = None;
    if entries {
        let columns = index_entries(&folder.join(ENTRIES), &mut index, out)?;
        entry_file = columns.map(|columns| File::open(folder.join(ENTRIES)).map(|file| (file, columns))).transpose()?;
    }
    for (name, kind) in files {
        read_csv(&folder.join(name), name, *kind, out, &mut |mut record, out_line| {
            if let Record::Case(case) = &mut record
                && let Some(places) = index.get_mut(&case.id)
            {
                places.taken = true;
                if let Some(line) = places.bad {
                    return Err(Problem::BadEntry { line });
                }
                if let Some((file, columns)) = &mut entry_file {
                    add_entries(case, places, file, columns)
                        .map_err(|error| Problem::Syntax { message: format!("line {out_line}: {error}") })?;
                }
            }
            Ok(record)
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
    file: &mut File,
    columns: &Columns,
) -> io::Result<()> {
    let mut entries = Vec::with_capacity(places.entries.len());
    for (offset, length, _) in &places.entries {
        file.seek(SeekFrom::Start(*offset))?;
        let mut bytes = vec![0; usize::try_from(*length).unwrap_or(MAX_LINE)];
        file.read_exact(&mut bytes)?;
        let text = String::from_utf8(bytes).map_err(io::Error::other)?;
        if let Ok(entry) = parse_entry(columns, &text) {
            // Inside the case the id is not said again: the fingerprint is that of the same case in JSON.
            entries.push(EntryRecord { case: String::new(), ..entry });
        }
    }
    case.add(entries);
    Ok(())
}

fn parse_entry(columns: &Columns, text: &str) -> Result<EntryRecord, Problem> {
    match Record::parse_fields(RecordKind::Entry, &columns.fields(text)?)? {
        Record::Entry(entry) => Ok(entry),
        _ => Err(Problem::UnknownKind { kind: String::new() }),
    }
}

/// Looks through `entries.csv` once: which rows belong to which case, and which are bad.
fn index_entries(path: &Path, index: &mut HashMap<String, Places>, out: &mut Out) -> io::Result<Option<Columns>> {
    let mut lines = Lines::new(BufReader::with_capacity(256 * 1024, File::open(path)?), true);
    let Some(columns) = header(&mut lines, ENTRIES, RecordKind::Entry, out)? else { return Ok(None) };
    while let Some(line) = lines.next()? {
        out.bytes_done += line.length;
        let refuse = |problem| refused(ENTRIES, line.line, Some(RecordKind::Entry), problem);
        let text = match &line.content {
            Content::TooLong => {
                out.push(refuse(Problem::LineTooLong { max_bytes: MAX_LINE as u64 }), 0)?;
                continue;
            }
            Content::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => text,
                Err(_) => {
                    out.push(refuse(Problem::NotUtf8), 0)?;
                    continue;
                }
            },
        };
        match parse_entry(&columns, text) {
            Ok(entry) => {
                let length = text.len() as u64;
                index.entry(entry.case).or_default().entries.push((line.offset, length, line.line));
            }
            Err(problem) => {
                let case = columns
                    .fields(text)
                    .ok()
                    .and_then(|fields| fields.get("case").and_then(|case| case.as_str()).map(ToOwned::to_owned));
                if let Some(case) = case {
                    let places = index.entry(case.trim().to_owned()).or_default();
                    places.bad.get_or_insert(line.line);
                }
                out.push(refuse(problem), 0)?;
            }
        }
    }
    Ok(Some(columns))
}

/// Reads the header; a wrong one is reported, and the rest of the file is not looked at.
fn header<R: BufRead>(
    lines: &mut Lines<R>,
    name: &'static str,
    kind: RecordKind,
    out: &mut Out,
) -> io::Result<Option<Columns>> {
    let Some(first) = lines.next()? else {
        let column = Record::required(kind).first().copied().unwrap_or_default().to_owned();
        out.push(refused(name, 1, Some(kind), Problem::MissingColumn { column }), 0)?;
        return Ok(None);
    };
    out.bytes_done += first.length;
    let columns = match &first.content {
        Content::TooLong => Err(Problem::LineTooLong { max_bytes: MAX_LINE as u64 }),
        Content::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Columns::parse(kind, text),
            Err(_) => Err(Problem::NotUtf8),
        },
    };
    match columns {
        Ok(columns) => Ok(Some(columns)),
        Err(problem) => {
            out.push(refused(name, first.line, Some(kind), problem), 0)?;
            Ok(None)
        }
    }
}

fn read_csv(
    path: &Path,
    name: &'static str,
    kind: RecordKind,
    out: &mut Out,
    complete: &mut dyn FnMut(Record, u64) -> Result<Record, Problem>,
) -> io::Result<()> {
    let mut lines = Lines::new(BufReader::with_capacity(256 * 1024, File::open(path)?), true);
    let Some(columns) = header(&mut lines, name, kind, out)? else { return Ok(()) };
    while let Some(line) = lines.next()? {
        let number = line.line;
        let read = match &line.content {
            Content::TooLong => refused(name, number, Some(kind), Problem::LineTooLong { max_bytes: MAX_LINE as u64 }),
            Content::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Err(_) => refused(name, number, Some(kind), Problem::NotUtf8),
                Ok(text) if text.trim().is_empty() => {
                    out.bytes_done += line.length;
                    continue;
                }
                Ok(text) => {
                    let fields = columns.fields(text);
                    let id = fields.as_ref().ok().and_then(|fields| fields.get("id").or_else(|| fields.get("key")));
                    let id = id.and_then(|id| id.as_str()).unwrap_or_default().chars().take(80).collect();
                    let record = fields
                        .and_then(|fields| Record::parse_fields(kind, &fields))
                        .and_then(|record| complete(record, number));
                    match record {
                        Ok(record) => row(name, number, record),
                        Err(problem) => Row { id, ..refused(name, number, Some(kind), problem) },
                    }
                }
            },
        };
        out.push(read, line.length)?;
    }
    Ok(())
}

enum Content {
    Bytes(Vec<u8>),
    TooLong,
}

struct Line {
    /// Of its first byte in the file.
    offset: u64,
    /// With its line end.
    length: u64,
    /// From 1; of its first line.
    line: u64,
    content: Content,
}

/// Lines, or rows with quoted line ends, of bounded length.
struct Lines<R> {
    reader: R,
    quotes: bool,
    offset: u64,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    const fn new(reader: R, quotes: bool) -> Self {
        Self { reader, quotes, offset: 0, line: 1 }
    }

    fn next(&mut self) -> io::Result<Option<Line>> {
        let (offset, line) = (self.offset, self.line);
        let mut bytes = Vec::new();
        let (mut too_long, mut open_quote) = (false, false);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(buffer.len(), |end| end + 1);
            let part = buffer.get(..taken).unwrap_or_default();
            if !too_long {
                if self.quotes {
                    open_quote ^= part.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
                }
                if bytes.len() + part.len() > MAX_LINE {
                    too_long = true;
                    bytes = Vec::new();
                } else {
                    bytes.extend_from_slice(part);
                }
            }
            self.reader.consume(taken);
            self.offset += taken as u64;
            if end.is_some() {
                self.line += 1;
                // After a row that was too long, the next line is taken for the beginning of a row.
                if too_long || !open_quote {
                    break;
                }
            }
        }
        let length = self.offset - offset;
        if length == 0 {
            return Ok(None);
        }
        let content = if too_long {
            Content::TooLong
        } else {
            while matches!(bytes.last(), Some(b'\n' | b'\r')) {
                bytes.pop();
            }
            Content::Bytes(bytes)
        };
        Ok(Some(Line { offset, length, line, content }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_line_is_passed_over_without_being_held() {
        let endless = io::repeat(b'x').take(48 * 1024 * 1024);
        let reader = BufReader::with_capacity(256 * 1024, endless.chain(&b"\n{}\n"[..]));
        let mut lines = Lines::new(reader, false);
        let first = lines.next().unwrap().unwrap();
        assert!(matches!(first.content, Content::TooLong));
        let second = lines.next().unwrap().unwrap();
        assert_eq!(second.line, 2);
        assert!(matches!(second.content, Content::Bytes(bytes) if bytes == b"{}"));
        assert!(lines.next().unwrap().is_none());
    }

    #[test]
    fn rows_span_lines_inside_quotes() {
        let mut lines = Lines::new(BufReader::new(&b"a,\"b\nc\"\r\nd,e"[..]), true);
        let first = lines.next().unwrap().unwrap();
        assert!(matches!(first.content, Content::Bytes(bytes) if bytes == b"a,\"b\nc\""));
        let second = lines.next().unwrap().unwrap();
        assert_eq!((second.line, second.offset), (3, 9));
    }
}
