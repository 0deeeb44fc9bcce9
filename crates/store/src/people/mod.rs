//! People, their identities, memberships, grants and invitations.

mod actor;
mod address;
mod changes;
mod grants;
mod invitations;
mod memberships;
mod zones;

pub use actor::find_actor;
pub use address::{confirm_address, end_invitation_links, move_membership, update_address};
pub use changes::{
    AddressChange, delete_address_change, find_address_change, find_address_change_of, set_address_change,
};
pub use grants::{
    Admin, NewGrant, StandingGrant, UnnoticedAdmin, insert_admin_notice, insert_grant, list_admins, list_contacts,
    list_roles, list_staff, list_standing, list_unnoticed_admins, lock_admins, revoke_grant, set_granted_by,
};
pub use invitations::{
    Invitation, delete_sent, find_invitation, find_invitation_of, insert_sent, list_sent, set_email_verified,
    set_invitation_accepted, upsert_invitation,
};
pub use memberships::{
    MembershipFacts, NewMembership, Source, count_in_state, count_members_at, find_address_standings, find_member,
    find_membership, find_sides, has_active, insert_membership, list_active_in, list_in_state, list_invited_to,
    list_members, list_members_page, set_membership_name, set_membership_state,
};

pub(crate) use zones::UNKNOWN as UNKNOWN_ZONE;
pub use zones::{Zone, find_company_zone, find_zone, set_zone};

use std::collections::HashMap;

use domain::{PersonId, access::Granted, locale::Locale, text::sort_key};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait, QueryFilter,
    sea_query::Expr,
};

use crate::{
    Reads, StoreError, Tx,
    entity::{identities, people},
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
        sort_key: Set(sort_key(new.name)),
        email: Set(new.email.to_owned()),
        phone: Set(new.phone.map(ToOwned::to_owned)),
        locale: Set(new.locale.key().to_owned()),
        time_zone: Set(UNKNOWN_ZONE.to_owned()),
        zone_known_at: Set(None),
        password_hash: Set(None),
        password_changed_at: Set(None),
        password_version: Set(0),
        last_seen_at: Set(None),
        access_version: Set(0),
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

/// Lets one transaction at a time decide about an account: it must not be invited, or given a role, on both sides at the same
/// moment. SQLite has one writer anyway.
pub async fn lock(tx: &Tx, person: PersonId) -> Result<(), StoreError> {
    let backend = tx.connection().get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = Sql::new(backend, "select id from people where id = ").bind(person.uuid());
        tx.connection().query_one_raw(sql.text(" for no key update").build()).await?;
    }
    Ok(())
}

/// Returns the number a person gave for support.
pub async fn find_phone(db: &impl Reads, person: PersonId) -> Result<Option<String>, StoreError> {
    let row = people::Entity::find_by_id(person.uuid()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(row.phone)
}

/// Returns the person an address belongs to.
pub async fn find_by_email(db: &impl Reads, normalised: &str) -> Result<Option<PersonId>, StoreError> {
    let row = identities::Entity::find_by_id(("email".to_owned(), normalised.to_owned())).one(db.connection()).await?;
    Ok(row.map(|row| row.person_id.into()))
}

/// A person's password as it is stored.
#[derive(Clone, Debug)]
pub struct StoredPassword {
    pub hash: Option<String>,
    /// How often it was set: what links to set a new one, and sessions under way, are bound to.
    pub version: i32,
}

/// Returns the stored password of a person: hash and version of one moment.
pub async fn find_password(db: &impl Reads, person: PersonId) -> Result<StoredPassword, StoreError> {
    let row = people::Entity::find_by_id(person.uuid()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(StoredPassword { hash: row.password_hash, version: row.password_version })
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

/// Ends the links to set a new password that were sent to a person; the password stays.
pub async fn end_reset_links(tx: &Tx, person: PersonId) -> Result<(), StoreError> {
    people::Entity::update_many()
        .col_expr(people::Column::PasswordVersion, Expr::col(people::Column::PasswordVersion).add(1))
        .filter(people::Column::Id.eq(person.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Returns the addresses of people.
pub async fn find_emails(db: &impl Reads, persons: &[PersonId]) -> Result<HashMap<PersonId, String>, StoreError> {
    let mut found = HashMap::new();
    for chunk in persons.chunks(1_000) {
        let ids = chunk.iter().map(|id| id.uuid());
        let rows = people::Entity::find().filter(people::Column::Id.is_in(ids)).all(db.connection()).await?;
        found.extend(rows.into_iter().map(|row| (PersonId::from(row.id), row.email)));
    }
    Ok(found)
}

pub async fn set_name(tx: &Tx, person: PersonId, name: &str) -> Result<(), StoreError> {
    people::Entity::update_many()
        .col_expr(people::Column::Name, Expr::value(name))
        .col_expr(people::Column::SortKey, Expr::value(sort_key(name)))
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
