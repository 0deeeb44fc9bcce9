//! People in companies.

use std::collections::HashMap;

use domain::{
    MembershipId, OrganisationId, PersonId,
    access::{Granted, Reach, Role},
    people::{MemberRow, MembershipState, RoleRow, last_day},
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, sea_query::Expr,
};
use uuid::Uuid;

use super::{PersonFacts, facts};
use crate::{
    Reads, StoreError, Tx,
    entity::{memberships, people},
    sql::Sql,
    time,
};

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

/// The name of member `m`, person `p`, as the company may see it: whoever knows an address does not learn whose it is.
pub(super) const SHOWN_NAME: &str = "case when m.state = 'active' then p.name else m.name end as name";

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
