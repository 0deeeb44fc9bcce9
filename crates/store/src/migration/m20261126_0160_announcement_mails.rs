//! The mails of an announcement are found among all that were ever sent by how their keys begin. On SQLite the unique index of
//! the keys serves that; on PostgreSQL an index does only when it is in the order of letters by their numbers.

use super::script::Script;

pub const MIGRATION: Script = Script { name: "m20261126_0160_announcement_mails", sqlite: &[], postgres: &[POSTGRES] };

const POSTGRES: &str =
    "create index outbox_announcements on outbox (idempotency_key collate \"C\") where kind = 'announcement'";
