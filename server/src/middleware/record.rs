//! Gives each request an id, which is in the log, in the ledger and in the answer, and logs how it was answered.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use domain::RequestId;
use tracing::Instrument;

use super::AppState;

/// The methods that the log names.
static METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH];

/// The path is logged as its pattern and without its query: ids and search terms stay out of the log.
pub async fn record_request(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id: RequestId = state.services.id();
    request.extensions_mut().insert(id);
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path.as_ref().map_or("(none)", MatchedPath::as_str);
    // A method can be any word, and as long as a head may be.
    let method = METHODS.iter().find(|known| *known == request.method()).map_or("(other)", Method::as_str);
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        method,
        path,
        user.id = tracing::field::Empty
    );
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    span.in_scope(|| {
        tracing::info!(
            status = response.status().as_u16(),
            duration_ms = begun.elapsed().as_millis() as u64,
            "answered"
        );
    });
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}
