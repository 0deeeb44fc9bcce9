//! Programmes, enrolments and their dates.

use std::collections::HashMap;

use domain::{
    EnrolmentId, OrganisationId, ProductId, ProgrammeId,
    access::Granted,
    audit::Verb,
    page::Page,
    rollout::{
        BoardCell, BoardFilter, BoardRow, Change, Dates, FunnelCounts, Gate, Phase, ProgrammeSummary, RolloutBoard,
        RolloutChange,
    },
};
use jiff::{Timestamp, civil::Date};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    Reads, StoreError, Tx,
    entity::{enrolment_dates, enrolments, programme_dates, programme_products, programmes},
    organisations::named,
    paging::{Key, Kind, List, sort_by_name},
    sql::Sql,
    time,
};

pub struct NewProgramme<'a> {
    pub id: ProgrammeId,
    pub key: &'a str,
    pub name: &'a str,
    pub contact: &'a str,
    pub products: &'a [ProductId],
    pub dates: &'a [(Phase, Date)],
    pub now: Timestamp,
}

pub async fn insert_programme(tx: &Tx, _granted: &Granted, new: NewProgramme<'_>) -> Result<(), StoreError> {
    programmes::ActiveModel {
        id: Set(new.id.into()),
        key: Set(new.key.to_owned()),
        name: Set(new.name.to_owned()),
        contact: Set(new.contact.to_owned()),
        created_at: Set(time::micros(new.now)),
    }
    .insert(tx.connection())
    .await?;
    for product in new.products {
        programme_products::ActiveModel { programme_id: Set(new.id.into()), product_id: Set((*product).into()) }
            .insert(tx.connection())
            .await?;
    }
    for (phase, date) in new.dates {
        programme_dates::ActiveModel {
            programme_id: Set(new.id.into()),
            phase: Set(phase.key().to_owned()),
            starts_on: Set(date.to_string()),
        }
        .insert(tx.connection())
        .await?;
    }
    Ok(())
}

pub async fn find_programme_by_key(db: &impl Reads, key: &str) -> Result<Option<ProgrammeId>, StoreError> {
    let row = programmes::Entity::find().filter(programmes::Column::Key.eq(key)).one(db.connection()).await?;
    Ok(row.map(|row| row.id.into()))
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
    let sql = if sql.backend() == sea_orm::DbBackend::Postgres { sql.text("::uuid") } else { sql };
    let sql = sql.text(", phase, starts_on from programme_dates where programme_id = ").bind(programme.uuid());
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}

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

