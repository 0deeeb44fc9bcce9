//! Customer companies: the tenants.

use serde::{Deserialize, Serialize};

use crate::{OrganisationId, cases::ProductChoice, rollout::Phase};

/// A company in a list of choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationChoice {
    pub id: OrganisationId,
    pub name: String,
    /// The products its contracts entitle it to.
    pub products: Vec<ProductChoice>,
    /// Whether it may be about none of them: roles for some products reach those only.
    pub none: bool,
}

/// A company in the vendor's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationRow {
    pub id: OrganisationId,
    pub name: String,
    pub phase: Option<Phase>,
    pub people: u64,
    pub open_cases: u64,
}
