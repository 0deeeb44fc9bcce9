//! All pages but a few need a session; a visitor without one is led to the sign-in page and back again.

use app::{PUBLIC_PATHS, Query, request::Facts};
use axum::{
    extract::{MatchedPath, Request},
    http::Uri,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use domain::text::LocalPath;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub async fn require_session(request: Request, next: Next) -> Response {
    let signed_in = request.extensions().get::<Facts>().is_some_and(|facts| facts.actor.is_some());
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    // axum writes `{id}` where the table of pages has `:id`.
    let public = PUBLIC_PATHS.iter().any(|public| same_pattern(public, &path));
    if signed_in && path == SIGN_IN {
        return Redirect::to(&way_on(request.uri().query().unwrap_or_default())).into_response();
    }
    // Server functions answer with their own 401.
    if signed_in || public || path.starts_with("/fn/") {
        return next.run(request).await;
    }
    Redirect::to(&sign_in_and_back(request.uri())).into_response()
}

const SIGN_IN: &str = "/sign-in";

/// Returns where the sign-in page leads a person who is signed in already: to the page they wanted (T27).
fn way_on(query: &str) -> String {
    let next = Query::new(query).get("next").unwrap_or_default();
    LocalPath::parse(&next).map_or_else(|_| "/".to_owned(), |path| path.to_string())
}

/// Returns the sign-in page, which leads on to the wanted page.
pub fn sign_in_and_back(wanted: &Uri) -> String {
    let wanted = wanted.path_and_query().map_or("/", |path| path.as_str());
    if wanted == "/" { SIGN_IN.to_owned() } else { format!("{SIGN_IN}?next={}", encode(wanted)) }
}

fn same_pattern(ours: &str, axums: &str) -> bool {
    let ours = ours.split('/').map(|part| if part.starts_with(':') { "*" } else { part });
    let axums = axums.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
    ours.eq(axums)
}

/// Encodes a path as a value in a query.
pub fn encode(path: &str) -> String {
    const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'/');
    utf8_percent_encode(path, &KEPT).to_string()
}
