//! Connections as they come over the wire: how they are bounded, how the server stops.

use std::{net::SocketAddr, time::Duration};

use server::listen::{self, Bounds};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

use super::portal::Portal;

async fn serve(portal: &Portal, bounds: Bounds) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (router, stop) = (portal.router.clone(), portal.state.stop.clone());
    (address, tokio::spawn(listen::accept(listener, router, bounds, stop)))
}

async fn connect(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("sent");
    stream
}

/// What comes until the connection ends.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    timeout(Duration::from_secs(2), stream.read_to_string(&mut text)).await.expect("an end").expect("text");
    text
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n\r\n";

/// CVE-2007-6750 (slowloris): whoever never finishes asking holds no place.
#[tokio::test]
async fn cve_2007_6750_a_connection_that_asks_nothing_is_closed() {
    let portal = Portal::open().await;
    let bounds = Bounds { connections: 1, first_request: Duration::from_millis(200), ..Bounds::default() };
    let (address, _server) = serve(&portal, bounds).await;
    let slow = connect(address, "GET /healthz HTTP/1.1\r\nHost: por").await;
    let waiting = connect(address, HEALTH).await;
    assert_eq!(rest(slow).await, "");
    assert!(rest(waiting).await.starts_with("HTTP/1.1 200"), "the next one has its place");
}

#[tokio::test]
async fn no_more_connections_than_there_are_places() {
    let portal = Portal::open().await;
    let (address, _server) = serve(&portal, Bounds { connections: 1, ..Bounds::default() }).await;
    let mut first = connect(address, &HEALTH.replace("close", "keep-alive")).await;
    assert!(first.read(&mut [0; 4096]).await.expect("an answer") > 0);
    let mut second = connect(address, HEALTH).await;
    assert!(timeout(Duration::from_millis(200), second.read(&mut [0; 1])).await.is_err(), "it waits");
    drop(first);
    assert!(rest(second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn the_server_stops_within_a_second_though_tabs_are_open() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let (address, server) = serve(&portal, Bounds::default()).await;
    let mut idle = connect(address, &HEALTH.replace("close", "keep-alive")).await;
    assert!(idle.read(&mut [0; 4096]).await.expect("an answer") > 0);
    let mut live = connect(address, &format!("GET /live HTTP/1.1\r\nHost: portal\r\nCookie: {cookie}\r\n\r\n")).await;
    assert!(live.read(&mut [0; 4096]).await.expect("the beginning") > 0);
    portal.state.stop.cancel();
    timeout(Duration::from_secs(1), server).await.expect("within a second").expect("an end");
    assert!(rest(live).await.ends_with("0\r\n\r\n"), "the stream ends, it is not cut off");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}
