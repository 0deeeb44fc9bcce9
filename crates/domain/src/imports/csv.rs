//! Rows of comma-separated values (RFC 4180) as the fields of a record; semicolons, which French spreadsheets write, and
//! tabs, too.

use serde_json::{Map, Value};

use super::{FileRefusal, Header, Problem, Quoting, Record, RecordKind, Syntax, excerpt};
use crate::text::is_blank;

/// Cuts one row, which may span lines inside quotes, into its cells.
///
/// # Errors
/// [`Problem::Syntax`] for quotes that do not close or stand in the middle of a cell.
pub fn split_row(row: &str, separator: char) -> Result<Vec<String>, Problem> {
    let wrong = |quoting| Err(Problem::Syntax(Syntax::Quotes(quoting)));
    let row = row.trim_end_matches(['\r', '\n']);
    let mut cells = Vec::new();
    let mut rest = row.chars().peekable();
    loop {
        let mut cell = String::new();
        if rest.peek() == Some(&'"') {
            rest.next();
            loop {
                match rest.next() {
                    Some('"') if rest.peek() == Some(&'"') => {
                        rest.next();
                        cell.push('"');
                    }
                    Some('"') => break,
                    Some(c) => cell.push(c),
                    None => return wrong(Quoting::Open),
                }
            }
            // Blanks after a closing quote are none of the cell.
            while rest.peek().is_some_and(|c| *c == ' ' && *c != separator) {
                rest.next();
            }
            match rest.next() {
                Some(c) if c == separator => {}
                Some(_) => return wrong(Quoting::TextAfter),
                None => {
                    cells.push(cell);
                    return Ok(cells);
                }
            }
        } else {
            loop {
                match rest.next() {
                    Some(c) if c == separator => break,
                    Some('"') => return wrong(Quoting::Inside),
                    Some(c) => cell.push(c),
                    None => {
                        cells.push(cell);
                        return Ok(cells);
                    }
                }
            }
        }
        cells.push(cell);
    }
}

/// Joins cells to a row that a spreadsheet shows as it is: what would be read as a formula gets an apostrophe in front
/// (CSV injection, OWASP).
pub fn spreadsheet_row(cells: &[&str], separator: char) -> String {
    let mut row = String::new();
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            row.push(separator);
        }
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let cell = if formula { format!("'{cell}") } else { (*cell).to_owned() };
        if cell.contains([separator, '"', '\n', '\r']) {
            row.push('"');
            row.push_str(&cell.replace('"', "\"\""));
            row.push('"');
        } else {
            row.push_str(&cell);
        }
    }
    row.push_str("\r\n");
    row
}

/// The separator that a first line `sep=;` declares, as Excel writes and reads it. A spreadsheet that saved the file again
/// has put the line in quotes or empty cells after it.
pub fn declared_separator(line: &str) -> Option<char> {
    let line = line.trim_start_matches('\u{feff}').trim_start_matches('"');
    let (name, value) = line.split_at_checked(4)?;
    let mut value = value.chars();
    let separator = value.next().filter(|_| name.eq_ignore_ascii_case("sep="))?;
    value.all(|c| c == separator || SEPARATORS.contains(&c) || "\" \r\n".contains(c)).then_some(separator)
}

