//! What the tests about people share: the form that adds one, the answer to an invitation, the links in mails.

use domain::{
    OrganisationId, PersonId,
    access::Role,
    locale::Locale,
    people::{MembershipState, PersonForm, RoleForm},
};
use service::{mail::Letter, people::Acceptance};
use testkit::World;

/// Ugo Petit, to be added to a company.
pub fn form(organisation: impl ToString, email: &str, role: Role) -> PersonForm {
    PersonForm {
        organisation: organisation.to_string(),
        name: "Ugo Petit".into(),
        email: email.into(),
        role: RoleForm { role: role.key().into(), ..Default::default() },
        ..Default::default()
    }
}

/// What Ugo types to accept: another password than the one of the people whom the world comes with.
pub const TYPED: Acceptance<'static> = Acceptance {
    name: "Ugo Petit-Jean",
    password: "un chat sur le mur",
    password_again: "un chat sur le mur",
    locale: Locale::En,
};

/// The last parts of the links to a page of the portal in the mails to an address.
pub fn links(mails: &[Letter], to: &str, page: &str) -> Vec<String> {
    let links = mails.iter().filter(|mail| mail.to == to).filter_map(|mail| mail.text.split_once(page));
    links.filter_map(|(_, rest)| Some(rest.split_whitespace().next()?.to_owned())).collect()
}

/// The links of invitations.
pub fn tokens(mails: &[Letter], to: &str) -> Vec<String> {
    links(mails, to, "/invitation/")
}

/// The link of the first invitation.
pub fn token(mails: &[Letter], to: &str) -> String {
    tokens(mails, to).into_iter().next().expect("an invitation")
}

/// Where the mails went, in order.
pub fn to(mails: &[Letter]) -> Vec<&str> {
    let mut to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    to
}

/// Where a person stands in a company.
pub async fn state(world: &World, person: PersonId, organisation: OrganisationId) -> Option<MembershipState> {
    let found = store::people::find_membership(&world.services.db, person, organisation).await.expect("a lookup");
    found.map(|member| member.state)
}
