//! Announcements: a numbered sequence of texts per language, on a page and in a mail from one source (F1-F4, R34).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AnnouncementId, cases::coded, locale::Locale};

coded! {
    /// Where a text in one language stands against its source (F4).
    TranslationStatus {
        /// Written in this language.
        Source = "source",
        /// A machine took part in the translation; the percentage tells how much of it people did or checked.
        Machine = "machine",
        /// People translate it, and are not through.
        Partial = "partial",
        /// People translated or checked all of it.
        Reviewed = "reviewed",
    }
}

impl TranslationStatus {
    /// Reads the way of working (`workflow-type`: `tm+mt` is translation memory plus machine translation, `ht` are
    /// people) together with the part that people did (`ht-degree`).
    pub fn of(workflow: Option<&str>, human_percent: Option<u8>) -> Self {
        let Some(workflow) = workflow else { return Self::Source };
        let machine = workflow.split('+').any(|part| part.trim().eq_ignore_ascii_case("mt"));
        match (machine, human_percent) {
            (true, Some(100)) | (false, None | Some(100)) => Self::Reviewed,
            (true, _) => Self::Machine,
            (false, _) => Self::Partial,
        }
    }
}

/// The part of an address that names an announcement: lower case, digits and dashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// At most this many characters.
    pub const MAX: usize = 80;

    /// Takes lower-case letters, digits and dashes only.
    pub fn parse(text: &str) -> Option<Self> {
        let ok = !text.is_empty()
            && text.len() <= Self::MAX
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        ok.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the address of an announcement")
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

/// What the name of a source file tells: `announcement.fr.md` is the French text of `announcement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceName {
    pub slug: Slug,
    pub language: Option<NamedLanguage>,
}

/// The language in a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedLanguage {
    Known(Locale),
    /// It looks like a language, but the portal does not have it.
    Unknown(String),
}

impl SourceName {
    /// Takes a file name or a path; only the last part counts.
    ///
    /// # Errors
    /// [`AnnouncementProblem::BadName`] when nothing remains that can be an address.
    pub fn parse(file_name: &str) -> Result<Self, AnnouncementProblem> {
        let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
        let stem = name.strip_suffix(".md").or_else(|| name.strip_suffix(".markdown")).unwrap_or(name);
        let (stem, language) = match stem.rsplit_once('.') {
            None => (stem, None),
            Some((stem, tag)) => match Locale::parse(tag) {
                Some(locale) => (stem, Some(NamedLanguage::Known(locale))),
                None => (stem, Some(NamedLanguage::Unknown(tag.to_owned()))),
            },
        };
        let slug: String = stem
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect::<String>()
            .split('-')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("-");
        let slug = Slug::parse(&slug).ok_or_else(|| AnnouncementProblem::BadName { name: name.to_owned() })?;
        Ok(Self { slug, language })
    }
}

/// Why a source file cannot be published. Lines count from 1; what each says at the command line tells what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum AnnouncementProblem {
    #[error("line {line}: the file is not UTF-8; save it as UTF-8 and try again")]
    NotUtf8 { line: u32 },
    #[error("the file is larger than {max_bytes} bytes; shorten it or split it")]
    TooLarge { max_bytes: u32 },
    #[error("line 1: there is no front matter; begin the file with a line `---`, then `title: …`, then a line `---`")]
    NoFrontMatter,
    #[error("line {line}: the front matter that begins here does not end; close it with a line `---`")]
    UnclosedFrontMatter { line: u32 },
    #[error("line {line}: the front matter is not YAML: {message}; write `key: value`, quote values that contain `: `")]
    NotYaml { line: u32, message: String },
    #[error("line {line}: the front matter has no title; add a line `title: …` before the second `---`")]
    NoTitle { line: u32 },
    #[error("line {line}: `{key}` is longer than {max} characters or contains control characters; shorten it")]
    BadValue { line: u32, key: String, max: u32 },
    #[error("line {line}: no language is named; add `lang: fr` or `lang: en`, or name the file like `news.fr.md`")]
    NoLanguage { line: u32 },
    #[error(
        "line {line}: the language `{language}` is not one of the portal's (fr, en); correct `lang` or the file name"
    )]
    UnknownLanguage { line: u32, language: String },
    #[error("line {line}: `{key}` is `{value}`; write a percentage from 0 to 100, such as 97%")]
    NotAPercentage { line: u32, key: String, value: String },
    #[error("line {line}: below the front matter there is no text; write the announcement there")]
    NoText { line: u32 },
    #[error("`{name}` gives no address; name the file with letters, digits and dashes, such as `spring-launch.fr.md`")]
    BadName { name: String },
    #[error("line {line}: there is no announcement `{slug}` to take the place of; correct `supersedes`")]
    NothingToSupersede { line: u32, slug: String },
}

