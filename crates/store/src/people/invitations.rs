//! Invitations: one a person and company, renewed under the same id.

use domain::{InvitationId, OrganisationId, PersonId, people::SentInvitation};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    Reads, StoreError, Tx,
    entity::{identities, invitations},
    sql::Sql,
    time,
};

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

/// Returns the invitation of a person to a company, accepted or not.
pub async fn find_invitation_of(
    db: &impl Reads,
    person: PersonId,
    organisation: OrganisationId,
) -> Result<Option<Invitation>, StoreError> {
    let row = invitations::Entity::find()
        .filter(invitations::Column::PersonId.eq(person.uuid()))
        .filter(invitations::Column::OrganisationId.eq(organisation.uuid()))
        .one(db.connection())
        .await?;
    row.map(invitation).transpose()
}

/// Lists the invitations that were sent to a normalised address after `since`.
pub async fn list_sent(db: &impl Reads, address: &str, since: Timestamp) -> Result<Vec<SentInvitation>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        organisation_id: Uuid,
        sent_at: i64,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select organisation_id, sent_at from invitations_sent where address = ",
    )
    .bind(address)
    .text(" and sent_at > ")
    .bind(time::micros(since));
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    rows.into_iter()
        .map(|row| Ok(SentInvitation { organisation: row.organisation_id.into(), at: time::timestamp(row.sent_at)? }))
        .collect()
}

/// Notes that an invitation is sent to an address.
pub async fn insert_sent(
    tx: &Tx,
    id: InvitationId,
    address: &str,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = Sql::new(
        tx.connection().get_database_backend(),
        "insert into invitations_sent (id, address, organisation_id, sent_at) values (",
    )
    .bind(id.uuid())
    .text(", ")
    .bind(address)
    .text(", ")
    .bind(organisation.uuid())
    .text(", ")
    .bind(time::micros(now))
    .text(")");
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}

/// Deletes the notes of invitations that were sent before a moment.
pub async fn delete_sent(tx: &Tx, before: Timestamp) -> Result<(), StoreError> {
    let sql = Sql::new(tx.connection().get_database_backend(), "delete from invitations_sent where sent_at <= ")
        .bind(time::micros(before));
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
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

/// Accepts an invitation; `false` when it was accepted, or a newer link was sent, meanwhile.
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

/// Marks the address as proved: the person came in by a link that was sent there.
pub async fn set_email_verified(tx: &Tx, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
    identities::Entity::update_many()
        .col_expr(identities::Column::VerifiedAt, Expr::value(time::micros(now)))
        .filter(identities::Column::PersonId.eq(person.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}
