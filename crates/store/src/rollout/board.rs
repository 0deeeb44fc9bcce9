//! The board of a programme: its companies against the phases.

use std::collections::HashMap;

use domain::{
    ProgrammeId,
    access::Granted,
    page::Page,
    rollout::{BoardCell, BoardFilter, BoardRow, FunnelCounts, Phase, ProgrammeSummary, RolloutBoard},
};
use jiff::{Timestamp, civil::Date};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};
use uuid::Uuid;

use super::phase;
use crate::{
    Reads, StoreError,
    entity::enrolment_dates,
    organisations::named,
    paging::{Key, Kind, List},
    sql::Sql,
    time,
};

/// Returns companies against phases: one page by name, with how far their people are, and the counts of the whole
/// programme. The number of statements does not depend on the number of companies.
pub async fn find_board(
    db: &impl Reads,
    granted: &Granted,
    programme: ProgrammeSummary,
    filter: &BoardFilter,
    now: Timestamp,
) -> Result<RolloutBoard, StoreError> {
    let id = programme.id;
    let companies = list_board(db, granted, id, filter, now).await?;
    let funnel = count_funnel(db, id, now).await?;
    let phases = count_phases(db, id).await?;
    Ok(RolloutBoard { programme, companies, funnel, phases })
}

const BOARD: List = List {
    columns: "select e.id, e.organisation_id, o.name, e.phase, e.phase_since, e.launched_at",
    key: "o.sort_key",
    kind: Kind::Name,
    id: "o.id",
    descending: false,
    most: 100_000,
};

/// How far the people of a company are.
#[derive(FromQueryResult)]
struct Counts {
    id: Uuid,
    known: i64,
    invited: i64,
    activated: i64,
    admins: i64,
    activated_admins: i64,
}

async fn count_people(
    db: &impl Reads,
    companies: impl Iterator<Item = Uuid>,
    now: Timestamp,
) -> Result<HashMap<Uuid, Counts>, StoreError> {
    let at = time::micros(now);
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select o.id, \
         (select count(*) from memberships m where m.organisation_id = o.id and m.state <> 'removed') as known, \
         (select count(*) from memberships m where m.organisation_id = o.id and m.state in ('invited', 'active')) as invited, \
         (select count(*) from memberships m where m.organisation_id = o.id and m.state = 'active') as activated, \
         (select count(distinct g.person_id) from role_grants g join memberships m on m.person_id = g.person_id \
          and m.organisation_id = g.organisation_id where g.organisation_id = o.id and g.role = 'support_system_admin' \
          and g.revoked_at is null and m.state <> 'removed' and (g.until_at is null or g.until_at > ",
    )
    .bind(at)
    .text(
        ")) as admins, \
         (select count(distinct g.person_id) from role_grants g join memberships m on m.person_id = g.person_id \
          and m.organisation_id = g.organisation_id where g.organisation_id = o.id and g.role = 'support_system_admin' \
          and g.revoked_at is null and m.state = 'active' and (g.until_at is null or g.until_at > ",
    )
    .bind(at)
    .text(")) as activated_admins from organisations o where o.id in ")
    .bind_all(companies);
    let rows = Counts::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

async fn list_board(
    db: &impl Reads,
    _granted: &Granted,
    programme: ProgrammeId,
    filter: &BoardFilter,
    now: Timestamp,
) -> Result<Page<BoardRow>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        organisation_id: Uuid,
        name: String,
        phase: String,
        phase_since: i64,
        launched_at: Option<i64>,
    }
    let whole = |sql: Sql| {
        sql.text(" from enrolments e join organisations o on o.id = e.organisation_id where e.programme_id = ")
            .bind(programme.uuid())
    };
    let scope = |sql: Sql| {
        let phase = Phase::parse(&filter.phase);
        let sql = whole(sql).when(phase, |sql, phase| sql.text(" and e.phase = ").bind(phase.key()));
        named(sql, &filter.search)
    };
    let key = |row: &Row| Key::Name(row.organisation_id);
    let page = BOARD.page_within(db, &filter.after, scope, whole, key).await?;
    let mut counts = count_people(db, page.rows.iter().map(|row| row.organisation_id), now).await?;

    let mut dates: HashMap<(Uuid, Phase), Date> = HashMap::new();
    let shown = enrolment_dates::Entity::find()
        .filter(enrolment_dates::Column::EnrolmentId.is_in(page.rows.iter().map(|row| row.id)))
        .all(db.connection())
        .await?;
    for row in shown {
        dates.insert((row.enrolment_id, phase(&row.phase)?), time::date(&row.starts_on)?);
    }
    page.try_map(|row| {
        let counts = counts.remove(&row.organisation_id).ok_or(StoreError::NotFound)?;
        Ok(BoardRow {
            organisation: row.organisation_id.into(),
            name: row.name,
            phase: phase(&row.phase)?,
            phase_since: time::timestamp(row.phase_since)?,
            launched_before: row.launched_at.is_some(),
            cells: Phase::DATED
                .into_iter()
                .map(|phase| BoardCell { phase, date: dates.get(&(row.id, phase)).copied() })
                .collect(),
            known: counts.known.unsigned_abs(),
            invited: counts.invited.unsigned_abs(),
            activated: counts.activated.unsigned_abs(),
            admins: counts.admins.unsigned_abs(),
            activated_admins: counts.activated_admins.unsigned_abs(),
        })
    })
}

