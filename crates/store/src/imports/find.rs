//! What an import asks about what is there already.

use std::collections::{HashMap, HashSet};

use domain::{
    CaseId, EntryId, GrantId, MembershipId, OrganisationId, PersonId, ProductId, ProgrammeId,
    access::{Reach, Role},
    contracts::AdminReason,
    imports::{EntryRecord, RecordKind, without_marks},
    people::MembershipState,
};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};
use uuid::Uuid;

use crate::{
    Reads, StoreError,
    entity::{
        case_entries, files, grant_products, identities, legacy_ids, memberships, products, programmes, role_grants,
    },
    people::Source,
    sql::Sql,
    time,
};

/// Ids in one statement: SQLite takes 32,766 values, PostgreSQL 65,535.
pub(super) const CHUNK: usize = 1_000;

/// What was imported under an id before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legacy {
    pub object: Uuid,
    /// The system it came from; empty when the record did not say.
    pub source: String,
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
        found.extend(rows.into_iter().map(|row| {
            let known = Legacy { object: row.object_id, source: row.source, fingerprint: row.fingerprint };
            (row.legacy_id, known)
        }));
    }
    Ok(found)
}

/// Returns the ids that objects were imported under.
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

/// Returns people by their normalised addresses.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: MembershipId,
    pub person: PersonId,
    pub organisation: OrganisationId,
    pub state: MembershipState,
    /// What the company calls the person.
    pub name: String,
    /// Has come in to this company: an import does not change the name any more.
    pub came_in: bool,
}

fn member(row: memberships::Model) -> Result<Member, StoreError> {
    Ok(Member {
        id: row.id.into(),
        person: row.person_id.into(),
        organisation: row.organisation_id.into(),
        state: MembershipState::parse(&row.state).ok_or(StoreError::Corrupt(row.state))?,
        name: row.name,
        came_in: row.activated_at.is_some(),
    })
}

/// Returns all memberships of people.
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

/// Returns the companies of contracts or of cases.
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

/// The title of an object, and for a case when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub title: String,
    pub opened_at: Option<Timestamp>,
}

/// Finds the titles of objects: companies, contracts, the people of contacts, the members of users, cases.
pub async fn find_heads(db: &impl Reads, kind: RecordKind, ids: &[Uuid]) -> Result<HashMap<Uuid, Head>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        title: String,
        opened_at: Option<i64>,
    }
    let text = match kind {
        RecordKind::Organisation => {
            "select id, name as title, cast(null as bigint) as opened_at from organisations where id in "
        }
        RecordKind::Product => "select id, name as title, cast(null as bigint) as opened_at from products where id in ",
        RecordKind::Contract => {
            "select id, number as title, cast(null as bigint) as opened_at from contracts where id in "
        }
        RecordKind::Contact => "select id, name as title, cast(null as bigint) as opened_at from people where id in ",
        RecordKind::User => "select id, name as title, cast(null as bigint) as opened_at from memberships where id in ",
        RecordKind::Case | RecordKind::Entry => "select id, title, opened_at from cases where id in ",
    };
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let sql = Sql::new(db.connection().get_database_backend(), text).bind_all(chunk.iter().copied());
        for row in Row::find_by_statement(sql.build()).all(db.connection()).await? {
            let opened_at = row.opened_at.map(time::timestamp).transpose()?;
            found.insert(row.id, Head { title: row.title, opened_at });
        }
    }
    Ok(found)
}

/// Finds the vendor roles of people; a person without one is missing.
pub async fn find_staff(
    db: &impl Reads,
    persons: &[PersonId],
    now: Timestamp,
) -> Result<HashMap<PersonId, Vec<Role>>, StoreError> {
    let mut found: HashMap<PersonId, Vec<Role>> = HashMap::new();
    for chunk in persons.chunks(CHUNK) {
        let rows = role_grants::Entity::find()
            .filter(role_grants::Column::PersonId.is_in(chunk.iter().map(|id| id.uuid())))
            .filter(role_grants::Column::OrganisationId.is_null())
            .filter(role_grants::Column::RevokedAt.is_null())
            .all(db.connection())
            .await?;
        for row in rows.into_iter().filter(|row| row.until_at.is_none_or(|until| until > time::micros(now))) {
            found.entry(row.person_id.into()).or_default().extend(Role::parse(&row.role));
        }
    }
    Ok(found)
}

/// Returns every product by its key, with its name.
pub async fn list_products(db: &impl Reads) -> Result<HashMap<String, (ProductId, String)>, StoreError> {
    let rows = products::Entity::find().all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.key, (row.id.into(), row.name))).collect())
}

/// Returns every programme by its key, with its name.
pub async fn list_programmes(db: &impl Reads) -> Result<HashMap<String, (ProgrammeId, String)>, StoreError> {
    let rows = programmes::Entity::find().all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.key, (row.id.into(), row.name))).collect())
}

/// A role that a person holds, or held, in a company.
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
    /// Given by an import and unchanged since: a change by hand replaces the grant.
    pub imported: bool,
    /// Taken away by hand, or over by the end date that was set.
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

/// What a second import must know of a case: its imported entries, and whether it has been worked on here since.
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
    /// Returns the stored entry that a record repeats.
    pub fn find(&self, entry: &EntryRecord) -> Option<&KnownEntry> {
        let body = without_marks(&entry.body).to_owned();
        self.entries.get(&(entry.author.to_string(), entry.at, body))
    }
}

/// Finds the streams of cases; `same_body` turns a stored text into the form that a record has.
pub async fn find_streams(
    db: &impl Reads,
    cases: &[CaseId],
    same_body: fn(&str) -> String,
) -> Result<HashMap<CaseId, KnownStream>, StoreError> {
    let mut found: HashMap<CaseId, KnownStream> = HashMap::new();
    for chunk in cases.chunks(CHUNK) {
        let ids = || chunk.iter().map(|id| id.uuid());
        let rows =
            case_entries::Entity::find().filter(case_entries::Column::CaseId.is_in(ids())).all(db.connection()).await?;
        let mut names: HashMap<Uuid, HashSet<String>> = HashMap::new();
        let attached = files::Entity::find().filter(files::Column::CaseId.is_in(ids()));
        for file in attached.all(db.connection()).await? {
            if let Some(entry) = file.entry_id {
                names.entry(entry).or_default().insert(file.name);
            }
        }
        for row in rows {
            let known = found.entry(row.case_id.into()).or_default();
            if row.imported {
                let entry = KnownEntry { id: row.id.into(), files: names.remove(&row.id).unwrap_or_default() };
                known.entries.insert((row.author_name, time::timestamp(row.at)?, same_body(&row.body)), entry);
            } else {
                known.touched = true;
            }
        }
    }
    Ok(found)
}

/// Whether any person has an address that does not end in `suffix`: the demo is not for databases with real people.
pub async fn has_people_outside(db: &impl Reads, suffix: &'static str) -> Result<bool, StoreError> {
    let found = identities::Entity::find()
        .filter(identities::Column::Value.not_like(format!("%{suffix}")))
        .one(db.connection())
        .await?;
    Ok(found.is_some())
}
