//! People, their identities, memberships, grants and invitations.

use std::collections::HashMap;

use domain::{
    GrantId, InvitationId, MembershipId, OrganisationId, PersonId, ProductId,
    access::{Actor, Grant, Granted, Membership, Permission, Reach, Role},
    contracts::AdminReason,
    failure::Contact,
    locale::Locale,
    people::{MemberRow, MembershipState, RoleRow, last_day},
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait,
    FromQueryResult, PaginatorTrait, QueryFilter, sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    Reads, StoreError, Tx,
    entity::{grant_products, identities, invitations, memberships, people, role_grants},
    rollout,
    sql::Sql,
    time,
};

pub struct NewPerson<'a> {
    pub id: PersonId,
    pub name: &'a str,
    pub email: &'a str,
    pub normalised: &'a str,
    pub phone: Option<&'a str>,
    pub locale: Locale,
    pub now: Timestamp,
}

pub async fn insert(tx: &Tx, _granted: &Granted, new: NewPerson<'_>) -> Result<(), StoreError> {
    people::ActiveModel {
        id: Set(new.id.into()),
        name: Set(new.name.to_owned()),
        email: Set(new.email.to_owned()),
        phone: Set(new.phone.map(ToOwned::to_owned)),
        locale: Set(new.locale.key().to_owned()),
        time_zone: Set("Europe/Paris".to_owned()),
        password_hash: Set(None),
        password_changed_at: Set(None),
        password_version: Set(0),
        last_seen_at: Set(None),
        created_at: Set(time::micros(new.now)),
    }
    .insert(tx.connection())
    .await?;
    identities::ActiveModel {
        kind: Set("email".to_owned()),
        value: Set(new.normalised.to_owned()),
        person_id: Set(new.id.into()),
        verified_at: Set(None),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

/// A person as other people and mails need them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonFacts {
    pub id: PersonId,
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
    pub locale: Locale,
}

fn facts(row: people::Model) -> PersonFacts {
    PersonFacts {
        id: row.id.into(),
        name: row.name,
        email: row.email,
        phone: row.phone,
        locale: Locale::parse(&row.locale).unwrap_or_default(),
    }
}

pub async fn find(db: &impl Reads, person: PersonId) -> Result<PersonFacts, StoreError> {
    people::Entity::find_by_id(person.uuid()).one(db.connection()).await?.map(facts).ok_or(StoreError::NotFound)
}

/// The number a person gave for support, and the IANA name of their time zone.
pub async fn find_phone_and_zone(db: &impl Reads, person: PersonId) -> Result<(Option<String>, String), StoreError> {
    let row = people::Entity::find_by_id(person.uuid()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok((row.phone, row.time_zone))
}

/// The person an address belongs to.
pub async fn find_by_email(db: &impl Reads, normalised: &str) -> Result<Option<PersonId>, StoreError> {
    let row = identities::Entity::find_by_id(("email".to_owned(), normalised.to_owned())).one(db.connection()).await?;
    Ok(row.map(|row| row.person_id.into()))
}

/// The stored hash of a person's password, if there is one.
pub async fn password_hash(db: &impl Reads, person: PersonId) -> Result<Option<String>, StoreError> {
    let row = people::Entity::find_by_id(person.uuid()).one(db.connection()).await?;
    Ok(row.and_then(|row| row.password_hash))
}

/// How often a person's password was set: what links to set a new one are bound to.
pub async fn password_version(db: &impl Reads, person: PersonId) -> Result<i32, StoreError> {
    let row = people::Entity::find_by_id(person.uuid()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(row.password_version)
}

/// Sets a password over the one of this version; `false` when it was set meanwhile.
pub async fn set_password(
    tx: &Tx,
    person: PersonId,
    version: i32,
    hash: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = people::Entity::update_many()
        .col_expr(people::Column::PasswordHash, Expr::value(hash))
        .col_expr(people::Column::PasswordChangedAt, Expr::value(time::micros(now)))
        .col_expr(people::Column::PasswordVersion, Expr::value(version + 1))
        .filter(people::Column::Id.eq(person.uuid()))
        .filter(people::Column::PasswordVersion.eq(version))
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn set_name(tx: &Tx, person: PersonId, name: &str) -> Result<(), StoreError> {
    people::Entity::update_many()
        .col_expr(people::Column::Name, Expr::value(name))
        .filter(people::Column::Id.eq(person.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

pub async fn set_locale(tx: &Tx, person: PersonId, locale: Locale) -> Result<(), StoreError> {
    people::Entity::update_many()
        .col_expr(people::Column::Locale, Expr::value(locale.key()))
        .filter(people::Column::Id.eq(person.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Loads a person with everything the policy asks about: four statements, whatever the number of companies.
/// Roles that are over do not count. People whose last membership was removed, and who hold no role at the vendor's, are
/// nobody.
pub async fn find_actor(db: &impl Reads, person: PersonId, now: Timestamp) -> Result<Option<Actor>, StoreError> {
    let Some(row) = people::Entity::find_by_id(person.uuid()).one(db.connection()).await? else { return Ok(None) };
    let grants = list_grants(db, person, now).await?;
    let memberships = list_memberships(db, person).await?;
    if memberships.is_empty() && grants.iter().all(|grant| grant.organisation.is_some()) {
        return Ok(None);
    }
    let grants = grants
        .into_iter()
        .filter(|grant| {
            grant.organisation.is_none_or(|id| memberships.iter().any(|membership| membership.organisation == id))
        })
        .collect();
    Ok(Some(Actor {
        person,
        name: row.name,
        email: row.email,
        locale: Locale::parse(&row.locale).unwrap_or_default(),
        memberships,
        grants,
    }))
}

async fn list_grants(db: &impl Reads, person: PersonId, now: Timestamp) -> Result<Vec<Grant>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        role: String,
        organisation_id: Option<Uuid>,
        reach: String,
        all_products: bool,
        until_at: Option<i64>,
        product_id: Option<Uuid>,
        permission: Option<String>,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select g.id, g.role, g.organisation_id, g.reach, g.all_products, g.until_at, gp.product_id, rp.permission \
         from role_grants g left join role_permissions rp on rp.role = g.role \
         left join grant_products gp on gp.grant_id = g.id where g.revoked_at is null and g.person_id = ",
    )
    .bind(person.uuid())
    .text(" and (g.until_at is null or g.until_at > ")
    .bind(time::micros(now))
    .text(") order by g.granted_at, g.id");
    let mut grants: Vec<Grant> = Vec::new();
    for row in Row::find_by_statement(sql.build()).all(db.connection()).await? {
        let Some(role) = Role::parse(&row.role) else { continue };
        let id = GrantId::from(row.id);
        if grants.last().is_none_or(|last| last.id != id) {
            grants.push(Grant {
                id,
                role,
                organisation: row.organisation_id.map(Into::into),
                products: if row.all_products { None } else { Some(Vec::new()) },
                reach: Reach::parse(&row.reach).unwrap_or_default(),
                until: row.until_at.map(time::timestamp).transpose()?,
                permissions: Vec::new(),
            });
        }
        let Some(grant) = grants.last_mut() else { continue };
        // A permission this binary does not know is no permission.
        if let Some(permission) = row.permission.as_deref().and_then(Permission::parse)
            && !grant.permissions.contains(&permission)
        {
            grant.permissions.push(permission);
        }
        if let (Some(products), Some(product)) = (grant.products.as_mut(), row.product_id) {
            let product = ProductId::from(product);
            if !products.contains(&product) {
                products.push(product);
            }
        }
    }
    Ok(grants)
}

async fn list_memberships(db: &impl Reads, person: PersonId) -> Result<Vec<Membership>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        organisation_id: Uuid,
        name: String,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select m.organisation_id, o.name from memberships m join organisations o on o.id = m.organisation_id \
         where m.state = 'active' and m.person_id = ",
    )
    .bind(person.uuid())
    .text(" order by o.name");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    let ids: Vec<OrganisationId> = rows.iter().map(|row| row.organisation_id.into()).collect();
    let mut gates = rollout::find_gates(db, &ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let organisation = OrganisationId::from(row.organisation_id);
            let gate = gates.remove(&organisation).unwrap_or_else(domain::rollout::Gate::open);
            Membership { organisation, name: row.name, gate }
        })
        .collect())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipFacts {
    pub id: MembershipId,
    pub state: MembershipState,
    /// When the newest invitation was sent.
    pub invited_at: Option<Timestamp>,
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
        let invited_at = row.invited_at.map(time::timestamp).transpose()?;
        Ok(MembershipFacts { id: row.id.into(), state, invited_at })
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

/// The name that a company sees of somebody it adds again.
pub async fn set_membership_name(
    tx: &Tx,
    person: PersonId,
    organisation: OrganisationId,
    name: &str,
) -> Result<(), StoreError> {
    memberships::Entity::update_many()
        .col_expr(memberships::Column::Name, Expr::value(name))
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

pub struct NewGrant<'a> {
    pub id: GrantId,
    pub person: PersonId,
    pub role: Role,
    pub organisation: Option<OrganisationId>,
    pub reach: Reach,
    pub products: Option<&'a [ProductId]>,
    pub reasons: &'a [AdminReason],
    pub until: Option<Timestamp>,
    pub now: Timestamp,
}

pub async fn insert_grant(tx: &Tx, granted: &Granted, new: NewGrant<'_>) -> Result<(), StoreError> {
    role_grants::ActiveModel {
        id: Set(new.id.into()),
        person_id: Set(new.person.into()),
        role: Set(new.role.key().to_owned()),
        organisation_id: Set(new.organisation.map(Into::into)),
        reach: Set(new.reach.key().to_owned()),
        all_products: Set(new.products.is_none()),
        reasons: Set(serde_json::to_string(new.reasons).map_err(|error| StoreError::Corrupt(error.to_string()))?),
        source: Set(Source::Added.key().to_owned()),
        granted_by: Set(granted.actor().map(Into::into)),
        granted_at: Set(time::micros(new.now)),
        until_at: Set(new.until.map(time::micros)),
        revoked_at: Set(None),
    }
    .insert(tx.connection())
    .await?;
    for product in new.products.unwrap_or_default() {
        grant_products::ActiveModel { grant_id: Set(new.id.into()), product_id: Set((*product).into()) }
            .insert(tx.connection())
            .await?;
    }
    Ok(())
}

/// A grant that stands, as far as taking it away needs.
#[derive(Clone, Debug)]
pub struct StandingGrant {
    pub id: GrantId,
    pub person: PersonId,
    pub role: Role,
    pub organisation: Option<OrganisationId>,
    pub reach: Reach,
    pub reasons: Vec<AdminReason>,
    pub until: Option<Timestamp>,
}

/// The grants of a person in a company, or at the vendor's, that were not revoked and are not over.
pub async fn list_standing(
    db: &impl Reads,
    person: PersonId,
    organisation: Option<OrganisationId>,
    now: Timestamp,
) -> Result<Vec<StandingGrant>, StoreError> {
    let place = match organisation {
        Some(organisation) => role_grants::Column::OrganisationId.eq(organisation.uuid()),
        None => role_grants::Column::OrganisationId.is_null(),
    };
    let rows = role_grants::Entity::find()
        .filter(role_grants::Column::PersonId.eq(person.uuid()))
        .filter(place)
        .filter(role_grants::Column::RevokedAt.is_null())
        .filter(role_grants::Column::UntilAt.is_null().or(role_grants::Column::UntilAt.gt(time::micros(now))))
        .all(db.connection())
        .await?;
    rows.into_iter()
        .filter_map(|row| Some((Role::parse(&row.role)?, row)))
        .map(|(role, row)| {
            Ok(StandingGrant {
                id: row.id.into(),
                person: row.person_id.into(),
                role,
                organisation: row.organisation_id.map(Into::into),
                reach: Reach::parse(&row.reach).unwrap_or_default(),
                reasons: serde_json::from_str(&row.reasons).unwrap_or_default(),
                until: row.until_at.map(time::timestamp).transpose()?,
            })
        })
        .collect()
}

pub async fn revoke_grant(tx: &Tx, _granted: &Granted, grant: GrantId, now: Timestamp) -> Result<(), StoreError> {
    role_grants::Entity::update_many()
        .col_expr(role_grants::Column::RevokedAt, Expr::value(time::micros(now)))
        .filter(role_grants::Column::Id.eq(grant.uuid()))
        .filter(role_grants::Column::RevokedAt.is_null())
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// The members of a company who hold the role of support system admin and are not removed.
#[derive(Clone, Debug)]
pub struct Admin {
    /// With the name that the company may see.
    pub person: PersonFacts,
    pub active: bool,
    /// No end date is set.
    pub lasting: bool,
}

/// The name of member `m`, person `p`, as the company may see it: whoever knows an address does not learn whose it is.
const SHOWN_NAME: &str = "case when m.state = 'active' then p.name else m.name end as name";

pub async fn list_admins(
    db: &impl Reads,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<Vec<Admin>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
        email: String,
        phone: Option<String>,
        locale: String,
        state: String,
        lasting: i32,
    }
    let sql = Sql::new(db.connection().get_database_backend(), "select p.id, ").text(SHOWN_NAME).text(
        ", p.email, p.phone, p.locale, m.state, max(case when g.until_at is null then 1 else 0 end) as lasting \
         from role_grants g join people p on p.id = g.person_id join memberships m on m.person_id = g.person_id and m.organisation_id = g.organisation_id \
         where g.role = 'support_system_admin' and g.revoked_at is null and m.state <> 'removed' and g.organisation_id = ",
    )
    .bind(organisation.uuid())
    .text(" and (g.until_at is null or g.until_at > ")
    .bind(time::micros(now))
    .text(") group by p.id, p.name, m.name, p.email, p.phone, p.locale, m.state order by name");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows
        .into_iter()
        .map(|row| Admin {
            person: PersonFacts {
                id: row.id.into(),
                name: row.name,
                email: row.email,
                phone: row.phone,
                locale: Locale::parse(&row.locale).unwrap_or_default(),
            },
            active: row.state == MembershipState::Active.key(),
            lasting: row.lasting == 1,
        })
        .collect())
}

/// Lets one transaction at a time change who administers a company: two admins who remove each other at the same moment
/// must not both succeed (K7). SQLite has one writer anyway.
pub async fn lock_admins(tx: &Tx, organisation: OrganisationId) -> Result<(), StoreError> {
    let backend = tx.connection().get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = Sql::new(backend, "select id from organisations where id = ").bind(organisation.uuid());
        tx.connection().query_one_raw(sql.text(" for no key update").build()).await?;
    }
    Ok(())
}

/// Whom a member turns to (K2).
pub async fn list_contacts(
    db: &impl Reads,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<Vec<Contact>, StoreError> {
    Ok(list_admins(db, organisation, now)
        .await?
        .into_iter()
        .map(|admin| Contact { name: admin.person.name, email: admin.person.email })
        .collect())
}

/// The people of a company with their roles, by name; removed ones are left out. Of those who did not accept yet only what
/// was typed about them: an account may exist through another company (CVE-2026-40570).
pub async fn list_members(db: &impl Reads, granted: &Granted, now: Timestamp) -> Result<Vec<MemberRow>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        person_id: Uuid,
        name: String,
        email: String,
        phone: Option<String>,
        state: String,
        invited_at: Option<i64>,
        last_seen_at: Option<i64>,
        grant_id: Option<Uuid>,
        role: Option<String>,
        reach: Option<String>,
        all_products: Option<bool>,
        reasons: Option<String>,
        until_at: Option<i64>,
    }
    let organisation = granted.organisation().ok_or(StoreError::NotFound)?;
    let backend = db.connection().get_database_backend();
    let sql = Sql::new(backend, "select m.person_id, ")
        .text(SHOWN_NAME)
        .text(
            ", p.email, case when m.state = 'active' then p.phone end as phone, m.state, m.invited_at, \
         case when m.state = 'active' then p.last_seen_at end as last_seen_at, g.id as grant_id, g.role, g.reach, \
         g.all_products, g.reasons, g.until_at from memberships m join people p on p.id = m.person_id \
         left join role_grants g on g.person_id = m.person_id and g.organisation_id = m.organisation_id \
         and g.revoked_at is null and (g.until_at is null or g.until_at > ",
        )
        .bind(time::micros(now))
        .text(") where m.state <> 'removed' and m.organisation_id = ")
        .bind(organisation.uuid())
        .text(" order by name, m.person_id, g.granted_at");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;

    #[derive(FromQueryResult)]
    struct ProductRow {
        grant_id: Uuid,
        name: String,
    }
    let sql = Sql::new(
        backend,
        "select gp.grant_id, pr.name from grant_products gp join products pr on pr.id = gp.product_id \
         join role_grants g on g.id = gp.grant_id where g.revoked_at is null and g.organisation_id = ",
    )
    .bind(organisation.uuid())
    .text(" order by pr.name");
    let mut products: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in ProductRow::find_by_statement(sql.build()).all(db.connection()).await? {
        products.entry(row.grant_id).or_default().push(row.name);
    }

    let mut members: Vec<MemberRow> = Vec::new();
    for row in rows {
        let person = PersonId::from(row.person_id);
        if members.last().is_none_or(|last| last.person != person) {
            members.push(MemberRow {
                person,
                name: row.name,
                email: row.email,
                phone: row.phone,
                state: MembershipState::parse(&row.state).ok_or_else(|| StoreError::Corrupt(row.state.clone()))?,
                invited_at: row.invited_at.map(time::timestamp).transpose()?,
                last_seen_at: row.last_seen_at.map(time::timestamp).transpose()?,
                roles: Vec::new(),
            });
        }
        if let (Some(member), Some(grant), Some(role)) =
            (members.last_mut(), row.grant_id, row.role.as_deref().and_then(Role::parse))
        {
            member.roles.push(RoleRow {
                grant: grant.into(),
                role,
                reach: row.reach.as_deref().and_then(Reach::parse).unwrap_or_default(),
                products: if row.all_products == Some(true) {
                    None
                } else {
                    Some(products.remove(&grant).unwrap_or_default())
                },
                until: row.until_at.map(time::timestamp).transpose()?.map(last_day),
                reasons: row.reasons.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default(),
            });
        }
    }
    Ok(members)
}

/// An invitation as it stands. Its token is made from id and version with a key outside the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub person: PersonId,
    pub organisation: OrganisationId,
    /// Counts up when a new link is sent; older links end.
    pub version: i32,
    pub expires_at: Timestamp,
    pub accepted: bool,
}

fn invitation(row: invitations::Model) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: row.id.into(),
        person: row.person_id.into(),
        organisation: row.organisation_id.into(),
        version: row.version,
        expires_at: time::timestamp(row.expires_at)?,
        accepted: row.accepted_at.is_some(),
    })
}

