//! Server functions of people and invitations.

use domain::{
    GrantId, OrganisationId, PersonId,
    people::{
        AddressLinkState, CompanyHead, InvitationState, PeopleFilter, PeopleView, PersonForm, PersonView, RoleForm,
    },
};
use leptos::prelude::*;
use server_fn::codec::Json;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

/// Returns a company and a page of its people, or a page of companies to choose from.
#[server(prefix = "/fn/people", endpoint = "page", input = Json)]
pub async fn people_page(filter: PeopleFilter) -> Result<PeopleView, ApiError> {
    let context = request::context()?;
    let filter = PeopleFilter { company: present(filter.company), ..filter };
    request::reply(service::people::page(&context, &filter).await)
}

/// Returns one person of a company.
#[server(prefix = "/fn/people", endpoint = "find", input = Json)]
pub async fn find_person(company: Option<OrganisationId>, person: PersonId) -> Result<PersonView, ApiError> {
    let context = request::context()?;
    request::reply(service::people::person(&context, present(company), person).await)
}

/// Returns what the form to add a person needs.
#[server(prefix = "/fn/people", endpoint = "adding", input = Json)]
pub async fn find_company_to_add(company: Option<OrganisationId>) -> Result<Option<CompanyHead>, ApiError> {
    let context = request::context()?;
    request::reply(service::people::adding(&context, present(company)).await)
}

#[cfg(feature = "ssr")]
fn present(company: Option<OrganisationId>) -> Option<OrganisationId> {
    company.or_else(|| request::company_with(domain::access::Permission::PersonList))
}

#[server(prefix = "/fn/people", endpoint = "add")]
pub async fn add_person(form: PersonForm) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::people::add(&context, &form).await)?;
    request::redirect(&format!("/people?company={}&done=added", form.organisation));
    Ok(())
}

#[server(prefix = "/fn/people", endpoint = "grant_role")]
pub async fn grant_role(organisation: OrganisationId, person: PersonId, form: RoleForm) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::people::grant_role(&context, organisation, person, &form).await)?;
    request::redirect(&format!("/people/{person}?company={organisation}&done=role"));
    Ok(())
}

#[server(prefix = "/fn/people", endpoint = "revoke_role")]
pub async fn revoke_role(organisation: OrganisationId, person: PersonId, grant: GrantId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::people::revoke_role(&context, organisation, person, grant).await)?;
    request::redirect(&format!("/people/{person}?company={organisation}&done=role"));
    Ok(())
}

#[server(prefix = "/fn/people", endpoint = "remove")]
pub async fn remove_person(organisation: OrganisationId, person: PersonId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::people::remove(&context, organisation, person).await)?;
    request::redirect(&format!("/people?company={organisation}&done=removed"));
    Ok(())
}

#[server(prefix = "/fn/people", endpoint = "resend")]
pub async fn resend_invitation(organisation: OrganisationId, person: PersonId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::people::resend_invitation(&context, organisation, person).await)?;
    request::redirect(&format!("/people/{person}?company={organisation}&done=resent"));
    Ok(())
}

/// Corrects an address that its owner has never signed in with, or proposes another one to its owner; leads to the person,
/// who may be another account now.
#[server(prefix = "/fn/people", endpoint = "correct_address")]
pub async fn correct_address(
    organisation: OrganisationId,
    person: PersonId,
    #[server(default)] email: String,
) -> Result<(), ApiError> {
    let context = request::context()?;
    let corrected = request::reply(service::people::correct_address(&context, organisation, person, &email).await)?;
    let (person, done) = match corrected {
        service::people::Corrected::Done(person) => (person, "address"),
        service::people::Corrected::Proposed => (person, "proposed"),
    };
    request::redirect(&format!("/people/{person}?company={organisation}&done={done}"));
    Ok(())
}

/// Reads a link to take a new address for its holder; changes nothing (K4).
#[server(prefix = "/fn/people", endpoint = "address_link")]
pub async fn find_address_link(token: String) -> Result<AddressLinkState, ApiError> {
    request::reply(service::people::address_link(&request::services(), &token).await)
}

/// Takes a new address, for the holder of the link who knows the password of the account.
#[server(prefix = "/fn/people", endpoint = "confirm_address")]
pub async fn confirm_address(token: String, #[server(default)] password: String) -> Result<(), ApiError> {
    let facts = request::facts();
    let confirmed = service::people::confirm_address(&facts.services, &token, &password, &facts.origin).await;
    request::reply(confirmed)?;
    if let Ok(path) = domain::text::LocalPath::parse(&format!("/address/{token}?done=true")) {
        request::redirect(path.as_str());
    }
    Ok(())
}

/// Invites every person who was not told yet; leads to the list of people.
#[server(prefix = "/fn/people", endpoint = "invite_waiting")]
pub async fn invite_waiting(organisation: OrganisationId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::people::invite_waiting(&context, organisation).await)?;
    request::redirect(&format!("/people?company={organisation}&done=invited"));
    Ok(())
}

/// Reads an invitation for the holder of its link; changes nothing (K4).
#[server(prefix = "/fn/people", endpoint = "invitation")]
pub async fn find_invitation(token: String) -> Result<InvitationState, ApiError> {
    request::reply(service::people::invitation_view(&request::services(), &token).await)
}

#[server(prefix = "/fn/people", endpoint = "accept")]
pub async fn accept_invitation(
    token: String,
    #[server(default)] name: String,
    password: String,
    #[server(default)] password_again: String,
) -> Result<(), ApiError> {
    let facts = request::facts();
    let typed = service::people::Acceptance {
        name: &name,
        password: &password,
        password_again: &password_again,
        locale: facts.locale,
    };
    let accepted = service::people::accept_invitation(&facts.services, &token, &typed, &facts.origin).await;
    request::start_session(&request::reply(accepted)?);
    request::redirect("/");
    Ok(())
}

#[server(prefix = "/fn/people", endpoint = "renew")]
pub async fn renew_invitation(token: String) -> Result<(), ApiError> {
    request::reply(service::people::renew_invitation(&request::services(), &token).await)?;
    if let Ok(path) = domain::text::LocalPath::parse(&format!("/invitation/{token}?sent=true")) {
        request::redirect(path.as_str());
    }
    Ok(())
}
