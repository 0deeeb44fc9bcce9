//! Companies in programmes: where they stand, and their planned days.

use std::collections::HashMap;

use domain::{
    EnrolmentId, OrganisationId, ProgrammeId,
    access::Granted,
    audit::Verb,
    rollout::{Change, Dates, Gate, MOST_CHANGES, Phase, RolloutChange},
};
use jiff::{Timestamp, civil::Date};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::phase;
use crate::{
    Reads, StoreError, Tx,
    entity::{enrolment_dates, enrolments},
    organisations::named,
    sql::Sql,
    time,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    pub id: EnrolmentId,
    pub programme: ProgrammeId,
    pub organisation: OrganisationId,
    pub phase: Phase,
    pub launched_before: bool,
    pub dates: Dates,
}

fn enrolment(row: enrolments::Model, dates: Dates) -> Result<Enrolment, StoreError> {
    Ok(Enrolment {
        dates,
        id: row.id.into(),
        programme: row.programme_id.into(),
        organisation: row.organisation_id.into(),
        phase: phase(&row.phase)?,
        launched_before: row.launched_at.is_some(),
    })
}

/// Puts a company into a programme with the dates of the programme as its own: one that is at work already begins at
/// LAUNCH, others in DRAFT (`Phase::at_entry`).
pub async fn enrol(
    tx: &Tx,
    _granted: &Granted,
    id: EnrolmentId,
    programme: ProgrammeId,
    organisation: OrganisationId,
    phase: Phase,
    now: Timestamp,
) -> Result<(), StoreError> {
    enrolments::ActiveModel {
        id: Set(id.into()),
        programme_id: Set(programme.into()),
        organisation_id: Set(organisation.into()),
        phase: Set(phase.key().to_owned()),
        phase_since: Set(time::micros(now)),
        launched_at: Set((phase == Phase::Launch).then(|| time::micros(now))),
    }
    .insert(tx.connection())
    .await?;
    let sql = Sql::new(
        tx.connection().get_database_backend(),
        "insert into enrolment_dates (enrolment_id, phase, starts_on) select ",
    )
    .bind(id.uuid());
    // PostgreSQL cannot know the type of a bare parameter in a select list.
    let sql = if sql.backend() == DbBackend::Postgres { sql.text("::uuid") } else { sql };
    let sql = sql.text(", phase, starts_on from programme_dates where programme_id = ").bind(programme.uuid());
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}

pub async fn find_enrolment(db: &impl Reads, organisation: OrganisationId) -> Result<Option<Enrolment>, StoreError> {
    let row = enrolments::Entity::find()
        .filter(enrolments::Column::OrganisationId.eq(organisation.uuid()))
        .one(db.connection())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let dates = list_dates(db, row.id).await?;
    enrolment(row, dates).map(Some)
}

/// Reads an enrolment for a decision that this transaction writes: no other one moves the company until it ends.
pub async fn find_enrolment_for_update(
    tx: &Tx,
    _granted: &Granted,
    organisation: OrganisationId,
) -> Result<Option<Enrolment>, StoreError> {
    let backend = tx.connection().get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = Sql::new(backend, "select id from enrolments where organisation_id = ").bind(organisation.uuid());
        tx.connection().query_one_raw(sql.text(" for update").build()).await?;
    }
    find_enrolment(tx, organisation).await
}

async fn list_dates(db: &impl Reads, enrolment: Uuid) -> Result<Dates, StoreError> {
    let rows = enrolment_dates::Entity::find()
        .filter(enrolment_dates::Column::EnrolmentId.eq(enrolment))
        .all(db.connection())
        .await?;
    let mut dates = rows
        .into_iter()
        .map(|row| Ok((phase(&row.phase)?, time::date(&row.starts_on)?)))
        .collect::<Result<Dates, StoreError>>()?;
    dates.sort();
    Ok(dates)
}

/// Returns every company of a programme with where it stands: for moves of the whole programme.
pub async fn list_enrolments(
    db: &impl Reads,
    _granted: &Granted,
    programme: ProgrammeId,
) -> Result<Vec<Enrolment>, StoreError> {
    let rows = enrolments::Entity::find()
        .filter(enrolments::Column::ProgrammeId.eq(programme.uuid()))
        .order_by_asc(enrolments::Column::Id)
        .all(db.connection())
        .await?;
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select d.* from enrolment_dates d join enrolments e on e.id = d.enrolment_id where e.programme_id = ",
    )
    .bind(programme.uuid());
    let mut dates: HashMap<Uuid, Dates> = HashMap::new();
    for row in enrolment_dates::Model::find_by_statement(sql.build()).all(db.connection()).await? {
        dates.entry(row.enrolment_id).or_default().push((phase(&row.phase)?, time::date(&row.starts_on)?));
    }
    rows.into_iter()
        .map(|row| {
            let mut own = dates.remove(&row.id).unwrap_or_default();
            own.sort();
            enrolment(row, own)
        })
        .collect()
}

/// Returns companies that are in no programme, by name; `search` is part of a name.
pub async fn list_unenrolled(
    db: &impl Reads,
    _granted: &Granted,
    search: &str,
    limit: u64,
) -> Result<Vec<(OrganisationId, String)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select o.id, o.name from organisations o where not exists (select 1 from enrolments e where e.organisation_id = o.id)",
    );
    let sql = named(sql, search).text(" order by o.sort_key, o.id limit ").bind(limit as i64);
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.name)).collect())
}

