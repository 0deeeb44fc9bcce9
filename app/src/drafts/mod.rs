//! What was typed and not sent yet, kept on the server for the person who typed it (docs/adr/0003).

pub mod api;
