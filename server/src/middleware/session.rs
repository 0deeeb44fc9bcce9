//! The facts of a request: actor and session from the cookie, language, client; put where handlers and Leptos find them.

use std::{
    net::{IpAddr, SocketAddr},
    ops::Deref,
    sync::Arc,
};

use app::request::{COMPANY_COOKIE, Facts, Typed, cookie, device_cookie, session_cookie};
use axum::{
    extract::{ConnectInfo, FromRef, Request, State},
    http::{HeaderMap, header, request::Parts},
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

use super::Shares;
use crate::{config::Config, live::Streams, router::LIVE};

/// What handlers share; every layer clones it for every request.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

pub struct Shared {
    pub services: Services,
    pub config: Config,
    pub leptos: LeptosOptions,
    pub streams: Streams,
    pub shares: Shares,
    /// Ends live streams when the server stops.
    pub stop: CancellationToken,
}

impl AppState {
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for AppState {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

/// Loads the session and adds the facts to the request.
pub async fn load_session(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let request = parts.extensions.get::<RequestId>().copied();
    let secure = state.config.secure();
    let token = cookie(&parts, session_cookie(secure)).map(ToOwned::to_owned);
    // Read before anything else, so that the page is at least this recent.
    let live_from = state.services.bus.newest();
    let found = match &token {
        // A page that listens does not count as use of the session.
        Some(token) if parts.uri.path() == LIVE => session::peek(&state.services, token).await,
        Some(token) => session::find(&state.services, token).await,
        None => Ok(None),
    };
    let found = match found {
        Ok(found) => found,
        Err(failure) => return crate::web::failure_page(&failure).into_response(),
    };
    let (actor, session) = match (found, token) {
        (Some((actor, key)), Some(token)) => (Some(actor), Some((token, key))),
        _ => (None, None),
    };
    let chosen = cookie(&parts, "language").and_then(Locale::parse);
    let locale =
        chosen.or_else(|| actor.as_ref().map(|actor| actor.locale)).unwrap_or_else(|| asked_for(&parts.headers));
    let company = cookie(&parts, COMPANY_COOKIE).and_then(|id| id.parse().ok());
    let origin = Origin {
        device: device(&parts.headers),
        client: client(&parts, &state.config).to_string(),
        session: session.as_ref().map(|(token, _): &(String, String)| token.clone()),
        device_token: cookie(&parts, device_cookie(secure)).map(ToOwned::to_owned),
        request,
    };
    let facts = Facts {
        company: actor.as_ref().and_then(|actor| actor.present(company)).map(|membership| membership.organisation),
        services: state.services.clone(),
        session,
        origin,
        request,
        live_from,
        locale,
        secure,
        typed: Typed::default(),
        actor,
    };
    if let Some(actor) = &facts.actor {
        tracing::Span::current().record("user.id", tracing::field::display(actor.person));
    }
    parts.extensions.insert(facts);
    next.run(Request::from_parts(parts, body)).await
}

/// Returns the first supported language that the browser asks for.
fn asked_for(headers: &HeaderMap) -> Locale {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header
        .split(',')
        .find_map(|part| Locale::parse(part.split(';').next().unwrap_or_default().trim()))
        .unwrap_or_default()
}

/// Returns a line by which people recognise their device.
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

/// Returns the client: the peer or, behind a trusted proxy, the last address that is not a trusted proxy's (ASVS 4.1.3).
fn client(parts: &Parts, config: &Config) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.ip());
    let peer = peer.to_canonical();
    if !config.trusts(peer) {
        return peer;
    }
    // Several lines form one list: a proxy may add a line of its own after one that the client made up.
    // A line is read whatever the client wrote into it, because the proxy's part of it counts.
    let lines = parts.headers.get_all("x-forwarded-for").iter();
    let lines: Vec<_> = lines.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let addresses: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
    addresses
        .into_iter()
        .rev()
        .map(address)
        .find(|address| !address.is_some_and(|address| config.trusts(address)))
        .flatten()
        .unwrap_or(peer)
}

/// An address as proxies write it: some add the port, some put IPv6 into brackets. The zone of a link is this machine's.
fn address(part: &str) -> Option<IpAddr> {
    let part = part.trim().trim_matches('"');
    let with_port = || part.parse::<SocketAddr>().map(|address| address.ip()).ok();
    let alone = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(part);
    let alone = alone.split('%').next().unwrap_or_default();
    alone.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};

    use super::*;

    fn from(peer: [u8; 4], forwarded: &[&str]) -> IpAddr {
        let mut request = Request::builder();
        for line in forwarded {
            request = request.header("x-forwarded-for", line.as_bytes());
        }
        let (mut parts, _) = request.body(Body::empty()).expect("a request").into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::from((peer, 1))));
        let network = "10.0.0.0/30".to_owned().try_into().expect("a network");
        let config = Config { trusted_proxies: vec![network], ..Config::default() };
        client(&parts, &config)
    }

    #[test]
    fn asvs_4_1_3_a_client_cannot_choose_its_address() {
        let client = IpAddr::from([203, 0, 113, 9]);
        assert_eq!(from([203, 0, 113, 9], &["198.51.100.1"]), client, "no proxy of ours");
        assert_eq!(from([10, 0, 0, 1], &["198.51.100.1, 203.0.113.9"]), client);
        assert_eq!(from([10, 0, 0, 1], &["198.51.100.1", "203.0.113.9, 10.0.0.2"]), client, "the proxy's line counts");
        assert_eq!(from([10, 0, 0, 1], &["é, 203.0.113.9"]), client, "no ASCII");
        assert_eq!(from([10, 0, 0, 1], &["198.51.100.1, unknown"]), IpAddr::from([10, 0, 0, 1]), "nobody we can name");
        assert_eq!(from([10, 0, 0, 1], &[]), IpAddr::from([10, 0, 0, 1]));
        assert_eq!(from([10, 0, 0, 1], &["198.51.100.1, ::ffff:203.0.113.9, ::ffff:10.0.0.2"]), client, "mapped");
    }

    /// B6: behind a proxy that writes ports, visitors are still told apart.
    #[test]
    fn b6_addresses_are_read_as_proxies_write_them() {
        for (written, meant) in [
            ("203.0.113.9:51234", "203.0.113.9"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("\"[2001:db8::7]:443\"", "2001:db8::7"),
            ("fe80::1%eth0", "fe80::1"),
            ("[::ffff:203.0.113.9]:1", "203.0.113.9"),
        ] {
            assert_eq!(from([10, 0, 0, 1], &[written]).to_string(), meant, "{written}");
        }
        for written in ["203.0.113", "[2001:db8::7", "203.0.113.9:99999", "evil.example", "%", ""] {
            assert_eq!(from([10, 0, 0, 1], &[written]), IpAddr::from([10, 0, 0, 1]), "{written}");
        }
    }
}
