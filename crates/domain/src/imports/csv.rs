//! Rows of comma-separated values (RFC 4180) as the fields of a record; semicolons, which French spreadsheets write, too.

use serde_json::{Map, Value};

use super::{Problem, Record, RecordKind};

/// Cuts one row, which may span lines inside quotes, into its cells.
///
/// # Errors
/// [`Problem::Syntax`] for quotes that do not close or stand in the middle of a cell.
pub fn split_row(row: &str, separator: char) -> Result<Vec<String>, Problem> {
    let syntax = |message: &str| Problem::Syntax { message: message.to_owned() };
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
                    None => return Err(syntax("a quote does not close")),
                }
            }
            match rest.next() {
                Some(c) if c == separator => {}
                Some(_) => return Err(syntax("text after a closing quote")),
                None => {
                    cells.push(cell);
                    return Ok(cells);
                }
            }
        } else {
            loop {
                match rest.next() {
                    Some(c) if c == separator => break,
                    Some('"') => return Err(syntax("a quote inside a cell")),
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

/// The header of a file: which column is which field.
#[derive(Clone, Debug)]
pub struct Columns {
    kind: RecordKind,
    separator: char,
    names: Vec<String>,
}

impl Columns {
    /// # Errors
    /// [`Problem::MissingColumn`] for a required one, [`Problem::UnknownField`] for one that the kind does not have.
    pub fn parse(kind: RecordKind, header: &str) -> Result<Self, Problem> {
        let header = header.trim_start_matches('\u{feff}');
        let separator = if header.contains(';') && !header.contains(',') { ';' } else { ',' };
        let names: Vec<String> =
            split_row(header, separator)?.into_iter().map(|name| name.trim().to_lowercase()).collect();
        if let Some(missing) = Record::required(kind).iter().find(|field| !names.iter().any(|name| name == *field)) {
            return Err(Problem::MissingColumn { column: (*missing).to_owned() });
        }
        if let Some(unknown) = names.iter().find(|name| !Record::fields(kind).contains(&name.as_str())) {
            return Err(Problem::UnknownField { field: unknown.clone() });
        }
        Ok(Self { kind, separator, names })
    }

    pub const fn kind(&self) -> RecordKind {
        self.kind
    }

    pub const fn separator(&self) -> char {
        self.separator
    }

    /// # Errors
    /// [`Problem::Syntax`] when the row has not as many cells as the header.
    pub fn fields(&self, row: &str) -> Result<Map<String, Value>, Problem> {
        let cells = split_row(row, self.separator)?;
        if cells.len() != self.names.len() {
            let message = format!("{} cells under {} columns", cells.len(), self.names.len());
            return Err(Problem::Syntax { message });
        }
        Ok(self.names.iter().cloned().zip(cells.into_iter().map(Value::String)).collect())
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

    #[test]
    fn a_wrong_header_is_named() {
        let missing = Columns::parse(RecordKind::Organisation, "id,region").unwrap_err();
        assert_eq!(missing, Problem::MissingColumn { column: "name".into() });
        let unknown = Columns::parse(RecordKind::Organisation, "id,name,regoin").unwrap_err();
        assert_eq!(unknown, Problem::UnknownField { field: "regoin".into() });
        let columns = Columns::parse(RecordKind::Organisation, "\u{feff}ID;Name").unwrap();
        assert_eq!(columns.fields("1;Café").unwrap()["name"], "Café");
        assert!(columns.fields("1;2;3").is_err());
    }
}
