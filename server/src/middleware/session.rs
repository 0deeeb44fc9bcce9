//! Who asks: the session of the cookie, the language, the client; put where handlers and Leptos find them.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use app::request::{COMPANY_COOKIE, Facts, cookie, session_cookie};
use axum::{
    extract::{ConnectInfo, FromRef, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{RequestId, locale::Locale};
use leptos::config::LeptosOptions;
use service::{
    Services,
    session::{self, Origin},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Drafts;
use crate::config::Config;

/// What handlers share.
#[derive(Clone, FromRef)]
pub struct AppState {
    pub services: Services,
    pub config: Arc<Config>,
    pub leptos: LeptosOptions,
    pub drafts: Drafts,
    /// Ends live streams when the server stops.
    pub stop: CancellationToken,
}

/// Finds out who asks, and names the request: the id is in the log, in the ledger and in the answer.
pub async fn load_session(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let request_id: RequestId = state.services.id();
    let secure = state.config.secure();
    let token = cookie(&parts, session_cookie(secure)).map(ToOwned::to_owned);
    let found = match &token {
        Some(token) => match session::find(&state.services, token).await {
            Ok(found) => found,
            Err(failure) => return crate::web::failure_page(&failure).into_response(),
        },
        None => None,
    };
    let (actor, session) = match (found, token) {
        (Some((actor, key)), Some(token)) => (Some(actor), Some((token, key))),
        _ => (None, None),
    };
    let chosen = cookie(&parts, "language").and_then(Locale::parse);
    let locale =
        chosen.or_else(|| actor.as_ref().map(|actor| actor.locale)).unwrap_or_else(|| asked_for(&parts.headers));
    let company = cookie(&parts, COMPANY_COOKIE).and_then(|id| id.parse().ok());
    let facts = Facts {
        company: actor.as_ref().and_then(|actor| actor.present(company)).map(|membership| membership.organisation),
        services: state.services.clone(),
        session,
        origin: Origin {
            device: device(&parts.headers),
            client: client(&parts, &state.config).to_string(),
            request: Some(request_id),
        },
        request: Some(request_id),
        locale,
        secure,
        typed: Vec::new(),
        actor,
    };
    let user = facts.actor.as_ref().map(|actor| actor.person.to_string()).unwrap_or_default();
    let span = tracing::info_span!("request", request.id = %request_id, method = %parts.method, user.id = user);
    parts.extensions.insert(facts);
    let mut response = next.run(Request::from_parts(parts, body)).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}

/// The first language of ours that the browser asks for.
fn asked_for(headers: &HeaderMap) -> Locale {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header
        .split(',')
        .find_map(|part| Locale::parse(part.split(';').next().unwrap_or_default().trim()))
        .unwrap_or_default()
}

/// A line that people recognise their device by.
fn device(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let browser = ["Edg/", "Firefox/", "Chrome/", "Safari/"].into_iter().find(|name| agent.contains(name));
    let system =
        ["Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux"].into_iter().find(|name| agent.contains(name));
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{} · {system}", browser.trim_end_matches('/').replace("Edg", "Edge")),
        _ => agent.chars().take(60).collect(),
    }
}

/// The client: the peer, or, behind a proxy that is configured as trusted, the last address that proxy did not add itself
/// (ASVS 4.1.3).
fn client(parts: &Parts, config: &Config) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.ip());
    if !config.trusted_proxies.contains(&peer) {
        return peer;
    }
    let forwarded = parts.headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).unwrap_or_default();
    forwarded
        .rsplit(',')
        .filter_map(|part| part.trim().parse().ok())
        .find(|address| !config.trusted_proxies.contains(address))
        .unwrap_or(peer)
}
