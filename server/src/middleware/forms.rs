//! Forms: each works once, however often it is sent, and what was typed is kept when the form is refused (docs/adr/0003).
//!
//! A form carries a key made by the server. The first sending does what the form asks for, in a task of its own that goes on
//! when the browser no longer waits; a second one waits for it and ends on the same page. An answer that sets cookies is not
//! kept, since tokens are never stored; the functions that begin or end a session can safely run twice.
//!
//! A plain form (without JavaScript) that is refused leads back to its page with the code of the failure in the address. Its
//! fields become a draft of the person, or a cookie for a visitor without a session. Neither contains passwords.

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
/// Browsers accept cookies of up to 4 KiB; a longer draft is not kept.
const COOKIE_LIMIT: usize = 3000;
/// Marks that a form has just led to this page, so that the success is reported only once (T30).
const DONE_COOKIE: &str = "done";
/// The form that was accepted last, for the scripts of the page (`app/src/ui/form/browser.rs`).
const TAKEN_COOKIE: &str = "taken";
const DONE_NAMES: [&str; 2] = ["done", "sent"];
/// Says that an equal text was sent before, and not again.
pub const SENT_BEFORE: &str = "before";
/// The functions that visitors without a session may call once for each form.
const ONCE_FOR_VISITORS: [&str; 5] =
    ["/fn/people/accept", "/fn/people/confirm_address", "/fn/people/renew", "/fn/session/forgot", "/fn/session/reset"];
