//! The phone (R8): numbers with their hours, call-backs that are asked for and logged. It works with no telephony at all:
//! a call-back is a task in the desk and an entry in the case.

mod lines;

pub use lines::{line_settings, lines, remove_line, save_line};

pub(crate) use lines::lines_of;

use domain::{
    CallbackId, CaseId, Failure, FieldError, FieldErrors, OrganisationId,
    access::{Permission, Place, policy},
    audit::Verb,
    calls::{
        CallEntrance, CallEntry, CallOutcome, CallbackCase, CallbackDefaults, CallbackDraft, CallbackForm, CallbackRow,
        CallbackState, DeskWaiting,
    },
    cases::{CaseDraft, Channel, EntryKind, Priority, Side, StatusAct, next_status},
    failure::Conflict,
    mail::MailKind,
    page::Page,
    text::{CaseTitle, EntryText, optional},
};
use jiff::tz::TimeZone;
use serde_json::json;
use store::{calls::NewCallback, cases::NewEntry, rollout};

use crate::{Change, Context, OrFail, cases};

/// Returns what the form for a call-back needs: about an open case, or a new matter.
///
/// # Errors
/// As [`cases::opening_choices`]; [`Failure::NotFound`] for a case out of sight.
pub async fn entrance(context: &Context, case: Option<CaseId>) -> Result<CallEntrance, Failure> {
    let db = &context.services.db;
    let case = match case {
        Some(case) => {
            let head = store::cases::find(db, &context.visibility(), case).await.or_fail("finding a case")?;
            let organisation = head.facts.organisation;
            Some(CallbackCase { id: case, number: head.number, title: head.title, organisation })
        }
        None => None,
    };
    let mut choices = Vec::new();
    for choice in cases::choices(context, Permission::CallRequest).await? {
        if case.as_ref().is_none_or(|case| case.organisation == choice.id) {
            let lines = lines_of(&context.services, choice.id).await?;
            choices.push((choice, lines));
        }
    }
    Ok(CallEntrance { defaults: defaults(context).await?, case, choices })
}

/// Number and time zone from the actor's profile.
///
/// # Errors
/// When the database cannot be asked.
pub async fn defaults(context: &Context) -> Result<CallbackDefaults, Failure> {
    let phone = store::people::find_phone(&context.services.db, context.actor.person).await;
    let (time_zone, zone_known) = (context.actor.zone.clone(), context.actor.zone_known);
    Ok(CallbackDefaults { phone: phone.or_fail("finding a person")?.unwrap_or_default(), time_zone, zone_known })
}

/// Asks to be called, about a new matter or an open case; gives back the case. A call-back is one task: a case has at most
/// one open.
///
/// # Errors
/// [`Failure::Forbidden`] before launch (R26) or without a role, [`Failure::NotFound`] for a case out of sight,
/// [`Conflict::CallbackOpen`], [`Conflict::CaseClosed`], [`Failure::Invalid`] for the form: a time in the past, or
/// when the desk of the region is closed.
pub async fn request(context: &Context, form: &CallbackForm) -> Result<CaseId, Failure> {
    let services = &context.services;
    if let Ok(organisation) = form.organisation.parse() {
        let gate = rollout::find_gate(&services.db, organisation).await.or_fail("finding a gate")?;
        context.authorize(Permission::CallRequest, &Place::organisation(organisation, gate)).await?;
    }
    let mut form = form.clone();
    if form.time_zone.trim().is_empty() {
        form.time_zone = defaults(context).await?.time_zone;
    }
    let zone = |name: &str| TimeZone::get(name).ok();
    let draft = form.parse(services.now(), zone).map_err(FieldErrors::into_failure)?;
    match draft.case {
        Some(case) => request_in(context, &draft, case).await,
        None => request_new(context, &draft).await,
    }
}

/// Checks that the desk is open at the wanted time, by the hours of the company's region where they are set.
async fn check_wanted(context: &Context, organisation: OrganisationId, draft: &CallbackDraft) -> Result<(), Failure> {
    let Some(wanted) = draft.wanted_at else { return Ok(()) };
    let lines = lines_of(&context.services, organisation).await?;
    let Some(line) = lines.iter().find(|line| line.own) else { return Ok(()) };
    let open = TimeZone::get(&line.hours.zone).is_ok_and(|zone| line.hours.at(wanted, &zone).is_ok());
    if open { Ok(()) } else { Err(Failure::field("when", FieldError::OutsideHours)) }
}

