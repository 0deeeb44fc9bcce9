//! The outbox: mails are rows in the transaction of the change they tell of, one per recipient, and leave after it.

use domain::{
    CaseId, OutboxId, PersonId,
    access::Granted,
    locale::Locale,
    mail::{MailKind, MailRow, MailState},
    page::{PAGE_SIZE, Page},
};
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{Db, Reads, StoreError, Tx, entity::outbox, sql::Sql, time};

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
    pub now: Timestamp,
}

/// Queues a mail; a second one with the same key is dropped.
pub async fn insert(tx: &Tx, new: NewMail) -> Result<(), StoreError> {
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
        due_at: Set(time::micros(new.now)),
        lease_until: Set(None),
        subject: Set(String::new()),
        error: Set(None),
        created_at: Set(time::micros(new.now)),
        sent_at: Set(None),
    };
    outbox::Entity::insert(row)
        .on_conflict(OnConflict::column(outbox::Column::IdempotencyKey).do_nothing().to_owned())
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// A mail to be sent now by whoever claimed it.
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
    pub locale: Locale,
    pub params: serde_json::Value,
}

#[derive(FromQueryResult)]
struct ClaimedRow {
    id: Uuid,
    kind: String,
    recipient: String,
    locale: String,
    params: String,
    attempts: i32,
}

/// Claims one due mail until `lease_until`; one whose lease ran out counts as due again.
///
/// SQLite has no `skip locked` and needs none: it has one writer.
pub async fn claim(tx: &Tx, now: Timestamp, lease_until: Timestamp) -> Result<Option<Claimed>, StoreError> {
    let backend = tx.connection().get_database_backend();
    let at = time::micros(now);
    let sql = Sql::new(backend, "update outbox set state = 'sending', attempts = attempts + 1, lease_until = ")
        .bind(time::micros(lease_until))
        .text(" where id = (select id from outbox where (state = 'queued' and due_at <= ")
        .bind(at)
        .text(") or (state = 'sending' and lease_until <= ")
        .bind(at)
        .text(") order by due_at, id limit 1");
    let sql = if backend == DbBackend::Postgres { sql.text(" for update skip locked") } else { sql };
    let sql = sql.text(") returning id, kind, recipient, locale, params, attempts");
    let row = ClaimedRow::find_by_statement(sql.build()).one(tx.connection()).await?;
    Ok(row.map(|row| Claimed {
        id: row.id.into(),
        attempt: row.attempts.unsigned_abs(),
        mail: MailKind::parse(&row.kind).zip(serde_json::from_str(&row.params).ok()).map(|(kind, params)| {
            ClaimedMail {
                kind,
                recipient: row.recipient,
                locale: Locale::parse(&row.locale).unwrap_or_default(),
                params,
            }
        }),
    }))
}

/// The row of a claim, as long as nobody else has claimed it since.
fn of_claim(claimed: &Claimed) -> Condition {
    Condition::all()
        .add(outbox::Column::Id.eq(claimed.id.uuid()))
        .add(outbox::Column::State.eq(MailState::Sending.key()))
        .add(outbox::Column::Attempts.eq(claimed.attempt.cast_signed()))
}

/// Gives back whether the claim still held.
pub async fn set_sent(tx: &Tx, claimed: &Claimed, subject: &str, now: Timestamp) -> Result<bool, StoreError> {
    let done = outbox::Entity::update_many()
        .col_expr(outbox::Column::State, Expr::value(MailState::Sent.key()))
        .col_expr(outbox::Column::Subject, Expr::value(subject))
        .col_expr(outbox::Column::SentAt, Expr::value(time::micros(now)))
        .col_expr(outbox::Column::Error, Expr::value(Option::<String>::None))
        .filter(of_claim(claimed))
        .exec(tx.connection())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Puts a mail back until `due`, or gives it up when `due` is `None`. Gives back whether the claim still held.
pub async fn set_failed(tx: &Tx, claimed: &Claimed, error: &str, due: Option<Timestamp>) -> Result<bool, StoreError> {
    let state = if due.is_some() { MailState::Queued } else { MailState::Dead };
    let update = outbox::Entity::update_many()
        .col_expr(outbox::Column::State, Expr::value(state.key()))
        .col_expr(outbox::Column::Error, Expr::value(error));
    let update = match due {
        Some(due) => update.col_expr(outbox::Column::DueAt, Expr::value(time::micros(due))),
        None => update,
    };
    let done = update.filter(of_claim(claimed)).exec(tx.connection()).await?;
    Ok(done.rows_affected == 1)
}

/// Puts mails that were given up back into the queue, one or all of them; gives back how many.
pub async fn requeue(tx: &Tx, _granted: &Granted, id: Option<OutboxId>, now: Timestamp) -> Result<u64, StoreError> {
    let update = outbox::Entity::update_many()
        .col_expr(outbox::Column::State, Expr::value(MailState::Queued.key()))
        .col_expr(outbox::Column::Attempts, Expr::value(0))
        .col_expr(outbox::Column::DueAt, Expr::value(time::micros(now)))
        .filter(outbox::Column::State.eq(MailState::Dead.key()));
    let update = match id {
        Some(id) => update.filter(outbox::Column::Id.eq(id.uuid())),
        None => update,
    };
    Ok(update.exec(tx.connection()).await?.rows_affected)
}

/// How many mails are in each state: queued, sending, sent, dead.
pub async fn count(db: &Db) -> Result<Vec<(MailState, u64)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        state: String,
        number: i64,
    }
    let sql =
        Sql::new(db.connection().get_database_backend(), "select state, count(*) as number from outbox group by state");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows.into_iter().filter_map(|row| Some((MailState::parse(&row.state)?, row.number.unsigned_abs()))).collect())
}

/// One page of mails, newest first.
pub async fn list(
    db: &Db,
    _granted: &Granted,
    state: Option<MailState>,
    after: &str,
) -> Result<Page<MailRow>, StoreError> {
    let mut sql = Sql::new(db.connection().get_database_backend(), "select * from outbox where 1 = 1");
    if let Some(state) = state {
        sql = sql.text(" and state = ").bind(state.key());
    }
    if let Some((at, id)) =
        after.split_once('.').and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id.parse::<Uuid>().ok()?)))
    {
        sql = sql.text(" and (created_at, id) < (").bind(at).text(", ").bind(id).text(")");
    }
    let sql = sql.text(" order by created_at desc, id desc limit ").bind(PAGE_SIZE as i64 + 1);
    let rows = outbox::Model::find_by_statement(sql.build()).all(db.connection()).await?;
    let rows = rows
        .into_iter()
        .map(|row| {
            Ok(MailRow {
                id: row.id.into(),
                kind: MailKind::parse(&row.kind).ok_or_else(|| StoreError::Corrupt(row.kind.clone()))?,
                recipient: row.recipient,
                subject: row.subject,
                state: MailState::parse(&row.state).ok_or_else(|| StoreError::Corrupt(row.state.clone()))?,
                attempts: row.attempts.unsigned_abs(),
                created_at: time::timestamp(row.created_at)?,
                sent_at: row.sent_at.map(time::timestamp).transpose()?,
                error: row.error,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Page::cut(rows, PAGE_SIZE as usize, |row| format!("{}.{}", time::micros(row.created_at), row.id)))
}
