//! A person with everything that the policy asks about.

use domain::{
    GrantId, OrganisationId, PersonId, ProductId,
    access::{Actor, Grant, Membership, Permission, Reach, Role},
    locale::Locale,
};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

use super::find_zone;
use crate::{Reads, StoreError, entity::people, rollout, sql::Sql, time};

/// Loads a person with everything the policy asks about: five statements, whatever the number of companies.
/// Roles that are over do not count. `None` for a person whose last membership was removed and who holds no role at the
/// vendor's.
pub async fn find_actor(db: &impl Reads, person: PersonId, now: Timestamp) -> Result<Option<Actor>, StoreError> {
    let Some(row) = people::Entity::find_by_id(person.uuid()).one(db.connection()).await? else { return Ok(None) };
    let grants = list_grants(db, person, now).await?;
    let memberships = list_memberships(db, person).await?;
    if memberships.is_empty() && grants.iter().all(|grant| grant.organisation.is_some()) {
        return Ok(None);
    }
    let zone = find_zone(db, person).await?;
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
        zone: zone.name,
        zone_known: zone.known,
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
    // The permissions of each grant and then its products: joined, each would come once for each of the others (C22).
    let held = |sql: Sql| {
        sql.text(" where g.revoked_at is null and g.person_id = ")
            .bind(person.uuid())
            .text(" and (g.until_at is null or g.until_at > ")
            .bind(time::micros(now))
            .text(")")
    };
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select g.id, g.role, g.organisation_id, g.reach, g.all_products, g.until_at, g.granted_at, \
         cast(null as uuid) as product_id, rp.permission \
         from role_grants g left join role_permissions rp on rp.role = g.role",
    );
    let sql = held(sql).text(
        " union all select g.id, g.role, g.organisation_id, g.reach, g.all_products, g.until_at, g.granted_at, \
         gp.product_id, cast(null as text) from role_grants g join grant_products gp on gp.grant_id = g.id",
    );
    let sql = held(sql).text(" order by granted_at, id");
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
    .text(" order by o.sort_key, o.id");
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
