//! Server functions of announcements.

use domain::{
    ProgrammeId,
    announcements::{AnnouncementRow, AnnouncementView, Mailing},
    locale::Locale,
};
use leptos::prelude::*;
use server_fn::codec::Json;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

#[server(prefix = "/fn/announcements", endpoint = "list")]
pub async fn list_announcements() -> Result<Vec<AnnouncementRow>, ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::list(&context).await)
}

#[server(prefix = "/fn/announcements", endpoint = "archive")]
pub async fn list_archive() -> Result<Vec<AnnouncementRow>, ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::archive(&context).await)
}

#[server(prefix = "/fn/announcements", endpoint = "find", input = Json)]
pub async fn find_announcement(
    slug: String,
    language: Option<Locale>,
    version: Option<i64>,
) -> Result<AnnouncementView, ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::page(&context, &slug, language, version).await)
}

#[server(prefix = "/fn/announcements", endpoint = "publish")]
pub async fn publish_announcement(
    #[server(default)] file_name: String,
    #[server(default)] source: String,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let name = Some(file_name.trim()).filter(|name| !name.is_empty());
    let published = request::reply(service::announcements::publish_as(&context, &source, name).await)?;
    request::redirect(&format!("/announcements/{}", published.slug));
    Ok(())
}

/// Whom the mail would go to, for each programme.
#[server(prefix = "/fn/announcements", endpoint = "plan_mail")]
pub async fn plan_mail(slug: String) -> Result<Vec<(ProgrammeId, String, Mailing)>, ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::plan_mail(&context, &slug).await)
}

#[server(prefix = "/fn/announcements", endpoint = "mail_everyone")]
pub async fn mail_everyone(slug: String, programme: ProgrammeId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::mail_everyone(&context, &slug, programme).await.map(|_| ()))
}
