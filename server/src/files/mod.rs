//! Uploads and downloads: plain multipart forms, which work without JavaScript and stream.

pub mod imports;
mod name;
mod once;
mod parts;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use app::{ApiError, request::Facts};
use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, header},
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

use crate::{
    middleware::{AppState, mark_done},
    web::{failure_code, shows_pages},
};
use parts::Parts;

/// The maximum number of parts in one upload, files and text fields (F4).
const MAX_PARTS: usize = 50;
/// The maximum number of bytes in all text fields of one upload.
const MAX_TEXT: usize = 64 * 1024;
/// The maximum number of bytes of a refused upload that are still read.
const DRAINED: usize = 2 * MAX_FILE_BYTES as usize;

#[derive(Debug, Deserialize)]
pub struct Target {
    /// The case that the files are for; without it they wait until a form names them.
    case: Option<CaseId>,
}

fn context(facts: Facts) -> Result<Context, Failure> {
    let actor = facts.actor.ok_or(Failure::Unauthenticated)?;
    Ok(Context { services: facts.services, actor, request: facts.request })
}

/// Accepts files. A script gets the file back as JSON; a plain form is led to its case, where the files are an entry.
pub async fn upload(
    Extension(facts): Extension<Facts>,
    Query(into): Query<Target>,
    headers: HeaderMap,
    mut form: Parts,
) -> Response {
    let secure = facts.secure;
    let outcome = take(facts, into.case, &mut form).await;
    if !matches!(outcome, Ok(_) | Err(Failure::TooMany { .. })) {
        form.drain(DRAINED, MAX_PARTS).await;
    }
    match (outcome, into.case.filter(|_| !wants_json(&headers))) {
        (Ok((files, _)), None) => Json(files.into_iter().next()).into_response(),
        (Ok((_, to)), Some(_)) => lead_on(&to, secure),
        (Err(Failure::Unauthenticated), Some(case)) => sign_in(&format!("/cases/{case}")),
        (Err(failure), Some(case)) => lead_back(&format!("/cases/{case}"), "/fn/cases/reply", failure),
        (Err(failure), None) => failure_code(failure),
    }
}

/// Leads to a page that says why a form was refused; `function` is the server function whose form shows it.
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

/// Leads to the page that shows what was sent.
fn lead_on(to: &str, secure: bool) -> Response {
    let mut response = Redirect::to(to).into_response();
    mark_done(response.headers_mut(), secure);
    response
}

/// Stores the files; returns them and where they lead.
async fn take(facts: Facts, case: Option<CaseId>, form: &mut Parts) -> Result<(Vec<FileView>, String), Failure> {
    let context = context(facts)?;
    let uploads = Uploads::begin(&context, case).await?;
    let mut sent = once::Form::new("/files", true);
    let taken = receive(&context, &uploads, &mut sent, form).await?;
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
        return use_once(&context, &uploads, &taken, sent, work).await.map(|to| (taken, to));
    }
    Ok((taken, String::new()))
}

/// Does what a form wants with the files that it brought, once. Those that a second sending brought again, or that are refused
/// now, are forgotten: nothing names them, and they would count until the sweep.
async fn use_once(
    context: &Context,
    uploads: &Uploads,
    taken: &[FileView],
    sent: once::Form,
    work: impl Future<Output = Result<String, Failure>> + Send + 'static,
) -> Result<String, Failure> {
    let used = Arc::new(AtomicBool::new(false));
    let note = used.clone();
    let work = async move {
        let outcome = work.await;
        note.store(outcome.is_ok(), Ordering::Relaxed);
        outcome
    };
    let outcome = sent.take(context, work).await;
    if !used.load(Ordering::Relaxed) {
        forget(uploads, taken).await;
    }
    outcome
}

async fn forget(uploads: &Uploads, files: &[FileView]) {
    let ids: Vec<FileId> = files.iter().map(|file| file.id).collect();
    if let Err(failure) = uploads.forget(&ids).await {
        tracing::warn!(error = %failure, "files that came for nothing count until the sweep");
    }
}

/// Takes every file of a form, one after the other: all of them, or none is kept.
async fn receive(
    context: &Context,
    uploads: &Uploads,
    sent: &mut once::Form,
    form: &mut Parts,
) -> Result<Vec<FileView>, Failure> {
    let mut taken = Vec::new();
    let received = receive_into(&mut taken, context, uploads, sent, form).await;
    if received.is_err() && !taken.is_empty() {
        forget(uploads, &taken).await;
    }
    received.map(|()| taken)
}

async fn receive_into(
    taken: &mut Vec<FileView>,
    context: &Context,
    uploads: &Uploads,
    sent: &mut once::Form,
    form: &mut Parts,
) -> Result<(), Failure> {
    let refuse = |error| Failure::field("files", error);
    let interrupted = |_| refuse(FieldError::Upload(UploadProblem::Interrupted));
    let (mut parts, mut text) = (0, 0);
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
            None if field.name() == Some("key") => sent.read_key(context, field).await?,
            // A text field, or a file field that was left empty.
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
    if taken.is_empty() { Err(refuse(FieldError::NoFileName)) } else { Ok(()) }
}

/// The page on which images of announcements are uploaded, and the server function whose form there shows a refusal.
const IMAGES: (&str, &str) = ("/publish", "/fn/announcements/images");

/// Takes images of announcements; leads back to the page that says how a text shows them.
pub async fn upload_images(Extension(facts): Extension<Facts>, headers: HeaderMap, mut form: Parts) -> Response {
    let secure = facts.secure;
    let outcome = take_images(facts, &mut form).await;
    if !matches!(outcome, Ok(_) | Err(Failure::TooMany { .. })) {
        form.drain(DRAINED, MAX_PARTS).await;
    }
    let (page, function) = IMAGES;
    match outcome {
        Ok(to) => lead_on(&to, secure),
        Err(failure) if wants_json(&headers) => failure_code(failure),
        Err(Failure::Unauthenticated) => sign_in(page),
        Err(failure) => lead_back(page, function, failure),
    }
}

async fn take_images(facts: Facts, form: &mut Parts) -> Result<String, Failure> {
    let context = context(facts)?;
    let uploads = Uploads::begin_images(&context).await?;
    let mut sent = once::Form::new(IMAGES.1, true);
    let taken = receive(&context, &uploads, &mut sent, form).await?;
    let work = async { Ok(format!("{}#images", IMAGES.0)) };
    use_once(&context, &uploads, &taken, sent, work).await
}

/// Sends a file as a download: it is never shown inside the site, whatever its type (RT CVE-2022-25802; ASVS 3.2.1), and its
/// name does not make it run (F19j). A reader without access gets a page (T25).
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

/// Answers a failure with a page for browsers and with a code for programs.
async fn answer_with_page(state: AppState, request: Request, failure: Failure) -> Response {
    if !shows_pages(request.headers()) {
        return failure_code(failure);
    }
    match failure {
        Failure::Unauthenticated => Redirect::to(&crate::middleware::sign_in_and_back(request.uri())).into_response(),
        // Also for a file that the reader may know of but not have: the page would say no more.
        Failure::NotFound | Failure::Forbidden(_) => crate::router::not_found(State(state), request).await,
        failure => crate::web::failure_page(&failure).into_response(),
    }
}
