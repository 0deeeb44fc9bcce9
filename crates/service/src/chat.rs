//! Live chat (R10, R21): asked for in one click, answered by an agent, written into the case as it goes.
//!
//! The messages are entries of the case, so that the transcript needs no copying and the live stream of the case is the
//! live stream of the chat. One person has one chat at a time.

use domain::{
    CaseId, ChatId, Failure, FieldErrors, OrganisationId, PersonId,
    access::{Granted, Permission, Place, policy},
    audit::Verb,
    calls::PhoneLine,
    cases::{CaseDraft, Channel, EntryKind, EntryView, Priority, Side, StatusAct, StreamItem, next_status},
    chat::{ChatEntrance, ChatForm, ChatHours, ChatRow, ChatState, ChatView},
    failure::Conflict,
    mail::MailKind,
    text::{CaseTitle, EntryText},
};
use jiff::SignedDuration;
use serde_json::json;
use store::{
    cases::{CaseHead, NewEntry},
    rollout,
};

use crate::{Change, Context, OrFail, Services, calls, cases};

/// When the chat desk of a company's region is there: the hours of its phone line.
///
/// # Errors
/// When the database cannot be asked; [`Failure::NotFound`] for no such company.
pub async fn hours(services: &Services, organisation: OrganisationId) -> Result<ChatHours, Failure> {
    Ok(hours_of(&calls::lines_of(services, organisation).await?))
}

/// Without a line of the own region, nobody has said when its desk is there; another region's hours would be a guess.
fn hours_of(lines: &[PhoneLine]) -> ChatHours {
    match lines.iter().find(|line| line.own) {
        Some(line) => match line.open_until {
            Some(until) => ChatHours::Open { until },
            None => ChatHours::Closed { opens_at: line.opens_at },
        },
        None => ChatHours::Closed { opens_at: None },
    }
}

/// What the page that begins a chat needs: the chat the actor is in, or the companies to chat for.
///
/// # Errors
/// As [`cases::opening_choices`].
pub async fn entrance(context: &Context) -> Result<ChatEntrance, Failure> {
    let current = current(context).await?;
    let (mut choices, mut languages) = (Vec::new(), Vec::new());
    if current.is_none() {
        for choice in cases::choices(context, Permission::ChatStart).await? {
            let lines = calls::lines_of(&context.services, choice.id).await?;
            for tag in lines.iter().find(|line| line.own).map(|line| line.languages.clone()).unwrap_or_default() {
                if !languages.contains(&tag) {
                    languages.push(tag);
                }
            }
            choices.push((choice, hours_of(&lines)));
        }
    }
    Ok(ChatEntrance { current, choices, languages })
}

/// Asks for a chat; its first message opens the case. Somebody who is in a chat already is led to it.
///
/// # Errors
/// [`Failure::Forbidden`] before launch (R26) or without a role, [`Conflict::ChatClosed`] outside the opening hours,
/// [`Failure::Invalid`] for the form.
pub async fn start(context: &Context, form: &ChatForm) -> Result<ChatId, Failure> {
    if let Ok(organisation) = form.organisation.parse() {
        let gate = rollout::find_gate(&context.services.db, organisation).await.or_fail("finding a gate")?;
        context.authorize(Permission::ChatStart, &Place::organisation(organisation, gate)).await?;
    }
    if let Some(chat) = current(context).await? {
        return Ok(chat);
    }
    let draft = form.parse().map_err(FieldErrors::into_failure)?;
    let granted = cases::authorize_new(context, Permission::ChatStart, draft.organisation, draft.product).await?;
    if let ChatHours::Closed { .. } = hours(&context.services, draft.organisation).await? {
        return Err(Failure::Conflict(Conflict::ChatClosed));
    }
    context.limit_writing()?;

    let mut change = Change::begin(context).await?;
    let case = CaseDraft {
        organisation: draft.organisation,
        product: draft.product,
        title: CaseTitle::of(&draft.text),
        description: draft.text,
        priority: Priority::P3,
        impact: None,
    };
    let by = cases::NewCaseBy {
        context,
        granted: &granted,
        channel: Channel::Chat,
        kind: EntryKind::Chat,
        verb: Verb::ChatStarted,
    };
    let (id, _) = cases::insert_case(&mut change, &by, &case, case.description.as_str()).await?;
    let chat = context.services.id();
    let inserted = store::chat::insert(&change.tx, &granted, chat, id, context.actor.person, change.now).await;
    match inserted.or_conflict("starting a chat", Conflict::AlreadyTaken) {
        Ok(()) => {}
        // A second click was quicker: its chat is the chat.
        Err(Failure::Conflict(conflict)) => {
            drop(change);
            return current(context).await?.ok_or(Failure::Conflict(conflict));
        }
        Err(failure) => return Err(failure),
    }
    change.commit().await?;
    Ok(chat)
}

