//! Settings as they are given: a TOML file, then `GUICHET_*` variables.

use std::{collections::BTreeMap, path::Path};

use super::{Config, ConfigError};

/// The names that variables can have after `GUICHET_`, and whether their value is text.
const KEYS: &[(&str, bool)] = &[
    ("listen", true),
    ("data_dir", true),
    ("database_url", true),
    ("public_url", true),
    ("vendor", true),
    ("mail_from", true),
    ("vendor_domains", false),
    ("accent", true),
    ("logo", true),
    ("image_hosts", false),
    ("mass_mail_hold", false),
    ("case_prefix", true),
    ("smtp_host", true),
    ("smtp_port", false),
    ("smtp_tls", false),
    ("smtp_user", true),
    ("smtp_password", true),
    ("log", true),
    ("trusted_proxies", false),
    ("connections_per_client", false),
    ("company_storage_mb", false),
    ("rehearsal_clock", true),
    ("sign_in_per_minute", false),
    ("sign_in_per_client", false),
    ("write_per_minute", false),
];

/// Settings whose values never appear in messages.
const SECRETS: [&str; 2] = ["smtp_password", "database_url"];

/// Variables that are not settings: the first two are read elsewhere in this program, the others by scripts and tests.
const NO_SETTINGS: [&str; 4] = ["CONFIG", "LOG_FILTER", "BIN", "TOOLS"];
const FOR_TESTS: [&str; 2] = ["TEST_", "E2E_"];

const PREFIX: &str = "GUICHET_";

/// Returns the variables of this process that are meant for Guichet.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect()
}

/// Settings before they are checked, each with its origin in words.
#[derive(Default)]
pub(super) struct Given {
    pub(super) table: toml::Table,
    origins: BTreeMap<String, String>,
}

impl Given {
    pub(super) fn set(&mut self, key: &str, value: toml::Value, origin: String) -> Result<(), ConfigError> {
        if !KEYS.iter().any(|(known, _)| *known == key) {
            let like = KEYS.iter().map(|(known, _)| *known).min_by_key(|known| strsim::levenshtein(known, key));
            let problem = format!("no such setting; did you mean {}?", like.unwrap_or_default());
            return Err(ConfigError::Value { setting: origin, problem });
        }
        self.table.insert(key.to_owned(), value);
        self.origins.insert(key.to_owned(), origin);
        Ok(())
    }

    pub(super) fn read(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Parse {
            path: path.to_owned(),
            message: place_of(&error, &text),
        })?;
        for (key, value) in table {
            let origin = format!("{key} in {}", path.display());
            self.set(&key, value, origin)?;
        }
        Ok(())
    }

    pub(super) fn take_variable(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let Some(rest) = name.strip_prefix(PREFIX) else { return Ok(()) };
        if NO_SETTINGS.contains(&rest) || FOR_TESTS.iter().any(|prefix| rest.starts_with(prefix)) {
            return Ok(());
        }
        let key = rest.to_lowercase();
        let text = KEYS.iter().any(|(known, text)| *known == key && *text);
        let parsed = if text { None } else { format!("v = {value}").parse::<toml::Table>().ok() };
        let value = parsed.and_then(|mut table| table.remove("v")).unwrap_or(toml::Value::String(value.to_owned()));
        self.set(&key, value, format!("{name} in the environment"))
    }

    pub(super) fn wrong(&self, key: &str, problem: &str) -> ConfigError {
        let setting = self.origins.get(key).cloned().unwrap_or_else(|| format!("{key} (not set)"));
        ConfigError::Value { setting, problem: problem.to_owned() }
    }

    /// serde says what is wrong but not where, so each setting is tried alone.
    pub(super) fn parse(&self) -> Result<Config, ConfigError> {
        self.table.clone().try_into().map_err(|error: toml::de::Error| {
            let alone = |(key, value): (&String, &toml::Value)| {
                toml::Table::from_iter([(key.clone(), value.clone())])
                    .try_into::<Config>()
                    .is_err()
                    .then(|| key.clone())
            };
            let key = self.table.iter().find_map(alone).unwrap_or_default();
            // The message may contain the value.
            let problem = if SECRETS.contains(&key.as_str()) { "must be text" } else { error.message() };
            let example = match key.as_str() {
                "listen" => "; for example 127.0.0.1:3000",
                "trusted_proxies" => "; for example [\"10.0.0.1\", \"172.16.0.0/12\"]",
                "vendor_domains" | "image_hosts" => "; for example [\"example.com\"]",
                _ => "",
            };
            self.wrong(&key, &format!("{problem}{example}"))
        })
    }
}

/// Says what is wrong with a file and where, without quoting the line, which may hold a password (F19h).
fn place_of(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {}, column {column}: {}", before.matches('\n').count() + 1, error.message())
}
