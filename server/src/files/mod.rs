//! Files in and out: plain multipart, so that it works without JavaScript and streams.

pub mod imports;
mod name;
mod once;
mod parts;

use app::{ApiError, request::Facts};
use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    CaseId, Failure, FieldError, FileId,
    cases::FileView,
    files::{MAX_FILE_BYTES, MAX_FILES},
    imports::UploadProblem,
};
use futures::TryStreamExt;
use serde::Deserialize;
use service::{
    Context, cases,
    files::{self, Uploads},
    forms::FileSum,
};

use crate::middleware::AppState;
use parts::Parts;

/// Parts of one upload, files and fields of text (F4).
const MAX_PARTS: usize = 50;
/// Bytes of all fields of text in one upload.
const MAX_TEXT: usize = 64 * 1024;
/// Bytes of a refused upload that are read to its end.
const DRAINED: usize = 2 * MAX_FILE_BYTES as usize;

#[derive(Debug, Deserialize)]
pub struct Target {
    /// The case the files are for; without it they wait to be named by a form.
    case: Option<CaseId>,
}

fn context(facts: Facts) -> Result<Context, Failure> {
    let actor = facts.actor.ok_or(Failure::Unauthenticated)?;
    Ok(Context { services: facts.services, actor, request: facts.request })
}

fn answer(failure: Failure) -> Response {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let wait = failure.retry_after();
    let mut response = (status, Json(ApiError(failure))).into_response();
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Takes files. A script gets the file back as JSON; a plain form is led to its case, where the files are an entry.
pub async fn upload(
    Extension(facts): Extension<Facts>,
    Query(into): Query<Target>,
    headers: HeaderMap,
    mut form: Parts,
) -> Response {
    let outcome = take(facts, into.case, &mut form).await;
    if !matches!(outcome, Ok(_) | Err(Failure::TooMany { .. })) {
        form.drain(DRAINED, MAX_PARTS).await;
    }
    match (outcome, into.case.filter(|_| !wants_json(&headers))) {
        (Ok(files), None) => Json(files.into_iter().next()).into_response(),
        (Ok(_), Some(case)) => Redirect::to(&format!("/cases/{case}")).into_response(),
        (Err(Failure::Unauthenticated), Some(case)) => sign_in(&format!("/cases/{case}")),
        (Err(failure), Some(case)) => lead_back(&format!("/cases/{case}"), "/fn/cases/reply", failure),
        (Err(failure), None) => answer(failure),
    }
}

/// Leads to a page that says why a form was refused; `function` is the one whose form on that page says it.
fn lead_back(page: &str, function: &str, failure: Failure) -> Response {
    let error = server_fn::error::ServerFnUrlError::new(function, ApiError(failure));
    let to = error.to_url(&format!("http://portal{page}"));
    let to = to.map(|url| format!("{}?{}", url.path(), url.query().unwrap_or_default()));
    Redirect::to(&to.unwrap_or_else(|_| page.to_owned())).into_response()
}

/// Leads a person whose session ended to the sign-in page, and from there on to `next`.
fn sign_in(next: &str) -> Response {
    Redirect::to(&format!("/sign-in?next={}", crate::middleware::encode(next))).into_response()
}

fn wants_json(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"))
}

/// Whether who asks is a browser that shows what it gets.
fn shows_pages(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

async fn take(facts: Facts, case: Option<CaseId>, form: &mut Parts) -> Result<Vec<FileView>, Failure> {
    let context = context(facts)?;
    let uploads = Uploads::begin(&context, case).await?;
    let refuse = |error| Failure::field("files", error);
    let interrupted = |_| refuse(FieldError::Upload(UploadProblem::Interrupted));
    let mut sent = once::Form::new("/files", true);
    let (mut taken, mut parts, mut text) = (Vec::new(), 0, 0);
    while let Some(mut field) = form.next().await.map_err(interrupted)? {
        parts += 1;
        if parts > MAX_PARTS {
            return Err(refuse(FieldError::TooMany { max: MAX_PARTS as u32 }));
        }
        match name::claimed(field.headers()) {
            Some(name) if !name.is_empty() => {
                if taken.len() >= MAX_FILES {
                    return Err(refuse(FieldError::TooMany { max: MAX_FILES as u32 }));
                }
                let mut sum = FileSum::default();
                let body = field.inspect_ok(|chunk| sum.add(chunk));
                let file = uploads.take(&name, Box::pin(body)).await?;
                sent.note_file(&name, sum);
                taken.push(file);
            }
            None if field.name() == Some("key") => sent.read_key(&context, field).await?,
            // A field of text, or, without a byte, a file field that was left empty.
            unnamed => {
                while let Some(chunk) = field.chunk().await.map_err(interrupted)? {
                    text += chunk.len();
                    if (unnamed.is_some() && !chunk.is_empty()) || text > MAX_TEXT {
                        return Err(refuse(FieldError::NoFileName));
                    }
                }
            }
        }
    }
    if taken.is_empty() {
        return Err(refuse(FieldError::NoFileName));
    }
    if let Some(case) = case {
        let names: Vec<&str> = taken.iter().map(|file| file.name.as_str()).collect();
        let ids: Vec<FileId> = taken.iter().map(|file| file.id).collect();
        let text = names.join("\n");
        sent.note("case", case.to_string());
        let writer = context.clone();
        let work = async move {
            cases::reply(&writer, case, &text, &ids, cases::Reply::Answer).await?;
            Ok(format!("/cases/{case}"))
        };
        sent.take(&context, work).await?;
    }
    Ok(taken)
}

/// Gives a file as a download: never shown inside the site, whatever it is (RT CVE-2022-25802; ASVS 3.2.1), and under a
/// name that runs nothing (F19j). A person who may not have it gets a page (T25).
pub async fn download(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let opened = match (context(facts), id.parse::<FileId>()) {
        (Ok(context), Ok(id)) => files::open(&context, id).await,
        (Ok(_), Err(_)) => Err(Failure::NotFound),
        (Err(failure), _) => Err(failure),
    };
    let (file, bytes) = match opened {
        Ok(opened) => opened,
        Err(failure) => return answer_with_page(state, request, failure).await,
    };
    let mut response = Body::from_stream(bytes).into_response();
    let headers = response.headers_mut();
    let pairs = [
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", name::encoded(&file.name))),
        (header::CONTENT_TYPE, file.media_type),
        (header::CONTENT_LENGTH, file.size.to_string()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    for (name, value) in pairs {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

/// Says a failure as a page to a browser that shows one, and as a code to a program.
async fn answer_with_page(state: AppState, request: Request, failure: Failure) -> Response {
    if !shows_pages(request.headers()) {
        return answer(failure);
    }
    match failure {
        Failure::Unauthenticated => Redirect::to(&crate::middleware::sign_in_and_back(request.uri())).into_response(),
        // Also for what may be seen and not had: the page would say no more than this.
        Failure::NotFound | Failure::Forbidden(_) => crate::router::not_found(State(state), request).await,
        failure => crate::web::failure_page(&failure).into_response(),
    }
}
