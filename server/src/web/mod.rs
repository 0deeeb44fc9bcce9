//! Pages, health and what is said when nothing else can be.

use std::any::Any;

use app::request::Facts;
use axum::{
    Extension,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::Failure;
use service::{Context, cases};

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
    last_page(status, &fault)
}

/// The same, for a mistake of ours; the log names it under the id of the request.
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<&str>().copied().or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!(cause = text.unwrap_or_default(), "a handler panicked");
    last_page(StatusCode::INTERNAL_SERVER_ERROR, "").into_response()
}

fn last_page(status: StatusCode, fault: &str) -> impl IntoResponse + use<> {
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

/// Where links of the system before lead (K21): `/legacy/` and the old number, or the old id, of a case. The operator
/// sends the old addresses here (docs/OPERATIONS.md).
pub async fn legacy(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    Path(reference): Path<String>,
    request: axum::extract::Request,
) -> Response {
    let Some(actor) = facts.actor else {
        return Redirect::to(&crate::middleware::sign_in_and_back(request.uri())).into_response();
    };
    let context = Context { services: facts.services, actor, request: facts.request };
    match cases::find_by_legacy(&context, &reference).await {
        Ok(cases::Legacy::Case(id)) => Redirect::to(&format!("/cases/{id}")).into_response(),
        Ok(cases::Legacy::Several) => {
            Redirect::to(&format!("/cases?search={}", crate::middleware::encode(&reference))).into_response()
        }
        Err(Failure::NotFound) => crate::router::not_found(State(state), request).await,
        Err(failure) => failure_page(&failure).into_response(),
    }
}
