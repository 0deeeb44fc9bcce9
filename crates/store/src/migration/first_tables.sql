-- Statements are separated by blank lines. $uuid, $bytes and $serial are replaced by the types of the database.
-- Times are microseconds since 1970-01-01 UTC; days are ISO 8601 text. Names of choices are checked by Rust enums, the
-- CHECKs here are the second net. Foreign keys never cascade: people are tombstoned, history stays (invariant 13).
create table organisations (
    id $uuid primary key,
    name text not null,
    folded text not null,
    region text not null default 'emea',
    created_at bigint not null
)

create table products (
    id $uuid primary key,
    key text not null unique,
    name text not null,
    created_at bigint not null
)

create table people (
    id $uuid primary key,
    name text not null,
    email text not null,
    phone text,
    locale text not null default 'fr',
    time_zone text not null default 'Europe/Paris',
    password_hash text,
    password_changed_at bigint,
    password_version integer not null default 0,
    last_seen_at bigint,
    created_at bigint not null
)

create table identities (
    kind text not null check (kind in ('email')),
    value text not null,
    person_id $uuid not null references people (id),
    verified_at bigint,
    primary key (kind, value)
)

create index identities_person on identities (person_id)

create table memberships (
    id $uuid primary key,
    person_id $uuid not null references people (id),
    organisation_id $uuid not null references organisations (id),
    name text not null,
    state text not null check (state in ('known', 'invited', 'active', 'removed')),
    source text not null check (source in ('import', 'added')),
    created_at bigint not null,
    invited_at bigint,
    activated_at bigint,
    removed_at bigint,
    unique (person_id, organisation_id)
)

create index memberships_organisation on memberships (organisation_id, state)

create table roles (
    key text primary key,
    kind text not null check (kind in ('customer', 'vendor'))
)

create table role_permissions (
    role text not null references roles (key),
    permission text not null,
    primary key (role, permission)
)

create table role_grants (
    id $uuid primary key,
    person_id $uuid not null references people (id),
    role text not null references roles (key),
    organisation_id $uuid references organisations (id),
    reach text not null default 'own' check (reach in ('own', 'organisation')),
    all_products boolean not null,
    reasons text not null default '[]',
    source text not null check (source in ('import', 'added')),
    granted_by $uuid references people (id),
    granted_at bigint not null,
    until_at bigint,
    revoked_at bigint
)

create index role_grants_person on role_grants (person_id)

create index role_grants_organisation on role_grants (organisation_id, role)

create table grant_products (
    grant_id $uuid not null references role_grants (id),
    product_id $uuid not null references products (id),
    primary key (grant_id, product_id)
)

create table invitations (
    id $uuid primary key,
    person_id $uuid not null references people (id),
    organisation_id $uuid not null references organisations (id),
    version integer not null,
    created_at bigint not null,
    expires_at bigint not null,
    accepted_at bigint,
    unique (person_id, organisation_id)
)

create table sessions (
    token_hash $bytes primary key,
    key text not null unique,
    person_id $uuid not null references people (id),
    device text not null,
    created_at bigint not null,
    last_seen_at bigint not null,
    expires_at bigint not null
)

create index sessions_person on sessions (person_id)

create table contracts (
    id $uuid primary key,
    organisation_id $uuid not null references organisations (id),
    number text not null,
    plan text not null,
    starts_on text,
    ends_on text,
    created_at bigint not null
)

create index contracts_organisation on contracts (organisation_id)

create table contract_products (
    contract_id $uuid not null references contracts (id),
    product_id $uuid not null references products (id),
    primary key (contract_id, product_id)
)

create table contract_contacts (
    contract_id $uuid not null references contracts (id),
    person_id $uuid not null references people (id),
    kind text not null check (kind in ('owner', 'deployment', 'billing', 'technical')),
    primary key (contract_id, person_id, kind)
)

create table programmes (
    id $uuid primary key,
    key text not null unique,
    name text not null,
    contact text not null,
    created_at bigint not null
)

create table programme_products (
    programme_id $uuid not null references programmes (id),
    product_id $uuid not null references products (id),
    primary key (programme_id, product_id)
)

create table programme_dates (
    programme_id $uuid not null references programmes (id),
    phase text not null,
    starts_on text not null,
    primary key (programme_id, phase)
)

create table enrolments (
    id $uuid primary key,
    programme_id $uuid not null references programmes (id),
    organisation_id $uuid not null unique references organisations (id),
    phase text not null check (phase in ('draft', 'setup', 'validation', 'enablement', 'launch')),
    phase_since bigint not null,
    launched_at bigint
)

create index enrolments_programme on enrolments (programme_id)

create table enrolment_dates (
    enrolment_id $uuid not null references enrolments (id),
    phase text not null,
    starts_on text not null,
    primary key (enrolment_id, phase)
)

create table counters (
    name text primary key,
    value bigint not null
)

create table cases (
    id $uuid primary key,
    number text not null unique,
    legacy_number text,
    legacy_source text,
    organisation_id $uuid not null references organisations (id),
    product_id $uuid references products (id),
    requestor_id $uuid references people (id),
    requestor_name text not null,
    agent_id $uuid references people (id),
    title text not null,
    status text not null check (status in ('awaiting_assignment', 'in_progress', 'pending_response', 'resolution_provided', 'closed')),
    close_reason text,
    priority text not null check (priority in ('p1', 'p2', 'p3', 'p4')),
    impact text,
    channel text not null check (channel in ('web', 'chat', 'phone', 'email', 'callback', 'import')),
    opened_at bigint not null,
    updated_at bigint not null,
    closed_at bigint
)

