//! What happens to every request before and after its handler, one concern a file.

mod forms;
mod gatekeeper;
mod headers;
mod nul;
mod origin;
mod record;
mod session;

pub use forms::take_forms;
pub use gatekeeper::{encode, require_session, sign_in_and_back};
pub use headers::{Nonce, security_headers};
pub use nul::take_out_nul;
pub use origin::require_same_origin;
pub use record::record_request;
pub use session::{AppState, Shared, load_session};
