//! The outbox: mails are rows in the transaction of the change they tell of, one per recipient, and leave after it.

use domain::{
    AnnouncementId, CaseId, MailingId, OrganisationId, OutboxId, PersonId, ProgrammeId,
    access::Granted,
    announcements::MailBatch,
    locale::Locale,
    mail::{MailKind, MailProblem, MailRow, MailState},
    page::Page,
    text::in_letters,
};
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{
    Db, Reads, StoreError, Tx,
    entity::outbox,
    paging::{Key, Kind, List},
    sql::Sql,
    time,
};

#[derive(Clone, Debug)]
pub struct NewMail {
    pub id: OutboxId,
    /// The same key is taken once, ever.
    pub idempotency_key: String,
    pub kind: MailKind,
    pub person: Option<PersonId>,
    pub recipient: String,
    pub locale: Locale,
    /// What the template needs; never a secret: links with tokens are made when the mail leaves.
    pub params: serde_json::Value,
    pub case: Option<CaseId>,
    /// The company it is about.
    pub organisation: Option<OrganisationId>,
    /// The sending of an announcement that it belongs to.
    pub mailing: Option<MailingId>,
    /// When it may leave.
    pub due: Timestamp,
    pub now: Timestamp,
}

/// Queues a mail and returns whether it is new: a second one with the same key is not queued.
pub async fn insert(tx: &Tx, new: NewMail) -> Result<bool, StoreError> {
    let row = outbox::ActiveModel {
        id: Set(new.id.into()),
        idempotency_key: Set(new.idempotency_key),
        kind: Set(new.kind.key().to_owned()),
        person_id: Set(new.person.map(Into::into)),
        recipient: Set(new.recipient),
        locale: Set(new.locale.key().to_owned()),
        params: Set(new.params.to_string()),
        case_id: Set(new.case.map(Into::into)),
        state: Set(MailState::Queued.key().to_owned()),
        attempts: Set(0),
        due_at: Set(time::micros(new.due)),
        lease_until: Set(None),
        subject: Set(String::new()),
        error: Set(None),
        created_at: Set(time::micros(new.now)),
        sent_at: Set(None),
        organisation_id: Set(new.organisation.map(Into::into)),
        mailing_id: Set(new.mailing.map(Into::into)),
        lane: Set(new.kind.lane()),
        problem: Set(None),
        dropped_at: Set(None),
    };
    let inserted = outbox::Entity::insert(row)
        .on_conflict(OnConflict::column(outbox::Column::IdempotencyKey).do_nothing().to_owned())
        .exec_without_returning(tx.connection())
        .await?;
    Ok(inserted > 0)
}

/// A mail to be sent now by the worker that claimed it.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: OutboxId,
    /// Which try this is, from 1; it also tells this claim from the next, when its lease runs out.
    pub attempt: u32,
    /// `None` is a mail that this version cannot read: a newer one wrote it.
    pub mail: Option<ClaimedMail>,
}

#[derive(Clone, Debug)]
pub struct ClaimedMail {
    pub kind: MailKind,
    pub recipient: String,
    pub person: Option<PersonId>,
    pub case: Option<CaseId>,
    pub organisation: Option<OrganisationId>,
    pub mailing: Option<MailingId>,
    pub locale: Locale,
    pub params: serde_json::Value,
}

#[derive(FromQueryResult)]
struct ClaimedRow {
    id: Uuid,
    kind: String,
    recipient: String,
    person_id: Option<Uuid>,
    case_id: Option<Uuid>,
    organisation_id: Option<Uuid>,
    mailing_id: Option<Uuid>,
    locale: String,
    params: String,
    attempts: i32,
}

/// Whether a mail is due; asked before a transaction is begun to claim it.
pub async fn is_due(db: &Db, now: Timestamp) -> Result<bool, StoreError> {
    let at = time::micros(now);
    let sql =
        Sql::new(db.connection().get_database_backend(), "select 1 from outbox where (state = 'queued' and due_at <= ")
            .bind(at)
            .text(") or (state = 'sending' and lease_until <= ")
            .bind(at)
            .text(") limit 1");
    Ok(db.connection().query_one_raw(sql.build()).await?.is_some())
}

