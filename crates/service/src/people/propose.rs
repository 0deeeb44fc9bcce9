//! Another address for an account that its owner has come in by (D5): others propose it, and only the owner takes it.
//!
//! Taking it wants the link that was sent to the new address and the password of the account. Neither is enough alone: an
//! administrator could propose a mailbox of their own, and the account may lead into other companies too (F3); and a mailbox
//! is not its owner's for ever. The address of before is told, once, and gets nothing else from then on.

use domain::{
    AddressChangeId, Failure, FieldError,
    access::{RoleKind, policy},
    audit::Verb,
    failure::Conflict,
    mail::MailKind,
    people::{AddressLinkState, AddressLinkView, MembershipState, address_link_ends},
    rollout::Capability,
    text::{EmailAddress, in_letters},
};
use serde_json::json;
use store::{
    Reads,
    people::{AddressChange, PersonFacts},
};

use super::{Company, by, check_domain, check_recipient, invite::share};
use crate::{
    Change, Context, OrFail, Services,
    change::Mail,
    link,
    session::{self, Origin},
};

const PURPOSE: &[u8] = b"address change";

/// Proposes an address for a member, and sends the link there. Whether it belongs to another account is not said: its owner
/// hears of it behind the link (CVE-2026-40570).
///
/// # Errors
/// [`Failure::Forbidden`] while the company is in DRAFT, [`Conflict::AlreadyMember`] for the address of another member,
/// [`Conflict::WorksForVendor`] (F7), [`Failure::TooMany`] when the address got its share of mails (F3).
pub(super) async fn propose(
    context: &Context,
    mut change: Change,
    company: &Company,
    person: &PersonFacts,
    email: &EmailAddress,
) -> Result<(), Failure> {
    let (services, organisation) = (&context.services, company.facts.id);
    policy::check_gate(&company.gate, Capability::PeopleAdmin, change.now)?;
    check_recipient(&change, None, person.id, RoleKind::Customer).await?;
    let normalised = email.normalised();
    if let Some(known) = store::people::find_by_email(&change.tx, &normalised).await.or_fail("finding a person")? {
        let member =
            store::people::find_membership(&change.tx, known, organisation).await.or_fail("finding a member")?;
        if member.is_some_and(|member| member.state != MembershipState::Removed) {
            return Err(Failure::Conflict(Conflict::AlreadyMember));
        }
    }
    if let Some(left) = share(&change, services, &normalised, organisation).await? {
        let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
        return Err(Failure::TooMany { retry_after_seconds: seconds.max(1) });
    }
    let proposed = AddressChange {
        id: services.id(),
        person: person.id,
        organisation,
        email: email.to_string(),
        normalised,
        ends_at: address_link_ends(change.now),
    };
    store::people::set_address_change(&change.tx, &company.granted, &proposed, change.now)
        .await
        .or_fail("proposing an address")?;
    change
        .mail(Mail {
            kind: MailKind::AddressProposed,
            key: proposed.id.to_string(),
            person: person.id,
            recipient: &proposed.email,
            locale: person.locale,
            params: json!({
                "name": person.name,
                "organisation": company.facts.name,
                "email": email.letters(),
                "by": by(context, &company.granted),
                "address_change": proposed.id,
                "ends_at": proposed.ends_at,
            }),
            case: None,
            organisation: Some(organisation),
        })
        .await?;
    let detail = json!({ "before": in_letters(&person.email), "after": email.letters() });
    change.event(Verb::PersonAddressProposed, Some(organisation), ("person", person.id), detail);
    change.commit().await
}

/// The last part of the link.
pub fn address_link_token(services: &Services, id: AddressChangeId) -> String {
    link::sign(services, PURPOSE, id.uuid().as_bytes())
}

fn parse_token(services: &Services, token: &str) -> Result<AddressChangeId, Failure> {
    let said = link::verify(services, PURPOSE, token).ok_or(Failure::NotFound)?;
    uuid::Uuid::from_slice(&said).map(Into::into).map_err(|_| Failure::NotFound)
}

/// What is proposed, while it can be confirmed: the person belongs to the company that proposed it.
///
/// # Errors
/// When the database cannot be asked.
pub(crate) async fn find_open(
    services: &Services,
    db: &impl Reads,
    id: AddressChangeId,
) -> Result<Option<AddressChange>, Failure> {
    let found = store::people::find_address_change(db, id).await.or_fail("finding a proposed address")?;
    let Some(found) = found.filter(|found| services.now() < found.ends_at) else { return Ok(None) };
    let member =
        store::people::find_membership(db, found.person, found.organisation).await.or_fail("finding a member")?;
    Ok(member.filter(|member| member.state != MembershipState::Removed).map(|_| found))
}

