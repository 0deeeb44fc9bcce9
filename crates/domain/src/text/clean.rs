//! What is taken out of a text before it is kept, and what is left of one that is too long (B07, B08, B09).

use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::FieldError;

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
pub(super) fn clean(text: &str) -> Cleaned {
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
pub(super) fn is_filler(c: char) -> bool {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
}
