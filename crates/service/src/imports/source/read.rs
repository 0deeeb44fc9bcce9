//! The rows of a source, in batches, on a thread of their own.

use std::{borrow::Cow, io, path::Path};

use domain::{
    Failure,
    imports::{FileRefusal, Problem, Record, RecordKind, Remark, Syntax, Unread, excerpt},
};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{
    super::{
        BATCH,
        format::{self, Text, Unreadable},
        html,
        lines::{Lines, MAX_LINE},
    },
    Shape, Source, tables,
};
use crate::fault;

/// A batch is handed over at this many bytes even when it has few records.
const BATCH_BYTES: u64 = 8 * 1024 * 1024;

/// One record as it was read.
pub(in crate::imports) struct Row {
    pub file: Cow<'static, str>,
    pub line: u64,
    pub kind: Option<RecordKind>,
    pub id: String,
    pub record: Result<Record, Problem>,
    pub remarks: Vec<Remark>,
    pub fingerprint: [u8; 32],
}

pub(in crate::imports) struct Batch {
    pub rows: Vec<Row>,
    /// Of the whole source.
    pub bytes_done: u64,
}

pub(in crate::imports) struct Batches(mpsc::Receiver<Result<Batch, io::Error>>);

impl Batches {
    pub async fn next(&mut self) -> Result<Option<Batch>, Failure> {
        self.0.recv().await.transpose().map_err(|error| fault("reading an import", &error))
    }
}

impl Source {
    /// Reads on a thread of its own, at most two batches ahead.
    pub(in crate::imports) fn read(&self) -> Batches {
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
            out.push(refused(Cow::Owned(excerpt(name)), 1, None, problem), 0)?;
        }
        match &self.shape {
            Shape::Json(path) => read_json(path, out),
            Shape::Csv(tables, entries) => tables::read(tables, entries.as_deref(), out),
        }
    }
}

/// Collects rows into batches.
pub(super) struct Out {
    sender: mpsc::Sender<Result<Batch, io::Error>>,
    rows: Vec<Row>,
    pub batch_bytes: u64,
    pub bytes_done: u64,
}

impl Out {
    /// `bytes` of the source that were not counted yet.
    pub fn push(&mut self, row: Row, bytes: u64) -> io::Result<()> {
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

pub(super) fn refused(
    file: impl Into<Cow<'static, str>>,
    line: u64,
    kind: Option<RecordKind>,
    problem: Problem,
) -> Row {
    let (id, remarks) = (String::new(), Vec::new());
    Row { file: file.into(), line, kind, id, record: Err(problem), remarks, fingerprint: [0; 32] }
}

pub(super) fn row(file: &'static str, line: u64, record: Record, remarks: Vec<Remark>) -> Row {
    // What was understood is what counts: the same record in JSON and CSV, or with other blanks, is the same.
    let fingerprint = serde_json::to_vec(&record).map(|bytes| Sha256::digest(&bytes).into()).unwrap_or([0; 32]);
    let (kind, id) = (Some(record.kind()), record.id().to_owned());
    Row { file: file.into(), line, kind, id, record: Ok(record), remarks, fingerprint }
}

/// Opens a file of records, or says why none of it can be read.
pub(super) fn open(
    path: &Path,
    name: &'static str,
    kind: Option<RecordKind>,
    out: &mut Out,
) -> io::Result<Option<Text>> {
    match format::open(path)? {
        Ok(text) => Ok(Some(text)),
        Err(Unreadable { format, line, rows }) => {
            let problem = Problem::WholeFile { rows, why: FileRefusal::Format(format) };
            out.push(refused(name, line, kind, problem), 0)?;
            Ok(None)
        }
    }
}

pub(super) fn too_long() -> Problem {
    Problem::LineTooLong { max_bytes: MAX_LINE as u64 }
}

fn read_json(path: &Path, out: &mut Out) -> io::Result<()> {
    let Some(mut text) = open(path, "", None, out)? else { return Ok(()) };
    let one_value = text.is_one_value()?;
    let mut lines = if one_value { Lines::values(text) } else { Lines::plain(text) };
    while let Some(line) = lines.next()? {
        let number = line.line;
        let read = match line.text() {
            Err(_) => refused("", number, None, too_long()),
            Ok(text) if text.trim().is_empty() => {
                out.bytes_done += line.length;
                continue;
            }
            // A line of an array that was cut into lines ends with the comma between its records.
            Ok(text) => match Record::parse_json(text.trim().trim_end_matches(','), html::text_of) {
                Ok((record, remarks)) => row("", number, record, remarks),
                Err(Unread { problem: Problem::Syntax(why), .. }) if one_value && why != Syntax::NotAnObject => {
                    let below = if let Syntax::Json { lines, .. } = &why { *lines } else { 0 };
                    let problem = Problem::WholeFile { rows: 0, why: FileRefusal::Json(why) };
                    return out.push(refused("", number + below, None, problem), line.length);
                }
                Err(Unread { kind, id, problem }) => Row { id, ..refused("", number, kind, problem) },
            },
        };
        out.push(read, line.length)?;
    }
    Ok(())
}
