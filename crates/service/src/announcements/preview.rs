//! A file as it would be published, to be looked at before: the page, what it does not show and why it would be refused
//! (B20). The source waits on the server, so that it works without JavaScript.

use domain::{
    Failure, FieldError,
    access::{Permission, Place},
    announcements::{AnnouncementPreview, AnnouncementProblem, PreviewedPage, PublishOptions},
};
use store::previews::Preview;

use super::{
    front_matter::check_length,
    publish::{Prepared, check_loss, check_place, invalid, prepare, unix_lines},
};
use crate::{Change, Context, OrFail};

/// Keeps a source to be looked at, in the place of the actor's one before. Nothing in it needs to be right.
///
/// # Errors
/// [`Failure::Forbidden`] without the permission to publish, [`Failure::Invalid`] under `source` for one that is too large,
/// under `file_name` for one that is too long.
pub async fn keep_preview(
    context: &Context,
    source: &str,
    file_name: &str,
    options: PublishOptions,
) -> Result<(), Failure> {
    const MAX_NAME: u32 = 200;
    let granted = context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    check_length(source).map_err(invalid)?;
    if file_name.chars().count() > MAX_NAME as usize {
        return Err(Failure::field("file_name", FieldError::TooLong { max: MAX_NAME }));
    }
    let change = Change::begin(context).await?;
    let preview = Preview { file_name: file_name.to_owned(), source: unix_lines(source), options };
    let kept = store::previews::put(&change.tx, &granted, context.actor.person, &preview, change.now).await;
    kept.or_fail("keeping a preview")?;
    change.commit().await
}

/// Returns what the actor wanted to look at last, as it would be published now; `None` without such a source.
///
/// # Errors
/// [`Failure::Forbidden`] without the permission to publish.
pub async fn preview(context: &Context) -> Result<Option<AnnouncementPreview>, Failure> {
    context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let services = &context.services;
    let kept = store::previews::find(&services.db, context.actor.person).await.or_fail("finding a preview")?;
    let Some(Preview { file_name, source, options }) = kept else { return Ok(None) };
    let name = Some(file_name.as_str()).filter(|name| !name.is_empty());
    let (page, problem) = match prepare(services, &source, name).await {
        Ok(prepared) => {
            let mut problem = check_loss(&prepared.article, options).err();
            if problem.is_none() {
                problem = problem_of(check_place(&services.db, &prepared, options).await)?;
            }
            (Some(page(prepared)), problem)
        }
        Err(failure) => (None, problem_of(Err(failure))?),
    };
    Ok(Some(AnnouncementPreview { file_name, source, options, page, problem }))
}

fn page(Prepared { front, article, .. }: Prepared) -> PreviewedPage {
    PreviewedPage {
        slug: front.slug.as_str().to_owned(),
        locale: front.locale,
        title: front.title,
        description: front.description,
        unlisted: front.unlisted,
        html: article.html,
        remarks: article.remarks,
    }
}

/// What is wrong with the file; other failures stay failures.
fn problem_of(outcome: Result<(), Failure>) -> Result<Option<AnnouncementProblem>, Failure> {
    match outcome {
        Ok(()) => Ok(None),
        Err(Failure::Invalid(errors)) => match errors.get("source") {
            Some(FieldError::Announcement(problem)) => Ok(Some(problem.clone())),
            _ => Err(Failure::Invalid(errors)),
        },
        Err(failure) => Err(failure),
    }
}
