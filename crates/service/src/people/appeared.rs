//! M5 for administrators (F7): whenever a company gets one, by whatever way, the others are told. Ways that may send mails do
//! so immediately; an import sends none, so a job looks for administrators who have not been announced.

use domain::{Failure, OrganisationId, PersonId, access::Role, mail::MailKind, text::in_letters};
use serde_json::json;

use crate::{Change, OrFail, Services, change::Mail};

/// Announces new administrators to the others who are told what happens in a company, in the caller's transaction: of one
/// company or of all. One who is not invited yet, or whose company is in DRAFT, is announced when that is over. The caller
/// notes the event that made them administrators.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn tell_of_admins(
    change: &mut Change,
    services: &Services,
    organisation: Option<OrganisationId>,
) -> Result<(), Failure> {
    let unnoticed = store::people::list_unnoticed_admins(&change.tx, organisation, change.now).await;
    let unnoticed = unnoticed.or_fail("listing administrators")?;
    for found in &unnoticed {
        let noted = store::people::insert_admin_notice(&change.tx, found.grant, change.now).await;
        if !noted.or_fail("noting an administrator")? {
            continue;
        }
        let company = store::organisations::find(&change.tx, found.organisation).await.or_fail("finding a company")?;
        let admins = store::people::list_admins(&change.tx, company.id, change.now).await;
        let admins = admins.or_fail("listing administrators")?;
        let Some(newcomer) = admins.iter().find(|admin| admin.person.id == found.person) else { continue };
        let by = giver(change, services, found.by, company.id).await?;
        // Administrators invited in the same change are told of later ones only.
        let was_there =
            |person| !unnoticed.iter().any(|other| other.person == person && other.organisation == company.id);
        let others = admins.iter().filter(|admin| admin.person.id != found.person);
        for admin in others.filter(|admin| admin.active || (admin.hears && was_there(admin.person.id))) {
            change
                .mail(Mail {
                    kind: MailKind::UserCreated,
                    // Noted above once; a corrected address is told of anew.
                    key: format!("{}:{}:{}", company.id, found.grant, change.now),
                    person: admin.person.id,
                    recipient: &admin.person.email,
                    locale: admin.person.locale,
                    params: json!({
                        "name": admin.person.name,
                        "organisation": company.name,
                        "person": newcomer.person.name,
                        "email": in_letters(&newcomer.person.email).to_lowercase(),
                        "role": Role::SupportSystemAdmin,
                        "by": by,
                        "at": change.now,
                        "promoted": newcomer.active,
                    }),
                    organisation: Some(company.id),
                    case: None,
                })
                .await?;
        }
    }
    Ok(())
}

/// The giver of a role, as the company knows them: its own members by name, every other giver as the vendor.
async fn giver(
    change: &Change,
    services: &Services,
    giver: Option<PersonId>,
    organisation: OrganisationId,
) -> Result<String, Failure> {
    if let Some(giver) = giver {
        let member =
            store::people::find_membership(&change.tx, giver, organisation).await.or_fail("finding a member")?;
        if member.is_some() {
            return Ok(store::people::find(&change.tx, giver).await.or_fail("finding a person")?.name);
        }
    }
    Ok(services.settings.vendor.clone())
}

/// Announces the administrators that an import made, every few seconds: an import itself sends no mail (K20).
pub(crate) async fn announce_admins(services: &Services) -> Result<(), Failure> {
    let unnoticed = store::people::list_unnoticed_admins(&services.db, None, services.now()).await;
    if unnoticed.or_fail("listing administrators")?.is_empty() {
        return Ok(());
    }
    let mut change = Change::begin_as_system(services).await?;
    tell_of_admins(&mut change, services, None).await?;
    change.commit().await
}
