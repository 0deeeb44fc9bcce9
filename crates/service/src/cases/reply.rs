//! Writing into a case: replies that both sides read, notes that customers never see.

use std::collections::HashSet;

use domain::{
    CaseId, Failure, FieldError, FileId, PersonId,
    access::{Granted, Permission, policy},
    audit::Verb,
    cases::{EntryKind, Side, StatusAct, next_status},
    files::MAX_FILES,
    mail::MailKind,
    text::EntryText,
};
use serde_json::json;
use store::cases::{CaseHead, NewEntry};

use super::status::{authorize, hold, reopen_in};
use crate::{Change, Context, OrFail, change::Mail, files as uploads};

/// What an agent wants the status to become with the reply; customers always [`Reply::Answer`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    #[default]
    Answer,
    /// Waits for the customer.
    Ask,
    /// Proposes a solution.
    Propose,
}

/// A reply that was read and allowed: all that needs no transaction.
struct Checked<'a> {
    granted: Granted,
    body: EntryText,
    files: &'a [FileId],
    act: StatusAct,
}

async fn check<'a>(
    context: &Context,
    case: CaseId,
    text: &str,
    files: &'a [FileId],
    reply: Reply,
) -> Result<Checked<'a>, Failure> {
    let granted = authorize(context, case, Permission::CaseReply).await?;
    let body = EntryText::parse(text).map_err(|error| Failure::field("text", error))?;
    if files.len() > MAX_FILES {
        return Err(Failure::field("files", FieldError::TooMany { max: MAX_FILES as u32 }));
    }
    // The side of the role that allowed it, whatever other roles the writer has (F7).
    let act = match (granted.is_by_vendor(), reply) {
        (false, _) => StatusAct::CustomerWrites,
        (true, Reply::Answer) => StatusAct::VendorWrites,
        (true, Reply::Ask) => StatusAct::Ask,
        (true, Reply::Propose) => StatusAct::Propose,
    };
    Ok(Checked { granted, body, files, act })
}

/// Writes into the stream of a case, where its customer reads it.
///
/// # Errors
/// [`Failure::NotFound`] out of sight, [`Failure::Forbidden`] when writing is not open, a conflict on a closed case.
pub async fn reply(context: &Context, case: CaseId, text: &str, files: &[FileId], reply: Reply) -> Result<(), Failure> {
    let checked = check(context, case, text, files, reply).await?;
    let mut change = Change::begin(context).await?;
    // Read again inside the transaction: the case may have been closed meanwhile.
    let head = hold(context, &change, case).await?;
    write(context, &mut change, &head, &checked).await?;
    change.commit().await
}

/// Opens a case that was closed while its reader wrote, and writes into it (T01); one that is open is only written into.
/// Both happen or neither.
///
/// # Errors
/// As [`reply`] and [`super::reopen`].
pub async fn reopen_and_reply(
    context: &Context,
    case: CaseId,
    text: &str,
    files: &[FileId],
    then: Reply,
) -> Result<(), Failure> {
    let checked = check(context, case, text, files, then).await?;
    let reopening = authorize(context, case, Permission::CaseClose).await;
    let mut change = Change::begin(context).await?;
    let mut head = hold(context, &change, case).await?;
    if !head.status.is_open() {
        reopen_in(context, &mut change, &reopening?, &head).await?;
        head = hold(context, &change, case).await?;
    }
    write(context, &mut change, &head, &checked).await?;
    change.commit().await
}

