//! Turns `locales/<language>/<feature>.json` into checked keys: a missing text does not compile.

use std::{env, error::Error, path::PathBuf};

use leptos_i18n_build::{Config, ParseOptions, TranslationsInfos};

/// One file a feature, in each language.
const NAMESPACES: [&str; 13] = [
    "announcements",
    "audit",
    "calls",
    "cases",
    "chat",
    "common",
    "failure",
    "imports",
    "mail",
    "overview",
    "people",
    "rollout",
    "session",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    let config = Config::new("fr")?
        .add_locale("en")?
        .add_namespaces(NAMESPACES)?
        .parse_options(ParseOptions::new().interpolate_display(true));
    let translations = TranslationsInfos::parse(config)?;
    translations.emit_diagnostics();
    translations.rerun_if_locales_changed();
    translations.generate_i18n_module(PathBuf::from(env::var("OUT_DIR")?).join("i18n"))?;
    Ok(())
}
