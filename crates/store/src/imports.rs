//! Bulk rows of imports and the ids of the systems before this one.
//!
//! An import writes through an [`ImportTx`] and nothing else. The functions that queue mails take a [`Tx`], which an
//! `ImportTx` does not give away: an import that mails does not compile (K20).
//!
//! ```compile_fail
//! async fn mail(tx: &store::imports::ImportTx, new: store::mail::NewMail) {
//!     let _ = store::mail::insert(tx, new).await;
//! }
//! ```

use std::collections::{HashMap, HashSet};

use domain::{
    CaseId, ContractId, EnrolmentId, EntryId, FileId, GrantId, ImportId, MembershipId, OrganisationId, PersonId,
    ProductId, ProgrammeId,
    access::{Granted, Reach, Role},
    audit::NewEvent,
    cases::{CaseNumber, Channel, CloseReason, EntryKind, Impact, Priority, Side, Status},
    contracts::{AdminReason, ContactKind},
    imports::{EntryRecord, RecordKind},
    locale::Locale,
    people::MembershipState,
    rollout::Phase,
    text::fold,
};
use jiff::{Timestamp, civil::Date};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{
    Db, Reads, StoreError, Tx, Writes, audit, cases as case_store,
    entity::{
        case_entries, cases, contract_contacts, contract_products, contracts, files, grant_products, identities,
        legacy_ids, memberships, organisations, people, products, programmes, role_grants,
    },
    people::Source,
    rollout, search,
    sql::Sql,
    time, write_tx,
};

/// A writing transaction that cannot queue mails.
pub struct ImportTx(Tx);

impl Reads for ImportTx {
    type Connection = sea_orm::DatabaseTransaction;
    fn connection(&self) -> &Self::Connection {
        self.0.connection()
    }
}

impl Writes for ImportTx {}

/// Begins the transaction of one batch; only `service` calls it.
pub async fn begin(db: &Db) -> Result<ImportTx, StoreError> {
    Ok(ImportTx(write_tx(db).await?))
}

impl ImportTx {
    /// Appends the events of the batch and commits; gives back the number of the last event.
    pub async fn commit(self, events: Vec<NewEvent>) -> Result<Option<i64>, StoreError> {
        let seq = if events.is_empty() { None } else { Some(audit::append(&self.0, events).await?) };
        self.0.commit().await?;
        Ok(seq)
    }
}

/// The name of the lease that whoever writes imports holds.
const LEASE: &str = "import";

/// Gives the lease to `holder` when nobody has it, or who has it did not renew it in time.
pub async fn take_lease(
    tx: &ImportTx,
    _granted: &Granted,
    holder: ImportId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let sql = Sql::new(tx.connection().get_database_backend(), "insert into leases (name, holder, until_at) values (")
        .bind(LEASE)
        .text(", ")
        .bind(holder.uuid())
        .text(", ")
        .bind(time::micros(until))
        .text(
            ") on conflict (name) do update set holder = excluded.holder, until_at = excluded.until_at \
                 where leases.until_at <= ",
        )
        .bind(time::micros(now));
    Ok(tx.connection().execute_raw(sql.build()).await?.rows_affected() > 0)
}

/// Keeps the lease for longer; `until` now gives it back. Nothing happens when somebody else has it.
pub async fn renew_lease(
    tx: &ImportTx,
    _granted: &Granted,
    holder: ImportId,
    until: Timestamp,
) -> Result<(), StoreError> {
    let sql = Sql::new(tx.connection().get_database_backend(), "update leases set until_at = ")
        .bind(time::micros(until))
        .text(" where name = ")
        .bind(LEASE)
        .text(" and holder = ")
        .bind(holder.uuid());
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}

/// Who has, or last had, the lease, and until when.
pub async fn find_lease(db: &impl Reads) -> Result<Option<(ImportId, Timestamp)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        holder: Uuid,
        until_at: i64,
    }
    let sql = Sql::new(db.connection().get_database_backend(), "select holder, until_at from leases where name = ")
        .bind(LEASE);
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
    row.map(|row| Ok((row.holder.into(), time::timestamp(row.until_at)?))).transpose()
}

