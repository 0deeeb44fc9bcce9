//! Reading what is to be imported: a file of JSON lines, or a folder of CSV files, in bounded memory.
//!
//! A line (in CSV: a row, which may span lines inside quotes) longer than a mebibyte is passed over and reported without
//! being held in memory: a file of one endless line costs no more than any other. A batch ends at so many bytes, those of
//! the entries of its cases among them.

use std::{
    collections::{HashMap, VecDeque},
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
/// Bytes of the entries of one case of a CSV bundle.
const MAX_CASE: u64 = 8 * 1024 * 1024;
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
    attached: Attached,
    bytes: u64,
}

#[derive(Clone, Debug)]
enum Shape {
    Json(PathBuf),
    /// The folder, the tables in it, and whether there are entries.
    Csv(PathBuf, Vec<(&'static str, RecordKind)>, bool),
}

/// Where the files lie that entries name.
#[derive(Clone, Debug)]
enum Attached {
    Below(PathBuf),
    /// By what comes after `files/`: an upload lies under names of our own.
    Named(HashMap<String, PathBuf>),
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
            let attached = Attached::Below(folder_of(path).to_owned());
            return Ok(Self { bytes: size(path), shape: Shape::Json(path.to_owned()), attached });
        }
        if !path.is_dir() {
            return Err(none());
        }
        let json = path.join(JSON_IN_FOLDER);
        if json.is_file() {
            let attached = Attached::Below(path.to_owned());
            return Ok(Self { bytes: size(&json), shape: Shape::Json(json), attached });
        }
        let present: Vec<_> = BUNDLE.into_iter().filter(|(name, _)| path.join(name).is_file()).collect();
        if present.is_empty() {
            return Err(none());
        }
        let entries = path.join(ENTRIES).is_file();
        let names = present.iter().map(|(name, _)| *name).chain(entries.then_some(ENTRIES));
        let bytes = names.map(|name| size(&path.join(name))).sum();
        let shape = Shape::Csv(path.to_owned(), present, entries);
        Ok(Self { shape, attached: Attached::Below(path.to_owned()), bytes })
    }

