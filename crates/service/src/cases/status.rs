//! Taking, closing and reopening a case.

use domain::{
    CaseId, Failure, FieldError,
    access::{Granted, Permission, Place},
    audit::Verb,
    cases::{CloseReason, EntryKind, Side, Status, StatusAct, check_reopen, next_status},
    mail::MailKind,
};
use serde_json::json;
use store::cases::{CaseHead, NewEntry};

use super::tell_followers;
use crate::{Change, Context, OrFail, chat};

/// How often the followers of a case hear that it was closed, in seconds.
const CLOSED_ONCE_IN: i64 = 6 * 3_600;

pub(super) async fn authorize(context: &Context, case: CaseId, permission: Permission) -> Result<Granted, Failure> {
    let head = store::cases::find(&context.services.db, &context.visibility(), case).await.or_fail("finding a case")?;
    let gate =
        store::rollout::find_gate(&context.services.db, head.facts.organisation).await.or_fail("finding a gate")?;
    context.authorize(permission, &Place::product(head.facts.organisation, head.facts.product, gate)).await
}

/// Writes the line that the stream shows for a change of state; its body is a code, shown in the reader's language.
async fn line(context: &Context, change: &Change, granted: &Granted, case: CaseId, code: &str) -> Result<(), Failure> {
    let new = NewEntry {
        id: context.services.id(),
        case,
        kind: EntryKind::Line,
        side: if granted.is_by_vendor() { Side::Vendor } else { Side::Customer },
        author: Some(context.actor.person),
        author_name: &context.actor.name,
        body: code,
        now: change.now,
    };
    store::cases::insert_entry(&change.tx, granted, new).await.or_fail("writing a line")
}

/// Assigns a case to the agent who takes it.
///
/// # Errors
/// [`Failure::NotFound`] out of sight, [`Failure::Forbidden`] for customers, a conflict on a closed case.
pub async fn assign_to_me(context: &Context, case: CaseId) -> Result<(), Failure> {
    let granted = authorize(context, case, Permission::CaseWork).await?;
    let mut change = Change::begin(context).await?;
    let head = hold(context, &change, case).await?;
    let status = next_status(head.status, StatusAct::Assign)?;
    let agent = context.actor.person;
    // Taking it again changes nothing: no line, no event.
    if head.agent == Some(agent) && status == head.status {
        return Ok(());
    }
    store::cases::update_agent(&change.tx, &granted, case, agent, change.now).await.or_fail("setting an agent")?;
    if status != head.status {
        store::cases::update_status(&change.tx, &granted, case, status, None, change.now)
            .await
            .or_fail("setting a status")?;
    }
    line(context, &change, &granted, case, "assigned").await?;
    let detail = json!({ "agent": { "before": head.agent, "after": agent } });
    change.case_event(Verb::CaseAssigned, head.facts.organisation, case, false, detail);
    change.commit().await
}

/// Reads a case as it stands, and keeps others from it until the change ends.
pub(super) async fn hold(context: &Context, change: &Change, case: CaseId) -> Result<CaseHead, Failure> {
    store::cases::find_for_update(&change.tx, &context.visibility(), case).await.or_fail("finding a case")
}

/// Closes a case and tells its followers.
///
/// # Errors
/// [`Failure::NotFound`] out of sight, a conflict when it is closed already, [`Failure::Invalid`] for a reason that is not
/// the actor's to give.
pub async fn close(context: &Context, case: CaseId, reason: CloseReason) -> Result<(), Failure> {
    let granted = authorize(context, case, Permission::CaseClose).await?;
    if !reason.may_be_given(granted.is_by_vendor()) {
        return Err(Failure::field("reason", FieldError::NotAChoice));
    }
    let mut change = Change::begin(context).await?;
    let head = hold(context, &change, case).await?;
    let status = next_status(head.status, StatusAct::Close)?;
    store::cases::update_status(&change.tx, &granted, case, status, Some(reason), change.now)
        .await
        .or_fail("closing a case")?;
    chat::end_with_case(context, &mut change, &granted, &head).await?;
    line(context, &change, &granted, case, "closed").await?;
    let detail = json!({ "before": head.status, "after": Status::Closed, "reason": reason });
    change.case_event(Verb::CaseClosed, head.facts.organisation, case, false, detail);
    // A case that is closed and opened again and again is announced once in a while, not each time (A5).
    let key = format!("{case}:{}", change.now.as_second() / CLOSED_ONCE_IN);
    tell_followers(context, &mut change, &granted, &head, MailKind::CaseClosed, &key, json!({})).await?;
    change.commit().await
}

/// Opens a closed case again, for a while after it was closed here.
///
/// # Errors
/// [`Failure::NotFound`] out of sight, a conflict when it is open, or closed for good.
pub async fn reopen(context: &Context, case: CaseId) -> Result<(), Failure> {
    let granted = authorize(context, case, Permission::CaseClose).await?;
    let mut change = Change::begin(context).await?;
    let head = hold(context, &change, case).await?;
    reopen_in(context, &mut change, &granted, &head).await?;
    change.commit().await
}

/// Opens a closed case again in the caller's transaction, which holds the case.
pub(super) async fn reopen_in(
    context: &Context,
    change: &mut Change,
    granted: &Granted,
    head: &CaseHead,
) -> Result<(), Failure> {
    let status = next_status(head.status, StatusAct::Reopen)?;
    check_reopen(head.closing, change.now)?;
    store::cases::update_status(&change.tx, granted, head.id, status, None, change.now)
        .await
        .or_fail("reopening a case")?;
    line(context, change, granted, head.id, "reopened").await?;
    let detail = json!({ "before": head.status, "after": status });
    change.case_event(Verb::CaseReopened, head.facts.organisation, head.id, false, detail);
    Ok(())
}
