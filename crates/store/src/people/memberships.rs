//! People in companies.

use std::collections::HashMap;

use domain::{
    MembershipId, OrganisationId, PersonId,
    access::{Granted, Reach, Role, Sides},
    page::Page,
    people::{AddressStanding, MemberRow, MembershipState, RoleRow},
    text::{in_letters, sort_key, sort_words},
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, sea_query::Expr,
};
use uuid::Uuid;

use super::{PersonFacts, facts};
use crate::{
    Reads, StoreError, Tx,
    entity::{memberships, people},
    organisations::WORDS,
    paging::{Key, Kind, List, sort_by_name},
    sql::Sql,
    time,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipFacts {
    pub id: MembershipId,
    /// As the company or its records wrote it.
    pub name: String,
    pub state: MembershipState,
    /// Whether the person ever accepted an invitation to this company.
    pub was_active: bool,
}

pub async fn find_membership(
    db: &impl Reads,
    person: PersonId,
    organisation: OrganisationId,
) -> Result<Option<MembershipFacts>, StoreError> {
    let row = memberships::Entity::find()
        .filter(memberships::Column::PersonId.eq(person.uuid()))
        .filter(memberships::Column::OrganisationId.eq(organisation.uuid()))
        .one(db.connection())
        .await?;
    row.map(|row| {
        let state = MembershipState::parse(&row.state).ok_or_else(|| StoreError::Corrupt(row.state.clone()))?;
        Ok(MembershipFacts { id: row.id.into(), name: row.name, state, was_active: row.activated_at.is_some() })
    })
    .transpose()
}

/// Where a membership or a role came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Import,
    Added,
}

impl Source {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Added => "added",
        }
    }
}

pub struct NewMembership<'a> {
    pub id: MembershipId,
    pub person: PersonId,
    pub organisation: OrganisationId,
    /// As it was typed: the company sees nothing else of the person before they accept.
    pub name: &'a str,
    pub source: Source,
    pub now: Timestamp,
}