/// The chat the actor is in, or waits in: found again after a reload (K19).
///
/// # Errors
/// When the database cannot be asked.
pub async fn current(context: &Context) -> Result<Option<ChatId>, Failure> {
    let found = store::chat::find_current(&context.services.db, &context.visibility(), context.actor.person).await;
    found.or_fail("finding a chat")
}

/// Chats that wait or go on, those that wait first.
///
/// # Errors
/// [`Failure::Forbidden`] for customers.
pub async fn list_live(context: &Context) -> Result<Vec<ChatRow>, Failure> {
    let granted = context.authorize(Permission::ChatAnswer, &Place::vendor()).await?;
    store::chat::list_live(&context.services.db, &granted).await.or_fail("listing chats")
}

/// A chat with its messages.
///
/// # Errors
/// [`Failure::NotFound`] when its case is out of sight.
pub async fn view(context: &Context, chat: ChatId) -> Result<ChatView, Failure> {
    let (db, visibility) = (&context.services.db, context.visibility());
    let row = store::chat::find(db, &visibility, chat, context.actor.person).await.or_fail("finding a chat")?;
    let case = store::cases::find_detail(db, &visibility, row.case).await.or_fail("reading a case")?;
    let may_reply = authorize_reply(context, row.case).await.is_ok();
    let may_answer = context.actor.is_vendor()
        && policy::authorize(&context.actor, Permission::ChatAnswer, &Place::vendor(), context.services.now()).is_ok();
    let here = match row.state {
        ChatState::Waiting => !context.actor.is_vendor(),
        ChatState::Active => true,
        ChatState::Ended => false,
    };
    let since = row.started_at;
    Ok(ChatView {
        may_write: here && may_reply && case.row.status.is_open(),
        may_answer: may_answer && row.state == ChatState::Waiting,
        messages: case
            .stream
            .into_iter()
            .filter_map(|item| match item {
                StreamItem::Entry(entry) if entry.at >= since => Some(entry),
                _ => None,
            })
            .collect(),
        seen_event: case.seen_event,
        row,
    })
}

/// An agent picks a chat up, and with it the case.
///
/// # Errors
/// [`Failure::Forbidden`] for customers, [`Conflict::AlreadyTaken`] when another agent was quicker,
/// [`Conflict::ChatEnded`] when the customer left.
pub async fn answer(context: &Context, chat: ChatId) -> Result<CaseId, Failure> {
    let visibility = context.visibility();
    let me = context.actor.person;
    store::chat::find(&context.services.db, &visibility, chat, me).await.or_fail("finding a chat")?;
    let granted = context.authorize(Permission::ChatAnswer, &Place::vendor()).await?;
    let mut change = Change::begin(context).await?;
    let taken = store::chat::answer(&change.tx, &granted, chat, me, change.now).await.or_fail("answering a chat")?;
    // Read after the update: it is ours, or it shows whose it is.
    let row = store::chat::find(&change.tx, &visibility, chat, me).await.or_fail("finding a chat")?;
    if !taken {
        return match row.state {
            _ if row.mine && row.state == ChatState::Active => Ok(row.case),
            ChatState::Ended => Err(Failure::Conflict(Conflict::ChatEnded)),
            _ => Err(Failure::Conflict(Conflict::AlreadyTaken)),
        };
    }
    let head = store::cases::find_for_update(&change.tx, &visibility, row.case).await.or_fail("finding a case")?;
    let status = next_status(head.status, StatusAct::Assign)?;
    store::cases::update_agent(&change.tx, &granted, row.case, me, change.now).await.or_fail("setting an agent")?;
    if status != head.status {
        store::cases::update_status(&change.tx, &granted, row.case, status, None, change.now)
            .await
            .or_fail("setting a status")?;
    }
    let line = entry(context, row.case, EntryKind::Line, "chat_answered", &change);
    store::cases::insert_entry(&change.tx, &granted, line).await.or_fail("writing a line")?;
    let detail = json!({ "chat": chat, "agent": { "before": head.agent, "after": me } });
    change.case_event(Verb::ChatAnswered, head.facts.organisation, row.case, false, detail);
    change.commit().await?;
    Ok(row.case)
}

