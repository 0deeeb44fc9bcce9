//! What a person waits for and can no longer see: chats end, calls are not made (R19, K9).

use std::collections::BTreeSet;

use domain::{
    CaseId, Failure, PersonId,
    access::{CaseFacts, policy},
    audit::Verb,
    cases::{EntryKind, Side},
};
use serde_json::json;
use store::cases::NewEntry;

use super::Company;
use crate::{Change, OrFail, Services, chat};

/// Ends the chats and takes back the calls of a person in a company whose cases they lost sight of, in the transaction that
/// took the role away. Everything is read as it stands after that.
pub(super) async fn end_unseen(
    change: &mut Change,
    services: &Services,
    company: &Company,
    person: PersonId,
) -> Result<(), Failure> {
    let (granted, organisation) = (&company.granted, company.facts.id);
    let actor = store::people::find_actor(&change.tx, person, change.now).await.or_fail("finding an actor")?;
    let visibility = actor.map(|actor| policy::case_visibility(&actor, change.now));
    let unseen = |case: &CaseFacts| visibility.as_ref().is_none_or(|visibility| !visibility.sees(case));

    let mut chats =
        store::chat::list_live_of(&change.tx, granted, person, Some(organisation)).await.or_fail("listing chats")?;
    chats.retain(|(.., facts)| unseen(facts));
    let mut calls =
        store::calls::list_open_of(&change.tx, granted, person, organisation).await.or_fail("listing calls")?;
    calls.retain(|(.., facts)| unseen(facts));
    // Cases are locked in one order, whether a chat or a call is in them (docs/ARCHITECTURE.md, invariant 14).
    let cases = chats.iter().map(|(_, case, _)| *case).chain(calls.iter().map(|(_, case, _)| *case));
    for case in cases.collect::<BTreeSet<CaseId>>() {
        store::cases::lock(&change.tx, granted, case).await.or_fail("waiting for others")?;
    }
    for (chat, case, _) in chats {
        chat::end_by_system(change, services, granted, chat, case).await?;
    }
    for (call, case, _) in calls {
        if store::calls::cancel(&change.tx, granted, call, change.now).await.or_fail("taking a call back")? {
            note_cancelled(change, services, company, case).await?;
            change.case_event(Verb::CallbackCancelled, organisation, case, false, json!({ "callback": call }));
        }
    }
    Ok(())
}

async fn note_cancelled(change: &Change, services: &Services, company: &Company, case: CaseId) -> Result<(), Failure> {
    let line = NewEntry {
        id: services.id(),
        case,
        kind: EntryKind::Line,
        side: Side::System,
        author: None,
        author_name: "",
        body: "callback_cancelled",
        now: change.now,
    };
    store::cases::insert_entry(&change.tx, &company.granted, line).await.or_fail("writing a line")
}
