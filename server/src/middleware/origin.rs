//! Cross-site requests may not change anything (ASVS 3.5.1; Leptos server functions do not check, leptos #3786).
//!
//! Browsers say where a request comes from: `Sec-Fetch-Site`, and `Origin` or `Referer` in older ones. A request that says
//! nothing comes from no browser, carries no cookie of ours by accident, and is let through only without a session cookie.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::AppState;

pub async fn require_same_origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        || same_origin(request.headers(), &state.config.public_url)
    {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "cross-site request refused").into_response()
}

fn same_origin(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let own_host = text(header::HOST.as_str()).unwrap_or_default();
    let own = |origin: &str| {
        let rest = origin.split_once("://").map(|(_, rest)| rest);
        let host = rest.map(|rest| rest.split('/').next().unwrap_or(rest)).unwrap_or_default();
        let public = public_url.split_once("://").map_or("", |(_, rest)| rest);
        !host.is_empty() && (host == public || host == own_host)
    };
    match (text("sec-fetch-site"), text("origin"), text("referer")) {
        (Some(site), _, _) => site == "same-origin" || site == "none",
        (None, Some(origin), _) => own(origin),
        (None, None, Some(referer)) => own(referer),
        (None, None, None) => !headers.contains_key(header::COOKIE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().expect("a header"));
        }
        same_origin(&headers, "https://portal.example")
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
        assert!(!check(&[("cookie", "guichet=x")]));
    }
}
