//! The live stream `/live`: server-sent events that name cases something happened to, and say nothing of what. Each new event
//! is read once a process ([`live::run`]) and tested here, in memory, against the visibility of the reader; an event about
//! the reader's rights or session makes the stream look them up again, and a session that ended ends it.
//!
//! A session has at most six streams, and the oldest ends when a seventh opens (F9); the tabs of one browser share one.
//!
//! `case` carries a case and the number of its events that the reader may know of; `refresh` says that more happened than
//! can be named. The last event of a batch carries the cursor to resume from ([`live::seal`]), so that an interrupted batch
//! is sent again.

mod places;

pub use places::Streams;

use std::{convert::Infallible, sync::Arc, time::Duration};

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
use jiff::Timestamp;
use serde::Deserialize;
use service::{
    Context,
    live::{self, Batch, News},
    session,
};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::middleware::AppState;

/// How long a stream waits before it looks by itself whether its session goes on: sessions end by lying idle too. Each stream
/// that nothing wakes waits a little less or more, so that they do not all ask at once.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// How long it waits after the database has not answered.
const ASK_AGAIN_AFTER_FAILURE: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
pub struct LiveQuery {
    /// The cursor of the page, or of its last event.
    after: Option<String>,
    /// Ends the stream after what is new by now, for a tab that gets the rest from another one.
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
    // After a lost connection the browser says where it stopped, which is later than the page's cursor.
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let cursor = resumed.or(query.after.as_deref());
    let known = cursor.and_then(|cursor| live::open(&state.services, cursor));
    let mut first = vec![Event::default().retry(Duration::from_secs(1))];
    if cursor.is_some() && known.is_none() {
        first.push(refresh());
    }
    let batches = state.services.bus.subscribe();
    let after = known.unwrap_or(state.services.bus.newest());
    let place = (!query.once && method == Method::GET).then(|| state.streams.open(&session));
    let looked_up_at = state.services.now();
    let reader = Reader { state, token, batches, who: None, looked_up_at, looked_up_after: 0, after, place };
    let sse = Sse::new(stream::iter(first.into_iter().map(Ok)).chain(reader.events()))
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(20)));
    ([(HeaderName::from_static("x-accel-buffering"), "no")], sse).into_response()
}

struct Reader {
    state: AppState,
    token: String,
    batches: broadcast::Receiver<Arc<Batch>>,
    /// The reader and the key of their session, as last looked up.
    who: Option<(Context, String)>,
    /// When they were looked up.
    looked_up_at: Timestamp,
    /// The newest event that was known of before they were looked up.
    looked_up_after: i64,
    /// How far the ledger was read.
    after: i64,
    /// `None` for a request that does not wait.
    place: Option<places::Place>,
}

/// What woke a stream.
enum Woken {
    Batch(Arc<Batch>),
    /// Batches were missed: the database says what was in them.
    Behind,
    /// A long time without any.
    Silence,
}

impl Reader {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut reader| async move {
            let news = reader.next().await?;
            Some((stream::iter(reader.messages(&news)), reader))
        })
        .flatten()
    }

    /// Waits until something is new; `None` ends the stream.
    async fn next(&mut self) -> Option<News> {
        let mut behind = self.who.is_none();
        while !self.state.stop.is_cancelled() {
            if behind {
                match self.read().await {
                    Ok(Some(news)) if is_news(&news) => return Some(news),
                    Ok(Some(_)) => behind = false,
                    Ok(None) => return None,
                    // It may answer again in a moment, and streams that ended would all come back at once.
                    Err(failure) => {
                        tracing::warn!(error = %failure, "a live stream waits for the database");
                        self.place.as_ref()?;
                        tokio::time::sleep(ASK_AGAIN_AFTER_FAILURE).await;
                        continue;
                    }
                }
            }
            match self.wait().await? {
                Woken::Batch(batch) => {
                    if self.is_changed_by(&batch) || self.is_stale() || batch.leaves_a_gap_after(self.after) {
                        behind = true;
                        continue;
                    }
                    let (context, _) = self.who.as_ref()?;
                    let news = batch.news(&context.visibility(), self.after);
                    self.after = news.upto;
                    if is_news(&news) {
                        return Some(news);
                    }
                }
                Woken::Behind | Woken::Silence => behind = true,
            }
        }
        None
    }

    /// Whether the reader's rights or session may have changed since they were looked up. The place in the ledger that the
    /// stream has come to does not tell: it is read after the reader is.
    fn is_changed_by(&self, batch: &Batch) -> bool {
        let touches = self.who.as_ref().is_none_or(|(who, key)| batch.touches(who.actor.person, key));
        touches && batch.upto > self.looked_up_after
    }

    /// Whether the reader was looked up too long ago: where something happens all the time, no silence makes the stream look.
    fn is_stale(&self) -> bool {
        let since = self.state.services.now().duration_since(self.looked_up_at);
        since.unsigned_abs() >= ASK_AGAIN
    }

    /// Returns `None` when the stream has to end.
    async fn wait(&mut self) -> Option<Woken> {
        let place = self.place.as_ref()?;
        let silence = ASK_AGAIN.mul_f64(rand::random_range(0.75..1.25));
        tokio::select! {
            () = self.state.stop.cancelled() => None,
            () = place.taken() => None,
            batch = self.batches.recv() => match batch {
                Ok(batch) => Some(Woken::Batch(batch)),
                Err(RecvError::Lagged(_)) => Some(Woken::Behind),
                Err(RecvError::Closed) => None,
            },
            () = tokio::time::sleep(silence) => Some(Woken::Silence),
        }
    }

    /// Looks up the reader and what is new in the database; `None` when the session has ended. A revoked role or an ended
    /// session takes effect immediately (T-A4): the batch that tells of it leads here.
    async fn read(&mut self) -> Result<Option<News>, Failure> {
        let services = &self.state.services;
        (self.looked_up_at, self.looked_up_after) = (services.now(), services.bus.newest());
        let Some((actor, key)) = session::peek(services, &self.token).await? else { return Ok(None) };
        let context = Context { services: services.clone(), actor, request: None };
        let news = live::news(&context, self.after).await?;
        self.after = news.upto;
        // More may be new than one read takes.
        self.who = (!is_news(&news)).then_some((context, key));
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

fn is_news(news: &News) -> bool {
    news.imported || !news.cases.is_empty()
}

/// Browsers pass over an event without data.
fn refresh() -> Event {
    Event::default().event("refresh").data("all")
}
