//! Connections over the wire: their bounds, and how the server stops.

use std::{net::SocketAddr, time::Duration};

use server::listen::{self, Bounds, Pace};
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

/// Reads everything until the connection ends.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    timeout(Duration::from_secs(2), stream.read_to_string(&mut text)).await.expect("an end").expect("text");
    text
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n\r\n";

/// CVE-2007-6750 (slowloris): a client that never completes its request does not keep a place.
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
async fn the_server_stops_within_a_second_with_open_tabs() {
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

fn quick() -> Bounds {
    Bounds { pace: Pace { time: Duration::from_millis(300), bytes: 64 * 1024 }, ..Bounds::default() }
}

fn form(length: usize) -> String {
    format!(
        "POST /fn/session/sign_in HTTP/1.1\r\nHost: portal\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\nemail=a"
    )
}

/// F4, A7: a body that does not arrive, or trickles in, keeps its place no longer than the pace allows.
#[tokio::test]
async fn f4_a_body_that_does_not_arrive_is_answered_with_408() {
    let portal = Portal::open().await;
    let (address, _server) = serve(&portal, quick()).await;
    let silent = connect(address, &form(100)).await;
    let said = rest(silent).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.to_lowercase().contains("connection: close"), "{said}");

    let mut drops = connect(address, &form(1_000)).await;
    let begun = std::time::Instant::now();
    let mut said = Vec::new();
    while begun.elapsed() < Duration::from_secs(2) {
        if drops.write_all(b"a").await.is_err() {
            break;
        }
        if let Ok(Ok(_)) = timeout(Duration::from_millis(20), drops.read_buf(&mut said)).await {
            break;
        }
    }
    assert!(String::from_utf8_lossy(&said).starts_with("HTTP/1.1 408"), "{}", String::from_utf8_lossy(&said));
}

/// F4: an upload that stalls is ended; one that keeps the pace may take longer than any form.
#[tokio::test]
async fn f4_an_upload_is_bounded_by_its_pace_not_by_its_size() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let (address, _server) = serve(&portal, quick()).await;
    let head = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.log\"\r\n\r\n";
    let tail = "\r\n--x--\r\n";
    let (chunk, chunks) = ("x".repeat(32 * 1024), 8);
    let request = format!(
        "POST /files HTTP/1.1\r\nHost: portal\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n\
         Accept: application/json\r\nContent-Type: multipart/form-data; boundary=x\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{head}",
        head.len() + chunk.len() * chunks + tail.len()
    );
    let mut steady = connect(address, &request).await;
    for _ in 0..chunks {
        steady.write_all(chunk.as_bytes()).await.expect("sent");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    steady.write_all(tail.as_bytes()).await.expect("sent");
    let said = rest(steady).await;
    assert!(said.starts_with("HTTP/1.1 200"), "800 ms are more than 300: {said}");

    let mut stopped = connect(address, &request).await;
    for _ in 0..chunks {
        stopped.write_all(chunk.as_bytes()).await.expect("sent");
    }
    let said = rest(stopped).await;
    assert!(said.starts_with("HTTP/1.1 408"), "the last bytes are withheld: {said}");
    let incoming = portal.world.directory.path().join("files/incoming");
    let left = || std::fs::read_dir(&incoming).map_or(0, Iterator::count);
    for _ in 0..100 {
        if left() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(left(), 0, "nothing stays behind");
}

/// F4: an answer that is not read is given up.
#[tokio::test]
async fn f4_a_reader_who_does_not_read_is_cut_off() {
    let portal = Portal::open().await;
    let big = portal.state.leptos.site_root.to_string() + "/pkg/big.wasm";
    std::fs::write(big, vec![7; 32 * 1024 * 1024]).expect("a file");
    let (address, _server) = serve(&portal, Bounds { connections: 1, ..quick() }).await;
    let asleep = connect(address, "GET /pkg/big.wasm HTTP/1.1\r\nHost: portal\r\n\r\n").await;
    let next = connect(address, HEALTH).await;
    assert!(rest(next).await.starts_with("HTTP/1.1 200"), "the place is free again");
    drop(asleep);
}

/// An address beyond every bound is answered with 414.
#[tokio::test]
async fn a_very_long_address_is_answered_with_414() {
    let portal = Portal::open().await;
    let (address, _server) = serve(&portal, Bounds::default()).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: portal\r\n\r\n", "a".repeat(300 * 1024));
    let said = rest(connect(address, &long).await).await;
    assert!(said.starts_with("HTTP/1.1 414"), "{said}");
}

/// F4: one client cannot take all places; its further connections wait for an idle one of its own, or are closed.
#[tokio::test]
async fn f4_one_client_has_a_bounded_number_of_connections() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let live = format!("GET /live HTTP/1.1\r\nHost: portal\r\nCookie: {cookie}\r\n\r\n");
    let bounds = Bounds { per_client: 2, first_request: Duration::from_millis(300), ..Bounds::default() };
    let (address, _server) = serve(&portal, bounds.clone()).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(address, &live).await;
        assert!(stream.read(&mut [0; 4096]).await.expect("an answer") > 0);
        held.push(stream);
    }
    let mut third = connect(address, HEALTH).await;
    let said = timeout(Duration::from_secs(2), third.read(&mut [0; 1])).await.expect("an end");
    assert!(matches!(said, Ok(0) | Err(_)), "both places answer, the third gives up in the end");
    drop(held.pop());
    let mut idle = connect(address, &HEALTH.replace("close", "keep-alive")).await;
    assert!(idle.read(&mut [0; 4096]).await.expect("an answer") > 0);
    let said = rest(connect(address, HEALTH).await).await;
    assert!(said.starts_with("HTTP/1.1 200"), "the idle one makes room: {said}");
    assert_eq!(rest(idle).await, "", "and ends");

    // A connection that has sent nothing makes room immediately, before its time is up.
    let silent = TcpStream::connect(address).await.expect("a connection");
    let said = rest(connect(address, HEALTH).await).await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    drop(silent);

    let proxies = vec!["127.0.0.0/8".to_owned().try_into().expect("a network")];
    let (address, _server) = serve(&portal, Bounds { proxies, ..bounds }).await;
    let mut through = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(address, &HEALTH.replace("close", "keep-alive")).await;
        assert!(stream.read(&mut [0; 4096]).await.expect("an answer") > 0, "a proxy carries many clients");
        through.push(stream);
    }
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let portal = Portal::open().await;
    let (address, _server) = serve(&portal, Bounds { idle: Duration::from_millis(200), ..Bounds::default() }).await;
    let idle = connect(address, &HEALTH.replace("close", "keep-alive")).await;
    assert!(rest(idle).await.starts_with("HTTP/1.1 200"), "the answer, and then the end");
}
