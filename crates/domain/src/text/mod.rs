//! Text that was checked once and is right ever after: private fields, one constructor each.

use serde::{Deserialize, Serialize};

use crate::FieldError;

macro_rules! as_text {
    ($name:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
            pub fn into_string(self) -> String {
                self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::FieldError;
            fn try_from(text: String) -> Result<Self, $crate::FieldError> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }
    };
}

mod address;
mod clean;
mod fold;
mod password;
mod path;
mod phone;
mod words;

pub use address::{EmailAddress, in_letters, is_at};
pub use clean::{Cleaned, clean_line, clean_prose, is_blank, line, prose, shortened};
pub use fold::{fold, sort_key, sort_words};
pub use password::NewPassword;
pub use path::LocalPath;
pub use phone::PhoneNumber;
pub use words::{search_words, words};

/// Treats an empty field as left out.
pub fn optional<T>(text: &str, parse: impl FnOnce(&str) -> Result<T, FieldError>) -> Result<Option<T>, FieldError> {
    if text.trim().is_empty() { Ok(None) } else { parse(text).map(Some) }
}

/// The name of a person: one line, at most 120 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonName(String);

impl PersonName {
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        line(text, 120).map(Self)
    }
}

/// The title of a case: one line, at most 200 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseTitle(String);

impl CaseTitle {
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        line(text, 200).map(Self)
    }

    /// The beginning of a text, for cases that begin without a title: a chat, a call.
    pub fn of(text: &EntryText) -> Self {
        Self::beginning(text.as_str(), 80).unwrap_or_else(|| Self("…".to_owned()))
    }

    /// A title of at most 200 characters, cut between words when it is longer, and whether it was.
    ///
    /// # Errors
    /// [`FieldError::Required`] when there is nothing to see in it.
    pub fn cut(text: &str) -> Result<(Self, bool), FieldError> {
        let whole = line(text, u32::MAX)?;
        let cut = shortened(&whole, 200);
        Ok((Self(cut.clone().unwrap_or(whole)), cut.is_some()))
    }

    /// The first line of a text in which there is something to see, as a title of at most `max` characters.
    pub fn beginning(text: &str, max: u32) -> Option<Self> {
        let first = text.lines().find(|line| !is_blank(line))?;
        let title = first.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Self(shortened(&title, max).unwrap_or(title)))
    }
}

/// What a person writes into a case: at most 20,000 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryText(String);

impl EntryText {
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        prose(text, 20_000).map(Self)
    }
}

as_text!(PersonName);
as_text!(CaseTitle);
as_text!(EntryText);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_beginning_of_a_text() {
        let title = |text: &str| CaseTitle::of(&EntryText::parse(text).expect("a text")).into_string();
        assert_eq!(title("Le  VPN\ttombe\nDepuis lundi"), "Le VPN tombe");
        assert_eq!(title(&"élève ".repeat(30)), format!("{}…", "élève ".repeat(13).trim_end()));
        assert_eq!(title(&"é".repeat(200)), format!("{}…", "é".repeat(79)));
    }

    #[test]
    fn b09_a_long_title_is_cut_between_words() {
        let (title, cut) = CaseTitle::cut(&"Relance : ".repeat(30)).expect("a title");
        assert!(cut && title.as_str().ends_with("Relance :…"), "{title}");
        assert!(title.as_str().chars().count() <= 200);
        assert_eq!(CaseTitle::parse(title.as_str()), Ok(title), "what was cut is a title");
        let (title, cut) = CaseTitle::cut(&"T".repeat(201)).expect("a title");
        assert!(cut && title.as_str() == format!("{}…", "T".repeat(199)));
        assert!(!CaseTitle::cut(&"T".repeat(200)).expect("a title").1);
        assert_eq!(shortened("mot mot", 7), None);
        assert_eq!(shortened("un mot", 5).as_deref(), Some("un…"));
        assert_eq!(shortened("deux mots", 5).as_deref(), Some("deux…"));
    }
}
