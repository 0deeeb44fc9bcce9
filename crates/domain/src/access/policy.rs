//! The one policy. Pure, and the same code in the browser (to show what is open) and on the server (to decide).

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Actor, CaseScope, CaseVisibility, Grant, Permission, Reach, RoleKind};
use crate::{
    Failure, OrganisationId, PersonId, ProductId,
    failure::{Contact, Denial},
    rollout::{Capability, Gate},
};

/// Proof that the policy said yes; it cannot be made anywhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    permission: Permission,
    organisation: Option<OrganisationId>,
    actor: Option<PersonId>,
    side: RoleKind,
}

impl Granted {
    pub const fn permission(&self) -> Permission {
        self.permission
    }

    /// Returns the company that was asked about; `None` for the vendor's side.
    pub const fn organisation(&self) -> Option<OrganisationId> {
        self.organisation
    }

    /// `None` is the system itself: a job, or an operator at the command line.
    pub const fn actor(&self) -> Option<PersonId> {
        self.actor
    }

    /// Returns the side of the role that allowed it: what is written by it is written from there (F7), whatever other
    /// roles the actor has.
    pub const fn side(&self) -> RoleKind {
        self.side
    }

    pub fn is_by_vendor(&self) -> bool {
        self.side == RoleKind::Vendor
    }

    /// For jobs and the command line, where no person is signed in. Never call it while serving a request.
    pub const fn to_system(permission: Permission, organisation: Option<OrganisationId>) -> Self {
        Self { permission, organisation, actor: None, side: RoleKind::Vendor }
    }
}

/// Where an act takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    organisation: Option<OrganisationId>,
    product: Option<ProductId>,
    any_product: bool,
    gate: Gate,
}

impl Place {
    /// Returns the vendor's own side.
    pub const fn vendor() -> Self {
        Self { organisation: None, product: None, any_product: false, gate: Gate::open() }
    }

    /// Returns a company as a whole, whichever product.
    pub const fn organisation(organisation: OrganisationId, gate: Gate) -> Self {
        Self { organisation: Some(organisation), product: None, any_product: true, gate }
    }

    /// Returns a company and one of its products; `None` is "none of the above", which product-scoped roles do not
    /// reach.
    pub const fn product(organisation: OrganisationId, product: Option<ProductId>, gate: Gate) -> Self {
        Self { organisation: Some(organisation), product, any_product: false, gate }
    }

    /// `None` is the vendor's own side.
    pub const fn company(&self) -> Option<OrganisationId> {
        self.organisation
    }
}

/// Decides one act.
///
/// # Errors
/// [`Failure::NotFound`] when the actor has nothing to do with the place; [`Failure::Forbidden`] when they do, with the
/// opening date (R26) or the administrators who can help (K2, filled in by the service).
pub fn authorize(actor: &Actor, permission: Permission, place: &Place, now: Timestamp) -> Result<Granted, Failure> {
    let over = |grant: &Grant| grant.role.until_launch(permission) && !place.gate.is_preparing();
    let holding = actor.grants.iter().filter(|grant| grant.holds(permission, now) && !over(grant));
    let allowing = holding.filter(|grant| {
        if place.any_product {
            grant.organisation.is_none() || grant.organisation == place.organisation
        } else {
            grant.covers(place.organisation, place.product)
        }
    });
    // A role at the vendor's comes first: its holder acts for the vendor where that role is enough.
    let Some(used) = allowing.min_by_key(|grant| grant.organisation.is_some()) else {
        let known = place.organisation.is_none_or(|organisation| actor.membership(organisation).is_some());
        return Err(if known {
            Failure::Forbidden(Denial::Role { permission, administrators: Vec::<Contact>::new() })
        } else {
            Failure::NotFound
        });
    };
    let side = if used.organisation.is_none() { RoleKind::Vendor } else { RoleKind::Customer };
    if let Some(capability) = permission.capability() {
        let preparing = side == RoleKind::Vendor && capability == Capability::PeopleAdmin;
        if !preparing {
            check_gate(&place.gate, capability, now)?;
        }
    }
    Ok(Granted { permission, organisation: place.organisation, actor: Some(actor.person), side })
}

