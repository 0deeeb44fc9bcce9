//! The names of the compiled files, read once: a release copied over a running one changes nothing until it is started.

use std::{
    collections::HashMap,
    fs, io,
    path::Path,
    sync::{LazyLock, OnceLock},
};

use leptos::prelude::*;
use leptos_meta::Link;

#[derive(Debug)]
pub struct Assets {
    /// The path before each name.
    pub root: String,
    pub css: String,
    pub js: String,
    pub wasm: String,
    /// The files of each chunk of pages, without `.wasm`; empty in a build that was not split.
    chunks: HashMap<String, Vec<String>>,
    /// The script that loads them.
    loader: String,
}

static ASSETS: OnceLock<Assets> = OnceLock::new();

/// Reads the names of the files, from `hash.txt` beside the program and from the site; [`crate::shell`] uses them from then
/// on.
///
/// # Errors
/// When the names have hashes and the file that lists them is missing or cannot be read.
pub fn read(options: &LeptosOptions) -> io::Result<()> {
    let hashes = if options.hash_files {
        let program = std::env::current_exe()?;
        fs::read_to_string(program.with_file_name(options.hash_file.as_ref()))?
    } else {
        String::new()
    };
    let assets = with_hashes(options, &hashes)?;
    // Another server in this process may have read them before: they are the same files.
    let _ = ASSETS.set(assets);
    Ok(())
}

fn with_hashes(options: &LeptosOptions, hashes: &str) -> io::Result<Assets> {
    let hash = |kind: &str| {
        let mut pairs = hashes.lines().filter_map(|line| line.trim().split_once(':'));
        pairs.find(|(name, _)| *name == kind).map(|(_, hash)| format!(".{}", hash.trim()))
    };
    let name = &options.output_name;
    let plain_wasm = if options.hash_files { "" } else { "_bg" };
    let manifest = format!("__wasm_split_manifest{}.json", hash("manifest").unwrap_or_default());
    let manifest = Path::new(options.site_root.as_ref()).join(options.site_pkg_dir.as_ref()).join(manifest);
    let chunks = match fs::read_to_string(manifest) {
        Ok(text) => serde_json::from_str(&text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => HashMap::new(),
        Err(error) => return Err(error),
    };
    Ok(Assets {
        root: format!("/{}", options.site_pkg_dir),
        css: format!("{name}{}.css", hash("css").unwrap_or_default()),
        js: format!("{name}{}.js", hash("js").unwrap_or_default()),
        wasm: format!("{name}{}.wasm", hash("wasm").unwrap_or_else(|| plain_wasm.to_owned())),
        chunks,
        loader: format!("__wasm_split{}.js", hash("split").unwrap_or_else(|| ".______________________".to_owned())),
    })
}

/// Returns the names; those of a build without hashes when none were read.
pub(super) fn of(options: &LeptosOptions) -> &'static Assets {
    ASSETS.get_or_init(|| {
        let mut plain = options.clone();
        plain.hash_files = false;
        with_hashes(&plain, "").unwrap_or_else(|error| {
            leptos::logging::error!("the names of the compiled files: {error}");
            Assets {
                root: String::new(),
                css: String::new(),
                js: String::new(),
                wasm: String::new(),
                chunks: HashMap::new(),
                loader: String::new(),
            }
        })
    })
}

/// Adds the files of a chunk to the head of the page, so that they come with the first load.
pub fn preload(chunk: &str) {
    static NONE: LazyLock<Vec<String>> = LazyLock::new(Vec::new);
    let Some(Assets { root, chunks, loader, .. }) = ASSETS.get() else { return };
    let files = chunks.get(chunk).unwrap_or(&NONE);
    if files.is_empty() {
        return;
    }
    // Rendering the components of leptos_meta puts them into the head; their HTML here is empty.
    for file in files {
        let _ = view! {
            <Link rel="preload" href=format!("{root}/{file}.wasm") as_="fetch" type_="application/wasm" crossorigin="" />
        }
        .to_html();
    }
    let _ = view! { <Link rel="modulepreload" href=format!("{root}/{loader}") crossorigin="" /> }.to_html();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f19k_names_come_from_what_was_built() {
        let options = LeptosOptions::builder().output_name("guichet").site_root("/nowhere").hash_files(true).build();
        let assets = with_hashes(&options, "js: aB-1\nwasm: cD_2\ncss: eF3\nsplit: gH4\n").expect("names");
        assert_eq!((assets.js.as_str(), assets.wasm.as_str()), ("guichet.aB-1.js", "guichet.cD_2.wasm"));
        assert_eq!((assets.css.as_str(), assets.loader.as_str()), ("guichet.eF3.css", "__wasm_split.gH4.js"));
        assert!(assets.chunks.is_empty());
        assert!(read(&options).is_err(), "no hash.txt beside the test");
    }
}
