//! Who becomes an administrator by the vendor's records: rules A and B (R13-R15). One grant a person, with every reason; a
//! role that was taken away by hand stays away.

use std::collections::HashMap;

use domain::{
    Failure, OrganisationId, PersonId,
    access::{Granted, Reach, Role, RoleKind, check_recipient},
    contracts::AdminReason,
    text::is_at,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{
    Reads, Writes,
    imports::{GrantLine, HeldGrant},
};

use crate::{OrFail, Services};

/// Who is to become an administrator where, and why.
#[derive(Default)]
pub(crate) struct Candidates(Vec<(PersonId, OrganisationId, Vec<AdminReason>)>);

/// A new administrator, or one with more reasons now: worth an event.
pub(crate) struct NewAdmin {
    pub person: PersonId,
    pub organisation: OrganisationId,
    reasons: Vec<AdminReason>,
}

impl NewAdmin {
    /// What the event says.
    pub fn detail(&self) -> Value {
        json!({ "role": Role::SupportSystemAdmin, "reasons": self.reasons })
    }
}

impl Candidates {
    pub fn add(&mut self, person: PersonId, organisation: OrganisationId, reason: AdminReason) {
        match self.0.iter_mut().find(|(known, place, _)| *known == person && *place == organisation) {
            Some((.., reasons)) if reasons.contains(&reason) => {}
            Some((.., reasons)) => reasons.push(reason),
            None => self.0.push((person, organisation, vec![reason])),
        }
    }

    /// Rule B: every deployment contact of a company on a contract for a product in the scope of its programme (R14).
    pub async fn add_contacts(&mut self, tx: &impl Reads, organisation: OrganisationId) -> Result<(), Failure> {
        for found in store::contracts::list_rule_b(tx, organisation).await.or_fail("asking rule B")? {
            let reason = AdminReason::DeploymentContact { contract: found.contract, product: found.product };
            self.add(found.person, organisation, reason);
        }
        Ok(())
    }

    /// Gives the roles and keeps the reasons, in the caller's transaction; the caller notes one event for each.
    pub async fn make(
        self,
        services: &Services,
        tx: &impl Writes,
        granted: &Granted,
        now: Timestamp,
    ) -> Result<Vec<NewAdmin>, Failure> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let persons: Vec<PersonId> = self.0.iter().map(|(person, ..)| *person).collect();
        let sides = store::people::find_sides(tx, &persons, now).await.or_fail("finding roles")?;
        let emails = store::people::find_emails(tx, &persons).await.or_fail("finding addresses")?;
        let held = list_held(tx, persons, now).await?;
        let (mut made, mut lines) = (Vec::new(), Vec::new());
        for (person, organisation, mut reasons) in self.0 {
            // The vendor's people, and the actor, are no administrators of a company, whatever the records say (F7).
            let stands = sides.get(&person).copied().unwrap_or_default();
            if check_recipient(granted.actor(), person, stands, RoleKind::Customer).is_err()
                || emails.get(&person).is_some_and(|email| is_at(email, &services.settings.vendor_domains))
            {
                continue;
            }
            match held.get(&(person, organisation)) {
                Some(held) if held.revoked => continue,
                Some(held) => {
                    reasons.retain(|reason| !held.reasons.contains(reason));
                    if reasons.is_empty() {
                        continue;
                    }
                    reasons.splice(0..0, held.reasons.iter().cloned());
                    store::imports::update_reasons(tx, granted, held.id, &reasons).await.or_fail("keeping reasons")?;
                }
                None => lines.push(GrantLine {
                    id: services.id(),
                    person,
                    organisation,
                    role: Role::SupportSystemAdmin,
                    reach: Reach::Organisation,
                    products: Vec::new(),
                    reasons: reasons.clone(),
                }),
            }
            made.push(NewAdmin { person, organisation, reasons });
        }
        store::imports::insert_grants(tx, granted, lines, now).await.or_fail("making administrators")?;
        Ok(made)
    }
}

/// Who administers what, or did: a grant that stands counts more than one that was taken away.
async fn list_held(
    tx: &impl Reads,
    persons: Vec<PersonId>,
    now: Timestamp,
) -> Result<HashMap<(PersonId, OrganisationId), HeldGrant>, Failure> {
    let mut held: HashMap<_, HeldGrant> = HashMap::new();
    let found = store::imports::list_grants(tx, &persons, now).await.or_fail("listing roles")?;
    for grant in found.into_iter().filter(|grant| grant.role == Role::SupportSystemAdmin) {
        let key = (grant.person, grant.organisation);
        if held.get(&key).is_none_or(|known| known.revoked) {
            held.insert(key, grant);
        }
    }
    Ok(held)
}
