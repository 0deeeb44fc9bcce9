//! Text that was checked once and is right ever after: private fields, one constructor each.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

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

/// An e-mail address in the one form it has everywhere: the local part as it was written, in ASCII; the domain in lower case
/// and in punycode. It is stored, compared and sent to like that; [`EmailAddress::letters`] is for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Takes what mail servers take in practice: one `@`, no white space or control characters, no quoting, a domain
    /// with a dot, at most 254 bytes (RFC 5321). Exactly one address: no lists, no display names (CVE-2023-7028). A domain may
    /// be written in letters or in punycode (B16, UTS 46).
    ///
    /// # Errors
    /// [`FieldError::NotAsciiBeforeAt`] for a local part with other letters: mail servers without SMTPUTF8 refuse it, and
    /// browsers do not send it, so that its owner could never sign in (T04). [`FieldError::Required`],
    /// [`FieldError::TooLong`], [`FieldError::NotAnEmail`].
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        const MAX: u32 = 254;
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldError::Required);
        }
        if text.len() > 4 * MAX as usize {
            return Err(FieldError::TooLong { max: MAX });
        }
        let (local, domain) = text.split_once('@').ok_or(FieldError::NotAnEmail)?;
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
        let domain = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL)
            .map_err(|_| FieldError::NotAnEmail)?
            .into_owned();
        let domain_ok = domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            });
        if !local_ok || !domain_ok {
            return Err(FieldError::NotAnEmail);
        }
        if !local.is_ascii() {
            return Err(FieldError::NotAsciiBeforeAt);
        }
        let address = format!("{local}@{domain}");
        if address.len() > MAX as usize { Err(FieldError::TooLong { max: MAX }) } else { Ok(Self(address)) }
    }

    /// Lower-case form: two addresses are one identity when these are equal.
    pub fn normalised(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The address as people read it: `kontakt@müller.example`.
    pub fn letters(&self) -> String {
        in_letters(&self.0)
    }
}

/// A stored address as people read it: the domain in letters. A domain that cannot be shown that way stays in punycode.
pub fn in_letters(address: &str) -> String {
    match address.split_once('@') {
        Some((local, domain)) if domain.split('.').any(|label| label.starts_with("xn--")) => {
            let (letters, shown) = idna::domain_to_unicode(domain);
            if shown.is_ok() { format!("{local}@{letters}") } else { address.to_owned() }
        }
        _ => address.to_owned(),
    }
}

/// A phone number in E.164 form (`+33123456789`); spaces, dots, dashes, brackets and slashes are dropped, and so is the
/// `(0)` that people dial inside a country (`+33 (0)1 …`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// Countries whose numbers keep the zero when they are dialled from abroad: Italy, San Marino, the Vatican.
const KEEP_ZERO: &[&str] = &["39", "378", "379"];

impl PhoneNumber {
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = clean(text).text;
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldError::Required);
        }
        let between = |c: char| {
            c.is_whitespace()
                || matches!(c, '.' | '-' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ad}')
                || is_filler(c)
        };
        let compact = |text: &str| text.chars().filter(|c| !between(*c)).collect::<String>();
        let international = |text: &str| {
            let compact = compact(text);
            let digits = compact.strip_prefix('+').or_else(|| compact.strip_prefix("00"));
            digits.map(ToOwned::to_owned).ok_or(FieldError::NotAPhone)
        };
        let digits = match text.split_once("(0)") {
            Some((country, rest)) => {
                let country = international(country)?;
                let zero = if KEEP_ZERO.contains(&country.as_str()) { "0" } else { "" };
                format!("{country}{zero}{}", compact(rest))
            }
            None => international(text)?,
        };
        let ok =
            (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if ok { Ok(Self(format!("+{digits}"))) } else { Err(FieldError::NotAPhone) }
    }
}

/// A text as it is kept, and how many of its characters were dropped or read as others on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned {
    pub text: String,
    pub count: u32,
}

impl Cleaned {
    /// # Errors
    /// [`FieldError::Required`] when there is nothing to see in it (B07), [`FieldError::TooLong`] above `max` characters.
    pub fn check(self, max: u32) -> Result<String, FieldError> {
        if is_blank(&self.text) {
            return Err(FieldError::Required);
        }
        if self.text.chars().count() > max as usize {
            return Err(FieldError::TooLong { max });
        }
        Ok(self.text)
    }
}

