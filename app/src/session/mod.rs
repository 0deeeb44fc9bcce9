//! The viewer of a page, signing in and out, the language.

mod account;
pub mod api;
mod reset;
mod sign_in;

pub use account::AccountPage;
pub use reset::{ForgotPage, ResetPage, broken_link};
pub use sign_in::SignInPage;

use domain::{OrganisationId, access::Actor};
use jiff::Timestamp;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    ApiError,
    i18n::*,
    language::use_locale,
    ui::{FrameButton, PlainForm},
};

/// The signed-in person who views the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Viewer {
    pub actor: Actor,
    /// The company that pages are about when their address names none.
    pub current: Option<OrganisationId>,
    /// When the server rendered the page; decides which grants hold.
    pub now: Timestamp,
    /// Where the live stream resumes from; only the server can read it.
    pub live_from: String,
    /// What follows the random part in the keys of this person's forms.
    pub form_tag: String,
}

/// The server's mark of the person, for form keys that the browser makes.
#[derive(Clone, Copy)]
pub struct FormTag(pub RwSignal<Option<String>>);

pub type ViewerResource = Resource<Result<Option<Viewer>, ApiError>>;

/// Loads the viewer once for each page load; [`crate::App`] calls it.
pub fn provide_viewer() {
    let viewer: ViewerResource = Resource::new_blocking(|| (), |()| api::current_viewer());
    provide_context(viewer);
    let tag = RwSignal::new(None);
    provide_context(FormTag(tag));
    Effect::new(move |_| {
        if let Some(Ok(Some(viewer))) = viewer.get() {
            tag.set(Some(viewer.form_tag));
        }
    });
}

/// Tells the server the browser's time zone while the profile has none; the frame of the pages calls it.
pub fn tell_zone(viewer: ViewerResource) {
    Effect::new(move |told: Option<bool>| {
        let unknown = viewer.get().and_then(Result::ok).flatten().is_some_and(|viewer| !viewer.actor.zone_known);
        if told == Some(true) || !unknown {
            return told.unwrap_or_default();
        }
        if let Some(zone) = crate::zone::browser_zone() {
            // A refusal changes nothing: the guess stays, and the next page tries again.
            leptos::task::spawn_local(async move {
                let _ = api::note_zone(zone).await;
            });
        }
        true
    });
}

pub fn use_viewer() -> ViewerResource {
    expect_context()
}

/// A plain form: it works without JavaScript, and a new page is needed anyway.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let l = use_locale();
    let (other, label) = match l {
        Locale::fr => ("en", "English"),
        Locale::en => ("fr", "Français"),
    };
    view! {
        <PlainForm path="/fn/session/set_language" class="language">
            <FrameButton path="/fn/session/set_language" class="btn btn-ghost" name="language" value=other lang=other>{label}</FrameButton>
        </PlainForm>
    }
}
