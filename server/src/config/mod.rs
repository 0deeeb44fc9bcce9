//! Configuration: a TOML file, then `GUICHET_*` variables, checked before anything starts.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use service::{Settings, mail::SmtpSettings};

/// Every setting; `guichet.toml` has them in lower case, the environment as `GUICHET_LISTEN` and so on.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Database, files, mails and secrets, unless other settings say otherwise.
    pub data_dir: PathBuf,
    /// `postgres://…`; empty is SQLite in the data directory.
    pub database_url: String,
    /// Where people reach the portal; links in mails begin with it.
    pub public_url: String,
    /// The name of the vendor.
    pub vendor: String,
    /// The sender of mails.
    pub mail_from: String,
    /// Before the number of a case.
    pub case_prefix: String,
    /// Empty: mails are written into `mail/` in the data directory.
    pub smtp_host: String,
    pub smtp_port: u16,
    /// `false` only for a relay on the same machine.
    pub smtp_tls: bool,
    pub smtp_user: String,
    pub smtp_password: String,
    /// `json` or `text`.
    pub log: String,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// For rehearsals: a file with the moment that the clock shows; empty is the machine's clock.
    pub rehearsal_clock: PathBuf,
    /// Tries to sign in a minute, for one address.
    pub sign_in_per_minute: NonZeroU32,
    /// Tries to sign in a minute, for one client.
    pub sign_in_per_client: NonZeroU32,
    /// Cases, replies, chats, calls and uploads a minute, for one person.
    pub write_per_minute: NonZeroU32,
}

impl Default for Config {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            data_dir: PathBuf::from("data"),
            database_url: String::new(),
            public_url: "http://127.0.0.1:3000".to_owned(),
            vendor: "Guichet".to_owned(),
            mail_from: "Guichet <support@localhost>".to_owned(),
            case_prefix: "GUI".to_owned(),
            smtp_host: String::new(),
            smtp_port: 587,
            smtp_tls: true,
            smtp_user: String::new(),
            smtp_password: String::new(),
            log: "text".to_owned(),
            trusted_proxies: Vec::new(),
            rehearsal_clock: PathBuf::new(),
            sign_in_per_minute: number(5),
            sign_in_per_client: number(20),
            write_per_minute: number(30),
        }
    }
}

/// What is wrong with the configuration, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is not right: {message}")]
    Parse { path: PathBuf, message: String },
    #[error("{setting}: {problem}")]
    Value { setting: String, problem: String },
}

/// The names a variable can have after `GUICHET_`, and whether its value is text.
const KEYS: &[(&str, bool)] = &[
    ("listen", true),
    ("data_dir", true),
    ("database_url", true),
    ("public_url", true),
    ("vendor", true),
    ("mail_from", true),
    ("case_prefix", true),
    ("smtp_host", true),
    ("smtp_port", false),
    ("smtp_tls", false),
    ("smtp_user", true),
    ("smtp_password", true),
    ("log", true),
    ("trusted_proxies", false),
    ("rehearsal_clock", true),
    ("sign_in_per_minute", false),
    ("sign_in_per_client", false),
    ("write_per_minute", false),
];

/// Variables that are no settings: the first two are read elsewhere in this program, the others by the scripts and tests.
const NO_SETTINGS: [&str; 4] = ["CONFIG", "LOG_FILTER", "BIN", "TOOLS"];
const FOR_TESTS: [&str; 2] = ["TEST_", "E2E_"];

const PREFIX: &str = "GUICHET_";

/// The variables of this process that are meant for Guichet.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect()
}

/// Settings before they are checked, each with where it came from, in words.
#[derive(Default)]
struct Given {
    table: toml::Table,
    origins: BTreeMap<String, String>,
}

impl Given {
    fn set(&mut self, key: &str, value: toml::Value, origin: String) -> Result<(), ConfigError> {
        if !KEYS.iter().any(|(known, _)| *known == key) {
            let like = KEYS.iter().map(|(known, _)| *known).min_by_key(|known| distance(known, key));
            let problem = format!("no such setting; did you mean {}?", like.unwrap_or_default());
            return Err(ConfigError::Value { setting: origin, problem });
        }
        self.table.insert(key.to_owned(), value);
        self.origins.insert(key.to_owned(), origin);
        Ok(())
    }

