//! The person at the other end of a request, with all that decides what they may do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Permission, Role};
use crate::{GrantId, OrganisationId, PersonId, ProductId, locale::Locale, rollout::Gate};

/// How far a customer's role reaches into the cases of the company.
///
/// It stands on the grant, never on the company: sharing every case with the whole company is what users of other desks regret
/// most (peers.md 5.2). The default shows one's own cases only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    #[default]
    Own,
    Organisation,
}

impl Reach {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Organisation => "organisation",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        [Self::Own, Self::Organisation].into_iter().find(|reach| reach.key() == key)
    }
}

/// A role given to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub id: GrantId,
    pub role: Role,
    /// The company it holds in; `None` is the vendor's side, where it holds everywhere.
    pub organisation: Option<OrganisationId>,
    /// `None` is every product.
    pub products: Option<Vec<ProductId>>,
    pub reach: Reach,
    /// The moment it ends by itself.
    pub until: Option<Timestamp>,
    /// What the role allows, from the database.
    pub permissions: Vec<Permission>,
}

impl Grant {
    pub fn holds(&self, permission: Permission, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until) && self.permissions.contains(&permission)
    }

    /// Whether it reaches a company (and, for product-scoped roles, one of its products).
    pub fn covers(&self, organisation: Option<OrganisationId>, product: Option<ProductId>) -> bool {
        match (self.organisation, organisation) {
            (None, _) => true,
            (Some(own), Some(asked)) if own == asked => match (&self.products, product) {
                (None, _) => true,
                (Some(products), Some(product)) => products.contains(&product),
                (Some(_), None) => false,
            },
            _ => false,
        }
    }
}

/// One company that a person belongs to, with the gate its rollout sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub organisation: OrganisationId,
    pub name: String,
    pub gate: Gate,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub person: PersonId,
    pub name: String,
    pub email: String,
    pub locale: Locale,
    /// The IANA name of the zone that days and times are shown in.
    pub zone: String,
    /// Whether the person, or their browser, said so; otherwise it is a guess from their company.
    pub zone_known: bool,
    pub memberships: Vec<Membership>,
    pub grants: Vec<Grant>,
}

impl Actor {
    /// Whether the person works for the vendor. Roles that are over were left out when the actor was read.
    pub fn is_vendor(&self) -> bool {
        self.grants.iter().any(|grant| grant.organisation.is_none())
    }

    pub fn membership(&self, organisation: OrganisationId) -> Option<&Membership> {
        self.memberships.iter().find(|membership| membership.organisation == organisation)
    }

    /// Returns the company that pages are about: the one that was chosen, if the person belongs to it (still), else the
    /// first.
    pub fn present(&self, chosen: Option<OrganisationId>) -> Option<&Membership> {
        chosen.and_then(|chosen| self.membership(chosen)).or_else(|| self.memberships.first())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn member_of(companies: &[u128]) -> Actor {
        let membership = |id: &u128| Membership {
            organisation: Uuid::from_u128(*id).into(),
            name: String::new(),
            gate: Gate::open(),
        };
        Actor {
            person: Uuid::nil().into(),
            name: String::new(),
            email: String::new(),
            locale: Locale::Fr,
            zone: "UTC".into(),
            zone_known: true,
            memberships: companies.iter().map(membership).collect(),
            grants: Vec::new(),
        }
    }

    /// K5: whatever a browser says, the present company is one of one's own.
    #[test]
    fn k5_the_present_company_is_ones_own() {
        let present = |actor: &Actor, chosen: Option<u128>| {
            let found = actor.present(chosen.map(|id| Uuid::from_u128(id).into()));
            found.map(|membership| membership.organisation)
        };
        let company = |id: u128| Some(OrganisationId::from(Uuid::from_u128(id)));
        let actor = member_of(&[1, 2]);
        assert_eq!(present(&actor, None), company(1));
        assert_eq!(present(&actor, Some(2)), company(2));
        assert_eq!(present(&actor, Some(3)), company(1));
        assert_eq!(present(&member_of(&[]), Some(3)), None);
    }
}
