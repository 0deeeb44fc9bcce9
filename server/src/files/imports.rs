//! What is to be imported comes in by a plain multipart form and streams to disk.

use app::request::Facts;
use axum::{
    Extension,
    extract::Multipart,
    response::{IntoResponse, Redirect, Response},
};
use domain::{Failure, FieldError, ImportId};
use service::imports::Upload;

use super::{answer, context};

/// Keeps the files and leads to the page where the dry run shows.
pub async fn upload(Extension(facts): Extension<Facts>, form: Multipart) -> Response {
    match take(facts, form).await {
        Ok(id) => Redirect::to(&format!("/imports/{id}")).into_response(),
        Err(Failure::Invalid(_)) => Redirect::to("/imports?refused=1").into_response(),
        Err(failure) => answer(failure),
    }
}

async fn take(facts: Facts, mut form: Multipart) -> Result<ImportId, Failure> {
    let mut upload = Upload::begin(&context(facts)?).await?;
    let unreadable = || Failure::field("files", FieldError::Required);
    while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
        let Some(name) = field.file_name().map(ToOwned::to_owned).filter(|name| !name.is_empty()) else { continue };
        upload.take(&name, Box::pin(field)).await?;
    }
    upload.finish()
}
