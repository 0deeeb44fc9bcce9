//! NUL, which no human text contains and PostgreSQL cannot store (F18): removed from what forms and scripts send, as other
//! invisible characters are, and refused in addresses; in one place, before anything is read.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use futures::StreamExt;

use crate::{router::FORM_LIMIT, web};

/// The maximum number of bytes of a form that is too large which are still read: a browser that is still sending does not
/// read the answer.
const DRAINED: usize = 16 * FORM_LIMIT;

pub async fn take_out_nul(request: Request, next: Next) -> Response {
    if request.uri().path_and_query().is_some_and(|address| address.as_str().contains("%00")) {
        let pages = web::shows_pages(request.headers());
        let (french, english) = ("L’adresse contient un caractère nul.", "The address contains a NUL.");
        return web::refusal(pages, StatusCode::BAD_REQUEST, french, english);
    }
    let Some(kind) = Kind::of(request.headers()).filter(|_| request.uri().path().starts_with("/fn/")) else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let Some(bytes) = read(body).await else {
        return web::too_long(&parts.headers);
    };
    let clean = kind.clean(&bytes);
    if clean.len() != bytes.len() {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(clean.len()));
    }
    next.run(Request::from_parts(parts, Body::from(clean))).await
}

/// Reads a body; `None` for one that is too large or breaks off.
async fn read(body: Body) -> Option<Bytes> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        length += chunk.len();
        if length <= FORM_LIMIT {
            bytes.extend_from_slice(&chunk);
        } else if length > DRAINED {
            break;
        }
    }
    (length <= FORM_LIMIT).then(|| bytes.into())
}

/// The encoding of a body.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Form,
    Json,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
        if kind.starts_with("application/x-www-form-urlencoded") {
            Some(Self::Form)
        } else if kind.starts_with("application/json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    fn clean(self, bytes: &Bytes) -> Bytes {
        match self {
            Self::Form => clean_form(bytes),
            Self::Json => clean_json(bytes),
        }
    }
}

fn clean_form(bytes: &Bytes) -> Bytes {
    let mut clean = Vec::with_capacity(bytes.len());
    for byte in bytes.iter().filter(|byte| **byte != 0) {
        clean.push(*byte);
        // After each byte: what is left of `%%0000` would be a NUL again.
        while clean.ends_with(b"%00") {
            clean.truncate(clean.len() - 3);
        }
    }
    if clean.len() == bytes.len() { bytes.clone() } else { clean.into() }
}

/// A raw NUL is invalid in JSON; an escaped one is `\u0000`, unless its backslash is itself escaped.
fn clean_json(bytes: &Bytes) -> Bytes {
    let mut clean = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_ref();
    while let Some((first, more)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"\\u0000") {
            rest = after;
            continue;
        }
        clean.push(*first);
        rest = more;
        if *first == b'\\'
            && let Some((escaped, more)) = rest.split_first()
        {
            clean.push(*escaped);
            rest = more;
            // Its four digits are copied whole: what is left of `\u00\u00000000` would be a NUL again.
            if *escaped == b'u' {
                let (digits, more) = rest.split_at(rest.len().min(4));
                clean.extend_from_slice(digits);
                rest = more;
            }
        }
    }
    if clean.len() == bytes.len() { bytes.clone() } else { clean.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f18_nul_is_removed_however_it_is_written() {
        for (dirty, clean) in [
            ("text=a%00b&key=%00", "text=ab&key="),
            ("text=%%0000", "text="),
            ("text=%2500", "text=%2500"),
            ("text=100%25", "text=100%25"),
            ("text=a\0b", "text=ab"),
        ] {
            assert_eq!(Kind::Form.clean(&Bytes::from(dirty)), clean, "{dirty}");
        }
        for (dirty, clean) in [
            (r#"{"a":"x\u0000y"}"#, r#"{"a":"xy"}"#),
            (r#"{"a":"x\\u0000y"}"#, r#"{"a":"x\\u0000y"}"#),
            (r#"{"a":"x\\\u0000y"}"#, r#"{"a":"x\\y"}"#),
            (r#"{"a":"\"\u0001"}"#, r#"{"a":"\"\u0001"}"#),
            (r#"{"a":"\u00\u00000000"}"#, r#"{"a":"\u00\u00000000"}"#),
        ] {
            assert_eq!(Kind::Json.clean(&Bytes::from(dirty)), clean, "{dirty}");
        }
    }
}
