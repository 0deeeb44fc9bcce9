//! Accepts connections within bounds: a number in all and for each client, no connection that never asks, sends or reads too
//! slowly, or holds an idle place that another one waits for; and a shutdown that lets answers finish.
//!
//! `axum::serve` has no such bounds.

mod clients;
mod pace;

use std::{
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::{config::Network, web};
pub use clients::network;
use clients::{Answer, Clients, Place};
use pace::{Steady, paced};

/// The bounds of connections.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// How many may be open; further ones wait to be accepted.
    pub connections: usize,
    /// How many connections of one client (an IPv4 address, an IPv6 /64) are served at the same time. As many again may wait
    /// for a place, and take that of an idle one.
    pub per_client: usize,
    /// Peers that carry many clients; they are exempt from the bound for a client.
    pub proxies: Vec<Network>,
    /// How long a new connection may take to send its first request (slowloris), or may wait for a place of its client.
    pub first_request: Duration,
    /// How long a connection may be idle, and then take over its headers. Longer than proxies keep theirs (a minute with
    /// nginx), because a form sent over a connection that is just being closed would be lost.
    pub idle: Duration,
    /// How slowly a body may be sent, and an answer read.
    pub pace: Pace,
}

/// At least this many bytes, or all that remain, in each such time.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub time: Duration,
    pub bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 4_096,
            per_client: 64,
            proxies: Vec::new(),
            first_request: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            // Half a minute for a form, 16 KiB a second for a file.
            pace: Pace { time: Duration::from_secs(30), bytes: 30 * 16 * 1024 },
        }
    }
}

/// The maximum size of a request's head, and of an answer that waits to be read. An address longer than 64 KiB is answered
/// with 414 as long as it fits in here, and with 431 beyond.
const BUFFER: usize = 400 * 1024;

/// Serves until `stop`, and then until every answer under way is complete.
pub async fn accept(listener: TcpListener, app: Router, bounds: Bounds, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let clients = Clients::new(bounds.per_client);
    let tasks = TaskTracker::new();
    loop {
        let next = async { (places.clone().acquire_owned().await, listener.accept().await) };
        let (place, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            next = next => next,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, for example: open connections go on, and some will end.
                tracing::warn!(error = %error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (app, bounds, clients, stop) = (app.clone(), bounds.clone(), clients.clone(), stop.clone());
        tasks.spawn(async move {
            let address = peer.ip().to_canonical();
            let own = if bounds.proxies.iter().any(|proxy| proxy.contains(address)) {
                Some(Place::unbounded())
            } else {
                clients.enter(address, bounds.first_request).await
            };
            if let Some(own) = own {
                serve(stream, peer, app, &bounds, &own, &stop).await;
            }
            drop(place);
        });
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

/// Serves one connection to its end.
async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    bounds: &Bounds,
    place: &Place,
    stop: &CancellationToken,
) {
    // Without TCP_NODELAY every streamed page waits 40 ms.
    let _ = stream.set_nodelay(true);
    let (asked, pace) = (Arc::new(Notify::new()), bounds.pace);
    let service = {
        let (asked, turn) = (asked.clone(), place.turn());
        service_fn(move |request: Request<Incoming>| {
            asked.notify_one();
            let busy = turn.begin();
            let app = app.clone();
            async move {
                let response = answer(app, peer, pace, request).await;
                Ok::<_, std::convert::Infallible>(response.map(|body| Answer::new(body, busy)))
            }
        })
    };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(bounds.idle).max_buf_size(BUFFER);
    let mut connection = pin!(http.serve_connection(TokioIo::new(Steady::new(stream, pace)), service));
    let asks = tokio::time::timeout(bounds.first_request, asked.notified());
    // How a connection ends or breaks is up to the client. The order matters: a connection that has just sent a request is
    // answered even if its place is wanted or the server stops at the same moment.
    let began = tokio::select! {
        biased;
        _ = connection.as_mut() => false,
        asked = asks => asked.is_ok(),
        () = place.wanted() => false,
        () = stop.cancelled() => false,
    };
    if !began {
        return;
    }
    tokio::select! {
        _ = connection.as_mut() => return,
        () = place.wanted() => {}
        () = stop.cancelled() => {}
    }
    // An idle connection ends immediately, a busy one after its answer.
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Calls the application; answers 408 when the body did not arrive in time, whatever the application made of that.
async fn answer(app: Router, peer: SocketAddr, pace: Pace, request: Request<Incoming>) -> Response<Body> {
    let (late, pages) = (Arc::new(AtomicBool::new(false)), web::shows_pages(request.headers()));
    let mut request =
        request.map(|body| if body.is_end_stream() { Body::empty() } else { paced(body, pace, late.clone()) });
    request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
    let Ok(mut response) = app.oneshot(request).await;
    if late.load(Ordering::Relaxed) {
        tracing::info!(client = %peer.ip(), "a body arrived too slowly");
        response = web::refusal(
            pages,
            StatusCode::REQUEST_TIMEOUT,
            "La demande n’est pas arrivée à temps. Revenez en arrière et recommencez.",
            "The request did not arrive in time. Go back and try again.",
        );
        response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    response
}