/// Ids in one statement; SQLite takes 32,766 values, PostgreSQL 65,535.
const CHUNK: usize = 1_000;
/// Values in one insert: few shapes of statements, far below both limits.
const VALUES: usize = 9_000;

async fn insert_all<A>(tx: &impl Writes, rows: Vec<A>, columns: usize) -> Result<(), StoreError>
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

/// What was imported under an id before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legacy {
    pub object: Uuid,
    pub fingerprint: Vec<u8>,
}

pub async fn find_legacy(
    db: &impl Reads,
    kind: RecordKind,
    ids: &[String],
) -> Result<HashMap<String, Legacy>, StoreError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = legacy_ids::Entity::find()
            .filter(legacy_ids::Column::Kind.eq(kind.key()))
            .filter(legacy_ids::Column::LegacyId.is_in(chunk.iter().map(String::as_str)))
            .all(db.connection())
            .await?;
        found.extend(
            rows.into_iter().map(|row| (row.legacy_id, Legacy { object: row.object_id, fingerprint: row.fingerprint })),
        );
    }
    Ok(found)
}

/// The ids that objects were imported under.
pub async fn find_legacy_of(
    db: &impl Reads,
    kind: RecordKind,
    objects: &[Uuid],
) -> Result<HashMap<Uuid, String>, StoreError> {
    let mut found = HashMap::new();
    for chunk in objects.chunks(CHUNK) {
        let rows = legacy_ids::Entity::find()
            .filter(legacy_ids::Column::Kind.eq(kind.key()))
            .filter(legacy_ids::Column::ObjectId.is_in(chunk.iter().copied()))
            .all(db.connection())
            .await?;
        found.extend(rows.into_iter().map(|row| (row.object_id, row.legacy_id)));
    }
    Ok(found)
}

/// People by their normalised addresses.
pub async fn find_people(db: &impl Reads, emails: &[String]) -> Result<HashMap<String, PersonId>, StoreError> {
    let mut found = HashMap::new();
    for chunk in emails.chunks(CHUNK) {
        let rows = identities::Entity::find()
            .filter(identities::Column::Kind.eq("email"))
            .filter(identities::Column::Value.is_in(chunk.iter().map(String::as_str)))
            .all(db.connection())
            .await?;
        found.extend(rows.into_iter().map(|row| (row.value, PersonId::from(row.person_id))));
    }
    Ok(found)
}

/// A membership as an import must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: MembershipId,
    pub person: PersonId,
    pub organisation: OrganisationId,
    pub state: MembershipState,
}

fn member(row: memberships::Model) -> Result<Member, StoreError> {
    Ok(Member {
        id: row.id.into(),
        person: row.person_id.into(),
        organisation: row.organisation_id.into(),
        state: MembershipState::parse(&row.state).ok_or(StoreError::Corrupt(row.state))?,
    })
}

/// All memberships of people.
pub async fn list_memberships(db: &impl Reads, persons: &[PersonId]) -> Result<Vec<Member>, StoreError> {
    let mut found = Vec::new();
    for chunk in persons.chunks(CHUNK) {
        let rows = memberships::Entity::find()
            .filter(memberships::Column::PersonId.is_in(chunk.iter().map(|id| id.uuid())))
            .all(db.connection())
            .await?;
        for row in rows {
            found.push(member(row)?);
        }
    }
    Ok(found)
}

pub async fn find_memberships(db: &impl Reads, ids: &[Uuid]) -> Result<HashMap<Uuid, Member>, StoreError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = memberships::Entity::find()
            .filter(memberships::Column::Id.is_in(chunk.iter().copied()))
            .all(db.connection())
            .await?;
        for row in rows {
            found.insert(row.id, member(row)?);
        }
    }
    Ok(found)
}

