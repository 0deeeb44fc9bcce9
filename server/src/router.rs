//! Every route and every layer, in one list. A request passes the layers from the last written to the first.

use std::{convert::Infallible, path::PathBuf, sync::LazyLock};

use app::{App, request::Facts, shell};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use leptos::prelude::*;
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    limit::RequestBodyLimitLayer,
    services::{ServeDir, fs::ServeFileSystemResponseBody},
    set_header::SetResponseHeaderLayer,
};

use crate::{
    files, live,
    middleware::{
        AppState, Nonce, load_session, record_request, require_same_origin, require_session, security_headers,
        take_forms, take_out_nul,
    },
    web,
};

pub const FORM_LIMIT: usize = 1024 * 1024;
/// Ten files of 20 MiB, and what multipart adds.
pub const UPLOAD_LIMIT: usize = 210 * 1024 * 1024;
/// What is imported, and what multipart adds.
pub const IMPORT_LIMIT: usize = service::imports::MAX_UPLOAD as usize + 1024 * 1024;

pub const LIVE: &str = "/live";

/// The pages. Asked once: while leptos asks, no page in this process gets what it waits for, and tests make many routers.
pub static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));

/// A route that is neither a page nor a server function: those two lists are in `app`. The access tests hold each route of
/// all three against every kind of visitor.
pub type Other = (Method, &'static str, MethodRouter<AppState>);

/// What asks who is there.
pub fn behind_session() -> [Other; 6] {
    [
        (Method::POST, "/files", upload_route(post(files::upload), UPLOAD_LIMIT)),
        (Method::POST, "/imports/upload", upload_route(post(files::imports::upload), IMPORT_LIMIT)),
        (Method::GET, "/files/{id}", get(files::download)),
        (Method::GET, "/imports/{id}/verdicts", get(files::imports::verdicts)),
        (Method::GET, "/legacy/{*reference}", get(web::legacy)),
        (Method::GET, LIVE, get(live::stream)),
    ]
}

/// What needs nobody; `/pkg`, the compiled browser side, comes beside it.
pub fn without_session() -> [Other; 5] {
    [
        (Method::GET, "/healthz", get(web::healthz)),
        (Method::GET, "/readyz", get(web::readyz)),
        (Method::GET, "/favicon.svg", get(web::brand::favicon)),
        (Method::GET, "/brand.css", get(web::brand::stylesheet)),
        (Method::GET, "/logo", get(web::brand::logo)),
    ]
}

fn upload_route(route: MethodRouter<AppState>, limit: usize) -> MethodRouter<AppState> {
    route.layer::<_, Infallible>(DefaultBodyLimit::disable()).layer(RequestBodyLimitLayer::new(limit))
}

pub fn router(state: AppState) -> Router {
    let site = PathBuf::from(state.leptos.site_root.as_ref());
    let assets = site.join(state.leptos.site_pkg_dir.as_ref());
    let add = |router: Router<AppState>, (_, path, route): Other| router.route(path, route);

    // Leptos routes its server functions (`/fn/…`) itself, beside the pages.
    let pages = {
        let options = state.leptos.clone();
        Router::new()
            .leptos_routes_with_context(&state, PAGES.clone(), provide, move || shell(options.clone()))
            .route_layer(from_fn(require_session))
            .layer(from_fn_with_state(state.clone(), take_forms))
            .layer(RequestBodyLimitLayer::new(FORM_LIMIT))
    };
    let known = behind_session()
        .into_iter()
        .fold(pages, add)
        .fallback(not_found)
        .layer(from_fn(take_out_nul))
        .layer(from_fn_with_state(state.clone(), load_session));

    let all = without_session().into_iter().fold(known, add).nest_service(
        "/pkg",
        tower::ServiceBuilder::new()
            .layer(SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, immutable))
            .service(ServeDir::new(assets).precompressed_br().precompressed_gzip()),
    );
    guard(all, &state).with_state(state)
}

/// What holds for every answer, whoever asks for whatever: errors and panics too.
pub fn guard(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    router
        .layer(from_fn_with_state(state.clone(), require_same_origin))
        .layer(CatchPanicLayer::custom(web::panicked))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), security_headers))
        // Outermost: every answer has an id and a line in the log.
        .layer(from_fn_with_state(state.clone(), record_request))
}

/// The names of what is compiled carry a hash of the content; what is missing may be there after the next release.
fn immutable(response: &axum::http::Response<ServeFileSystemResponseBody>) -> Option<HeaderValue> {
    let there = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    there.then(|| HeaderValue::from_static("public, max-age=31536000, immutable"))
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
