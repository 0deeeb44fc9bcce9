//! Forms: each works once however often it is sent, and what was typed is kept when it is refused (docs/adr/0003).
//!
//! A form carries a key made by the server. The first sending does what the form asks for, in a task of its own that goes on
//! when the browser no longer waits; the second one waits for it and ends on the same page. An answer that sets cookies is
//! not kept, since no token is ever stored: the functions that begin or end a session give the same answer twice by
//! themselves.
//!
//! A plain form (without JavaScript) that is refused leads back to its page with the code of the failure in the address. Its
//! fields are a draft of the person; those of a visitor without a session travel in a cookie of that browser. Passwords are
//! in neither.

use std::time::Duration;

use app::{
    ApiError,
    request::{Facts, Typed, cookie},
};
use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use base64::{
    Engine,
    engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD},
};
use domain::{Failure, PersonId, RequestId, failure::Conflict, text::LocalPath};
use jiff::SignedDuration;
use service::forms::{self, Begun, Sending, Sent};
use tracing::Instrument;

use super::AppState;
use crate::{router::FORM_LIMIT, web};

/// What a visitor without a session typed into a form that was refused.
const COOKIE: &str = "draft";
/// Browsers keep 4 KiB; what is longer is not kept.
const COOKIE_LIMIT: usize = 3000;
/// That a form led to this page just now: what was done is said once (T30).
const DONE_COOKIE: &str = "done";
const DONE_NAMES: [&str; 2] = ["done", "sent"];
/// What visitors without a session do once.
const ONCE_FOR_VISITORS: [&str; 4] =
    ["/fn/people/accept", "/fn/people/renew", "/fn/session/forgot", "/fn/session/reset"];
/// How often a second sending looks whether the first one is answered, and how long it waits.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 400;
/// The header by which a server function leads a script to another page.
const SCRIPT_REDIRECT: &str = "serverfnredirect";

type Fields = Vec<(String, String)>;