    fn read(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Parse {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        for (key, value) in table {
            let origin = format!("{key} in {}", path.display());
            self.set(&key, value, origin)?;
        }
        Ok(())
    }

    fn take_variable(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
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

    fn wrong(&self, key: &str, problem: &str) -> ConfigError {
        let setting = self.origins.get(key).cloned().unwrap_or_else(|| format!("{key} (not set)"));
        ConfigError::Value { setting, problem: problem.to_owned() }
    }

    /// serde says what is wrong, not where: each setting is tried alone.
    fn parse(&self) -> Result<Config, ConfigError> {
        self.table.clone().try_into().map_err(|error: toml::de::Error| {
            let alone = |(key, value): (&String, &toml::Value)| {
                toml::Table::from_iter([(key.clone(), value.clone())])
                    .try_into::<Config>()
                    .is_err()
                    .then(|| key.clone())
            };
            self.wrong(&self.table.iter().find_map(alone).unwrap_or_default(), error.message())
        })
    }
}

/// How many letters have to be changed, added or left out (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, b) in other.chars().enumerate() {
            let change = before + usize::from(a != b);
            before = row[j + 1];
            row[j + 1] = change.min(before + 1).min(row[j] + 1);
        }
    }
    row[other.chars().count()]
}

impl Config {
    /// Reads the file (when there is one) and the environment, and checks the whole.
    ///
    /// # Errors
    /// The first thing that is wrong, with the name of the setting, where it came from and what it should be.
    pub fn load(
        file: Option<&Path>,
        data_dir: Option<&Path>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let mut given = Given::default();
        if let Some(path) = file {
            given.read(path)?;
        }
        for (name, value) in environment {
            given.take_variable(name, value)?;
        }
        if let Some(dir) = data_dir {
            given.set("data_dir", toml::Value::String(dir.display().to_string()), "--data-dir".to_owned())?;
        }
        let mut config = given.parse()?;
        if !given.table.contains_key("public_url") {
            if config.listen.ip().is_unspecified() {
                let problem =
                    format!("has to be set: people cannot open {}, and links in mails lead there", config.listen);
                return Err(given.wrong("public_url", &problem));
            }
            config.public_url = format!("http://{}", config.listen);
        }
        config.public_url = config.public_url.trim_end_matches('/').to_owned();
        config.check().map_err(|(key, problem)| given.wrong(key, &problem))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let wrong = |key, problem: &str| Err((key, problem.to_owned()));
        if !self.public_url.starts_with("https://") && !self.public_url.starts_with("http://") {
            return wrong("public_url", "must begin with https:// (or http:// on the same machine)");
        }
        if !self.database_url.is_empty()
            && !self.database_url.starts_with("postgres://")
            && !self.database_url.starts_with("sqlite:")
        {
            return wrong("database_url", "must begin with postgres:// or sqlite:");
        }
        let prefix_ok =
            (1..=8).contains(&self.case_prefix.len()) && self.case_prefix.bytes().all(|b| b.is_ascii_uppercase());
        if !prefix_ok {
            return wrong("case_prefix", "must be one to eight capital letters");
        }
        if self.log != "json" && self.log != "text" {
            return wrong("log", "must be json or text");
        }
        if let Err(problem) = service::mail::check_sender(&self.mail_from) {
            let example = "must be an address like \"Support <support@example.com>\"";
            return Err(("mail_from", format!("{example} ({problem})")));
        }
        if self.vendor.trim().is_empty() {
            return wrong("vendor", "must not be empty");
        }
        if !self.rehearsal_clock.as_os_str().is_empty() && self.secure() {
            return wrong("rehearsal_clock", "is for rehearsals on this machine: not with a public https address");
        }
        Ok(())
    }

    pub fn database(&self) -> String {
        self.sqlite_file().map_or_else(|| self.database_url.clone(), |file| store::Db::sqlite_url(&file))
    }

