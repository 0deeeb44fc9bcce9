//! Nothing typed is lost without JavaScript either: when a plain form is refused and its page is shown again, what was typed
//! waits here for ten minutes under a random key in a cookie. Passwords never do.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::AppState;

const KEPT: Duration = Duration::from_secs(600);
const MOST: usize = 2_000;
const FORM_LIMIT: usize = 1024 * 1024;

type Fields = Vec<(String, String)>;

/// In this process: a restart forgets them, and on several nodes a form has to come back to the same one.
#[derive(Clone, Default)]
pub struct Drafts(Arc<Mutex<HashMap<String, (Instant, Fields)>>>);

impl Drafts {
    pub fn get(&self, key: &str) -> Option<Fields> {
        let drafts = self.0.lock().ok()?;
        drafts.get(key).filter(|(at, _)| at.elapsed() < KEPT).map(|(_, fields)| fields.clone())
    }

    fn keep(&self, fields: Fields) -> Option<String> {
        let key = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
        let mut drafts = self.0.lock().ok()?;
        drafts.retain(|_, (at, _)| at.elapsed() < KEPT);
        if drafts.len() >= MOST {
            return None;
        }
        drafts.insert(key.clone(), (Instant::now(), fields));
        Some(key)
    }
}

pub async fn keep_drafts(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let plain_form = is_plain_form(request.headers());
    if !plain_form {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, FORM_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut response = next.run(Request::from_parts(parts, Body::from(bytes.clone()))).await;
    let refused = response
        .headers()
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|to| to.contains("__err="));
    if refused {
        let mut fields: Fields = form(&bytes).into_iter().filter(|(name, _)| !name.contains("password")).collect();
        fields.push(("__path".to_owned(), path));
        let cookie =
            state.drafts.keep(fields).map(|key| format!("draft={key}; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"));
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

fn is_plain_form(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text(header::ACCEPT).contains("text/html")
        && text(header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded")
}

/// `application/x-www-form-urlencoded`, by the decoder of the web framework.
fn form(bytes: &[u8]) -> Fields {
    let query = format!("/?{}", String::from_utf8_lossy(bytes));
    let Ok(uri) = query.parse::<axum::http::Uri>() else { return Vec::new() };
    axum::extract::Query::<Fields>::try_from_uri(&uri).map(|query| query.0).unwrap_or_default()
}