/// What U+0080 to U+009F were in Windows-1252, where texts of old systems have them from; U+0085 is a line end in Unicode
/// and stays one (B08).
const WINDOWS_1252: &[char] = &[
    '€', '\0', '‚', 'ƒ', '„', '\n', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•',
    '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Takes out of a text what a page cannot show or what makes it read as something else: escape sequences of terminals,
/// NUL and the other control characters, characters that turn the direction of what follows (CVE-2021-42574), joiners
/// that join nothing. Every kind of line end becomes `\n`.
fn clean(text: &str) -> Cleaned {
    let mut kept = String::with_capacity(text.len());
    let mut count = 0;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let read = match c {
            '\r' => {
                if rest.clone().next() == Some('\n') {
                    rest.next();
                }
                kept.push('\n');
                continue;
            }
            '\n' | '\t' => Some(c),
            '\u{0b}' | '\u{0c}' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\u{1b}' => {
                skip_escape(&mut rest);
                None
            }
            '\u{80}'..='\u{9f}' => WINDOWS_1252.get(c as usize - 0x80).copied().filter(|c| *c != '\0'),
            '\u{200d}' => {
                let joins = |c: char| is_visible(c) || is_combining_mark(c);
                let between =
                    kept.chars().next_back().is_some_and(joins) && rest.clone().next().is_some_and(is_visible);
                between.then_some(c)
            }
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => None,
            '\u{fdd0}'..='\u{fdef}' => None,
            c if c.is_control() || (c as u32) & 0xfffe == 0xfffe => None,
            c => Some(c),
        };
        if read != Some(c) {
            count += 1;
        }
        kept.extend(read);
    }
    Cleaned { text: kept, count }
}

/// Passes over the rest of an escape sequence (ECMA-48): `ESC [ … letter`, `ESC ] … BEL`, `ESC ( B`. Of anything else
/// only the escape character goes.
fn skip_escape(rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    let whole = match ahead.next() {
        Some('[') => ahead.find(|c| !matches!(c, '\u{20}'..='\u{3f}')).is_some_and(|c| matches!(c, '@'..='~')),
        Some(']') => ahead.find(|c| c.is_control()).is_some_and(|end| match end {
            '\u{07}' => true,
            '\u{1b}' => ahead.next() == Some('\\'),
            _ => false,
        }),
        Some('('..='/') => ahead.next().is_some_and(|c| matches!(c, '0'..='~')),
        _ => false,
    };
    if whole {
        *rest = ahead;
    }
}

/// Whether a reader sees anything of a character when it stands alone: neither blanks nor formatting characters, lone
/// marks and the letters that Unicode has for nothing (B07).
fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !is_combining_mark(c)
        && c.general_category() != GeneralCategory::Format
        && !matches!(c, '\u{2800}' | '\u{3164}' | '\u{115f}' | '\u{1160}' | '\u{ffa0}')
}

/// Characters of no width, and the blank one of Braille: at the ends of a text they say nothing.
fn is_filler(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{2800}' | '\u{feff}')
}

/// Whether there is nothing to see in a text (B07).
pub fn is_blank(text: &str) -> bool {
    !text.chars().any(is_visible)
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_filler(c))
}

/// One line of text: line ends and tabs, with the blanks around them, become one blank.
pub fn clean_line(text: &str) -> Cleaned {
    let Cleaned { text, mut count } = clean(text);
    let mut line = String::with_capacity(text.len());
    let mut blanks = String::new();
    for c in trimmed(&text).chars() {
        if c.is_whitespace() {
            blanks.push(c);
            continue;
        }
        if blanks.contains(['\n', '\t']) {
            count += 1;
            line.push(' ');
        } else {
            line.push_str(&blanks);
        }
        blanks.clear();
        line.push(c);
    }
    Cleaned { text: line, count }
}

/// Several lines of text, with `\n` between them; tabs stay.
pub fn clean_prose(text: &str) -> Cleaned {
    let Cleaned { text, count } = clean(text);
    Cleaned { text: trimmed(&text).to_owned(), count }
}

