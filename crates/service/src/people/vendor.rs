//! The vendor's own people, made, changed, listed and ended at the command line (`guichet user`): no invitation, a password to
//! begin with.

use domain::{
    Failure, FieldError, FieldErrors, PersonId,
    access::{Granted, Permission, Reach, Role, RoleKind},
    audit::Verb,
    failure::Conflict,
    locale::Locale,
    people::StaffRow,
    text::{EmailAddress, NewPassword, PersonName},
};
use serde_json::json;
use store::people::{NewGrant, NewPerson, StandingGrant};

use super::check_recipient;
use crate::{Change, OrFail, Services};

/// Makes an account at the vendor's, or brings one back that was ended there, with a new name and password.
///
/// # Errors
/// [`Failure::Invalid`] under `email`, `name`, `role`, `password`; [`Conflict::AlreadyMember`] when the address has a role at
/// the vendor's ([`set_vendor_role`] changes it), [`Conflict::WorksForCompany`] when it belongs to a company (F7).
pub async fn create_vendor_user(
    services: &Services,
    email: &str,
    name: &str,
    role: &str,
    password: &str,
    locale: Locale,
) -> Result<PersonId, Failure> {
    let mut errors = FieldErrors::default();
    let email = errors.take("email", EmailAddress::parse(email));
    let name = errors.take("name", PersonName::parse(name));
    let role = errors.take("role", vendor_role(role));
    let password = errors.take("password", NewPassword::parse(password));
    let (Some(email), Some(name), Some(role), Some(password)) = (email, name, role, password) else {
        return Err(errors.into_failure());
    };
    let hash = services.hasher.hash(password).await?;

    let mut change = Change::begin_as_system(services).await?;
    let (normalised, now) = (email.normalised(), change.now);
    let id = match store::people::find_by_email(&change.tx, &normalised).await.or_fail("finding a person")? {
        Some(known) => {
            check_recipient(&change, None, known, RoleKind::Vendor).await?;
            if !list_standing(&change, known).await?.is_empty() {
                return Err(Failure::Conflict(Conflict::AlreadyMember));
            }
            store::people::set_name(&change.tx, known, name.as_str()).await.or_fail("setting a name")?;
            store::people::set_locale(&change.tx, known, locale).await.or_fail("setting a language")?;
            known
        }
        None => {
            let create = Granted::to_system(Permission::PersonCreate, None);
            let id = services.id();
            let (name, email) = (name.as_str(), email.as_str());
            let new = NewPerson { id, name, email, normalised: &normalised, phone: None, locale, now };
            store::people::insert(&change.tx, &create, new)
                .await
                .or_conflict("adding a person", Conflict::AlreadyMember)?;
            id
        }
    };
    let version = store::people::find_password(&change.tx, id).await.or_fail("finding a password")?.version;
    store::people::set_password(&change.tx, id, version, &hash, now).await.or_fail("setting a password")?;
    insert_grant(&change, services, id, role).await?;
    change.event(Verb::PersonCreated, None, ("person", id), json!({ "role": role }));
    change.commit().await?;
    Ok(id)
}

fn vendor_role(key: &str) -> Result<Role, FieldError> {
    Role::parse(key).filter(|role| role.kind() == RoleKind::Vendor).ok_or(FieldError::NotAChoice)
}

async fn insert_grant(change: &Change, services: &Services, person: PersonId, role: Role) -> Result<(), Failure> {
    let grant = NewGrant {
        id: services.id(),
        person,
        role,
        organisation: None,
        reach: Reach::Organisation,
        products: None,
        reasons: &[],
        until: None,
        now: change.now,
    };
    let give = Granted::to_system(Permission::RoleGrant, None);
    store::people::insert_grant(&change.tx, &give, grant).await.or_fail("giving a role")
}

async fn list_standing(change: &Change, person: PersonId) -> Result<Vec<StandingGrant>, Failure> {
    store::people::list_standing(&change.tx, person, None, change.now).await.or_fail("listing roles")
}

/// The person at the vendor's who has an address, with the roles that stand.
async fn find(change: &Change, email: &str) -> Result<(PersonId, Vec<StandingGrant>), Failure> {
    let email = EmailAddress::parse(email).map_err(|error| Failure::field("email", error))?;
    let found = store::people::find_by_email(&change.tx, &email.normalised()).await.or_fail("finding a person")?;
    let person = found.ok_or(Failure::NotFound)?;
    store::people::lock(&change.tx, person).await.or_fail("waiting for others")?;
    let grants = list_standing(change, person).await?;
    if grants.is_empty() { Err(Failure::NotFound) } else { Ok((person, grants)) }
}

/// Gives a person who works for the vendor another role, in the place of those they have: it decides from their next request
/// on.
///
/// # Errors
/// [`Failure::Invalid`] under `email`, `role`; [`Failure::NotFound`] when no account at the vendor's has the address.
pub async fn set_vendor_role(services: &Services, email: &str, role: &str) -> Result<(), Failure> {
    let role = vendor_role(role).map_err(|error| Failure::field("role", error))?;
    let mut change = Change::begin_as_system(services).await?;
    let (person, grants) = find(&change, email).await?;
    let before: Vec<Role> = grants.iter().map(|grant| grant.role).collect();
    if before == [role] {
        return Ok(());
    }
    revoke(&change, &grants).await?;
    insert_grant(&change, services, person, role).await?;
    change.event(Verb::RoleGranted, None, ("person", person), json!({ "role": role, "before": before }));
    change.commit().await
}

async fn revoke(change: &Change, grants: &[StandingGrant]) -> Result<(), Failure> {
    let take = Granted::to_system(Permission::RoleGrant, None);
    for grant in grants {
        store::people::revoke_grant(&change.tx, &take, grant.id, change.now).await.or_fail("taking a role")?;
    }
    Ok(())
}

/// Every person who works for the vendor, by name.
///
/// # Errors
/// When the database cannot be asked.
pub async fn list_vendor_users(services: &Services) -> Result<Vec<StaffRow>, Failure> {
    let proof = Granted::to_system(Permission::PersonList, None);
    store::people::list_staff(&services.db, &proof, services.now()).await.or_fail("listing the vendor's people")
}

/// Ends an account at the vendor's: every role there, every session. Name and history stay; what the person is in a company
/// stays too.
///
/// # Errors
/// [`Failure::Invalid`] under `email`, [`Failure::NotFound`] when no account at the vendor's has the address.
pub async fn remove_vendor_user(services: &Services, email: &str) -> Result<(), Failure> {
    let mut change = Change::begin_as_system(services).await?;
    let (person, grants) = find(&change, email).await?;
    revoke(&change, &grants).await?;
    let ended = store::sessions::delete_all(&change.tx, person).await.or_fail("ending sessions")?;
    let roles: Vec<Role> = grants.iter().map(|grant| grant.role).collect();
    change.event(Verb::PersonRemoved, None, ("person", person), json!({ "roles": roles, "sessions": ended }));
    change.commit().await
}

/// Counts the people of customers whose address is at one of the vendor's domains: they get no role and accept no invitation
/// (F7), which an operator who did not mean that has to hear of.
///
/// # Errors
/// When the database cannot be asked.
pub async fn count_customers_at_own_domains(services: &Services) -> Result<u64, Failure> {
    let mut count = 0;
    for domain in &services.settings.vendor_domains {
        count += store::people::count_members_at(&services.db, domain).await.or_fail("counting people")?;
    }
    Ok(count)
}
