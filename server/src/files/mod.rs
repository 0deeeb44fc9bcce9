//! Files in and out: plain multipart, so that it works without JavaScript and streams.

pub mod imports;

use app::{ApiError, request::Facts};
use axum::{
    Extension, Json,
    body::Body,
    extract::{Multipart, Path, Query},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{CaseId, Failure, FieldError, FileId, cases::FileView, files::MAX_FILES};
use serde::Deserialize;
use service::{Context, cases, files};

#[derive(Debug, Deserialize)]
pub struct Into {
    /// The case the files are for; without it they wait to be named by a form.
    case: Option<CaseId>,
}

fn context(facts: Facts) -> Result<Context, Failure> {
    let actor = facts.actor.ok_or(Failure::Unauthenticated)?;
    Ok(Context { services: facts.services, actor, request: facts.request })
}

fn answer(failure: Failure) -> Response {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(ApiError(failure))).into_response()
}

/// Takes files. A script gets the file back as JSON; a plain form is led to its case, where the files are an entry.
pub async fn upload(
    Extension(facts): Extension<Facts>,
    Query(into): Query<Into>,
    headers: HeaderMap,
    form: Multipart,
) -> Response {
    let wants_json =
        headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    let outcome = take(facts, into.case, form).await;
    match (outcome, into.case) {
        (Ok(files), None) => Json(files.into_iter().next()).into_response(),
        (Ok(_), Some(case)) => Redirect::to(&format!("/cases/{case}")).into_response(),
        (Err(failure), Some(case)) if !wants_json => {
            let error = server_fn::error::ServerFnUrlError::new("/fn/cases/reply", ApiError(failure));
            let base = format!("http://portal/cases/{case}");
            let to = error.to_url(&base).map(|url| format!("{}?{}", url.path(), url.query().unwrap_or_default()));
            Redirect::to(&to.unwrap_or_else(|_| format!("/cases/{case}"))).into_response()
        }
        (Err(failure), _) => answer(failure),
    }
}

async fn take(facts: Facts, case: Option<CaseId>, mut form: Multipart) -> Result<Vec<FileView>, Failure> {
    let context = context(facts)?;
    let unreadable = || Failure::field("files", FieldError::Required);
    let mut taken = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
        let Some(name) = field.file_name().map(ToOwned::to_owned).filter(|name| !name.is_empty()) else { continue };
        if taken.len() >= MAX_FILES {
            return Err(Failure::field("files", FieldError::TooMany { max: MAX_FILES as u32 }));
        }
        taken.push(files::upload(&context, &name, Box::pin(field)).await?);
    }
    if taken.is_empty() {
        return Err(unreadable());
    }
    if let Some(case) = case {
        let names: Vec<&str> = taken.iter().map(|file| file.name.as_str()).collect();
        let ids: Vec<FileId> = taken.iter().map(|file| file.id).collect();
        cases::reply(&context, case, &names.join("\n"), &ids, cases::Reply::Answer, "").await?;
    }
    Ok(taken)
}

/// Gives a file as a download: never shown inside the site, whatever it is (RT CVE-2022-25802; ASVS 3.2.1).
pub async fn download(Extension(facts): Extension<Facts>, Path(id): Path<FileId>) -> Response {
    let opened = match context(facts) {
        Ok(context) => files::open(&context, id).await,
        Err(failure) => Err(failure),
    };
    let (file, bytes) = match opened {
        Ok(opened) => opened,
        Err(failure) => return answer(failure),
    };
    let mut response = Body::from_stream(bytes).into_response();
    let headers = response.headers_mut();
    let encoded: String = file
        .name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    let pairs = [
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{encoded}")),
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