/// One line of text with something to see in it, at most `max` characters (B07, B08).
///
/// # Errors
/// [`Cleaned::check`].
pub fn line(text: &str, max: u32) -> Result<String, FieldError> {
    clean_line(text).check(max)
}

/// Several lines of text with something to see in them, at most `max` characters (B07, B08).
///
/// # Errors
/// [`Cleaned::check`].
pub fn prose(text: &str, max: u32) -> Result<String, FieldError> {
    clean_prose(text).check(max)
}

/// The beginning of a text of more than `max` characters, which ends with `…` and is no longer than that: cut between
/// words when there is a blank not too far back. `None` when all of it fits.
pub fn shortened(text: &str, max: u32) -> Option<String> {
    let max = max as usize;
    text.char_indices().nth(max)?;
    let end = text.char_indices().nth(max.saturating_sub(1)).map_or(0, |(end, _)| end);
    let kept = text.get(..end).unwrap_or_default();
    let next_is_blank = text.get(end..).is_some_and(|rest| rest.starts_with(char::is_whitespace));
    let blank = kept.rfind(char::is_whitespace).filter(|at| *at >= end / 2 && !next_is_blank);
    let kept = blank.and_then(|at| kept.get(..at)).unwrap_or(kept);
    // A mark or a joiner without what follows it would read as something else.
    Some(format!("{}…", trimmed(kept)))
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

/// The key that orders a name as a dictionary does, in French and in English, compared byte by byte: É stands with E and a
/// with A, blanks come before signs, signs before digits, digits before letters. Names that differ in marks only follow
/// each other, the plain one first. Made here, for databases differ.
pub fn sort_key(name: &str) -> String {
    format!("{}\t{}", sort_words(name), name.trim().nfd().collect::<String>().to_lowercase())
}

/// The part of [`sort_key`] that searches compare: what was typed stands somewhere in the key of a name that contains it.
pub fn sort_words(text: &str) -> String {
    let compatible: String = text.trim().nfkd().collect();
    let mut words = String::with_capacity(compatible.len());
    for c in fold(&compatible).chars() {
        match c {
            c if c.is_alphanumeric() => words.push(c),
            c if c.is_whitespace() => words.push(' '),
            _ => words.push('-'),
        }
    }
    words
}

/// The words of a text as they are indexed: runs of letters and digits, folded, at most 60 characters each. `ORA-12345` is
/// two words, and so is `setup.exe`. What is written without blanks (Chinese, Japanese, Thai …) has no words to see: every
/// two neighbours are one, and the last sign is one, so that any part of it is found.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    pieces(text).flat_map(|piece| piece.indexed())
}

/// The words to look for, each as the beginning of an indexed one: `印机` finds `打印机坏了`.
pub fn search_words(typed: &str) -> impl Iterator<Item = String> + '_ {
    pieces(typed).flat_map(|piece| piece.wanted())
}

/// A run of letters and digits of one kind of script, folded.
enum Piece {
    Word(String),
    Unspaced(Vec<char>),
}

impl Piece {
    fn indexed(self) -> Vec<String> {
        match self {
            Self::Word(word) => vec![word],
            Self::Unspaced(signs) => {
                let last = signs.last().map(ToString::to_string);
                pairs(&signs).chain(last).collect()
            }
        }
    }

    fn wanted(self) -> Vec<String> {
        match self {
            Self::Unspaced(signs) if signs.len() > 1 => pairs(&signs).collect(),
            other => other.indexed(),
        }
    }
}

fn pairs(signs: &[char]) -> impl Iterator<Item = String> + '_ {
    signs.windows(2).map(|pair| pair.iter().collect())
}

fn pieces(text: &str) -> impl Iterator<Item = Piece> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c)).flat_map(|run| {
        // Folding takes Korean syllables apart.
        let folded: Vec<char> = fold(run).nfc().filter(|c| c.is_alphanumeric()).collect();
        folded.chunk_by(|one, next| is_unspaced(*one) == is_unspaced(*next)).map(piece).collect::<Vec<_>>()
    })
}

fn piece(signs: &[char]) -> Piece {
    match signs.first() {
        Some(first) if is_unspaced(*first) => Piece::Unspaced(signs.to_vec()),
        _ => Piece::Word(signs.iter().take(60).collect()),
    }
}

