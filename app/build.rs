//! Turns `locales/<language>/<feature>.json` into checked keys: a missing text does not compile.

use std::{env, error::Error, fs, path::PathBuf};

use leptos_i18n_codegen::gen_code;
use leptos_i18n_parser::parse_locales::{
    options::{Config, ParseOptions},
    parse_locales,
};

/// One file for each feature, in each language.
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
    // Does what `leptos_i18n_build` does, without its generator of ICU data, whose crates take longer to compile than the
    // rest of the application; the texts need no data of their own.
    let locales = parse_locales(None, config)?;
    for warning in locales.diag.warnings().iter() {
        println!("cargo::warning={warning}");
    }
    for error in locales.diag.errors().iter() {
        println!("cargo::error={error}");
    }
    for path in locales.tracked_files.iter().flatten() {
        println!("cargo::rerun-if-changed={path}");
    }
    let directory = PathBuf::from(env::var("OUT_DIR")?).join("i18n");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("mod.rs"), gen_code(&locales, None, false, None, false)?.to_string())?;
    Ok(())
}