/// Claims up to `most` due mails until `lease_until`: links to sign in first, news of cases next, mass mails last (F11). A
/// mail whose lease ran out is due again.
///
/// SQLite has no `skip locked` and needs none: it has one writer.
pub async fn claim(tx: &Tx, now: Timestamp, lease_until: Timestamp, most: u32) -> Result<Vec<Claimed>, StoreError> {
    let backend = tx.connection().get_database_backend();
    let at = time::micros(now);
    let sql = Sql::new(backend, "update outbox set state = 'sending', attempts = attempts + 1, lease_until = ")
        .bind(time::micros(lease_until))
        .text(" where id in (select id from outbox where (state = 'queued' and due_at <= ")
        .bind(at)
        .text(") or (state = 'sending' and lease_until <= ")
        .bind(at)
        .text(") order by lane, due_at, id limit ")
        .bind(i64::from(most));
    let sql = if backend == DbBackend::Postgres { sql.text(" for update skip locked") } else { sql };
    let sql = sql.text(
        ") returning id, kind, recipient, person_id, case_id, organisation_id, mailing_id, locale, params, attempts",
    );
    let rows = ClaimedRow::find_by_statement(sql.build()).all(tx.connection()).await?;
    let claimed = rows.into_iter().map(|row| Claimed {
        id: row.id.into(),
        attempt: row.attempts.unsigned_abs(),
        mail: MailKind::parse(&row.kind).zip(serde_json::from_str(&row.params).ok()).map(|(kind, params)| {
            ClaimedMail {
                kind,
                recipient: row.recipient,
                person: row.person_id.map(Into::into),
                case: row.case_id.map(Into::into),
                organisation: row.organisation_id.map(Into::into),
                mailing: row.mailing_id.map(Into::into),
                locale: Locale::parse(&row.locale).unwrap_or_default(),
                params,
            }
        }),
    });
    Ok(claimed.collect())
}

/// Returns the row of a claim, unless another worker has claimed it since.
fn of_claim(claimed: &Claimed) -> Condition {
    Condition::all()
        .add(outbox::Column::Id.eq(claimed.id.uuid()))
        .add(outbox::Column::State.eq(MailState::Sending.key()))
        .add(outbox::Column::Attempts.eq(claimed.attempt.cast_signed()))
}

