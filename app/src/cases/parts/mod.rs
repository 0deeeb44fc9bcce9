//! Pieces that several pages of cases share.

mod attach;
mod rows;
mod stream;

pub use attach::{Attach, FormKey};
pub use rows::{CaseRows, priority_badge, priority_text, status_badge};
pub use stream::Stream;