    /// The database in the data directory, unless it is elsewhere.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        self.database_url.is_empty().then(|| self.data_dir.join("guichet.db"))
    }

    /// Cookies are tied to https when the public address is.
    pub fn secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    pub fn settings(&self) -> Settings {
        Settings {
            public_url: self.public_url.clone(),
            vendor: self.vendor.clone(),
            mail_from: self.mail_from.clone(),
            case_prefix: self.case_prefix.clone(),
        }
    }

    pub fn smtp(&self) -> Option<SmtpSettings> {
        (!self.smtp_host.is_empty()).then(|| SmtpSettings {
            host: self.smtp_host.clone(),
            port: self.smtp_port,
            tls: self.smtp_tls,
            user: (!self.smtp_user.is_empty()).then(|| self.smtp_user.clone()),
            password: (!self.smtp_password.is_empty()).then(|| self.smtp_password.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::load(None, None, &environment).map_err(|error| error.to_string())
    }

    fn refused(name: &str, value: &str) -> String {
        load(&[(name, value)]).expect_err("a wrong value")
    }

    #[test]
    fn the_environment_overrides_and_is_checked() {
        let config =
            load(&[("GUICHET_LISTEN", "127.0.0.1:8080"), ("GUICHET_SMTP_TLS", "false"), ("GUICHET_VENDOR", "Nordlys")])
                .expect("valid");
        assert_eq!(config.listen.port(), 8080);
        assert!(!config.smtp_tls);
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
        assert!(refused("GUICHET_CASE_PREFIX", "gui-").starts_with("GUICHET_CASE_PREFIX in the environment: must be"));
        let public = [("GUICHET_REHEARSAL_CLOCK", "clock"), ("GUICHET_PUBLIC_URL", "https://support.example.com")];
        assert!(load(&public).expect_err("people work there").contains("GUICHET_REHEARSAL_CLOCK"));
    }

    #[test]
    fn a_wrong_value_is_named_with_where_it_came_from() {
        let error = refused("GUICHET_LISTEN", "nowhere");
        assert!(
            error.starts_with("GUICHET_LISTEN in the environment: ") && error.contains("socket address"),
            "{error}"
        );
        let error = refused("GUICHET_SMTP_PORT", "many");
        assert!(error.starts_with("GUICHET_SMTP_PORT in the environment: "), "{error}");
        let error = refused("GUICHET_PUBLIC_URL", "ftp://x");
        assert!(error.starts_with("GUICHET_PUBLIC_URL in the environment: must begin with"), "{error}");
        for wrong in ["Support", "Support <support at example.com>", "@"] {
            let error = refused("GUICHET_MAIL_FROM", wrong);
            assert!(error.starts_with("GUICHET_MAIL_FROM in the environment: must be an address"), "{error}");
        }
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("guichet.toml");
        std::fs::write(&file, "vendor = \"Nordlys\"\nlog = 3").expect("written");
        let error = Config::load(Some(&file), None, &BTreeMap::new()).expect_err("a number").to_string();
        assert!(error.starts_with(&format!("log in {}: ", file.display())), "{error}");
    }

    #[test]
    fn whoever_listens_to_everybody_says_where_people_come() {
        let error = refused("GUICHET_LISTEN", "0.0.0.0:8080");
        assert!(error.starts_with("public_url (not set): has to be set"), "{error}");
        assert!(load(&[("GUICHET_LISTEN", "[::]:80"), ("GUICHET_PUBLIC_URL", "https://support.example.com/")]).is_ok());
    }

    #[test]
    fn unknown_settings_are_named_and_the_likely_one_is_said() {
        let error = refused("GUICHET_LISEN", "127.0.0.1:1");
        assert_eq!(error, "GUICHET_LISEN in the environment: no such setting; did you mean listen?");
        assert!(load(&[("GUICHET_TEST_POSTGRES", "x"), ("GUICHET_E2E_PORT", "1"), ("GUICHET_BIN", "x")]).is_ok());
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("guichet.toml");
        std::fs::write(&file, "lisen = \"127.0.0.1:1\"").expect("written");
        let error = Config::load(Some(&file), None, &BTreeMap::new()).expect_err("a misspelt setting").to_string();
        assert_eq!(error, format!("lisen in {}: no such setting; did you mean listen?", file.display()));
    }
}
