//! Uploads for imports arrive in a plain multipart form and stream to disk; the verdicts go out as a table.

use app::{imports::report, request::Facts};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{Failure, FieldError, FieldErrors, ImportId, imports::UploadProblem};
use futures::TryStreamExt;
use service::{
    forms::FileSum,
    imports::{self, Part, Upload},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{DRAINED, MAX_PARTS, answer_with_page, context, lead_back, name, once, parts::Parts, sign_in, wants_json};
use crate::{
    middleware::AppState,
    router::IMPORT_LIMIT,
    web::{failure_code, shows_pages},
};

/// Stores the files and leads to the page with the dry run.
pub async fn upload(Extension(facts): Extension<Facts>, headers: HeaderMap, mut form: Parts) -> Response {
    let outcome = take(facts, &mut form).await;
    match &outcome {
        Ok(_) | Err(Failure::TooMany { .. }) => {}
        Err(Failure::Invalid(_)) => form.drain(IMPORT_LIMIT, imports::MAX_FILES + MAX_PARTS).await,
        Err(_) => form.drain(DRAINED, MAX_PARTS).await,
    }
    match outcome {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(Failure::Invalid(errors)) => {
            Redirect::to(&format!("/imports?refused={}", problem(&errors).key())).into_response()
        }
        Err(Failure::Unauthenticated) if !wants_json(&headers) => sign_in("/imports"),
        Err(failure) if shows_pages(&headers) => lead_back("/imports", "/imports/upload", failure),
        Err(failure) => failure_code(failure),
    }
}

fn problem(errors: &FieldErrors) -> UploadProblem {
    let found = errors.iter().find_map(|(_, error)| match error {
        FieldError::Upload(problem) => Some(*problem),
        _ => None,
    });
    found.unwrap_or(UploadProblem::Interrupted)
}

/// Stores the files and returns the page with the dry run.
async fn take(facts: Facts, form: &mut Parts) -> Result<String, Failure> {
    let context = context(facts)?;
    let mut upload = Upload::begin(&context).await?;
    // Uploading the same files later is another import, since the database may have changed.
    let mut sent = once::Form::new("/imports/upload", false);
    let refuse = |problem| Failure::field("records", FieldError::Upload(problem));
    let mut others = 0;
    loop {
        let field = match form.next().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(_) => {
                upload.note_refusal(UploadProblem::Interrupted, None);
                return Err(refuse(UploadProblem::Interrupted));
            }
        };
        let part = match field.name() {
            Some("records") => Some(Part::Records),
            Some("files") => Some(Part::Attached),
            _ => None,
        };
        match part.zip(name::claimed(field.headers()).filter(|name| !name.is_empty())) {
            Some((part, name)) => {
                let mut sum = FileSum::default();
                let body = field.inspect_ok(|chunk| sum.add(chunk));
                upload.take(part, &name, Box::pin(body)).await?;
                sent.note_file(&format!("{part:?} {name}"), sum);
            }
            None if field.name() == Some("key") => sent.read_key(&context, field).await?,
            // Text fields, and file fields that were left empty.
            None if others >= MAX_PARTS => return Err(refuse(UploadProblem::TooManyFiles)),
            None => others += 1,
        }
    }
    sent.take(&context, async move { upload.finish().map(|id| format!("/imports/{id}")) }).await
}

/// Streams the verdict on every record, in the reader's language.
pub async fn verdicts(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    Path(id): Path<ImportId>,
    request: Request,
) -> Response {
    let language = facts.locale;
    let opened = match context(facts) {
        Ok(context) => imports::read_verdicts(&context, id).await,
        Err(failure) => Err(failure),
    };
    let rows = match opened {
        Ok(rows) => rows,
        Err(failure) => return answer_with_page(state, request, failure).await,
    };
    let (sender, receiver) = tokio::sync::mpsc::channel(64);
    tokio::task::spawn_blocking(move || {
        let lines = std::iter::once(report::head(language)).chain(rows.map(|row| report::row(language, &row)));
        for line in lines {
            // The client may go away.
            if sender.blocking_send(Ok::<_, std::convert::Infallible>(line)).is_err() {
                return;
            }
        }
    });
    let mut response = Body::from_stream(ReceiverStream::new(receiver)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let name = format!("attachment; filename=\"verdicts-{id}.csv\"");
    if let Ok(value) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
