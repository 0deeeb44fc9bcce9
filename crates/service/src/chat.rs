//! Live chat (R10, R21): asked for in one click, answered by an agent, written into the case as it goes.
//!
//! The messages are entries of the case, so that the transcript needs no copying and the live stream of the case is the
//! live stream of the chat. One person has one chat at a time.

use domain::{
    CaseId, ChatId, Failure, FieldErrors, OrganisationId, PersonId,
    access::{Granted, Permission, Place, policy},
    audit::Verb,
    calls::PhoneLine,
    cases::{CaseDraft, Channel, EntryKind, EntryView, Priority, Side, StatusAct, next_status},
    chat::{ChatDraft, ChatEntrance, ChatForm, ChatHours, ChatRow, ChatState, ChatView},
    failure::Conflict,
    mail::MailKind,
    page::Page,
    text::{CaseTitle, EntryText},
};
use jiff::SignedDuration;
use serde_json::json;
use store::{
    cases::{CaseHead, NewEntry},
    rollout,
};

use crate::{Change, Context, OrFail, Services, calls, cases};

/// Returns when the chat desk of a company's region is there: the hours of its phone line.
///
/// # Errors
/// When the database cannot be asked; [`Failure::NotFound`] for no such company.
pub async fn hours(services: &Services, organisation: OrganisationId) -> Result<ChatHours, Failure> {
    Ok(hours_of(&calls::lines_of(services, organisation).await?))
}

/// Without a line of the own region the hours of its desk are unknown; those of another region would be a guess.
fn hours_of(lines: &[PhoneLine]) -> ChatHours {
    match lines.iter().find(|line| line.own) {
        Some(line) if line.open => ChatHours::Open { until: line.open_until },
        Some(line) => ChatHours::Closed { opens_at: line.opens_at },
        None => ChatHours::Closed { opens_at: None },
    }
}

/// Returns what the page that begins a chat needs: the chat the actor is in, or the companies to chat for.
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

/// Asks for a chat; its first message opens the case. A person who is already in a chat of the company is led to it, and
/// their text is sent there (T38).
///
/// # Errors
/// [`Failure::Forbidden`] before launch (R26) or without a role, [`Conflict::ChatClosed`] outside the opening hours,
/// [`Conflict::ChatRunning`] for a person who is in a chat of another company, [`Failure::Invalid`] for the form.
pub async fn start(context: &Context, form: &ChatForm) -> Result<ChatId, Failure> {
    if let Ok(organisation) = form.organisation.parse() {
        let gate = rollout::find_gate(&context.services.db, organisation).await.or_fail("finding a gate")?;
        context.authorize(Permission::ChatStart, &Place::organisation(organisation, gate)).await?;
    }
    let draft = form.parse().map_err(FieldErrors::into_failure)?;
    if let Some(chat) = current(context).await? {
        return say_there(context, chat, &draft).await;
    }
    let granted = cases::authorize_new(context, Permission::ChatStart, draft.organisation, draft.product).await?;
    if let ChatHours::Closed { .. } = hours(&context.services, draft.organisation).await? {
        return Err(Failure::Conflict(Conflict::ChatClosed));
    }

    let mut change = Change::begin(context).await?;
    end_out_of_sight(context, &mut change, &granted).await?;
    let case = CaseDraft {
        organisation: draft.organisation,
        product: draft.product,
        title: CaseTitle::of(&draft.text),
        description: draft.text.clone(),
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
            let chat = current(context).await?.ok_or(Failure::Conflict(conflict))?;
            return say_there(context, chat, &draft).await;
        }
        Err(failure) => return Err(failure),
    }
    change.commit().await?;
    Ok(chat)
}

