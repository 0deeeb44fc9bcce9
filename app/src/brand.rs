//! The vendor's name and mark, on every page, including those before sign-in (U9).

use leptos::prelude::*;

/// The name of the vendor, and whether the installation has a logo of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    pub vendor: String,
    pub logo: bool,
}

impl Brand {
    /// Returns the window title: the page, then the vendor.
    pub fn titled(&self, page: String) -> String {
        if page.is_empty() { self.vendor.clone() } else { format!("{page}{}", self.title_end()) }
    }

    /// Returns what follows the name of a page in the window title.
    pub fn title_end(&self) -> String {
        if self.vendor.is_empty() { String::new() } else { format!(" · {}", self.vendor) }
    }
}

/// The names of the two `<meta>` elements that carry it into the browser.
pub const VENDOR: &str = "application-name";
pub const LOGO: &str = "guichet-logo";

/// Returns the brand of the installation: on the server from the settings, in the browser from the document.
pub fn use_brand() -> Brand {
    use_context().unwrap_or_else(present)
}

/// Provided once by [`crate::App`].
pub fn provide_brand() {
    provide_context(present());
}

#[cfg(feature = "ssr")]
fn present() -> Brand {
    // There are no facts while leptos lists the routes.
    let settings = use_context::<crate::request::Facts>().map(|facts| facts.services.settings.clone());
    settings.map(|settings| Brand { vendor: settings.vendor, logo: settings.logo }).unwrap_or_default()
}

#[cfg(not(feature = "ssr"))]
fn present() -> Brand {
    let content = |name: &str| {
        let meta = document().query_selector(&format!("meta[name='{name}']")).ok().flatten();
        meta.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
    };
    Brand { vendor: content(VENDOR), logo: content(LOGO) == "true" }
}

/// The logo, or the first letter of the vendor's name, and the name.
#[component]
pub fn BrandMark() -> impl IntoView {
    let Brand { vendor, logo } = use_brand();
    let first = vendor.chars().next().unwrap_or('·').to_uppercase().to_string();
    view! {
        {if logo {
            view! { <img class="brand-logo" src="/logo" alt="" /> }.into_any()
        } else {
            view! { <span class="brand-mark" aria-hidden="true">{first}</span> }.into_any()
        }}
        <span>{vendor}</span>
    }
}
