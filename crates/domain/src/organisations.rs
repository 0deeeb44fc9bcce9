//! Customer companies: the tenants.

use serde::{Deserialize, Serialize};

use crate::{OrganisationId, cases::ProductChoice};

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
