//! What is to be imported comes in by a plain multipart form and streams to disk; the verdicts go out as a table.

use app::{imports::report, request::Facts};
use axum::{
    Extension,
    body::Body,
    extract::{Multipart, Path},
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{Failure, FieldError, FieldErrors, ImportId, imports::UploadProblem};
use service::imports::{self, Part, Upload};
use tokio_stream::wrappers::ReceiverStream;

use super::{answer, context};

/// Keeps the files and leads to the page where the dry run shows.
pub async fn upload(Extension(facts): Extension<Facts>, form: Multipart) -> Response {
    match take(facts, form).await {
        Ok(id) => Redirect::to(&format!("/imports/{id}")).into_response(),
        Err(Failure::Invalid(errors)) => {
            Redirect::to(&format!("/imports?refused={}", problem(&errors).key())).into_response()
        }
        Err(failure) => answer(failure),
    }
}

fn problem(errors: &FieldErrors) -> UploadProblem {
    let found = errors.iter().find_map(|(_, error)| match error {
        FieldError::Upload(problem) => Some(*problem),
        _ => None,
    });
    found.unwrap_or(UploadProblem::Interrupted)
}

async fn take(facts: Facts, mut form: Multipart) -> Result<ImportId, Failure> {
    let mut upload = Upload::begin(&context(facts)?).await?;
    let interrupted = |_| Failure::field("records", FieldError::Upload(UploadProblem::Interrupted));
    while let Some(field) = form.next_field().await.map_err(interrupted)? {
        let part = match field.name() {
            Some("records") => Part::Records,
            Some("files") => Part::Attached,
            _ => continue,
        };
        let Some(name) = field.file_name().map(ToOwned::to_owned).filter(|name| !name.is_empty()) else { continue };
        upload.take(part, &name, Box::pin(field)).await?;
    }
    upload.finish()
}

/// The verdict on every record, in the reader's language.
pub async fn verdicts(Extension(facts): Extension<Facts>, Path(id): Path<ImportId>) -> Response {
    let language = facts.locale;
    let opened = match context(facts) {
        Ok(context) => imports::read_verdicts(&context, id).await,
        Err(failure) => Err(failure),
    };
    let rows = match opened {
        Ok(rows) => rows,
        Err(failure) => return answer(failure),
    };
    let (sender, receiver) = tokio::sync::mpsc::channel(64);
    tokio::task::spawn_blocking(move || {
        let lines = std::iter::once(report::head(language)).chain(rows.map(|row| report::row(language, &row)));
        for line in lines {
            // Whoever reads may go away.
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
