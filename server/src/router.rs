//! Every route and every layer, in one list. A request passes the layers from the last written to the first.

use app::{App, request::Facts, shell};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, generate_route_list};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    limit::RequestBodyLimitLayer,
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

use crate::{
    files, live,
    middleware::{AppState, Nonce, keep_drafts, load_session, require_same_origin, require_session, security_headers},
    web,
};

const FORM_LIMIT: usize = 1024 * 1024;
/// Ten files of 20 MiB, and what multipart adds.
const UPLOAD_LIMIT: usize = 210 * 1024 * 1024;

/// What is imported, and what multipart adds.
const IMPORT_LIMIT: usize = service::imports::MAX_UPLOAD as usize + 1024 * 1024;

pub fn router(state: AppState) -> Router {
    let site = std::path::PathBuf::from(state.leptos.site_root.as_ref());
    let assets = site.join(state.leptos.site_pkg_dir.as_ref());
    let immutable = SetResponseHeaderLayer::overriding(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );

    // Leptos routes its server functions (`/fn/…`) itself, beside the pages.
    let pages = {
        let options = state.leptos.clone();
        Router::new()
            .leptos_routes_with_context(&state, generate_route_list(App), provide, move || shell(options.clone()))
            .route_layer(from_fn(require_session))
            .layer(from_fn_with_state(state.clone(), keep_drafts))
            .layer(RequestBodyLimitLayer::new(FORM_LIMIT))
    };

    let uploads = Router::new()
        .route("/files", post(files::upload))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(UPLOAD_LIMIT));

    let imports = Router::new()
        .route("/imports/upload", post(files::imports::upload))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(IMPORT_LIMIT));

    Router::new()
        .merge(pages)
        .merge(uploads)
        .merge(imports)
        .route("/files/{id}", get(files::download))
        .route("/imports/{id}/verdicts", get(files::imports::verdicts))
        .route("/live", get(live::stream))
        .route("/legacy/{*reference}", get(web::legacy))
        .fallback(not_found)
        .layer(from_fn_with_state(state.clone(), load_session))
        // Below: what needs no session.
        .route("/healthz", get(web::healthz))
        .route("/readyz", get(web::readyz))
        .route_service("/favicon.svg", ServeFile::new(site.join("favicon.svg")))
        .nest_service(
            "/pkg",
            tower::ServiceBuilder::new()
                .layer(immutable)
                .service(ServeDir::new(assets).precompressed_br().precompressed_gzip()),
        )
        .layer(from_fn_with_state(state.clone(), require_same_origin))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), security_headers))
        .layer(CatchPanicLayer::new())
        .with_state(state)
}

/// Puts what the middleware found into the context of pages and server functions.
fn provide() {
    let Some(parts) = use_context::<axum::http::request::Parts>() else { return };
    if let Some(facts) = parts.extensions.get::<Facts>() {
        provide_context(facts.clone());
    }
    if let Some(nonce) = parts.extensions.get::<Nonce>() {
        provide_context(leptos::nonce::Nonce::from_value(nonce.0.clone()));
    }
}

/// The application's own page for what does not exist; it sets the status itself.
pub async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    let options = state.leptos.clone();
    let handler = leptos_axum::render_app_async_with_context(provide, move || shell(options.clone()));
    handler(request).await.into_response()
}
