//! Logs: JSON lines for machines, text for people; never content, never secrets.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

pub fn init(json: bool) {
    let filter = EnvFilter::try_from_env("GUICHET_LOG_FILTER")
        .unwrap_or_else(|_| EnvFilter::new("info,leptos=warn,leptos_axum=warn,sqlx=warn,sea_orm=warn,tower_http=warn"));
    let registry = tracing_subscriber::registry().with(filter);
    // A second call, as in tests, changes nothing.
    let _ = if json {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
    } else {
        // Colours are for a terminal; in a file they are noise.
        let colours = std::io::stderr().is_terminal();
        registry.with(fmt::layer().compact().with_ansi(colours).with_writer(std::io::stderr)).try_init()
    };
}
