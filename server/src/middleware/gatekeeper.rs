//! Pages are for people who are signed in, but for a few; whoever is not is led to the sign-in page and back again.

use app::{PUBLIC_PATHS, request::Facts};
use axum::{
    extract::{MatchedPath, Request},
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
    let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let next: String = if wanted == "/" { String::new() } else { format!("?next={}", encode(wanted)) };
    Redirect::to(&format!("/sign-in{next}")).into_response()
}

fn same_pattern(ours: &str, axums: &str) -> bool {
    let ours = ours.split('/').map(|part| if part.starts_with(':') { "*" } else { part });
    let axums = axums.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
    ours.eq(axums)
}

fn encode(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