pub async fn find_invitation(db: &impl Reads, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
    invitations::Entity::find_by_id(id.uuid()).one(db.connection()).await?.map(invitation).transpose()
}

/// Makes the invitation of a person to a company, or renews it: a new version, a new end, not accepted.
pub async fn upsert_invitation(
    tx: &Tx,
    new_id: InvitationId,
    person: PersonId,
    organisation: OrganisationId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Invitation, StoreError> {
    let present = invitations::Entity::find()
        .filter(invitations::Column::PersonId.eq(person.uuid()))
        .filter(invitations::Column::OrganisationId.eq(organisation.uuid()))
        .one(tx.connection())
        .await?;
    let model = match present {
        None => {
            invitations::ActiveModel {
                id: Set(new_id.into()),
                person_id: Set(person.into()),
                organisation_id: Set(organisation.into()),
                version: Set(1),
                created_at: Set(time::micros(now)),
                expires_at: Set(time::micros(expires_at)),
                accepted_at: Set(None),
            }
            .insert(tx.connection())
            .await?
        }
        Some(row) => {
            let version = row.version + 1;
            let mut active: invitations::ActiveModel = row.into();
            active.version = Set(version);
            active.expires_at = Set(time::micros(expires_at));
            active.accepted_at = Set(None);
            active.update(tx.connection()).await?
        }
    };
    invitation(model)
}

/// Accepts an invitation; `false` when somebody was faster, or a newer link was sent meanwhile.
pub async fn set_invitation_accepted(tx: &Tx, invitation: &Invitation, now: Timestamp) -> Result<bool, StoreError> {
    let done = invitations::Entity::update_many()
        .col_expr(invitations::Column::AcceptedAt, Expr::value(time::micros(now)))
        .filter(invitations::Column::Id.eq(invitation.id.uuid()))
        .filter(invitations::Column::Version.eq(invitation.version))
        .filter(invitations::Column::AcceptedAt.is_null())
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected == 1)
}