/// Writes a message; whoever may write to the case may, the desk once somebody took the chat. `key` was made by the
/// browser, a second sending is not written twice.
///
/// # Errors
/// [`Failure::NotFound`] out of sight, [`Conflict::ChatEnded`] afterwards, [`Conflict::StatusChange`] for an agent in a chat
/// that nobody took, [`Failure::TooMany`].
pub async fn send(context: &Context, chat: ChatId, text: &str, key: &str) -> Result<(), Failure> {
    let visibility = context.visibility();
    let me = context.actor.person;
    let row = store::chat::find(&context.services.db, &visibility, chat, me).await.or_fail("finding a chat")?;
    let (granted, _) = authorize_reply(context, row.case).await?;
    let body = EntryText::parse(text).map_err(|error| Failure::field("text", error))?;
    context.limit_writing()?;

    let vendor = context.actor.is_vendor();
    let mut change = Change::begin(context).await?;
    if change.sent_before(key).await?.is_some() {
        return Ok(());
    }
    let row = store::chat::find(&change.tx, &visibility, chat, me).await.or_fail("finding a chat")?;
    match row.state {
        ChatState::Ended => return Err(Failure::Conflict(Conflict::ChatEnded)),
        ChatState::Waiting if vendor => return Err(Failure::Conflict(Conflict::StatusChange)),
        ChatState::Waiting | ChatState::Active => {}
    }
    let head = store::cases::find_for_update(&change.tx, &visibility, row.case).await.or_fail("finding a case")?;
    let act = if vendor { StatusAct::VendorWrites } else { StatusAct::CustomerWrites };
    let status = next_status(head.status, act)?;
    let message = entry(context, row.case, EntryKind::Chat, body.as_str(), &change);
    let id = message.id;
    store::cases::insert_entry(&change.tx, &granted, message).await.or_fail("writing a message")?;
    if status != head.status {
        store::cases::update_status(&change.tx, &granted, row.case, status, None, change.now)
            .await
            .or_fail("setting a status")?;
    }
    change.note_sent(key, id.uuid()).await?;
    let detail = json!({ "chat": chat, "entry": id });
    change.case_event(Verb::ChatMessageSent, head.facts.organisation, row.case, false, detail);
    change.commit().await
}

/// Ends a chat; the case stays open. Those who follow the case get the transcript by mail, but for the one who ended it:
/// they may have closed the window.
///
/// # Errors
/// [`Failure::NotFound`] out of sight; ending an ended chat does nothing.
pub async fn end(context: &Context, chat: ChatId) -> Result<CaseId, Failure> {
    let visibility = context.visibility();
    let me = context.actor.person;
    let row = store::chat::find(&context.services.db, &visibility, chat, me).await.or_fail("finding a chat")?;
    let (granted, head) = authorize_reply(context, row.case).await?;
    let mut change = Change::begin(context).await?;
    if store::chat::end(&change.tx, &granted, chat, change.now).await.or_fail("ending a chat")? {
        let line = entry(context, row.case, EntryKind::Line, "chat_ended", &change);
        store::cases::insert_entry(&change.tx, &granted, line).await.or_fail("writing a line")?;
        let case = store::cases::find_detail(&change.tx, &visibility, row.case).await.or_fail("reading a case")?;
        let detail = json!({ "chat": chat });
        change.case_event(Verb::ChatEnded, head.facts.organisation, row.case, false, detail);
        let more = json!({ "text": transcript(&case.stream), "chat_ended": true });
        let (kind, key) = (MailKind::CaseReplied, chat.to_string());
        cases::tell_followers(context, &mut change, &granted, &head, kind, &key, more).await?;
    }
    change.commit().await?;
    Ok(row.case)
}

