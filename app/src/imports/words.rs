//! Verdicts and problems in words.

use domain::{
    FieldError,
    access::{Reach, Role},
    cases::Status,
    imports::{
        BadField, Change, Changed, FileFormat, FileProblem, FileRefusal, Header, ImportState, OtherSource, Problem,
        Quoting, RecordKind, Remark, Remarked, RowVerdict, Syntax, UploadProblem, Verdict, VerdictCounts,
        nearest_table,
    },
};

use crate::{
    cases::status_text,
    failure::field_error_text,
    i18n::*,
    people::{reach_text, role_text},
    ui::Tone,
};

/// Columns of one header that a message names.
const MAX_NAMES: usize = 60;

pub(super) fn kind_text(l: Locale, kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Organisation => td_string!(l, imports.kind_organisation),
        RecordKind::Product => td_string!(l, imports.kind_product),
        RecordKind::Contract => td_string!(l, imports.kind_contract),
        RecordKind::Contact => td_string!(l, imports.kind_contact),
        RecordKind::User => td_string!(l, imports.kind_user),
        RecordKind::Case => td_string!(l, imports.kind_case),
        RecordKind::Entry => td_string!(l, imports.kind_entry),
    }
}

pub(super) fn state_text(l: Locale, state: ImportState) -> &'static str {
    match state {
        ImportState::Checking => td_string!(l, imports.state_checking),
        ImportState::Checked => td_string!(l, imports.state_checked),
        ImportState::Running => td_string!(l, imports.state_running),
        ImportState::Done => td_string!(l, imports.state_done),
        ImportState::Failed => td_string!(l, imports.state_failed),
    }
}

pub(super) const fn state_tone(state: ImportState) -> Tone {
    match state {
        ImportState::Checking | ImportState::Running => Tone::Info,
        ImportState::Checked => Tone::Warn,
        ImportState::Done => Tone::Good,
        ImportState::Failed => Tone::Bad,
    }
}

pub(super) fn verdict_text(l: Locale, row: &RowVerdict) -> (&'static str, Tone) {
    match (&row.verdict, row.remarks.is_empty()) {
        (Verdict::Create, true) => (td_string!(l, imports.create), Tone::Good),
        (Verdict::Create, false) => (td_string!(l, imports.create_remarked), Tone::Warn),
        (Verdict::Update, true) => (td_string!(l, imports.update), Tone::Info),
        (Verdict::Update, false) => (td_string!(l, imports.update_remarked), Tone::Warn),
        (Verdict::Unchanged, _) => (td_string!(l, imports.unchanged), Tone::Plain),
        (Verdict::Conflict(_), _) => (td_string!(l, imports.conflict), Tone::Bad),
        (Verdict::Reject(_), _) => (td_string!(l, imports.reject), Tone::Bad),
    }
}

/// Says why a record is refused, or what is left out of one that is accepted, in whole sentences.
pub(super) fn why_texts(l: Locale, row: &RowVerdict) -> Vec<String> {
    let remarks = row.remarks.iter().map(|remark| remark_text(l, remark));
    match &row.verdict {
        Verdict::Conflict(problem) | Verdict::Reject(problem) => vec![problem_text(l, problem)],
        Verdict::Update if row.changes.is_empty() && row.remarks.is_empty() => {
            vec![td_string!(l, imports.change_none).to_owned()]
        }
        _ => row.changes.iter().map(|change| change_text(l, change)).chain(remarks).collect(),
    }
}

/// Says what an update changes.
fn change_text(l: Locale, change: &Change) -> String {
    let name = change.field.clone();
    let value = |value: &str| value_text(l, &change.field, value);
    match &change.what {
        Changed::Value { before, after } => match (value(before), value(after)) {
            (before, after) if before.is_empty() => {
                td_string!(l, imports.change_sets, name = name, after = after).to_string()
            }
            (before, after) if after.is_empty() => {
                td_string!(l, imports.change_empties, name = name, before = before).to_string()
            }
            (before, after) => td_string!(l, imports.changes, name = name, before = before, after = after).to_string(),
        },
        Changed::Kept { here, said } => {
            td_string!(l, imports.change_kept, name = name, here = value(here), said = value(said)).to_string()
        }
        Changed::Added { count } if name == "files" => td_string!(l, imports.change_files, count = *count).to_string(),
        Changed::Added { count } => td_string!(l, imports.change_entries, count = *count).to_string(),
        Changed::WorkedOn => td_string!(l, imports.change_worked_on).to_owned(),
        Changed::Above => td_string!(l, imports.change_above).to_owned(),
        Changed::StaysOut => td_string!(l, imports.change_stays_out).to_owned(),
    }
}

