//! Passwords before they are hashed.

use std::fmt;

use crate::FieldError;

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

#[cfg(test)]
mod tests {
    use super::*;

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
