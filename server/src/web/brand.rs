//! The vendor's colour, mark and logo (U9): made from the settings, the same before anybody signs in.

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::middleware::AppState;

/// How long a browser keeps them: what an operator changes is seen within the hour.
const KEPT: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=3600");

/// The colour of buttons, links and marks. In the dark it is mixed with white, and what stands on it is dark.
pub async fn stylesheet(State(state): State<AppState>) -> impl IntoResponse {
    let accent = &state.services.settings.accent;
    let css = if accent == crate::config::ACCENT {
        // The theme has its own shades of it.
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

/// The first letter of the vendor's name on its colour.
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

/// The logo from the file that the settings name. A drawing can hold scripts: it is shown as an image only.
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