/// Whether the rollout of a company has opened a capability.
///
/// # Errors
/// [`Failure::Forbidden`] with the phase that opens it and its planned day, unless that has passed.
pub fn check_gate(gate: &Gate, capability: Capability, now: Timestamp) -> Result<(), Failure> {
    if gate.is_open(capability) {
        return Ok(());
    }
    let phase = capability.opens_in();
    let (opens_on, delayed) = gate.opening(capability, today(now));
    Err(Failure::Forbidden(Denial::NotOpenYet { capability, phase, opens_on, delayed }))
}

/// Returns the day in UTC, as the days of rollouts are.
fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// Whether the actor holds a permission anywhere: for menus, never for acts.
pub fn may_somewhere(actor: &Actor, permission: Permission, now: Timestamp) -> bool {
    actor.grants.iter().any(|grant| {
        grant.holds(permission, now)
            && match (grant.organisation, permission.capability()) {
                (Some(organisation), Some(capability)) => {
                    actor.membership(organisation).is_some_and(|membership| membership.gate.is_open(capability))
                }
                _ => true,
            }
    })
}

/// Returns which cases the actor sees: the same scope for lists, counts, search, exports, files and live topics.
pub fn case_visibility(actor: &Actor, now: Timestamp) -> CaseVisibility {
    let scopes = actor
        .grants
        .iter()
        .filter(|grant| grant.holds(Permission::CaseRead, now))
        .filter_map(|grant| match grant.organisation {
            None => Some(CaseScope::Everything),
            Some(organisation) => {
                let open = actor
                    .membership(organisation)
                    .is_some_and(|membership| membership.gate.is_open(Capability::CaseHistory));
                open.then(|| CaseScope::Organisation {
                    organisation,
                    products: grant.products.clone(),
                    requestor: match grant.reach {
                        Reach::Organisation => None,
                        Reach::Own => Some(actor.person),
                    },
                })
            }
        })
        .collect();
    let notes = actor.grants.iter().any(|grant| grant.organisation.is_none() && grant.holds(Permission::CaseNote, now));
    CaseVisibility::new(scopes, notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{access::Role, locale::Locale, rollout::Phase};

    /// R28, R29: contract contacts create and remove users until their company is launched.
    #[test]
    fn r29_contract_contacts_look_after_users_until_launch() {
        let organisation = OrganisationId::from(uuid::Uuid::from_u128(1));
        let now = Timestamp::UNIX_EPOCH;
        let allowed = |permission, gate: Gate| {
            let grant = Grant {
                id: uuid::Uuid::from_u128(2).into(),
                role: Role::ContractContact,
                organisation: Some(organisation),
                products: None,
                reach: Reach::Own,
                until: None,
                permissions: Role::ContractContact.permissions().to_vec(),
            };
            let actor = Actor {
                person: uuid::Uuid::from_u128(3).into(),
                name: String::new(),
                email: String::new(),
                locale: Locale::Fr,
                zone: "UTC".into(),
                zone_known: true,
                memberships: vec![super::super::Membership { organisation, name: String::new(), gate: gate.clone() }],
                grants: vec![grant],
            };
            authorize(&actor, permission, &Place::organisation(organisation, gate), now).is_ok()
        };
        for permission in [Permission::PersonCreate, Permission::PersonRemove] {
            for phase in [Phase::Setup, Phase::Validation, Phase::Enablement] {
                assert!(allowed(permission, Gate::new(phase, false, vec![])), "{phase:?}");
                assert!(allowed(permission, Gate::new(phase, true, vec![])), "{phase:?}, set back");
            }
            assert!(!allowed(permission, Gate::new(Phase::Launch, true, vec![])));
            assert!(!allowed(permission, Gate::open()), "in no programme, the company is at work");
        }
        assert!(allowed(Permission::PersonList, Gate::open()));
    }
}
