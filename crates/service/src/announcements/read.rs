//! Reading announcements: everybody who is signed in, in their own language when it is there.

use domain::{
    Failure,
    announcements::{AnnouncementRow, AnnouncementView},
    locale::Locale,
};

use crate::{Context, OrFail};

/// Announcements are few: more than these nobody reads through.
const LIMIT: u64 = 400;

/// What is announced now, newest first, each once: in the reader's language, or in another it has.
///
/// # Errors
/// When the database cannot be asked.
pub async fn list(context: &Context) -> Result<Vec<AnnouncementRow>, Failure> {
    let rows =
        store::announcements::list_current(&context.services.db, LIMIT).await.or_fail("listing announcements")?;
    let mut chosen: Vec<AnnouncementRow> = Vec::new();
    for row in rows {
        match chosen.iter_mut().find(|present| present.id == row.id) {
            None => chosen.push(row),
            Some(present) if row.locale == context.actor.locale => *present = row,
            Some(_) => {}
        }
    }
    Ok(chosen)
}

/// F1: what was announced before and has been superseded, newest first.
///
/// # Errors
/// When the database cannot be asked.
pub async fn archive(context: &Context) -> Result<Vec<AnnouncementRow>, Failure> {
    store::announcements::list_superseded(&context.services.db, LIMIT).await.or_fail("listing the archive")
}

/// An announcement by its address, unlisted ones too (F3): in the language asked for, else the reader's, else any; the
/// newest version, or an earlier one (F1).
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
        if let Some(found) = found {
            return Ok(found);
        }
    }
    Err(Failure::NotFound)
}