/// Returns people and companies of a programme, by how far they are. People of two companies count in each.
async fn count_funnel(db: &impl Reads, programme: ProgrammeId, now: Timestamp) -> Result<FunnelCounts, StoreError> {
    #[derive(FromQueryResult)]
    struct People {
        known: i64,
        invited: i64,
        activated: i64,
        signed_in: i64,
    }
    #[derive(FromQueryResult)]
    struct Companies {
        companies: i64,
        with_admin: i64,
        launched: i64,
        with_case: i64,
    }
    let backend = db.connection().get_database_backend();
    let sql = Sql::new(
        backend,
        "select count(*) as known, \
         coalesce(sum(case when m.state in ('invited', 'active') then 1 else 0 end), 0) as invited, \
         coalesce(sum(case when m.state = 'active' then 1 else 0 end), 0) as activated, \
         coalesce(sum(case when m.state = 'active' and p.last_seen_at >= e.launched_at then 1 else 0 end), 0) as signed_in \
         from enrolments e join memberships m on m.organisation_id = e.organisation_id \
         join people p on p.id = m.person_id where m.state <> 'removed' and e.programme_id = ",
    )
    .bind(programme.uuid());
    let people = People::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    let sql = Sql::new(
        backend,
        "select count(*) as companies, \
         coalesce(sum(case when e.phase = 'launch' then 1 else 0 end), 0) as launched, \
         coalesce(sum(case when exists (select 1 from cases c where c.organisation_id = e.organisation_id \
          and c.channel <> 'import' and c.opened_at >= e.launched_at) then 1 else 0 end), 0) as with_case, \
         coalesce(sum(case when exists (select 1 from role_grants g join memberships m on m.person_id = g.person_id \
          and m.organisation_id = g.organisation_id where g.organisation_id = e.organisation_id \
          and g.role = 'support_system_admin' and g.revoked_at is null and m.state = 'active' \
          and (g.until_at is null or g.until_at > ",
    )
    .bind(time::micros(now))
    .text(")) then 1 else 0 end), 0) as with_admin from enrolments e where e.programme_id = ")
    .bind(programme.uuid());
    let companies =
        Companies::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(FunnelCounts {
        known: people.known.unsigned_abs(),
        invited: people.invited.unsigned_abs(),
        activated: people.activated.unsigned_abs(),
        signed_in: people.signed_in.unsigned_abs(),
        companies: companies.companies.unsigned_abs(),
        with_admin: companies.with_admin.unsigned_abs(),
        launched: companies.launched.unsigned_abs(),
        with_case: companies.with_case.unsigned_abs(),
    })
}

async fn count_phases(db: &impl Reads, programme: ProgrammeId) -> Result<Vec<(Phase, u64)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        phase: String,
        number: i64,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select e.phase, count(*) as number from enrolments e where e.programme_id = ",
    )
    .bind(programme.uuid())
    .text(" group by e.phase");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    let count =
        |phase: Phase| rows.iter().find(|row| row.phase == phase.key()).map_or(0, |row| row.number.unsigned_abs());
    Ok(Phase::ALL.into_iter().map(|phase| (phase, count(phase))).collect())
}