/// How long nobody may write before a chat counts as left.
const STALE: SignedDuration = SignedDuration::from_hours(4);

/// Ends chats that were left, so that nobody waits in a list for ever and everybody may ask for a new one; who asked for
/// them gets the transcript.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn sweep(services: &Services) -> Result<(), Failure> {
    let granted = Granted::to_system(Permission::ChatAnswer, None);
    let before = services.now() - STALE;
    for (chat, case, person) in
        store::chat::list_stale(&services.db, &granted, before).await.or_fail("listing chats")?
    {
        let mut change = Change::begin_as_system(services).await?;
        if end_by_system(&mut change, services, &granted, chat, case).await? {
            mail_transcript(&mut change, chat, case, person).await?;
        }
        change.commit().await?;
    }
    Ok(())
}

/// Ends a chat that neither side ended, in the caller's transaction: nobody is there any more, or they may not be. Gives back
/// whether it was still going on.
pub(crate) async fn end_by_system(
    change: &mut Change,
    services: &Services,
    granted: &Granted,
    chat: ChatId,
    case: CaseId,
) -> Result<bool, Failure> {
    if !store::chat::end(&change.tx, granted, chat, change.now).await.or_fail("ending a chat")? {
        return Ok(false);
    }
    let line = NewEntry {
        id: services.id(),
        case,
        kind: EntryKind::Line,
        side: Side::System,
        author: None,
        author_name: "",
        body: "chat_ended",
        now: change.now,
    };
    store::cases::insert_entry(&change.tx, granted, line).await.or_fail("writing a line")?;
    let organisation = store::cases::find_organisation(&change.tx, granted, case).await.or_fail("finding a case")?;
    change.case_event(Verb::ChatEnded, organisation, case, false, json!({ "chat": chat, "left": true }));
    Ok(true)
}

/// Mails a person what was said in a chat, if they still see its case.
async fn mail_transcript(change: &mut Change, chat: ChatId, case: CaseId, person: PersonId) -> Result<(), Failure> {
    let reader = store::people::find_actor(&change.tx, person, change.now).await.or_fail("finding the reader")?;
    let Some(reader) = reader else { return Ok(()) };
    let visibility = policy::case_visibility(&reader, change.now);
    let head = match store::cases::find(&change.tx, &visibility, case).await.or_fail("finding a case") {
        Err(Failure::NotFound) => return Ok(()),
        found => found?,
    };
    let detail = store::cases::find_detail(&change.tx, &visibility, case).await.or_fail("reading a case")?;
    let more = json!({ "text": transcript(&detail.stream), "chat_ended": true });
    cases::tell(change, &head, person, MailKind::CaseReplied, &chat.to_string(), more).await
}

/// The proof that the actor may write to the case of a chat, and its head.
async fn authorize_reply(context: &Context, case: CaseId) -> Result<(Granted, CaseHead), Failure> {
    let db = &context.services.db;
    let head = store::cases::find(db, &context.visibility(), case).await.or_fail("finding a case")?;
    let gate = rollout::find_gate(db, head.facts.organisation).await.or_fail("finding a gate")?;
    let place = Place::product(head.facts.organisation, head.facts.product, gate);
    Ok((context.authorize(Permission::CaseReply, &place).await?, head))
}

fn entry<'a>(context: &'a Context, case: CaseId, kind: EntryKind, body: &'a str, change: &Change) -> NewEntry<'a> {
    NewEntry {
        id: context.services.id(),
        case,
        kind,
        side: if context.actor.is_vendor() { Side::Vendor } else { Side::Customer },
        author: Some(context.actor.person),
        author_name: &context.actor.name,
        body,
        now: change.now,
    }
}

/// The messages as a mail shows them.
fn transcript(stream: &[StreamItem]) -> String {
    let line = |entry: &EntryView| format!("{}: {}", entry.author, entry.body);
    let messages = stream.iter().filter_map(|item| match item {
        StreamItem::Entry(entry) if entry.kind == EntryKind::Chat => Some(line(entry)),
        _ => None,
    });
    messages.collect::<Vec<_>>().join("\n")
}