/// The companies of contracts or of cases.
pub async fn find_owners(
    db: &impl Reads,
    kind: RecordKind,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, OrganisationId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        organisation_id: Uuid,
    }
    let text = match kind {
        RecordKind::Case => "select id, organisation_id from cases where id in ",
        _ => "select id, organisation_id from contracts where id in ",
    };
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let sql = Sql::new(db.connection().get_database_backend(), text).bind_all(chunk.iter().copied());
        let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
        found.extend(rows.into_iter().map(|row| (row.id, OrganisationId::from(row.organisation_id))));
    }
    Ok(found)
}

/// Every product by its key, with its name.
pub async fn list_products(db: &impl Reads) -> Result<HashMap<String, (ProductId, String)>, StoreError> {
    let rows = products::Entity::find().all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.key, (row.id.into(), row.name))).collect())
}

/// Every programme by its key, with its name.
pub async fn list_programmes(db: &impl Reads) -> Result<HashMap<String, (ProgrammeId, String)>, StoreError> {
    let rows = programmes::Entity::find().all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.key, (row.id.into(), row.name))).collect())
}

/// A role somebody holds, or held, in a company.
#[derive(Clone, Debug)]
pub struct HeldGrant {
    pub id: GrantId,
    pub person: PersonId,
    pub organisation: OrganisationId,
    pub role: Role,
    pub reach: Reach,
    /// Empty is every product.
    pub products: HashSet<ProductId>,
    pub reasons: Vec<AdminReason>,
    /// Given by an import, and not changed by anybody since: who changes a role by hand replaces the grant.
    pub imported: bool,
    /// Taken away by hand, or over by the end date somebody set.
    pub revoked: bool,
}

pub async fn list_grants(db: &impl Reads, persons: &[PersonId], now: Timestamp) -> Result<Vec<HeldGrant>, StoreError> {
    let mut found = Vec::new();
    for chunk in persons.chunks(CHUNK) {
        let rows = role_grants::Entity::find()
            .filter(role_grants::Column::PersonId.is_in(chunk.iter().map(|id| id.uuid())))
            .filter(role_grants::Column::OrganisationId.is_not_null())
            .all(db.connection())
            .await?;
        let sql = Sql::new(
            db.connection().get_database_backend(),
            "select gp.* from grant_products gp join role_grants g on g.id = gp.grant_id where g.person_id in ",
        )
        .bind_all(chunk.iter().map(|id| id.uuid()));
        let mut scopes: HashMap<Uuid, HashSet<ProductId>> = HashMap::new();
        for row in grant_products::Model::find_by_statement(sql.build()).all(db.connection()).await? {
            scopes.entry(row.grant_id).or_default().insert(row.product_id.into());
        }
        found.extend(rows.into_iter().filter_map(|row| {
            Some(HeldGrant {
                id: row.id.into(),
                person: row.person_id.into(),
                organisation: row.organisation_id?.into(),
                role: Role::parse(&row.role)?,
                reach: Reach::parse(&row.reach).unwrap_or_default(),
                products: scopes.remove(&row.id).unwrap_or_default(),
                imported: row.source == Source::Import.key(),
                reasons: serde_json::from_str(&row.reasons).unwrap_or_default(),
                revoked: row.revoked_at.is_some() || row.until_at.is_some_and(|until| until <= time::micros(now)),
            })
        }));
    }
    Ok(found)
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
    pub open: bool,
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
    /// Text that makes a case findable beside its entries.
    pub documents: Vec<(CaseId, String)>,
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
        name: Set(line.name),
        region: Set(line.region),
        created_at: Set(at),
    });
    insert_all(tx, rows.collect(), 5).await?;
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
        name: Set(line.name),
        state: Set(MembershipState::Known.key().to_owned()),
        source: Set(Source::Import.key().to_owned()),
        created_at: Set(at),
        invited_at: Set(None),
        activated_at: Set(None),
        removed_at: Set(None),
    });
    insert_all(tx, rows.collect(), 10).await?;
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
    insert_cases(tx, bulk.cases).await?;
    let documents: Vec<(CaseId, bool, String)> = bulk
        .documents
        .into_iter()
        .map(|(case, body)| (case, false, body))
        .chain(bulk.entries.iter().map(|entry| (entry.case, entry.internal, entry.body.clone())))
        .collect();
    insert_entries(tx, bulk.entries).await?;
    insert_files(tx, bulk.files).await?;
    insert_documents(tx, &documents).await?;
    insert_legacy(tx, bulk.legacy).await
}