/// Sends what was typed for a new chat in the running one, unless that one began with the same text: a second click.
async fn say_there(context: &Context, chat: ChatId, draft: &ChatDraft) -> Result<ChatId, Failure> {
    let db = &context.services.db;
    let visibility = context.visibility();
    let row = store::chat::find(db, &visibility, chat, context.actor.person).await.or_fail("finding a chat")?;
    let said = store::chat::list_all_messages(db, &row).await.or_fail("reading a chat")?;
    if said.first().is_some_and(|first| first.body == draft.text.as_str()) {
        return Ok(chat);
    }
    let head = store::cases::find(db, &visibility, row.case).await.or_fail("finding a case")?;
    if head.facts.organisation != draft.organisation {
        return Err(Failure::Conflict(Conflict::ChatRunning));
    }
    send(context, chat, draft.text.as_str()).await?;
    Ok(chat)
}

/// Ends the chats that the actor can no longer see, because a role of theirs ended by itself: a person has one chat, and an
/// unreachable one must not keep them from the next (C5).
async fn end_out_of_sight(context: &Context, change: &mut Change, granted: &Granted) -> Result<(), Failure> {
    let visibility = context.visibility();
    let live = store::chat::list_live_of(&change.tx, granted, context.actor.person, None).await;
    for (chat, case, _) in live.or_fail("listing chats")?.into_iter().filter(|(.., facts)| !visibility.sees(facts)) {
        end_by_system(change, &context.services, granted, chat, case).await?;
    }
    Ok(())
}

/// Returns the chat the actor is in, or waits in: found again after a reload (K19).
///
/// # Errors
/// When the database cannot be asked.
pub async fn current(context: &Context) -> Result<Option<ChatId>, Failure> {
    let found = store::chat::find_current(&context.services.db, &context.visibility(), context.actor.person).await;
    found.or_fail("finding a chat")
}

/// Returns one page of the chats that wait or go on, those that wait first; `after` is the cursor of the page.
///
/// # Errors
/// [`Failure::Forbidden`] for customers.
pub async fn list_live(context: &Context, after: &str) -> Result<Page<ChatRow>, Failure> {
    let granted = context.authorize(Permission::ChatAnswer, &Place::vendor()).await?;
    store::chat::list_live(&context.services.db, &granted, after).await.or_fail("listing chats")
}

/// Returns a chat with its messages.
///
/// # Errors
/// [`Failure::NotFound`] when its case is out of sight.
pub async fn view(context: &Context, chat: ChatId) -> Result<ChatView, Failure> {
    let (db, visibility) = (&context.services.db, context.visibility());
    let row = store::chat::find(db, &visibility, chat, context.actor.person).await.or_fail("finding a chat")?;
    // Counted before the messages are read: what comes between is counted, and asked for, once more.
    let seen_event = store::cases::count_events(db, &visibility, row.case).await.or_fail("counting events")?;
    let head = store::cases::find(db, &visibility, row.case).await.or_fail("finding a case")?;
    let (messages, earlier) = store::chat::list_messages(db, &row).await.or_fail("reading a chat")?;
    let reply = authorize_reply(context, row.case).await.map(|(granted, _)| granted.is_by_vendor());
    let may_answer = context.may(Permission::ChatAnswer, &Place::vendor());
    let here = match row.state {
        ChatState::Waiting => reply == Ok(false),
        ChatState::Active => true,
        ChatState::Ended => false,
    };
    Ok(ChatView {
        may_write: here && reply.is_ok() && head.status.is_open(),
        may_answer: may_answer && row.state == ChatState::Waiting,
        messages,
        earlier,
        seen_event,
        row,
    })
}

