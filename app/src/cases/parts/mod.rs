//! Pieces that several pages of cases share.

mod attach;
mod products;
mod rows;
mod stream;

pub use attach::Attach;
pub use products::product_choices;
pub use rows::{
    CaseRows, close_reason_text, priority_badge, priority_text, status_badge, status_text, status_text_for,
};
pub use stream::{EntryBody, Stream, size_text};
