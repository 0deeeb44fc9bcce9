//! Pages, health and what is said when nothing else can be.

pub mod brand;

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
use store::Health;

use crate::middleware::AppState;

/// The process is there.
pub async fn healthz() -> &'static str {
    "ok"
}

/// The database can be read and written; otherwise what is wrong with it (F1). Asked at most once a second, however often
/// this is.
pub async fn readyz(State(state): State<AppState>) -> Response {
    match state.services.db.health(state.services.now()).await {
        Health::Works => "ready".into_response(),
        wrong => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], format!("not ready: {wrong}"))
            .into_response(),
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
    last_page(status, failure.retry_after().unwrap_or(5), &fault)
}

/// The answer to a plain form that could neither be taken nor kept: why, and what was typed, to be copied or sent again.
pub fn kept_page(failure: &Failure, function: &str, fields: &[(String, String)]) -> impl IntoResponse + use<> {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let typed: String = fields
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escape(name), escape(value));
            format!("<p><textarea name=\"{name}\" rows=\"6\" cols=\"80\">\n{value}</textarea></p>")
        })
        .collect();
    let function = escape(function);
    let form = format!(
        "<h2>Ce que vous avez saisi · What you typed</h2><form method=\"post\" action=\"{function}\">{typed}\
        <p><button type=\"submit\">Envoyer à nouveau · Send again</button></p></form>"
    );
    last_page(status, failure.retry_after().unwrap_or(5), &form)
}

/// The same, for a mistake of ours; the log names it under the id of the request.
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<&str>().copied().or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!(cause = text.unwrap_or_default(), "a handler panicked");
    last_page(StatusCode::INTERNAL_SERVER_ERROR, 5, "").into_response()
}

fn last_page(status: StatusCode, wait: u32, fault: &str) -> impl IntoResponse + use<> {
    let page = format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\">\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
        <meta name=\"color-scheme\" content=\"light dark\">\
        <title>Service indisponible · Service unavailable</title></head><body><main>\
        <h1>Le service ne répond pas pour le moment</h1><p>Réessayez dans un instant.</p>\
        <div lang=\"en\"><h2>The service does not answer right now</h2><p>Try again in a moment.</p></div>\
        {fault}</main></body></html>"
    );
    (status, [(header::RETRY_AFTER, wait.to_string())], Html(page))
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
