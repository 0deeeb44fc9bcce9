//! The number people say on the phone: a prefix and nine digits. It is a name, never a capability.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseNumber(String);

impl CaseNumber {
    pub fn new(prefix: &str, count: i64) -> Self {
        Self(format!("{prefix}-{count:09}"))
    }

    /// Takes what people type: `gui-42`, `GUI 000000042`, the full form, and digits alone: `42`, `#42` (B28).
    pub fn find_in(prefix: &str, text: &str) -> Option<Self> {
        let upper = text.trim().trim_start_matches(['#', ' ']).to_uppercase();
        let rest = upper.strip_prefix(&prefix.to_uppercase()).unwrap_or(&upper).trim_start_matches(['-', ' ']);
        let digits_only = !rest.is_empty() && rest.len() <= 9 && rest.bytes().all(|b| b.is_ascii_digit());
        digits_only.then(|| rest.parse().ok().map(|count| Self::new(prefix, count))).flatten()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_however_they_are_typed() {
        assert_eq!(CaseNumber::new("GUI", 42).as_str(), "GUI-000000042");
        for typed in ["gui-42", "GUI 000000042", " GUI-000000042 ", "42", "#42", "000000042", "# 0042", "#gui-42"] {
            assert_eq!(CaseNumber::find_in("GUI", typed), Some(CaseNumber::new("GUI", 42)), "{typed}");
        }
        for typed in ["guide 42", "E-000000042", "4.2", "#", "", "1234567890"] {
            assert_eq!(CaseNumber::find_in("GUI", typed), None, "{typed}");
        }
    }
}
