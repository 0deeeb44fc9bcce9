//! The rows of a batch, many a statement.

use std::collections::{HashMap, HashSet};

use domain::{
    CaseId, ContractId, EnrolmentId, EntryId, FileId, GrantId, MembershipId, OrganisationId, PersonId, ProductId,
    ProgrammeId,
    access::{Granted, Reach, Role},
    cases::{CaseNumber, Channel, CloseReason, EntryKind, Impact, Priority, Side, Status},
    contracts::{AdminReason, ContactKind},
    imports::RecordKind,
    locale::Locale,
    people::MembershipState,
    rollout::Phase,
    text::{fold, sort_key},
};
use jiff::{Timestamp, civil::Date};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use uuid::Uuid;

use super::{ImportTx, find::CHUNK};
use crate::{
    Reads, StoreError, Writes, cases as case_store,
    entity::{
        case_entries, cases, contract_contacts, contract_products, contracts, files, grant_products, identities,
        legacy_ids, memberships, organisations, people, products, role_grants,
    },
    people::{Source, UNKNOWN_ZONE},
    rollout, search, time,
};

/// Values in one insert: few shapes of statements, far below what SQLite (32,766) and PostgreSQL (65,535) take.
const VALUES: usize = 9_000;

pub(super) async fn insert_all<A>(tx: &impl Writes, rows: Vec<A>, columns: usize) -> Result<(), StoreError>
where
    A: ActiveModelTrait + Send,
{
    let size = (VALUES / columns).max(1);
    let mut rows = rows.into_iter();
    loop {
        let chunk: Vec<A> = rows.by_ref().take(size).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        <A::Entity as EntityTrait>::insert_many::<A, _>(chunk).exec_without_returning(tx.connection()).await?;
    }
}

pub struct OrganisationLine {
    pub id: OrganisationId,
    pub name: String,
    pub region: String,
}

pub struct ProductLine {
    pub id: ProductId,
    pub key: String,
    pub name: String,
}

pub struct ContractLine {
    pub id: ContractId,
    pub organisation: OrganisationId,
    pub number: String,
    pub plan: String,
    pub starts_on: Option<Date>,
    pub ends_on: Option<Date>,
    pub products: Vec<ProductId>,
}

pub struct PersonLine {
    pub id: PersonId,
    pub name: String,
    pub email: String,
    pub normalised: String,
    pub phone: Option<String>,
    pub locale: Option<Locale>,
}

pub struct MembershipLine {
    pub id: MembershipId,
    pub person: PersonId,
    pub organisation: OrganisationId,
    /// As the record has it.
    pub name: String,
}

pub struct GrantLine {
    pub id: GrantId,
    pub person: PersonId,
    pub organisation: OrganisationId,
    pub role: Role,
    pub reach: Reach,
    /// Empty is every product.
    pub products: Vec<ProductId>,
    pub reasons: Vec<AdminReason>,
}