/// What may stand between cells without being declared.
pub const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// The separator of a header: the most frequent of [`SEPARATORS`] outside quotes.
pub fn separator_of(header: &str) -> char {
    let mut quoted = false;
    let mut counts = SEPARATORS.map(|separator| (separator, 0));
    for c in header.chars() {
        quoted ^= c == '"';
        if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| *separator == c && !quoted) {
            *count += 1;
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(',', |(separator, _)| separator)
}

/// The header of a file: which column is which field.
#[derive(Clone, Debug)]
pub struct Columns {
    separator: char,
    /// By their place; a column without a name is none, as long as its cells are empty.
    names: Vec<Option<String>>,
}

impl Columns {
    /// # Errors
    /// [`FileRefusal::Header`] with everything that is wrong with it: required columns that are missing, columns that the
    /// kind does not have, columns that stand twice (B01, T36).
    pub fn parse(kind: RecordKind, header: &str, separator: char) -> Result<Self, FileRefusal> {
        let known = Record::fields(kind);
        let mut wrong = Header { known: known.iter().map(|name| (*name).to_owned()).collect(), ..Header::default() };
        let cells = split_row(header.trim_start_matches('\u{feff}'), separator).unwrap_or_else(|problem| {
            if let Problem::Syntax(Syntax::Quotes(quotes)) = problem {
                wrong.quotes = Some(quotes);
            }
            Vec::new()
        });
        let mut names: Vec<Option<String>> = Vec::with_capacity(cells.len());
        for (cell, place) in cells.iter().zip(1_u32..) {
            if is_blank(cell) {
                names.push(None);
                continue;
            }
            let name = excerpt(&cell.to_lowercase());
            let first = names.iter().zip(1_u32..).find(|(other, _)| other.as_deref() == Some(name.as_str()));
            match first {
                Some((_, first)) => wrong.twice.push((name.clone(), first, place)),
                None => {
                    wrong.found.push(name.clone());
                    if !known.contains(&name.as_str()) {
                        wrong.unknown.push(name.clone());
                    }
                }
            }
            names.push(Some(name));
        }
        wrong.missing = Record::required(kind)
            .iter()
            .filter(|field| !wrong.found.iter().any(|name| name == *field))
            .map(|field| (*field).to_owned())
            .collect();
        if wrong.missing.is_empty() && wrong.unknown.is_empty() && wrong.twice.is_empty() {
            Ok(Self { separator, names })
        } else {
            Err(FileRefusal::Header(Box::new(wrong)))
        }
    }

    /// The fields of a row; `None` for one in which every cell is blank, which is no record (B02). Cells that are missing
    /// at its end are empty (B03).
    ///
    /// # Errors
    /// [`Problem::Syntax`]; [`Problem::CellWithoutColumn`] for a cell that holds something under no name.
    pub fn fields(&self, row: &str) -> Result<Option<Map<String, Value>>, Problem> {
        let cells = split_row(row, self.separator)?;
        if cells.iter().all(|cell| is_blank(cell)) {
            return Ok(None);
        }
        let mut fields = Map::new();
        for (place, cell) in cells.into_iter().enumerate() {
            match self.names.get(place).and_then(Option::as_ref) {
                Some(name) => drop(fields.insert(name.clone(), Value::String(cell))),
                None if is_blank(&cell) => {}
                None => {
                    let column = u32::try_from(place + 1).unwrap_or(u32::MAX);
                    return Err(Problem::CellWithoutColumn { column, value: excerpt(&cell) });
                }
            }
        }
        Ok(Some(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_where_a_spreadsheet_cuts_them() {
        assert_eq!(split_row("a,\"b, \"\"c\"\"\nd\",\r\n", ',').unwrap(), ["a", "b, \"c\"\nd", ""]);
        assert_eq!(split_row("é;\"x;y\"", ';').unwrap(), ["é", "x;y"]);
        assert!(split_row("\"open", ',').is_err());
        assert!(split_row("a\"b", ',').is_err());
        assert_eq!(split_row("\"a\" ,\"b\"  ", ',').unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_spreadsheet_takes_no_cell_for_a_formula() {
        assert_eq!(
            spreadsheet_row(&["4", "=HYPERLINK(\"x\")", "a;b"], ';'),
            "4;\"'=HYPERLINK(\"\"x\"\")\";\"a;b\"\r\n"
        );
        for cell in ["=1", "+1", "-1", "@a", "\t=1"] {
            assert!(spreadsheet_row(&[cell], ',').starts_with('\''), "{cell:?}");
        }
        let row = spreadsheet_row(&["a,b", "c\nd", "\"e\""], ',');
        assert_eq!(split_row(&row, ',').unwrap(), ["a,b", "c\nd", "\"e\""]);
    }

    fn parse(kind: RecordKind, header: &str) -> Result<Columns, FileRefusal> {
        Columns::parse(kind, header, separator_of(header))
    }

    /// T36
    #[test]
    fn t36_all_that_is_wrong_with_a_header_is_named_at_once() {
        let Err(FileRefusal::Header(wrong)) = parse(RecordKind::User, "\u{feff}Id ;nom;mail; NOM;;\u{a0}id") else {
            panic!("a refusal")
        };
        assert_eq!(wrong.missing, ["organisation", "name", "email"]);
        assert_eq!(wrong.unknown, ["nom", "mail"]);
        assert_eq!(wrong.twice, [("nom".to_owned(), 2, 4), ("id".to_owned(), 1, 6)]);
        assert_eq!(wrong.found, ["id", "nom", "mail"]);
        assert!(wrong.known.contains(&"email".to_owned()));
        let Err(FileRefusal::Header(wrong)) = parse(RecordKind::Organisation, "id,\"name") else { panic!("a refusal") };
        assert_eq!((wrong.missing.len(), wrong.quotes), (2, Some(Quoting::Open)), "a header that cannot be cut");
        let columns = parse(RecordKind::Organisation, "\u{feff}ID;Name").unwrap();
        assert_eq!(columns.fields("1;Café").unwrap().unwrap()["name"], "Café");
    }

    /// B02, B03
    #[test]
    fn b03_rows_may_be_shorter_or_end_in_empty_cells() {
        let columns = parse(RecordKind::Organisation, "id,name,region,").unwrap();
        let fields = |row: &str| columns.fields(row);
        assert_eq!(fields("1,A").unwrap().unwrap().len(), 2);
        assert_eq!(fields("1,A,,, ,\"\"").unwrap().unwrap().len(), 3);
        for empty in ["", ",,", " ,\"\",\u{a0}", ",,,,,,\u{feff}"] {
            assert_eq!(fields(empty), Ok(None), "{empty:?}");
        }
        assert_eq!(fields("1,A,,x"), Err(Problem::CellWithoutColumn { column: 4, value: "x".into() }));
        assert_eq!(fields("1,A,,,,y"), Err(Problem::CellWithoutColumn { column: 6, value: "y".into() }));
    }

    /// B04
    #[test]
    fn b04_separators_are_found_in_the_header_or_declared() {
        assert_eq!(
            (separator_of("a;b,c;d"), separator_of("a\tb"), separator_of("a"), separator_of("\"a;b;c\",d")),
            (';', '\t', ',', ',')
        );
        for (line, separator) in [
            ("\u{feff}sep=;\r\n", Some(';')),
            ("SEP=\t", Some('\t')),
            ("\"sep=,\"", Some(',')),
            ("sep=;;;;", Some(';')),
            ("\"sep=;\",,,", Some(';')),
            ("sep=^", Some('^')),
            ("sep=", None),
            ("sep=a,name", None),
            ("sépé", None),
            ("id", None),
        ] {
            assert_eq!(declared_separator(line), separator, "{line}");
        }
        assert_eq!((separator_of("id|name|a;b|c"), separator_of("id|name,x,y,z")), ('|', ','));
    }
}