    /// An upload: what is imported lies in a folder, attached files lie elsewhere under the names that people gave them.
    pub(super) fn open_upload(folder: &Path, attached: HashMap<String, PathBuf>) -> Result<Self, Failure> {
        Ok(Self { attached: Attached::Named(attached), ..Self::open(folder)? })
    }

    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where an attached file lies; `None` when it does not, or leads out of the folder.
    pub(super) fn attached(&self, path: &str) -> Option<PathBuf> {
        let folder = match &self.attached {
            Attached::Below(folder) => folder.canonicalize().ok()?,
            Attached::Named(files) => return files.get(path.strip_prefix("files/")?).cloned(),
        };
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
                Shape::Csv(folder, files, entries) => read_bundle(folder, files, *entries, &mut out),
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

fn refused(file: &'static str, line: u64, kind: Option<RecordKind>, problem: Problem) -> Row {
    Row { file, line, kind, id: String::new(), record: Err(problem), fingerprint: [0; 32] }
}

fn row(file: &'static str, line: u64, record: Record) -> Row {
    // What was understood is what counts: the same record in JSON and CSV, or with other blanks, is the same.
    let fingerprint = serde_json::to_vec(&record).map(|bytes| Sha256::digest(&bytes).into()).unwrap_or([0; 32]);
    Row { file, line, kind: Some(record.kind()), id: record.id().to_owned(), record: Ok(record), fingerprint }
}

fn read_json(path: &Path, out: &mut Out) -> io::Result<()> {
    let mut lines = Lines::plain(BufReader::with_capacity(256 * 1024, File::open(path)?));
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
            let mut bytes = 0;
            if let Record::Case(case) = &mut record
                && let Some(places) = index.get_mut(&case.id)
            {
                places.taken = true;
                if let Some(line) = places.bad {
                    return Err(Problem::BadEntry { line });
                }
                bytes = places.entries.iter().map(|(_, length, _)| length).sum();
                if bytes > MAX_CASE {
                    return Err(Problem::CaseTooLarge { max_bytes: MAX_CASE });
                }
                if let Some((file, columns)) = &mut entry_file {
                    add_entries(case, places, file, columns)
                        .map_err(|error| Problem::Syntax { message: format!("line {out_line}: {error}") })?;
                }
            }
            Ok((record, bytes))
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
    let mut lines = Lines::rows(BufReader::with_capacity(256 * 1024, File::open(path)?));
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
        Ok(columns) => {
            lines.separators = Some(vec![columns.separator() as u8]);
            Ok(Some(columns))
        }
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
    // Adds what stands elsewhere, and says how many bytes that is.
    complete: &mut dyn FnMut(Record, u64) -> Result<(Record, u64), Problem>,
) -> io::Result<()> {
    let mut lines = Lines::rows(BufReader::with_capacity(256 * 1024, File::open(path)?));
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
                        Ok((record, bytes)) => {
                            out.batch_bytes += bytes;
                            row(name, number, record)
                        }
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

impl Line {
    fn without_end(mut self) -> Self {
        if let Content::Bytes(bytes) = &mut self.content {
            while matches!(bytes.last(), Some(b'\n' | b'\r')) {
                bytes.pop();
            }
        }
        self
    }
}

/// Lines, or rows with quoted line ends, of bounded length.
struct Lines<R> {
    reader: R,
    /// What stands between the cells of a row; `None` for lines.
    separators: Option<Vec<u8>>,
    offset: u64,
    line: u64,
    /// Lines that were read ahead for a row they did not belong to.
    back: VecDeque<Line>,
}

impl<R: BufRead> Lines<R> {
    const fn plain(reader: R) -> Self {
        Self { reader, separators: None, offset: 0, line: 1, back: VecDeque::new() }
    }

    /// Rows; the header tells which of the two separators it is.
    fn rows(reader: R) -> Self {
        Self { separators: Some(b",;".to_vec()), ..Self::plain(reader) }
    }

    fn next(&mut self) -> io::Result<Option<Line>> {
        let Some(first) = self.physical()? else { return Ok(None) };
        let whole = match self.separators.clone() {
            Some(separators) => self.row(first, &separators)?,
            None => first,
        };
        Ok(Some(whole.without_end()))
    }

    /// Goes on over line ends inside quotes. A row with wrong quotes, or with one that never closes, is its first line
    /// alone: a stray quote costs one row, not those after it.
    fn row(&mut self, first: Line, separators: &[u8]) -> io::Result<Line> {
        let Content::Bytes(bytes) = &first.content else { return Ok(first) };
        let mut cells = Cells { separators, at: At::Start };
        let mut outcome = cells.pass(bytes);
        let mut length = first.length;
        let mut more = Vec::new();
        while outcome == Quotes::Open {
            let Some(next) = self.physical()? else {
                outcome = Quotes::Wrong;
                break;
            };
            length += next.length;
            outcome = match &next.content {
                Content::Bytes(bytes) if length <= MAX_LINE as u64 => cells.pass(bytes),
                _ => Quotes::Endless,
            };
            more.push(next);
        }
        if outcome == Quotes::Well {
            return Ok(more.into_iter().fold(first, joined));
        }
        for line in more.into_iter().rev() {
            self.back.push_front(line);
        }
        let content = if outcome == Quotes::Endless { Content::TooLong } else { first.content };
        Ok(Line { content, ..first })
    }

    /// The next line with its end.
    fn physical(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.back.pop_front() {
            return Ok(Some(line));
        }
        let (offset, line) = (self.offset, self.line);
        let mut bytes = Vec::new();
        let mut too_long = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(buffer.len(), |end| end + 1);
            if too_long || bytes.len() + taken > MAX_LINE {
                too_long = true;
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(buffer.get(..taken).unwrap_or_default());
            }
            self.reader.consume(taken);
            self.offset += taken as u64;
            if end.is_some() {
                self.line += 1;
                break;
            }
        }
        let length = self.offset - offset;
        let content = if too_long { Content::TooLong } else { Content::Bytes(bytes) };
        Ok((length > 0).then_some(Line { offset, length, line, content }))
    }
}

fn joined(mut row: Line, next: Line) -> Line {
    if let (Content::Bytes(bytes), Content::Bytes(more)) = (&mut row.content, &next.content) {
        bytes.extend_from_slice(more);
    }
    row.length += next.length;
    row
}

/// How the quotes of a row stand at the end of a line.
#[derive(PartialEq, Eq)]
enum Quotes {
    Well,
    /// A quoted cell goes on in the next line.
    Open,
    /// Text after a closing quote, or the file ends inside quotes.
    Wrong,
    /// The row is longer than a row may be.
    Endless,
}

/// Where in a row a byte stands. A quote opens at the start of a cell only, elsewhere it is a character like others.
enum At {
    Start,
    Plain,
    Quoted,
    /// After a quote inside quotes: the end of the cell, or the first of a doubled one.
    Closing,
}

struct Cells<'a> {
    separators: &'a [u8],
    at: At,
}

impl Cells<'_> {
    fn pass(&mut self, line: &[u8]) -> Quotes {
        for byte in line {
            let separates = self.separators.contains(byte);
            self.at = match (&self.at, byte) {
                (At::Start | At::Closing, b'"') => At::Quoted,
                (At::Quoted, b'"') => At::Closing,
                (At::Quoted, _) => At::Quoted,
                (At::Closing, b'\r' | b'\n') => At::Closing,
                (At::Start | At::Plain | At::Closing, _) if separates => At::Start,
                (At::Start | At::Plain, _) => At::Plain,
                (At::Closing, _) => return Quotes::Wrong,
            };
        }
        if matches!(self.at, At::Quoted) { Quotes::Open } else { Quotes::Well }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(line: &Line) -> &[u8] {
        match &line.content {
            Content::Bytes(bytes) => bytes,
            Content::TooLong => b"too long",
        }
    }

    fn rows(text: &str) -> Vec<(u64, String)> {
        let mut lines = Lines::rows(BufReader::new(text.as_bytes()));
        let next = || lines.next().unwrap();
        std::iter::from_fn(next).map(|line| (line.line, String::from_utf8(bytes(&line).to_vec()).unwrap())).collect()
    }

    #[test]
    fn an_endless_line_is_passed_over_without_being_held() {
        let endless = io::repeat(b'x').take(48 * 1024 * 1024);
        let reader = BufReader::with_capacity(256 * 1024, endless.chain(&b"\n{}\n"[..]));
        let mut lines = Lines::plain(reader);
        let first = lines.next().unwrap().unwrap();
        assert!(matches!(first.content, Content::TooLong));
        let second = lines.next().unwrap().unwrap();
        assert_eq!(second.line, 2);
        assert_eq!(bytes(&second), b"{}");
        assert!(lines.next().unwrap().is_none());
    }

    #[test]
    fn rows_span_lines_inside_quotes() {
        let mut lines = Lines::rows(BufReader::new(&b"a,\"b\nc\"\r\nd,e"[..]));
        let first = lines.next().unwrap().unwrap();
        assert_eq!(bytes(&first), b"a,\"b\nc\"");
        let second = lines.next().unwrap().unwrap();
        assert_eq!((second.line, second.offset), (3, 9));
    }

    #[test]
    fn a_stray_quote_costs_one_row() {
        let row = |line, text: &str| (line, text.to_owned());
        assert_eq!(rows("1,5\" disk\n2,b\n3,c"), [row(1, "1,5\" disk"), row(2, "2,b"), row(3, "3,c")]);
        // One that never closes, one that the next row's quote closes, text after a closing one.
        assert_eq!(rows("1,\"a\n2,b\n3,c"), [row(1, "1,\"a"), row(2, "2,b"), row(3, "3,c")]);
        assert_eq!(rows("1,\"a\n2,\"b\"\n3,c"), [row(1, "1,\"a"), row(2, "2,\"b\""), row(3, "3,c")]);
        assert_eq!(rows("1,\"a\"x\n2,b"), [row(1, "1,\"a\"x"), row(2, "2,b")]);
        assert_eq!(rows("1,\"a \"\"b\"\"\nc\",d\n2,b"), [row(1, "1,\"a \"\"b\"\"\nc\",d"), row(3, "2,b")]);
    }

    #[test]
    fn a_row_that_never_ends_gives_back_what_was_read_ahead() {
        let filler = "x\n".repeat(MAX_LINE);
        let text = format!("1,\"a\n2,b\n{filler}");
        let mut lines = Lines::rows(BufReader::new(text.as_bytes()));
        let first = lines.next().unwrap().unwrap();
        assert!(matches!(first.content, Content::TooLong));
        assert_eq!(bytes(&lines.next().unwrap().unwrap()), b"2,b");
    }

    #[test]
    fn a_bare_file_name_lies_in_this_folder() {
        assert_eq!(folder_of(Path::new("import.jsonl")), Path::new("."));
        assert_eq!(folder_of(Path::new("old/import.jsonl")), Path::new("old"));
    }
}
