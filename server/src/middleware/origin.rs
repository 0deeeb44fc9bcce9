//! Cross-site requests cannot change anything (ASVS 3.5.1; Leptos server functions do not check, leptos #3786), and this
//! server answers to its own name only (F19i).
//!
//! Browsers say where a request comes from: with `Sec-Fetch-Site`, older ones with `Origin` or `Referer`. A request without
//! any of them does not come from a browser, and is accepted only without cookies.

use std::net::SocketAddr;

use axum::{
    body::HttpBody,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::AppState;
use crate::{config::Config, web};

/// The paths that load balancers request under any name.
const FOR_MACHINES: [&str; 2] = ["/healthz", "/readyz"];
/// The content types of our own forms and scripts. A foreign page can send `text/plain` without a preflight.
const KINDS: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "application/json"];

pub async fn require_same_origin(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    // `CONNECT host:443` and `OPTIONS *` ask for no path; two names leave it to a proxy and to us to disagree (RFC 9112, 3.2).
    let names = request.headers().get_all(header::HOST).iter().count();
    if !request.uri().path().starts_with('/') || names > 1 {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let (config, pages) = (&state.config, web::shows_pages(request.headers()));
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    // A trusted proxy has chosen what it passes on, and may do so under another name.
    let checked = !peer.is_some_and(|peer| config.trusts(peer)) && !FOR_MACHINES.contains(&request.uri().path());
    if checked && !is_our_name(&request, config) {
        let french = format!("Ce portail se trouve à l’adresse {}", config.public_url);
        let english = format!("This portal is at {}", config.public_url);
        return web::refusal(pages, StatusCode::MISDIRECTED_REQUEST, &french, &english);
    }
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    if !same_origin(request.headers(), config) {
        let french = "La demande vient d’un autre site. Ouvrez la page du portail et recommencez.";
        let english = "The request comes from another site. Open the page in the portal and try again.";
        return web::refusal(pages, StatusCode::FORBIDDEN, french, english);
    }
    if !is_form(&request) {
        let french = "Le contenu doit être un formulaire ou du JSON.";
        let english = "The body must be a form or JSON.";
        return web::refusal(pages, StatusCode::UNSUPPORTED_MEDIA_TYPE, french, english);
    }
    // A refused form leads back to the page it came from, which must be ours.
    let from = text(request.headers(), header::REFERER).is_some_and(|from| is_ours(from, request.headers(), config));
    if !from {
        request.headers_mut().remove(header::REFERER);
    }
    next.run(request).await
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Prevents DNS rebinding: a foreign name that resolves to this server gets nothing. A portal on this machine alone goes by
/// several names.
fn is_our_name(request: &Request, config: &Config) -> bool {
    let host = request.uri().authority().map(|authority| authority.as_str()).or(text(request.headers(), header::HOST));
    let Some(host) = host.filter(|_| !config.is_local()) else { return true };
    let origin = config.public_origin();
    let (scheme, ours) = origin.split_once("://").unwrap_or_default();
    let port = if scheme == "https" { ":443" } else { ":80" };
    let host = host.to_lowercase();
    host.strip_suffix(port).unwrap_or(&host) == ours
}

/// Whether an origin, or the address of a page, belongs to this portal.
fn is_ours(address: &str, headers: &HeaderMap, config: &Config) -> bool {
    let address = address.to_lowercase();
    let ours = |origin: &str| address.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let host = text(headers, header::HOST).filter(|host| config.is_local() && !host.is_empty());
    ours(&config.public_origin()) || host.is_some_and(|host| ours(&format!("http://{}", host.to_lowercase())))
}

fn same_origin(headers: &HeaderMap, config: &Config) -> bool {
    const SITE: &str = "sec-fetch-site";
    // A request that names another origin or site comes from there, whatever else it says.
    let foreign_origin = |origin: &HeaderValue| !origin.to_str().is_ok_and(|origin| is_ours(origin, headers, config));
    let foreign_site = |site: &HeaderValue| site != "same-origin" && site != "none";
    if headers.get_all(header::ORIGIN).iter().any(foreign_origin) || headers.get_all(SITE).iter().any(foreign_site) {
        return false;
    }
    if headers.contains_key(SITE) || headers.contains_key(header::ORIGIN) {
        return true;
    }
    match text(headers, header::REFERER) {
        Some(referer) => is_ours(referer, headers, config),
        None => !headers.contains_key(header::COOKIE),
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
            headers.append(*name, value.parse().expect("a header"));
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
        assert!(!check(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")]));
        assert!(!check(&[("origin", "https://portal.example"), ("origin", "https://evil.example")]));
    }

    #[test]
    fn f19i_fetch_metadata_do_not_excuse_a_foreign_origin() {
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
