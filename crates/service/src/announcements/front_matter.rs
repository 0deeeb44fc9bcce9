//! The head of a source file: YAML between two lines `---`. Keys that are not ours are left alone, so that files made for
//! other systems can be taken exactly as they are.

use domain::{
    announcements::{AnnouncementProblem, NamedLanguage, Slug, SourceName, TranslationStatus},
    locale::Locale,
    text::line,
};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::marks::unmarked;

/// What the front matter says, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontMatter {
    pub slug: Slug,
    pub locale: Locale,
    pub title: String,
    pub description: String,
    /// F3: reachable by its address, in no list.
    pub unlisted: bool,
    /// F4: the version of the source that this is, or was translated from.
    pub source_version: Option<String>,
    pub translation: TranslationStatus,
    /// F4: how much of the translation people did.
    pub translated_percent: Option<u8>,
    /// F1: the announcement whose place this one takes, and the line that says so.
    pub supersedes: Option<(Slug, u32)>,
    /// The number of the first line below the head.
    pub body_line: u32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Yaml {
    title: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    lang: Option<Spanned<String>>,
    slug: Option<Spanned<String>>,
    hide: bool,
    source_git_commit: Option<Spanned<String>>,
    workflow_type: Option<Spanned<String>>,
    ht_degree: Option<Spanned<String>>,
    supersedes: Option<Spanned<String>>,
}

/// Files longer than this are no announcements.
const MAX_BYTES: usize = 256 * 1024;

/// The text of a file.
///
/// # Errors
/// Too large, or not UTF-8, with the line of the first wrong byte.
pub fn text_of(bytes: &[u8]) -> Result<&str, AnnouncementProblem> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large());
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        AnnouncementProblem::NotUtf8 { line: 1 + before.iter().filter(|byte| **byte == b'\n').count() as u32 }
    })
}

fn too_large() -> AnnouncementProblem {
    AnnouncementProblem::TooLarge { max_bytes: MAX_BYTES as u32 }
}

/// # Errors
/// [`AnnouncementProblem::TooLarge`]
pub(super) fn check_length(source: &str) -> Result<(), AnnouncementProblem> {
    if source.len() > MAX_BYTES { Err(too_large()) } else { Ok(()) }
}

/// Cuts a source file in two and reads its head; `file_name` names what the head does not. Gives back the head and the
/// Markdown below it.
///
/// # Errors
/// The first problem, with its line and what to do.
pub fn parse<'a>(source: &'a str, file_name: Option<&str>) -> Result<(FrontMatter, &'a str), AnnouncementProblem> {
    check_length(source)?;
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let (head, body, first) = split(source)?;
    let last = first + head.lines().count() as u32;
    let yaml = read(head, first)?;
    let at = |value: &Spanned<String>| first - 1 + u32::try_from(value.referenced.line().max(1)).unwrap_or(1);

    let title = match yaml.title {
        Some(title) if !title.value.trim().is_empty() => checked("title", &unmarked(&title.value), at(&title), 300)?,
        other => return Err(AnnouncementProblem::NoTitle { line: other.as_ref().map_or(last, at) }),
    };
    let description = match yaml.description {
        Some(text) if !text.value.trim().is_empty() => {
            checked("description", &unmarked(&text.value), at(&text), 1_000)?
        }
        _ => String::new(),
    };
    let name = match file_name.map(SourceName::parse).transpose() {
        // A name that gives no address does no harm beside a `slug`; its language is asked for then.
        Err(_) if yaml.slug.is_some() => None,
        name => name?,
    };
    let slug = match (&yaml.slug, &name) {
        (Some(slug), _) => {
            let bad = || AnnouncementProblem::BadSlug { line: at(slug), slug: slug.value.clone() };
            Slug::parse(slug.value.trim()).ok_or_else(bad)?
        }
        (None, Some(name)) => name.slug.clone(),
        // Without a file name the title has to do.
        (None, None) => SourceName::parse(&title.replace(['.', '/', '\\'], " "))?.slug,
    };
    let locale = match (&yaml.lang, name.and_then(|name| name.language)) {
        (Some(tag), _) => Locale::parse(tag.value.trim())
            .ok_or_else(|| AnnouncementProblem::UnknownLanguage { line: at(tag), language: tag.value.clone() })?,
        (None, Some(NamedLanguage::Known(locale))) => locale,
        (None, Some(NamedLanguage::Unknown(language))) => {
            return Err(AnnouncementProblem::UnknownLanguage { line: first, language });
        }
        (None, None) => return Err(AnnouncementProblem::NoLanguage { line: last }),
    };
    let translated_percent = yaml.ht_degree.map(|text| percent("ht-degree", &text.value, at(&text))).transpose()?;
    let supersedes = match yaml.supersedes {
        None => None,
        Some(slug) => {
            let line = at(&slug);
            let nothing = || AnnouncementProblem::NothingToSupersede { line, slug: slug.value.clone() };
            Some((Slug::parse(slug.value.trim()).ok_or_else(nothing)?, line))
        }
    };
    if body.trim().is_empty() {
        return Err(AnnouncementProblem::NoText { line: last + 1 });
    }
    let front = FrontMatter {
        slug,
        locale,
        title,
        description,
        unlisted: yaml.hide,
        source_version: yaml
            .source_git_commit
            .map(|text| checked("source-git-commit", &text.value, at(&text), 100))
            .transpose()?,
        translation: TranslationStatus::of(
            yaml.workflow_type.as_ref().map(|text| text.value.as_str()),
            translated_percent,
        ),
        translated_percent,
        supersedes,
        body_line: last + 1,
    };
    Ok((front, body))
}