/// Gives a chat, and with it its case, to the agent who answers.
///
/// # Errors
/// [`Failure::Forbidden`] for customers, [`Conflict::AlreadyTaken`] when another agent was quicker,
/// [`Conflict::ChatEnded`] when the customer left.
pub async fn answer(context: &Context, chat: ChatId) -> Result<CaseId, Failure> {
    let visibility = context.visibility();
    let me = context.actor.person;
    let found = store::chat::find(&context.services.db, &visibility, chat, me).await.or_fail("finding a chat")?;
    let granted = context.authorize(Permission::ChatAnswer, &Place::vendor()).await?;
    let mut change = Change::begin(context).await?;
    // The case first, then its satellites: docs/ARCHITECTURE.md.
    let head = store::cases::find_for_update(&change.tx, &visibility, found.case).await.or_fail("finding a case")?;
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
    let status = next_status(head.status, StatusAct::Assign)?;
    store::cases::update_agent(&change.tx, &granted, row.case, me, change.now).await.or_fail("setting an agent")?;
    if status != head.status {
        store::cases::update_status(&change.tx, &granted, row.case, status, None, change.now)
            .await
            .or_fail("setting a status")?;
    }
    let line = entry(context, &granted, row.case, EntryKind::Line, "chat_answered", &change);
    store::cases::insert_entry(&change.tx, &granted, line).await.or_fail("writing a line")?;
    let detail = json!({ "chat": chat, "agent": { "before": head.agent, "after": me } });
    change.case_event(Verb::ChatAnswered, head.facts.organisation, row.case, false, detail);
    change.commit().await?;
    Ok(row.case)
}

/// Writes a message. It takes the permission to reply to the case, and at the desk an agent who has taken the chat.
///
/// # Errors
/// [`Failure::NotFound`] out of sight, [`Conflict::ChatEnded`] afterwards, [`Conflict::StatusChange`] for an agent in a chat
/// that no agent took, [`Failure::TooMany`].
pub async fn send(context: &Context, chat: ChatId, text: &str) -> Result<(), Failure> {
    let visibility = context.visibility();
    let me = context.actor.person;
    let row = store::chat::find(&context.services.db, &visibility, chat, me).await.or_fail("finding a chat")?;
    let (granted, _) = authorize_reply(context, row.case).await?;
    let body = EntryText::parse(text).map_err(|error| Failure::field("text", error))?;

    let vendor = granted.is_by_vendor();
    let mut change = Change::begin(context).await?;
    let head = store::cases::find_for_update(&change.tx, &visibility, row.case).await.or_fail("finding a case")?;
    let row = store::chat::find(&change.tx, &visibility, chat, me).await.or_fail("finding a chat")?;
    match row.state {
        ChatState::Ended => return Err(Failure::Conflict(Conflict::ChatEnded)),
        ChatState::Waiting if vendor => return Err(Failure::Conflict(Conflict::StatusChange)),
        ChatState::Waiting | ChatState::Active => {}
    }
    let act = if vendor { StatusAct::VendorWrites } else { StatusAct::CustomerWrites };
    let status = next_status(head.status, act)?;
    let message = entry(context, &granted, row.case, EntryKind::Chat, body.as_str(), &change);
    let id = message.id;
    store::cases::insert_entry(&change.tx, &granted, message).await.or_fail("writing a message")?;
    if status != head.status {
        store::cases::update_status(&change.tx, &granted, row.case, status, None, change.now)
            .await
            .or_fail("setting a status")?;
    }
    let detail = json!({ "chat": chat, "entry": id });
    change.case_event(Verb::ChatMessageSent, head.facts.organisation, row.case, false, detail);
    change.commit().await
}

/// Ends a chat; the case stays open. The followers of the case get the transcript by mail, except the one who ended it:
/// they may have closed the window.
///
/// # Errors
/// [`Failure::NotFound`] out of sight; ending an ended chat does nothing.
pub async fn end(context: &Context, chat: ChatId) -> Result<CaseId, Failure> {
    let visibility = context.visibility();
    let me = context.actor.person;
    let row = store::chat::find(&context.services.db, &visibility, chat, me).await.or_fail("finding a chat")?;
    let (granted, _) = authorize_reply(context, row.case).await?;
    let mut change = Change::begin(context).await?;
    let head = store::cases::find_for_update(&change.tx, &visibility, row.case).await.or_fail("finding a case")?;
    end_in(context, &mut change, &granted, &head, chat).await?;
    change.commit().await?;
    Ok(row.case)
}

