//! Announcements: Markdown files with front matter, taken as they are, shown as pages and sent as mails (F1-F4, R34).

mod front_matter;
mod mail;
mod publish;
mod read;
mod render;

pub use front_matter::{FrontMatter, parse, text_of};
pub use mail::{count_recipients, mail_everyone, plan_mail};
pub use publish::{publish, publish_as};
pub use read::{archive, list, page};
pub use render::{Article, render};
