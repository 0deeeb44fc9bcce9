//! The live stream: what arrives, where it resumes, when it ends.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{Request, header},
};
use futures::StreamExt;
use service::cases::{self, Reply};

use super::portal::Portal;

/// Reads a stream message by message.
struct Listener(BodyDataStream);

impl Listener {
    async fn open(portal: &Portal, path: &str, cookie: &str, resume: &str) -> Self {
        let request = Request::get(path)
            .header(header::COOKIE, cookie)
            .header(header::ACCEPT_ENCODING, "gzip")
            .header("last-event-id", resume);
        let mut request = request.body(Body::empty()).expect("a request");
        if resume.is_empty() {
            request.headers_mut().remove("last-event-id");
        }
        let answer = portal.begin(request).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING), "compressed, it would wait to be full");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        let mut listener = Self(answer.into_body().into_data_stream());
        assert_eq!(listener.next().await.as_deref(), Some("retry: 1000"));
        listener
    }

    /// Returns the next message; `None` when the stream has ended.
    async fn next(&mut self) -> Option<String> {
        let next = tokio::time::timeout(Duration::from_secs(8), self.0.next()).await.expect("a message, or the end");
        next.map(|bytes| String::from_utf8_lossy(&bytes.expect("a message")).trim().to_owned())
    }

    async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(300), self.0.next()).await.is_err()
    }
}

fn field<'a>(message: &'a str, name: &str) -> &'a str {
    message.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default()
}

async fn answer(portal: &Portal) {
    let agent = portal.world.context(portal.agent).await;
    cases::reply(&agent, portal.case, "Nous regardons.", &[], Reply::Answer).await.expect("answered");
}

#[tokio::test]
async fn events_arrive_and_a_lost_stream_resumes_where_it_stopped() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let mut listener = Listener::open(&portal, "/live", &cookie, "").await;
    answer(&portal).await;
    let first = listener.next().await.expect("a message");
    assert_eq!((field(&first, "event:"), field(&first, "data:")), ("case", format!("{} 2", portal.case).as_str()));
    drop(listener);

    answer(&portal).await;
    let cursor = field(&first, "id:");
    let mut resumed = Listener::open(&portal, "/live?after=old", &cookie, cursor).await;
    let second = resumed.next().await.expect("a message");
    assert_eq!(field(&second, "data:"), format!("{} 3", portal.case), "what came in between, once");
    assert!(resumed.is_silent().await);

    // A page that opens a new stream sends the cursor in its address.
    let mut reopened = Listener::open(&portal, &format!("/live?after={cursor}"), &cookie, "").await;
    assert_eq!(field(&reopened.next().await.expect("a message"), "data:"), format!("{} 3", portal.case));
    // A cursor of another key, or nonsense: what was missed is unknown.
    let mut lost = Listener::open(&portal, "/live?after=812", &cookie, "").await;
    assert_eq!(field(&lost.next().await.expect("a message"), "event:"), "refresh");
}

/// T-A2: neither the page nor the stream reveals how much happens elsewhere, and internal notes are no news for customers.
#[tokio::test]
async fn t_a2_the_stream_reveals_nothing_about_others() {
    let portal = Portal::open().await;
    let (admin, stranger) = (portal.cookie(portal.admin).await, portal.cookie(portal.stranger).await);
    let mut theirs = Listener::open(&portal, "/live", &stranger, "").await;
    let mut ours = Listener::open(&portal, "/live", &admin, "").await;
    let agent = portal.world.context(portal.agent).await;
    cases::note(&agent, portal.case, "CANARY-NOTE").await.expect("noted");
    assert!(ours.is_silent().await);
    answer(&portal).await;
    let message = ours.next().await.expect("a message");
    assert_eq!(field(&message, "data:"), format!("{} 2", portal.case), "the notes are not counted");
    assert!(theirs.is_silent().await);
    assert_eq!(field(&message, "id:").len(), 64);
    let viewer = portal.call("/fn/session/viewer", "", &admin).await.body;
    let viewer: serde_json::Value = serde_json::from_str(&viewer).expect("JSON");
    assert_eq!(viewer["live_from"].as_str().map(str::len), Some(64), "sealed: {viewer}");
}

