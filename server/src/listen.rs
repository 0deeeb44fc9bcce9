//! Connections: at most so many at once, none that never comes to ask, and an end that lets answers finish.
//!
//! `axum::serve` has no bounds of this kind.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many may be open; the next ones wait to be accepted.
    pub connections: usize,
    /// How long a new one may take to ask something (slowloris).
    pub first_request: Duration,
    /// How long an old one may lie idle, and then take over its headers. Longer than proxies keep theirs (a minute, with
    /// nginx): a form sent over a connection that is just being closed would be lost.
    pub idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { connections: 4_096, first_request: Duration::from_secs(10), idle: Duration::from_secs(75) }
    }
}

/// Serves until `stop`, and then until every answer that is under way is given.
pub async fn accept(listener: TcpListener, app: Router, bounds: Bounds, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(bounds.idle);
    loop {
        let next = async { (places.clone().acquire_owned().await, listener.accept().await) };
        let (place, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            next = next => next,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, for example: the others go on, and some will end.
                tracing::warn!(error = %error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Without TCP_NODELAY every streamed page waits 40 ms.
        let _ = stream.set_nodelay(true);
        let asked = Arc::new(Notify::new());
        let service = {
            let (app, asked) = (app.clone(), asked.clone());
            service_fn(move |request: Request<Incoming>| {
                asked.notify_one();
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
                app.clone().oneshot(request)
            })
        };
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let asks = tokio::time::timeout(bounds.first_request, asked.notified());
            // How a connection ends, or that it breaks, is the client's affair.
            let began = tokio::select! {
                _ = &mut connection => false,
                asked = asks => asked.is_ok(),
            };
            if began {
                let _ = connection.await;
            }
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}