/// Notes that a mail left, with its address and subject, and returns whether the claim still held.
pub async fn set_sent(
    tx: &Tx,
    claimed: &Claimed,
    recipient: &str,
    subject: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = outbox::Entity::update_many()
        .col_expr(outbox::Column::State, Expr::value(MailState::Sent.key()))
        .col_expr(outbox::Column::Recipient, Expr::value(recipient))
        .col_expr(outbox::Column::Subject, Expr::value(subject))
        .col_expr(outbox::Column::SentAt, Expr::value(time::micros(now)))
        .col_expr(outbox::Column::Error, Expr::value(Option::<String>::None))
        .col_expr(outbox::Column::Problem, Expr::value(Option::<String>::None))
        .filter(of_claim(claimed))
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Puts a mail back until `due`, or gives it up when `due` is `None`. Gives back whether the claim still held.
pub async fn set_failed(
    tx: &Tx,
    claimed: &Claimed,
    problem: MailProblem,
    error: &str,
    due: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let state = if due.is_some() { MailState::Queued } else { MailState::Dead };
    let update = outbox::Entity::update_many()
        .col_expr(outbox::Column::State, Expr::value(state.key()))
        .col_expr(outbox::Column::Problem, Expr::value(problem.key()))
        .col_expr(outbox::Column::Error, Expr::value(error));
    let update = match due {
        Some(due) => update.col_expr(outbox::Column::DueAt, Expr::value(time::micros(due))),
        None => update,
    };
    let done = update.filter(of_claim(claimed)).exec(tx.connection()).await?;
    Ok(done.rows_affected == 1)
}

/// Drops a mail for good and returns whether the claim still held. Its key is free again, so that a recipient who comes back
/// can be told anew.
pub async fn set_dropped(tx: &Tx, claimed: &Claimed, problem: MailProblem, now: Timestamp) -> Result<bool, StoreError> {
    let sql = drop_rows(tx, problem, &claimed.id.to_string(), now)
        .text(" where state = 'sending' and id = ")
        .bind(claimed.id.uuid())
        .text(" and attempts = ")
        .bind(claimed.attempt.cast_signed());
    Ok(tx.connection().execute_raw(sql.build()).await?.rows_affected() == 1)
}

/// Begins a statement that drops rows; `mark` makes their old keys unique.
fn drop_rows(tx: &Tx, problem: MailProblem, mark: &str, now: Timestamp) -> Sql {
    Sql::new(tx.connection().get_database_backend(), "update outbox set state = 'dead', dropped_at = ")
        .bind(time::micros(now))
        .text(", problem = ")
        .bind(problem.key())
        .text(", error = null, idempotency_key = idempotency_key || ")
        .bind(format!(":dropped:{mark}"))
}

/// Puts mails that were given up back into the queue, one or all of them, and returns how many. Dropped mails stay
/// dropped.
pub async fn requeue(tx: &Tx, _granted: &Granted, id: Option<OutboxId>, now: Timestamp) -> Result<u64, StoreError> {
    let update = outbox::Entity::update_many()
        .col_expr(outbox::Column::State, Expr::value(MailState::Queued.key()))
        .col_expr(outbox::Column::Attempts, Expr::value(0))
        .col_expr(outbox::Column::DueAt, Expr::value(time::micros(now)))
        .filter(outbox::Column::State.eq(MailState::Dead.key()))
        .filter(outbox::Column::DroppedAt.is_null());
    let update = match id {
        Some(id) => update.filter(outbox::Column::Id.eq(id.uuid())),
        None => update,
    };
    Ok(update.exec(tx.connection()).await?.rows_affected)
}

/// One sending of an announcement to a programme (D3).
pub struct NewMailing {
    pub id: MailingId,
    pub announcement: AnnouncementId,
    pub programme: ProgrammeId,
    pub by: PersonId,
    pub leaves_at: Timestamp,
    pub recipients: u64,
    pub now: Timestamp,
}

pub async fn insert_mailing(tx: &Tx, _granted: &Granted, new: NewMailing) -> Result<(), StoreError> {
    let sql = Sql::new(
        tx.connection().get_database_backend(),
        "insert into mailings (id, announcement_id, programme_id, created_by, created_at, leaves_at, recipients) values (",
    )
    .bind(new.id.uuid())
    .text(", ")
    .bind(new.announcement.uuid())
    .text(", ")
    .bind(new.programme.uuid())
    .text(", ")
    .bind(new.by.uuid())
    .text(", ")
    .bind(time::micros(new.now))
    .text(", ")
    .bind(time::micros(new.leaves_at))
    .text(", ")
    .bind(i64::try_from(new.recipients).unwrap_or(i64::MAX))
    .text(")");
    tx.connection().execute_raw(sql.build()).await?;
    Ok(())
}

/// Stops the queued mails of a sending and returns its announcement and how many mails will not leave; their keys are free
/// again. `None` when there is no such sending.
pub async fn stop_mailing(
    tx: &Tx,
    _granted: &Granted,
    id: MailingId,
    by: PersonId,
    now: Timestamp,
) -> Result<Option<(AnnouncementId, u64)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        announcement_id: Uuid,
    }
    let backend = tx.connection().get_database_backend();
    let sql = Sql::new(backend, "select announcement_id from mailings where id = ").bind(id.uuid());
    let Some(row) = Row::find_by_statement(sql.build()).one(tx.connection()).await? else { return Ok(None) };
    let sql = drop_rows(tx, MailProblem::Stopped, &id.to_string(), now)
        .text(" where state = 'queued' and mailing_id = ")
        .bind(id.uuid());
    let stopped = tx.connection().execute_raw(sql.build()).await?.rows_affected();
    let sql = Sql::new(backend, "update mailings set stopped_by = ")
        .bind(by.uuid())
        .text(", stopped_at = ")
        .bind(time::micros(now))
        .text(" where id = ")
        .bind(id.uuid());
    tx.connection().execute_raw(sql.build()).await?;
    Ok(Some((row.announcement_id.into(), stopped)))
}

/// Whether a sending was stopped. A mail of it that was under way at that moment, and was put back since, is not to leave.
pub async fn is_stopped(db: &impl Reads, id: MailingId) -> Result<bool, StoreError> {
    let sql = "select 1 from mailings where stopped_at is not null and id = ";
    let sql = Sql::new(db.connection().get_database_backend(), sql).bind(id.uuid());
    Ok(db.connection().query_one_raw(sql.build()).await?.is_some())
}

