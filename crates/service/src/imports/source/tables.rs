//! The tables of a CSV bundle; the entries of cases are read with them.

use std::{collections::HashMap, io, path::Path};

use domain::{
    imports::{
        CaseRecord, Columns, EntryRecord, Problem, Record, RecordKind, Remark, declared_separator, excerpt,
        separator_of,
    },
    text::is_blank,
};

use super::{
    super::{
        format::{Shifted, Text},
        html,
        lines::{Lines, MAX_LINE},
    },
    ENTRIES, Table,
    read::{Out, Row, open, refused, row, too_long},
};

/// Bytes of the entries of one case of a CSV bundle.
const MAX_CASE: u64 = 8 * 1024 * 1024;

/// Where the entries of a case stand in `entries.csv`: they are read again when the case is, so that they need not be
/// sorted and need not fit into memory.
#[derive(Default)]
struct Places {
    entries: Vec<(u64, u64, u64)>,
    bad: Option<u64>,
    taken: bool,
}

pub(super) fn read(tables: &[Table], entries: Option<&Path>, out: &mut Out) -> io::Result<()> {
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
    case: &mut CaseRecord,
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
    let mut declared = None;
    if let Some(line) = &first
        && let Ok(text) = line.text()
        && let Some(separator) = declared_separator(&text)
    {
        declared = Some(separator);
        lines.separate(separator);
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
    // A spreadsheet that saved the table again with another separator left what the first line declares.
    let separator = declared.filter(|separator| header.contains(*separator)).unwrap_or_else(|| separator_of(&header));
    lines.separate(separator);
    match Columns::parse(kind, &header, separator) {
        Ok(columns) => Ok(Some((lines, columns))),
        Err(why) => {
            let mut rows = 0;
            while let Some(line) = lines.next()? {
                rows += u64::from(line.text().map_or(true, |text| !says_nothing(&text)));
            }
            out.push(refused(name, number, Some(kind), Problem::WholeFile { rows, why }), 0)?;
            Ok(None)
        }
    }
}

/// Whether a row is nothing but separators, quotes and blanks.
fn says_nothing(row: &str) -> bool {
    is_blank(&row.replace([',', ';', '|', '"'], " "))
}

/// Adds to a case what stands elsewhere, and says how many bytes that is.
type Complete<'a> = dyn FnMut(&mut CaseRecord, &mut Vec<Remark>) -> io::Result<Result<u64, Problem>> + 'a;

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
        let id = excerpt(id);
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
