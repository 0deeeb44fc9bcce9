//! Server functions of announcements.

use domain::{
    MailingId, ProgrammeId,
    announcements::{
        AnnouncementImages, AnnouncementList, AnnouncementPreview, AnnouncementView, MailPlan, MailSample,
    },
    locale::Locale,
};
use leptos::prelude::*;
use server_fn::codec::Json;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

/// `archive` lists what was superseded; `page` counts from 1.
#[server(prefix = "/fn/announcements", endpoint = "list")]
pub async fn list_announcements(
    #[server(default)] archive: bool,
    #[server(default)] search: String,
    #[server(default)] page: u32,
) -> Result<AnnouncementList, ApiError> {
    let context = request::context()?;
    request::reply(if archive {
        service::announcements::archive(&context, &search, page).await
    } else {
        service::announcements::list(&context, &search, page).await
    })
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

/// `allow` names what the author agrees to in advance: `loss`, `replace`. With `then=preview` nothing is published: the page of
/// the form shows what would be.
#[server(prefix = "/fn/announcements", endpoint = "publish")]
pub async fn publish_announcement(
    #[server(default)] file_name: String,
    #[server(default)] source: String,
    #[server(default)] allow: Vec<String>,
    #[server(default)] then: String,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let name = file_name.trim();
    let allowed = |wanted: &str| allow.iter().any(|allowed| allowed == wanted);
    let options = domain::announcements::PublishOptions { allow_loss: allowed("loss"), replace: allowed("replace") };
    if then == "preview" {
        request::reply(service::announcements::keep_preview(&context, &source, name, options).await)?;
        request::redirect(&format!("/publish?at={}#preview", context.services.now().as_microsecond()));
        return Ok(());
    }
    let name = Some(name).filter(|name| !name.is_empty());
    let published = request::reply(service::announcements::publish_as(&context, &source, name, options).await)?;
    request::redirect(&format!("/announcements/{}?language={}", published.slug, published.locale.key()));
    Ok(())
}

/// Returns what the reader wanted to look at last, as it would be published.
#[server(prefix = "/fn/announcements", endpoint = "preview")]
pub async fn preview_announcement() -> Result<Option<AnnouncementPreview>, ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::preview(&context).await)
}

/// Lists the newest images that were uploaded for announcements.
#[server(prefix = "/fn/announcements", endpoint = "images")]
pub async fn list_images() -> Result<AnnouncementImages, ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::images(&context).await)
}

/// Returns who would get the mail, for each programme.
#[server(prefix = "/fn/announcements", endpoint = "plan_mail")]
pub async fn plan_mail(slug: String) -> Result<Vec<MailPlan>, ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::plan_mail(&context, &slug).await)
}

/// Renders the mail, once for each language.
#[server(prefix = "/fn/announcements", endpoint = "sample_mail")]
pub async fn sample_mail(slug: String, programme: ProgrammeId) -> Result<Vec<MailSample>, ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::sample_mail(&context, &slug, programme).await)
}

#[cfg(feature = "ssr")]
fn send_page(slug: &str, programme: ProgrammeId, done: &str) -> String {
    let slug = domain::announcements::Slug::parse(slug).map(String::from).unwrap_or_default();
    let done = if done.is_empty() { String::new() } else { format!("&done={done}") };
    format!("/announcements/{slug}/send?programme={programme}{done}")
}

#[server(prefix = "/fn/announcements", endpoint = "mail_oneself")]
pub async fn mail_oneself(slug: String, programme: ProgrammeId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::mail_oneself(&context, &slug, programme).await)?;
    request::redirect(&send_page(&slug, programme, "tested"));
    Ok(())
}

/// `shown` is the number of recipients on the page; `number` is the one that was typed (D3).
#[server(prefix = "/fn/announcements", endpoint = "mail_everyone")]
pub async fn mail_everyone(
    slug: String,
    programme: ProgrammeId,
    #[server(default)] shown: u64,
    #[server(default)] number: String,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let confirmation = service::announcements::Confirmation { shown, typed: &number };
    request::reply(service::announcements::mail_everyone(&context, &slug, programme, confirmation).await)?;
    request::redirect(&send_page(&slug, programme, ""));
    Ok(())
}

#[server(prefix = "/fn/announcements", endpoint = "stop_mailing")]
pub async fn stop_mailing(id: MailingId, slug: String, programme: ProgrammeId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::announcements::stop_mailing(&context, id).await)?;
    request::redirect(&send_page(&slug, programme, "stopped"));
    Ok(())
}
