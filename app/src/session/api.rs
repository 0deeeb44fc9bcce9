//! Server functions of sessions.

use domain::{
    OrganisationId,
    people::{ResetState, SessionRow},
};
use leptos::prelude::*;

use super::Viewer;
use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

#[server(prefix = "/fn/session", endpoint = "viewer")]
pub async fn current_viewer() -> Result<Option<Viewer>, ApiError> {
    let facts = request::facts();
    let Some(mut actor) = facts.actor else { return Ok(None) };
    // For people to read: the domain in letters.
    actor.email = domain::text::in_letters(&actor.email);
    let services = facts.services;
    let live_from = service::live::seal(&services, facts.live_from);
    let form_tag = service::forms::tag(&services, actor.person);
    Ok(Some(Viewer { actor, current: facts.company, now: services.now(), live_from, form_tag }))
}

#[server(prefix = "/fn/session", endpoint = "sign_in")]
pub async fn sign_in(email: String, password: String, #[server(default)] next: String) -> Result<(), ApiError> {
    let facts = request::facts();
    let token = request::reply(service::session::sign_in(&facts.services, &email, &password, &facts.origin).await)?;
    request::start_session(&token);
    request::redirect(domain::text::LocalPath::parse(&next).map_or("/".to_owned(), |path| path.to_string()).as_str());
    Ok(())
}

/// Answers alike, and as fast, for every address.
#[server(prefix = "/fn/session", endpoint = "forgot")]
pub async fn forgot_password(email: String) -> Result<(), ApiError> {
    let facts = request::facts();
    request::reply(service::session::request_reset(&facts.services, &email, &facts.origin).await)?;
    request::redirect("/forgot?sent=true");
    Ok(())
}

/// Reads the state of a reset link for its holder; changes nothing (K4).
#[server(prefix = "/fn/session", endpoint = "reset_state")]
pub async fn find_reset(token: String) -> Result<ResetState, ApiError> {
    request::reply(service::session::check_reset(&request::services(), &token).await)
}

#[server(prefix = "/fn/session", endpoint = "reset")]
pub async fn reset_password(
    token: String,
    #[server(default)] password: String,
    #[server(default)] password_again: String,
) -> Result<(), ApiError> {
    let facts = request::facts();
    let (services, origin) = (&facts.services, &facts.origin);
    request::reply(service::session::reset_password(services, &token, &password, &password_again, origin).await)?;
    request::redirect("/sign-in?done=password");
    Ok(())
}

#[server(prefix = "/fn/session", endpoint = "change_password")]
pub async fn change_password(
    #[server(default)] old_password: String,
    #[server(default)] password: String,
    #[server(default)] password_again: String,
) -> Result<(), ApiError> {
    let (context, facts) = (request::context()?, request::facts());
    let current = facts.session.map(|(_, key)| key).unwrap_or_default();
    let typed = (password.as_str(), password_again.as_str());
    let changed = service::session::change_password(&context, &current, &old_password, typed, &facts.origin).await;
    request::reply(changed)?;
    request::redirect("/account?done=password");
    Ok(())
}

/// Lists the time zones to choose from.
#[server(prefix = "/fn/session", endpoint = "zones")]
pub async fn list_zones() -> Result<Vec<String>, ApiError> {
    request::context()?;
    Ok(service::session::zones())
}

#[server(prefix = "/fn/session", endpoint = "set_zone")]
pub async fn set_zone(#[server(default)] zone: String) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::session::set_zone(&context, &zone).await)?;
    request::redirect("/account?done=zone");
    Ok(())
}

/// Notes the browser's time zone; a page asks for it once.
#[server(prefix = "/fn/session", endpoint = "note_zone")]
pub async fn note_zone(zone: String) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::session::note_zone(&context, &zone).await)
}

/// Signs out. A visitor without a session is signed out as well: the cookie goes in any case, and sending it twice ends the
/// same (F17, T11).
#[server(prefix = "/fn/session", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), ApiError> {
    let facts = request::facts();
    if let (Some((token, key)), Some(actor)) = (facts.session, facts.actor) {
        let context = service::Context { services: facts.services, actor, request: facts.request };
        request::reply(service::session::sign_out(&context, &token, &key).await)?;
    }
    request::end_session();
    request::redirect("/sign-in");
    Ok(())
}

/// As [`sign_out`].
#[server(prefix = "/fn/session", endpoint = "sign_out_everywhere")]
pub async fn sign_out_everywhere() -> Result<(), ApiError> {
    let facts = request::facts();
    if let Some(actor) = facts.actor {
        let context = service::Context { services: facts.services, actor, request: facts.request };
        request::reply(service::session::sign_out_everywhere(&context).await)?;
    }
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

/// Chooses the company that pages are about (K5), in this browser.
#[server(prefix = "/fn/session", endpoint = "set_company")]
pub async fn set_company(organisation: OrganisationId) -> Result<(), ApiError> {
    let context = request::context()?;
    let own = context.actor.membership(organisation).map(|_| ()).ok_or(domain::Failure::NotFound);
    request::reply(own)?;
    request::remember_company(organisation);
    request::redirect(&request::after_company());
    Ok(())
}

/// Sets the language, with or without a session; for a signed-in person it is also the language of their mails.
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
