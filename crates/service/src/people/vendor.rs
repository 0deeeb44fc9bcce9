//! The vendor's own people, made and ended at the command line (`guichet user create`, `guichet user remove`): no invitation,
//! a password to begin with.

use domain::{
    Failure, FieldError, FieldErrors, PersonId,
    access::{Granted, Permission, Reach, Role, RoleKind},
    audit::Verb,
    failure::Conflict,
    locale::Locale,
    text::{EmailAddress, NewPassword, PersonName},
};
use serde_json::json;
use store::people::{NewGrant, NewPerson};

use crate::{Change, OrFail, Services};

/// Makes an account at the vendor's.
///
/// # Errors
/// [`Failure::Invalid`] under `email`, `name`, `role`, `password`; [`Conflict::AlreadyMember`] when the address belongs to
/// somebody, of the vendor or of a customer.
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
    let role = Role::parse(role).filter(|role| role.kind() == RoleKind::Vendor).ok_or(FieldError::NotAChoice);
    let role = errors.take("role", role);
    let password = errors.take("password", NewPassword::parse(password));
    let (Some(email), Some(name), Some(role), Some(password)) = (email, name, role, password) else {
        return Err(errors.into_failure());
    };
    let hash = services.hasher.hash(password).await?;

    let mut change = Change::begin_as_system(services).await?;
    let normalised = email.normalised();
    if store::people::find_by_email(&change.tx, &normalised).await.or_fail("finding a person")?.is_some() {
        return Err(Failure::Conflict(Conflict::AlreadyMember));
    }
    let (id, now) = (services.id(), change.now);
    let create = Granted::to_system(Permission::PersonCreate, None);
    let new =
        NewPerson { id, name: name.as_str(), email: email.as_str(), normalised: &normalised, phone: None, locale, now };
    store::people::insert(&change.tx, &create, new).await.or_conflict("adding a person", Conflict::AlreadyMember)?;
    store::people::set_password(&change.tx, id, 0, &hash, now).await.or_fail("setting a password")?;
    let grant = NewGrant {
        id: services.id(),
        person: id,
        role,
        organisation: None,
        reach: Reach::Organisation,
        products: None,
        reasons: &[],
        until: None,
        now,
    };
    let give = Granted::to_system(Permission::RoleGrant, None);
    store::people::insert_grant(&change.tx, &give, grant).await.or_fail("giving a role")?;
    change.event(Verb::PersonCreated, None, ("person", id), json!({ "role": role }));
    change.commit().await?;
    Ok(id)
}

/// Ends an account at the vendor's: every role there, every session. Name and history stay; what the person is in a company
/// stays too.
///
/// # Errors
/// [`Failure::Invalid`] under `email`, [`Failure::NotFound`] when nobody at the vendor's has the address.
pub async fn remove_vendor_user(services: &Services, email: &str) -> Result<(), Failure> {
    let email = EmailAddress::parse(email).map_err(|error| Failure::field("email", error))?;
    let mut change = Change::begin_as_system(services).await?;
    let found = store::people::find_by_email(&change.tx, &email.normalised()).await.or_fail("finding a person")?;
    let person = found.ok_or(Failure::NotFound)?;
    let grants = store::people::list_standing(&change.tx, person, None, change.now).await.or_fail("listing roles")?;
    if grants.is_empty() {
        return Err(Failure::NotFound);
    }
    let take = Granted::to_system(Permission::RoleGrant, None);
    for grant in &grants {
        store::people::revoke_grant(&change.tx, &take, grant.id, change.now).await.or_fail("taking a role")?;
    }
    let ended = store::sessions::delete_all(&change.tx, person).await.or_fail("ending sessions")?;
    let roles: Vec<Role> = grants.iter().map(|grant| grant.role).collect();
    change.event(Verb::PersonRemoved, None, ("person", person), json!({ "roles": roles, "sessions": ended }));
    change.commit().await
}