/// A new id that is there already is an error: two imports of it would be two objects.
async fn insert_legacy(tx: &ImportTx, lines: Vec<LegacyLine>) -> Result<(), StoreError> {
    let (known, fresh): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.known);
    let model = |line: LegacyLine| legacy_ids::ActiveModel {
        kind: Set(line.kind.key().to_owned()),
        legacy_id: Set(line.id),
        object_id: Set(line.object),
        fingerprint: Set(line.fingerprint.to_vec()),
    };
    insert_all(tx, fresh.into_iter().map(model).collect(), 4).await?;
    let mut known = known.into_iter().map(model).peekable();
    while known.peek().is_some() {
        legacy_ids::Entity::insert_many(known.by_ref().take(CHUNK))
            .on_conflict(
                OnConflict::columns([legacy_ids::Column::Kind, legacy_ids::Column::LegacyId])
                    .update_column(legacy_ids::Column::Fingerprint)
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
        name: Set(line.name),
        email: Set(line.email),
        phone: Set(line.phone),
        locale: Set(line.locale.unwrap_or_default().key().to_owned()),
        time_zone: Set("Europe/Paris".to_owned()),
        password_hash: Set(None),
        password_changed_at: Set(None),
        password_version: Set(0),
        last_seen_at: Set(None),
        created_at: Set(at),
    });
    insert_all(tx, rows.collect(), 11).await?;
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
            revoked_at: Set(None),
        });
    }
    insert_all(tx, rows, 12).await?;
    insert_all(tx, scopes, 2).await
}

fn reasons_text(reasons: &[AdminReason]) -> Result<String, StoreError> {
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
        agent_id: Set(None),
        title: Set(line.title),
        status: Set(if line.open { Status::InProgress } else { Status::Closed }.key().to_owned()),
        close_reason: Set((!line.open).then(|| CloseReason::Imported.key().to_owned())),
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
    });
    insert_all(tx, rows.collect(), 9).await
}

async fn insert_documents(tx: &ImportTx, lines: &[(CaseId, bool, String)]) -> Result<(), StoreError> {
    let texts: Vec<_> = lines.iter().map(|(case, internal, body)| (*case, *internal, body.as_str())).collect();
    search::insert_all(&tx.0, &texts).await
}

/// Takes `count` case numbers and gives back the first.
pub async fn take_numbers(tx: &ImportTx, prefix: &str, count: i64) -> Result<i64, StoreError> {
    case_store::take_numbers(&tx.0, prefix, count).await
}

