//! Drafts: text that was typed and not sent yet, kept on the server for its author (docs/adr/0003).

pub mod api;
