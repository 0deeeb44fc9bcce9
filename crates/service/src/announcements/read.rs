//! Reading announcements: for every signed-in reader, in their own language when it is there.

use domain::{
    Failure,
    access::{Permission, policy},
    announcements::{AnnouncementList, AnnouncementRemark, AnnouncementRow, AnnouncementView},
    locale::Locale,
    text::{fold, words},
};

use super::{Site, Text, front_matter::body_of, images, render};
use crate::{Context, OrFail};

/// What is announced now, newest first, each once: in the reader's language, or in another it has. A page of those whose
/// title or description holds every word of `search`; `number` counts from 1.
///
/// # Errors
/// When the database cannot be asked.
pub async fn list(context: &Context, search: &str, number: u32) -> Result<AnnouncementList, Failure> {
    Ok(cut(current(context).await?, search, number))
}

/// The newest announcement, if any.
///
/// # Errors
/// When the database cannot be asked.
pub async fn latest(context: &Context) -> Result<Option<AnnouncementRow>, Failure> {
    Ok(current(context).await?.into_iter().next())
}

async fn current(context: &Context) -> Result<Vec<AnnouncementRow>, Failure> {
    let rows = store::announcements::list_current(&context.services.db).await.or_fail("listing announcements")?;
    let mut chosen: Vec<AnnouncementRow> = Vec::new();
    // The languages of one announcement follow each other.
    for row in rows {
        match chosen.last_mut().filter(|present| present.id == row.id) {
            None => chosen.push(row),
            Some(present) if row.locale == context.actor.locale => *present = row,
            Some(_) => {}
        }
    }
    Ok(chosen)
}

/// F1: what was announced before and has been superseded, newest first; searched and cut like [`list`].
///
/// # Errors
/// When the database cannot be asked.
pub async fn archive(context: &Context, search: &str, number: u32) -> Result<AnnouncementList, Failure> {
    let rows = store::announcements::list_superseded(&context.services.db).await.or_fail("listing the archive")?;
    Ok(cut(rows, search, number))
}

fn cut(mut rows: Vec<AnnouncementRow>, search: &str, number: u32) -> AnnouncementList {
    let wanted: Vec<String> = words(search).collect();
    if !wanted.is_empty() {
        rows.retain(|row| {
            let said = fold(&format!("{} {}", row.title, row.description));
            wanted.iter().all(|word| said.contains(word.as_str()))
        });
    }
    let total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let mut list = AnnouncementList { rows: Vec::new(), number: 1, total };
    list.number = number.clamp(1, list.pages());
    let skip = (list.number - 1) * AnnouncementList::PAGE;
    list.rows = rows.into_iter().skip(skip as usize).take(AnnouncementList::PAGE as usize).collect();
    list
}

/// An announcement by its address, unlisted ones too (F3): in the language asked for, else the reader's, else any; the
/// newest version, or an earlier one (F1). Publishers see what the page does not show of its source (B20).
///
/// # Errors
/// [`Failure::NotFound`]
pub async fn page(
    context: &Context,
    slug: &str,
    language: Option<Locale>,
    version: Option<i64>,
) -> Result<AnnouncementView, Failure> {
    let db = &context.services.db;
    let mut wanted: Vec<Locale> = language.into_iter().chain([context.actor.locale]).chain(Locale::ALL).collect();
    wanted.dedup();
    for locale in wanted {
        // A version belongs to the language it was asked for in.
        let version = version.filter(|_| language.is_none_or(|language| language == locale));
        let found = store::announcements::find_view(db, slug, locale, version).await.or_fail("reading a text")?;
        if let Some((mut found, source)) = found {
            if policy::may_somewhere(&context.actor, Permission::AnnouncementPublish, context.services.now()) {
                let (markdown, first_line) = body_of(&source);
                let text = Text { title: &found.row.title, markdown, first_line, locale };
                let site = Site { prefix: "", image_hosts: &context.services.settings.image_hosts };
                // A text of an earlier release may be nested deeper than one may publish now.
                found.remarks = render(text, site).map(|article| article.remarks).unwrap_or_default();
                found.remarks.extend(images::find(db, markdown, first_line).await?.1);
                found.remarks.sort_by_key(AnnouncementRemark::line);
            }
            return Ok(found);
        }
    }
    Err(Failure::NotFound)
}