pub async fn update_organisation(
    tx: &ImportTx,
    _granted: &Granted,
    id: OrganisationId,
    name: &str,
    region: &str,
) -> Result<(), StoreError> {
    organisations::Entity::update_many()
        .col_expr(organisations::Column::Name, Expr::value(name))
        .col_expr(organisations::Column::Folded, Expr::value(fold(name)))
        .col_expr(organisations::Column::Region, Expr::value(region))
        .filter(organisations::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

pub async fn update_product(tx: &ImportTx, _granted: &Granted, id: ProductId, name: &str) -> Result<(), StoreError> {
    products::Entity::update_many()
        .col_expr(products::Column::Name, Expr::value(name))
        .filter(products::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Sets number, plan and days; products are only added.
pub async fn update_contract(tx: &ImportTx, _granted: &Granted, line: &ContractLine) -> Result<(), StoreError> {
    contracts::Entity::update_many()
        .col_expr(contracts::Column::Number, Expr::value(line.number.as_str()))
        .col_expr(contracts::Column::Plan, Expr::value(line.plan.as_str()))
        .col_expr(contracts::Column::StartsOn, Expr::value(line.starts_on.map(|day| day.to_string())))
        .col_expr(contracts::Column::EndsOn, Expr::value(line.ends_on.map(|day| day.to_string())))
        .filter(contracts::Column::Id.eq(line.id.uuid()))
        .exec(tx.connection())
        .await?;
    if !line.products.is_empty() {
        let rows = line.products.iter().map(|product| contract_products::ActiveModel {
            contract_id: Set(line.id.into()),
            product_id: Set((*product).into()),
        });
        contract_products::Entity::insert_many(rows)
            .on_conflict_do_nothing()
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

/// Corrects name, phone and language of somebody who never signed in, and the name that the company sees of a member who
/// did not accept yet; what people wrote themselves stays.
pub async fn update_person(
    tx: &ImportTx,
    _granted: &Granted,
    id: PersonId,
    organisation: OrganisationId,
    name: &str,
    phone: Option<&str>,
    locale: Option<Locale>,
) -> Result<(), StoreError> {
    let update = people::Entity::update_many().col_expr(people::Column::Name, Expr::value(name));
    let update = match phone {
        Some(phone) => update.col_expr(people::Column::Phone, Expr::value(phone)),
        None => update,
    };
    let update = match locale {
        Some(locale) => update.col_expr(people::Column::Locale, Expr::value(locale.key())),
        None => update,
    };
    update
        .filter(people::Column::Id.eq(id.uuid()))
        .filter(people::Column::PasswordHash.is_null())
        .exec(tx.connection())
        .await?;
    memberships::Entity::update_many()
        .col_expr(memberships::Column::Name, Expr::value(name))
        .filter(memberships::Column::PersonId.eq(id.uuid()))
        .filter(memberships::Column::OrganisationId.eq(organisation.uuid()))
        .filter(memberships::Column::ActivatedAt.is_null())
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Keeps all the reasons of one grant (R15).
pub async fn update_reasons(
    tx: &impl Writes,
    _granted: &Granted,
    id: GrantId,
    reasons: &[AdminReason],
) -> Result<(), StoreError> {
    role_grants::Entity::update_many()
        .col_expr(role_grants::Column::Reasons, Expr::value(reasons_text(reasons)?))
        .filter(role_grants::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Changes role, reach and products of a grant that an import gave.
pub async fn update_grant(
    tx: &ImportTx,
    _granted: &Granted,
    id: GrantId,
    role: Role,
    reach: Reach,
    products: &HashSet<ProductId>,
) -> Result<(), StoreError> {
    role_grants::Entity::update_many()
        .col_expr(role_grants::Column::Role, Expr::value(role.key()))
        .col_expr(role_grants::Column::Reach, Expr::value(reach.key()))
        .col_expr(role_grants::Column::AllProducts, Expr::value(products.is_empty()))
        .filter(role_grants::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    grant_products::Entity::delete_many()
        .filter(grant_products::Column::GrantId.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    let scopes = products
        .iter()
        .map(|product| grant_products::ActiveModel { grant_id: Set(id.into()), product_id: Set((*product).into()) });
    insert_all(tx, scopes.collect(), 2).await
}

/// What a second import must know of a case: its imported entries, and whether somebody has worked on it here since.
#[derive(Debug, Default)]
pub struct KnownStream {
    /// By author, time and text.
    entries: HashMap<(String, Timestamp, String), KnownEntry>,
    pub touched: bool,
}

#[derive(Debug)]
pub struct KnownEntry {
    pub id: EntryId,
    /// The names of its files.
    pub files: HashSet<String>,
}

impl KnownStream {
    /// The entry that a record says again.
    pub fn find(&self, entry: &EntryRecord) -> Option<&KnownEntry> {
        self.entries.get(&(entry.author.to_string(), entry.at, entry.body.clone()))
    }
}

pub async fn find_stream(db: &impl Reads, case: CaseId) -> Result<KnownStream, StoreError> {
    let rows =
        case_entries::Entity::find().filter(case_entries::Column::CaseId.eq(case.uuid())).all(db.connection()).await?;
    let mut names: HashMap<Uuid, HashSet<String>> = HashMap::new();
    for file in files::Entity::find().filter(files::Column::CaseId.eq(case.uuid())).all(db.connection()).await? {
        if let Some(entry) = file.entry_id {
            names.entry(entry).or_default().insert(file.name);
        }
    }
    let mut known = KnownStream::default();
    for row in rows {
        if row.imported {
            let entry = KnownEntry { id: row.id.into(), files: names.remove(&row.id).unwrap_or_default() };
            known.entries.insert((row.author_name, time::timestamp(row.at)?, row.body), entry);
        } else {
            known.touched = true;
        }
    }
    Ok(known)
}

/// Those among imported cases that somebody has worked on here.
pub async fn find_touched(db: &impl Reads, cases: &[CaseId]) -> Result<Vec<CaseId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        case_id: Uuid,
    }
    let mut found = Vec::new();
    for chunk in cases.chunks(CHUNK) {
        let sql = Sql::new(
            db.connection().get_database_backend(),
            "select distinct case_id from case_entries where imported = ",
        )
        .bind(false)
        .text(" and case_id in ")
        .bind_all(chunk.iter().map(|id| id.uuid()));
        let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
        found.extend(rows.into_iter().map(|row| CaseId::from(row.case_id)));
    }
    Ok(found)
}

/// What a case is found by beside its entries: its numbers and its title.
pub fn case_head(number: &str, legacy_number: &str, title: &str) -> String {
    format!("{number} {legacy_number} {title}")
}

/// Makes a case that nobody touched here what it is in the old system now.
pub async fn update_case(tx: &ImportTx, _granted: &Granted, line: &CaseLine) -> Result<(), StoreError> {
    let db = tx.connection();
    let before = cases::Entity::find_by_id(line.id.uuid()).one(db).await?.ok_or(StoreError::NotFound)?;
    let legacy_number = before.legacy_number.unwrap_or_default();
    let old_head = case_head(&before.number, &legacy_number, &before.title);
    let head = case_head(&before.number, &line.legacy_number, &line.title);
    if head != old_head {
        search::delete(&tx.0, line.id, &old_head).await?;
        insert_documents(tx, &[(line.id, false, head)]).await?;
    }
    cases::Entity::update_many()
        .col_expr(cases::Column::LegacyNumber, Expr::value(line.legacy_number.as_str()))
        .col_expr(cases::Column::LegacySource, Expr::value(line.legacy_source.clone()))
        .col_expr(cases::Column::ProductId, Expr::value(line.product.map(Uuid::from)))
        .col_expr(cases::Column::RequestorId, Expr::value(line.requestor.map(Uuid::from)))
        .col_expr(cases::Column::RequestorName, Expr::value(line.requestor_name.as_str()))
        .col_expr(cases::Column::Title, Expr::value(line.title.as_str()))
        .col_expr(cases::Column::Priority, Expr::value(line.priority.key()))
        .col_expr(cases::Column::Impact, Expr::value(line.impact.map(|impact| impact.key().to_owned())))
        .col_expr(cases::Column::OpenedAt, Expr::value(time::micros(line.opened_at)))
        .col_expr(cases::Column::Status, Expr::value(if line.open { Status::InProgress } else { Status::Closed }.key()))
        .col_expr(cases::Column::CloseReason, Expr::value((!line.open).then(|| CloseReason::Imported.key().to_owned())))
        .col_expr(cases::Column::UpdatedAt, Expr::value(time::micros(line.updated_at)))
        .col_expr(cases::Column::ClosedAt, Expr::value(line.closed_at.map(time::micros)))
        .filter(cases::Column::Id.eq(line.id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Whether anybody has an address that does not end in `suffix`: the demo is not for databases with real people.
pub async fn has_people_outside(db: &impl Reads, suffix: &'static str) -> Result<bool, StoreError> {
    let found = identities::Entity::find()
        .filter(identities::Column::Value.not_like(format!("%{suffix}")))
        .one(db.connection())
        .await?;
    Ok(found.is_some())
}