/// Translates the values that the portal shows in words.
fn value_text(l: Locale, field: &str, value: &str) -> String {
    let words = match field {
        "status" => Status::parse(value).map(|status| status_text(l, status)),
        "role" => Role::parse(value).map(|role| role_text(l, role)),
        "reach" => Reach::parse(value).map(|reach| reach_text(l, reach)),
        "products" if value.is_empty() => Some(td_string!(l, imports.all_products)),
        _ => None,
    };
    words.unwrap_or(value).to_owned()
}

fn problem_text(l: Locale, problem: &Problem) -> String {
    match problem {
        Problem::LineTooLong { max_bytes } => td_string!(l, imports.line_too_long, max = max_bytes / 1024).to_string(),
        Problem::Syntax(syntax) => syntax_text(l, syntax),
        Problem::UnknownKind { kind } => {
            let kinds = RecordKind::ALL.iter().filter(|kind| **kind != RecordKind::Entry).map(|kind| kind.key());
            let allowed = kinds.collect::<Vec<_>>().join(", ");
            if kind.is_empty() {
                return td_string!(l, imports.unknown_no_kind, allowed = allowed).to_string();
            }
            td_string!(l, imports.unknown_kind, name = kind.clone(), allowed = allowed).to_string()
        }
        Problem::Field(bad) => {
            let BadField { field, value, error, allowed } = &**bad;
            td_string!(l, imports.field, name = field.clone(), error = reason_text(l, value, error, allowed))
                .to_string()
        }
        Problem::UnknownFields { fields, known } => {
            td_string!(l, imports.unknown_fields, names = fields.join(", "), known = known.join(", ")).to_string()
        }
        Problem::DoubleKey { key } => td_string!(l, imports.double_key, name = key.clone()).to_string(),
        Problem::CellWithoutColumn { column, value } => {
            td_string!(l, imports.cell_without_column, column = *column, value = value.clone()).to_string()
        }
        Problem::UnknownOrganisation { id } => {
            td_string!(l, imports.unknown_organisation, name = id.clone()).to_string()
        }
        Problem::UnknownProduct { key } => td_string!(l, imports.unknown_product, name = key.clone()).to_string(),
        Problem::UnknownContract { id } => td_string!(l, imports.unknown_contract, name = id.clone()).to_string(),
        Problem::Duplicate { first_line, field, value } => {
            td_string!(l, imports.duplicate, line = *first_line, name = field.clone(), value = value.clone())
                .to_string()
        }
        Problem::AddressTaken { email } => td_string!(l, imports.address_taken, name = email.clone()).to_string(),
        Problem::UnknownCase { id } => td_string!(l, imports.unknown_case, name = id.clone()).to_string(),
        Problem::BadEntry { line } => td_string!(l, imports.bad_entry, line = *line).to_string(),
        Problem::CaseTooLarge { max_bytes } => {
            td_string!(l, imports.case_too_large, max = max_bytes / 1_048_576).to_string()
        }
        Problem::CannotChange { field, value } => {
            td_string!(l, imports.cannot_change, name = field.clone(), value = value.clone()).to_string()
        }
        Problem::OtherSource(other) => {
            let OtherSource { id, known_source, known_title, source, title } = &**other;
            let named = |source: &String| match source.as_str() {
                "" => td_string!(l, imports.no_source).to_owned(),
                source => source.to_owned(),
            };
            td_string!(
                l,
                imports.other_source,
                id = id.clone(),
                known_source = named(known_source),
                known = known_title.clone(),
                source = named(source),
                title = title.clone()
            )
            .to_string()
        }
        Problem::VendorPerson { email } => td_string!(l, imports.vendor_person, name = email.clone()).to_string(),
        Problem::WholeFile { rows, why } => {
            let mut text = refusal_text(l, why);
            if *rows > 0 {
                text.push(' ');
                text.push_str(&td_string!(l, imports.rows_not_read, count = *rows).to_string());
            }
            text
        }
    }
}

