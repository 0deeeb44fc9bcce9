//! Publishing: a file becomes a version of an announcement; the version before is kept (F1).

use domain::{
    Failure, FieldError,
    access::{Granted, Permission, Place},
    announcements::{AnnouncementProblem, Published},
    audit::Verb,
};
use serde_json::json;
use store::announcements::NewText;

use super::{parse, render};
use crate::{Change, Context, OrFail, Services};

fn invalid(problem: AnnouncementProblem) -> Failure {
    Failure::field("source", FieldError::Announcement(problem))
}

/// Publishes a file from the command line. Nothing is sent: that is a step of its own
/// ([`super::mail_everyone`], K20).
///
/// # Errors
/// [`Failure::Invalid`] with an [`AnnouncementProblem`] under `source`.
pub async fn publish(services: &Services, source: &str, file_name: Option<&str>) -> Result<Published, Failure> {
    let granted = Granted::to_system(Permission::AnnouncementPublish, None);
    let change = Change::begin_as_system(services).await?;
    write(services, change, &granted, source, file_name).await
}

/// Publishes a file that somebody sent in.
///
/// # Errors
/// [`Failure::Forbidden`] for those who may not, otherwise as [`publish`].
pub async fn publish_as(context: &Context, source: &str, file_name: Option<&str>) -> Result<Published, Failure> {
    let granted = context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let change = Change::begin(context).await?;
    write(&context.services, change, &granted, source, file_name).await
}

async fn write(
    services: &Services,
    mut change: Change,
    granted: &Granted,
    source: &str,
    file_name: Option<&str>,
) -> Result<Published, Failure> {
    let (front, body) = parse(source, file_name).map_err(invalid)?;
    let article = render(&front.title, body, "")?;
    let (tx, now) = (&change.tx, change.now);
    let slug = front.slug.as_str();

    // F4: another language of the same address joins the announcement that is there.
    let present = store::announcements::find_by_slug(tx, slug).await.or_fail("finding an announcement")?;
    let (id, sequence) = match present {
        Some(present) => (present.id, present.sequence),
        None => {
            let id = services.id();
            let sequence = store::announcements::insert(tx, granted, id, slug, now).await;
            (id, sequence.or_fail("adding an announcement")?)
        }
    };
    let latest = store::announcements::find_latest(tx, id, front.locale).await.or_fail("finding a text")?;
    let mut published = Published {
        id,
        slug: slug.to_owned(),
        sequence,
        locale: front.locale,
        version: latest.as_ref().map_or(1, |latest| latest.version + 1),
        title: front.title.clone(),
        unlisted: front.unlisted,
        unchanged: false,
    };
    if let Some(latest) = latest.filter(|latest| !latest.superseded && latest.source == source) {
        published.version = latest.version;
        published.unchanged = true;
        return Ok(published);
    }
    if let Some((before, line)) = &front.supersedes {
        let found = store::announcements::find_by_slug(tx, before.as_str()).await.or_fail("finding an announcement")?;
        let found = found.filter(|found| found.id != id).ok_or_else(|| {
            invalid(AnnouncementProblem::NothingToSupersede { line: *line, slug: before.as_str().to_owned() })
        })?;
        store::announcements::supersede(tx, granted, found.id, None, now).await.or_fail("superseding")?;
        store::announcements::set_successor(tx, granted, found.id, Some(id)).await.or_fail("superseding")?;
    }
    // Published again, it stands again.
    store::announcements::set_successor(tx, granted, id, None).await.or_fail("superseding")?;
    store::announcements::supersede(tx, granted, id, Some(front.locale), now).await.or_fail("superseding")?;
    let text = NewText {
        id: services.id(),
        announcement: id,
        locale: front.locale,
        version: published.version,
        title: &front.title,
        description: &front.description,
        source,
        html: &article.html,
        unlisted: front.unlisted,
        source_version: front.source_version.as_deref(),
        translation: front.translation,
        translated_percent: front.translated_percent,
        now,
    };
    store::announcements::insert_text(tx, granted, text).await.or_fail("adding a text")?;
    let detail = json!({
        "slug": slug,
        "sequence": sequence,
        "locale": front.locale,
        "version": published.version,
        "title": front.title,
        "unlisted": front.unlisted,
        "supersedes": front.supersedes.as_ref().map(|(slug, _)| slug.as_str()),
    });
    change.event(Verb::AnnouncementPublished, None, ("announcement", id), detail);
    change.commit().await?;
    Ok(published)
}
