//! Server functions of sessions.

use domain::people::SessionRow;
use leptos::prelude::*;

use super::Viewer;
use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

#[server(prefix = "/fn/session", endpoint = "viewer")]
pub async fn current_viewer() -> Result<Option<Viewer>, ApiError> {
    let facts = request::facts();
    let Some(actor) = facts.actor else { return Ok(None) };
    let services = facts.services;
    let live_from = service::live::seal(&services, facts.live_from);
    Ok(Some(Viewer { actor, vendor: services.settings.vendor.clone(), now: services.now(), live_from }))
}

#[server(prefix = "/fn/session", endpoint = "sign_in")]
pub async fn sign_in(email: String, password: String, #[server(default)] next: String) -> Result<(), ApiError> {
    let facts = request::facts();
    let token = request::reply(service::session::sign_in(&facts.services, &email, &password, &facts.origin).await)?;
    request::start_session(&token);
    request::redirect(domain::text::LocalPath::parse(&next).map_or("/".to_owned(), |path| path.to_string()).as_str());
    Ok(())
}

#[server(prefix = "/fn/session", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), ApiError> {
    let context = request::context()?;
    if let Some((token, key)) = request::facts().session {
        request::reply(service::session::sign_out(&context, &token, &key).await)?;
    }
    request::end_session();
    request::redirect("/sign-in");
    Ok(())
}

#[server(prefix = "/fn/session", endpoint = "sign_out_everywhere")]
pub async fn sign_out_everywhere() -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::session::sign_out_everywhere(&context).await)?;
    request::end_session();
    request::redirect("/sign-in");
    Ok(())
}

#[server(prefix = "/fn/session", endpoint = "list")]
pub async fn sessions() -> Result<Vec<SessionRow>, ApiError> {
    let context = request::context()?;
    let current = request::facts().session.map(|(_, key)| key).unwrap_or_default();
    request::reply(service::session::list(&context, &current).await)
}

/// Anybody may choose a language; for those signed in it is also that of their mails.
#[server(prefix = "/fn/session", endpoint = "set_language")]
pub async fn set_language(language: String) -> Result<(), ApiError> {
    let locale = domain::locale::Locale::parse(&language).unwrap_or_default();
    let facts = request::facts();
    if let Some(actor) = facts.actor {
        let context = service::Context { services: facts.services, actor, request: facts.request };
        request::reply(service::session::set_locale(&context, locale).await)?;
    }
    request::remember_language(locale);
    request::redirect(&request::came_from());
    Ok(())
}