pub struct CaseLine {
    pub id: CaseId,
    pub number: CaseNumber,
    pub legacy_number: String,
    pub legacy_source: Option<String>,
    pub organisation: OrganisationId,
    pub product: Option<ProductId>,
    pub requestor: Option<PersonId>,
    pub requestor_name: String,
    pub title: String,
    pub agent: Option<PersonId>,
    pub status: Status,
    pub priority: Priority,
    pub impact: Option<Impact>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

pub struct EntryLine {
    pub id: EntryId,
    pub case: CaseId,
    pub internal: bool,
    pub side: Side,
    pub author: Option<PersonId>,
    pub author_name: String,
    pub body: String,
    pub at: Timestamp,
}

pub struct FileLine {
    pub id: FileId,
    pub case: CaseId,
    pub entry: EntryId,
    pub uploader: Option<PersonId>,
    pub name: String,
    pub media_type: String,
    pub size: u64,
    pub sha256: [u8; 32],
    pub at: Timestamp,
}

pub struct LegacyLine {
    pub kind: RecordKind,
    pub id: String,
    /// The system the id belongs to; empty when the record did not say (B14).
    pub source: String,
    pub object: Uuid,
    pub fingerprint: [u8; 32],
    /// Imported before: only the fingerprint is new.
    pub known: bool,
}

/// The new rows of one batch.
#[derive(Default)]
pub struct Bulk {
    pub organisations: Vec<OrganisationLine>,
    /// With the phase they begin in.
    pub enrolments: Vec<(EnrolmentId, ProgrammeId, OrganisationId, Phase)>,
    pub products: Vec<ProductLine>,
    pub contracts: Vec<ContractLine>,
    pub people: Vec<PersonLine>,
    pub memberships: Vec<MembershipLine>,
    pub contacts: Vec<(ContractId, PersonId, ContactKind)>,
    pub grants: Vec<GrantLine>,
    pub cases: Vec<CaseLine>,
    pub entries: Vec<EntryLine>,
    pub files: Vec<FileLine>,
    /// New ids and new fingerprints of known ones.
    pub legacy: Vec<LegacyLine>,
}

/// Writes the rows of a batch, many in a statement. [`StoreError::Duplicate`] when an id, an address or a key that was
/// free when the batch was planned is taken now.
pub async fn insert(tx: &ImportTx, granted: &Granted, bulk: Bulk, now: Timestamp) -> Result<(), StoreError> {
    let at = time::micros(now);
    let rows = bulk.organisations.into_iter().map(|line| organisations::ActiveModel {
        id: Set(line.id.into()),
        folded: Set(fold(&line.name)),
        sort_key: Set(sort_key(&line.name)),
        name: Set(line.name),
        region: Set(line.region),
        created_at: Set(at),
    });
    insert_all(tx, rows.collect(), 6).await?;
    for (id, programme, organisation, phase) in bulk.enrolments {
        rollout::enrol(&tx.0, granted, id, programme, organisation, phase, now).await?;
    }
    let rows = bulk.products.into_iter().map(|line| products::ActiveModel {
        id: Set(line.id.into()),
        key: Set(line.key),
        name: Set(line.name),
        created_at: Set(at),
    });
    insert_all(tx, rows.collect(), 4).await?;
    insert_contracts(tx, bulk.contracts, at).await?;
    insert_people(tx, bulk.people, at).await?;
    let rows = bulk.memberships.into_iter().map(|line| memberships::ActiveModel {
        id: Set(line.id.into()),
        person_id: Set(line.person.into()),
        organisation_id: Set(line.organisation.into()),
        sort_key: Set(sort_key(&line.name)),
        name: Set(line.name),
        state: Set(MembershipState::Known.key().to_owned()),
        source: Set(Source::Import.key().to_owned()),
        created_at: Set(at),
        invited_at: Set(None),
        activated_at: Set(None),
        removed_at: Set(None),
    });
    insert_all(tx, rows.collect(), 11).await?;
    for chunk in bulk.contacts.chunks(CHUNK) {
        let rows = chunk.iter().map(|(contract, person, kind)| contract_contacts::ActiveModel {
            contract_id: Set((*contract).into()),
            person_id: Set((*person).into()),
            kind: Set(kind.key().to_owned()),
        });
        contract_contacts::Entity::insert_many(rows)
            .on_conflict_do_nothing()
            .exec_without_returning(tx.connection())
            .await?;
    }
    insert_grants(tx, granted, bulk.grants, now).await?;
    let cases: Vec<CaseId> = bulk.cases.iter().map(|line| line.id).collect();
    insert_cases(tx, bulk.cases).await?;
    search::insert_heads(&tx.0, &cases).await?;
    let names = file_names(&bulk.entries, &bulk.files);
    let texts = bulk.entries.iter().map(|entry| (entry.case, entry.internal, entry.body.as_str()));
    let texts: Vec<_> =
        texts.chain(names.iter().map(|(case, internal, text)| (*case, *internal, text.as_str()))).collect();
    search::insert_texts(&tx.0, &texts).await?;
    insert_entries(tx, bulk.entries).await?;
    insert_files(tx, bulk.files).await?;
    insert_legacy(tx, bulk.legacy).await
}

/// A new id that is there already is an error: two imports of it would be two objects.
async fn insert_legacy(tx: &ImportTx, lines: Vec<LegacyLine>) -> Result<(), StoreError> {
    let (known, fresh): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.known);
    let model = |line: LegacyLine| legacy_ids::ActiveModel {
        kind: Set(line.kind.key().to_owned()),
        legacy_id: Set(line.id),
        source: Set(line.source),
        object_id: Set(line.object),
        fingerprint: Set(line.fingerprint.to_vec()),
    };
    insert_all(tx, fresh.into_iter().map(model).collect(), 5).await?;
    let mut known = known.into_iter().map(model).peekable();
    while known.peek().is_some() {
        legacy_ids::Entity::insert_many(known.by_ref().take(CHUNK))
            .on_conflict(
                OnConflict::columns([legacy_ids::Column::Kind, legacy_ids::Column::LegacyId])
                    .update_columns([legacy_ids::Column::Fingerprint, legacy_ids::Column::Source])
                    .to_owned(),
            )
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

async fn insert_contracts(tx: &ImportTx, lines: Vec<ContractLine>, at: i64) -> Result<(), StoreError> {
    let covered: Vec<_> = lines
        .iter()
        .flat_map(|line| {
            let unique: HashSet<_> = line.products.iter().copied().collect();
            unique.into_iter().map(|product| contract_products::ActiveModel {
                contract_id: Set(line.id.into()),
                product_id: Set(product.into()),
            })
        })
        .collect();
    let rows = lines.into_iter().map(|line| contracts::ActiveModel {
        id: Set(line.id.into()),
        organisation_id: Set(line.organisation.into()),
        number: Set(line.number),
        plan: Set(line.plan),
        starts_on: Set(line.starts_on.map(|day| day.to_string())),
        ends_on: Set(line.ends_on.map(|day| day.to_string())),
        created_at: Set(at),
    });
    insert_all(tx, rows.collect(), 7).await?;
    insert_all(tx, covered, 2).await
}

async fn insert_people(tx: &ImportTx, lines: Vec<PersonLine>, at: i64) -> Result<(), StoreError> {
    let addresses: Vec<_> = lines
        .iter()
        .map(|line| identities::ActiveModel {
            kind: Set("email".to_owned()),
            value: Set(line.normalised.clone()),
            person_id: Set(line.id.into()),
            verified_at: Set(None),
        })
        .collect();
    let rows = lines.into_iter().map(|line| people::ActiveModel {
        id: Set(line.id.into()),
        sort_key: Set(sort_key(&line.name)),
        name: Set(line.name),
        email: Set(line.email),
        phone: Set(line.phone),
        locale: Set(line.locale.unwrap_or_default().key().to_owned()),
        time_zone: Set(UNKNOWN_ZONE.to_owned()),
        zone_known_at: Set(None),
        password_hash: Set(None),
        password_changed_at: Set(None),
        password_version: Set(0),
        last_seen_at: Set(None),
        access_version: Set(0),
        created_at: Set(at),
    });
    insert_all(tx, rows.collect(), 14).await?;
    insert_all(tx, addresses, 4).await
}

pub async fn insert_grants(
    tx: &impl Writes,
    granted: &Granted,
    lines: Vec<GrantLine>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(lines.len());
    let mut scopes = Vec::new();
    for line in lines {
        let unique: HashSet<_> = line.products.iter().copied().collect();
        scopes.extend(unique.into_iter().map(|product| grant_products::ActiveModel {
            grant_id: Set(line.id.into()),
            product_id: Set(product.into()),
        }));
        rows.push(role_grants::ActiveModel {
            id: Set(line.id.into()),
            person_id: Set(line.person.into()),
            role: Set(line.role.key().to_owned()),
            organisation_id: Set(Some(line.organisation.into())),
            reach: Set(line.reach.key().to_owned()),
            all_products: Set(line.products.is_empty()),
            reasons: Set(reasons_text(&line.reasons)?),
            source: Set(Source::Import.key().to_owned()),
            granted_by: Set(granted.actor().map(Into::into)),
            granted_at: Set(time::micros(now)),
            until_at: Set(None),
            until_on: Set(None),
            revoked_at: Set(None),
        });
    }
    insert_all(tx, rows, 13).await?;
    insert_all(tx, scopes, 2).await
}

pub(super) fn reasons_text(reasons: &[AdminReason]) -> Result<String, StoreError> {
    serde_json::to_string(reasons).map_err(|error| StoreError::Corrupt(error.to_string()))
}

async fn insert_cases(tx: &ImportTx, lines: Vec<CaseLine>) -> Result<(), StoreError> {
    let rows = lines.into_iter().map(|line| cases::ActiveModel {
        id: Set(line.id.into()),
        number: Set(line.number.to_string()),
        legacy_number: Set(Some(line.legacy_number)),
        legacy_source: Set(line.legacy_source),
        organisation_id: Set(line.organisation.into()),
        product_id: Set(line.product.map(Into::into)),
        requestor_id: Set(line.requestor.map(Into::into)),
        requestor_name: Set(line.requestor_name),
        agent_id: Set(line.agent.map(Into::into)),
        title: Set(line.title),
        status: Set(line.status.key().to_owned()),
        close_reason: Set((!line.status.is_open()).then(|| CloseReason::Imported.key().to_owned())),
        priority: Set(line.priority.key().to_owned()),
        impact: Set(line.impact.map(|impact| impact.key().to_owned())),
        channel: Set(Channel::Import.key().to_owned()),
        opened_at: Set(time::micros(line.opened_at)),
        updated_at: Set(time::micros(line.updated_at)),
        closed_at: Set(line.closed_at.map(time::micros)),
    });
    insert_all(tx, rows.collect(), 18).await
}

async fn insert_entries(tx: &ImportTx, lines: Vec<EntryLine>) -> Result<(), StoreError> {
    let rows = lines.into_iter().map(|line| case_entries::ActiveModel {
        id: Set(line.id.into()),
        case_id: Set(line.case.into()),
        kind: Set(if line.internal { EntryKind::Note } else { EntryKind::Message }.key().to_owned()),
        side: Set(line.side.key().to_owned()),
        author_id: Set(line.author.map(Into::into)),
        author_name: Set(line.author_name),
        body: Set(line.body),
        at: Set(time::micros(line.at)),
        imported: Set(true),
    });
    insert_all(tx, rows.collect(), 9).await
}

/// Joins the names of the files of each entry into one text, internal when the entry is a note. The files of an entry come
/// in the same batch.
fn file_names(entries: &[EntryLine], files: &[FileLine]) -> Vec<(CaseId, bool, String)> {
    let mut files: Vec<&FileLine> = files.iter().collect();
    files.sort_by_key(|line| (line.entry.uuid(), line.at, line.id.uuid()));
    let internal: HashMap<EntryId, bool> = entries.iter().map(|entry| (entry.id, entry.internal)).collect();
    let text = |of_entry: &[&FileLine]| {
        let first = of_entry.first()?;
        let names: Vec<&str> = of_entry.iter().map(|line| line.name.as_str()).collect();
        Some((first.case, internal.get(&first.entry).copied().unwrap_or(true), names.join(" ")))
    };
    files.chunk_by(|one, next| one.entry == next.entry).filter_map(text).collect()
}

async fn insert_files(tx: &ImportTx, lines: Vec<FileLine>) -> Result<(), StoreError> {
    let rows = lines.into_iter().map(|line| files::ActiveModel {
        id: Set(line.id.into()),
        case_id: Set(Some(line.case.into())),
        entry_id: Set(Some(line.entry.into())),
        uploader_id: Set(line.uploader.map(Into::into)),
        name: Set(line.name),
        media_type: Set(line.media_type),
        size: Set(line.size.cast_signed()),
        sha256: Set(line.sha256.to_vec()),
        created_at: Set(time::micros(line.at)),
        announced: Set(false),
        announced_at: Set(None),
    });
    insert_all(tx, rows.collect(), 11).await
}

/// Takes `count` case numbers and gives back the first.
pub async fn take_numbers(tx: &ImportTx, prefix: &str, count: i64) -> Result<i64, StoreError> {
    case_store::take_numbers(&tx.0, prefix, count).await
}