/// What the page behind the link shows. Never changes anything (K4).
///
/// # Errors
/// [`Failure::NotFound`] for a link that was not made here.
pub async fn address_link(services: &Services, token: &str) -> Result<AddressLinkState, Failure> {
    let id = parse_token(services, token)?;
    let Some(proposed) = find_open(services, &services.db, id).await? else { return Ok(AddressLinkState::Ended) };
    let person = store::people::find(&services.db, proposed.person).await.or_fail("finding a person")?;
    let company = store::organisations::find(&services.db, proposed.organisation).await.or_fail("finding a company")?;
    Ok(AddressLinkState::Open(AddressLinkView {
        name: person.name,
        email: in_letters(&proposed.email),
        organisation: company.name,
    }))
}

/// Takes the new address: from now on the person signs in with it and gets every mail there. Links to set a password that
/// were sent to the address of before end; sessions go on.
///
/// # Errors
/// [`Failure::NotFound`] for a link that was not made here, [`Conflict::AddressLinkEnded`] for one that is over,
/// [`Conflict::AddressTaken`] when the address is another account's, [`Conflict::WorksForVendor`] (F7),
/// [`Failure::Invalid`] under `password`, [`Failure::TooMany`] for a reader who guesses it.
pub async fn confirm_address(services: &Services, token: &str, password: &str, origin: &Origin) -> Result<(), Failure> {
    let ended = || Failure::Conflict(Conflict::AddressLinkEnded);
    let id = parse_token(services, token)?;
    let proposed = find_open(services, &services.db, id).await?.ok_or_else(ended)?;
    let person = proposed.person;
    let before = store::people::find(&services.db, person).await.or_fail("finding a person")?;
    if password.is_empty() {
        return Err(Failure::field("password", FieldError::Required));
    }
    let wrong = || Failure::field("password", FieldError::WrongPassword);
    let stored = store::people::find_password(&services.db, person).await.or_fail("finding a password")?;
    let account = before.email.to_lowercase();
    if !session::prove(services, (&account, Some(person)), (password, stored.hash.as_deref()), origin).await? {
        return Err(wrong());
    }

    let mut change = Change::begin_as(services, Some(person), origin.request).await?;
    if !session::is_present(&change, person, stored.version).await? {
        return Err(wrong());
    }
    check_domain(services, &proposed.email)?;
    check_recipient(&change, None, person, RoleKind::Customer).await?;
    let proposed = find_open(services, &change.tx, id).await?.ok_or_else(ended)?;
    let before = store::people::find(&change.tx, person).await.or_fail("finding a person")?;
    let known = store::people::find_by_email(&change.tx, &proposed.normalised).await.or_fail("finding a person")?;
    if known.is_some_and(|known| known != person) {
        return Err(Failure::Conflict(Conflict::AddressTaken));
    }
    store::people::confirm_address(&change.tx, person, &proposed.email, &proposed.normalised, change.now)
        .await
        .or_conflict("taking an address", Conflict::AddressTaken)?;
    store::people::end_reset_links(&change.tx, person).await.or_fail("ending links")?;
    let after = in_letters(&proposed.email);
    change
        .mail(Mail {
            kind: MailKind::AddressChanged,
            key: id.to_string(),
            person,
            recipient: &before.email,
            locale: before.locale,
            params: json!({ "name": before.name, "email": after, "at": change.now }),
            case: None,
            organisation: Some(proposed.organisation),
        })
        .await?;
    note_everywhere(&mut change, &proposed, (&in_letters(&before.email), &after)).await?;
    change.commit().await
}

/// Every company of the person sees in its ledger that the address is another one, and so does the one that proposed it,
/// which may have added the person again without an answer yet.
async fn note_everywhere(
    change: &mut Change,
    proposed: &AddressChange,
    (before, after): (&str, &str),
) -> Result<(), Failure> {
    let companies = store::people::list_active_in(&change.tx, proposed.person).await;
    let mut companies = companies.or_fail("listing companies")?;
    if !companies.contains(&proposed.organisation) {
        companies.push(proposed.organisation);
    }
    for organisation in companies {
        let detail = json!({ "before": before, "after": after, "by_owner": true });
        change.event(Verb::PersonAddressCorrected, Some(organisation), ("person", proposed.person), detail);
    }
    Ok(())
}
