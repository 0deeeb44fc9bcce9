//! What a server function knows of its request (the services, the actor), and how it answers.
//!
//! The server puts [`Facts`] into the context of every page and server function (`server/src/router.rs`).

use std::collections::HashMap;

use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use domain::{
    Failure, OrganisationId, RequestId,
    access::{Actor, Permission},
    locale::Locale,
};
use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;
use service::{Context, Services, session::Origin};

use crate::ApiError;

/// One request, as the middleware found it.
#[derive(Clone)]
pub struct Facts {
    pub services: Services,
    pub actor: Option<Actor>,
    /// The company that pages are about when their address names none: one that the actor belongs to.
    pub company: Option<OrganisationId>,
    /// The token of the session, needed to end it, and the key that names it in lists.
    pub session: Option<(String, String)>,
    pub origin: Origin,
    pub request: Option<RequestId>,
    /// How far the ledger had come when the request arrived; its page is at least as recent.
    pub live_from: i64,
    pub locale: Locale,
    /// Whether cookies are for https only, as the public address says.
    pub secure: bool,
    /// What the reader typed earlier and did not send yet.
    pub typed: Typed,
}

/// The fields of unsent forms, by the name of the form: the path of its function, `#`, and what it is about.
#[derive(Clone, Debug, Default)]
pub struct Typed(pub HashMap<String, Vec<(String, String)>>);

pub fn facts() -> Facts {
    expect_context()
}

pub fn services() -> Services {
    facts().services
}

/// Returns the company of a page whose address names none.
pub fn company() -> Option<OrganisationId> {
    facts().company
}

/// Returns the company of such a page that needs a permission: the present company if the actor holds the permission there;
/// otherwise `None`, and the page finds one where the actor does. The vendor's people choose.
pub fn company_with(permission: Permission) -> Option<OrganisationId> {
    let Facts { services, actor, company, .. } = facts();
    let holds = |organisation: &OrganisationId| {
        actor.filter(|actor| !actor.is_vendor()).is_some_and(|actor| {
            let mut there = actor.grants.iter().filter(|grant| grant.organisation == Some(*organisation));
            there.any(|grant| grant.holds(permission, services.now()))
        })
    };
    company.filter(holds)
}

/// Returns a key for a form on the page being rendered, tied to the reader.
pub fn form_key() -> String {
    let Some(facts) = use_context::<Facts>() else { return String::new() };
    service::forms::new_key(&facts.services, facts.actor.map(|actor| actor.person))
}

pub fn locale() -> Locale {
    use_context::<Facts>().map(|facts| facts.locale).unwrap_or_default()
}

/// Returns the context of the signed-in actor.
///
/// # Errors
/// [`Failure::Unauthenticated`] without a session; sets its status.
pub fn context() -> Result<Context, ApiError> {
    let facts = facts();
    match facts.actor {
        Some(actor) => Ok(Context { services: facts.services, actor, request: facts.request }),
        None => reply(Err(Failure::Unauthenticated)),
    }
}

/// Turns a failure into the answer of a server function, with its status. A plain form (without JavaScript) is redirected to
/// its page with the error instead and keeps the status of the redirect.
pub fn reply<T>(result: Result<T, Failure>) -> Result<T, ApiError> {
    result.map_err(|failure| {
        answer(&failure);
        ApiError(failure)
    })
}

/// Gives the answer the status of a failure, unless it is the redirect after a plain form.
pub fn answer(failure: &Failure) {
    if let (Some(parts), Some(options)) = (use_context::<Parts>(), use_context::<ResponseOptions>()) {
        let form = accepts_html(&parts) && parts.method == axum::http::Method::POST;
        if !form {
            options.set_status(StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
            if let Some(seconds) = failure.retry_after() {
                options.insert_header(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
        }
    }
}

pub fn accepts_html(parts: &Parts) -> bool {
    let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Redirects to another page of this site; `path` was made here or parsed as [`domain::text::LocalPath`].
pub fn redirect(path: &str) {
    leptos_axum::redirect(path);
}

/// Sets a cookie of this site.
pub fn set_cookie(cookie: &str) {
    if let (Some(options), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(cookie)) {
        options.append_header(header::SET_COOKIE, value);
    }
}

/// Returns the name of the session cookie: `__Host-` ties it to this host and to https (ASVS 3.3.1).
pub const fn session_cookie(secure: bool) -> &'static str {
    if secure { "__Host-guichet" } else { "guichet" }
}

/// Returns the name of the cookie that identifies a browser from an earlier sign-in, with the same prefix (F10).
pub const fn device_cookie(secure: bool) -> &'static str {
    if secure { "__Host-guichet-device" } else { "guichet-device" }
}

/// The cookie with the company that the person chose.
pub const COMPANY_COOKIE: &str = "company";

/// Returns the value of a cookie in a request.
pub fn cookie<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|all| all.split(';'))
        .find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        })
}

/// Returns the page that a plain form was sent from, as a path of this site, to lead back to.
pub fn came_from() -> String {
    use_context::<Parts>()
        .and_then(|parts| {
            let referer = parts.headers.get(header::REFERER)?.to_str().ok()?.to_owned();
            let path = referer
                .split_once("://")
                .and_then(|(_, rest)| rest.find('/').map(|at| rest.split_at(at).1.to_owned()))?;
            domain::text::LocalPath::parse(&path).ok().map(|path| path.to_string())
        })
        .unwrap_or_else(|| "/".to_owned())
}

/// Returns [`came_from`] with `more` in its query.
pub fn came_from_with(more: &str) -> String {
    let from = came_from();
    let mark = if from.contains('?') { '&' } else { '?' };
    format!("{from}{mark}{more}")
}

/// Gives the browser its token (ASVS 3.3.1, 3.3.2, 3.3.4: host-bound, same site, out of reach of scripts), and the cookie
/// that identifies it at the next sign-in, which stays for a year and outlasts signing out.
pub fn start_session(token: &service::session::SessionToken) {
    let secure = facts().secure;
    let name = session_cookie(secure);
    let flag = if secure { "; Secure" } else { "" };
    set_cookie(&format!("{name}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000{flag}", token.reveal()));
    let name = device_cookie(secure);
    set_cookie(&format!("{name}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{flag}", token.device()));
}

/// Returns where a change of company leads: to the same page, or to the overview when the page was about one object.
pub fn after_company() -> String {
    let from = came_from();
    let path = from.split(['?', '#']).next().unwrap_or_default();
    let whole = path.matches('/').count() == 1;
    if whole { path.to_owned() } else { "/".to_owned() }
}

/// Removes the token, and what the browser stored of the pages.
pub fn end_session() {
    let secure = facts().secure;
    let name = session_cookie(secure);
    let flag = if secure { "; Secure" } else { "" };
    set_cookie(&format!("{name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{flag}"));
    set_cookie(&format!("{COMPANY_COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{flag}"));
    if let Some(options) = use_context::<ResponseOptions>() {
        let all = HeaderValue::from_static("\"cache\", \"storage\"");
        options.insert_header(axum::http::HeaderName::from_static("clear-site-data"), all);
    }
}

pub fn remember_language(locale: Locale) {
    let flag = if facts().secure { "; Secure" } else { "" };
    set_cookie(&format!("language={}; Path=/; SameSite=Lax; Max-Age=31536000{flag}", locale.key()));
}

pub fn remember_company(organisation: OrganisationId) {
    let flag = if facts().secure { "; Secure" } else { "" };
    set_cookie(&format!("{COMPANY_COOKIE}={organisation}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{flag}"));
}