/// Returns the sendings of an announcement that still have waiting mails.
pub async fn list_under_way(
    db: &impl Reads,
    _granted: &Granted,
    announcement: AnnouncementId,
) -> Result<Vec<MailBatch>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        programme_id: Uuid,
        leaves_at: i64,
        queued: i64,
        sent: i64,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select m.id, m.programme_id, m.leaves_at, \
         sum(case when o.state in ('queued', 'sending') then 1 else 0 end) as queued, \
         sum(case when o.state = 'sent' then 1 else 0 end) as sent \
         from mailings m join outbox o on o.mailing_id = m.id where m.announcement_id = ",
    )
    .bind(announcement.uuid())
    .text(
        " group by m.id, m.programme_id, m.leaves_at, m.created_at \
         having sum(case when o.state in ('queued', 'sending') then 1 else 0 end) > 0 order by m.created_at, m.id",
    );
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    rows.into_iter()
        .map(|row| {
            Ok(MailBatch {
                id: row.id.into(),
                programme: row.programme_id.into(),
                leaves_at: time::timestamp(row.leaves_at)?,
                queued: row.queued.unsigned_abs(),
                sent: row.sent.unsigned_abs(),
            })
        })
        .collect()
}

/// Returns how many mails are in each state.
pub async fn count(db: &Db) -> Result<Vec<(MailState, u64)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        shown: String,
        number: i64,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select case when dropped_at is null then state else 'dropped' end as shown, count(*) as number \
         from outbox group by 1",
    );
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().filter_map(|row| Some((MailState::parse(&row.shown)?, row.number.unsigned_abs()))).collect())
}

const LIST: List = List {
    columns: "select b.id, b.kind, b.recipient, b.person_id, b.organisation_id, o.name as organisation, b.subject, b.state, \
              b.attempts, b.created_at, b.due_at, b.sent_at, b.problem, b.dropped_at, b.error",
    key: "b.created_at",
    kind: Kind::Number,
    id: "b.id",
    descending: true,
    most: 10_000,
};

/// Counts the mails that failed and wait for another try, and returns the error of one of them.
pub async fn count_stuck(db: &Db) -> Result<(u64, Option<String>), StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        number: i64,
        error: Option<String>,
    }
    let sql = Sql::new(
        db.connection().get_database_backend(),
        "select count(*) as number, max(error) as error from outbox where attempts > 0 and state in ('queued', 'sending')",
    );
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok((row.number.unsigned_abs(), row.error))
}

/// Returns one page of mails, newest first, without kinds that only a newer version knows.
pub async fn list(
    db: &Db,
    _granted: &Granted,
    state: Option<MailState>,
    after: &str,
) -> Result<Page<MailRow>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        kind: String,
        recipient: String,
        person_id: Option<Uuid>,
        organisation_id: Option<Uuid>,
        organisation: Option<String>,
        subject: String,
        state: String,
        attempts: i32,
        created_at: i64,
        due_at: i64,
        sent_at: Option<i64>,
        problem: Option<String>,
        dropped_at: Option<i64>,
        error: Option<String>,
    }
    let scope = |sql: Sql| {
        let sql = sql
            .text(" from outbox b left join organisations o on o.id = b.organisation_id where b.kind in ")
            .bind_all(MailKind::ALL.iter().map(|kind| kind.key()));
        match state {
            None => sql,
            Some(MailState::Dropped) => sql.text(" and b.dropped_at is not null"),
            Some(state) => sql.text(" and b.dropped_at is null and b.state = ").bind(state.key()),
        }
    };
    let page = LIST.page(db, after, scope, |row: &Row| Key::Number(row.created_at, row.id)).await?;
    page.try_map(|row| {
        let state = MailState::parse(&row.state).ok_or_else(|| StoreError::Corrupt(row.state.clone()))?;
        Ok(MailRow {
            id: row.id.into(),
            kind: MailKind::parse(&row.kind).ok_or_else(|| StoreError::Corrupt(row.kind.clone()))?,
            recipient: in_letters(&row.recipient),
            person: row.person_id.map(Into::into),
            company: row.organisation_id.map(Into::into).zip(row.organisation),
            subject: row.subject,
            state: if row.dropped_at.is_some() { MailState::Dropped } else { state },
            attempts: row.attempts.unsigned_abs(),
            created_at: time::timestamp(row.created_at)?,
            due_at: time::timestamp(row.due_at)?,
            sent_at: row.sent_at.map(time::timestamp).transpose()?,
            problem: row.problem.as_deref().and_then(MailProblem::parse),
            error: row.error,
        })
    })
}