create index cases_updated on cases (updated_at desc, id desc)

create index cases_organisation on cases (organisation_id, updated_at desc, id desc)

create index cases_requestor on cases (requestor_id, updated_at desc, id desc)

create index cases_status on cases (status, updated_at desc, id desc)

create index cases_open on cases (updated_at desc, id desc) where status <> 'closed'

create index cases_open_priority on cases (priority, updated_at desc, id desc) where status <> 'closed'

create index cases_agent on cases (agent_id, updated_at desc, id desc)

create index cases_legacy on cases (legacy_number)

create table case_entries (
    id $uuid primary key,
    case_id $uuid not null references cases (id),
    kind text not null check (kind in ('message', 'note', 'chat', 'call', 'line')),
    side text not null check (side in ('customer', 'vendor', 'system')),
    author_id $uuid references people (id),
    author_name text not null,
    body text not null,
    at bigint not null,
    imported boolean not null
)

create index case_entries_case on case_entries (case_id, at, id)

create table files (
    id $uuid primary key,
    case_id $uuid references cases (id),
    entry_id $uuid references case_entries (id),
    uploader_id $uuid references people (id),
    name text not null,
    media_type text not null,
    size bigint not null,
    sha256 $bytes not null,
    created_at bigint not null
)

create index files_entry on files (entry_id)

create index files_case on files (case_id)

create index files_hash on files (sha256)

create index files_pending on files (created_at) where case_id is null

create table submissions (
    actor_id $uuid not null,
    key text not null,
    object_id $uuid not null,
    created_at bigint not null,
    primary key (actor_id, key)
)

create table chats (
    id $uuid primary key,
    case_id $uuid not null references cases (id),
    person_id $uuid not null references people (id),
    agent_id $uuid references people (id),
    state text not null check (state in ('waiting', 'active', 'ended')),
    started_at bigint not null,
    answered_at bigint,
    ended_at bigint
)

create index chats_state on chats (state, started_at)

create index chats_case on chats (case_id)

create unique index chats_live on chats (person_id) where state <> 'ended'

create table callbacks (
    id $uuid primary key,
    case_id $uuid not null references cases (id),
    person_id $uuid not null references people (id),
    phone text not null,
    wanted_at bigint,
    requested_at bigint not null,
    state text not null check (state in ('requested', 'done', 'cancelled')),
    outcome text,
    agent_id $uuid references people (id),
    done_at bigint
)

create index callbacks_state on callbacks (state, requested_at)

create unique index callbacks_open on callbacks (case_id) where state = 'requested'

create table phone_lines (
    region text primary key,
    position integer not null,
    number text not null,
    languages text not null,
    hours text not null
)

create table announcements (
    id $uuid primary key,
    slug text not null unique,
    sequence bigint not null unique,
    superseded_by $uuid references announcements (id),
    created_at bigint not null
)

create table announcement_texts (
    id $uuid primary key,
    announcement_id $uuid not null references announcements (id),
    locale text not null,
    version bigint not null,
    title text not null,
    description text not null,
    markdown text not null,
    html text not null,
    unlisted boolean not null,
    source_version text,
    translation text,
    translated_percent integer,
    published_at bigint not null,
    superseded_at bigint,
    unique (announcement_id, locale, version)
)

create index announcement_texts_current on announcement_texts (locale, published_at desc)

create table legacy_ids (
    kind text not null,
    legacy_id text not null,
    object_id $uuid not null,
    fingerprint $bytes not null,
    primary key (kind, legacy_id)
)

create index legacy_ids_object on legacy_ids (object_id)

create table leases (
    name text primary key,
    holder $uuid not null,
    until_at bigint not null
)

create table events (
    seq bigint primary key,
    id $uuid not null unique,
    at bigint not null,
    actor_id $uuid references people (id),
    organisation_id $uuid references organisations (id),
    verb text not null,
    object_kind text not null,
    object_id text not null,
    case_id $uuid references cases (id),
    internal boolean not null,
    detail text not null,
    request_id $uuid,
    prev_hash $bytes not null,
    hash $bytes not null
)

create index events_organisation on events (organisation_id, seq desc)

create index events_case on events (case_id, seq)

create table event_head (
    one integer primary key check (one = 1),
    seq bigint not null,
    hash $bytes not null
)

create table outbox (
    id $uuid primary key,
    idempotency_key text not null unique,
    kind text not null,
    person_id $uuid references people (id),
    recipient text not null,
    locale text not null,
    params text not null,
    case_id $uuid references cases (id),
    state text not null check (state in ('queued', 'sending', 'sent', 'dead')),
    attempts integer not null default 0,
    due_at bigint not null,
    lease_until bigint,
    subject text not null default '',
    error text,
    created_at bigint not null,
    sent_at bigint
)

create index outbox_due on outbox (state, due_at)

create index outbox_newest on outbox (created_at desc, id desc)

create table jobs (
    id $uuid primary key,
    kind text not null,
    dedup_key text unique,
    payload text not null,
    state text not null check (state in ('queued', 'running', 'done', 'dead')),
    attempts integer not null default 0,
    run_at bigint not null,
    lease_until bigint,
    error text,
    created_at bigint not null
)

create index jobs_due on jobs (state, run_at)

create table search_documents (
    id $serial,
    case_id $uuid not null references cases (id),
    internal boolean not null,
    company text not null,
    folded text not null
)

create index search_documents_case on search_documents (case_id)