pub async fn insert_membership(tx: &Tx, _granted: &Granted, new: NewMembership<'_>) -> Result<(), StoreError> {
    memberships::ActiveModel {
        id: Set(new.id.into()),
        person_id: Set(new.person.into()),
        organisation_id: Set(new.organisation.into()),
        name: Set(new.name.to_owned()),
        sort_key: Set(sort_key(new.name)),
        state: Set(MembershipState::Known.key().to_owned()),
        source: Set(new.source.key().to_owned()),
        created_at: Set(time::micros(new.now)),
        invited_at: Set(None),
        activated_at: Set(None),
        removed_at: Set(None),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

/// Sets the name that a company sees of a person it adds again.
pub async fn set_membership_name(
    tx: &Tx,
    person: PersonId,
    organisation: OrganisationId,
    name: &str,
) -> Result<(), StoreError> {
    memberships::Entity::update_many()
        .col_expr(memberships::Column::Name, Expr::value(name))
        .col_expr(memberships::Column::SortKey, Expr::value(sort_key(name)))
        .filter(memberships::Column::PersonId.eq(person.uuid()))
        .filter(memberships::Column::OrganisationId.eq(organisation.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Moves a membership from one state to another and notes when; `false` when it is in another state by now.
pub async fn set_membership_state(
    tx: &Tx,
    person: PersonId,
    organisation: OrganisationId,
    from: MembershipState,
    state: MembershipState,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let at = time::micros(now);
    let update = memberships::Entity::update_many().col_expr(memberships::Column::State, Expr::value(state.key()));
    let update = match state {
        MembershipState::Invited => update.col_expr(memberships::Column::InvitedAt, Expr::value(at)),
        MembershipState::Active => update.col_expr(memberships::Column::ActivatedAt, Expr::value(at)),
        MembershipState::Removed => update.col_expr(memberships::Column::RemovedAt, Expr::value(at)),
        MembershipState::Known => update.col_expr(memberships::Column::RemovedAt, Expr::value(Option::<i64>::None)),
    };
    let done = update
        .filter(memberships::Column::PersonId.eq(person.uuid()))
        .filter(memberships::Column::OrganisationId.eq(organisation.uuid()))
        .filter(memberships::Column::State.eq(from.key()))
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected == 1)
}

/// The name of member `m`, person `p`, as the company may see it: knowing an address does not tell whose it is.
pub(super) const SHOWN_NAME: &str = "case when m.state = 'active' then p.name else m.name end as name";

/// Returns the address of a member as the company may see it. Before they accept, it is in lower case, however it was
/// typed or stored: the spelling of an existing account would give its existence away (C1).
pub(super) fn shown_address(stored: &str, active: bool) -> String {
    let address = in_letters(stored);
    if active { address } else { address.to_lowercase() }
}

/// What orders that name.
pub(super) const SHOWN_KEY: &str = "case when m.state = 'active' then p.sort_key else m.sort_key end";

/// A member as the company may see them: before they accept only what was typed about them, for an account may exist through
/// another company (CVE-2026-40570).
#[derive(FromQueryResult)]
struct MemberColumns {
    person_id: Uuid,
    name: String,
    email: String,
    phone: Option<String>,
    state: String,
    invited_at: Option<i64>,
    last_seen_at: Option<i64>,
}

const LIST: List = List {
    columns: "select m.person_id, case when m.state = 'active' then p.name else m.name end as name, p.email, \
              case when m.state = 'active' then p.phone end as phone, m.state, m.invited_at, \
              case when m.state = 'active' then p.last_seen_at end as last_seen_at",
    key: SHOWN_KEY,
    kind: Kind::Name,
    id: "m.person_id",
    descending: false,
    most: 100_000,
};

/// Returns the members of a company who were not removed; each word of `find` stands in their name or in their address.
fn members_of(sql: Sql, organisation: OrganisationId, find: &str) -> Sql {
    let sql = ever_in(sql, organisation).text(" and m.state <> 'removed'");
    // A word without a letter or digit would match every sign in a name.
    let words = find.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).take(WORDS);
    words.fold(sql, |sql, word| {
        sql.text(" and (")
            .text(SHOWN_KEY)
            .contains(&sort_words(word))
            .text(" or lower(p.email)")
            .contains(&word.to_lowercase())
            .text(")")
    })
}

fn ever_in(sql: Sql, organisation: OrganisationId) -> Sql {
    sql.text(" from memberships m join people p on p.id = m.person_id where m.organisation_id = ")
        .bind(organisation.uuid())
}

/// Returns one page of the people of a company with their roles, in the order of a dictionary; removed ones are left
/// out.
pub async fn list_members_page(
    db: &impl Reads,
    granted: &Granted,
    find: &str,
    after: &str,
    now: Timestamp,
) -> Result<Page<MemberRow>, StoreError> {
    let organisation = granted.organisation().ok_or(StoreError::NotFound)?;
    let scope = |sql: Sql| members_of(sql, organisation, find);
    let whole = |sql: Sql| ever_in(sql, organisation);
    let page = LIST.page_within(db, after, scope, whole, |row: &MemberColumns| Key::Name(row.person_id)).await?;
    let persons: Vec<Uuid> = page.rows.iter().map(|row| row.person_id).collect();
    let mut roles = list_roles_of(db, organisation, Some(&persons), now).await?;
    page.try_map(|row| member(row, &mut roles))
}

/// Returns all the people of a company with their roles, in the same order.
pub async fn list_members(db: &impl Reads, granted: &Granted, now: Timestamp) -> Result<Vec<MemberRow>, StoreError> {
    let organisation = granted.organisation().ok_or(StoreError::NotFound)?;
    let sql = members_of(Sql::new(db.connection().get_database_backend(), LIST.columns), organisation, "");
    let sql = sql.text(" order by ").text(LIST.key).text(", ").text(LIST.id);
    let rows = MemberColumns::find_by_statement(sql.build()).all(db.connection()).await?;
    let mut roles = list_roles_of(db, organisation, None, now).await?;
    rows.into_iter().map(|row| member(row, &mut roles)).collect()
}

/// Returns one member who was not removed, with their roles.
pub async fn find_member(
    db: &impl Reads,
    granted: &Granted,
    person: PersonId,
    now: Timestamp,
) -> Result<Option<MemberRow>, StoreError> {
    let organisation = granted.organisation().ok_or(StoreError::NotFound)?;
    let sql = members_of(Sql::new(db.connection().get_database_backend(), LIST.columns), organisation, "");
    let sql = sql.text(" and m.person_id = ").bind(person.uuid());
    let Some(row) = MemberColumns::find_by_statement(sql.build()).one(db.connection()).await? else { return Ok(None) };
    let mut roles = list_roles_of(db, organisation, Some(&[person.uuid()]), now).await?;
    member(row, &mut roles).map(Some)
}

fn member(row: MemberColumns, roles: &mut HashMap<Uuid, Vec<RoleRow>>) -> Result<MemberRow, StoreError> {
    Ok(MemberRow {
        person: row.person_id.into(),
        name: row.name,
        email: shown_address(&row.email, row.state == MembershipState::Active.key()),
        phone: row.phone,
        state: MembershipState::parse(&row.state).ok_or_else(|| StoreError::Corrupt(row.state.clone()))?,
        invited_at: row.invited_at.map(time::timestamp).transpose()?,
        last_seen_at: row.last_seen_at.map(time::timestamp).transpose()?,
        roles: roles.remove(&row.person_id).unwrap_or_default(),
    })
}

/// Returns the roles that stand in a company, by person, in the order they were given: those of some people, or of all.
async fn list_roles_of(
    db: &impl Reads,
    organisation: OrganisationId,
    persons: Option<&[Uuid]>,
    now: Timestamp,
) -> Result<HashMap<Uuid, Vec<RoleRow>>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        person_id: Uuid,
        role: String,
        reach: String,
        all_products: bool,
        reasons: String,
        until_on: Option<String>,
    }
    #[derive(FromQueryResult)]
    struct ProductRow {
        grant_id: Uuid,
        name: String,
    }
    let backend = db.connection().get_database_backend();
    let scope = |sql: Sql| {
        sql.text("g.revoked_at is null and g.organisation_id = ")
            .bind(organisation.uuid())
            .text(" and (g.until_at is null or g.until_at > ")
            .bind(time::micros(now))
            .text(")")
            .when(persons, |sql, persons| sql.text(" and g.person_id in ").bind_all(persons.iter().copied()))
    };
    let sql = Sql::new(
        backend,
        "select gp.grant_id, pr.name from grant_products gp join products pr on pr.id = gp.product_id \
         join role_grants g on g.id = gp.grant_id where ",
    );
    let mut rows = ProductRow::find_by_statement(scope(sql).build()).all(db.connection()).await?;
    sort_by_name(&mut rows, |row| &row.name);
    let mut products: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in rows {
        products.entry(row.grant_id).or_default().push(row.name);
    }
    let sql = Sql::new(
        backend,
        "select g.id, g.person_id, g.role, g.reach, g.all_products, g.reasons, g.until_on from role_grants g where ",
    );
    let sql = scope(sql).text(" order by g.granted_at, g.id");
    let mut roles: HashMap<Uuid, Vec<RoleRow>> = HashMap::new();
    for row in Row::find_by_statement(sql.build()).all(db.connection()).await? {
        let Some(role) = Role::parse(&row.role) else { continue };
        roles.entry(row.person_id).or_default().push(RoleRow {
            grant: row.id.into(),
            role,
            reach: Reach::parse(&row.reach).unwrap_or_default(),
            products: (!row.all_products).then(|| products.remove(&row.id).unwrap_or_default()),
            until: row.until_on.as_deref().map(time::date).transpose()?,
            reasons: serde_json::from_str(&row.reasons).unwrap_or_default(),
        });
    }
    Ok(roles)
}

/// Returns people of a company in a given state: whom to invite when SETUP begins.
pub async fn list_in_state(
    db: &impl Reads,
    organisation: OrganisationId,
    state: MembershipState,
) -> Result<Vec<PersonFacts>, StoreError> {
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select p.* from memberships m join people p on p.id = m.person_id where m.state = ",
    )
    .bind(state.key())
    .text(" and m.organisation_id = ")
    .bind(organisation.uuid())
    .text(" order by p.sort_key, p.id");
    let rows = people::Model::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().map(facts).collect())
}

