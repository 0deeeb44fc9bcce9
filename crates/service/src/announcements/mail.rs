//! M3: an announcement as a mail, from the same text as the page (R34). A step of its own, counted and shown before (K20,
//! D3), held for a while in which it can be stopped.

use domain::{
    AnnouncementId, AnnouncementTextId, Failure, FieldError, MailingId, ProgrammeId,
    access::{Granted, Permission, Place, policy},
    announcements::{MailLanguage, MailPlan, MailSample, Mailing, TYPED_ABOVE},
    audit::Verb,
    failure::Conflict,
    locale::Locale,
    mail::MailKind,
};
use serde_json::{Value, json};
use store::{Reads, announcements::MailText, mail::NewMailing, people::PersonFacts};

use super::{Article, Site, Text, front_matter::body_of, render};
use crate::{Change, Context, OrFail, Services, change::Mail};

/// Every programme with the recipients the mail would go to, for a look before sending (K20, D3). Empty for readers who may
/// not publish, for whom the page of an announcement asks too.
///
/// # Errors
/// [`Failure::NotFound`]
pub async fn plan_mail(context: &Context, slug: &str) -> Result<Vec<MailPlan>, Failure> {
    if !policy::may_somewhere(&context.actor, Permission::AnnouncementPublish, context.services.now()) {
        return Ok(Vec::new());
    }
    let granted = context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let db = &context.services.db;
    let announcement = find(db, slug).await?;
    let texts = store::announcements::list_mail_texts(db, announcement).await.or_fail("reading texts")?;
    let batches = store::mail::list_under_way(db, &granted, announcement).await.or_fail("listing sendings")?;
    let programmes = store::rollout::list_programmes(db).await.or_fail("listing programmes")?;
    let mut plans = Vec::with_capacity(programmes.len());
    for programme in programmes {
        let mailing = count(db, &granted, programme.id, announcement).await?;
        let people = store::announcements::list_new_recipients(db, &granted, programme.id, announcement).await;
        plans.push(MailPlan {
            programme: programme.id,
            name: programme.name,
            mailing,
            languages: languages(&people.or_fail("listing recipients")?, &texts),
            under_way: batches.iter().filter(|batch| batch.programme == programme.id).cloned().collect(),
        });
    }
    Ok(plans)
}

async fn find(db: &impl Reads, slug: &str) -> Result<AnnouncementId, Failure> {
    let found = store::announcements::find_by_slug(db, slug).await.or_fail("finding an announcement")?;
    found.map(|found| found.id).ok_or(Failure::NotFound)
}

async fn count(
    db: &impl Reads,
    granted: &Granted,
    programme: ProgrammeId,
    announcement: AnnouncementId,
) -> Result<Mailing, Failure> {
    store::announcements::count_recipients(db, granted, programme, announcement).await.or_fail("counting recipients")
}

fn languages(people: &[PersonFacts], texts: &[MailText]) -> Vec<MailLanguage> {
    let of = |locale: Locale| {
        let number = people.iter().filter(|person| person.locale == locale).count() as u64;
        let text = text_for(texts, locale)?;
        (number > 0).then_some(MailLanguage { locale, people: number, text: text.locale })
    };
    Locale::ALL.into_iter().filter_map(of).collect()
}

/// Returns the text in the language of a recipient, or in another that the announcement has.
fn text_for(texts: &[MailText], locale: Locale) -> Option<&MailText> {
    texts.iter().find(|text| text.locale == locale).or(texts.first())
}

