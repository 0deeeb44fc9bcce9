//! What happens to every request before and after its handler, one concern a file.

mod drafts;
mod gatekeeper;
mod headers;
mod origin;
mod record;
mod session;

pub use drafts::{Drafts, keep_drafts};
pub use gatekeeper::{encode, require_session, sign_in_and_back};
pub use headers::{Nonce, security_headers};
pub use origin::require_same_origin;
pub use record::record_request;
pub use session::{AppState, Shared, load_session};
