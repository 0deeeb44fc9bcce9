//! Why a source file cannot be published, and what its page shows otherwise than it says.

use serde::{Deserialize, Serialize};

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
    /// F6: deeper nesting would make an unreadable page, and a recursion without bound.
    #[error("line {line}: quotes, lists, emphasis or HTML are nested deeper than {max} levels; flatten them")]
    TooDeep { line: u32, max: u32 },
    /// F6: a few bytes can ask for half a million cells.
    #[error("the page would have more than {max} parts (paragraphs, cells, links, HTML elements); shorten or split it")]
    TooManyParts { max: u32 },
    /// F6
    #[error(
        "line {line}: more than {max} pieces stand in an HTML table outside of its cells; put them into <td>, or close \
         the table"
    )]
    LooseInTable { line: u32, max: u32 },
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
            | Self::LooseInTable { line, .. }
            | Self::LosesText { line, .. }
            | Self::NothingToSupersede { line, .. } => Some(*line),
            Self::TooLarge { .. }
            | Self::TooManyParts { .. }
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
    /// A file of a case, of another portal, or of no one: readers do not get it.
    #[error("line {line}: `{address}` is no image that was uploaded for announcements; readers do not see it")]
    NoSuchImage { line: u32, address: String },
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
            | Self::NoSuchPage { line, .. }
            | Self::NoSuchImage { line, .. } => *line,
        }
    }
}
