//! Paths inside this site.

use serde::{Deserialize, Serialize};

use crate::FieldError;

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

as_text!(LocalPath);

#[cfg(test)]
mod tests {
    use super::*;

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
}
