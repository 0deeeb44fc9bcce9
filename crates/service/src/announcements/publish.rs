//! Publishing: a file becomes a version of an announcement; the version before is kept (F1).

use std::collections::HashSet;

use domain::{
    Failure, FieldError,
    access::{Granted, Permission, Place},
    announcements::{AnnouncementProblem, AnnouncementRemark, PublishOptions, Published},
    audit::Verb,
    text::{fold, words},
};
use serde_json::json;
use store::announcements::{LatestText, NewText};

use super::{Article, FrontMatter, Site, Text, front_matter::body_of, parse, render};
use crate::{Change, Context, OrFail, Services};

fn invalid(problem: AnnouncementProblem) -> Failure {
    Failure::field("source", FieldError::Announcement(problem))
}

/// A file that was read and rendered: all that needs no transaction (C20).
struct Prepared<'a> {
    source: &'a str,
    front: FrontMatter,
    article: Article,
}

fn prepare<'a>(
    services: &Services,
    source: &'a str,
    file_name: Option<&str>,
    options: PublishOptions,
) -> Result<Prepared<'a>, Failure> {
    let (front, body) = parse(source, file_name).map_err(invalid)?;
    let text = Text { title: &front.title, markdown: body, first_line: front.body_line, locale: front.locale };
    let article = render(text, Site { prefix: "", image_hosts: &services.settings.image_hosts })?;
    let mut lost = article.remarks.iter().filter_map(|remark| match remark {
        AnnouncementRemark::LostText { line, text } => Some((*line, text)),
        _ => None,
    });
    if let Some((line, text)) = lost.next().filter(|_| !options.allow_loss) {
        let all = words(text).count() + lost.map(|(_, text)| words(text).count()).sum::<usize>();
        let problem =
            AnnouncementProblem::LosesText { line, text: text.clone(), words: u32::try_from(all).unwrap_or(u32::MAX) };
        return Err(invalid(problem));
    }
    Ok(Prepared { source, front, article })
}

/// Publishes a file from the command line. Nothing is sent: that is a step of its own
/// ([`super::mail_everyone`], K20).
///
/// # Errors
/// [`Failure::Invalid`] with an [`AnnouncementProblem`] under `source`.
pub async fn publish(
    services: &Services,
    source: &str,
    file_name: Option<&str>,
    options: PublishOptions,
) -> Result<Published, Failure> {
    let prepared = prepare(services, source, file_name, options)?;
    let granted = Granted::to_system(Permission::AnnouncementPublish, None);
    let change = Change::begin_as_system(services).await?;
    write(services, change, &granted, prepared, options).await
}

/// Publishes a file that somebody sent in.
///
/// # Errors
/// [`Failure::Forbidden`] for those who may not, otherwise as [`publish`].
pub async fn publish_as(
    context: &Context,
    source: &str,
    file_name: Option<&str>,
    options: PublishOptions,
) -> Result<Published, Failure> {
    let granted = context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let counted = context.limit_writing()?;
    let prepared = prepare(&context.services, source, file_name, options)?;
    let change = Change::begin_counted(context, counted).await?;
    write(&context.services, change, &granted, prepared, options).await
}

/// A page of the same name is another text when it shares little with this one; it is not replaced unasked, and neither
/// hidden nor listed.
fn check_successor(latest: &LatestText, front: &FrontMatter, slug: &str, source: &str) -> Result<(), Failure> {
    let (slug, title) = (slug.to_owned(), latest.title.clone());
    if latest.unlisted != front.unlisted {
        return Err(invalid(match front.unlisted {
            true => AnnouncementProblem::WouldHide { slug, title },
            false => AnnouncementProblem::WouldList { slug, title },
        }));
    }
    let of = |source: &str| words(body_of(source).0).collect::<HashSet<String>>();
    let (before, after) = (of(&latest.source), of(source));
    let shared = before.intersection(&after).count();
    let smaller = before.len().min(after.len()).max(1);
    let same_title = fold(&latest.title) == fold(&front.title);
    // Under its own title a text may change more.
    if shared * 100 < smaller * if same_title { 25 } else { 50 } {
        return Err(invalid(AnnouncementProblem::WouldReplace { slug, title }));
    }
    Ok(())
}

async fn write(
    services: &Services,
    mut change: Change,
    granted: &Granted,
    prepared: Prepared<'_>,
    options: PublishOptions,
) -> Result<Published, Failure> {
    let Prepared { source, front, article } = prepared;
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
        remarks: article.remarks,
    };
    if let Some(latest) = latest.as_ref().filter(|latest| !latest.superseded && latest.source == source) {
        published.version = latest.version;
        published.unchanged = true;
        return Ok(published);
    }
    if let Some(latest) = latest.filter(|latest| !latest.superseded && !options.replace) {
        check_successor(&latest, &front, slug, source)?;
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
