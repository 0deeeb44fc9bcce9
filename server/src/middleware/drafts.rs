//! Nothing typed is lost without JavaScript either: when a plain form is refused and its page is shown again, what was typed
//! waits here for ten minutes under a random key in a cookie. Passwords never do.
//!
//! A draft is shown to whom it belongs to only, on the page that the refusal led to, beside the error in its address. It goes
//! when the same form is sent again, and when the session ends.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use app::request::{Facts, cookie};
use axum::{
    body::{Body, to_bytes},
    extract::{Form, FromRequest, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::AppState;

const KEPT: Duration = Duration::from_secs(600);
/// Bytes of all drafts; the oldest make room.
const BUDGET: usize = 64 * 1024 * 1024;
/// Drafts of one session, or of one client that is not signed in.
const MOST: usize = 4;
const FORM_LIMIT: usize = 1024 * 1024;
const COOKIE: &str = "draft";

type Fields = Vec<(String, String)>;

/// What was typed into one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The session, or the client of somebody who is not signed in.
    owner: String,
    /// The server function that refused it.
    function: String,
    /// The page it was typed on.
    page: String,
    fields: Fields,
}

impl Draft {
    fn size(&self) -> usize {
        self.fields.iter().map(|(name, value)| name.len() + value.len() + 64).sum()
    }
}

struct Kept {
    key: String,
    since: Instant,
    draft: Draft,
}

/// In this process: a restart forgets them, and on several nodes a form has to come back to the same one.
#[derive(Clone, Default)]
pub struct Drafts(Arc<Mutex<VecDeque<Kept>>>);

impl Drafts {
    fn get(&self, key: &str) -> Option<Draft> {
        let drafts = self.0.lock().ok()?;
        let found = drafts.iter().find(|kept| kept.key == key)?;
        (found.since.elapsed() < KEPT).then(|| found.draft.clone())
    }

    fn remove(&self, key: &str) {
        if let Ok(mut drafts) = self.0.lock() {
            drafts.retain(|kept| kept.key != key);
        }
    }

    fn keep(&self, draft: Draft) -> Option<String> {
        let key = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
        let mut drafts = self.0.lock().ok()?;
        drafts.retain(|kept| kept.since.elapsed() < KEPT);
        let own: Vec<usize> =
            drafts.iter().enumerate().filter(|(_, kept)| kept.draft.owner == draft.owner).map(|(at, _)| at).collect();
        if let Some(oldest) = own.first().filter(|_| own.len() >= MOST) {
            drafts.remove(*oldest);
        }
        drafts.push_back(Kept { key: key.clone(), since: Instant::now(), draft });
        let mut bytes: usize = drafts.iter().map(|kept| kept.draft.size()).sum();
        while bytes > BUDGET
            && let Some(oldest) = drafts.pop_front()
        {
            bytes -= oldest.draft.size();
        }
        Some(key)
    }
}

pub async fn keep_drafts(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if parts.method == Method::GET {
        show(&state.drafts, &mut parts);
        return next.run(Request::from_parts(parts, body)).await;
    }
    if !is_plain_form(&parts.headers) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let Some(facts) = parts.extensions.get::<Facts>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(bytes) = to_bytes(body, FORM_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let function = parts.uri.path().to_owned();
    let before = cookie(&parts, COOKIE).map(ToOwned::to_owned);
    let mut response = next.run(Request::from_parts(parts, Body::from(bytes.clone()))).await;
    let set = match refused_on(response.headers()) {
        Some(page) => {
            let fields = fields_of(bytes).await;
            name_form(response.headers_mut(), &fields);
            let fields = fields.into_iter().filter(|(name, _)| !name.contains("password")).collect();
            forget(&state.drafts, before.as_deref(), |_| true);
            let key = state.drafts.keep(Draft { owner: owner(&facts), function, page, fields });
            key.map(|key| (key, KEPT.as_secs()))
        }
        None => {
            let ended = response.headers().contains_key("clear-site-data");
            let forgotten = forget(&state.drafts, before.as_deref(), |draft| ended || draft.function == function);
            forgotten.then(|| (String::new(), 0))
        }
    };
    if let Some((key, age)) = set {
        let secure = if facts.secure { "; Secure" } else { "" };
        let cookie = format!("{COOKIE}={key}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Puts a draft into the facts of the page that it was typed on.
fn show(drafts: &Drafts, parts: &mut Parts) {
    let query = Query::<Fields>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
    let asked = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (Some(function), Some(_), Some(key)) = (asked("__path"), asked("__err"), cookie(parts, COOKIE)) else { return };
    let Some(draft) = drafts.get(key) else { return };
    let page = parts.uri.path().to_owned();
    if let Some(facts) = parts.extensions.get_mut::<Facts>()
        && draft.owner == owner(facts)
        && draft.function == function
        && draft.page == page
    {
        facts.typed = draft.fields;
        facts.typed.push(("__path".to_owned(), draft.function));
    }
}

/// Takes the draft of the cookie away when it is one of those; says whether it was.
fn forget(drafts: &Drafts, key: Option<&str>, which: impl FnOnce(&Draft) -> bool) -> bool {
    match key.and_then(|key| drafts.get(key).map(|draft| (key, draft))) {
        Some((key, draft)) if which(&draft) => {
            drafts.remove(key);
            true
        }
        _ => false,
    }
}

fn owner(facts: &Facts) -> String {
    match &facts.session {
        Some((_, key)) => format!("session {key}"),
        None => format!("client {}", facts.origin.client),
    }
}

/// The page that a refusal leads back to.
fn refused_on(headers: &HeaderMap) -> Option<String> {
    let to = headers.get(header::LOCATION)?.to_str().ok()?;
    if !to.contains("__err=") {
        return None;
    }
    let path = to.split_once("://").map_or(to, |(_, rest)| rest.find('/').map_or("/", |at| rest.split_at(at).1));
    Some(path.split(['?', '#']).next().unwrap_or(path).to_owned())
}

/// Of several forms on a page, the address says which one was refused (`FormState::provide_for`).
fn name_form(headers: &mut HeaderMap, fields: &Fields) {
    let id = fields.iter().find(|(name, _)| name == "id").map(|(_, id)| id.as_str());
    let Some(id) = id.filter(|id| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')) else {
        return;
    };
    let to = headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).map(|to| format!("{to}&__form={id}"));
    if let Some(to) = to.and_then(|to| HeaderValue::from_str(&to).ok()) {
        headers.insert(header::LOCATION, to);
    }
}

fn is_plain_form(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text(header::ACCEPT).contains("text/html")
        && text(header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded")
}

/// `application/x-www-form-urlencoded`, by the decoder of the web framework.
async fn fields_of(bytes: impl Into<Body>) -> Fields {
    let mut request = Request::new(bytes.into());
    *request.method_mut() = Method::POST;
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, kind);
    Form::<Fields>::from_request(request, &()).await.map(|form| form.0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(owner: &str, bytes: usize) -> Draft {
        Draft {
            owner: owner.into(),
            function: "/fn/cases/reply".into(),
            page: "/cases/1".into(),
            fields: vec![("text".into(), "x".repeat(bytes))],
        }
    }

    #[test]
    fn one_client_cannot_fill_all_places() {
        let drafts = Drafts::default();
        let first = drafts.keep(draft("ana", 10)).expect("kept");
        let keys: Vec<_> = (0..2 * MOST).filter_map(|_| drafts.keep(draft("bob", 1000))).collect();
        assert_eq!(keys.iter().filter(|key| drafts.get(key).is_some()).count(), MOST);
        assert_eq!(drafts.get(&first), Some(draft("ana", 10)));
    }

    #[test]
    fn the_oldest_make_room() {
        let drafts = Drafts::default();
        let first = drafts.keep(draft("ana", FORM_LIMIT)).expect("kept");
        for client in 0..BUDGET / FORM_LIMIT {
            drafts.keep(draft(&client.to_string(), FORM_LIMIT));
        }
        assert_eq!(drafts.get(&first), None);
        assert!(drafts.keep(draft("eva", 10)).is_some_and(|key| drafts.get(&key).is_some()));
    }

    #[tokio::test]
    async fn a_long_form_is_read_whole() {
        let body = format!("text={}&form%5Btitle%5D=%C3%A9t%C3%A9+1", "x".repeat(200_000));
        let fields = fields_of(body).await;
        assert_eq!(fields.len(), 2);
        assert_eq!(fields[0].1.len(), 200_000);
        assert_eq!(fields[1], ("form[title]".to_owned(), "été 1".to_owned()));
    }
}
