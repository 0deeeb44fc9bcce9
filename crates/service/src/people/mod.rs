//! People of a company: adding, inviting, giving roles, removing; accepting an invitation.

mod accept;
mod add;
mod address;
mod admins;
mod appeared;
mod invitation;
mod invite;
mod list;
mod propose;
mod remove;
mod roles;
mod sight;
mod vendor;

pub use accept::{Acceptance, accept_invitation, invitation_view, renew_invitation};
pub use add::add;
pub use address::{Corrected, correct_address};
pub(crate) use admins::Candidates;
pub(crate) use appeared::{announce_admins, tell_of_admins};
pub use invitation::{invitation_token, parse_invitation_token};
pub(crate) use invite::{forget_sent, invite_known};
pub use invite::{invite_waiting, on_forgot, resend_invitation};
pub use list::{adding, list, page, person};
pub(crate) use propose::find_open as find_open_address_link;
pub use propose::{address_link, address_link_token, confirm_address};
pub use remove::remove;
pub use roles::{grant_role, revoke_role};
pub use vendor::{
    count_customers_at_own_domains, create_vendor_user, list_vendor_users, remove_vendor_user, set_vendor_role,
};

use domain::{
    Failure, OrganisationId, PersonId,
    access::{self, Granted, Permission, Place, RoleKind},
    failure::Conflict,
    people::{AdminStanding, Days, MembershipState, guard_last_admin},
    rollout::{Capability, Gate, Phase},
    text::is_at,
};
use jiff::{Timestamp, tz::TimeZone};
use store::{
    organisations::OrganisationFacts,
    people::{MembershipFacts, PersonFacts},
};

use crate::{Change, Context, OrFail, Services, services::zone};

/// The company an act is about, with the proof that it is allowed.
struct Company {
    facts: OrganisationFacts,
    gate: Gate,
    granted: Granted,
}

impl Company {
    /// In DRAFT only the vendor works on a company, and its people are told nothing.
    fn is_silent(&self) -> bool {
        is_silent(&self.gate)
    }
}

fn is_silent(gate: &Gate) -> bool {
    gate.phase() == Some(Phase::Draft)
}

async fn authorize(
    context: &Context,
    permission: Permission,
    organisation: OrganisationId,
) -> Result<Company, Failure> {
    let db = &context.services.db;
    let gate = store::rollout::find_gate(db, organisation).await.or_fail("finding a gate")?;
    let granted = context.authorize(permission, &Place::organisation(organisation, gate.clone())).await?;
    let facts = store::organisations::find(db, organisation).await.or_fail("finding a company")?;
    Ok(Company { facts, gate, granted })
}

/// The days of a form with a last day: today for its reader, and the zone in which a day of the company ends.
async fn days(context: &Context, organisation: Option<OrganisationId>) -> Result<Days, Failure> {
    let company = match organisation {
        Some(organisation) => {
            let name = store::people::find_company_zone(&context.services.db, organisation).await;
            zone(&name.or_fail("finding a zone")?)
        }
        None => context.zone(),
    };
    Ok(Days { today: context.today(), company, now: context.services.now() })
}

/// A member who was not removed.
async fn member(
    change: &Change,
    person: PersonId,
    organisation: OrganisationId,
) -> Result<(PersonFacts, MembershipFacts), Failure> {
    let membership =
        store::people::find_membership(&change.tx, person, organisation).await.or_fail("finding a member")?;
    let membership = membership.filter(|found| found.state != MembershipState::Removed).ok_or(Failure::NotFound)?;
    let facts = store::people::find(&change.tx, person).await.or_fail("finding a person")?;
    Ok((facts, membership))
}

/// F7: whether an address may be a customer's: those at the vendor's domains are its own people's.
///
/// # Errors
/// [`Conflict::WorksForVendor`], whether the address has an account or not.
fn check_domain(services: &Services, address: &str) -> Result<(), Failure> {
    if is_at(address, &services.settings.vendor_domains) {
        return Err(Failure::Conflict(Conflict::WorksForVendor));
    }
    Ok(())
}

/// Checks that `giver` may give the account a role on this side (F7); until this change ends no other one gives it any.
///
/// # Errors
/// As [`access::check_recipient`] and, for a role on the customers' side, [`check_domain`].
async fn check_recipient(
    change: &Change,
    giver: Option<PersonId>,
    recipient: PersonId,
    kind: RoleKind,
) -> Result<(), Failure> {
    store::people::lock(&change.tx, recipient).await.or_fail("waiting for others")?;
    let sides = store::people::find_sides(&change.tx, &[recipient], change.now).await.or_fail("finding roles")?;
    access::check_recipient(giver, recipient, sides.get(&recipient).copied().unwrap_or_default(), kind)?;
    if kind == RoleKind::Customer {
        let facts = store::people::find(&change.tx, recipient).await.or_fail("finding a person")?;
        check_domain(change.services(), &facts.email)?;
    }
    Ok(())
}

/// K7: refuses what would leave the company without an admin. Others who change its admins wait until this change ends.
async fn keep_an_admin(change: &Change, organisation: OrganisationId, leaving: PersonId) -> Result<(), Failure> {
    let admins =
        store::people::list_admins(&change.tx, organisation, change.now).await.or_fail("listing administrators")?;
    let admins: Vec<_> =
        admins.into_iter().map(|admin| (admin.person.id, AdminStanding::new(admin.active, admin.lasting))).collect();
    guard_last_admin(&admins, leaving)
}

/// Moves a member to another state.
///
/// # Errors
/// [`Conflict::StatusChange`] when another change moved them meanwhile.
async fn move_member(
    change: &Change,
    person: PersonId,
    organisation: OrganisationId,
    (from, to): (MembershipState, MembershipState),
) -> Result<(), Failure> {
    let moved = store::people::set_membership_state(&change.tx, person, organisation, from, to, change.now).await;
    if moved.or_fail("moving a member")? { Ok(()) } else { Err(Failure::Conflict(Conflict::StatusChange)) }
}

/// Who did it, as the mails to a company say: the vendor's people act in the vendor's name.
fn by<'a>(context: &'a Context, granted: &Granted) -> &'a str {
    if granted.is_by_vendor() { &context.services.settings.vendor } else { &context.actor.name }
}

/// What a mail says about the rollout: whether the main part is closed still, and the day it opens, unless that has passed.
fn launch(gate: &Gate, now: Timestamp) -> (bool, Option<String>) {
    let today = now.to_zoned(TimeZone::UTC).date();
    let closed = !gate.is_open(Capability::CaseOpen);
    let (opens_on, _) = gate.opening(Capability::CaseOpen, today);
    (closed, opens_on.filter(|_| closed).map(|day| day.to_string()))
}