/// T-A4: a person who is signed out hears nothing more.
#[tokio::test]
async fn t_a4_the_stream_ends_with_the_session() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let mut listener = Listener::open(&portal, "/live", &cookie, "").await;
    service::session::sign_out_everywhere(&portal.world.context(portal.admin).await).await.expect("signed out");
    let ended = tokio::time::timeout(Duration::from_secs(1), listener.next()).await;
    assert_eq!(ended, Ok(None), "within a second");
}

/// A browser does not learn why a stream was refused, so the tab asks.
#[tokio::test]
async fn a_tab_can_ask_whether_it_is_still_signed_in() {
    let portal = Portal::open().await;
    for (cookie, status) in [(portal.cookie(portal.admin).await, 200), (String::new(), 401)] {
        let request = Request::head("/live").header(header::COOKIE, cookie).body(Body::empty()).expect("a request");
        assert_eq!(portal.send(request).await.status, status);
    }
}

#[tokio::test]
async fn the_stream_ends_when_the_server_stops() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let mut listener = Listener::open(&portal, "/live", &cookie, "").await;
    assert!(listener.is_silent().await);
    portal.state.stop.cancel();
    assert_eq!(tokio::time::timeout(Duration::from_secs(1), listener.next()).await, Ok(None), "within a second");
}

/// ASVS 7.3.1: an open tab does not count as use of the session, however often it connects.
#[tokio::test]
async fn asvs_7_3_1_a_stream_does_not_keep_its_session_alive() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    portal.world.clock.advance(jiff::SignedDuration::from_hours(11));
    drop(Listener::open(&portal, "/live", &cookie, "").await);
    portal.world.clock.advance(jiff::SignedDuration::from_hours(2));
    assert_eq!(portal.get("/live", &cookie).await.status, 401);
}

/// ASVS 7.3.1: events that keep coming do not hide from a stream that its session has ended by lying idle.
#[tokio::test]
async fn asvs_7_3_1_a_busy_stream_ends_with_its_idle_session() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let mut listener = Listener::open(&portal, "/live", &cookie, "").await;
    assert!(listener.is_silent().await);
    portal.world.clock.advance(jiff::SignedDuration::from_hours(13));
    answer(&portal).await;
    assert_eq!(listener.next().await, None, "it ends instead of naming the case");
}

/// F9: a session has at most six streams; the oldest ends when a seventh opens.
#[tokio::test]
async fn f9_a_session_has_six_streams() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let mut open = Vec::new();
    for _ in 0..7 {
        open.push(Listener::open(&portal, "/live", &cookie, "").await);
    }
    let mut other = Listener::open(&portal, "/live", &portal.cookie(portal.admin).await, "").await;
    assert_eq!(open[0].next().await, None, "the oldest ends");
    answer(&portal).await;
    for listener in open.iter_mut().skip(1).chain([&mut other]) {
        assert!(listener.next().await.is_some_and(|message| message.contains("event: case")));
    }
    // A closed stream makes room.
    drop(open.pop());
    let _new = Listener::open(&portal, "/live", &cookie, "").await;
    assert!(open[1].is_silent().await, "still open");
}

/// T08: a tab that follows another one asks once for what came before.
#[tokio::test]
async fn t08_a_tab_can_ask_once_for_what_is_new() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let viewer = portal.call("/fn/session/viewer", "", &cookie).await.body;
    let viewer: serde_json::Value = serde_json::from_str(&viewer).expect("JSON");
    let path = format!("/live?once=true&after={}", viewer["live_from"].as_str().expect("a cursor"));
    assert_eq!(portal.get(&path, &cookie).await.body.trim(), "retry: 1000", "nothing is new");
    answer(&portal).await;
    let news = portal.get(&path, &cookie).await.body;
    assert!(news.contains(&format!("data: {} 2", portal.case)) && news.contains("id: "), "{news}");
}

/// B1: a database that does not answer for a while ends no streams, which would all reconnect together.
#[tokio::test]
async fn b1_a_database_that_is_away_ends_no_streams() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    // It looks for its reader when it is read on.
    let mut listener = Listener::open(&portal, "/live", &cookie, "").await;
    portal.world.services.db.clone().close().await.expect("closed");
    assert!(listener.is_silent().await, "without an answer, it waits");
}
