//! What is wrong with a source file, in words: the line, and what to do.

use domain::announcements::{AnnouncementProblem, AnnouncementRemark};

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
        AnnouncementProblem::NameTooLong { name, length, max } => {
            td_string!(l, announcements.name_too_long, name = name.clone(), length = *length, max = *max).to_string()
        }
        AnnouncementProblem::BadSlug { slug, .. } => {
            td_string!(l, announcements.bad_slug, slug = slug.clone()).to_string()
        }
        AnnouncementProblem::TooDeep { max, .. } => td_string!(l, announcements.too_deep, max = *max).to_string(),
        AnnouncementProblem::TooManyParts { max } => {
            td_string!(l, announcements.too_many_parts, max = *max).to_string()
        }
        AnnouncementProblem::LooseInTable { max, .. } => {
            td_string!(l, announcements.loose_in_table, max = *max).to_string()
        }
        // Without JavaScript the address says which problem it is, and no words of the text.
        AnnouncementProblem::LosesText { text, words, .. } if text.is_empty() => {
            td_string!(l, announcements.loses_words, words = *words).to_string()
        }
        AnnouncementProblem::LosesText { text, words, .. } => {
            td_string!(l, announcements.loses_text, text = text.clone(), words = *words).to_string()
        }
        AnnouncementProblem::WouldReplace { slug, title } => {
            td_string!(l, announcements.would_replace, title = title.clone(), slug = slug.clone()).to_string()
        }
        AnnouncementProblem::WouldHide { slug, title } => {
            td_string!(l, announcements.would_hide, title = title.clone(), slug = slug.clone()).to_string()
        }
        AnnouncementProblem::WouldList { slug, title } => {
            td_string!(l, announcements.would_list, title = title.clone(), slug = slug.clone()).to_string()
        }
        AnnouncementProblem::NothingToSupersede { slug, .. } => {
            td_string!(l, announcements.nothing_to_supersede, slug = slug.clone()).to_string()
        }
    };
    match problem.line() {
        Some(line) => td_string!(l, announcements.line, line = line, problem = text).to_string(),
        None => text,
    }
}

/// Says where a page differs from its source, with the line.
pub fn remark_text(l: Locale, remark: &AnnouncementRemark) -> String {
    let text = match remark {
        AnnouncementRemark::LostText { text, .. } => {
            td_string!(l, announcements.remark_lost, text = text.clone()).to_string()
        }
        AnnouncementRemark::DroppedElement { name, .. } => {
            td_string!(l, announcements.remark_element, name = name.clone()).to_string()
        }
        AnnouncementRemark::ForeignImage { address, .. } => {
            td_string!(l, announcements.remark_foreign_image, address = address.clone()).to_string()
        }
        AnnouncementRemark::RelativeImage { address, .. } => {
            td_string!(l, announcements.remark_relative_image, address = address.clone()).to_string()
        }
        AnnouncementRemark::NoSuchAnchor { address, .. } => {
            td_string!(l, announcements.remark_no_anchor, address = address.clone()).to_string()
        }
        AnnouncementRemark::RelativeLink { address, .. } => {
            td_string!(l, announcements.remark_relative_link, address = address.clone()).to_string()
        }
        AnnouncementRemark::NoSuchImage { address, .. } => {
            td_string!(l, announcements.remark_no_image, address = address.clone()).to_string()
        }
        AnnouncementRemark::NoSuchPage { address, .. } => {
            td_string!(l, announcements.remark_no_page, address = address.clone()).to_string()
        }
    };
    td_string!(l, announcements.line, line = remark.line(), problem = text).to_string()
}
