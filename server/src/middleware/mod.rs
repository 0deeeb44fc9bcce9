//! What happens to every request before and after its handler, one file for each concern.

mod forms;
mod gatekeeper;
mod headers;
mod nul;
mod origin;
mod record;
mod session;
mod share;

pub use forms::{SENT_BEFORE, mark_done, said_once, take_forms};
pub use gatekeeper::{encode, require_session, sign_in_and_back};
pub use headers::{Nonce, security_headers};
pub use nul::take_out_nul;
pub use origin::require_same_origin;
pub use record::record_request;
pub use session::{AppState, Shared, load_session};
pub use share::{Shares, fair_share};
