//! Who may be given a role: one rule for every door by which a person comes into a company or to the vendor's desk (adding,
//! granting, an imported user or contact, a corrected address, an accepted invitation, the command line).

use super::RoleKind;
use crate::{Failure, PersonId, failure::Conflict};

/// Where an account stands before it is given a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// Holds a role at the vendor's that has neither been taken away nor ended.
    pub vendor: bool,
    /// Belongs to a company and was not removed from it, whether the invitation was accepted or not.
    pub customer: bool,
}

/// Decides whether `giver` may give a role of `kind` to `recipient` (F7). `giver` is `None` for the command line and jobs.
///
/// # Errors
/// [`Conflict::OwnRole`]: an actor cannot give a role to themselves. [`Conflict::WorksForVendor`]: the vendor's people never belong to
/// a customer's company, since a role there would show them what their role at the vendor's does not.
/// [`Conflict::WorksForCompany`]: a customer's account never becomes the vendor's.
pub fn check_recipient(
    giver: Option<PersonId>,
    recipient: PersonId,
    sides: Sides,
    kind: RoleKind,
) -> Result<(), Failure> {
    let conflict = if giver == Some(recipient) {
        Conflict::OwnRole
    } else {
        match kind {
            RoleKind::Customer if sides.vendor => Conflict::WorksForVendor,
            RoleKind::Vendor if sides.customer => Conflict::WorksForCompany,
            RoleKind::Customer | RoleKind::Vendor => return Ok(()),
        }
    };
    Err(Failure::Conflict(conflict))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// F7
    #[test]
    fn f7_an_account_stays_on_its_side_and_no_actor_gives_themselves_a_role() {
        let (giver, other) = (PersonId::from(Uuid::from_u128(1)), PersonId::from(Uuid::from_u128(2)));
        let (nowhere, vendor) = (Sides::default(), Sides { vendor: true, customer: false });
        let customer = Sides { vendor: false, customer: true };
        let conflict = |giver, recipient, sides, kind| match check_recipient(giver, recipient, sides, kind) {
            Ok(()) => None,
            Err(Failure::Conflict(conflict)) => Some(conflict),
            Err(other) => panic!("{other:?}"),
        };
        for kind in [RoleKind::Customer, RoleKind::Vendor] {
            assert_eq!(conflict(Some(giver), giver, nowhere, kind), Some(Conflict::OwnRole));
            assert_eq!(conflict(Some(giver), other, nowhere, kind), None);
            assert_eq!(conflict(None, other, nowhere, kind), None);
        }
        for giver in [Some(giver), None] {
            assert_eq!(conflict(giver, other, vendor, RoleKind::Customer), Some(Conflict::WorksForVendor));
            assert_eq!(conflict(giver, other, customer, RoleKind::Vendor), Some(Conflict::WorksForCompany));
            assert_eq!(conflict(giver, other, vendor, RoleKind::Vendor), None);
            assert_eq!(conflict(giver, other, customer, RoleKind::Customer), None);
        }
    }
}
