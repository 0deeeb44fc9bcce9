//! Every route and every layer, in one list. A request passes the layers from the last one written to the first.

use std::{convert::Infallible, path::PathBuf, sync::LazyLock};

use app::{App, request::Facts, shell};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use domain::text::LocalPath;
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
        AppState, Nonce, fair_share, load_session, record_request, require_same_origin, require_session,
        security_headers, take_forms, take_out_nul,
    },
    web,
};

pub const FORM_LIMIT: usize = 1024 * 1024;
/// Ten files of 20 MiB, and the overhead of multipart.
pub const UPLOAD_LIMIT: usize = 210 * 1024 * 1024;
/// The largest import, and the overhead of multipart.
pub const IMPORT_LIMIT: usize = service::imports::MAX_UPLOAD as usize + 1024 * 1024;

/// Ten images of 5 MiB, and the overhead of multipart.
pub const IMAGES_LIMIT: usize = 51 * 1024 * 1024;

pub const LIVE: &str = "/live";

/// The pages. Listed only once: while leptos lists them, no page in this process gets its data, and tests build many
/// routers.
pub static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));

/// A route that is neither a page nor a server function, which are listed in `app`. The access tests try every route in all
/// three lists with every kind of visitor.
pub type Other = (Method, &'static str, MethodRouter<AppState>);

/// Returns the routes that load the session.
pub fn behind_session() -> [Other; 7] {
    [
        (Method::POST, "/files", upload_route(post(files::upload), UPLOAD_LIMIT)),
        (Method::POST, "/imports/upload", upload_route(post(files::imports::upload), IMPORT_LIMIT)),
        (Method::POST, "/publish/images", upload_route(post(files::upload_images), IMAGES_LIMIT)),
        (Method::GET, "/files/{id}", get(files::download)),
        (Method::GET, "/imports/{id}/verdicts", get(files::imports::verdicts)),
        (Method::GET, "/legacy/{*reference}", get(web::legacy)),
        (Method::GET, LIVE, get(live::stream)),
    ]
}

/// Returns the routes that do not; `/pkg`, the files compiled for the browser, is added separately.
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
    route
        .layer::<_, Infallible>(DefaultBodyLimit::disable())
        .layer::<_, Infallible>(RequestBodyLimitLayer::new(limit))
        .layer(from_fn(move |request: Request, next: Next| web::refuse_large_uploads(request, next, limit)))
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
            // What is no form; a form that is too long is answered by the next layer.
            .layer(RequestBodyLimitLayer::new(FORM_LIMIT))
            .layer(from_fn_with_state(state.clone(), take_forms))
    };
    let known = behind_session()
        .into_iter()
        .fold(pages, add)
        .fallback(not_found)
        .layer(from_fn_with_state(state.clone(), fair_share))
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

/// Adds the layers that apply to every answer, including errors and panics.
pub fn guard(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    router
        .layer(from_fn_with_state(state.clone(), require_same_origin))
        .layer(CatchPanicLayer::custom(web::panicked))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), security_headers))
        // Outermost, so that every answer has an id and a line in the log.
        .layer(from_fn_with_state(state.clone(), record_request))
}

/// The names of compiled files contain a hash of their content; a missing file may exist after the next release.
fn immutable(response: &axum::http::Response<ServeFileSystemResponseBody>) -> Option<HeaderValue> {
    let there = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    there.then(|| HeaderValue::from_static("public, max-age=31536000, immutable"))
}

/// Puts the facts of the middleware into the context of pages and server functions.
fn provide() {
    let Some(parts) = use_context::<axum::http::request::Parts>() else { return };
    if let Some(facts) = parts.extensions.get::<Facts>() {
        provide_context(facts.clone());
    }
    if let Some(nonce) = parts.extensions.get::<Nonce>() {
        provide_context(leptos::nonce::Nonce::from_value(nonce.0.clone()));
    }
}

/// Renders the application's own page for an unknown address, which sets the status itself. Another spelling of an address
/// leads to the one that is routed: the application would find the page of `/x/../cases` too, past the layers around the
/// pages.
pub async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    if let Some(path) = other_spelling(request.uri().path()) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        return match LocalPath::parse(&format!("{path}{query}")) {
            Ok(to) if reads => Redirect::permanent(to.as_str()).into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        };
    }
    let options = state.leptos.clone();
    let handler = leptos_axum::render_app_async_with_context(provide, move || shell(options.clone()));
    handler(request).await.into_response()
}

/// The path without empty parts and without `.` and `..`, when it has any.
fn other_spelling(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        match part.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let plain = format!("/{}", parts.join("/"));
    (plain != path).then_some(plain)
}
