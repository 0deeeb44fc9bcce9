//! Correcting an address that its owner has not come in by, and taking another one that its owner confirmed (D5).

use domain::{OrganisationId, PersonId, access::Granted};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr,
};

use crate::{
    StoreError, Writes,
    entity::{identities, invitations, people},
    people::delete_address_change,
    sql::Sql,
    time,
};

/// Gives an account another address. Mails that wait for it go there, links that were sent to the old one end, and their
/// invitations are not sent any more. [`StoreError::Duplicate`] when the address belongs to another account.
pub async fn update_address(
    tx: &impl Writes,
    _granted: &Granted,
    person: PersonId,
    email: &str,
    normalised: &str,
) -> Result<(), StoreError> {
    set_address(tx, person, email, normalised, None).await?;
    end_invitation_links(tx, person, None).await?;
    delete_notices(tx, person, None).await
}

/// Gives an account the address that its owner has confirmed: mails that wait for it go there. The administrators of its
/// companies know the owner, and links need the owner's password: neither is touched. [`StoreError::Duplicate`] when the
/// address belongs to another account.
pub async fn confirm_address(
    tx: &impl Writes,
    person: PersonId,
    email: &str,
    normalised: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    set_address(tx, person, email, normalised, Some(now)).await
}

async fn set_address(
    tx: &impl Writes,
    person: PersonId,
    email: &str,
    normalised: &str,
    verified_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let db = tx.connection();
    identities::Entity::delete_many().filter(identities::Column::PersonId.eq(person.uuid())).exec(db).await?;
    identities::ActiveModel {
        kind: Set("email".to_owned()),
        value: Set(normalised.to_owned()),
        person_id: Set(person.into()),
        verified_at: Set(verified_at.map(time::micros)),
    }
    .insert(db)
    .await?;
    people::Entity::update_many()
        .col_expr(people::Column::Email, Expr::value(email))
        .filter(people::Column::Id.eq(person.uuid()))
        .exec(db)
        .await?;
    // Those about an address go to the address that they are about.
    let sql = Sql::new(db.get_database_backend(), "update outbox set recipient = ")
        .bind(email)
        .text(" where state <> 'sent' and kind not in ('address_proposed', 'address_changed') and person_id = ")
        .bind(person.uuid());
    db.execute_raw(sql.build()).await?;
    delete_address_change(tx, person).await
}

/// Ends the invitation links of a person, of one company or of all, and drops those that wait to be sent: a mail that is
/// under way at this moment arrives with a link that leads nowhere.
pub async fn end_invitation_links(
    tx: &impl Writes,
    person: PersonId,
    organisation: Option<OrganisationId>,
) -> Result<(), StoreError> {
    let db = tx.connection();
    let mut found = invitations::Entity::find()
        .filter(invitations::Column::PersonId.eq(person.uuid()))
        .filter(invitations::Column::AcceptedAt.is_null());
    if let Some(organisation) = organisation {
        found = found.filter(invitations::Column::OrganisationId.eq(organisation.uuid()));
    }
    for row in found.all(db).await? {
        let key = format!("invitation:{}:%", row.id);
        invitations::Entity::update_many()
            .col_expr(invitations::Column::Version, Expr::value(row.version + 1))
            .filter(invitations::Column::Id.eq(row.id))
            .exec(db)
            .await?;
        let sql = Sql::new(
            db.get_database_backend(),
            "delete from outbox where kind = 'invitation' and state in ('queued', 'dead') and idempotency_key like ",
        )
        .bind(key);
        db.execute_raw(sql.build()).await?;
    }
    Ok(())
}

/// Moves what one company has of an account to another one: the membership with its roles and its invitation, contracts, and
/// what was imported in its name. The account itself stays as it is for other companies; one that nothing is left of gives
/// its address free. [`StoreError::Duplicate`] when the other account has a place in the company already.
pub async fn move_membership(
    tx: &impl Writes,
    _granted: &Granted,
    organisation: OrganisationId,
    (from, to): (PersonId, PersonId),
    left_over: bool,
) -> Result<(), StoreError> {
    let db = tx.connection();
    let backend = db.get_database_backend();
    end_invitation_links(tx, from, Some(organisation)).await?;
    for (set, of) in [
        ("update memberships set person_id = ", " and organisation_id = "),
        ("update role_grants set person_id = ", " and organisation_id = "),
        ("update invitations set person_id = ", " and organisation_id = "),
    ] {
        let sql = Sql::new(backend, set).bind(to.uuid()).text(" where person_id = ").bind(from.uuid());
        db.execute_raw(sql.text(of).bind(organisation.uuid()).build()).await?;
    }
    for (set, column, of, end) in [
        (
            "update contract_contacts set person_id = ",
            " where person_id = ",
            " and contract_id in (select id from contracts where organisation_id = ",
            ")",
        ),
        ("update cases set requestor_id = ", " where requestor_id = ", " and organisation_id = ", ""),
        (
            "update case_entries set author_id = ",
            " where author_id = ",
            " and case_id in (select id from cases where organisation_id = ",
            ")",
        ),
        (
            "update files set uploader_id = ",
            " where uploader_id = ",
            " and case_id in (select id from cases where organisation_id = ",
            ")",
        ),
    ] {
        let sql = Sql::new(backend, set).bind(to.uuid()).text(column).bind(from.uuid());
        db.execute_raw(sql.text(of).bind(organisation.uuid()).text(end).build()).await?;
    }
    if left_over {
        identities::Entity::delete_many().filter(identities::Column::PersonId.eq(from.uuid())).exec(db).await?;
        let sql = Sql::new(backend, "update legacy_ids set object_id = ").bind(to.uuid());
        db.execute_raw(sql.text(" where kind = 'contact' and object_id = ").bind(from.uuid()).build()).await?;
    }
    delete_notices(tx, to, Some(organisation)).await
}

/// The administrators of the company were told of another address: they are to hear of this one.
async fn delete_notices(
    tx: &impl Writes,
    person: PersonId,
    organisation: Option<OrganisationId>,
) -> Result<(), StoreError> {
    let sql = Sql::new(
        tx.connection().get_database_backend(),
        "delete from admin_notices where grant_id in (select id from role_grants where person_id = ",
    )
    .bind(person.uuid())
    .when(organisation, |sql, organisation| sql.text(" and organisation_id = ").bind(organisation.uuid()))
    .text(")");
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}
