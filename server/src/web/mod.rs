//! Health checks, redirects of old links, and the pages of last resort.

pub mod brand;

use std::any::Any;

use app::{ApiError, request::Facts};
use axum::{
    Extension, Json,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::Failure;
use service::{Context, cases};
use store::Health;

use crate::middleware::AppState;

/// Says that the process is running.
pub async fn healthz() -> &'static str {
    "ok"
}

/// Says whether the database can be read and written, or what is wrong with it (F1). The database is asked at most once a
/// second, however often this is called.
pub async fn readyz(State(state): State<AppState>) -> Response {
    match state.services.db.health(state.services.now()).await {
        Health::Works => "ready".into_response(),
        wrong => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], format!("not ready: {wrong}"))
            .into_response(),
    }
}

/// Whether the client is a browser that shows the answer.
pub fn shows_pages(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Refuses a request that no page takes: says why in both languages to a browser, in one line to a program.
pub fn refusal(pages: bool, status: StatusCode, french: &str, english: &str) -> Response {
    if !pages {
        return (status, english.to_owned()).into_response();
    }
    let body = format!(
        "<h1>Votre demande n’a pas été traitée</h1><p>{french}</p>\
        <div lang=\"en\"><h2>Your request was not processed</h2><p>{english}</p></div>"
    );
    (status, bare_page("Demande refusée · Request refused", &body)).into_response()
}

/// Says in words that an upload announces more than `limit` bytes; it was not read.
pub async fn refuse_large_uploads(request: Request, next: Next, limit: usize) -> Response {
    let pages = shows_pages(request.headers());
    let response = next.run(request).await;
    if response.status() != StatusCode::PAYLOAD_TOO_LARGE {
        return response;
    }
    let megabytes = limit / (1024 * 1024);
    refusal(
        pages,
        StatusCode::PAYLOAD_TOO_LARGE,
        &format!(
            "{megabytes}\u{a0}Mo au plus à la fois. Revenez en arrière et envoyez moins de fichiers, ou de plus petits."
        ),
        &format!("At most {megabytes}\u{a0}MB can be sent at once. Go back and send fewer or smaller files."),
    )
}

/// Answers a failure with a page for browsers and with a code for programs.
pub fn failure(headers: &HeaderMap, failure: Failure) -> Response {
    if shows_pages(headers) { failure_page(&failure).into_response() } else { failure_code(failure) }
}

/// Answers a failure for a program: its code, its status, and when to try again.
pub fn failure_code(failure: Failure) -> Response {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let wait = failure.retry_after();
    let mut response = (status, Json(ApiError(failure))).into_response();
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A page that depends on nothing, for when the database is away; in both languages, since the reader's is unknown.
pub fn failure_page(failure: &Failure) -> impl IntoResponse + use<> {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // The id of the cause in the log.
    let fault = match failure {
        Failure::Unexpected(fault) => format!("<p><code>{fault}</code></p>"),
        _ => String::new(),
    };
    last_page(status, failure.retry_after().unwrap_or(5), &fault)
}

/// Answers a form that is larger than [`crate::router::FORM_LIMIT`], which is not read: with a page in both languages, or
/// with a code for a program. The browser still has what was typed.
pub fn too_long(headers: &HeaderMap) -> Response {
    if !shows_pages(headers) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let megabytes = crate::router::FORM_LIMIT / (1024 * 1024);
    let body = format!(
        "<h1>Votre texte est trop long</h1><p>Un formulaire peut contenir {megabytes}\u{a0}Mo au plus. Rien n’a été envoyé. \
        Revenez en arrière avec votre navigateur, raccourcissez le texte ou joignez-le comme fichier.</p>\
        <div lang=\"en\"><h2>Your text is too long</h2><p>A form can hold at most {megabytes}\u{a0}MB. Nothing was sent. \
        Go back with your browser, shorten the text or attach it as a file.</p></div>"
    );
    (StatusCode::PAYLOAD_TOO_LARGE, bare_page("Texte trop long · Text too long", &body)).into_response()
}

/// Answers a plain form that could neither be accepted nor kept: says why, and shows what was typed, to be copied or sent
/// again.
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

/// Answers after a panic; the log has it under the id of the request.
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<&str>().copied().or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!(cause = text.unwrap_or_default(), "a handler panicked");
    last_page(StatusCode::INTERNAL_SERVER_ERROR, 5, "").into_response()
}

fn last_page(status: StatusCode, wait: u32, fault: &str) -> impl IntoResponse + use<> {
    let (title, french, english) = if status == StatusCode::TOO_MANY_REQUESTS {
        ("Trop d’envois · Too many at once", "Trop d’envois en peu de temps", "Too much was sent in a short time")
    } else {
        (
            "Service indisponible · Service unavailable",
            "Le service ne répond pas pour le moment",
            "The service is not responding right now",
        )
    };
    let text = format!(
        "<h1>{french}</h1><p>Réessayez dans un instant.</p>\
        <div lang=\"en\"><h2>{english}</h2><p>Try again in a moment.</p></div>{fault}"
    );
    let page = bare_page(title, &text);
    (status, [(header::RETRY_AFTER, wait.to_string())], page)
}

fn bare_page(title: &str, main: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\">\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
        <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title></head><body><main>{main}</main></body></html>"
    ))
}

/// Redirects links of the previous system (K21): `/legacy/` and the old number, or the old id, of a case. The operator sends
/// the old addresses here (docs/OPERATIONS.md).
pub async fn legacy(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    Path(reference): Path<String>,
    request: Request,
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
