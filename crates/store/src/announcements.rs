//! Announcements and their texts. A text is never changed: publishing again adds a version, the one before is kept (F1).

use domain::{
    AnnouncementId, AnnouncementTextId, MailingId, PersonId, ProgrammeId,
    access::Granted,
    announcements::{AnnouncementRow, AnnouncementView, Mailing, TranslationStatus, VersionRow},
    locale::Locale,
    mail::MailKind,
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    Reads, StoreError, Tx,
    entity::{announcement_texts, announcements},
    people::PersonFacts,
    sql::Sql,
    time,
};

/// An announcement without its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    pub id: AnnouncementId,
    pub sequence: i64,
}

pub async fn find_by_slug(db: &impl Reads, slug: &str) -> Result<Option<Announcement>, StoreError> {
    let row = announcements::Entity::find().filter(announcements::Column::Slug.eq(slug)).one(db.connection()).await?;
    Ok(row.map(|row| Announcement { id: row.id.into(), sequence: row.sequence }))
}

/// Adds an announcement at the end of the sequence (F2) and gives back its number. No number is left out: the counter
/// is part of the transaction.
pub async fn insert(
    tx: &Tx,
    _granted: &Granted,
    id: AnnouncementId,
    slug: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    // No case prefix begins like this, so no other counter has this name.
    let sequence = crate::cases::take_numbers(tx, "#announcement", 1).await?;
    announcements::ActiveModel {
        id: Set(id.into()),
        slug: Set(slug.to_owned()),
        sequence: Set(sequence),
        superseded_by: Set(None),
        created_at: Set(time::micros(now)),
    }
    .insert(tx.connection())
    .await?;
    Ok(sequence)
}

pub struct NewText<'a> {
    pub id: AnnouncementTextId,
    pub announcement: AnnouncementId,
    pub locale: Locale,
    pub version: i64,
    pub title: &'a str,
    pub description: &'a str,
    /// The file as it was published, front matter and all.
    pub source: &'a str,
    pub html: &'a str,
    pub unlisted: bool,
    pub source_version: Option<&'a str>,
    pub translation: TranslationStatus,
    pub translated_percent: Option<u8>,
    pub now: Timestamp,
}

pub async fn insert_text(tx: &Tx, _granted: &Granted, new: NewText<'_>) -> Result<(), StoreError> {
    announcement_texts::ActiveModel {
        id: Set(new.id.into()),
        announcement_id: Set(new.announcement.into()),
        locale: Set(new.locale.key().to_owned()),
        version: Set(new.version),
        title: Set(new.title.to_owned()),
        description: Set(new.description.to_owned()),
        markdown: Set(new.source.to_owned()),
        html: Set(new.html.to_owned()),
        unlisted: Set(new.unlisted),
        source_version: Set(new.source_version.map(ToOwned::to_owned)),
        translation: Set(Some(new.translation.key().to_owned())),
        translated_percent: Set(new.translated_percent.map(i32::from)),
        published_at: Set(time::micros(new.now)),
        superseded_at: Set(None),
    }
    .insert(tx.connection())
    .await?;
    Ok(())
}

/// Marks the present text of an announcement as superseded: in one language, or in all.
pub async fn supersede(
    tx: &Tx,
    _granted: &Granted,
    announcement: AnnouncementId,
    locale: Option<Locale>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let update = announcement_texts::Entity::update_many()
        .col_expr(announcement_texts::Column::SupersededAt, Expr::value(time::micros(now)))
        .filter(announcement_texts::Column::AnnouncementId.eq(announcement.uuid()))
        .filter(announcement_texts::Column::SupersededAt.is_null());
    let update = match locale {
        Some(locale) => update.filter(announcement_texts::Column::Locale.eq(locale.key())),
        None => update,
    };
    update.exec(tx.connection()).await?;
    Ok(())
}

