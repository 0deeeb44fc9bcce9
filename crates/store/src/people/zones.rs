//! Time zones: of people, and of companies, whose days are those of the phone line of their region.

use domain::{OrganisationId, PersonId, calls::Hours};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, sea_query::Expr};

use crate::{Reads, StoreError, Tx, entity::people, sql::Sql, time};

/// The zone of people and companies for which none is known.
pub(crate) const UNKNOWN: &str = "Europe/Paris";

/// A time zone by its IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    pub name: String,
    /// Whether the person or their browser set it; otherwise it is that of one of their companies.
    pub known: bool,
}

#[derive(FromQueryResult)]
struct Row {
    time_zone: String,
    zone_known_at: Option<i64>,
    hours: Option<String>,
}

fn zone_of_line(hours: Option<&str>) -> Option<String> {
    hours.and_then(|json| serde_json::from_str::<Hours>(json).ok()).map(|hours| hours.zone)
}

/// Finds the zone of a person: the one that they or their browser set, else that of the first company they belong to.
pub async fn find_zone(db: &impl Reads, person: PersonId) -> Result<Zone, StoreError> {
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select p.time_zone, p.zone_known_at, (select l.hours from memberships m \
         join organisations o on o.id = m.organisation_id join phone_lines l on l.region = o.region \
         where m.person_id = p.id and m.state <> 'removed' order by m.created_at, m.id limit 1) as hours \
         from people p where p.id = ",
    )
    .bind(person.uuid());
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    let known = row.zone_known_at.is_some();
    let guess = zone_of_line(row.hours.as_deref()).filter(|_| !known);
    Ok(Zone { name: guess.unwrap_or(row.time_zone), known })
}

/// Returns the zone that the days of a company are in: that of the phone line of its region.
pub async fn find_company_zone(db: &impl Reads, organisation: OrganisationId) -> Result<String, StoreError> {
    #[derive(FromQueryResult)]
    struct Line {
        hours: String,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select l.hours from organisations o join phone_lines l on l.region = o.region where o.id = ",
    )
    .bind(organisation.uuid());
    let row = Line::find_by_statement(sql.build()).one(db.connection()).await?;
    Ok(row.and_then(|row| zone_of_line(Some(&row.hours))).unwrap_or_else(|| UNKNOWN.to_owned()))
}

/// Sets the zone of a person; with `only_unknown`, only when none was set before. Returns whether it was set.
pub async fn set_zone(
    tx: &Tx,
    person: PersonId,
    zone: &str,
    only_unknown: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let update = people::Entity::update_many()
        .col_expr(people::Column::TimeZone, Expr::value(zone))
        .col_expr(people::Column::ZoneKnownAt, Expr::value(time::micros(now)))
        .filter(people::Column::Id.eq(person.uuid()));
    let update = if only_unknown { update.filter(people::Column::ZoneKnownAt.is_null()) } else { update };
    Ok(update.exec(tx.connection()).await?.rows_affected == 1)
}