fn phase(key: &str) -> Result<Phase, StoreError> {
    Phase::parse(key).ok_or_else(|| StoreError::Corrupt(format!("phase {key}")))
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

/// The same for a decision that is written in this transaction: nobody else moves the company until it ends.
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

/// Waits until nobody else moves a programme or a company in it, and keeps others from it until the transaction ends: the
/// programme first, then its companies in order.
pub async fn lock_programme(tx: &Tx, _granted: &Granted, programme: ProgrammeId) -> Result<(), StoreError> {
    let backend = tx.connection().get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = Sql::new(backend, "select id from programmes where id = ").bind(programme.uuid());
        tx.connection().query_one_raw(sql.text(" for update").build()).await?;
        let sql = Sql::new(backend, "select id from enrolments where programme_id = ").bind(programme.uuid());
        tx.connection().query_all_raw(sql.text(" order by id for update").build()).await?;
    }
    Ok(())
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

/// Every company of a programme with where it stands: for moves of the whole programme.
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

/// Companies that are in no programme, by name; `search` is part of a name.
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

/// The programmes that companies are in.
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

/// Replaces the planned day of one phase of one company.
pub async fn update_date(
    tx: &Tx,
    _granted: &Granted,
    id: EnrolmentId,
    phase: Phase,
    date: Date,
) -> Result<(), StoreError> {
    enrolment_dates::Entity::delete_by_id((id.uuid(), phase.key().to_owned())).exec(tx.connection()).await?;
    enrolment_dates::ActiveModel {
        enrolment_id: Set(id.into()),
        phase: Set(phase.key().to_owned()),
        starts_on: Set(date.to_string()),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

/// Replaces the planned day of one phase of a programme: what companies that are enrolled later begin with.
pub async fn update_programme_date(
    tx: &Tx,
    _granted: &Granted,
    programme: ProgrammeId,
    phase: Phase,
    date: Date,
) -> Result<(), StoreError> {
    programme_dates::Entity::update_many()
        .col_expr(programme_dates::Column::StartsOn, Expr::value(date.to_string()))
        .filter(programme_dates::Column::ProgrammeId.eq(programme.uuid()))
        .filter(programme_dates::Column::Phase.eq(phase.key()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Where companies stand; those in no programme are missing, everything is open to them.
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

/// The gate of one company.
pub async fn find_gate(db: &impl Reads, organisation: OrganisationId) -> Result<Gate, StoreError> {
    Ok(find_gates(db, &[organisation]).await?.remove(&organisation).unwrap_or_else(Gate::open))
}

pub async fn find_programme(db: &impl Reads, id: ProgrammeId) -> Result<ProgrammeSummary, StoreError> {
    programmes_where(db, Some(id)).await?.pop().ok_or(StoreError::NotFound)
}

pub async fn list_programmes(db: &impl Reads) -> Result<Vec<ProgrammeSummary>, StoreError> {
    programmes_where(db, None).await
}

/// One programme, or all of them by age (C13).
async fn programmes_where(db: &impl Reads, id: Option<ProgrammeId>) -> Result<Vec<ProgrammeSummary>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        key: String,
        name: String,
        contact: String,
        companies: i64,
    }
    #[derive(FromQueryResult)]
    struct ProductRow {
        programme_id: Uuid,
        name: String,
    }
    let backend = db.connection().get_database_backend();
    let sql = Sql::new(
        backend,
        "select p.id, p.key, p.name, p.contact, \
         (select count(*) from enrolments e where e.programme_id = p.id) as companies \
         from programmes p where 1 = 1",
    )
    .when(id, |sql, id| sql.text(" and p.id = ").bind(id.uuid()))
    .text(" order by p.created_at, p.id");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    let sql = Sql::new(
        backend,
        "select pp.programme_id, pr.name from programme_products pp join products pr on pr.id = pp.product_id where 1 = 1",
    )
    .when(id, |sql, id| sql.text(" and pp.programme_id = ").bind(id.uuid()));
    let mut rows_of_products = ProductRow::find_by_statement(sql.build()).all(db.connection()).await?;
    sort_by_name(&mut rows_of_products, |row| &row.name);
    let mut products: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in rows_of_products {
        products.entry(row.programme_id).or_default().push(row.name);
    }
    let mut dates: HashMap<Uuid, Dates> = HashMap::new();
    let mut days = programme_dates::Entity::find();
    if let Some(id) = id {
        days = days.filter(programme_dates::Column::ProgrammeId.eq(id.uuid()));
    }
    for row in days.all(db.connection()).await? {
        dates.entry(row.programme_id).or_default().push((phase(&row.phase)?, time::date(&row.starts_on)?));
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut dates = dates.remove(&row.id).unwrap_or_default();
            dates.sort();
            ProgrammeSummary {
                dates,
                products: products.remove(&row.id).unwrap_or_default(),
                id: row.id.into(),
                key: row.key,
                name: row.name,
                contact: row.contact,
                companies: row.companies.unsigned_abs(),
            }
        })
        .collect())
}

/// Companies against phases: one page by name, with how far their people are; and the counts of the whole programme. The
/// number of statements does not grow with that of the companies.
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
    let scope = |sql: Sql| {
        let sql = sql
            .text(" from enrolments e join organisations o on o.id = e.organisation_id where e.programme_id = ")
            .bind(programme.uuid())
            .when(Phase::parse(&filter.phase), |sql, phase| sql.text(" and e.phase = ").bind(phase.key()));
        named(sql, &filter.search)
    };
    let page = BOARD.page(db, &filter.after, scope, |row: &Row| Key::Name(row.organisation_id)).await?;
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

/// People and companies of a programme, by how far they are. People of two companies count in each.
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

/// What happened to a company in its rollout, newest first: a view of its events.
pub async fn list_changes(
    db: &impl Reads,
    organisation: OrganisationId,
    limit: u64,
) -> Result<Vec<RolloutChange>, StoreError> {
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
    .bind(limit as i64);
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    rows.into_iter()
        // What an import wrote has other details and is no change of plan.
        .filter_map(|row| Some((row.at, row.actor, serde_json::from_str::<Change>(&row.detail).ok()?)))
        .map(|(at, actor, change)| Ok(RolloutChange { at: time::timestamp(at)?, actor, change }))
        .collect()
}