/// Renders the mail in each language it would go out in, as its sender would receive it.
///
/// # Errors
/// [`Failure::Forbidden`] without the permission to publish, [`Failure::NotFound`] also when no text of it stands any more.
pub async fn sample_mail(context: &Context, slug: &str, programme: ProgrammeId) -> Result<Vec<MailSample>, Failure> {
    context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let (services, actor) = (&context.services, &context.actor);
    let announcement = find(&services.db, slug).await?;
    let texts = store::announcements::list_mail_texts(&services.db, announcement).await.or_fail("reading texts")?;
    let programme = store::rollout::find_programme(&services.db, programme).await.or_fail("finding a programme")?;
    let samples = texts.iter().map(|text| -> Result<MailSample, Failure> {
        let article = render_text(services, text)?;
        let mut params = params(&actor.name, text, &programme.contact);
        add_article(&mut params, services, text, &article);
        let mail = crate::mail::render(services, MailKind::Announcement, text.locale, &params)?;
        Ok(MailSample {
            from: services.settings.mail_from.clone(),
            to: actor.email.clone(),
            subject: mail.subject,
            locale: text.locale,
            html: article.html,
            text: mail.text,
        })
    });
    let samples = samples.collect::<Result<Vec<_>, Failure>>()?;
    if samples.is_empty() { Err(Failure::NotFound) } else { Ok(samples) }
}

/// Sends the mail to the actor in every language it has; it leaves immediately.
///
/// # Errors
/// As [`sample_mail`].
pub async fn mail_oneself(context: &Context, slug: &str, programme: ProgrammeId) -> Result<(), Failure> {
    context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let mut change = Change::begin(context).await?;
    let announcement = find(&change.tx, slug).await?;
    let texts = store::announcements::list_mail_texts(&change.tx, announcement).await.or_fail("reading texts")?;
    let programme = store::rollout::find_programme(&change.tx, programme).await.or_fail("finding a programme")?;
    let actor = &context.actor;
    for text in &texts {
        let mut params = params(&actor.name, text, &programme.contact);
        set(&mut params, "test", Value::Bool(true));
        let now = change.now;
        let mail = Mail {
            kind: MailKind::Announcement,
            key: format!("test:{}:{now}", text.id),
            person: actor.person,
            recipient: &actor.email,
            locale: text.locale,
            params,
            case: None,
            organisation: None,
        };
        change.mail(mail).await?;
    }
    if texts.is_empty() {
        return Err(Failure::NotFound);
    }
    change.commit().await
}

/// What the sender has looked at and confirms.
#[derive(Clone, Copy, Debug)]
pub struct Confirmation<'a> {
    /// How many new recipients the page showed.
    pub shown: u64,
    /// The number as it was typed; asked for above [`TYPED_ABOVE`].
    pub typed: &'a str,
}

/// Queues the mail for every invited and active person of the programme's companies: once each, however often this is
/// called and however many companies they belong to; in their language, or in another that the announcement has. It is held
/// for [`crate::Settings::mass_mail_hold`], during which [`stop_mailing`] takes it back.
///
/// # Errors
/// [`Failure::Forbidden`] without the permission to publish, [`Failure::NotFound`] also when no text of it stands any more,
/// [`Conflict::RecipientsChanged`] when the recipients are no longer those that were shown, [`Conflict::NoRecipients`],
/// [`Failure::Invalid`] under `number` when that is not how many there are.
pub async fn mail_everyone(
    context: &Context,
    slug: &str,
    programme: ProgrammeId,
    confirmation: Confirmation<'_>,
) -> Result<Mailing, Failure> {
    let granted = context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let mut change = Change::begin(context).await?;
    let announcement = find(&change.tx, slug).await?;
    store::announcements::lock(&change.tx, &granted, announcement).await.or_fail("waiting for others")?;
    let texts = store::announcements::list_mail_texts(&change.tx, announcement).await.or_fail("reading texts")?;
    let programme = store::rollout::find_programme(&change.tx, programme).await.or_fail("finding a programme")?;
    let before = count(&change.tx, &granted, programme.id, announcement).await?;
    let people = store::announcements::list_new_recipients(&change.tx, &granted, programme.id, announcement).await;
    let people = people.or_fail("listing recipients")?;
    let wanted = people.len() as u64;
    if wanted == 0 {
        return Err(Failure::Conflict(Conflict::NoRecipients));
    }
    if wanted != confirmation.shown {
        return Err(Failure::Conflict(Conflict::RecipientsChanged));
    }
    if wanted > TYPED_ABOVE && digits(confirmation.typed) != Some(wanted) {
        return Err(Failure::field("number", FieldError::NotTheNumber { wanted }));
    }
    let leaves_at = change.now + context.services.settings.mass_mail_hold;
    let mailing = NewMailing {
        id: context.services.id(),
        announcement,
        programme: programme.id,
        by: context.actor.person,
        leaves_at,
        recipients: wanted,
        now: change.now,
    };
    let id = mailing.id;
    store::mail::insert_mailing(&change.tx, &granted, mailing).await.or_fail("noting a sending")?;
    for person in &people {
        let text = text_for(&texts, person.locale).ok_or(Failure::NotFound)?;
        let mail = Mail {
            kind: MailKind::Announcement,
            key: announcement.to_string(),
            person: person.id,
            recipient: &person.email,
            locale: person.locale,
            params: params(&person.name, text, &programme.contact),
            case: None,
            organisation: None,
        };
        change.mail_held(mail, id, leaves_at).await?;
    }
    let detail = json!({ "slug": slug, "programme": programme.name, "recipients": wanted, "mailing": id });
    change.event(Verb::AnnouncementMailed, None, ("announcement", announcement), detail);
    change.commit().await?;
    Ok(before)
}

