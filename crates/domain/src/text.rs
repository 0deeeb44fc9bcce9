//! Text that was checked once and is right ever after: private fields, one constructor each.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::FieldError;

macro_rules! as_text {
    ($($name:ident),+) => {$(
        impl $name {
            pub fn as_str(&self) -> &str { &self.0 }
            pub fn into_string(self) -> String { self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl TryFrom<String> for $name {
            type Error = FieldError;
            fn try_from(text: String) -> Result<Self, FieldError> { Self::parse(&text) }
        }
        impl From<$name> for String {
            fn from(text: $name) -> String { text.0 }
        }
    )+};
}

/// An e-mail address as it was written; [`EmailAddress::normalised`] is what identity is decided on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Takes what mail servers take in practice: one `@`, no white space or control characters, no quoting, a domain
    /// with a dot, at most 254 bytes (RFC 5321). Exactly one address: no lists, no display names (CVE-2023-7028).
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldError::Required);
        }
        if text.len() > 254 {
            return Err(FieldError::TooLong { max: 254 });
        }
        let (local, domain) = text.split_once('@').ok_or(FieldError::NotAnEmail)?;
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
        let domain_ok = domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            });
        if local_ok && domain_ok { Ok(Self(text.to_owned())) } else { Err(FieldError::NotAnEmail) }
    }

    /// Lower-case form: two addresses are one identity when these are equal.
    pub fn normalised(&self) -> String {
        self.0.to_lowercase()
    }
}

/// A phone number in E.164 form (`+33123456789`); spaces, dots, dashes and brackets are dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

impl PhoneNumber {
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldError::Required);
        }
        let compact: String = text.chars().filter(|c| !" .-()/\u{a0}\u{202f}".contains(*c)).collect();
        let digits = compact.strip_prefix('+').or_else(|| compact.strip_prefix("00")).ok_or(FieldError::NotAPhone)?;
        let ok =
            (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if ok { Ok(Self(format!("+{digits}"))) } else { Err(FieldError::NotAPhone) }
    }
}

/// One line of text, without control characters, at most `max` characters.
pub fn line(text: &str, max: u32) -> Result<String, FieldError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldError::Required);
    }
    if text.chars().any(char::is_control) {
        return Err(FieldError::ControlCharacters);
    }
    if text.chars().count() > max as usize {
        return Err(FieldError::TooLong { max });
    }
    Ok(text.to_owned())
}

/// Several lines of text; line ends become `\n`, other control characters but tabs are refused.
pub fn prose(text: &str, max: u32) -> Result<String, FieldError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldError::Required);
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(FieldError::ControlCharacters);
    }
    if text.chars().count() > max as usize {
        return Err(FieldError::TooLong { max });
    }
    Ok(text.to_owned())
}

/// Text as searches compare it: lower case, letters without their marks. Made here, for databases differ.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            // Letters that do not come apart into a letter and a mark.
            'ð' | 'đ' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'ŧ' => folded.push('t'),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ß' => folded.push_str("ss"),
            '’' => folded.push('\''),
            other => folded.push(other),
        }
    }
    folded
}

/// The words of a text: runs of letters and digits, folded, at most 60 characters each. `ORA-12345` is two words, and so is
/// `setup.exe`.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c))
        .map(|word| fold(word).chars().filter(|c| c.is_alphanumeric()).take(60).collect::<String>())
        .filter(|word| !word.is_empty())
}

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
        const LENGTH: usize = 80;
        let first = text.as_str().lines().next().unwrap_or_default();
        let mut title = first.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = title.char_indices().nth(LENGTH) {
            // At a space, when there is one not too far back.
            let cut = title.get(..end).and_then(|kept| kept.rfind(' ')).filter(|at| *at > end / 2).unwrap_or(end);
            title.truncate(cut);
            title.push('…');
        }
        Self(title)
    }
}

/// What somebody writes into a case: at most 20,000 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryText(String);

impl EntryText {
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        prose(text, 20_000).map(Self)
    }
}

/// A password before it is hashed: 12 to 200 characters, no rules of composition (ASVS 6.2.1, 6.2.5, 6.2.9), not one of
/// the most used ones (ASVS 6.2.4). `Debug` does not show it, and it does not serialise.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);

