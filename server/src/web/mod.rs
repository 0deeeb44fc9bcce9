//! Pages, health and what is said when nothing else can be.

use std::any::Any;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use domain::Failure;

use crate::middleware::AppState;

/// The process is there.
pub async fn healthz() -> &'static str {
    "ok"
}

/// The database answers.
pub async fn readyz(State(state): State<AppState>) -> impl IntoResponse {
    match state.services.db.ping().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer"),
    }
}

/// A page that needs nothing, for when the database is away: in both languages, since nobody could be asked.
pub fn failure_page(failure: &Failure) -> impl IntoResponse + use<> {
    last_page(StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The same, for a mistake of ours; the log names it under the id of the request.
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<&str>().copied().or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!(cause = text.unwrap_or_default(), "a handler panicked");
    last_page(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

fn last_page(status: StatusCode) -> impl IntoResponse + use<> {
    let page = "<!doctype html><html lang=\"fr\"><meta charset=\"utf-8\"><title>Guichet</title>\
        <h1>Le service ne répond pas pour le moment</h1><p>Réessayez dans un instant.</p>\
        <h1 lang=\"en\">The service does not answer right now</h1><p lang=\"en\">Try again in a moment.</p></html>";
    (status, [(header::RETRY_AFTER, "5")], Html(page))
}
