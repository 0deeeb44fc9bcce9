//! Pages, health and what is said when nothing else can be.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse},
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
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // The number that the log has the cause under.
    let fault = match failure {
        Failure::Unexpected(fault) => format!("<p><code>{fault}</code></p>"),
        _ => String::new(),
    };
    let page = format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\">\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
        <meta name=\"color-scheme\" content=\"light dark\">\
        <title>Service indisponible · Service unavailable · Guichet</title></head><body><main>\
        <h1>Le service ne répond pas pour le moment</h1><p>Réessayez dans un instant.</p>\
        <div lang=\"en\"><h2>The service does not answer right now</h2><p>Try again in a moment.</p></div>\
        {fault}</main></body></html>"
    );
    (status, [(header::RETRY_AFTER, "5")], Html(page))
}
