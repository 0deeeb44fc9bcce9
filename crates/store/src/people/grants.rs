//! Roles, their reach, products and end.

use domain::{
    GrantId, OrganisationId, PersonId, ProductId,
    access::{Granted, Reach, Role},
    contracts::AdminReason,
    failure::Contact,
    locale::Locale,
    people::{MembershipState, RoleEnd, StaffRow},
    text::in_letters,
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait,
    FromQueryResult, QueryFilter, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    PersonFacts, Source,
    memberships::{SHOWN_KEY, SHOWN_NAME, shown_address},
};
use crate::{
    Reads, StoreError, Tx,
    entity::{grant_products, role_grants},
    sql::Sql,
    time,
};

pub struct NewGrant<'a> {
    pub id: GrantId,
    pub person: PersonId,
    pub role: Role,
    pub organisation: Option<OrganisationId>,
    pub reach: Reach,
    pub products: Option<&'a [ProductId]>,
    pub reasons: &'a [AdminReason],
    pub until: Option<RoleEnd>,
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
        until_at: Set(new.until.map(|end| time::micros(end.at))),
        until_on: Set(new.until.map(|end| end.day.to_string())),
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

/// Returns the grants of a person in a company, or at the vendor's, that were not revoked and are not over.
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
    /// Whether they accepted the invitation.
    pub active: bool,
    /// Whether they are told what happens in the company (R17): after they accepted the invitation, and before that when the
    /// vendor gave the role. An address that a member named gets its invitation and nothing else before it accepts (F3).
    pub hears: bool,
    /// No end date is set.
    pub lasting: bool,
}

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
        by_vendor: i32,
    }
    let sql = Sql::new(db.connection().get_database_backend(), "select p.id, ").text(SHOWN_NAME).text(
        ", p.email, p.phone, p.locale, m.state, max(case when g.until_at is null then 1 else 0 end) as lasting, \
         max(case when exists (select 1 from memberships x where x.person_id = g.granted_by \
         and x.organisation_id = g.organisation_id) then 0 else 1 end) as by_vendor \
         from role_grants g join people p on p.id = g.person_id join memberships m on m.person_id = g.person_id and m.organisation_id = g.organisation_id \
         where g.role = 'support_system_admin' and g.revoked_at is null and m.state <> 'removed' and g.organisation_id = ",
    )
    .bind(organisation.uuid())
    .text(" and (g.until_at is null or g.until_at > ")
    .bind(time::micros(now))
    .text(") group by p.id, p.name, m.name, p.sort_key, m.sort_key, p.email, p.phone, p.locale, m.state order by ")
    .text(SHOWN_KEY)
    .text(", p.id");
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
            hears: row.state == MembershipState::Active.key()
                || (row.state == MembershipState::Invited.key() && row.by_vendor == 1),
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

/// Returns the administrators of a company as its members see them (K2); the active ones, who can help, come first.
pub async fn list_contacts(
    db: &impl Reads,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<Vec<Contact>, StoreError> {
    let mut contacts: Vec<Contact> = list_admins(db, organisation, now)
        .await?
        .into_iter()
        .map(|admin| Contact {
            name: admin.person.name,
            email: shown_address(&admin.person.email, admin.active),
            active: admin.active,
        })
        .collect();
    contacts.sort_by_key(|contact| !contact.active);
    Ok(contacts)
}

/// An administrator whom the others of the company have not been told of: invited or active, in a company that has left its
/// preparation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnnoticedAdmin {
    pub grant: GrantId,
    pub person: PersonId,
    pub organisation: OrganisationId,
    /// The person who gave the role, when one did.
    pub by: Option<PersonId>,
}