/// Notes which announcement took the place of another; `None`: it stands again.
pub async fn set_successor(
    tx: &Tx,
    _granted: &Granted,
    announcement: AnnouncementId,
    successor: Option<AnnouncementId>,
) -> Result<(), StoreError> {
    announcements::Entity::update_many()
        .col_expr(announcements::Column::SupersededBy, Expr::value(successor.map(Uuid::from)))
        .filter(announcements::Column::Id.eq(announcement.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// The newest text of an announcement in a language, superseded or not, as publishing needs it.
#[derive(Clone, Debug)]
pub struct LatestText {
    pub version: i64,
    pub title: String,
    pub source: String,
    pub unlisted: bool,
    pub superseded: bool,
}

pub async fn find_latest(
    db: &impl Reads,
    announcement: AnnouncementId,
    locale: Locale,
) -> Result<Option<LatestText>, StoreError> {
    let row = announcement_texts::Entity::find()
        .filter(announcement_texts::Column::AnnouncementId.eq(announcement.uuid()))
        .filter(announcement_texts::Column::Locale.eq(locale.key()))
        .order_by_desc(announcement_texts::Column::Version)
        .one(db.connection())
        .await?;
    Ok(row.map(|row| LatestText {
        version: row.version,
        title: row.title,
        source: row.markdown,
        unlisted: row.unlisted,
        superseded: row.superseded_at.is_some(),
    }))
}

#[derive(FromQueryResult)]
struct RowColumns {
    announcement_id: Uuid,
    slug: String,
    sequence: i64,
    version: i64,
    title: String,
    description: String,
    locale: String,
    published_at: i64,
    superseded_at: Option<i64>,
}

const ROW_COLUMNS: &str = "select t.announcement_id, a.slug, a.sequence, t.version, t.title, t.description, t.locale, \
     t.published_at, t.superseded_at from announcement_texts t join announcements a on a.id = t.announcement_id where ";

fn announcement_row(row: RowColumns) -> Result<AnnouncementRow, StoreError> {
    Ok(AnnouncementRow {
        id: row.announcement_id.into(),
        slug: row.slug,
        sequence: row.sequence,
        version: row.version,
        title: row.title,
        description: row.description,
        locale: locale(&row.locale)?,
        published_at: time::timestamp(row.published_at)?,
        superseded: row.superseded_at.is_some(),
    })
}

fn locale(key: &str) -> Result<Locale, StoreError> {
    Locale::parse(key).ok_or_else(|| StoreError::Corrupt(format!("language {key}")))
}

/// Returns the current announcements, the newest of the sequence first, in every language they have; unlisted ones are
/// left out (F3).
pub async fn list_current(db: &impl Reads) -> Result<Vec<AnnouncementRow>, StoreError> {
    let sql = Sql::new(db.connection().get_database_backend(), ROW_COLUMNS)
        .text("t.superseded_at is null and t.unlisted = ")
        .bind(false)
        .text(" order by a.sequence desc, t.locale");
    let rows = RowColumns::find_by_statement(sql.build()).all(db.connection()).await?;
    rows.into_iter().map(announcement_row).collect()
}

/// F1: superseded announcements, newest first. Unlisted ones are left out, and with them the versions before an unlisted
/// one: hiding an announcement hides what it said before.
pub async fn list_superseded(db: &impl Reads) -> Result<Vec<AnnouncementRow>, StoreError> {
    let sql = Sql::new(db.connection().get_database_backend(), ROW_COLUMNS)
        .text("t.superseded_at is not null and t.unlisted = ")
        .bind(false)
        .text(
            " and not exists (select 1 from announcement_texts n where n.announcement_id = t.announcement_id \
             and n.locale = t.locale and n.unlisted = ",
        )
        .bind(true)
        .text(
            " and n.version = (select max(l.version) from announcement_texts l \
             where l.announcement_id = t.announcement_id and l.locale = t.locale))",
        )
        .text(" order by t.superseded_at desc, a.sequence desc, t.version desc");
    let rows = RowColumns::find_by_statement(sql.build()).all(db.connection()).await?;
    rows.into_iter().map(announcement_row).collect()
}

/// Returns an announcement in one language, with the file it was made of: a given version, or the newest. `None` when
/// it has no such text.
pub async fn find_view(
    db: &impl Reads,
    slug: &str,
    wanted: Locale,
    version: Option<i64>,
) -> Result<Option<(AnnouncementView, String)>, StoreError> {
    let Some(announcement) =
        announcements::Entity::find().filter(announcements::Column::Slug.eq(slug)).one(db.connection()).await?
    else {
        return Ok(None);
    };
    let texts = announcement_texts::Entity::find()
        .filter(announcement_texts::Column::AnnouncementId.eq(announcement.id))
        .order_by_desc(announcement_texts::Column::Version)
        .all(db.connection())
        .await?;
    let versions = texts
        .iter()
        .filter(|text| text.locale == wanted.key())
        .map(|text| {
            Ok(VersionRow {
                version: text.version,
                published_at: time::timestamp(text.published_at)?,
                superseded: text.superseded_at.is_some(),
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    let languages: Vec<Locale> =
        Locale::ALL.into_iter().filter(|locale| texts.iter().any(|text| text.locale == locale.key())).collect();
    let found = texts
        .into_iter()
        .find(|text| text.locale == wanted.key() && version.is_none_or(|version| version == text.version));
    let Some(text) = found else { return Ok(None) };
    let successor = match announcement.superseded_by {
        None => None,
        Some(id) => announcements::Entity::find_by_id(id).one(db.connection()).await?.map(|successor| successor.slug),
    };
    let source = text.markdown;
    let view = AnnouncementView {
        row: AnnouncementRow {
            id: announcement.id.into(),
            slug: announcement.slug,
            sequence: announcement.sequence,
            version: text.version,
            title: text.title,
            description: text.description,
            locale: wanted,
            published_at: time::timestamp(text.published_at)?,
            superseded: text.superseded_at.is_some(),
        },
        html: text.html,
        unlisted: text.unlisted,
        source_version: text.source_version,
        translation: text
            .translation
            .as_deref()
            .and_then(TranslationStatus::parse)
            .unwrap_or(TranslationStatus::Source),
        translated_percent: text.translated_percent.and_then(|percent| u8::try_from(percent).ok()),
        languages,
        versions,
        successor,
        remarks: Vec::new(),
    };
    Ok(Some((view, source)))
}

/// What a mail says: the same text as the page (R34).
#[derive(Clone, Debug)]
pub struct MailText {
    pub id: AnnouncementTextId,
    pub slug: String,
    pub locale: Locale,
    pub title: String,
    /// The file as it was published, front matter and all.
    pub source: String,
}

#[derive(FromQueryResult)]
struct MailTextRow {
    id: Uuid,
    slug: String,
    locale: String,
    title: String,
    markdown: String,
}

const MAIL_TEXT: &str = "select t.id, a.slug, t.locale, t.title, t.markdown from announcement_texts t \
     join announcements a on a.id = t.announcement_id where ";

fn mail_text(row: MailTextRow) -> Result<MailText, StoreError> {
    Ok(MailText {
        id: row.id.into(),
        slug: row.slug,
        locale: locale(&row.locale)?,
        title: row.title,
        source: row.markdown,
    })
}

/// Returns the present texts of an announcement, one a language.
pub async fn list_mail_texts(db: &impl Reads, announcement: AnnouncementId) -> Result<Vec<MailText>, StoreError> {
    let sql = Sql::new(db.connection().get_database_backend(), MAIL_TEXT)
        .text("t.superseded_at is null and t.announcement_id = ")
        .bind(announcement.uuid())
        .text(" order by t.locale");
    let rows = MailTextRow::find_by_statement(sql.build()).all(db.connection()).await?;
    rows.into_iter().map(mail_text).collect()
}

/// Returns the text that a queued mail was made for, superseded or not.
pub async fn find_mail_text(db: &impl Reads, id: AnnouncementTextId) -> Result<Option<MailText>, StoreError> {
    let sql = Sql::new(db.connection().get_database_backend(), MAIL_TEXT).text("t.id = ").bind(id.uuid());
    MailTextRow::find_by_statement(sql.build()).one(db.connection()).await?.map(mail_text).transpose()
}

/// Returns the people an announcement is for, invited and active ones of the companies of a programme, beside the mails
/// of it that each has; people who have not been told of the portal yet are not among them (K20). Dropped mails do not
/// count.
fn recipients(db: &impl Reads, columns: &'static str, programme: ProgrammeId, announcement: AnnouncementId) -> Sql {
    let backend = db.connection().get_database_backend();
    // The order of letters by their numbers, which is SQLite's own and, on PostgreSQL, that of the index for this.
    let key = if backend == DbBackend::Postgres { "idempotency_key collate \"C\"" } else { "idempotency_key" };
    let prefix = format!("{}:{announcement}", MailKind::Announcement.key());
    Sql::new(backend, columns)
        .text(
            " from people p left join (select person_id, max(case state when 'sent' then 3 when 'dead' then 1 else 2 end) \
             as reached from outbox where kind = 'announcement' and dropped_at is null and ",
        )
        .text(key)
        .text(" >= ")
        .bind(format!("{prefix}:"))
        .text(" and ")
        .text(key)
        .text(" < ")
        // What comes after the colon.
        .bind(format!("{prefix};"))
        .text(
            " group by person_id) r on r.person_id = p.id where exists (select 1 from memberships m \
             join enrolments e on e.organisation_id = m.organisation_id where m.person_id = p.id \
             and m.state in ('invited', 'active') and e.programme_id = ",
        )
        .bind(programme.uuid())
        .text(")")
}

/// Returns the recipients for whom the mail of an announcement has not been queued yet, each once.
pub async fn list_new_recipients(
    db: &impl Reads,
    _granted: &Granted,
    programme: ProgrammeId,
    announcement: AnnouncementId,
) -> Result<Vec<PersonFacts>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
        email: String,
        phone: Option<String>,
        locale: String,
    }
    let sql = recipients(db, "select p.id, p.name, p.sort_key, p.email, p.phone, p.locale", programme, announcement)
        .text(" and r.reached is null order by p.sort_key, p.id");
    let rows = Row::find_by_statement(sql.build()).all(db.connection()).await?;
    Ok(rows
        .into_iter()
        .map(|row| PersonFacts {
            id: row.id.into(),
            name: row.name,
            email: row.email,
            phone: row.phone,
            locale: Locale::parse(&row.locale).unwrap_or_default(),
        })
        .collect())
}

/// Returns how many an announcement is for, and how far its mails have come.
pub async fn count_recipients(
    db: &impl Reads,
    _granted: &Granted,
    programme: ProgrammeId,
    announcement: AnnouncementId,
) -> Result<Mailing, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        recipients: i64,
        sent: i64,
        waiting: i64,
        failed: i64,
    }
    let columns = "select count(*) as recipients, coalesce(sum(case when r.reached = 3 then 1 else 0 end), 0) as sent, \
         coalesce(sum(case when r.reached = 2 then 1 else 0 end), 0) as waiting, \
         coalesce(sum(case when r.reached = 1 then 1 else 0 end), 0) as failed";
    let sql = recipients(db, columns, programme, announcement);
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?.ok_or(StoreError::NotFound)?;
    Ok(Mailing {
        recipients: row.recipients.unsigned_abs(),
        sent: row.sent.unsigned_abs(),
        waiting: row.waiting.unsigned_abs(),
        failed: row.failed.unsigned_abs(),
    })
}

/// Lets one transaction at a time send an announcement: what was shown to two people who confirm at the same moment is
/// sent once. SQLite has one writer anyway.
pub async fn lock(tx: &Tx, _granted: &Granted, id: AnnouncementId) -> Result<(), StoreError> {
    let backend = tx.connection().get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = Sql::new(backend, "select id from announcements where id = ").bind(id.uuid());
        tx.connection().query_one_raw(sql.text(" for no key update").build()).await?;
    }
    Ok(())
}

/// Whether a person is still a recipient of a mass mail: invited or active in a company of the programme it was sent to
/// (F5); without `mailing`, in any company.
pub async fn is_recipient(db: &impl Reads, person: PersonId, mailing: Option<MailingId>) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        number: i64,
    }
    let mut sql = Sql::new(
        db.connection().get_database_backend(),
        "select count(*) as number from memberships m where m.state in ('invited', 'active') and m.person_id = ",
    )
    .bind(person.uuid());
    if let Some(mailing) = mailing {
        sql = sql
            .text(
                " and exists (select 1 from enrolments e join mailings g on g.programme_id = e.programme_id \
                 where e.organisation_id = m.organisation_id and g.id = ",
            )
            .bind(mailing.uuid())
            .text(")");
    }
    let row = Row::find_by_statement(sql.build()).one(db.connection()).await?;
    Ok(row.is_some_and(|row| row.number > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;

    /// The mails of an announcement are not searched for among all mails that were ever sent.
    #[tokio::test]
    async fn the_mails_of_an_announcement_are_found_by_index() {
        #[derive(Debug, FromQueryResult)]
        struct Step {
            detail: String,
        }
        let directory = tempfile::tempdir().expect("a directory");
        let db = Db::open(&Db::sqlite_url(&directory.path().join("guichet.db"))).await.expect("a database");
        db.migrate().await.expect("migrated");
        let (programme, announcement) = (ProgrammeId::from(Uuid::nil()), AnnouncementId::from(Uuid::nil()));
        let sql = recipients(&db, "explain query plan select count(*)", programme, announcement);
        let steps = Step::find_by_statement(sql.build()).all(db.connection()).await.expect("a plan");
        assert!(steps.iter().any(|step| step.detail.starts_with("SEARCH outbox USING INDEX")), "{steps:?}");
    }
}
