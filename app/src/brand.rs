//! Whose portal it is: the vendor's name and mark, on every page, before anybody signs in too (U9).

use leptos::prelude::*;

/// What the installation is called, and whether it has a logo of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    pub vendor: String,
    pub logo: bool,
}

impl Brand {
    /// The title of a window: the page, then whose it is.
    pub fn titled(&self, page: String) -> String {
        if page.is_empty() { self.vendor.clone() } else { format!("{page}{}", self.title_end()) }
    }

    /// What stands behind the name of a page in the title of its window.
    pub fn title_end(&self) -> String {
        if self.vendor.is_empty() { String::new() } else { format!(" · {}", self.vendor) }
    }
}

/// The names of the two `<meta>` in every document that carry it into the browser.
pub const VENDOR: &str = "application-name";
pub const LOGO: &str = "guichet-logo";

/// Of the installation; on the server from the settings, in the browser from the document.
pub fn use_brand() -> Brand {
    use_context().unwrap_or_else(present)
}

/// Provided once by [`crate::App`].
pub fn provide_brand() {
    provide_context(present());
}

#[cfg(feature = "ssr")]
fn present() -> Brand {
    // No facts: leptos asks for the list of routes.
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