async fn write(
    context: &Context,
    change: &mut Change,
    head: &CaseHead,
    Checked { granted, body, files, act }: &Checked<'_>,
) -> Result<(), Failure> {
    let (case, vendor) = (head.id, granted.is_by_vendor());
    let status = next_status(head.status, *act)?;
    let entry = context.services.id();
    let new = NewEntry {
        id: entry,
        case,
        kind: EntryKind::Message,
        side: if vendor { Side::Vendor } else { Side::Customer },
        author: Some(context.actor.person),
        author_name: &context.actor.name,
        body: body.as_str(),
        now: change.now,
    };
    store::cases::insert_entry(&change.tx, granted, new).await.or_fail("writing an entry")?;
    uploads::attach(change, granted, files, case, entry).await?;
    if status != head.status {
        store::cases::update_status(&change.tx, granted, case, status, None, change.now)
            .await
            .or_fail("setting a status")?;
    }
    if vendor && head.agent.is_none() {
        let agent = context.actor.person;
        store::cases::update_agent(&change.tx, granted, case, agent, change.now).await.or_fail("setting an agent")?;
    }
    let detail = json!({ "entry": entry, "status": { "before": head.status, "after": status } });
    change.case_event(Verb::CaseReplied, head.facts.organisation, case, false, detail);
    let more = json!({ "text": body.as_str(), "author": context.actor.name });
    tell_followers(context, change, granted, head, MailKind::CaseReplied, &entry.to_string(), more).await
}

/// Tells the followers on the customer's side, the requestor and the authors of entries, what happened to a case; never the
/// person who did it.
pub(crate) async fn tell_followers(
    context: &Context,
    change: &mut Change,
    granted: &Granted,
    head: &CaseHead,
    kind: MailKind,
    key: &str,
    more: serde_json::Value,
) -> Result<(), Failure> {
    let authors = store::cases::list_customer_authors(&change.tx, granted, head.id).await.or_fail("listing authors")?;
    let followers: HashSet<PersonId> = authors.into_iter().chain(head.facts.requestor).collect();
    for follower in followers.into_iter().filter(|person| *person != context.actor.person) {
        tell(change, head, follower, kind, key, more.clone()).await?;
    }
    Ok(())
}

/// Tells one reader what happened to a case, if they see it now: former colleagues get no more mail (K9), and people who
/// cannot sign in yet get none about old cases (K20).
pub(crate) async fn tell(
    change: &mut Change,
    head: &CaseHead,
    reader: PersonId,
    kind: MailKind,
    key: &str,
    more: serde_json::Value,
) -> Result<(), Failure> {
    let found = store::people::find_actor(&change.tx, reader, change.now).await.or_fail("finding the reader")?;
    let Some(reader) = found.filter(|reader| policy::case_visibility(reader, change.now).sees(&head.facts)) else {
        return Ok(());
    };
    let mut params = json!({ "name": reader.name, "number": head.number, "title": head.title, "case": head.id });
    if let (serde_json::Value::Object(params), serde_json::Value::Object(more)) = (&mut params, more) {
        params.extend(more);
    }
    change
        .mail(Mail {
            kind,
            key: key.to_owned(),
            person: reader.person,
            recipient: &reader.email,
            locale: reader.locale,
            params,
            case: Some(head.id),
            organisation: Some(head.facts.organisation),
        })
        .await
        .map(|_| ())
}

/// Writes a note that only the desk reads.
///
/// # Errors
/// As [`reply`].
pub async fn note(context: &Context, case: CaseId, text: &str) -> Result<(), Failure> {
    let granted = authorize(context, case, Permission::CaseNote).await?;
    let body = EntryText::parse(text).map_err(|error| Failure::field("text", error))?;
    let mut change = Change::begin(context).await?;
    let head = hold(context, &change, case).await?;
    let entry = context.services.id();
    let new = NewEntry {
        id: entry,
        case,
        kind: EntryKind::Note,
        side: Side::Vendor,
        author: Some(context.actor.person),
        author_name: &context.actor.name,
        body: body.as_str(),
        now: change.now,
    };
    store::cases::insert_entry(&change.tx, &granted, new).await.or_fail("writing a note")?;
    change.case_event(Verb::CaseNoted, head.facts.organisation, case, true, json!({ "entry": entry }));
    change.commit().await
}