/// Scripts in which words are not set apart by blanks, or not all of them: Thai, Lao, Burmese, Khmer, kana, Han, Hangul.
const fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}' | '\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}')
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
/// the 3,000 most used ones of that length (ASVS 6.2.4). `Debug` does not show it, and it does not serialise.
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
        let small = text.to_lowercase();
        // Without the dashes and dots between them; a password of symbols alone has no such rest.
        let plain: String = small.chars().filter(|c| c.is_alphanumeric()).collect();
        let repeated = |stem: &str| !plain.is_empty() && plain == stem.repeat(plain.len() / stem.len());
        let common = COMMON_STEMS.iter().any(|stem| repeated(stem))
            || COMMON_PASSWORDS.lines().any(|line| line == plain || line == small)
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

/// Twelve and more characters long, and still in every attacker's list: the 3,000 most used ones of that length (Mark
/// Burnett's ten million passwords), and a few of this product's own neighbourhood. One a line, small letters, sorted.
const COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_ordered_as_in_a_dictionary() {
        let mut names = [
            "Zoé",
            "Élodie",
            "aaron",
            "Étienne",
            "Jacquet",
            "Éditions Ö",
            "Œuvre",
            "Elise",
            "Élise",
            "Oeillet",
            "Énergie",
            "Zoe",
            "(ext.) 358",
            "Eli",
            "3 Suisses",
            "Ａｌｐｈａ",
            "AG Çelik",
            "Jean Petit",
            "Jeanne",
            "Jean-Paul",
        ];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(
            names,
            [
                "(ext.) 358",
                "3 Suisses",
                "aaron",
                "AG Çelik",
                "Ａｌｐｈａ",
                "Éditions Ö",
                "Eli",
                "Elise",
                "Élise",
                "Élodie",
                "Énergie",
                "Étienne",
                "Jacquet",
                "Jean Petit",
                "Jean-Paul",
                "Jeanne",
                "Oeillet",
                "Œuvre",
                "Zoe",
                "Zoé"
            ]
        );
        assert!(sort_key("L’Étoile du Nord").contains(&sort_words("l'etoile")));
    }

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

    /// B16, T04: an address has one form, however its domain is written.
    #[test]
    fn b16_a_domain_in_letters_and_in_punycode_is_one_address() {
        let punycode = "kontakt@xn--mller-bcher-thbg.example";
        for written in [
            "kontakt@müller-bücher.example",
            "Kontakt@MÜLLER-BÜCHER.Example",
            "kontakt@mu\u{308}ller-bücher.example",
            "KONTAKT@xn--mller-bcher-thbg.example",
            "kontakt@müller-bücher\u{3002}example",
        ] {
            let address = EmailAddress::parse(written).unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!(address.normalised(), punycode, "{written}");
            assert!(address.as_str().is_ascii(), "what is stored and sent to: {written}");
            assert!(address.letters().ends_with("@müller-bücher.example"), "{written}");
            assert_eq!(EmailAddress::parse(&address.letters()), Ok(address), "{written}");
        }
        assert_eq!(EmailAddress::parse("Ana@EXAMPLE.com").map(EmailAddress::into_string), Ok("Ana@example.com".into()));
        assert_eq!(in_letters("ana@example.com"), "ana@example.com");
        assert_eq!(in_letters("ana@xn--a.example"), "ana@xn--a.example", "no valid punycode");
    }

    /// T04: letters before the @ that browsers do not send, the Kelvin sign among them.
    #[test]
    fn t04_a_local_part_that_is_not_ascii_is_refused_with_its_reason() {
        for refused in ["zoé@rosier.example", "mi\u{212a}e@rosier.example", "用户@rosier.example", "zoé@müller.example"]
        {
            assert_eq!(EmailAddress::parse(refused), Err(FieldError::NotAsciiBeforeAt), "{refused}");
        }
        for refused in [
            "ana@exa_mple.com",
            "ana@xn--a.example",
            "ana@\u{202e}.example",
            "ana@-x.example",
            "zoé@example",
            "ana@a\u{ad}.\u{ad}.example",
        ] {
            assert_eq!(EmailAddress::parse(refused), Err(FieldError::NotAnEmail), "{refused}");
        }
        let long = format!("ana@{}example", "bücherei-müller.".repeat(15));
        assert_eq!(EmailAddress::parse(&long), Err(FieldError::TooLong { max: 254 }), "counted as it is stored");
    }

    #[test]
    fn phone_numbers_become_e164() {
        assert_eq!(PhoneNumber::parse("+33 (1) 23.45-67 89").map(|n| n.to_string()), Ok("+33123456789".into()));
        assert_eq!(PhoneNumber::parse("0033123456789").map(|n| n.to_string()), Ok("+33123456789".into()));
        for (typed, number) in [
            ("+33 (0)1 23 45 67 89", "+33123456789"),
            ("0033 (0) 1 23 45 67 89", "+33123456789"),
            ("0044(0)20 7946 0000", "+442079460000"),
            ("+39 (0)6 1234 5678", "+390612345678"),
            ("+33‑1‑23‑45‑67‑89", "+33123456789"),
            ("\u{202a}+33 1 23 45 67 89\u{202c}", "+33123456789"),
        ] {
            assert_eq!(PhoneNumber::parse(typed).map_or(String::new(), |n| n.to_string()), number, "{typed}");
        }
        for bad in ["", "0123456789", "+12", "+1234567890123456", "+33 12 34 call me", "(0)1 23 45 67 89", "n/a", "-"] {
            assert!(PhoneNumber::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn a_title_is_the_beginning_of_a_text() {
        let title = |text: &str| CaseTitle::of(&EntryText::parse(text).expect("a text")).into_string();
        assert_eq!(title("Le  VPN\ttombe\nDepuis lundi"), "Le VPN tombe");
        assert_eq!(title(&"élève ".repeat(30)), format!("{}…", "élève ".repeat(13).trim_end()));
        assert_eq!(title(&"é".repeat(200)), format!("{}…", "é".repeat(79)));
    }

    /// B09
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

    /// B07
    #[test]
    fn b07_text_with_nothing_to_see_is_empty() {
        for nothing in [
            "",
            " ",
            "\u{200b}",
            "\u{3164}",
            "\u{2800}",
            "\u{200b}\u{200b}",
            "\u{200d}",
            "\u{115f}\u{1160}",
            "\u{ffa0}",
            "\u{301}\u{301}",
            "\u{202e}",
            "\u{feff}\u{ad}",
            "\u{a0}\u{2003}\n\t",
            "\u{200b}\u{2060}",
            "\u{e0041}",
            "\u{fe0f}",
            "\0",
            "\u{1b}[31m\u{1b}[0m",
            "\u{81}",
        ] {
            assert_eq!(line(nothing, 120), Err(FieldError::Required), "{nothing:?}");
            assert_eq!(prose(nothing, 120), Err(FieldError::Required), "{nothing:?}");
        }
        for name in [
            "O’Brien-D'Arcy",
            "Ng",
            "يوسف الحداد",
            "👩\u{200d}💻 Zoe 𝓡𝓸𝓼𝓲𝓮𝓻",
            "Zoé",
            "Zoe\u{301}",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "—",
            "?",
            "👍\u{fe0f}",
        ] {
            assert_eq!(line(name, 120).as_deref(), Ok(name));
        }
        assert_eq!(line("Zoe\u{202e}exe.reisoR", 120).as_deref(), Ok("Zoeexe.reisoR"));
        assert_eq!(line("\u{200b}Zoe\u{200d} \u{2066}R\u{2069}\u{200b}", 120).as_deref(), Ok("Zoe R"));
    }

    /// B08
    #[test]
    fn b08_what_old_systems_and_word_paste_is_cleaned() {
        for (typed, kept, count) in [
            ("l\u{92}écran reste noir", "l’écran reste noir", 1),
            ("ligne un\u{0b}ligne deux", "ligne un\nligne deux", 1),
            ("\u{1b}[31mERROR\u{1b}[0m disk full", "ERROR disk full", 2),
            ("abc\0def", "abcdef", 1),
            ("page 1\u{0c}page 2", "page 1\npage 2", 1),
            ("fin\u{85}suite", "fin\nsuite", 1),
            ("a\u{2028}b\u{2029}c", "a\nb\nc", 2),
            ("a\r\nb\rc\td", "a\nb\nc\td", 0),
            ("\u{1b}]0;title\u{07}prompt\u{1b}(B$", "prompt$", 2),
            ("\u{1b} [ \u{1b}", "[", 2),
            ("\u{80}\u{9f}\u{81}", "€Ÿ", 3),
            ("\u{feff}début\u{ffff}", "début", 2),
        ] {
            assert_eq!(clean_prose(typed), Cleaned { text: kept.to_owned(), count }, "{typed:?}");
        }
        assert_eq!(clean_line("Re:\tVPN"), Cleaned { text: "Re: VPN".into(), count: 1 });
        assert_eq!(clean_line("VPN\r\n  since  Monday"), Cleaned { text: "VPN since  Monday".into(), count: 1 });
    }

    proptest! {
        /// B07, B08: whatever is typed, what is kept can be shown, and is kept as it is the second time.
        #[test]
        fn b08_kept_text_can_be_shown_and_stays_as_it_is(
            typed in "[\\PC\\p{Cc}\u{1b}\\[m\u{200d}\u{202e}\u{2028}\u{85}\u{92}\u{301} a👩]{0,40}",
        ) {
            let control = |c: char| c.is_control() && c != '\n' && c != '\t';
            let hides = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
            if let Ok(kept) = prose(&typed, 1_000) {
                prop_assert!(!kept.contains(control) && !kept.contains(hides), "{kept:?}");
                prop_assert!(kept.contains(is_visible));
                prop_assert_eq!(clean_prose(&kept), Cleaned { text: kept, count: 0 });
            }
            if let Ok(kept) = line(&typed, 1_000) {
                prop_assert!(!kept.contains(char::is_control), "{kept:?}");
                prop_assert_eq!(clean_line(&kept), Cleaned { text: kept, count: 0 });
            }
        }

        /// Letters, marks, blanks and signs of all languages pass as they are.
        #[test]
        fn b08_plain_text_is_not_touched(typed in "[\\p{L}\\p{N}\\p{P}\\p{S}]([\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} \n]{0,40}[\\p{L}\\p{N}])?") {
            let plain: String = typed.chars().filter(|c| is_visible(*c) || is_combining_mark(*c) || *c == ' ' || *c == '\n').collect();
            prop_assert_eq!(clean_prose(&plain).text, trimmed(&plain));
        }

        /// B09
        #[test]
        fn b09_a_cut_text_is_never_longer_than_it_may_be(typed in "\\PC{0,60}", max in 2_u32..40) {
            match shortened(&typed, max) {
                Some(cut) => prop_assert!(cut.chars().count() <= max as usize && cut.ends_with('…')),
                None => prop_assert!(typed.chars().count() <= max as usize),
            }
        }
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

    #[test]
    fn any_part_of_a_text_without_blanks_is_found() {
        let indexed: Vec<String> = words("北京办公室的打印机坏了 PC打印").collect();
        for typed in ["印机", "坏了", "北京", "了", "机", "打印机", "办公室的打印机", "pc"] {
            for word in search_words(typed) {
                assert!(indexed.iter().any(|known| known.starts_with(&word)), "{typed}: {word} in {indexed:?}");
            }
        }
        assert!(search_words("京机").all(|word| !indexed.contains(&word)), "neighbours only");
        assert_eq!(words("한국어").collect::<Vec<_>>(), ["한국", "국어", "어"]);
        assert_eq!(search_words("プリンタ").collect::<Vec<_>>(), ["フリ", "リン", "ンタ"]);
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
        // C3: symbols are no word that is repeated.
        for symbols in ["!@#$%^&*()_+", "§%;?&=~#|^*-", "……………-……………-"] {
            assert!(NewPassword::parse(symbols).is_ok(), "{symbols}");
        }
        assert_eq!(NewPassword::parse("short"), Err(FieldError::TooShort { min: 12 }));
        assert!(COMMON_PASSWORDS.lines().count() > 3_000);
        for bad in COMMON_PASSWORDS.lines() {
            assert!(NewPassword::parse(bad).is_err(), "C19: {bad}");
        }
        for bad in ["Password1234", "aaaaaaaaaaaaaa", "passwordpassword", "azerty azerty", "guichet-guichet"] {
            assert_eq!(NewPassword::parse(bad), Err(FieldError::CommonPassword), "{bad}");
        }
        assert!(!format!("{:?}", NewPassword::parse("un chat sous la lune")).contains("chat"));
    }
}
