//! Announcements: Markdown files with front matter, taken as they are, shown as pages and sent as mails (F1-F4, R34).

mod anchors;
mod front_matter;
mod html;
mod loss;
mod mail;
mod marks;
mod plain;
mod publish;
mod read;
mod render;

pub use front_matter::{FrontMatter, parse, text_of};
pub(crate) use mail::article_for_mail;
pub use mail::{Confirmation, mail_everyone, mail_oneself, plan_mail, sample_mail, stop_mailing};
pub use publish::{publish, publish_as};
pub use read::{archive, latest, list, page};
pub use render::{Article, Site, Text, render};