fn entry_of(draft: &CallbackDraft) -> String {
    let topic = draft.topic.as_ref().map(|topic| topic.as_str().to_owned()).unwrap_or_default();
    CallEntry::Requested { phone: draft.phone.to_string(), wanted_at: draft.wanted_at, topic }.to_body()
}

fn new_callback<'a>(context: &Context, draft: &'a CallbackDraft, case: CaseId, change: &Change) -> NewCallback<'a> {
    NewCallback {
        id: context.services.id(),
        case,
        person: context.actor.person,
        phone: draft.phone.as_str(),
        wanted_at: draft.wanted_at,
        now: change.now,
    }
}

async fn request_new(context: &Context, draft: &CallbackDraft) -> Result<CaseId, Failure> {
    let topic = draft.topic.clone().ok_or_else(|| Failure::field("topic", FieldError::Required))?;
    let permission = Permission::CallRequest;
    let granted = cases::authorize_new(context, permission, draft.organisation, draft.product).await?;
    check_wanted(context, draft.organisation, draft).await?;

    let mut change = Change::begin(context).await?;
    let case = CaseDraft {
        organisation: draft.organisation,
        product: draft.product,
        title: CaseTitle::of(&topic),
        description: topic,
        priority: Priority::P3,
        impact: None,
    };
    let by = cases::NewCaseBy {
        context,
        granted: &granted,
        channel: Channel::Callback,
        kind: EntryKind::Call,
        verb: Verb::CallbackRequested,
    };
    let (id, _) = cases::insert_case(&mut change, &by, &case, &entry_of(draft)).await?;
    let new = new_callback(context, draft, id, &change);
    store::calls::insert(&change.tx, &granted, new).await.or_conflict("asking for a call", Conflict::CallbackOpen)?;
    change.commit().await?;
    Ok(id)
}

async fn request_in(context: &Context, draft: &CallbackDraft, case: CaseId) -> Result<CaseId, Failure> {
    let (services, visibility) = (&context.services, context.visibility());
    let head = store::cases::find(&services.db, &visibility, case).await.or_fail("finding a case")?;
    let organisation = head.facts.organisation;
    let gate = rollout::find_gate(&services.db, organisation).await.or_fail("finding a gate")?;
    let place = Place::product(organisation, head.facts.product, gate);
    let granted = context.authorize(Permission::CallRequest, &place).await?;
    check_wanted(context, organisation, draft).await?;

    let mut change = Change::begin(context).await?;
    let head = store::cases::find_for_update(&change.tx, &visibility, case).await.or_fail("finding a case")?;
    let status = next_status(head.status, StatusAct::CustomerWrites)?;
    let new = new_callback(context, draft, case, &change);
    let id = new.id;
    store::calls::insert(&change.tx, &granted, new).await.or_conflict("asking for a call", Conflict::CallbackOpen)?;
    let body = entry_of(draft);
    let entry = NewEntry {
        id: services.id(),
        case,
        kind: EntryKind::Call,
        side: Side::Customer,
        author: Some(context.actor.person),
        author_name: &context.actor.name,
        body: &body,
        now: change.now,
    };
    store::cases::insert_entry(&change.tx, &granted, entry).await.or_fail("writing an entry")?;
    if status != head.status {
        store::cases::update_status(&change.tx, &granted, case, status, None, change.now)
            .await
            .or_fail("setting a status")?;
    }
    let detail = json!({ "callback": id, "wanted_at": draft.wanted_at });
    change.case_event(Verb::CallbackRequested, organisation, case, false, detail);
    change.commit().await?;
    Ok(case)
}

/// Returns the calls the actor waits for.
///
/// # Errors
/// When the database cannot be asked.
pub async fn mine(context: &Context) -> Result<Vec<CallbackRow>, Failure> {
    let found = store::calls::list_of(&context.services.db, &context.visibility(), context.actor.person).await;
    found.or_fail("listing calls")
}

/// Returns one page of the calls to be made, the next one first; `after` is the cursor of the page.
///
/// # Errors
/// [`Failure::Forbidden`] for customers.
pub async fn list_open(context: &Context, after: &str) -> Result<Page<CallbackRow>, Failure> {
    let granted = context.authorize(Permission::CallAnswer, &Place::vendor()).await?;
    store::calls::list_open(&context.services.db, &granted, after).await.or_fail("listing calls")
}