/// The functions that are never refused, because they only take away from the caller.
const LEAVING: [&str; 2] = ["/fn/session/sign_out", "/fn/session/sign_out_everywhere"];
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
        return web::too_long(&parts.headers);
    };
    let form = Form::read(&state, &parts, &facts, &bytes);
    let inner = Request::from_parts(parts, Body::from(bytes));
    if !form.plain && form.key().is_empty() {
        // A script that asks for something.
        return next.run(inner).await;
    }
    // A browser that sends a form again no longer waits for the first answer. The whole of it goes on: a claim whose request
    // was dropped would keep the second sending waiting for nothing.
    let work = async move { form.take(&state, request, inner, next).await };
    match tokio::spawn(work.in_current_span()).await {
        Ok(response) => response,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A form as received.
struct Form {
    function: String,
    /// The function that the form is for, when a button of the frame sent it to another one: it is a draft then.
    of: Option<String>,
    fields: Fields,
    /// The person it was rendered for, otherwise its sender.
    person: Option<PersonId>,
    /// Whether another person has signed in since.
    foreign: bool,
    /// Whether the browser itself sent it, so that the answer is a page.
    plain: bool,
    /// The page it was sent from.
    page: String,
    /// The address of its sender.
    client: String,
    secure: bool,
}

impl Form {
    fn read(state: &AppState, parts: &Parts, facts: &Facts, bytes: &[u8]) -> Self {
        let fields: Fields = form_urlencoded::parse(bytes).into_owned().collect();
        let rendered = value(&fields, "key").and_then(|key| forms::rendered_for(&state.services, key));
        let actor = facts.actor.as_ref().map(|actor| actor.person);
        let function = parts.uri.path();
        let of = value(&fields, "__of").filter(|of| *of != function && of.starts_with("/fn/"));
        Self {
            function: function.to_owned(),
            of: of.map(ToOwned::to_owned),
            person: rendered.or(actor),
            foreign: rendered.is_some_and(|rendered| actor.is_some_and(|actor| actor != rendered)),
            plain: text(&parts.headers, header::ACCEPT).contains("text/html"),
            page: came_from(&parts.headers),
            client: facts.origin.client.clone(),
            secure: facts.secure,
            fields,
        }
    }

    /// Does what the form asks for, once.
    async fn take(self, state: &AppState, request: RequestId, inner: Request, next: Next) -> Response {
        // Beyond the limit nothing is written, not even a draft: the answer itself shows what was typed.
        let counted = self.person.map_or(Ok(()), |person| forms::count(&state.services, person));
        if let Err(failure) = counted {
            if LEAVING.contains(&self.function.as_str()) {
                return next.run(inner).await;
            }
            return if self.plain { self.show_kept(&failure) } else { web::failure_code(failure) };
        }
        let sending = match self.begin(state, request).await {
            Ok(Begun::First(sending)) => Some(sending),
            Ok(Begun::Before(answer)) => return self.again(state, &answer).await,
            Ok(Begun::SameText(answer)) => return self.again(state, &self.says_sent_before(&answer)).await,
            Ok(Begun::UnderWay) => return self.refuse(state, Failure::Unavailable).await,
            Err(None) => None,
            Err(Some(failure)) => return self.refuse(state, failure).await,
        };
        // Before the function runs: the session may be over afterwards.
        if self.is_passing() {
            if self.is_empty() {
                self.forget(state).await;
            } else if let Err(failure) = self.keep(state).await {
                return self.show_kept(&failure);
            }
        }
        let response = next.run(inner).await;
        self.end(state, sending, response).await
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
        format!("{}#{}", self.of.as_ref().unwrap_or(&self.function), self.about())
    }

    /// Whether a button of the frame sent it, with what was typed so far.
    const fn is_passing(&self) -> bool {
        self.plain && self.of.is_some()
    }

    /// Returns `Err(None)` for a form that is always a new act: one without a key, as programs send them, a visitor's form
    /// that does no harm the second time, or one of a flood of visitors' forms. Nothing is written for those (F10).
    async fn begin(&self, state: &AppState, request: RequestId) -> Result<Begun, Option<Failure>> {
        if self.foreign {
            return Err(Some(Failure::Conflict(Conflict::OtherPerson)));
        }
        let visitors = self.person.is_none() && !ONCE_FOR_VISITORS.contains(&self.function.as_str());
        if self.key().is_empty() || visitors {
            return Err(None);
        }
        if self.person.is_none() && !forms::claims_for_visitor(&state.services, &self.client) {
            return Err(None);
        }
        // The buttons of the frame do no harm the second time.
        if self.is_passing() {
            return Err(None);
        }
        // In seconds.
        let once = value(&self.fields, "__once").filter(|_| self.plain).and_then(|once| once.parse::<u32>().ok());
        let once = once.map(|seconds| SignedDuration::from_secs(seconds.into()));
        let sent = Sent { function: &self.function, person: self.person, key: self.key(), fields: &self.fields, once };
        forms::begin_or_wait(&state.services, &sent, request).await.map_err(Some)
    }

    /// Answers a form that was accepted before.
    async fn again(&self, state: &AppState, answer: &str) -> Response {
        if self.plain {
            let to = if answer.is_empty() { self.page.as_str() } else { answer };
            let mut response = Redirect::to(to).into_response();
            mark_done(response.headers_mut(), self.secure);
            self.mark_taken(response.headers_mut());
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

    /// Tells the scripts of the next page which form was accepted: only then does the tab forget what was typed into it.
    fn mark_taken(&self, headers: &mut HeaderMap) {
        let key = self.key().split('.').next().unwrap_or_default();
        let random = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!("{TAKEN_COOKIE}={key}; Path=/; SameSite=Lax; Max-Age=600{secure}");
        if let Some(cookie) = HeaderValue::from_str(&cookie).ok().filter(|_| random && !key.is_empty()) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }

    /// Refuses the form before its function runs.
    async fn refuse(&self, state: &AppState, failure: Failure) -> Response {
        if !self.plain {
            return web::failure_code(failure);
        }
        self.lead_back(state, Redirect::to(&self.page).into_response(), &failure).await
    }

    /// Returns the page of the form with the codes of its failure and, where there are several forms, the refused one.
    fn refused_at(&self, failure: &Failure) -> String {
        let coded = serde_json::to_vec(&ApiError(failure.clone().without_words())).unwrap_or_default();
        let mut said = form_urlencoded::Serializer::new(String::new());
        let function = self.of.as_ref().unwrap_or(&self.function);
        said.append_pair("__path", function).append_pair("__err", &URL_SAFE.encode(coded));
        if !self.about().is_empty() {
            said.append_pair("__form", self.about());
        }
        with_query(&self.page, &said.finish())
    }

    /// Completes the form after its function has answered.
    async fn end(&self, state: &AppState, sending: Option<Sending>, mut response: Response) -> Response {
        let refused = refusal(response.headers());
        let led_away = response.headers().get(header::LOCATION).cloned();
        let taken = if self.plain {
            response.status().is_redirection() && refused.is_none()
        } else {
            response.status().is_success()
        };
        if let Some(sending) = sending {
            // An answer with a cookie holds a token, and is not stored.
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
        if taken && self.is_passing() {
            self.lead_on_with_draft(&mut response);
            return response;
        }
        if taken {
            self.forget(state).await;
            if self.plain {
                mark_done(response.headers_mut(), self.secure);
                self.mark_taken(response.headers_mut());
                set_cookie(response.headers_mut(), COOKIE, "", 0, self.secure);
            }
            return response;
        }
        match refused {
            Some(failure) if self.plain => self.lead_back(state, response, &failure).await,
            _ => response,
        }
    }

    /// Keeps what was typed, and leads back to the page of the form with the code of the failure in the address. When the
    /// draft cannot be kept, the answer itself shows it.
    async fn lead_back(&self, state: &AppState, mut response: Response, failure: &Failure) -> Response {
        if self.keep(state).await.is_err() {
            return self.show_kept(failure);
        }
        self.keep_in_browser(response.headers_mut());
        if let Ok(to) = HeaderValue::from_str(&self.refused_at(failure)) {
            response.headers_mut().insert(header::LOCATION, to);
        }
        response
    }

    /// Returns what was typed: not the field of the button of the frame that sent it along.
    fn typed(&self) -> Fields {
        let of_button = |name: &str| {
            let button = (self.function.as_str(), name);
            self.of.is_some()
                && matches!(
                    button,
                    ("/fn/session/set_language", "language") | ("/fn/session/set_company", "organisation")
                )
        };
        self.fields.iter().filter(|(name, _)| is_kept(name) && !of_button(name)).cloned().collect()
    }

    /// Whether nothing is typed; ids are not typed.
    fn is_empty(&self) -> bool {
        self.typed().iter().all(|(_, value)| value.trim().is_empty() || value.parse::<PersonId>().is_ok())
    }

    fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.typed()).finish()
    }

    /// Keeps what was typed as a draft of the person; what a visitor typed is kept by [`Form::keep_in_browser`].
    async fn keep(&self, state: &AppState) -> Result<(), Failure> {
        match self.person {
            Some(person) => forms::keep(&state.services, person, &self.name(), &self.encoded()).await,
            None => Ok(()),
        }
    }

    fn keep_in_browser(&self, headers: &mut HeaderMap) {
        if self.person.is_some() {
            return;
        }
        let kept = URL_SAFE_NO_PAD.encode(format!("{}&{}", super::encode(&self.name()), self.encoded()));
        if kept.len() <= COOKIE_LIMIT {
            set_cookie(headers, COOKIE, &kept, 600, self.secure);
        }
    }

    /// The answer itself shows what could not be kept.
    fn show_kept(&self, failure: &Failure) -> Response {
        let function = self.of.as_ref().unwrap_or(&self.function);
        web::kept_page(failure, function, &self.typed()).into_response()
    }

    /// Leads to where a button of the frame leads. A form that shows its draft only where it is named is named in the
    /// address.
    fn lead_on_with_draft(&self, response: &mut Response) {
        // Without a draft there is no success to report.
        if self.is_empty() {
            return;
        }
        mark_done(response.headers_mut(), self.secure);
        self.keep_in_browser(response.headers_mut());
        let to = local(text(response.headers(), header::LOCATION));
        let path = |address: &str| address.split('?').next().unwrap_or_default().to_owned();
        let shows_drafts = value(&self.fields, "__once").is_some();
        let Some(of) = self.of.as_ref().filter(|_| !shows_drafts && path(&to) == path(&self.page)) else { return };
        if to.contains("__path=") {
            return;
        }
        let mut named = form_urlencoded::Serializer::new(String::new());
        named.append_pair("__path", of);
        if !self.about().is_empty() {
            named.append_pair("__form", self.about());
        }
        if let Ok(to) = HeaderValue::from_str(&with_query(&to, &named.finish())) {
            response.headers_mut().insert(header::LOCATION, to);
        }
    }

    /// Where an equal text led, with the word that it was not sent again.
    fn says_sent_before(&self, answer: &str) -> String {
        said_once(if answer.is_empty() { &self.page } else { answer }, SENT_BEFORE)
    }

    /// Deletes the draft of a form that was accepted.
    async fn forget(&self, state: &AppState) {
        if let Some(person) = self.person.filter(|_| !self.foreign)
            && let Err(failure) = forms::forget(&state.services, person, &self.name()).await
        {
            tracing::warn!(error = %failure, "the draft of an accepted form was not deleted");
        }
    }
}

/// Puts what was typed before into the facts of a page, and lets a success be reported only once.
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

/// Reads the draft of a visitor without a session from the visitor's own cookie.
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

/// Whether a field is kept: neither passwords nor what the form itself generated.
fn is_kept(name: &str) -> bool {
    !name.contains("password") && name != "token" && name != "key" && !name.starts_with("__")
}

/// Lets the page that the form leads to report the success, once.
pub fn mark_done(headers: &mut HeaderMap, secure: bool) {
    let to = text(headers, header::LOCATION);
    let says = to.split_once('?').is_some_and(|(_, query)| {
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| DONE_NAMES.contains(&name.as_ref()))
    });
    if says {
        set_cookie(headers, DONE_COOKIE, "1", 60, secure);
    }
}

/// Adds to the query of an address.
fn with_query(address: &str, more: &str) -> String {
    let (address, fragment) = address
        .split_once('#')
        .map_or((address, String::new()), |(address, fragment)| (address, format!("#{fragment}")));
    let mark = if address.contains('?') { '&' } else { '?' };
    format!("{address}{mark}{more}{fragment}")
}

/// An address that says `done` and what, unless it says so already; [`mark_done`] lets the page say it.
pub fn said_once(address: &str, done: &str) -> String {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let says = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| DONE_NAMES.contains(&name.as_ref()));
    if says { address.to_owned() } else { with_query(address, &format!("done={done}")) }
}