/// The address was proved: somebody came in by a link that was sent there.
pub async fn set_email_verified(tx: &Tx, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
    identities::Entity::update_many()
        .col_expr(identities::Column::VerifiedAt, Expr::value(time::micros(now)))
        .filter(identities::Column::PersonId.eq(person.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// People of a company in a given state: whom to invite when SETUP begins.
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
    .text(" order by p.name, p.id");
    let rows = people::Model::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().map(facts).collect())
}

/// The roles a person holds in a company, for mails.
pub async fn list_roles(
    db: &impl Reads,
    person: PersonId,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<Vec<(Role, Vec<AdminReason>)>, StoreError> {
    let standing = list_standing(db, person, Some(organisation), now).await?;
    Ok(standing.into_iter().map(|grant| (grant.role, grant.reasons)).collect())
}

/// Whether anybody in a company has come in: it is at work with the portal.
pub async fn has_active(db: &impl Reads, organisation: OrganisationId) -> Result<bool, StoreError> {
    let found = memberships::Entity::find()
        .filter(memberships::Column::OrganisationId.eq(organisation.uuid()))
        .filter(memberships::Column::State.eq(MembershipState::Active.key()))
        .one(db.connection())
        .await?;
    Ok(found.is_some())
}

/// How many members were not told of the portal yet.
pub async fn count_known(db: &impl Reads, organisation: OrganisationId) -> Result<u64, StoreError> {
    let count = memberships::Entity::find()
        .filter(memberships::Column::OrganisationId.eq(organisation.uuid()))
        .filter(memberships::Column::State.eq(MembershipState::Known.key()))
        .count(db.connection())
        .await?;
    Ok(count)
}
