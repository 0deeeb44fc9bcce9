//! The names of announcements: in addresses, and in the names of their source files.

use serde::{Deserialize, Serialize};

use super::AnnouncementProblem;
use crate::{locale::Locale, text::fold};

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
}
