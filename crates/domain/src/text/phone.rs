//! Phone numbers in the one form they have everywhere.

use serde::{Deserialize, Serialize};

use super::clean::{clean, is_filler};
use crate::FieldError;

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

as_text!(PhoneNumber);

#[cfg(test)]
mod tests {
    use super::*;

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
}