fn syntax_text(l: Locale, syntax: &Syntax) -> String {
    match syntax {
        Syntax::Quotes(Quoting::Open) => td_string!(l, imports.quotes_open).to_owned(),
        Syntax::Quotes(Quoting::TextAfter) => td_string!(l, imports.quotes_text_after).to_owned(),
        Syntax::Quotes(Quoting::Inside) => td_string!(l, imports.quotes_inside).to_owned(),
        Syntax::Json { column, .. } => td_string!(l, imports.json_syntax, column = *column).to_string(),
        Syntax::JsonEnds => td_string!(l, imports.json_ends).to_owned(),
        Syntax::NotAnObject => td_string!(l, imports.json_no_object).to_owned(),
    }
}

/// Says what is wrong with a value, quotes it, and lists the allowed ones.
fn reason_text(l: Locale, value: &str, error: &FieldError, allowed: &[String]) -> String {
    let (value, words) = (value.to_owned(), allowed.join(", "));
    match error {
        _ if value.is_empty() && words.is_empty() => field_error_text(l, error),
        _ if value.is_empty() => {
            td_string!(l, imports.required_of, error = field_error_text(l, error), allowed = words).to_string()
        }
        FieldError::NotAChoice if words.is_empty() => td_string!(l, imports.value_unknown, value = value).to_string(),
        FieldError::NotAChoice => td_string!(l, imports.value_not_allowed, value = value, allowed = words).to_string(),
        FieldError::NotATime => td_string!(l, imports.value_not_a_time, value = value, allowed = words).to_string(),
        error => td_string!(l, imports.value_wrong, value = value, error = field_error_text(l, error)).to_string(),
    }
}

fn refusal_text(l: Locale, why: &FileRefusal) -> String {
    match why {
        FileRefusal::Format(format) => match format {
            FileFormat::Windows1252 => td_string!(l, imports.format_windows_1252),
            FileFormat::MacRoman => td_string!(l, imports.format_mac_roman),
            FileFormat::Utf16 => td_string!(l, imports.format_utf16),
            FileFormat::Utf32 => td_string!(l, imports.format_utf32),
            FileFormat::Damaged => td_string!(l, imports.format_damaged),
            FileFormat::Zip => td_string!(l, imports.format_zip),
            FileFormat::OldExcel => td_string!(l, imports.format_old_excel),
            FileFormat::Compressed => td_string!(l, imports.format_compressed),
            FileFormat::Binary => td_string!(l, imports.format_binary),
        }
        .to_owned(),
        FileRefusal::Header(header) => header_text(l, header),
        FileRefusal::NotRead { nearest } => {
            let text = td_string!(l, imports.not_read).to_owned();
            nearest.as_ref().map_or_else(|| text.clone(), |name| format!("{text} {}", nearest_text(l, name)))
        }
        FileRefusal::Json(syntax) => td_string!(l, imports.json_whole, why = syntax_text(l, syntax)).to_string(),
        FileRefusal::SameName => td_string!(l, imports.same_name).to_owned(),
    }
}

fn nearest_text(l: Locale, name: &str) -> String {
    td_string!(l, imports.nearest, name = name.to_owned()).to_string()
}

fn header_text(l: Locale, header: &Header) -> String {
    let Header { missing, unknown, twice, found, known, quotes } = header;
    let names = |names: &[String]| match names.split_at_checked(MAX_NAMES) {
        Some((first, rest)) if !rest.is_empty() => {
            td_string!(l, imports.and_more, names = first.join(", "), more = rest.len()).to_string()
        }
        _ => names.join(", "),
    };
    let mut said = Vec::new();
    if let Some(quotes) = quotes {
        return syntax_text(l, &Syntax::Quotes(*quotes));
    }
    if found.is_empty() {
        said.push(td_string!(l, imports.header_empty).to_owned());
    }
    for (name, first, second) in twice {
        let text = td_string!(l, imports.header_twice, name = name.clone(), first = *first, second = *second);
        said.push(text.to_string());
    }
    if !missing.is_empty() {
        said.push(td_string!(l, imports.header_missing, names = names(missing)).to_string());
    }
    if !unknown.is_empty() {
        said.push(td_string!(l, imports.header_unknown, names = names(unknown)).to_string());
    }
    if !found.is_empty() {
        said.push(td_string!(l, imports.header_found, names = names(found)).to_string());
    }
    said.push(td_string!(l, imports.header_known, names = names(known)).to_string());
    said.join(" ")
}

