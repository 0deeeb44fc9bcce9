//! Which files are images of announcements, and since when a published text shows each.

use super::script::Script;

pub const MIGRATION: Script =
    Script { name: "m20261126_0110_announcement_images", sqlite: STATEMENTS, postgres: STATEMENTS };

const STATEMENTS: &[&str] = &[
    "alter table files add column announced boolean not null default false",
    "alter table files add column announced_at bigint",
    "create index files_announced on files (created_at) where announced",
];