/// Returns the programmes that companies are in.
pub async fn list_programmes_of(
    db: &impl Reads,
    organisations: &[OrganisationId],
) -> Result<HashMap<OrganisationId, ProgrammeId>, StoreError> {
    let mut found = HashMap::new();
    for chunk in organisations.chunks(1_000) {
        let rows = enrolments::Entity::find()
            .filter(enrolments::Column::OrganisationId.is_in(chunk.iter().map(|id| id.uuid())))
            .all(db.connection())
            .await?;
        found.extend(
            rows.into_iter()
                .map(|row| (OrganisationId::from(row.organisation_id), ProgrammeId::from(row.programme_id))),
        );
    }
    Ok(found)
}

pub async fn update_phase(
    tx: &Tx,
    _granted: &Granted,
    id: EnrolmentId,
    to: Phase,
    now: Timestamp,
) -> Result<(), StoreError> {
    let at = time::micros(now);
    let update = enrolments::Entity::update_many()
        .col_expr(enrolments::Column::Phase, Expr::value(to.key()))
        .col_expr(enrolments::Column::PhaseSince, Expr::value(at));
    let update =
        if to == Phase::Launch { update.col_expr(enrolments::Column::LaunchedAt, Expr::value(at)) } else { update };
    update.filter(enrolments::Column::Id.eq(id.uuid())).exec(tx.connection()).await?;
    Ok(())
}

/// Replaces planned days, each of one phase of one company: hundreds in a statement (C12).
pub async fn update_dates(tx: &Tx, _granted: &Granted, dates: &[(EnrolmentId, Phase, Date)]) -> Result<(), StoreError> {
    let key = [enrolment_dates::Column::EnrolmentId, enrolment_dates::Column::Phase];
    for part in dates.chunks(500) {
        let rows = part.iter().map(|(enrolment, phase, date)| enrolment_dates::ActiveModel {
            enrolment_id: Set((*enrolment).into()),
            phase: Set(phase.key().to_owned()),
            starts_on: Set(date.to_string()),
        });
        let replace = OnConflict::columns(key).update_column(enrolment_dates::Column::StartsOn).to_owned();
        enrolment_dates::Entity::insert_many(rows).on_conflict(replace).exec_without_returning(tx.connection()).await?;
    }
    Ok(())
}

/// Returns where companies stand; those in no programme are missing, everything is open to them.
pub async fn find_gates(
    db: &impl Reads,
    organisations: &[OrganisationId],
) -> Result<HashMap<OrganisationId, Gate>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        organisation_id: Uuid,
        phase: String,
        launched_at: Option<i64>,
        dated: Option<String>,
        starts_on: Option<String>,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select e.organisation_id, e.phase, e.launched_at, d.phase as dated, d.starts_on from enrolments e \
         left join enrolment_dates d on d.enrolment_id = e.id where e.organisation_id in ",
    )
    .bind_all(organisations.iter().map(|id| id.uuid()));
    let mut found: HashMap<OrganisationId, (Phase, bool, Dates)> = HashMap::new();
    for row in Row::find_by_statement(sql.build()).all(db.connection()).await? {
        let stands = phase(&row.phase)?;
        let entry =
            found.entry(row.organisation_id.into()).or_insert_with(|| (stands, row.launched_at.is_some(), Vec::new()));
        if let (Some(dated), Some(day)) = (row.dated.as_deref(), row.starts_on.as_deref()) {
            entry.2.push((phase(dated)?, time::date(day)?));
        }
    }
    Ok(found
        .into_iter()
        .map(|(organisation, (phase, launched, mut dates))| {
            dates.sort();
            (organisation, Gate::new(phase, launched, dates))
        })
        .collect())
}

/// Returns the gate of one company.
pub async fn find_gate(db: &impl Reads, organisation: OrganisationId) -> Result<Gate, StoreError> {
    Ok(find_gates(db, &[organisation]).await?.remove(&organisation).unwrap_or_else(Gate::open))
}

/// Returns what happened to a company in its rollout, newest first and at most [`MOST_CHANGES`]: a view of its events.
pub async fn list_changes(db: &impl Reads, organisation: OrganisationId) -> Result<Vec<RolloutChange>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        at: i64,
        actor: Option<String>,
        detail: String,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select e.at, p.name as actor, e.detail from events e left join people p on p.id = e.actor_id \
         where e.organisation_id = ",
    )
    .bind(organisation.uuid())
    .text(" and e.verb in ")
    .bind_all([Verb::EnrolmentCreated, Verb::PhaseMoved, Verb::DatesMoved].map(Verb::key))
    .text(" order by e.seq desc limit ")
    .bind(MOST_CHANGES as i64);
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    rows.into_iter()
        // What an import wrote has other details and is no change of plan.
        .filter_map(|row| Some((row.at, row.actor, serde_json::from_str::<Change>(&row.detail).ok()?)))
        .map(|(at, actor, change)| Ok(RolloutChange { at: time::timestamp(at)?, actor, change }))
        .collect()
}