/// Ends a running chat in the caller's transaction, which holds the case, with its line, its event and its transcript.
async fn end_in(
    context: &Context,
    change: &mut Change,
    granted: &Granted,
    head: &CaseHead,
    chat: ChatId,
) -> Result<(), Failure> {
    if !store::chat::end(&change.tx, granted, chat, change.now).await.or_fail("ending a chat")? {
        return Ok(());
    }
    let line = entry(context, granted, head.id, EntryKind::Line, "chat_ended", change);
    store::cases::insert_entry(&change.tx, granted, line).await.or_fail("writing a line")?;
    let (visibility, me) = (context.visibility(), context.actor.person);
    let row = store::chat::find(&change.tx, &visibility, chat, me).await.or_fail("finding a chat")?;
    let said = store::chat::list_all_messages(&change.tx, &row).await.or_fail("reading a chat")?;
    change.case_event(Verb::ChatEnded, head.facts.organisation, head.id, false, json!({ "chat": chat }));
    let more = json!({ "text": transcript(&said), "chat_ended": true });
    let (kind, key) = (MailKind::CaseReplied, chat.to_string());
    cases::tell_followers(context, change, granted, head, kind, &key, more).await
}

/// Ends the running chats of a case that is being closed: a closed case has no waiting customer (C7).
pub(crate) async fn end_with_case(
    context: &Context,
    change: &mut Change,
    granted: &Granted,
    head: &CaseHead,
) -> Result<(), Failure> {
    for chat in store::chat::list_live_in(&change.tx, granted, head.id).await.or_fail("listing chats")? {
        end_in(context, change, granted, head, chat).await?;
    }
    Ok(())
}

/// How long a chat may be silent before it counts as left.
const STALE: SignedDuration = SignedDuration::from_hours(4);

/// Ends chats that were left, so that they do not stay in the list and their customers may ask for a new one; who asked for
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

/// Ends a chat that neither side ended, in the caller's transaction: its customer has left or lost access. Returns
/// whether it was still going on.
pub(crate) async fn end_by_system(
    change: &mut Change,
    services: &Services,
    granted: &Granted,
    chat: ChatId,
    case: CaseId,
) -> Result<bool, Failure> {
    store::cases::lock(&change.tx, granted, case).await.or_fail("waiting for others")?;
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
    let row = store::chat::find(&change.tx, &visibility, chat, person).await.or_fail("finding a chat")?;
    let said = store::chat::list_all_messages(&change.tx, &row).await.or_fail("reading a chat")?;
    let more = json!({ "text": transcript(&said), "chat_ended": true });
    cases::tell(change, &head, person, MailKind::CaseReplied, &chat.to_string(), more).await
}

/// Returns the proof that the actor may write to the case of a chat, and its head.
async fn authorize_reply(context: &Context, case: CaseId) -> Result<(Granted, CaseHead), Failure> {
    let db = &context.services.db;
    let head = store::cases::find(db, &context.visibility(), case).await.or_fail("finding a case")?;
    let gate = rollout::find_gate(db, head.facts.organisation).await.or_fail("finding a gate")?;
    let place = Place::product(head.facts.organisation, head.facts.product, gate);
    Ok((context.authorize(Permission::CaseReply, &place).await?, head))
}

fn entry<'a>(
    context: &'a Context,
    granted: &Granted,
    case: CaseId,
    kind: EntryKind,
    body: &'a str,
    change: &Change,
) -> NewEntry<'a> {
    NewEntry {
        id: context.services.id(),
        case,
        kind,
        side: if granted.is_by_vendor() { Side::Vendor } else { Side::Customer },
        author: Some(context.actor.person),
        author_name: &context.actor.name,
        body,
        now: change.now,
    }
}

/// Returns the messages as a mail shows them.
fn transcript(said: &[EntryView]) -> String {
    let messages = said.iter().filter(|entry| entry.kind == EntryKind::Chat);
    messages.map(|entry| format!("{}: {}", entry.author, entry.body)).collect::<Vec<_>>().join("\n")
}
