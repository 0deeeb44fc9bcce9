//! File names in headers: as browsers write them in a form, and as a download suggests them.

use axum::http::{HeaderMap, header};
use domain::files::download_name;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The characters that need no encoding in RFC 8187, in a conservative selection.
const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// Returns the name that a part of a form gives its file; `None` for a part that is not a file.
///
/// Browsers escape only `"` as `%22` and line ends as `%0D` and `%0A` (WHATWG, multipart/form-data encoding): a backslash is
/// a backslash, and the name ends at the last quotation mark. Older programs write `\"`.
pub fn claimed(headers: &HeaderMap) -> Option<String> {
    let disposition = headers.get(header::CONTENT_DISPOSITION)?;
    let disposition = String::from_utf8_lossy(disposition.as_bytes());
    if let Some(extended) = parameter(&disposition, "filename*=")
        && let Some((_, encoded)) = extended.split_once("''")
    {
        // It contains neither blanks nor quotation marks (RFC 8187), but some programs quote it anyway.
        let encoded = encoded.split([';', ' ', '"']).next().unwrap_or_default();
        return Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned());
    }
    let rest = parameter(&disposition, "filename=")?;
    let Some(quoted) = rest.strip_prefix('"') else {
        return Some(rest.split(';').next().unwrap_or_default().trim().to_owned());
    };
    let end = quoted.find("\"; ").or_else(|| quoted.rfind('"')).unwrap_or(quoted.len());
    let (name, _) = quoted.split_at(end);
    Some(name.replace("\\\"", "\"").replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"))
}

/// Returns what follows the name of a parameter.
fn parameter<'a>(disposition: &'a str, name: &str) -> Option<&'a str> {
    // Another parameter's name, or a value, may contain the same letters.
    disposition.match_indices(';').find_map(|(at, _)| {
        let rest = disposition.get(at + 1..)?.trim_start();
        let head = rest.get(..name.len())?;
        head.eq_ignore_ascii_case(name).then(|| rest.get(name.len()..))?
    })
}

/// Encodes the name that a download suggests, for `filename*=UTF-8''`.
pub fn encoded(name: &str) -> String {
    utf8_percent_encode(&download_name(name), &KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(disposition: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        let value = axum::http::HeaderValue::from_bytes(disposition.as_bytes()).expect("a header");
        headers.insert(header::CONTENT_DISPOSITION, value);
        claimed(&headers)
    }

    #[test]
    fn b30_a_name_is_read_as_browsers_write_it() {
        for (written, name) in [
            (r#"form-data; name="file"; filename="5%22 disk.log""#, "5\" disk.log"),
            (r#"form-data; name="file"; filename="5\" disk.log""#, "5\" disk.log"),
            (r#"form-data; name="file"; filename="new%0Aline.txt""#, "new\nline.txt"),
            (r#"form-data; name="file"; filename="back\""#, "back\\"),
            (r#"form-data; name="file"; filename="a;b; c.txt""#, "a;b; c.txt"),
            (r#"form-data; name="file"; filename="100% sûr.txt""#, "100% sûr.txt"),
            (r#"form-data; filename="a.txt"; name="file""#, "a.txt"),
            ("form-data; name=file; FileName=plain.txt", "plain.txt"),
            (r#"form-data; name="file"; filename="x"; filename*=UTF-8''%C3%A9t%C3%A9.txt"#, "été.txt"),
            (r#"form-data; filename*=UTF-8''a%3Bb.txt; name="file""#, "a;b.txt"),
            (r#"form-data; filename*="UTF-8''a%20b.txt"; name="file""#, "a b.txt"),
            (r#"form-data; name="file"; filename="""#, ""),
        ] {
            assert_eq!(of(written).as_deref(), Some(name), "{written}");
        }
        assert_eq!(of(r#"form-data; name="text""#), None);
    }

    #[test]
    fn b30_a_download_is_named_as_the_file_was() {
        assert_eq!(encoded("5\" disk.log"), "5%22%20disk.log");
        assert_eq!(encoded("été.html"), "%C3%A9t%C3%A9.html.txt");
    }
}
