//! `submissions` held the keys of forms in the first version and those of the demo's cases since: forms are in `sendings`, and
//! the demo's cases stand beside the other ids that objects are known by.

use super::script::Script;

pub const MIGRATION: Script = Script {
    name: "m20261126_0130_no_submissions",
    sqlite: &[SQLITE, "drop table submissions"],
    postgres: &[POSTGRES, "drop table submissions"],
};

const SQLITE: &str = "insert into legacy_ids (kind, legacy_id, object_id, fingerprint, source) \
    select 'demo', key, object_id, x'', '' from submissions where key like 'demo-case-%' on conflict do nothing";

const POSTGRES: &str = "insert into legacy_ids (kind, legacy_id, object_id, fingerprint, source) \
    select 'demo', key, object_id, ''::bytea, '' from submissions where key like 'demo-case-%' on conflict do nothing";
