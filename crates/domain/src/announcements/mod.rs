//! Announcements: a numbered sequence of texts per language, on a page and in a mail from one source (F1-F4, R34).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AnnouncementId, FileId, cases::coded, locale::Locale};

mod mailing;
mod name;
mod problem;

pub use mailing::{MailBatch, MailLanguage, MailPlan, MailSample, Mailing, TYPED_ABOVE};
pub use name::{NamedLanguage, Slug, SourceName};
pub use problem::{AnnouncementProblem, AnnouncementRemark};

coded! {
    /// Where a text in one language stands against its source (F4).
    TranslationStatus {
        /// Written in this language.
        Source = "source",
        /// A machine took part in the translation; the percentage tells how much of it people did or checked.
        Machine = "machine",
        /// People translate it, and are not through.
        Partial = "partial",
        /// People translated or checked all of it.
        Reviewed = "reviewed",
    }
}

impl TranslationStatus {
    /// Reads the way of working (`workflow-type`: `tm+mt` is translation memory plus machine translation, `ht` are
    /// people) together with the part that people did (`ht-degree`).
    pub fn of(workflow: Option<&str>, human_percent: Option<u8>) -> Self {
        let Some(workflow) = workflow else { return Self::Source };
        let machine = workflow.split('+').any(|part| part.trim().eq_ignore_ascii_case("mt"));
        match (machine, human_percent) {
            (true, Some(100)) | (false, None | Some(100)) => Self::Reviewed,
            (true, _) => Self::Machine,
            (false, _) => Self::Partial,
        }
    }
}

/// What the publisher accepts in advance; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishOptions {
    /// Publish although text of the source is not on the page (B20).
    pub allow_loss: bool,
    /// Take the place of a page of the same name that says something else, or hide or list it.
    pub replace: bool,
}

/// An announcement in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementRow {
    pub id: AnnouncementId,
    pub slug: String,
    /// F2: its place in the sequence.
    pub sequence: i64,
    /// Counts up when the same text is published again.
    pub version: i64,
    pub title: String,
    pub description: String,
    pub locale: Locale,
    pub published_at: Timestamp,
    /// F1: a later one took its place.
    pub superseded: bool,
}

/// A page of announcements; `number` counts from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementList {
    pub rows: Vec<AnnouncementRow>,
    pub number: u32,
    /// All that were found, on every page.
    pub total: u32,
}

impl AnnouncementList {
    pub const PAGE: u32 = 20;

    pub const fn pages(&self) -> u32 {
        let pages = self.total.div_ceil(Self::PAGE);
        if pages == 0 { 1 } else { pages }
    }
}

/// An announcement as a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementView {
    pub row: AnnouncementRow,
    /// Sanitised at ingest; safe to show.
    pub html: String,
    /// F3: reachable by its address only.
    pub unlisted: bool,
    pub source_version: Option<String>,
    pub translation: TranslationStatus,
    /// Percent of the text that a human wrote or checked, when known.
    pub translated_percent: Option<u8>,
    /// Those it can be read in now.
    pub languages: Vec<Locale>,
    /// F1: the versions in this language that came before or after, newest first.
    pub versions: Vec<VersionRow>,
    /// F1: the address of the announcement that took its place, when another did.
    pub successor: Option<String>,
    /// What the page does not show of its source: for publishers, empty for every other reader.
    pub remarks: Vec<AnnouncementRemark>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRow {
    pub version: i64,
    pub published_at: Timestamp,
    pub superseded: bool,
}

/// What publishing did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub id: AnnouncementId,
    pub slug: String,
    pub sequence: i64,
    pub locale: Locale,
    pub version: i64,
    pub title: String,
    pub unlisted: bool,
    /// The file is what is published already: nothing was changed.
    pub unchanged: bool,
    pub remarks: Vec<AnnouncementRemark>,
}

/// A page as it would be published: what its author looks at before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewedPage {
    pub slug: String,
    pub locale: Locale,
    pub title: String,
    pub description: String,
    /// F3
    pub unlisted: bool,
    /// Sanitised; safe to show.
    pub html: String,
    pub remarks: Vec<AnnouncementRemark>,
}

/// A source file that its author looks at before it is published (B20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementPreview {
    pub file_name: String,
    pub source: String,
    pub options: PublishOptions,
    /// `None` when the file cannot be read.
    pub page: Option<PreviewedPage>,
    /// Why it would not be published as it stands.
    pub problem: Option<AnnouncementProblem>,
}

/// An image that was uploaded to be shown in announcements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementImage {
    pub id: FileId,
    pub name: String,
    pub size: u64,
    pub uploaded_at: Timestamp,
    /// Whether a published text shows it; until then only publishers see it.
    pub published: bool,
}

/// The newest images, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementImages {
    pub newest: Vec<AnnouncementImage>,
    pub total: u64,
}

impl AnnouncementImage {
    /// Returns its address, as a text names it.
    pub fn address(&self) -> String {
        format!("/files/{}", self.id)
    }

    /// Returns what shows it in Markdown; the description is still to be written.
    pub fn markdown(&self, description: &str) -> String {
        format!("![{description}]({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F4
    #[test]
    fn f4_translation_status() {
        use TranslationStatus::*;
        let of = TranslationStatus::of;
        assert_eq!(of(None, None), Source);
        assert_eq!((of(Some("tm+mt"), Some(97)), of(Some("tm+mt"), Some(100))), (Machine, Reviewed));
        assert_eq!((of(Some("ht"), None), of(Some("ht"), Some(40))), (Reviewed, Partial));
    }
}
