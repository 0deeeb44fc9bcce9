//! Cross-site requests may not change anything (ASVS 3.5.1; Leptos server functions do not check, leptos #3786), and this
//! server answers to its own name only (F19i).
//!
//! Browsers say where a request comes from: `Sec-Fetch-Site`, and `Origin` or `Referer` in older ones. A request that says
//! nothing comes from no browser, carries no cookie of ours by accident, and is let through only without a session cookie.

use std::net::SocketAddr;

use axum::{
    body::HttpBody,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::AppState;
use crate::config::Config;

/// What load balancers ask under whatever name.
const FOR_MACHINES: [&str; 2] = ["/healthz", "/readyz"];
/// What forms and scripts of ours send. `text/plain` is what a foreign page can send unasked.
const KINDS: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "application/json"];

pub async fn require_same_origin(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let config = &state.config;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    // A proxy of ours has chosen what it sends here, and may do so under another name.
    let checked = !peer.is_some_and(|peer| config.trusts(peer)) && !FOR_MACHINES.contains(&request.uri().path());
    if checked && !is_our_name(&request, config) {
        return (StatusCode::MISDIRECTED_REQUEST, format!("this is {}", config.public_url)).into_response();
    }
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    if !same_origin(request.headers(), config) {
        return (StatusCode::FORBIDDEN, "cross-site request refused").into_response();
    }
    if !is_form(&request) {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "a form or JSON, please").into_response();
    }
    // A refused form is led back to where it came from: to a page of ours.
    let from = text(request.headers(), header::REFERER).is_some_and(|from| is_ours(from, request.headers(), config));
    if !from {
        request.headers_mut().remove(header::REFERER);
    }
    next.run(request).await
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// DNS rebinding: a foreign name that leads here gets nothing. On this machine alone the portal has several names.
fn is_our_name(request: &Request, config: &Config) -> bool {
    let host = request.uri().authority().map(|authority| authority.as_str()).or(text(request.headers(), header::HOST));
    let Some(host) = host.filter(|_| !config.is_local()) else { return true };
    let origin = config.public_origin();
    let (scheme, ours) = origin.split_once("://").unwrap_or_default();
    let port = if scheme == "https" { ":443" } else { ":80" };
    let host = host.to_lowercase();
    host.strip_suffix(port).unwrap_or(&host) == ours
}

/// Whether an origin, or the address of a page, is of this portal.
fn is_ours(address: &str, headers: &HeaderMap, config: &Config) -> bool {
    let address = address.to_lowercase();
    let ours = |origin: &str| address.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let host = text(headers, header::HOST).filter(|host| config.is_local() && !host.is_empty());
    ours(&config.public_origin()) || host.is_some_and(|host| ours(&format!("http://{}", host.to_lowercase())))
}

fn same_origin(headers: &HeaderMap, config: &Config) -> bool {
    let (site, origin) = (text(headers, HeaderName::from_static("sec-fetch-site")), text(headers, header::ORIGIN));
    // Whatever else a request says: one that names another origin comes from there.
    if headers.contains_key(header::ORIGIN) && !origin.is_some_and(|origin| is_ours(origin, headers, config)) {
        return false;
    }
    match (site, origin, text(headers, header::REFERER)) {
        (Some(site), _, _) => site == "same-origin" || site == "none",
        (None, Some(_), _) => true,
        (None, None, Some(referer)) => is_ours(referer, headers, config),
        (None, None, None) => !headers.contains_key(header::COOKIE),
    }
}

fn is_form(request: &Request) -> bool {
    let kind = text(request.headers(), header::CONTENT_TYPE).map(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
        KINDS.contains(&kind.as_str())
    });
    kind.unwrap_or_else(|| !request.headers().contains_key(header::CONTENT_TYPE) && request.body().is_end_stream())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn config(public_url: &str) -> Config {
        Config { public_url: public_url.into(), ..Config::default() }
    }

    fn check_at(public_url: &str, pairs: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().expect("a header"));
        }
        same_origin(&headers, &config(public_url))
    }

    fn check(pairs: &[(&'static str, &str)]) -> bool {
        check_at("https://portal.example", pairs)
    }

    /// CVE-2026-41194 (FreeScout), ASVS 3.5.1
    #[test]
    fn asvs_3_5_1_only_our_own_pages_change_things() {
        assert!(check(&[("sec-fetch-site", "same-origin"), ("cookie", "a=b")]));
        assert!(!check(&[("sec-fetch-site", "cross-site"), ("origin", "https://portal.example")]));
        assert!(!check(&[("sec-fetch-site", "same-site")]));
        assert!(check(&[("origin", "https://portal.example")]));
        assert!(!check(&[("origin", "https://evil.example")]));
        assert!(!check(&[("origin", "null")]));
        assert!(!check(&[("referer", "https://portal.example.evil.example/x"), ("cookie", "a=b")]));
        assert!(check(&[("referer", "https://portal.example/x?y"), ("cookie", "a=b")]));
        assert!(!check(&[("cookie", "guichet=x")]));
    }

    #[test]
    fn f19i_a_foreign_origin_is_foreign_whatever_the_fetch_metadata_say() {
        for site in ["none", "same-origin"] {
            assert!(!check(&[("sec-fetch-site", site), ("origin", "https://evil.example")]), "{site}");
            assert!(!check(&[("sec-fetch-site", site), ("origin", "http://portal.example")]), "another scheme");
            assert!(!check(&[("sec-fetch-site", site), ("origin", "https://portal.example:8443")]), "another port");
            assert!(check(&[("sec-fetch-site", site), ("origin", "https://portal.example")]), "{site}");
        }
        let rebound = [("host", "evil.example"), ("origin", "http://evil.example")];
        assert!(!check(&rebound), "the name in the request is not ours");
        let local = [("host", "localhost:3000"), ("origin", "http://localhost:3000")];
        assert!(check_at("http://127.0.0.1:3000", &local), "this machine goes by several names");
    }

    #[test]
    fn f19i_the_server_answers_to_its_own_name_only() {
        let asked = |public_url: &str, host: &str| {
            let request = Request::get("/").header(header::HOST, host).body(Body::empty()).expect("a request");
            is_our_name(&request, &config(public_url))
        };
        for (host, ours) in [
            ("portal.example", true),
            ("Portal.Example:443", true),
            ("portal.example:80", false),
            ("evil.example", false),
            ("127.0.0.1:3000", false),
            ("", false),
        ] {
            assert_eq!(asked("https://portal.example", host), ours, "{host}");
        }
        assert!(asked("http://127.0.0.1:3000", "localhost:3000"));
    }

    #[test]
    fn f19i_a_body_is_a_form_or_json() {
        let sent = |kind: &str, body: &'static str| {
            let mut request = Request::post("/").body(Body::from(body)).expect("a request");
            if !kind.is_empty() {
                request.headers_mut().insert(header::CONTENT_TYPE, kind.parse().expect("a header"));
            }
            is_form(&request)
        };
        assert!(sent("application/x-www-form-urlencoded; charset=UTF-8", "a=b"));
        assert!(sent("Application/JSON", "{}") && sent("multipart/form-data; boundary=x", "x") && sent("", ""));
        assert!(!sent("text/plain", "a=b") && !sent("text/plain;application/json", "{}") && !sent("", "a=b"));
    }
}