/// Lists the companies whose invitation a person has not answered.
pub async fn list_invited_to(db: &impl Reads, person: PersonId) -> Result<Vec<OrganisationId>, StoreError> {
    list_companies(db, person, MembershipState::Invited).await
}

/// Returns the companies that a person has come in to.
pub async fn list_active_in(db: &impl Reads, person: PersonId) -> Result<Vec<OrganisationId>, StoreError> {
    list_companies(db, person, MembershipState::Active).await
}

async fn list_companies(
    db: &impl Reads,
    person: PersonId,
    state: MembershipState,
) -> Result<Vec<OrganisationId>, StoreError> {
    let rows = memberships::Entity::find()
        .filter(memberships::Column::PersonId.eq(person.uuid()))
        .filter(memberships::Column::State.eq(state.key()))
        .order_by_asc(memberships::Column::CreatedAt)
        .all(db.connection())
        .await?;
    Ok(rows.into_iter().map(|row| row.organisation_id.into()).collect())
}

/// Finds the side of the desk that accounts stand on.
pub async fn find_sides(
    db: &impl Reads,
    persons: &[PersonId],
    now: Timestamp,
) -> Result<HashMap<PersonId, Sides>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        person_id: Uuid,
    }
    let backend = db.connection().get_database_backend();
    let mut found: HashMap<PersonId, Sides> = HashMap::new();
    for chunk in persons.chunks(1_000) {
        let ids = || chunk.iter().map(|id| id.uuid());
        let sql = Sql::new(
            backend,
            "select distinct person_id from role_grants where organisation_id is null and revoked_at is null \
             and (until_at is null or until_at > ",
        )
        .bind(time::micros(now))
        .text(") and person_id in ")
        .bind_all(ids());
        for row in Row::find_by_statement(sql.build()).all(db.connection()).await? {
            found.entry(row.person_id.into()).or_default().vendor = true;
        }
        let sql =
            Sql::new(backend, "select distinct person_id from memberships where state <> 'removed' and person_id in ")
                .bind_all(ids());
        for row in Row::find_by_statement(sql.build()).all(db.connection()).await? {
            found.entry(row.person_id.into()).or_default().customer = true;
        }
    }
    Ok(found)
}

