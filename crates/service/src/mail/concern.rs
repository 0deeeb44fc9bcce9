//! Checks that a mail still concerns its recipient when it leaves: it may have been queued hours ago (F5).

use domain::{
    AddressChangeId, Failure, GrantId, InvitationId, OrganisationId, PersonId,
    access::policy,
    mail::{MailKind, MailProblem},
    people::MembershipState,
};
use jiff::Timestamp;
use serde_json::Value;
use store::mail::ClaimedMail;

use crate::{OrFail, Services, people};

/// The address that a mail goes to, or why it must not leave any more.
pub(super) enum Concern {
    Send { recipient: String },
    Drop(MailProblem),
}

/// Asks for each kind of mail what it tells of: the case is in sight, the membership, the role or the link is there. A mail
/// goes to the address that the person has now, not to the one of then, unless it is about that address.
///
/// # Errors
/// When the database cannot be asked.
pub(super) async fn ask(services: &Services, mail: &ClaimedMail) -> Result<Concern, Failure> {
    if let Some(problem) = objection(services, mail).await? {
        return Ok(Concern::Drop(problem));
    }
    let recipient = match mail.person.filter(|_| !is_of_the_address(mail.kind)) {
        Some(person) => store::people::find(&services.db, person).await.or_fail("finding the recipient")?.email,
        None => mail.recipient.clone(),
    };
    Ok(Concern::Send { recipient })
}

/// Whether a mail is about one address, and goes nowhere else (D5).
const fn is_of_the_address(kind: MailKind) -> bool {
    matches!(kind, MailKind::AddressProposed | MailKind::AddressChanged)
}

async fn objection(services: &Services, mail: &ClaimedMail) -> Result<Option<MailProblem>, Failure> {
    let (gone, ended) = (Some(MailProblem::OutOfSight), Some(MailProblem::LinkEnded));
    let Some(person) = mail.person else { return Ok(gone) };
    if let Some(mailing) = mail.mailing
        && store::mail::is_stopped(&services.db, mailing).await.or_fail("finding a sending")?
    {
        return Ok(Some(MailProblem::Stopped));
    }
    let concerns = match mail.kind {
        MailKind::PasswordReset => return Ok(if reset_open(services, mail, person).await? { None } else { ended }),
        MailKind::Invitation => return Ok(if invitation_open(services, mail, person).await? { None } else { ended }),
        MailKind::CaseOpened | MailKind::CaseReplied | MailKind::CaseClosed => sees(services, mail, person).await?,
        MailKind::RoleGranted => has_role(services, mail, person).await?,
        MailKind::UserCreated => administers(services, mail.organisation, person).await?,
        MailKind::Announcement if is_set(&mail.params, "test") => can_sign_in(services, person).await?,
        MailKind::Announcement => store::announcements::is_recipient(&services.db, person, mail.mailing)
            .await
            .or_fail("finding a recipient")?,
        MailKind::AddressProposed => return Ok(if address_link_open(services, mail).await? { None } else { ended }),
        // They tell of what is gone.
        MailKind::AccessRemoved | MailKind::AddressChanged => true,
    };
    Ok(if concerns { None } else { gone })
}

fn text<'v>(params: &'v Value, name: &str) -> Option<&'v str> {
    params.get(name).and_then(Value::as_str)
}

fn is_set(params: &Value, name: &str) -> bool {
    params.get(name).and_then(Value::as_bool).unwrap_or_default()
}

async fn can_sign_in(services: &Services, person: PersonId) -> Result<bool, Failure> {
    let found = store::people::find_actor(&services.db, person, services.now()).await;
    Ok(found.or_fail("finding the recipient")?.is_some())
}

async fn reset_open(services: &Services, mail: &ClaimedMail, person: PersonId) -> Result<bool, Failure> {
    let version = store::people::find_password(&services.db, person).await.or_fail("finding a password")?.version;
    let ends = text(&mail.params, "ends_at").and_then(|ends| ends.parse::<Timestamp>().ok());
    let open = mail.params.get("reset_version").and_then(Value::as_i64) == Some(i64::from(version))
        && ends.is_some_and(|ends| services.now() < ends);
    Ok(open && can_sign_in(services, person).await?)
}

async fn invitation_open(services: &Services, mail: &ClaimedMail, person: PersonId) -> Result<bool, Failure> {
    let Some(id) = text(&mail.params, "invitation").and_then(|id| id.parse::<InvitationId>().ok()) else {
        return Ok(false);
    };
    let found = store::people::find_invitation(&services.db, id).await.or_fail("finding an invitation")?;
    let Some(found) = found.filter(|found| found.person == person) else { return Ok(false) };
    let version = mail.params.get("invitation_version").and_then(Value::as_i64);
    let open = !found.accepted && services.now() < found.expires_at && version == Some(i64::from(found.version));
    Ok(open && membership(services, person, found.organisation).await? == Some(MembershipState::Invited))
}

async fn address_link_open(services: &Services, mail: &ClaimedMail) -> Result<bool, Failure> {
    let Some(id) = text(&mail.params, "address_change").and_then(|id| id.parse::<AddressChangeId>().ok()) else {
        return Ok(false);
    };
    Ok(people::find_open_address_link(services, &services.db, id).await?.is_some())
}

async fn membership(
    services: &Services,
    person: PersonId,
    organisation: OrganisationId,
) -> Result<Option<MembershipState>, Failure> {
    let found = store::people::find_membership(&services.db, person, organisation).await.or_fail("finding a member")?;
    Ok(found.map(|found| found.state))
}

async fn sees(services: &Services, mail: &ClaimedMail, person: PersonId) -> Result<bool, Failure> {
    let (db, now) = (&services.db, services.now());
    let actor = store::people::find_actor(db, person, now).await.or_fail("finding the recipient")?;
    let (Some(actor), Some(case)) = (actor, mail.case) else { return Ok(false) };
    match store::cases::find(db, &policy::case_visibility(&actor, now), case).await.or_fail("finding a case") {
        Ok(_) => Ok(true),
        Err(Failure::NotFound) => Ok(false),
        Err(failure) => Err(failure),
    }
}

async fn has_role(services: &Services, mail: &ClaimedMail, person: PersonId) -> Result<bool, Failure> {
    let Some(organisation) = mail.organisation else { return can_sign_in(services, person).await };
    let state = membership(services, person, organisation).await?;
    if !matches!(state, Some(MembershipState::Invited | MembershipState::Active)) {
        return Ok(false);
    }
    // Mails of an earlier release do not say which role.
    let Some(grant) = text(&mail.params, "grant").and_then(|id| id.parse::<GrantId>().ok()) else { return Ok(true) };
    let standing = store::people::list_standing(&services.db, person, Some(organisation), services.now()).await;
    Ok(standing.or_fail("listing roles")?.iter().any(|standing| standing.id == grant))
}

async fn administers(
    services: &Services,
    organisation: Option<OrganisationId>,
    person: PersonId,
) -> Result<bool, Failure> {
    let Some(organisation) = organisation else { return can_sign_in(services, person).await };
    let admins = store::people::list_admins(&services.db, organisation, services.now()).await;
    Ok(admins.or_fail("listing administrators")?.iter().any(|admin| admin.person.id == person))
}