impl NewPassword {
    pub const MIN: u32 = 12;

    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let length = text.chars().count();
        if length == 0 {
            return Err(FieldError::Required);
        }
        if length < Self::MIN as usize {
            return Err(FieldError::TooShort { min: Self::MIN });
        }
        if length > 200 {
            return Err(FieldError::TooLong { max: 200 });
        }
        let plain: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        let common = COMMON_STEMS.iter().any(|stem| plain == stem.repeat(plain.len() / stem.len()))
            || COMMON_PASSWORDS.contains(&plain.as_str())
            || text.chars().all(|c| text.starts_with(c));
        if common {
            return Err(FieldError::CommonPassword);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// Twelve and more characters long, and still in every attacker's list.
const COMMON_PASSWORDS: &[&str] = &[
    "123456789012",
    "1234567890123",
    "12345678901234",
    "123456789101112",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopasdf",
    "password1234",
    "password12345",
    "passwordpassword",
    "motdepasse123",
    "motdepasse1234",
    "iloveyou1234",
    "administrator",
    "administrateur",
    "changeme1234",
    "changemenow1",
    "welcome12345",
    "bienvenue123",
    "azertyuiop123",
    "azertyuiopqsdf",
    "1q2w3e4r5t6y",
    "letmein12345",
    "football1234",
];
const COMMON_STEMS: &[&str] =
    &["password", "motdepasse", "qwerty", "azerty", "123456", "1234", "abc123", "admin", "guichet"];

/// A path inside this site, safe to redirect to (RT CVE-2022-25803): begins with one slash, has no backslash, no control
/// character, no scheme and no authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalPath(String);

impl LocalPath {
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let ok = text.starts_with('/')
            && !text.starts_with("//")
            && text.len() <= 500
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
            && !text.to_ascii_lowercase().starts_with("/%2f")
            && !text.to_ascii_lowercase().starts_with("/%5c");
        if ok { Ok(Self(text.to_owned())) } else { Err(FieldError::NotAChoice) }
    }
}

as_text!(EmailAddress, PhoneNumber, PersonName, CaseTitle, EntryText, LocalPath);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_one_address_each() {
        assert_eq!(
            EmailAddress::parse(" Ana.Lopez@Example.com ").map(|a| a.normalised()),
            Ok("ana.lopez@example.com".into())
        );
        for bad in [
            "",
            "ana",
            "ana@",
            "@example.com",
            "ana@example",
            "a b@example.com",
            "a@b@example.com",
            "a@example.com,b@example.com",
            "Ana <ana@example.com>",
            "ana@example.com\r\nBcc: x@example.com",
            ".a@example.com",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn phone_numbers_become_e164() {
        assert_eq!(PhoneNumber::parse("+33 (1) 23.45-67 89").map(|n| n.to_string()), Ok("+33123456789".into()));
        assert_eq!(PhoneNumber::parse("0033123456789").map(|n| n.to_string()), Ok("+33123456789".into()));
        for bad in ["", "0123456789", "+12", "+1234567890123456", "+33 12 34 call me"] {
            assert!(PhoneNumber::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn a_title_is_the_beginning_of_a_text() {
        let title = |text: &str| CaseTitle::of(&EntryText::parse(text).expect("a text")).into_string();
        assert_eq!(title("Le  VPN\ttombe\nDepuis lundi"), "Le VPN tombe");
        assert_eq!(title(&"élève ".repeat(30)), format!("{}…", "élève ".repeat(13).trim_end()));
        assert_eq!(title(&"é".repeat(200)), format!("{}…", "é".repeat(80)));
    }

    #[test]
    fn folded_text_has_no_marks() {
        assert_eq!(fold("Énergie Œuvre Çà"), "energie oeuvre ca");
        assert_eq!(fold("E\u{301}NERGIE"), "energie");
        assert_eq!(fold("Łódź Straße İstanbul L’Été"), "lodz strasse istanbul l'ete");
        assert_eq!(fold("北京 42"), "北京 42");
    }

    #[test]
    fn words_are_folded_runs_of_letters_and_digits() {
        let found: Vec<String> = words("L'Énergie d’été: ORA-12345, setup.exe (v2.3.1) ana@exemple.fr").collect();
        assert_eq!(
            found,
            ["l", "energie", "d", "ete", "ora", "12345", "setup", "exe", "v2", "3", "1", "ana", "exemple", "fr"]
        );
        // Composed and decomposed writings are one word.
        assert_eq!(words("re\u{301}solu").collect::<Vec<_>>(), words("résolu").collect::<Vec<_>>());
        assert_eq!(words(" *-() ").count(), 0);
    }

    /// CVE-2022-25803 (RT): open redirect.
    #[test]
    fn cve_2022_25803_paths_stay_on_this_site() {
        assert!(LocalPath::parse("/cases/0190?page=2").is_ok());
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/%2Fevil.example",
            "/\tevil",
            "/a b",
            "javascript:alert(1)",
        ] {
            assert!(LocalPath::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    /// ASVS 6.2.1, 6.2.4
    #[test]
    fn asvs_6_2_passwords_are_long_and_uncommon() {
        assert!(NewPassword::parse("un chat sous la lune").is_ok());
        assert_eq!(NewPassword::parse("short"), Err(FieldError::TooShort { min: 12 }));
        for bad in ["Password1234", "aaaaaaaaaaaaaa", "passwordpassword", "azerty azerty", "guichet-guichet"] {
            assert_eq!(NewPassword::parse(bad), Err(FieldError::CommonPassword), "{bad}");
        }
        assert!(!format!("{:?}", NewPassword::parse("un chat sous la lune")).contains("chat"));
    }
}
