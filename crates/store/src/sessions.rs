//! Who is signed in where. The token itself is never stored, only its SHA-256.

use domain::{PersonId, people::SessionRow};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, FromQueryResult,
    QueryFilter, QueryOrder, sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    Reads, StoreError, Tx,
    entity::{people, sessions},
    sql::Sql,
    time,
};

pub struct NewSession {
    pub token_hash: [u8; 32],
    /// Names the session in lists; worth nothing to a thief.
    pub key: String,
    pub person: PersonId,
    pub device: String,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

pub async fn insert(tx: &Tx, new: NewSession) -> Result<(), StoreError> {
    let now = time::micros(new.now);
    sessions::ActiveModel {
        token_hash: Set(new.token_hash.to_vec()),
        key: Set(new.key),
        person_id: Set(new.person.into()),
        device: Set(new.device),
        created_at: Set(now),
        last_seen_at: Set(now),
        expires_at: Set(time::micros(new.expires_at)),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

#[derive(Clone, Debug)]
pub struct Session {
    pub key: String,
    pub person: PersonId,
    pub last_seen_at: Timestamp,
    /// How often what the person may do had changed by that moment.
    pub access: AccessVersion,
}

/// Counts of changes to what a person may do: their own, and those of everyone. What was read of the person at one version is
/// what would be read at the same version later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessVersion {
    pub own: i64,
    pub everyone: i64,
}

/// Returns a session that has neither ended nor been idle since `idle_since`.
pub async fn find(
    db: &impl Reads,
    token_hash: &[u8; 32],
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Option<Session>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        key: String,
        person_id: Uuid,
        last_seen_at: i64,
        own: i64,
        everyone: Option<i64>,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select s.key, s.person_id, s.last_seen_at, p.access_version as own, h.access_version as everyone \
         from sessions s join people p on p.id = s.person_id left join event_head h on h.one = 1 where s.token_hash = ",
    )
    .bind(token_hash.to_vec())
    .text(" and s.expires_at > ")
    .bind(time::micros(now))
    .text(" and s.last_seen_at > ")
    .bind(time::micros(idle_since));
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
    row.map(|row| {
        Ok(Session {
            key: row.key,
            person: row.person_id.into(),
            last_seen_at: time::timestamp(row.last_seen_at)?,
            access: AccessVersion { own: row.own, everyone: row.everyone.unwrap_or_default() },
        })
    })
    .transpose()
}

/// Notes that a session, and its person, was there; the account is held before the session, as everywhere.
pub async fn touch(tx: &Tx, token_hash: &[u8; 32], person: PersonId, now: Timestamp) -> Result<(), StoreError> {
    people::Entity::update_many()
        .col_expr(people::Column::LastSeenAt, Expr::value(time::micros(now)))
        .filter(people::Column::Id.eq(person.uuid()))
        .exec(tx.connection())
        .await?;
    sessions::Entity::update_many()
        .col_expr(sessions::Column::LastSeenAt, Expr::value(time::micros(now)))
        .filter(sessions::Column::TokenHash.eq(token_hash.to_vec()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

pub async fn delete(tx: &Tx, token_hash: &[u8; 32]) -> Result<(), StoreError> {
    sessions::Entity::delete_by_id(token_hash.to_vec()).exec(tx.connection()).await?;
    Ok(())
}

/// Ends a session and returns the key that names it; `None` when there is none.
pub async fn take(tx: &Tx, token_hash: &[u8; 32]) -> Result<Option<String>, StoreError> {
    let found = sessions::Entity::find_by_id(token_hash.to_vec()).one(tx.connection()).await?;
    delete(tx, token_hash).await?;
    Ok(found.map(|session| session.key))
}

/// Ends every session of a person immediately (ASVS 7.4.2).
pub async fn delete_all(tx: &Tx, person: PersonId) -> Result<u64, StoreError> {
    let done = sessions::Entity::delete_many()
        .filter(sessions::Column::PersonId.eq(person.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected)
}

/// Ends every session of a person but the one with this key.
pub async fn delete_others(tx: &Tx, person: PersonId, key: &str) -> Result<u64, StoreError> {
    let done = sessions::Entity::delete_many()
        .filter(sessions::Column::PersonId.eq(person.uuid()))
        .filter(sessions::Column::Key.ne(key))
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected)
}

pub async fn delete_expired(tx: &Tx, now: Timestamp, idle_since: Timestamp) -> Result<u64, StoreError> {
    let done = sessions::Entity::delete_many()
        .filter(
            sessions::Column::ExpiresAt
                .lte(time::micros(now))
                .or(sessions::Column::LastSeenAt.lte(time::micros(idle_since))),
        )
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected)
}

pub async fn list(db: &impl Reads, person: PersonId, current: &str) -> Result<Vec<SessionRow>, StoreError> {
    let rows = sessions::Entity::find()
        .filter(sessions::Column::PersonId.eq(person.uuid()))
        .order_by_desc(sessions::Column::LastSeenAt)
        .all(db.connection())
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(SessionRow {
                current: row.key == current,
                key: row.key,
                device: row.device,
                created_at: time::timestamp(row.created_at)?,
                last_seen_at: time::timestamp(row.last_seen_at)?,
            })
        })
        .collect()
}