impl AnnouncementProblem {
    /// Where in the file it is, from 1.
    pub const fn line(&self) -> Option<u32> {
        match self {
            Self::NoFrontMatter => Some(1),
            Self::NotUtf8 { line }
            | Self::UnclosedFrontMatter { line }
            | Self::NotYaml { line, .. }
            | Self::NoTitle { line }
            | Self::BadValue { line, .. }
            | Self::NoLanguage { line }
            | Self::UnknownLanguage { line, .. }
            | Self::NotAPercentage { line, .. }
            | Self::NoText { line }
            | Self::NothingToSupersede { line, .. } => Some(*line),
            Self::TooLarge { .. } | Self::BadName { .. } => None,
        }
    }
}

/// An announcement in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementRow {
    pub id: AnnouncementId,
    pub slug: String,
    /// F2: its place in the sequence.
    pub sequence: i64,
    /// Counts up when the same text is published again.
    pub version: i64,
    pub title: String,
    pub description: String,
    pub locale: Locale,
    pub published_at: Timestamp,
    /// F1: a later one took its place.
    pub superseded: bool,
}

/// An announcement as a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementView {
    pub row: AnnouncementRow,
    /// Sanitised at ingest; safe to show.
    pub html: String,
    /// F3: reachable by its address only.
    pub unlisted: bool,
    pub source_version: Option<String>,
    pub translation: TranslationStatus,
    /// Percent of the text that a human wrote or checked, when known.
    pub translated_percent: Option<u8>,
    /// Those it can be read in now.
    pub languages: Vec<Locale>,
    /// F1: the versions in this language that came before or after, newest first.
    pub versions: Vec<VersionRow>,
    /// F1: the address of the announcement that took its place, when another did.
    pub successor: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRow {
    pub version: i64,
    pub published_at: Timestamp,
    pub superseded: bool,
}

/// What publishing did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub id: AnnouncementId,
    pub slug: String,
    pub sequence: i64,
    pub locale: Locale,
    pub version: i64,
    pub title: String,
    pub unlisted: bool,
    /// The file is what is published already: nothing was changed.
    pub unchanged: bool,
}

/// What sending would do, or did (K20: counted before anything leaves).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailing {
    /// Invited and active people of the programme's companies, each once.
    pub recipients: u64,
    /// Those among them who got it before, and will not get it again.
    pub already: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_tell_address_and_language() {
        let parse = |name| SourceName::parse(name).map(|found| (found.slug.0, found.language));
        assert_eq!(parse("announcement.fr.md"), Ok(("announcement".into(), Some(NamedLanguage::Known(Locale::Fr)))));
        assert_eq!(parse("a/b/Spring launch_2.md"), Ok(("spring-launch-2".into(), None)));
        assert_eq!(parse("news.de.md"), Ok(("news".into(), Some(NamedLanguage::Unknown("de".into())))));
        assert_eq!(parse("..md"), Err(AnnouncementProblem::BadName { name: "..md".into() }));
    }

    /// F4
    #[test]
    fn f4_translation_status() {
        use TranslationStatus::*;
        let of = TranslationStatus::of;
        assert_eq!(of(None, None), Source);
        assert_eq!((of(Some("tm+mt"), Some(97)), of(Some("tm+mt"), Some(100))), (Machine, Reviewed));
        assert_eq!((of(Some("ht"), None), of(Some("ht"), Some(40))), (Reviewed, Partial));
    }
}
