//! Publishing: a file becomes a version of an announcement; the version before is kept (F1).

use std::collections::HashSet;

use domain::{
    Failure, FieldError, FileId,
    access::{Granted, Permission, Place},
    announcements::{AnnouncementProblem, AnnouncementRemark, PublishOptions, Published},
    audit::Verb,
    text::{fold, words},
};
use serde_json::json;
use store::{
    Reads,
    announcements::{LatestText, NewText},
};

use super::{Article, FrontMatter, Site, Text, front_matter::body_of, images, parse, render};
use crate::{Change, Context, OrFail, Services};

pub(super) fn invalid(problem: AnnouncementProblem) -> Failure {
    Failure::field("source", FieldError::Announcement(problem))
}

/// A file that was read and rendered, which needs no transaction (C20).
pub(super) struct Prepared {
    source: String,
    pub front: FrontMatter,
    pub article: Article,
    /// The images of this site that the text names.
    images: Vec<FileId>,
}

/// Lines end with `\n`, whichever system and browser the text comes from: the same text is the same source.
pub(super) fn unix_lines(source: &str) -> String {
    source.replace("\r\n", "\n").replace('\r', "\n")
}

pub(super) async fn prepare(services: &Services, source: &str, file_name: Option<&str>) -> Result<Prepared, Failure> {
    let source = unix_lines(source);
    let (front, body) = parse(&source, file_name).map_err(invalid)?;
    let text = Text { title: &front.title, markdown: body, first_line: front.body_line, locale: front.locale };
    let mut article = render(text, Site { prefix: "", image_hosts: &services.settings.image_hosts })?;
    let (images, remarks) = images::find(&services.db, body, front.body_line).await?;
    article.remarks.extend(remarks);
    article.remarks.sort_by_key(AnnouncementRemark::line);
    Ok(Prepared { source, front, article, images })
}

/// Refuses a page that would lose text (B20).
///
/// # Errors
/// [`AnnouncementProblem::LosesText`], with the first line.
pub(super) fn check_loss(article: &Article, options: PublishOptions) -> Result<(), AnnouncementProblem> {
    let mut lost = article.remarks.iter().filter_map(|remark| match remark {
        AnnouncementRemark::LostText { line, text } => Some((*line, text)),
        _ => None,
    });
    let Some((line, text)) = lost.next().filter(|_| !options.allow_loss) else { return Ok(()) };
    let all = words(text).count() + lost.map(|(_, text)| words(text).count()).sum::<usize>();
    Err(AnnouncementProblem::LosesText { line, text: text.clone(), words: u32::try_from(all).unwrap_or(u32::MAX) })
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
    let prepared = prepare(services, source, file_name).await?;
    let granted = Granted::to_system(Permission::AnnouncementPublish, None);
    let change = Change::begin_as_system(services).await?;
    write(services, change, &granted, prepared, options).await
}

/// Publishes a file that the actor sent in.
///
/// # Errors
/// [`Failure::Forbidden`] without the permission to publish, otherwise as [`publish`].
pub async fn publish_as(
    context: &Context,
    source: &str,
    file_name: Option<&str>,
    options: PublishOptions,
) -> Result<Published, Failure> {
    let granted = context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let counted = context.limit_writing()?;
    let prepared = prepare(&context.services, source, file_name).await?;
    let change = Change::begin_counted(context, counted).await?;
    store::previews::delete(&change.tx, context.actor.person).await.or_fail("forgetting a preview")?;
    write(&context.services, change, &granted, prepared, options).await
}

/// Refuses to replace, hide or list a page of the same name unasked: one that shares little with this text is another one.
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

fn is_unchanged(latest: &LatestText, source: &str) -> bool {
    !latest.superseded && (latest.source == source || unix_lines(&latest.source) == source)
}

/// Refuses what the file would do to other pages and may not do unasked.
///
/// # Errors
/// As [`check_successor`]; [`AnnouncementProblem::NothingToSupersede`].
pub(super) async fn check_place(db: &impl Reads, prepared: &Prepared, options: PublishOptions) -> Result<(), Failure> {
    let Prepared { source, front, .. } = prepared;
    let slug = front.slug.as_str();
    let present = store::announcements::find_by_slug(db, slug).await.or_fail("finding an announcement")?;
    if let Some(present) = &present {
        let latest = store::announcements::find_latest(db, present.id, front.locale).await.or_fail("finding a text")?;
        match latest {
            Some(latest) if is_unchanged(&latest, source) => return Ok(()),
            Some(latest) if !latest.superseded && !options.replace => check_successor(&latest, front, slug, source)?,
            _ => {}
        }
    }
    if let Some((before, line)) = &front.supersedes {
        let found = store::announcements::find_by_slug(db, before.as_str()).await.or_fail("finding an announcement")?;
        if found.is_none() || before.as_str() == slug {
            let slug = before.as_str().to_owned();
            return Err(invalid(AnnouncementProblem::NothingToSupersede { line: *line, slug }));
        }
    }
    Ok(())
}

async fn write(
    services: &Services,
    mut change: Change,
    granted: &Granted,
    prepared: Prepared,
    options: PublishOptions,
) -> Result<Published, Failure> {
    check_loss(&prepared.article, options).map_err(invalid)?;
    check_place(&change.tx, &prepared, options).await?;
    let Prepared { source, front, article, images } = prepared;
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
    if let Some(latest) = latest.as_ref().filter(|latest| is_unchanged(latest, &source)) {
        published.version = latest.version;
        published.unchanged = true;
        change.commit().await?;
        return Ok(published);
    }
    if let Some((before, _)) = &front.supersedes
        && let Some(found) =
            store::announcements::find_by_slug(tx, before.as_str()).await.or_fail("finding an announcement")?
    {
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
        source: &source,
        html: &article.html,
        unlisted: front.unlisted,
        source_version: front.source_version.as_deref(),
        translation: front.translation,
        translated_percent: front.translated_percent,
        now,
    };
    store::announcements::insert_text(tx, granted, text).await.or_fail("adding a text")?;
    store::files::publish_images(tx, granted, &images, now).await.or_fail("publishing images")?;
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