/// `1,149`, `1 149` and `1149` are the same number.
fn digits(typed: &str) -> Option<u64> {
    typed
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, ',' | '.' | '\'' | '’'))
        .collect::<String>()
        .parse()
        .ok()
}

/// Stops the mails of a sending that have not left yet and returns how many that are.
///
/// # Errors
/// [`Failure::Forbidden`] without the permission to publish, [`Failure::NotFound`], [`Conflict::NothingToStop`].
pub async fn stop_mailing(context: &Context, mailing: MailingId) -> Result<u64, Failure> {
    let granted = context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let mut change = Change::begin(context).await?;
    let stopped = store::mail::stop_mailing(&change.tx, &granted, mailing, context.actor.person, change.now).await;
    let (announcement, count) = stopped.or_fail("stopping a sending")?.ok_or(Failure::NotFound)?;
    if count == 0 {
        return Err(Failure::Conflict(Conflict::NothingToStop));
    }
    let detail = json!({ "mailing": mailing, "stopped": count });
    change.event(Verb::AnnouncementMailStopped, None, ("announcement", announcement), detail);
    change.commit().await?;
    Ok(count)
}

/// The parameters of a mail in the outbox: the id of the text, not the text.
fn params(name: &str, text: &MailText, contact: &str) -> Value {
    json!({ "name": name, "text_id": text.id, "contact": contact })
}

fn set(params: &mut Value, name: &str, value: Value) {
    if let Value::Object(params) = params {
        params.insert(name.to_owned(), value);
    }
}

fn render_text(services: &Services, text: &MailText) -> Result<Article, Failure> {
    let settings = &services.settings;
    let (markdown, first_line) = body_of(&text.source);
    let site = Site { prefix: &settings.public_url, image_hosts: &settings.image_hosts };
    render(Text { title: &text.title, markdown, first_line, locale: text.locale }, site)
}

fn add_article(params: &mut Value, services: &Services, text: &MailText, article: &Article) {
    let link = format!("{}/announcements/{}", services.settings.public_url, text.slug);
    let parts = [("title", &text.title), ("html", &article.html), ("text", &article.plain), ("link", &link)];
    for (name, value) in parts {
        set(params, name, Value::String(value.clone()));
    }
}

/// Completes what the outbox holds of an announcement when it leaves. Mails that an earlier release queued have their text
/// with them.
///
/// # Errors
/// [`Failure::NotFound`] when the text is gone.
pub(crate) async fn article_for_mail(services: &Services, params: &Value) -> Result<Value, Failure> {
    let mut params = params.clone();
    let id = params.get("text_id").and_then(Value::as_str).and_then(|id| id.parse::<AnnouncementTextId>().ok());
    if let Some(id) = id {
        let text = store::announcements::find_mail_text(&services.db, id).await.or_fail("reading a text")?;
        let text = text.ok_or(Failure::NotFound)?;
        let article = render_text(services, &text)?;
        add_article(&mut params, services, &text, &article);
    }
    Ok(params)
}