/// Lists administrators whom the others have not been told of, in one company or in all.
pub async fn list_unnoticed_admins(
    db: &impl Reads,
    organisation: Option<OrganisationId>,
    now: Timestamp,
) -> Result<Vec<UnnoticedAdmin>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        person_id: Uuid,
        organisation_id: Uuid,
        granted_by: Option<Uuid>,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select g.id, g.person_id, g.organisation_id, g.granted_by from role_grants g \
         join memberships m on m.person_id = g.person_id and m.organisation_id = g.organisation_id \
         left join enrolments e on e.organisation_id = g.organisation_id \
         left join admin_notices n on n.grant_id = g.id \
         where g.role = 'support_system_admin' and g.revoked_at is null and n.grant_id is null \
         and m.state in ('invited', 'active') and (e.phase is null or e.phase <> 'draft') \
         and (g.until_at is null or g.until_at > ",
    )
    .bind(time::micros(now))
    .text(")")
    .when(organisation, |sql, organisation| sql.text(" and g.organisation_id = ").bind(organisation.uuid()))
    .text(" order by g.granted_at, g.id");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows
        .into_iter()
        .map(|row| UnnoticedAdmin {
            grant: row.id.into(),
            person: row.person_id.into(),
            organisation: row.organisation_id.into(),
            by: row.granted_by.map(Into::into),
        })
        .collect())
}

/// Makes the actor the giver of a member's roles in a company: with a corrected address they may be another person's.
pub async fn set_granted_by(
    tx: &Tx,
    granted: &Granted,
    person: PersonId,
    organisation: OrganisationId,
) -> Result<(), StoreError> {
    role_grants::Entity::update_many()
        .col_expr(role_grants::Column::GrantedBy, Expr::value(granted.actor().map(Uuid::from)))
        .filter(role_grants::Column::PersonId.eq(person.uuid()))
        .filter(role_grants::Column::OrganisationId.eq(organisation.uuid()))
        .filter(role_grants::Column::RevokedAt.is_null())
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Notes that the other administrators have been told of a grant; `false` when another transaction noted it first.
pub async fn insert_admin_notice(tx: &Tx, grant: GrantId, now: Timestamp) -> Result<bool, StoreError> {
    let sql =
        Sql::new(tx.connection().get_database_backend(), "insert into admin_notices (grant_id, noticed_at) values (")
            .bind(grant.uuid())
            .text(", ")
            .bind(time::micros(now))
            .text(") on conflict do nothing");
    Ok(tx.connection().execute_raw(sql.build()).await?.rows_affected() == 1)
}

/// Lists the vendor's own people with the roles that stand, by name.
pub async fn list_staff(db: &impl Reads, _granted: &Granted, now: Timestamp) -> Result<Vec<StaffRow>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
        email: String,
        last_seen_at: Option<i64>,
        role: String,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select p.id, p.name, p.email, p.last_seen_at, g.role from role_grants g join people p on p.id = g.person_id \
         where g.organisation_id is null and g.revoked_at is null and (g.until_at is null or g.until_at > ",
    )
    .bind(time::micros(now))
    .text(") order by p.sort_key, p.id, g.granted_at");
    let mut staff: Vec<StaffRow> = Vec::new();
    for row in Row::find_by_statement(sql.build()).all(db.connection()).await? {
        let person = PersonId::from(row.id);
        if staff.last().is_none_or(|last| last.person != person) {
            staff.push(StaffRow {
                person,
                name: row.name,
                email: in_letters(&row.email),
                roles: Vec::new(),
                last_seen_at: row.last_seen_at.map(time::timestamp).transpose()?,
            });
        }
        if let (Some(last), Some(role)) = (staff.last_mut(), Role::parse(&row.role)) {
            last.roles.push(role);
        }
    }
    Ok(staff)
}

/// Returns the roles a person holds in a company, for mails.
pub async fn list_roles(
    db: &impl Reads,
    person: PersonId,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<Vec<(Role, Vec<AdminReason>)>, StoreError> {
    let standing = list_standing(db, person, Some(organisation), now).await?;
    Ok(standing.into_iter().map(|grant| (grant.role, grant.reasons)).collect())
}