fn set_cookie(headers: &mut HeaderMap, name: &str, value: &str, age: u64, secure: bool) {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// Reads the failure from the address that a refusal leads to: the last one, since the page that the form was sent from may
/// have one in its own address, which any link can carry.
fn refusal(headers: &HeaderMap) -> Option<Failure> {
    let (_, query) = text(headers, header::LOCATION).split_once('?')?;
    let (_, error) = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "__err").last()?;
    let bytes = URL_SAFE.decode(error.as_bytes()).ok()?;
    serde_json::from_slice::<ApiError>(&bytes).ok().map(|ApiError(failure)| failure)
}

/// Returns the path and the query of an address: a form leads to this site only.
fn local(to: &str) -> String {
    let path = to.split_once("://").map_or(to, |(_, rest)| rest.find('/').map_or("/", |at| rest.split_at(at).1));
    LocalPath::parse(path).map_or_else(|_| "/".to_owned(), |path| path.to_string())
}

/// Returns the page that a form was sent from, without what an earlier refusal put into its address.
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
    text(headers, header::CONTENT_TYPE).to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
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
    fn b36_a_form_is_one_however_its_type_is_written() {
        let of = |kind: &'static str| {
            is_form(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]))
        };
        assert!(of("application/x-www-form-urlencoded; charset=UTF-8") && of("Application/X-WWW-Form-URLEncoded"));
        assert!(!of("application/json") && !is_form(&HeaderMap::new()));
    }

    #[test]
    fn a_long_form_is_read_whole() {
        let body = format!("text={}&form%5Btitle%5D=%C3%A9t%C3%A9+1", "x".repeat(200_000));
        let fields = decode(body.as_bytes());
        assert_eq!(fields[0].1.len(), 200_000);
        assert_eq!(fields[1], ("form[title]".to_owned(), "été 1".to_owned()));
    }
}
