//! Configuration: a TOML file, then `GUICHET_*` variables, checked before anything starts.

use std::{
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
    Parse { path: String, message: String },
    #[error("{key} {problem}")]
    Value { key: &'static str, problem: String },
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

impl Config {
    /// Reads the file (when there is one) and the environment, and checks the whole.
    ///
    /// # Errors
    /// The first thing that is wrong, with the name of the setting and what it should be.
    pub fn load(
        file: Option<&Path>,
        data_dir: Option<&Path>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut table = toml::Table::new();
        let mut origin = "the environment".to_owned();
        if let Some(path) = file {
            let text =
                std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
            table = text.parse().map_err(|error: toml::de::Error| ConfigError::Parse {
                path: path.display().to_string(),
                message: error.to_string(),
            })?;
            origin = path.display().to_string();
        }
        for (key, text) in KEYS {
            let name = format!("GUICHET_{}", key.to_uppercase());
            let Some(value) = env(&name) else { continue };
            let parsed = if *text {
                toml::Value::String(value)
            } else {
                let parsed: Option<toml::Table> = format!("v = {value}").parse().ok();
                parsed.and_then(|mut table| table.remove("v")).unwrap_or(toml::Value::String(value))
            };
            table.insert((*key).to_owned(), parsed);
        }
        if let Some(dir) = data_dir {
            table.insert("data_dir".to_owned(), toml::Value::String(dir.display().to_string()));
        }
        let listen_only = !table.contains_key("public_url");
        let mut config: Self = table.try_into().map_err(|error: toml::de::Error| ConfigError::Parse {
            path: origin,
            message: error.message().to_owned(),
        })?;
        if listen_only {
            config.public_url = format!("http://{}", config.listen);
        }
        config.check()
    }

    fn check(mut self) -> Result<Self, ConfigError> {
        let wrong = |key, problem: &str| Err(ConfigError::Value { key, problem: problem.to_owned() });
        self.public_url = self.public_url.trim_end_matches('/').to_owned();
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
        if !self.mail_from.contains('@') {
            return wrong("mail_from", "must hold an e-mail address, e.g. \"Support <support@example.com>\"");
        }
        if self.vendor.trim().is_empty() {
            return wrong("vendor", "must not be empty");
        }
        if !self.rehearsal_clock.as_os_str().is_empty() && self.secure() {
            return wrong("rehearsal_clock", "is for rehearsals on this machine: not with a public https address");
        }
        Ok(self)
    }

    pub fn database(&self) -> String {
        if self.database_url.is_empty() {
            store::Db::sqlite_url(&self.data_dir.join("guichet.db"))
        } else {
            self.database_url.clone()
        }
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
        let find = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::load(None, None, find).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_overrides_and_is_checked() {
        let config =
            load(&[("GUICHET_LISTEN", "0.0.0.0:8080"), ("GUICHET_SMTP_TLS", "false"), ("GUICHET_VENDOR", "Nordlys")])
                .expect("valid");
        assert_eq!(config.listen.port(), 8080);
        assert!(!config.smtp_tls);
        assert_eq!(config.public_url, "http://0.0.0.0:8080");
        assert!(load(&[("GUICHET_LISTEN", "nowhere")]).expect_err("no address").contains("socket address"));
        assert!(
            load(&[("GUICHET_PUBLIC_URL", "ftp://x")])
                .expect_err("no web address")
                .contains("public_url must begin with")
        );
        assert!(load(&[("GUICHET_CASE_PREFIX", "gui-")]).expect_err("not capitals").contains("case_prefix"));
        let public = [("GUICHET_REHEARSAL_CLOCK", "clock"), ("GUICHET_PUBLIC_URL", "https://support.example.com")];
        assert!(load(&public).expect_err("people work there").contains("rehearsal_clock"));
    }

    #[test]
    fn unknown_settings_in_the_file_are_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("guichet.toml");
        std::fs::write(&file, "lisen = \"127.0.0.1:1\"").expect("written");
        let error = Config::load(Some(&file), None, |_| None).expect_err("a misspelt setting").to_string();
        assert!(error.contains("lisen"), "{error}");
    }
}
