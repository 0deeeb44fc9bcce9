//! The live stream `/live`: server-sent events that name cases something happened to, and say nothing of what. Each batch is
//! read from the database with the visibility the reader has at that moment; a session that ended ends the stream.
//!
//! A session has six streams at most, and the oldest ends when it opens a seventh (F9): the tabs of one browser share one.
//!
//! `case` holds a case and how many of its events the reader may know of; `refresh` says that more happened than can be
//! named. The last of a batch carries the cursor to go on from ([`live::seal`]), so that a batch cut in two comes again.

mod places;

pub use places::Streams;

use std::{convert::Infallible, time::Duration};

use app::request::Facts;
use axum::{
    Extension,
    extract::{Query, State},
    http::{HeaderMap, HeaderName, Method, StatusCode},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use domain::Failure;
use futures::stream::{self, Stream, StreamExt};
use serde::Deserialize;
use service::{
    Context,
    live::{self, News},
    session,
};
use tokio::sync::watch;

use crate::middleware::AppState;

/// How long a stream waits before it asks by itself: another node may have written something, or the session ended.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// How long it waits when the database does not answer, before it asks again.
const ASK_AGAIN_AFTER_FAILURE: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
pub struct LiveQuery {
    /// The cursor of the page, or of the last event it got.
    after: Option<String>,
    /// Ends after what is new by now: for a tab that hears the rest from another one.
    #[serde(default)]
    once: bool,
}

pub async fn stream(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    Query(query): Query<LiveQuery>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let (Some(_), Some((token, session))) = (facts.actor, facts.session) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    // After a lost connection the browser says where it stopped; that is later than what the page knew.
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let cursor = resumed.or(query.after.as_deref());
    let known = cursor.and_then(|cursor| live::open(&state.services, cursor));
    let mut first = vec![Event::default().retry(Duration::from_secs(1))];
    if cursor.is_some() && known.is_none() {
        first.push(refresh());
    }
    let woken = state.services.bus.subscribe();
    let after = known.unwrap_or(state.services.bus.newest());
    let place = (!query.once && method == Method::GET).then(|| state.streams.open(&session));
    let reader = Reader { state, token, woken, after, place };
    let sse = Sse::new(stream::iter(first.into_iter().map(Ok)).chain(reader.events()))
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(20)));
    ([(HeaderName::from_static("x-accel-buffering"), "no")], sse).into_response()
}

struct Reader {
    state: AppState,
    token: String,
    woken: watch::Receiver<i64>,
    /// How far the ledger was read.
    after: i64,
    /// `None` for a reader that does not wait.
    place: Option<places::Place>,
}

impl Reader {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut reader| async move {
            let news = reader.next().await?;
            Some((stream::iter(reader.messages(&news)), reader))
        })
        .flatten()
    }

    /// Waits for the bus, then reads what is new; `None` ends the stream.
    async fn next(&mut self) -> Option<News> {
        while !self.state.stop.is_cancelled() {
            self.woken.mark_unchanged();
            let pause = match self.read().await {
                Ok(Some(news)) if news.imported || !news.cases.is_empty() => return Some(news),
                Ok(Some(_)) => ASK_AGAIN,
                Ok(None) => return None,
                // It may answer again in a moment, and streams that ended would all come back at once.
                Err(failure) => {
                    tracing::warn!(error = %failure, "a live stream waits for the database");
                    ASK_AGAIN_AFTER_FAILURE
                }
            };
            let place = self.place.as_ref()?;
            tokio::select! {
                () = self.state.stop.cancelled() => {}
                () = place.taken() => return None,
                changed = self.woken.changed() => changed.ok()?,
                () = tokio::time::sleep(pause) => {}
            }
        }
        None
    }

    /// What is new; `None` when the session ended. Read who asks anew: a role that was taken away, or a session that was
    /// ended, counts at once (T-A4).
    async fn read(&mut self) -> Result<Option<News>, Failure> {
        let Some((actor, _)) = session::peek(&self.state.services, &self.token).await? else { return Ok(None) };
        let context = Context { services: self.state.services.clone(), actor, request: None };
        let news = live::news(&context, self.after).await?;
        self.after = news.upto;
        Ok(Some(news))
    }

    fn messages(&self, news: &News) -> Vec<Result<Event, Infallible>> {
        let case = |(case, known): &(_, i64)| Event::default().event("case").data(format!("{case} {known}"));
        let mut events: Vec<Event> = news.cases.iter().map(case).collect();
        events.extend(news.imported.then(refresh));
        let last = events.pop().map(|last| last.id(live::seal(&self.state.services, news.upto)));
        events.into_iter().chain(last).map(Ok).collect()
    }
}

/// Browsers pass over an event without data.
fn refresh() -> Event {
    Event::default().event("refresh").data("all")
}
