//! Addresses that were proposed for accounts and wait for their owners to confirm them (D5): one an account.

use super::script::Script;

pub const MIGRATION: Script =
    Script { name: "m20261126_0140_address_changes", sqlite: &[SQLITE], postgres: &[POSTGRES] };

const SQLITE: &str = "create table address_changes (
    person_id blob primary key references people (id),
    id blob not null unique,
    organisation_id blob not null references organisations (id),
    email text not null,
    normalised text not null,
    proposed_at bigint not null,
    ends_at bigint not null
)";

const POSTGRES: &str = "create table address_changes (
    person_id uuid primary key references people (id),
    id uuid not null unique,
    organisation_id uuid not null references organisations (id),
    email text not null,
    normalised text not null,
    proposed_at bigint not null,
    ends_at bigint not null
)";
