//! Pages are for people who are signed in, but for a few; whoever is not is led to the sign-in page and back again.

use app::{PUBLIC_PATHS, request::Facts};
use axum::{
    extract::{MatchedPath, Request},
    http::Uri,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

pub async fn require_session(request: Request, next: Next) -> Response {
    let signed_in = request.extensions().get::<Facts>().is_some_and(|facts| facts.actor.is_some());
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    // axum writes `{id}` where the table of pages writes `:id`.
    let public = PUBLIC_PATHS.iter().any(|public| same_pattern(public, &path));
    // Server functions answer for themselves: 401 in their own form.
    if signed_in || public || path.starts_with("/fn/") {
        return next.run(request).await;
    }
    Redirect::to(&sign_in_and_back(request.uri())).into_response()
}

/// The sign-in page, which leads on to where one wanted to go.
pub fn sign_in_and_back(wanted: &Uri) -> String {
    let wanted = wanted.path_and_query().map_or("/", |path| path.as_str());
    if wanted == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={}", encode(wanted)) }
}

fn same_pattern(ours: &str, axums: &str) -> bool {
    let ours = ours.split('/').map(|part| if part.starts_with(':') { "*" } else { part });
    let axums = axums.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
    ours.eq(axums)
}

/// A path as the value of a query.
pub fn encode(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
