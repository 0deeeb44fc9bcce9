//! The vendor's colour, mark and logo (U9), from the settings and without a session.

use std::path::Path;

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::middleware::AppState;

/// How long a browser caches them: a change of the settings shows within the hour.
const KEPT: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=3600");

/// Serves the colour of buttons, links and marks. In dark mode it is mixed with white, and text on it is dark.
pub async fn stylesheet(State(state): State<AppState>) -> impl IntoResponse {
    let accent = &state.services.settings.accent;
    let css = if accent == crate::config::ACCENT {
        // The theme has its own shades of this colour.
        String::new()
    } else {
        format!(
            ":root{{--color-primary:{accent};--color-primary-content:#fff}}\
             @media (prefers-color-scheme:dark){{:root{{--color-primary:color-mix(in oklab,{accent} 55%,white);\
             --color-primary-content:#111}}}}"
        )
    };
    ([KEPT, (header::CONTENT_TYPE, "text/css; charset=utf-8")], css)
}

/// Serves the first letter of the vendor's name on its colour.
pub async fn favicon(State(state): State<AppState>) -> impl IntoResponse {
    let settings = &state.services.settings;
    let first = settings.vendor.chars().next().unwrap_or('G').to_uppercase().to_string();
    let first = first.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"8\" \
         fill=\"{}\"/><text x=\"16\" y=\"23\" font-family=\"system-ui,sans-serif\" font-size=\"20\" font-weight=\"700\" \
         text-anchor=\"middle\" fill=\"#fff\">{first}</text></svg>",
        settings.accent
    );
    ([KEPT, (header::CONTENT_TYPE, "image/svg+xml")], svg)
}

/// The most bytes of a logo, which every page loads.
const LOGO_BYTES: u64 = 1024 * 1024;

/// Checks that the logo of the settings, if there is one, can be shown.
///
/// # Errors
/// What is wrong with the file.
pub fn check_logo(path: &Path) -> Result<(), String> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    let about = std::fs::metadata(path).map_err(|error| error.kind().to_string())?;
    if !about.is_file() {
        return Err("not a file".to_owned());
    }
    if about.len() > LOGO_BYTES {
        return Err("larger than 1 MB".to_owned());
    }
    let bytes = std::fs::read(path).map_err(|error| error.kind().to_string())?;
    let (right, kind) = match path.extension().and_then(|kind| kind.to_str()) {
        Some("svg") => (String::from_utf8_lossy(&bytes).contains("<svg"), "an SVG image"),
        _ => (bytes.starts_with(b"\x89PNG"), "a PNG image"),
    };
    if right { Ok(()) } else { Err(format!("not {kind}")) }
}

/// Serves the logo from the file in the settings. An SVG can contain scripts, so it is served for use as an image only.
pub async fn logo(State(state): State<AppState>) -> Response {
    let path = &state.config.logo;
    let kind = match path.extension().and_then(|kind| kind.to_str()) {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match tokio::fs::read(path).await {
        Ok(bytes) => {
            let shut = (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox");
            ([KEPT, (header::CONTENT_TYPE, kind), shut], bytes).into_response()
        }
        Err(error) => {
            tracing::warn!(error = %error, "the logo cannot be read");
            StatusCode::NOT_FOUND.into_response()
        }
    }
}