fn remark_text(l: Locale, remark: &Remark) -> String {
    let (name, value) = (remark.field.clone(), remark.value.clone());
    match &remark.what {
        Remarked::LeftOut { error, allowed } => {
            td_string!(l, imports.left_out, name = name, error = reason_text(l, &value, error, allowed)).to_string()
        }
        Remarked::Replaced { by, error, allowed } => {
            let error = reason_text(l, &value, error, allowed);
            td_string!(l, imports.replaced, name = name, by = by.clone(), error = error).to_string()
        }
        Remarked::Missing { by } => td_string!(l, imports.missing_by, name = name, by = by.clone()).to_string(),
        Remarked::Cut { max } => td_string!(l, imports.cut_at, name = name, max = *max, value = value).to_string(),
        Remarked::TitleCut { max } => td_string!(l, imports.title_cut, max = *max).to_string(),
        Remarked::Cleaned { count } => td_string!(l, imports.cleaned, count = *count, name = name).to_string(),
        Remarked::Html => td_string!(l, imports.html_read, name = name).to_string(),
        Remarked::Time { by: Some(by) } => {
            td_string!(l, imports.time_by, name = name, value = value, by = by.clone()).to_string()
        }
        Remarked::Time { by: None } => td_string!(l, imports.time_left_out, name = name, value = value).to_string(),
        Remarked::File(problem) => {
            let why = match problem {
                FileProblem::Missing => td_string!(l, imports.file_missing),
                FileProblem::Empty => td_string!(l, imports.file_empty),
                FileProblem::TooLarge => td_string!(l, imports.file_too_large),
                FileProblem::Program => td_string!(l, imports.file_program),
                FileProblem::Outside => td_string!(l, imports.file_outside),
            };
            td_string!(l, imports.file_left_out, name = value, why = why).to_string()
        }
        Remarked::EmptyEntry => td_string!(l, imports.empty_entry, name = name).to_string(),
        Remarked::NoAgent => td_string!(l, imports.no_agent, name = value).to_string(),
        Remarked::ActiveElsewhere { organisation } => {
            td_string!(l, imports.active_elsewhere, name = value, company = organisation.clone()).to_string()
        }
        Remarked::AddressCorrected { before } => {
            td_string!(l, imports.address_corrected, before = before.clone(), name = value).to_string()
        }
    }
}

/// Suggests the name that a refused file was most likely meant to have.
pub(super) fn meant_text(l: Locale, file: &str) -> Option<String> {
    nearest_table(file).filter(|table| !table.eq_ignore_ascii_case(file)).map(|table| nearest_text(l, table))
}

/// Says why an upload was refused, and what to do.
pub fn upload_text(l: Locale, problem: UploadProblem) -> &'static str {
    match problem {
        UploadProblem::NothingToImport => td_string!(l, imports.refused_nothing_to_import),
        UploadProblem::UnknownFile => td_string!(l, imports.refused_unknown_file),
        UploadProblem::SeveralFiles => td_string!(l, imports.refused_several_files),
        UploadProblem::TwoShapes => td_string!(l, imports.refused_two_shapes),
        UploadProblem::SameName => td_string!(l, imports.refused_same_name),
        UploadProblem::TooManyFiles => td_string!(l, imports.refused_too_many_files),
        UploadProblem::TooLarge => td_string!(l, imports.refused_too_large),
        UploadProblem::Interrupted => td_string!(l, imports.refused_interrupted),
    }
}

/// `Create 12, Unchanged 3`: what was counted at all.
pub(super) fn counts_text(l: Locale, counts: &VerdictCounts) -> String {
    let said = [
        (td_string!(l, imports.create), counts.create),
        (td_string!(l, imports.update), counts.update),
        (td_string!(l, imports.unchanged), counts.unchanged),
        (td_string!(l, imports.conflict), counts.conflict),
        (td_string!(l, imports.reject), counts.reject),
    ];
    let said = said.into_iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{word}\u{a0}{count}"));
    said.collect::<Vec<_>>().join(", ")
}

/// `94 Mo`, `94 MB`.
pub(super) fn size_text(l: Locale, bytes: u64) -> String {
    let (value, unit) = match bytes {
        0..1_048_576 => (bytes.div_ceil(1024), td_string!(l, imports.kilobytes)),
        _ => (bytes.div_ceil(1_048_576), td_string!(l, imports.megabytes)),
    };
    format!("{value}\u{a0}{unit}")
}
