//! Every verdict of an import as a table for a spreadsheet, in words: for the download and the command line.

use domain::{
    imports::{RowVerdict, spreadsheet_row},
    locale::Locale as Language,
};

use super::words::{kind_text, verdict_text, why_texts};
use crate::{i18n::*, language::from_domain};

/// French spreadsheets expect semicolons.
const fn separator(l: Locale) -> char {
    match l {
        Locale::fr => ';',
        Locale::en => ',',
    }
}

/// The names of the columns. The byte order mark tells spreadsheets that the text is UTF-8.
pub fn head(language: Language) -> String {
    let l = from_domain(language);
    let cells = [
        td_string!(l, imports.file),
        td_string!(l, imports.line),
        td_string!(l, imports.kind),
        td_string!(l, imports.id),
        td_string!(l, imports.verdict),
        td_string!(l, imports.why),
    ];
    format!("\u{feff}{}", spreadsheet_row(&cells, separator(l)))
}

pub fn row(language: Language, row: &RowVerdict) -> String {
    let l = from_domain(language);
    let (verdict, _) = verdict_text(l, row);
    let kind = row.kind.map_or("", |kind| kind_text(l, kind));
    let (line, why) = (row.line.to_string(), why_texts(l, row).join(" "));
    spreadsheet_row(&[&row.file, &line, kind, &row.id, verdict, &why], separator(l))
}

/// Formats a record that is refused or has remarks as one line for a terminal.
pub fn said(language: Language, row: &RowVerdict) -> String {
    let l = from_domain(language);
    let place = if row.file.is_empty() { row.line.to_string() } else { format!("{}:{}", row.file, row.line) };
    let kind = row.kind.map_or("", |kind| kind_text(l, kind));
    let what =
        [place.as_str(), kind, &row.id].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let (verdict, _) = verdict_text(l, row);
    format!("{what}: {verdict}. {}", why_texts(l, row).join(" "))
}
