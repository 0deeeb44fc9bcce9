//! Contracts and the people named in them (R14).

use crate::cases::coded;
use serde::{Deserialize, Serialize};

coded! {
    /// What a person named in a contract is there for.
    ContactKind {
        Owner = "owner",
        /// The one that rule B makes an administrator (R14).
        Deployment = "deployment",
        Billing = "billing",
        Technical = "technical",
    }
}

impl ContactKind {
    /// Whether a contact of this kind gets access to the portal; billing and technical contacts are records of the
    /// contract and nothing else (D7).
    pub const fn has_access(self) -> bool {
        matches!(self, Self::Owner | Self::Deployment)
    }
}

/// Why a person was made an administrator; told to them and kept (R15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule")]
pub enum AdminReason {
    /// Rule A (R13): was the support system admin in the vendor's records.
    KnownAdmin { record: String },
    /// Rule B (R14): deployment contact on a contract for a product in scope.
    DeploymentContact { contract: String, product: String },
}
