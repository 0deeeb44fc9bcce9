//! Sources of announcements that their authors look at before they publish them, one a person.

use super::script::Script;

pub const MIGRATION: Script =
    Script { name: "m20261126_0111_announcement_previews", sqlite: &[SQLITE], postgres: &[POSTGRES] };

const SQLITE: &str = "create table announcement_previews (
    person_id blob primary key references people (id),
    file_name text not null,
    source text not null,
    allow_loss boolean not null,
    replaces boolean not null,
    updated_at bigint not null
)";

const POSTGRES: &str = "create table announcement_previews (
    person_id uuid primary key references people (id),
    file_name text not null,
    source text not null,
    allow_loss boolean not null,
    replaces boolean not null,
    updated_at bigint not null
)";
