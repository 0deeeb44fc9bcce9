//! Announcements: a numbered sequence of texts per language, on a page and in a mail from one source (F1-F4, R34).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AnnouncementId, MailingId, ProgrammeId, cases::coded, locale::Locale, text::fold};

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
    /// Letters lose their accents: `été-2026` becomes `ete-2026`.
    ///
    /// # Errors
    /// [`AnnouncementProblem::BadName`] when nothing remains that can be an address, [`AnnouncementProblem::NameTooLong`].
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
        let slug: String = fold(stem)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect::<String>()
            .split('-')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("-");
        if slug.len() > Slug::MAX {
            let length = u32::try_from(slug.len()).unwrap_or(u32::MAX);
            return Err(AnnouncementProblem::NameTooLong { name: name.to_owned(), length, max: Slug::MAX as u32 });
        }
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
    #[error(
        "`{name}` has no letter or digit that an address can hold; add a line `slug: spring-launch` to the front matter, \
         or name the file like `spring-launch.fr.md`"
    )]
    BadName { name: String },
    /// T21
    #[error(
        "`{name}` gives an address of {length} characters, at most {max}; shorten the name or add a line `slug: …`"
    )]
    NameTooLong { name: String, length: u32, max: u32 },
    #[error("line {line}: `{slug}` cannot be an address; write small letters, digits and dashes, at most 80")]
    BadSlug { line: u32, slug: String },
    /// F6: what is nested deeper would be a page that nobody can read, and a recursion that nothing bounds.
    #[error("line {line}: quotes, lists, emphasis or HTML are nested deeper than {max} levels; flatten them")]
    TooDeep { line: u32, max: u32 },
    /// B20
    #[error(
        "line {line}: the page would not show “{text}” ({words} words in all); mend the lines, or publish with --allow-loss"
    )]
    LosesText { line: u32, text: String, words: u32 },
    #[error("«{title}» stands at `{slug}` and says something else; choose another name, or publish with --replace")]
    WouldReplace { slug: String, title: String },
    #[error("«{title}» stands at `{slug}` and is in the lists; this file is unlisted (`hide`): publish with --replace")]
    WouldHide { slug: String, title: String },
    #[error(
        "«{title}» stands at `{slug}`, unlisted (`hide`); this file would put it into the lists: publish with --replace"
    )]
    WouldList { slug: String, title: String },
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
            | Self::BadSlug { line, .. }
            | Self::TooDeep { line, .. }
            | Self::LosesText { line, .. }
            | Self::NothingToSupersede { line, .. } => Some(*line),
            Self::TooLarge { .. }
            | Self::BadName { .. }
            | Self::NameTooLong { .. }
            | Self::WouldReplace { .. }
            | Self::WouldHide { .. }
            | Self::WouldList { .. } => None,
        }
    }
}

/// What a page does not show, or shows otherwise than its source says (B20, B21). Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "remark", rename_all = "snake_case")]
pub enum AnnouncementRemark {
    #[error("line {line}: “{text}” is not on the page")]
    LostText { line: u32, text: String },
    /// The text inside stays, unless it is a script or a style.
    #[error("line {line}: <{name}> is not taken over")]
    DroppedElement { line: u32, name: String },
    #[error("line {line}: the image `{address}` is not shown: its host is not among `image_hosts`")]
    ForeignImage { line: u32, address: String },
    #[error("line {line}: the image `{address}` has no whole address, its description stands instead")]
    RelativeImage { line: u32, address: String },
    #[error("line {line}: no heading or anchor has the name that `{address}` leads to")]
    NoSuchAnchor { line: u32, address: String },
    #[error("line {line}: the link `{address}` has no whole address and was taken out, its text stays")]
    RelativeLink { line: u32, address: String },
    #[error("line {line}: the link `{address}` leads to a page that this portal does not have")]
    NoSuchPage { line: u32, address: String },
}

impl AnnouncementRemark {
    /// Where in the file it is, from 1.
    pub const fn line(&self) -> u32 {
        match self {
            Self::LostText { line, .. }
            | Self::DroppedElement { line, .. }
            | Self::ForeignImage { line, .. }
            | Self::RelativeImage { line, .. }
            | Self::NoSuchAnchor { line, .. }
            | Self::RelativeLink { line, .. }
            | Self::NoSuchPage { line, .. } => *line,
        }
    }
}

/// What whoever publishes says yes to in advance; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublishOptions {
    /// Publish although text of the source is not on the page (B20).
    pub allow_loss: bool,
    /// Take the place of a page of the same name that says something else, or hide or list it.
    pub replace: bool,
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

/// A page of announcements; `number` counts from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementList {
    pub rows: Vec<AnnouncementRow>,
    pub number: u32,
    /// All that were found, on every page.
    pub total: u32,
}

impl AnnouncementList {
    pub const PAGE: u32 = 20;

    pub const fn pages(&self) -> u32 {
        let pages = self.total.div_ceil(Self::PAGE);
        if pages == 0 { 1 } else { pages }
    }
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
    /// What the page does not show of its source: for those who publish, empty for everybody else.
    pub remarks: Vec<AnnouncementRemark>,
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
    pub remarks: Vec<AnnouncementRemark>,
}

/// The people a mail of an announcement is for, and how far it has come with them (K20: counted before anything leaves).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailing {
    /// Invited and active people of the programme's companies, each once.
    pub recipients: u64,
    /// Those among them whom it was sent to; they do not get it again.
    pub sent: u64,
    /// Those for whom it is queued.
    pub waiting: u64,
    /// Those for whom it was given up.
    pub failed: u64,
}

impl Mailing {
    /// Those who would get it now.
    pub const fn new_recipients(&self) -> u64 {
        self.recipients.saturating_sub(self.sent).saturating_sub(self.waiting).saturating_sub(self.failed)
    }
}

/// More recipients than these are only written to when their number was typed (D3).
pub const TYPED_ABOVE: u64 = 100;

/// What sending an announcement to a programme would do: what the person who sends looks at before (D3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailPlan {
    pub programme: ProgrammeId,
    pub name: String,
    pub mailing: Mailing,
    pub languages: Vec<MailLanguage>,
    /// Mails of this announcement that are held, or are leaving now.
    pub under_way: Vec<MailBatch>,
}

/// The new recipients who read one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailLanguage {
    pub locale: Locale,
    pub people: u64,
    /// The language of the text they get: another one when there is none in theirs.
    pub text: Locale,
}

/// One sending of an announcement to a programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailBatch {
    pub id: MailingId,
    pub programme: ProgrammeId,
    /// Nothing leaves before.
    pub leaves_at: Timestamp,
    pub queued: u64,
    pub sent: u64,
}

/// A mail of an announcement in words, as one recipient gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSample {
    pub from: String,
    pub to: String,
    pub subject: String,
    pub locale: Locale,
    /// The article, cleaned; safe to show.
    pub html: String,
    pub text: String,
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
        assert_eq!(parse("\u{c9}t\u{e9}-2026.fr.md"), Ok(("ete-2026".into(), Some(NamedLanguage::Known(Locale::Fr)))));
        assert_eq!(parse("Œuvre-e\u{301}lue.md"), Ok(("oeuvre-elue".into(), None)));
    }

    /// T21: one message a cause.
    #[test]
    fn t21_a_long_name_is_not_called_nameless() {
        let long = format!("{}.fr.md", "a".repeat(82));
        let problem = SourceName::parse(&long).expect_err("too long");
        assert_eq!(problem, AnnouncementProblem::NameTooLong { name: long, length: 82, max: 80 });
        assert!(problem.to_string().contains("82 characters, at most 80"));
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
