//! Counts of changes to what people may do: one for each person, one for all. What is remembered of a person holds as long as
//! both stand still (R19), whatever else is written.

use super::script::Script;

pub const MIGRATION: Script =
    Script { name: "m20261126_0200_access_versions", sqlite: STATEMENTS, postgres: STATEMENTS };

const STATEMENTS: &[&str] = &[
    "alter table people add column access_version bigint not null default 0",
    "alter table event_head add column access_version bigint not null default 0",
];
