//! Who may do what: permissions are code, roles are data, decisions are made here and nowhere else.
//!
//! [`policy::authorize`] gives a proof ([`Granted`]); [`policy::case_visibility`] gives a scope ([`CaseVisibility`]). The
//! store asks for one or the other, so that a forgotten check does not compile.

mod actor;
mod permission;
pub mod policy;
mod recipient;
mod role;
mod visibility;

pub use actor::{Actor, Grant, Membership, Reach};
pub use permission::Permission;
pub use policy::{Granted, Place};
pub use recipient::{Sides, check_recipient};
pub use role::{Role, RoleKind};
pub use visibility::{CaseFacts, CaseScope, CaseVisibility};
