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
    CaseId, ContractId, EnrolmentId, EntryId, FileId, GrantId, MembershipId, OrganisationId, PersonId, ProductId,
    ProgrammeId,
    access::{Granted, Reach, Role},
    audit::NewEvent,
    cases::{CaseNumber, Channel, CloseReason, EntryKind, Impact, Priority, Side, Status},
    contracts::{AdminReason, ContactKind},
    imports::RecordKind,
    locale::Locale,
    people::MembershipState,
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
    Db, Reads, StoreError, Tx, audit, cases as case_store,
    entity::{
        case_entries, cases, contract_contacts, contract_products, contracts, files, grant_products, identities,
        legacy_ids, memberships, organisations, people, products, programmes, role_grants,
    },
    rollout,
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

/// Ids in one statement; SQLite takes 32,766 values, PostgreSQL 65,535.
const CHUNK: usize = 1_000;
/// Values in one insert: few shapes of statements, far below both limits.
const VALUES: usize = 9_000;

async fn insert_all<A>(tx: &ImportTx, rows: Vec<A>, columns: usize) -> Result<(), StoreError>
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

/// Every programme by its key.
pub async fn list_programmes(db: &impl Reads) -> Result<HashMap<String, ProgrammeId>, StoreError> {
    let rows = programmes::Entity::find().all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.key, row.id.into())).collect())
}

/// A role somebody holds, or held, in a company.
#[derive(Clone, Debug)]
pub struct HeldGrant {
    pub id: GrantId,
    pub person: PersonId,
    pub organisation: OrganisationId,
    pub role: Role,
    pub reasons: Vec<AdminReason>,
    pub revoked: bool,
}

pub async fn list_grants(db: &impl Reads, persons: &[PersonId]) -> Result<Vec<HeldGrant>, StoreError> {
    let mut found = Vec::new();
    for chunk in persons.chunks(CHUNK) {
        let rows = role_grants::Entity::find()
            .filter(role_grants::Column::PersonId.is_in(chunk.iter().map(|id| id.uuid())))
            .filter(role_grants::Column::OrganisationId.is_not_null())
            .all(db.connection())
            .await?;
        found.extend(rows.into_iter().filter_map(|row| {
            Some(HeldGrant {
                id: row.id.into(),
                person: row.person_id.into(),
                organisation: row.organisation_id?.into(),
                role: Role::parse(&row.role)?,
                reasons: serde_json::from_str(&row.reasons).unwrap_or_default(),
                revoked: row.revoked_at.is_some(),
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
    pub locale: Locale,
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
}

/// The new rows of one batch.
#[derive(Default)]
pub struct Bulk {
    pub organisations: Vec<OrganisationLine>,
    pub enrolments: Vec<(EnrolmentId, ProgrammeId, OrganisationId)>,
    pub products: Vec<ProductLine>,
    pub contracts: Vec<ContractLine>,
    pub people: Vec<PersonLine>,
    pub memberships: Vec<(MembershipId, PersonId, OrganisationId)>,
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

/// Writes the rows of a batch, many in a statement.
pub async fn insert(tx: &ImportTx, granted: &Granted, bulk: Bulk, now: Timestamp) -> Result<(), StoreError> {
    let at = time::micros(now);
    let rows = bulk.organisations.into_iter().map(|line| organisations::ActiveModel {
        id: Set(line.id.into()),
        name: Set(line.name),
        region: Set(line.region),
        created_at: Set(at),
    });
    insert_all(tx, rows.collect(), 4).await?;
    for (id, programme, organisation) in bulk.enrolments {
        if rollout::find_enrolment(tx, organisation).await?.is_none() {
            rollout::enrol(&tx.0, granted, id, programme, organisation, now).await?;
        }
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
    let rows = bulk.memberships.into_iter().map(|(id, person, organisation)| memberships::ActiveModel {
        id: Set(id.into()),
        person_id: Set(person.into()),
        organisation_id: Set(organisation.into()),
        state: Set(MembershipState::Known.key().to_owned()),
        source: Set("import".to_owned()),
        created_at: Set(at),
        invited_at: Set(None),
        activated_at: Set(None),
        removed_at: Set(None),
    });
    insert_all(tx, rows.collect(), 9).await?;
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
    insert_grants(tx, granted, bulk.grants, at).await?;
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
    for chunk in bulk.legacy.chunks(CHUNK) {
        let rows = chunk.iter().map(|line| legacy_ids::ActiveModel {
            kind: Set(line.kind.key().to_owned()),
            legacy_id: Set(line.id.clone()),
            object_id: Set(line.object),
            fingerprint: Set(line.fingerprint.to_vec()),
        });
        legacy_ids::Entity::insert_many(rows)
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
        locale: Set(line.locale.key().to_owned()),
        time_zone: Set("Europe/Paris".to_owned()),
        password_hash: Set(None),
        password_changed_at: Set(None),
        last_seen_at: Set(None),
        created_at: Set(at),
    });
    insert_all(tx, rows.collect(), 10).await?;
    insert_all(tx, addresses, 4).await
}

async fn insert_grants(tx: &ImportTx, granted: &Granted, lines: Vec<GrantLine>, at: i64) -> Result<(), StoreError> {
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
            granted_by: Set(granted.actor().map(Into::into)),
            granted_at: Set(at),
            until_at: Set(None),
            revoked_at: Set(None),
        });
    }
    insert_all(tx, rows, 11).await?;
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
    for chunk in lines.chunks(CHUNK) {
        let mut sql = Sql::new(
            tx.connection().get_database_backend(),
            "insert into search_documents (case_id, internal, body) values ",
        );
        for (index, (case, internal, body)) in chunk.iter().enumerate() {
            sql = sql.text(if index == 0 { "(" } else { ", (" });
            sql = sql.bind(case.uuid()).text(", ").bind(*internal).text(", ").bind(body.as_str()).text(")");
        }
        tx.connection().execute_raw(sql.build()).await?;
    }
    Ok(())
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

/// Corrects name and phone of somebody who never signed in; what people wrote themselves stays.
pub async fn update_person(
    tx: &ImportTx,
    _granted: &Granted,
    id: PersonId,
    name: &str,
    phone: Option<&str>,
) -> Result<(), StoreError> {
    let update = people::Entity::update_many().col_expr(people::Column::Name, Expr::value(name));
    let update = match phone {
        Some(phone) => update.col_expr(people::Column::Phone, Expr::value(phone)),
        None => update,
    };
    update
        .filter(people::Column::Id.eq(id.uuid()))
        .filter(people::Column::PasswordHash.is_null())
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Keeps all the reasons of one grant (R15).
pub async fn update_reasons(
    tx: &ImportTx,
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

/// What a second import must know of a case: its entries, and whether somebody has worked on it here since.
#[derive(Debug, Default)]
pub struct KnownStream {
    /// Author, time and text of the imported entries.
    pub entries: HashSet<(String, Timestamp, String)>,
    pub touched: bool,
}

pub async fn find_stream(db: &impl Reads, case: CaseId) -> Result<KnownStream, StoreError> {
    let rows =
        case_entries::Entity::find().filter(case_entries::Column::CaseId.eq(case.uuid())).all(db.connection()).await?;
    let mut known = KnownStream::default();
    for row in rows {
        if row.imported {
            known.entries.insert((row.author_name, time::timestamp(row.at)?, row.body));
        } else {
            known.touched = true;
        }
    }
    Ok(known)
}

/// Moves a case that nobody touched here to where it stands in the old system now.
pub async fn update_case(tx: &ImportTx, _granted: &Granted, line: &CaseLine) -> Result<(), StoreError> {
    cases::Entity::update_many()
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
