//! Images that were uploaded for announcements: which of them a text names, and which there are.

use std::collections::HashSet;

use domain::{
    Failure, FileId,
    access::{Permission, Place},
    announcements::{AnnouncementImages, AnnouncementRemark},
};
use store::Reads;

use crate::{Context, OrFail};

/// Images in one list.
const LISTED: u64 = 50;

/// Returns the newest images that were uploaded, and how many there are.
///
/// # Errors
/// [`Failure::Forbidden`] without the permission to publish.
pub async fn images(context: &Context) -> Result<AnnouncementImages, Failure> {
    let granted = context.authorize(Permission::AnnouncementPublish, &Place::vendor()).await?;
    let found = store::files::list_images(&context.services.db, &granted, LISTED).await;
    let (newest, total) = found.or_fail("listing images")?;
    Ok(AnnouncementImages { newest, total })
}

/// Finds the images that a text names, and remarks on files of this site that are none: readers do not get them.
pub(super) async fn find(
    db: &impl Reads,
    markdown: &str,
    first_line: u32,
) -> Result<(Vec<FileId>, Vec<AnnouncementRemark>), Failure> {
    let named = named(markdown, first_line);
    let ids: HashSet<FileId> = named.iter().map(|(_, id)| *id).collect();
    let ids: Vec<FileId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok((ids, Vec::new()));
    }
    let images = store::files::find_images(db, &ids).await.or_fail("finding images")?;
    let strange = named.into_iter().filter(|(_, id)| !images.contains(id));
    let remark = |(line, id)| AnnouncementRemark::NoSuchImage { line, address: format!("/files/{id}") };
    Ok((images.iter().copied().collect(), strange.map(remark).collect()))
}

/// The files of this site that a text names by their addresses, each with its line.
fn named(markdown: &str, first_line: u32) -> Vec<(u32, FileId)> {
    const START: &str = "/files/";
    const ID: usize = 36;
    let mut found = Vec::new();
    for (line, text) in (first_line..).zip(markdown.lines()) {
        for (at, _) in text.match_indices(START) {
            // The path of an address elsewhere goes on from its host.
            let elsewhere = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || "-_./".contains(c));
            let id = text.get(at + START.len()..).and_then(|rest| rest.get(..ID)).and_then(|id| id.parse().ok());
            found.extend(id.filter(|_| !text.get(..at).is_some_and(elsewhere)).map(|id| (line, id)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_this_site_are_found_with_their_lines() {
        let id = "01990000-0000-7000-8000-000000000001";
        let text = format!(
            "![a](/files/{id})\n\n<img src=\"/files/{id}\"> https://a.example/files/{id} /files/nothing\n[b]: /files/{id}"
        );
        let lines: Vec<u32> = named(&text, 7).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [7, 9, 10]);
    }
}