/// Finds what decides whether the addresses of accounts may be corrected; unknown accounts are missing.
pub async fn find_address_standings(
    db: &impl Reads,
    persons: &[PersonId],
) -> Result<HashMap<PersonId, AddressStanding>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        proved: i32,
        companies: i64,
    }
    let mut found = HashMap::new();
    for chunk in persons.chunks(1_000) {
        let sql = Sql::new(
            db.connection().get_database_backend(),
            "select p.id, case when p.password_hash is not null or p.last_seen_at is not null \
             or exists (select 1 from identities i where i.person_id = p.id and i.verified_at is not null) \
             or exists (select 1 from memberships m where m.person_id = p.id and m.activated_at is not null) \
             or exists (select 1 from role_grants g where g.person_id = p.id and g.organisation_id is null) \
             then 1 else 0 end as proved, \
             (select count(*) from memberships m where m.person_id = p.id) as companies \
             from people p where p.id in ",
        )
        .bind_all(chunk.iter().map(|id| id.uuid()));
        let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
        found.extend(rows.into_iter().map(|row| {
            let standing = AddressStanding { proved: row.proved == 1, companies: row.companies.unsigned_abs() };
            (PersonId::from(row.id), standing)
        }));
    }
    Ok(found)
}

/// Whether any member of a company has come in: the company works with the portal.
pub async fn has_active(db: &impl Reads, organisation: OrganisationId) -> Result<bool, StoreError> {
    let found = memberships::Entity::find()
        .filter(memberships::Column::OrganisationId.eq(organisation.uuid()))
        .filter(memberships::Column::State.eq(MembershipState::Active.key()))
        .one(db.connection())
        .await?;
    Ok(found.is_some())
}

/// Counts the members of a company in a given state.
pub async fn count_in_state(
    db: &impl Reads,
    organisation: OrganisationId,
    state: MembershipState,
) -> Result<u64, StoreError> {
    let count = memberships::Entity::find()
        .filter(memberships::Column::OrganisationId.eq(organisation.uuid()))
        .filter(memberships::Column::State.eq(state.key()))
        .count(db.connection())
        .await?;
    Ok(count)
}

/// How many people of companies have an address at a domain, or at a part of it.
pub async fn count_members_at(db: &impl Reads, domain: &str) -> Result<u64, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        number: i64,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select count(*) as number from people p where exists \
         (select 1 from memberships m where m.person_id = p.id and m.state <> 'removed') and (lower(p.email) like ",
    )
    .bind(format!("%@{domain}"))
    .text(" or lower(p.email) like ")
    .bind(format!("%@%.{domain}"))
    .text(")");
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
    Ok(row.map_or(0, |row| row.number.unsigned_abs()))
}
