//! The live stream `/live`: server-sent events that name cases something happened to. Each batch is read from the database
//! with the visibility the reader has at that moment; a session that ended ends the stream.

use std::{convert::Infallible, time::Duration};

use app::request::Facts;
use axum::{
    Extension,
    extract::{Query, State},
    http::{HeaderMap, HeaderName, StatusCode},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::stream::{self, Stream, StreamExt};
use serde::Deserialize;
use service::{Context, live, session};

use crate::middleware::AppState;

#[derive(Debug, Deserialize)]
pub struct From {
    /// The number of the last event the page knows.
    #[serde(default)]
    after: Option<i64>,
}

pub async fn stream(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Response {
    let (Some(_), Some((token, _))) = (&facts.actor, &facts.session) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    // After a lost connection the browser says where it stopped; that is later than what the page knew.
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|id| id.parse().ok());
    let after = match resumed.or(from.after) {
        Some(after) => after,
        None => state.services.bus.newest(),
    };
    let sse =
        Sse::new(events(state, token.clone(), after)).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)));
    ([(HeaderName::from_static("x-accel-buffering"), "no")], sse).into_response()
}

/// Waits for the bus (or, when another node wrote, a few seconds), then reads what is new.
fn events(state: AppState, token: String, after: i64) -> impl Stream<Item = Result<Event, Infallible>> {
    let woken = state.services.bus.subscribe();
    stream::unfold((state, token, woken, after), |(state, token, mut woken, after)| async move {
        loop {
            // Read who asks anew: a role that was taken away, or a session that was ended, counts at once (T-A4).
            let (actor, _) = session::find(&state.services, &token).await.ok().flatten()?;
            let context = Context { services: state.services.clone(), actor, request: None };
            woken.mark_unchanged();
            let batch = live::events_after(&context, after).await.ok()?;
            if let Some(last) = batch.last() {
                let last = last.seq;
                let events: Vec<_> = batch
                    .iter()
                    .map(|event| {
                        Ok(Event::default().event("case").id(event.seq.to_string()).data(event.case.to_string()))
                    })
                    .collect();
                return Some((stream::iter(events), (state, token, woken, last)));
            }
            tokio::select! {
                () = state.stop.cancelled() => return None,
                changed = woken.changed() => changed.ok()?,
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
            }
        }
    })
    .flatten()
}
