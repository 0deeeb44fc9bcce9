//! Writing into a case: replies that everybody on it reads, notes that customers never see.

use domain::{
    CaseId, Failure, FieldError, FileId, PersonId,
    access::{Permission, Place},
    audit::Verb,
    cases::{EntryKind, Side, StatusAct, next_status},
    files::MAX_FILES,
    mail::MailKind,
    text::EntryText,
};
use serde_json::json;
use store::cases::{CaseHead, NewEntry};

use crate::{Change, Context, OrFail, change::Mail};

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

/// # Errors
/// [`Failure::NotFound`] out of sight, [`Failure::Forbidden`] when writing is not open, a conflict on a closed case.
pub async fn reply(
    context: &Context,
    case: CaseId,
    text: &str,
    files: &[FileId],
    reply: Reply,
    key: &str,
) -> Result<(), Failure> {
    let visibility = context.visibility();
    let head = store::cases::find(&context.services.db, &visibility, case).await.or_fail("finding a case")?;
    let gate =
        store::rollout::find_gate(&context.services.db, head.facts.organisation).await.or_fail("finding a gate")?;
    let place = Place::product(head.facts.organisation, head.facts.product, gate);
    let granted = context.authorize(Permission::CaseReply, &place).await?;
    let body = EntryText::parse(text).map_err(|error| Failure::field("text", error))?;
    if files.len() > MAX_FILES {
        return Err(Failure::field("files", FieldError::TooMany { max: MAX_FILES as u32 }));
    }
    context.limit_writing()?;

    let vendor = context.actor.is_vendor();
    let act = match (vendor, reply) {
        (false, _) => StatusAct::CustomerWrites,
        (true, Reply::Answer) => StatusAct::VendorWrites,
        (true, Reply::Ask) => StatusAct::Ask,
        (true, Reply::Propose) => StatusAct::Propose,
    };
    let mut change = Change::begin(context).await?;
    if !key.is_empty() {
        let before =
            store::cases::find_submission(&change.tx, context.actor.person, key).await.or_fail("finding a form")?;
        if before.is_some() {
            return Ok(());
        }
    }
    // Read again inside the transaction: somebody may have closed it meanwhile.
    let head = store::cases::find(&change.tx, &visibility, case).await.or_fail("finding a case")?;
    let status = next_status(head.status, act)?;
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
    store::cases::insert_entry(&change.tx, &granted, new).await.or_fail("writing an entry")?;
    if !files.is_empty() {
        store::files::attach(&change.tx, &granted, files, case, entry).await.or_fail("attaching files")?;
    }
    if status != head.status {
        store::cases::update_status(&change.tx, &granted, case, status, None, change.now)
            .await
            .or_fail("setting a status")?;
    }
    if vendor && head.agent.is_none() {
        let agent = context.actor.person;
        store::cases::update_agent(&change.tx, &granted, case, agent, change.now).await.or_fail("setting an agent")?;
    }
    if !key.is_empty() {
        let noted = store::cases::insert_submission(&change.tx, context.actor.person, key, entry.uuid(), change.now);
        noted.await.or_fail("noting a form")?;
    }
    let detail = json!({ "entry": entry, "status": { "before": head.status, "after": status } });
    change.case_event(Verb::CaseReplied, head.facts.organisation, case, false, detail);
    tell_requestor(
        context,
        &mut change,
        &head,
        MailKind::CaseReplied,
        &entry.to_string(),
        json!({ "text": body.as_str(), "author": context.actor.name }),
    )
    .await?;
    change.commit().await
}

/// Tells the requestor what happened to the case, unless they did it themselves.
pub(crate) async fn tell_requestor(
    context: &Context,
    change: &mut Change,
    head: &CaseHead,
    kind: MailKind,
    key: &str,
    more: serde_json::Value,
) -> Result<(), Failure> {
    match head.facts.requestor.filter(|person| *person != context.actor.person) {
        Some(requestor) => tell(change, head, requestor, kind, key, more).await,
        None => Ok(()),
    }
}

/// Tells a member of the company what happened to the case.
pub(crate) async fn tell(
    change: &mut Change,
    head: &CaseHead,
    reader: PersonId,
    kind: MailKind,
    key: &str,
    more: serde_json::Value,
) -> Result<(), Failure> {
    let membership = store::people::find_membership(&change.tx, reader, head.facts.organisation)
        .await
        .or_fail("finding a member")?;
    // Former colleagues get no more mail (K9).
    if membership.is_none_or(|found| found.state == domain::people::MembershipState::Removed) {
        return Ok(());
    }
    let person = store::people::find(&change.tx, reader).await.or_fail("finding the reader")?;
    let mut params = json!({ "name": person.name, "number": head.number, "title": head.title, "case": head.id });
    if let (serde_json::Value::Object(params), serde_json::Value::Object(more)) = (&mut params, more) {
        params.extend(more);
    }
    change
        .mail(Mail {
            kind,
            key: key.to_owned(),
            person: Some(person.id),
            recipient: &person.email,
            locale: person.locale,
            params,
            case: Some(head.id),
        })
        .await
}

/// Writes a note that only the desk reads.
///
/// # Errors
/// As [`reply`].
pub async fn note(context: &Context, case: CaseId, text: &str) -> Result<(), Failure> {
    let head = store::cases::find(&context.services.db, &context.visibility(), case).await.or_fail("finding a case")?;
    let granted = context.authorize(Permission::CaseNote, &Place::vendor()).await?;
    let body = EntryText::parse(text).map_err(|error| Failure::field("text", error))?;
    context.limit_writing()?;
    let mut change = Change::begin(context).await?;
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