pub async fn take_forms(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::GET {
        return show(&state, parts, body, next).await;
    }
    if !is_form(&parts.headers) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let (Some(facts), Some(request)) =
        (parts.extensions.get::<Facts>().cloned(), parts.extensions.get::<RequestId>().copied())
    else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(bytes) = to_bytes(body, FORM_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let form = Form::read(&state, &parts, &facts, &bytes);
    let inner = Request::from_parts(parts, Body::from(bytes));
    if !form.plain && form.key().is_empty() {
        // A script that asks for something.
        return next.run(inner).await;
    }
    let sending = match form.begin(&state, request).await {
        Ok(Begun::First(sending)) => Some(sending),
        Ok(Begun::Before(answer)) => return form.again(&state, &answer).await,
        Ok(Begun::UnderWay) => return form.refuse(&state, Failure::Unavailable).await,
        Err(None) => None,
        Err(Some(failure)) => return form.refuse(&state, failure).await,
    };
    // A browser that sends a form again no longer waits for the first answer: what was begun is ended all the same.
    let work = async move {
        let response = next.run(inner).await;
        form.end(&state, sending, response).await
    };
    match tokio::spawn(work.in_current_span()).await {
        Ok(response) => response,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A form as it came in.
struct Form {
    function: String,
    fields: Fields,
    /// The person it was rendered for, or who sends it.
    person: Option<PersonId>,
    /// Whether another person is signed in by now.
    foreign: bool,
    /// Sent by the browser itself: the answer is a page.
    plain: bool,
    /// The page it was sent from.
    page: String,
    secure: bool,
}

impl Form {
    fn read(state: &AppState, parts: &Parts, facts: &Facts, bytes: &[u8]) -> Self {
        let fields: Fields = form_urlencoded::parse(bytes).into_owned().collect();
        let rendered = value(&fields, "key").and_then(|key| forms::rendered_for(&state.services, key));
        let actor = facts.actor.as_ref().map(|actor| actor.person);
        Self {
            function: parts.uri.path().to_owned(),
            person: rendered.or(actor),
            foreign: rendered.is_some_and(|rendered| actor.is_some_and(|actor| actor != rendered)),
            plain: text(&parts.headers, header::ACCEPT).contains("text/html"),
            page: came_from(&parts.headers),
            secure: facts.secure,
            fields,
        }
    }

    fn key(&self) -> &str {
        value(&self.fields, "key").unwrap_or_default()
    }

    /// What the form is about, where several forms call one function.
    fn about(&self) -> &str {
        let about = value(&self.fields, "__about").or_else(|| value(&self.fields, "id")).unwrap_or_default();
        let named = about.len() <= 64 && about.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if named { about } else { "" }
    }

    fn name(&self) -> String {
        format!("{}#{}", self.function, self.about())
    }

    /// `Err(None)`: a form that is always another one, without a key, as programs send them, or of a visitor whose form does
    /// no harm the second time. Nothing is written for those: nobody counts them yet (F10).
    async fn begin(&self, state: &AppState, request: RequestId) -> Result<Begun, Option<Failure>> {
        if self.foreign {
            return Err(Some(Failure::Conflict(Conflict::OtherPerson)));
        }
        let visitors = self.person.is_none() && !ONCE_FOR_VISITORS.contains(&self.function.as_str());
        if self.key().is_empty() || visitors {
            return Err(None);
        }
        if let Some(person) = self.person {
            forms::count(&state.services, person).map_err(Some)?;
        }
        // In seconds.
        let once = value(&self.fields, "__once").filter(|_| self.plain).and_then(|once| once.parse::<u32>().ok());
        let once = once.map(|seconds| SignedDuration::from_secs(seconds.into()));
        let sent = Sent { function: &self.function, person: self.person, key: self.key(), fields: &self.fields, once };
        for _ in 0..LOOKS {
            match forms::begin(&state.services, &sent, request).await.map_err(Some)? {
                Begun::UnderWay => tokio::time::sleep(LOOK).await,
                begun => return Ok(begun),
            }
        }
        Ok(Begun::UnderWay)
    }

    /// The answer to a form that was taken before.
    async fn again(&self, state: &AppState, answer: &str) -> Response {
        if self.plain {
            let to = if answer.is_empty() { self.page.as_str() } else { answer };
            let mut response = Redirect::to(to).into_response();
            mark_done(response.headers_mut(), self.secure);
            return response;
        }
        self.forget(state).await;
        let mut response = Json(()).into_response();
        if let Some(to) = HeaderValue::from_str(answer).ok().filter(|to| !to.is_empty()) {
            response.headers_mut().insert(HeaderName::from_static(SCRIPT_REDIRECT), HeaderValue::from_static(""));
            response.headers_mut().insert(header::LOCATION, to);
        }
        response
    }

    /// Refuses the form before its function saw it.
    async fn refuse(&self, state: &AppState, failure: Failure) -> Response {
        if !self.plain {
            let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return (status, Json(ApiError(failure))).into_response();
        }
        self.lead_back(state, Redirect::to(&self.page).into_response(), &failure).await
    }

    /// The page of the form, with the codes of its failure and, of several forms, which one was refused.
    fn refused_at(&self, failure: &Failure) -> String {
        let mark = if self.page.contains('?') { '&' } else { '?' };
        let coded = serde_json::to_vec(&ApiError(failure.clone().without_words())).unwrap_or_default();
        let mut said = form_urlencoded::Serializer::new(String::new());
        said.append_pair("__path", &self.function).append_pair("__err", &URL_SAFE.encode(coded));
        if !self.about().is_empty() {
            said.append_pair("__form", self.about());
        }
        format!("{}{mark}{}", self.page, said.finish())
    }

    /// What follows when the function answered.
    async fn end(&self, state: &AppState, sending: Option<Sending>, mut response: Response) -> Response {
        let refused = refusal(response.headers());
        let led_away = response.headers().get(header::LOCATION).cloned();
        let taken = if self.plain {
            response.status().is_redirection() && refused.is_none()
        } else {
            response.status().is_success()
        };
        if let Some(sending) = sending {
            // An answer with a cookie holds a token, or is the same the second time.
            let noted = if taken && !response.headers().contains_key(header::SET_COOKIE) {
                let to = led_away.as_ref().and_then(|to| to.to_str().ok()).map(local).unwrap_or_default();
                sending.answered(&state.services, &to).await
            } else {
                sending.refused(&state.services).await
            };
            if let Err(failure) = noted {
                tracing::warn!(error = %failure, "a second sending of a form will not find the first one's answer");
            }
        }
        if taken {
            self.forget(state).await;
            if self.plain {
                mark_done(response.headers_mut(), self.secure);
                set_cookie(response.headers_mut(), COOKIE, "", 0, self.secure);
            }
            return response;
        }
        match refused {
            Some(failure) if self.plain => self.lead_back(state, response, &failure).await,
            _ => response,
        }
    }

    /// Keeps what was typed, and leads back to the page of the form with the code of the failure in the address. When it
    /// cannot be kept, the answer itself shows it.
    async fn lead_back(&self, state: &AppState, mut response: Response, failure: &Failure) -> Response {
        let typed: Fields = self.fields.iter().filter(|(name, _)| is_kept(name)).cloned().collect();
        let encoded: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&typed).finish();
        if let Some(person) = self.person {
            if forms::keep(&state.services, person, &self.name(), &encoded).await.is_err() {
                return web::kept_page(failure, &self.function, &typed).into_response();
            }
        } else {
            let kept = URL_SAFE_NO_PAD.encode(format!("{}&{encoded}", super::encode(&self.name())));
            if kept.len() <= COOKIE_LIMIT {
                set_cookie(response.headers_mut(), COOKIE, &kept, 600, self.secure);
            }
        }
        if let Ok(to) = HeaderValue::from_str(&self.refused_at(failure)) {
            response.headers_mut().insert(header::LOCATION, to);
        }
        response
    }

    /// Forgets the draft of a form that was taken.
    async fn forget(&self, state: &AppState) {
        if let Some(person) = self.person.filter(|_| !self.foreign)
            && let Err(failure) = forms::forget(&state.services, person, &self.name()).await
        {
            tracing::warn!(error = %failure, "the draft of a form that was taken stays");
        }
    }
}

/// Puts what was typed before into the facts of a page, and says that something was done once only.
async fn show(state: &AppState, mut parts: Parts, body: Body, next: Next) -> Response {
    if !text(&parts.headers, header::ACCEPT).contains("text/html") {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let query = Query::<Fields>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
    let says_done = query.iter().any(|(name, _)| DONE_NAMES.contains(&name.as_str()));
    let just_done = cookie(&parts, DONE_COOKIE).is_some();
    if says_done && !just_done {
        let rest = query.iter().filter(|(name, _)| !DONE_NAMES.contains(&name.as_str()));
        let rest: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
        let mark = if rest.is_empty() { "" } else { "?" };
        return Redirect::to(&format!("{}{mark}{rest}", parts.uri.path())).into_response();
    }
    let Some(facts) = parts.extensions.get::<Facts>() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let secure = facts.secure;
    let typed = match &facts.actor {
        Some(actor) => {
            let drafts = forms::drafts(&state.services, actor.person).await.unwrap_or_default();
            drafts.into_iter().map(|draft| (draft.form, decode(draft.fields.as_bytes()))).collect()
        }
        None => cookie(&parts, COOKIE).and_then(from_cookie).into_iter().collect(),
    };
    if let Some(facts) = parts.extensions.get_mut::<Facts>() {
        facts.typed = Typed(typed);
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if says_done {
        set_cookie(response.headers_mut(), DONE_COOKIE, "", 0, secure);
    }
    response
}

/// The draft of a visitor without a session, from the visitor's own cookie.
fn from_cookie(kept: &str) -> Option<(String, Fields)> {
    let bytes = URL_SAFE_NO_PAD.decode(kept).ok()?;
    let mut fields = decode(&bytes);
    (!fields.is_empty()).then(|| (fields.remove(0).0, fields))
}

fn decode(encoded: &[u8]) -> Fields {
    form_urlencoded::parse(encoded).into_owned().collect()
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Neither passwords nor what the form itself made.
fn is_kept(name: &str) -> bool {
    !name.contains("password") && name != "token" && name != "key" && !name.starts_with("__")
}

/// The page that a refusal leads back to says that something was done, and says so once.
fn mark_done(headers: &mut HeaderMap, secure: bool) {
    let to = text(headers, header::LOCATION);
    let says = to.split_once('?').is_some_and(|(_, query)| {
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| DONE_NAMES.contains(&name.as_ref()))
    });
    if says {
        set_cookie(headers, DONE_COOKIE, "1", 60, secure);
    }
}

fn set_cookie(headers: &mut HeaderMap, name: &str, value: &str, age: u64, secure: bool) {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// The failure in the address that a refusal leads to.
fn refusal(headers: &HeaderMap) -> Option<Failure> {
    let (_, query) = text(headers, header::LOCATION).split_once('?')?;
    let (_, error) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "__err")?;
    let bytes = URL_SAFE.decode(error.as_bytes()).ok()?;
    serde_json::from_slice::<ApiError>(&bytes).ok().map(|ApiError(failure)| failure)
}

/// The path and the query of an address: a form leads to this site only.
fn local(to: &str) -> String {
    let path = to.split_once("://").map_or(to, |(_, rest)| rest.find('/').map_or("/", |at| rest.split_at(at).1));
    LocalPath::parse(path).map_or_else(|_| "/".to_owned(), |path| path.to_string())
}

/// The page that a form was sent from, without what an earlier refusal put into its address.
fn came_from(headers: &HeaderMap) -> String {
    let page = text(headers, header::REFERER);
    let (path, query) = page.split_once('?').unwrap_or((page, ""));
    let path = local(path);
    let rest = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| !name.starts_with("__") && !DONE_NAMES.contains(&name.as_ref()));
    let rest: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
    local(&if rest.is_empty() { path } else { format!("{path}?{rest}") })
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_form(headers: &HeaderMap) -> bool {
    text(headers, header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_leads_to_this_site_only() {
        assert_eq!(local("https://evil.example/cases?x=1"), "/cases?x=1");
        assert_eq!(local("https://evil.example"), "/");
        assert_eq!(local("//evil.example/x"), "/");
    }

    #[test]
    fn a_long_form_is_read_whole() {
        let body = format!("text={}&form%5Btitle%5D=%C3%A9t%C3%A9+1", "x".repeat(200_000));
        let fields = decode(body.as_bytes());
        assert_eq!(fields[0].1.len(), 200_000);
        assert_eq!(fields[1], ("form[title]".to_owned(), "été 1".to_owned()));
    }
}
