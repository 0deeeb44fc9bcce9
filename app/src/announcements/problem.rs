//! What is wrong with a source file, in words: the line, and what to do.

use domain::announcements::AnnouncementProblem;

use crate::i18n::*;

pub fn problem_text(l: Locale, problem: &AnnouncementProblem) -> String {
    let text = match problem {
        AnnouncementProblem::NotUtf8 { .. } => td_string!(l, announcements.not_utf8).to_owned(),
        AnnouncementProblem::TooLarge { max_bytes } => {
            td_string!(l, announcements.too_large, kilobytes = max_bytes / 1024).to_string()
        }
        AnnouncementProblem::NoFrontMatter => td_string!(l, announcements.no_front_matter).to_owned(),
        AnnouncementProblem::UnclosedFrontMatter { .. } => td_string!(l, announcements.unclosed).to_owned(),
        AnnouncementProblem::NotYaml { message, .. } => {
            td_string!(l, announcements.not_yaml, message = message.clone()).to_string()
        }
        AnnouncementProblem::NoTitle { .. } => td_string!(l, announcements.no_title).to_owned(),
        AnnouncementProblem::BadValue { key, max, .. } => {
            td_string!(l, announcements.bad_value, key = key.clone(), max = *max).to_string()
        }
        AnnouncementProblem::NoLanguage { .. } => td_string!(l, announcements.no_language).to_owned(),
        AnnouncementProblem::UnknownLanguage { language, .. } => {
            td_string!(l, announcements.unknown_language, language = language.clone()).to_string()
        }
        AnnouncementProblem::NotAPercentage { key, value, .. } => {
            td_string!(l, announcements.not_a_percentage, key = key.clone(), value = value.clone()).to_string()
        }
        AnnouncementProblem::NoText { .. } => td_string!(l, announcements.no_text).to_owned(),
        AnnouncementProblem::BadName { name } => td_string!(l, announcements.bad_name, name = name.clone()).to_string(),
        AnnouncementProblem::NothingToSupersede { slug, .. } => {
            td_string!(l, announcements.nothing_to_supersede, slug = slug.clone()).to_string()
        }
    };
    match problem.line() {
        Some(line) => td_string!(l, announcements.line, line = line, problem = text).to_string(),
        None => text,
    }
}