/// The Markdown of a file that was published before, and the number of its first line.
pub(super) fn body_of(source: &str) -> (&str, u32) {
    split(source.strip_prefix('\u{feff}').unwrap_or(source))
        .map_or((source, 1), |(head, body, first)| (body, first + head.lines().count() as u32 + 1))
}

/// The head, the body, and the number of the first line of the head.
fn split(source: &str) -> Result<(&str, &str, u32), AnnouncementProblem> {
    let fence = |line: &str| line.trim_end() == "---";
    let mut offset = 0;
    let mut opened = None;
    for (number, line) in (1_u32..).zip(source.split_inclusive('\n')) {
        let after = offset + line.len();
        match opened {
            None if line.trim().is_empty() => {}
            None if fence(line) => opened = Some((after, number)),
            None => return Err(AnnouncementProblem::NoFrontMatter),
            Some((begin, at)) if fence(line) => {
                let head = source.get(begin..offset).unwrap_or_default();
                return Ok((head, source.get(after..).unwrap_or_default(), at + 1));
            }
            Some(_) => {}
        }
        offset = after;
    }
    match opened {
        None => Err(AnnouncementProblem::NoFrontMatter),
        Some((_, line)) => Err(AnnouncementProblem::UnclosedFrontMatter { line }),
    }
}

fn read(head: &str, first: u32) -> Result<Yaml, AnnouncementProblem> {
    if head.trim().is_empty() {
        return Ok(Yaml::default());
    }
    // Values are text, whatever they look like; the parser keeps budgets, so that aliases cannot blow up.
    serde_saphyr::from_str::<Yaml>(head).map_err(|error| {
        let error = error.without_snippet();
        let line = error.location().map_or(1, |location| location.line().max(1));
        let message = error.to_string();
        AnnouncementProblem::NotYaml {
            line: first - 1 + u32::try_from(line).unwrap_or(1),
            // The parser counts from the top of the head; our line counts from the top of the file.
            message: message
                .lines()
                .next()
                .unwrap_or_default()
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    })
}

fn checked(key: &str, value: &str, at: u32, max: u32) -> Result<String, AnnouncementProblem> {
    // Blanks that do not break stay: French puts them before `:` (B22).
    let breaks = |c: char| c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}');
    let folded = value.split(breaks).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    line(&folded, max).map_err(|_| AnnouncementProblem::BadValue { line: at, key: key.to_owned(), max })
}

fn percent(key: &str, value: &str, at: u32) -> Result<u8, AnnouncementProblem> {
    let number = value.trim().trim_end_matches('%').trim();
    number.parse().ok().filter(|percent| *percent <= 100).ok_or_else(|| AnnouncementProblem::NotAPercentage {
        line: at,
        key: key.to_owned(),
        value: value.to_owned(),
    })
}
