//! Who looks at the page; signing in and out; the language.

mod account;
pub mod api;
mod reset;
mod sign_in;

pub use account::AccountPage;
pub use reset::{ForgotPage, ResetPage};
pub use sign_in::SignInPage;

use domain::{OrganisationId, access::Actor};
use jiff::Timestamp;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{ApiError, i18n::*, language::use_locale};

/// The person at the page, and what pages need to know of the installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Viewer {
    pub actor: Actor,
    /// The company that pages are about when their address names none.
    pub current: Option<OrganisationId>,
    pub vendor: String,
    /// When the server made the page; decides which grants hold.
    pub now: Timestamp,
    /// Where the live stream goes on from; only the server can read it.
    pub live_from: String,
}

pub type ViewerResource = Resource<Result<Option<Viewer>, ApiError>>;

/// Asks once a page load who is there; [`crate::App`] calls it.
pub fn provide_viewer() {
    let viewer: ViewerResource = Resource::new_blocking(|| (), |()| api::current_viewer());
    provide_context(viewer);
}

pub fn use_viewer() -> ViewerResource {
    expect_context()
}

/// A plain form: it works without JavaScript and needs a new page anyway.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let l = use_locale();
    let (other, label) = match l {
        Locale::fr => ("en", "English"),
        Locale::en => ("fr", "Français"),
    };
    view! {
        <form method="post" action="/fn/session/set_language" class="language">
            <input type="hidden" name="language" value=other />
            <button type="submit" class="btn btn-ghost" lang=other>{label}</button>
        </form>
    }
}
