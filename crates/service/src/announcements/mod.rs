//! Announcements: Markdown files with front matter, taken as they are, shown as pages and sent as mails (F1-F4, R34).

mod anchors;
mod clean;
mod front_matter;
mod headings;
mod images;
mod links;
mod loss;
mod mail;
mod marks;
mod plain;
mod preview;
mod publish;
mod read;
mod render;
mod seen;
mod tags;
#[cfg(test)]
mod tests;

pub use front_matter::{FrontMatter, parse, text_of};
pub use images::images;
pub(crate) use mail::article_for_mail;
pub use mail::{Confirmation, mail_everyone, mail_oneself, plan_mail, sample_mail, stop_mailing};
pub use preview::{keep_preview, preview};
pub use publish::{publish, publish_as};
pub use read::{archive, latest, list, page};
pub use render::{Article, Site, Text, render};
