//! The HTML document around every page.

use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::{App, brand, language};

#[cfg(feature = "ssr")]
pub mod assets;

pub fn shell(options: LeptosOptions) -> impl IntoView {
    language::provide_locale();
    let locale = language::to_domain(language::use_locale());
    let brand::Brand { vendor, logo } = brand::use_brand();
    view! {
        <!DOCTYPE html>
        <html lang=locale.key() data-zone=crate::zone::known_zone()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <meta name=brand::VENDOR content=vendor />
                <meta name=brand::LOGO content=logo.to_string() />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <Compiled options=options.clone() />
                <link rel="stylesheet" href="/brand.css" />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Links the files compiled for the browser. The components of leptos for this read a file for every page and panic when
/// none can be opened (F19k), and they expose the nonce of the page where browsers do not hide it (F19l).
#[cfg(feature = "ssr")]
#[component]
fn Compiled(options: LeptosOptions) -> impl IntoView {
    let assets::Assets { root, css, js, wasm, .. } = assets::of(&options);
    let nonce = leptos::nonce::use_nonce();
    let script = format!(
        "import('{root}/{js}').then(module => module.default({{ module_or_path: '{root}/{wasm}' }}).then(() => module.hydrate()));"
    );
    view! {
        <link id="leptos" rel="stylesheet" href=format!("{root}/{css}") />
        <link rel="modulepreload" href=format!("{root}/{js}") crossorigin="" nonce=nonce.clone() />
        <link rel="preload" href=format!("{root}/{wasm}") r#as="fetch" r#type="application/wasm" crossorigin="" />
        <script type="module" nonce=nonce>{script}</script>
    }
}

#[cfg(not(feature = "ssr"))]
#[component]
fn Compiled(options: LeptosOptions) -> impl IntoView {
    let _ = options;
}
