//! M3: an announcement as a mail, from the same text as the page (R34). A step of its own, counted before (K20).

use domain::{
    Failure, ProgrammeId,
    access::{Permission, Place, policy},
    announcements::Mailing,
    audit::Verb,
    mail::MailKind,
};
use serde_json::json;

use super::{Article, front_matter::body_of, render};
use crate::{Change, Context, OrFail, change::Mail};

/// How many people of a programme's companies a mail would go to, and how many of them got it before.
///
/// # Errors
/// [`Failure::Forbidden`] for those who do not publish, [`Failure::NotFound`].
pub async fn count_recipients(context: &Context, slug: &str, programme: ProgrammeId) -> Result<Mailing, Failure> {
    let granted = context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let db = &context.services.db;
    let found = store::announcements::find_by_slug(db, slug).await.or_fail("finding an announcement")?;
    let key = found.ok_or(Failure::NotFound)?.id.to_string();
    store::announcements::count_recipients(db, &granted, programme, &key).await.or_fail("counting recipients")
}

/// Every programme with whom the mail would go to: what one looks at before sending (K20). Empty for those who do not
/// publish: the page of an announcement asks this for everybody.
///
/// # Errors
/// [`Failure::NotFound`]
pub async fn plan_mail(context: &Context, slug: &str) -> Result<Vec<(ProgrammeId, String, Mailing)>, Failure> {
    if !policy::may_somewhere(&context.actor, Permission::AnnouncementPublish, context.services.now()) {
        return Ok(Vec::new());
    }
    let programmes = store::rollout::list_programmes(&context.services.db).await.or_fail("listing programmes")?;
    let mut plans = Vec::with_capacity(programmes.len());
    for programme in programmes {
        plans.push((programme.id, programme.name, count_recipients(context, slug, programme.id).await?));
    }
    Ok(plans)
}

/// Queues the mail to every invited and active person of the programme's companies: each once, however often this is
/// called and however many companies they belong to; in their language, or in another the announcement has.
///
/// # Errors
/// [`Failure::Forbidden`] for those who do not publish, [`Failure::NotFound`] also when nothing of it stands any more.
pub async fn mail_everyone(context: &Context, slug: &str, programme: ProgrammeId) -> Result<Mailing, Failure> {
    let granted = context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    context.limit_writing()?;
    let mut change = Change::begin(context).await?;
    let found = store::announcements::find_by_slug(&change.tx, slug).await.or_fail("finding an announcement")?;
    let announcement = found.ok_or(Failure::NotFound)?;
    let key = announcement.id.to_string();
    let portal = context.services.settings.public_url.as_str();
    let texts = store::announcements::list_mail_texts(&change.tx, announcement.id).await.or_fail("reading texts")?;
    let texts = texts
        .into_iter()
        .map(|text| Ok((text.locale, render(&text.title, body_of(&text.source), portal)?, text.title)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let programme = store::rollout::find_programme(&change.tx, programme).await.or_fail("finding a programme")?;
    let before = store::announcements::count_recipients(&change.tx, &granted, programme.id, &key);
    let before = before.await.or_fail("counting recipients")?;
    let people = store::announcements::list_recipients(&change.tx, &granted, programme.id).await;
    for person in people.or_fail("listing recipients")? {
        let text = texts.iter().find(|(locale, ..)| *locale == person.locale).or(texts.first());
        let (_, Article { html, plain }, title) = text.ok_or(Failure::NotFound)?;
        let params = json!({
            "name": person.name,
            "title": title,
            "html": html,
            "text": plain,
            "link": format!("{portal}/announcements/{slug}"),
            "contact": programme.contact,
        });
        let mail = Mail {
            kind: MailKind::Announcement,
            key: key.clone(),
            person: Some(person.id),
            recipient: &person.email,
            locale: person.locale,
            params,
            case: None,
        };
        change.mail(mail).await?;
    }
    let detail = json!({
        "slug": slug,
        "programme": programme.name,
        "recipients": before.recipients.saturating_sub(before.already),
    });
    change.event(Verb::AnnouncementMailed, None, ("announcement", announcement.id), detail);
    change.commit().await?;
    Ok(before)
}
