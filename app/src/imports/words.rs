//! Verdicts and problems in words.

use domain::imports::{ImportState, Problem, RecordKind, UploadProblem, Verdict};

use crate::{failure::field_error_text, i18n::*, ui::Tone};

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

pub(super) fn verdict_text(l: Locale, verdict: &Verdict) -> (&'static str, Tone) {
    match verdict {
        Verdict::Create => (td_string!(l, imports.create), Tone::Good),
        Verdict::Update => (td_string!(l, imports.update), Tone::Info),
        Verdict::Unchanged => (td_string!(l, imports.unchanged), Tone::Plain),
        Verdict::Conflict(_) => (td_string!(l, imports.conflict), Tone::Warn),
        Verdict::Reject(_) => (td_string!(l, imports.reject), Tone::Bad),
    }
}

pub(super) fn problem_text(l: Locale, verdict: &Verdict) -> String {
    let (Verdict::Conflict(problem) | Verdict::Reject(problem)) = verdict else { return String::new() };
    match problem {
        Problem::NotUtf8 => td_string!(l, imports.not_utf8).to_owned(),
        Problem::LineTooLong { max_bytes } => td_string!(l, imports.line_too_long, max = max_bytes / 1024).to_string(),
        Problem::Syntax { message } => td_string!(l, imports.syntax, message = message.clone()).to_string(),
        Problem::UnknownKind { kind } => td_string!(l, imports.unknown_kind, name = kind.clone()).to_string(),
        Problem::MissingColumn { column } => td_string!(l, imports.missing_column, name = column.clone()).to_string(),
        Problem::Field { field, error } => {
            td_string!(l, imports.field, name = field.clone(), error = field_error_text(l, error)).to_string()
        }
        Problem::UnknownOrganisation { id } => {
            td_string!(l, imports.unknown_organisation, name = id.clone()).to_string()
        }
        Problem::UnknownProduct { key } => td_string!(l, imports.unknown_product, name = key.clone()).to_string(),
        Problem::UnknownContract { id } => td_string!(l, imports.unknown_contract, name = id.clone()).to_string(),
        Problem::Duplicate { first_line } => td_string!(l, imports.duplicate, line = *first_line).to_string(),
        Problem::AddressTaken { email } => td_string!(l, imports.address_taken, name = email.clone()).to_string(),
        Problem::MissingFile { path } => td_string!(l, imports.missing_file, name = path.clone()).to_string(),
        Problem::UnknownField { field } => td_string!(l, imports.unknown_field, name = field.clone()).to_string(),
        Problem::UnknownProgramme { key } => td_string!(l, imports.unknown_programme, name = key.clone()).to_string(),
        Problem::UnknownCase { id } => td_string!(l, imports.unknown_case, name = id.clone()).to_string(),
        Problem::BadEntry { line } => td_string!(l, imports.bad_entry, line = *line).to_string(),
        Problem::CaseTooLarge { max_bytes } => {
            td_string!(l, imports.case_too_large, max = max_bytes / 1_048_576).to_string()
        }
        Problem::CannotChange { field } => td_string!(l, imports.cannot_change, name = field.clone()).to_string(),
    }
}

/// Why an upload was not taken, and what to do.
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

/// `94 Mo`, `94 MB`.
pub(super) fn size_text(l: Locale, bytes: u64) -> String {
    let (value, unit) = match bytes {
        0..1_048_576 => (bytes.div_ceil(1024), td_string!(l, imports.kilobytes)),
        _ => (bytes.div_ceil(1_048_576), td_string!(l, imports.megabytes)),
    };
    format!("{value} {unit}")
}