/// Counts the chats and calls that wait at the desk; zero for an actor who does not work there.
///
/// # Errors
/// When the database cannot be asked.
pub async fn waiting(context: &Context) -> Result<DeskWaiting, Failure> {
    let (db, now) = (&context.services.db, context.services.now());
    let may = |permission| policy::authorize(&context.actor, permission, &Place::vendor(), now).ok();
    let mut waiting = DeskWaiting::default();
    if let Some(granted) = may(Permission::ChatAnswer) {
        waiting.chats = store::chat::count_waiting(db, &granted).await.or_fail("counting chats")?;
    }
    if let Some(granted) = may(Permission::CallAnswer) {
        waiting.calls = store::calls::count_open(db, &granted).await.or_fail("counting calls")?;
    }
    Ok(waiting)
}

/// Logs how a call-back went, in its case. When the person who asked was not reached, they hear of it by mail.
///
/// # Errors
/// [`Failure::Forbidden`] for customers, [`Conflict::AlreadyTaken`] when it was logged already, [`Failure::Invalid`] for a
/// call that was answered, without a note about it.
pub async fn log(context: &Context, callback: CallbackId, outcome: CallOutcome, note: &str) -> Result<CaseId, Failure> {
    let granted = context.authorize(Permission::CallAnswer, &Place::vendor()).await?;
    let note = match outcome {
        CallOutcome::Reached => EntryText::parse(note).map(Some),
        CallOutcome::NoAnswer | CallOutcome::WrongNumber => optional(note, EntryText::parse),
    };
    let note = note.map_err(|error| Failure::field("note", error))?.map(EntryText::into_string).unwrap_or_default();

    let mut change = Change::begin(context).await?;
    let found = store::calls::find(&change.tx, &granted, callback).await.or_fail("finding a call")?;
    let case = found.case;
    let visibility = context.visibility();
    let head = store::cases::find_for_update(&change.tx, &visibility, case).await.or_fail("finding a case")?;
    // Read again: only now is the case held.
    let call = store::calls::find(&change.tx, &granted, callback).await.or_fail("finding a call")?;
    let me = context.actor.person;
    let finished = call.state == CallbackState::Requested
        && store::calls::finish(&change.tx, &granted, callback, me, outcome, change.now)
            .await
            .or_fail("logging a call")?;
    if !finished {
        return Err(Failure::Conflict(Conflict::AlreadyTaken));
    }
    let body = CallEntry::Made { outcome, note: note.clone() }.to_body();
    let entry = NewEntry {
        id: context.services.id(),
        case,
        kind: EntryKind::Call,
        side: Side::Vendor,
        author: Some(me),
        author_name: &context.actor.name,
        body: &body,
        now: change.now,
    };
    store::cases::insert_entry(&change.tx, &granted, entry).await.or_fail("writing an entry")?;
    // After a call that was not answered the case waits for the customer as before. A call about a case that was closed
    // meanwhile is logged and leaves it closed.
    let act = if outcome == CallOutcome::Reached { StatusAct::VendorWrites } else { StatusAct::Assign };
    if let Ok(status) = next_status(head.status, act) {
        if status != head.status {
            store::cases::update_status(&change.tx, &granted, case, status, None, change.now)
                .await
                .or_fail("setting a status")?;
        }
        if head.agent.is_none() {
            store::cases::update_agent(&change.tx, &granted, case, me, change.now).await.or_fail("setting an agent")?;
        }
    }
    let detail = json!({ "callback": callback, "outcome": outcome });
    change.case_event(Verb::CallbackDone, head.facts.organisation, case, false, detail);
    let failed = match outcome {
        CallOutcome::Reached => None,
        CallOutcome::NoAnswer => Some("unanswered_call"),
        CallOutcome::WrongNumber => Some("wrong_number"),
    };
    if let Some(failed) = failed {
        let more = json!({ "text": note, "author": context.actor.name, failed: call.phone });
        let key = callback.to_string();
        cases::tell(&mut change, &head, call.person, MailKind::CaseReplied, &key, more).await?;
    }
    change.commit().await?;
    Ok(case)
}
