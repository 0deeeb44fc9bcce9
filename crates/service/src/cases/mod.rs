//! Cases: opening, reading, writing into them, working them.

mod open;
mod read;
mod reply;
mod status;

pub use open::{open, opening_choices};
pub use read::{Legacy, count_open, detail, detail_part, find_by_legacy, list};
pub use reply::{Reply, note, reopen_and_reply, reply};
pub use status::{assign_to_me, close, reopen};

pub(crate) use open::{NewCaseBy, authorize_new, choices, insert_case};
pub(crate) use reply::{tell, tell_followers};
