//! What a second import changes.

use std::collections::HashSet;

use domain::{
    GrantId, OrganisationId, PersonId, ProductId,
    access::{Granted, Reach, Role},
    cases::CloseReason,
    contracts::AdminReason,
    locale::Locale,
    people::MembershipState,
    text::{fold, sort_key},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use super::{
    CaseLine, ContractLine, ImportTx,
    insert::{insert_all, reasons_text},
};
use crate::{
    Reads, StoreError, Writes,
    entity::{
        cases, contract_products, contracts, grant_products, memberships, organisations, people, products, role_grants,
    },
    people as people_store, search, time,
};

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
        .col_expr(organisations::Column::SortKey, Expr::value(sort_key(name)))
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

/// Corrects name, phone and language of a person who never signed in, and the name that the company sees of a member who
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
    let update = people::Entity::update_many()
        .col_expr(people::Column::Name, Expr::value(name))
        .col_expr(people::Column::SortKey, Expr::value(sort_key(name)));
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
        .col_expr(memberships::Column::SortKey, Expr::value(sort_key(name)))
        .filter(memberships::Column::PersonId.eq(id.uuid()))
        .filter(memberships::Column::OrganisationId.eq(organisation.uuid()))
        .filter(memberships::Column::ActivatedAt.is_null())
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Corrects the address of a person who never came in (D5), as [`people_store::update_address`] does, and makes their
/// invited memberships known ones, which companies can invite again: an import itself sends nothing.
pub async fn correct_address(
    tx: &ImportTx,
    granted: &Granted,
    id: PersonId,
    email: &str,
    normalised: &str,
) -> Result<(), StoreError> {
    people_store::update_address(tx, granted, id, email, normalised).await?;
    memberships::Entity::update_many()
        .col_expr(memberships::Column::State, Expr::value(MembershipState::Known.key()))
        .col_expr(memberships::Column::InvitedAt, Expr::value(None::<i64>))
        .filter(memberships::Column::PersonId.eq(id.uuid()))
        .filter(memberships::Column::State.eq(MembershipState::Invited.key()))
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

/// Brings a case that has not been worked on here to its present state in the old system.
pub async fn update_case(tx: &ImportTx, _granted: &Granted, line: &CaseLine) -> Result<(), StoreError> {
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
        .col_expr(cases::Column::AgentId, Expr::value(line.agent.map(Uuid::from)))
        .col_expr(cases::Column::Status, Expr::value(line.status.key()))
        .col_expr(
            cases::Column::CloseReason,
            Expr::value((!line.status.is_open()).then(|| CloseReason::Imported.key().to_owned())),
        )
        .col_expr(cases::Column::UpdatedAt, Expr::value(time::micros(line.updated_at)))
        .col_expr(cases::Column::ClosedAt, Expr::value(line.closed_at.map(time::micros)))
        .filter(cases::Column::Id.eq(line.id.uuid()))
        .exec(tx.connection())
        .await?;
    search::replace_head(&tx.0, line.id).await
}
