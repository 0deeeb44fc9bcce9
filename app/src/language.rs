//! The language of a page: decided on the server (cookie, then the person, then what the browser asks for), written into
//! `<html lang>`, read from there in the browser. It changes by a form and a new page, so texts need not be reactive.

use leptos::prelude::*;

pub use crate::i18n::Locale;

/// Provided once by [`crate::App`].
pub fn provide_locale() {
    provide_context(present());
}

/// For texts: `td_string!(l, cases.title)`.
pub fn use_locale() -> Locale {
    use_context().unwrap_or_else(present)
}

#[cfg(feature = "ssr")]
fn present() -> Locale {
    from_domain(crate::request::locale())
}

#[cfg(not(feature = "ssr"))]
fn present() -> Locale {
    let tag = document().document_element().and_then(|html| html.get_attribute("lang")).unwrap_or_default();
    from_domain(domain::locale::Locale::parse(&tag).unwrap_or_default())
}

pub fn from_domain(locale: domain::locale::Locale) -> Locale {
    match locale {
        domain::locale::Locale::Fr => Locale::fr,
        domain::locale::Locale::En => Locale::en,
    }
}

pub fn to_domain(locale: Locale) -> domain::locale::Locale {
    match locale {
        Locale::fr => domain::locale::Locale::Fr,
        Locale::en => domain::locale::Locale::En,
    }
}
