//! Configuration: a TOML file, then `GUICHET_*` variables, checked before anything starts.

mod brand;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use serde::Deserialize;
use service::{Settings, mail::SmtpSettings};
use url::{Host, Url};

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
    /// The sender of mails; empty is the vendor's name at this machine.
    pub mail_from: String,
    /// The vendor's colour, `#rrggbb`.
    pub accent: String,
    /// An `.svg` or `.png` file with the vendor's logo; empty is the first letter of the name.
    pub logo: PathBuf,
    /// The hosts whose images announcements show.
    pub image_hosts: Vec<String>,
    /// How many seconds a mail to many is held before it leaves.
    pub mass_mail_hold: u32,
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
    /// Addresses and networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Connections of one client that are served at once; those of `trusted_proxies` are not counted.
    pub connections_per_client: NonZeroUsize,
    /// Megabytes of files that may be attached to the cases of one company, beside what was imported; 0 is no limit.
    pub company_storage_mb: u32,
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
            mail_from: String::new(),
            accent: ACCENT.to_owned(),
            logo: PathBuf::new(),
            image_hosts: Vec::new(),
            mass_mail_hold: 120,
            case_prefix: "GUI".to_owned(),
            smtp_host: String::new(),
            smtp_port: 587,
            smtp_tls: true,
            smtp_user: String::new(),
            smtp_password: String::new(),
            log: "text".to_owned(),
            trusted_proxies: Vec::new(),
            connections_per_client: NonZeroUsize::new(64).unwrap_or(NonZeroUsize::MIN),
            company_storage_mb: 1_024,
            rehearsal_clock: PathBuf::new(),
            sign_in_per_minute: number(5),
            sign_in_per_client: number(20),
            write_per_minute: number(30),
        }
    }
}

/// An address, or a network such as `10.0.0.0/8` or `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(IpNet);

impl Network {
    /// `address` in its canonical form: IPv4 is IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical().into())
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let network = text.parse::<IpNet>().map(Self);
        let one = || text.parse::<IpAddr>().map(Self::from);
        network.or_else(|_| one()).map_err(|_| format!("{text} is no address and no network like 10.0.0.0/8"))
    }
}
/// The colour of the theme: what `accent` is unless it is set.
pub const ACCENT: &str = "#0f766e";

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

/// Settings whose values are never said.
const SECRETS: [&str; 2] = ["smtp_password", "database_url"];

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
            message: place_of(&error, &text),
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
            let key = self.table.iter().find_map(alone).unwrap_or_default();
            // The message can hold the value.
            let problem = if SECRETS.contains(&key.as_str()) { "must be text" } else { error.message() };
            self.wrong(&key, problem)
        })
    }
}

/// What is wrong with a file and where, without the line itself: it may hold a password (F19h).
fn place_of(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {}, column {column}: {}", before.matches('\n').count() + 1, error.message())
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
        if config.mail_from.is_empty() {
            config.mail_from = "support@localhost".to_owned();
        }
        config.check().map_err(|(key, problem)| given.wrong(key, &problem))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let wrong = |key, problem: &str| Err((key, problem.to_owned()));
        if !self.public_url.starts_with("https://") && !self.public_url.starts_with("http://") {
            return wrong("public_url", "must begin with https:// (or http:// on the same machine)");
        }
        // The portal answers to this name only: one that no browser asks for would close it to everybody.
        let address = self.public_address();
        let plain = |url: &Url| (url.path(), url.query(), url.fragment(), url.username()) == ("/", None, None, "");
        if !address.is_some_and(|url| url.has_host() && plain(&url)) {
            return wrong(
                "public_url",
                "must be an address like https://support.example.com, with nothing after the host",
            );
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
        if self.vendor.trim().is_empty() {
            return wrong("vendor", "must not be empty");
        }
        if let Err(problem) = service::mail::sender(&self.mail_from, &self.vendor) {
            let example = "must be an address like \"Support <support@example.com>\"";
            return Err(("mail_from", format!("{example} ({problem})")));
        }
        if !brand::carries_white(&self.accent) {
            return wrong("accent", "must be a colour like #0f766e, dark enough for white letters on it (4.5 to 1)");
        }
        let logo = self.logo.as_os_str().is_empty()
            || self.logo.extension().is_some_and(|kind| kind == "svg" || kind == "png");
        if !logo {
            return wrong("logo", "must be an .svg or .png file");
        }
        let host = |host: &String| {
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'))
        };
        if !self.image_hosts.iter().all(host) {
            return wrong("image_hosts", "must be names of hosts, such as [\"docs.example.com\"]");
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

    /// The file of a SQLite database, wherever it is.
    pub fn database_file(&self) -> Option<PathBuf> {
        self.sqlite_file().or_else(|| {
            let path = self.database_url.strip_prefix("sqlite:")?;
            let path = path.strip_prefix("//").unwrap_or(path);
            Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
        })
    }

    /// Signs the links in mails.
    pub fn link_key(&self) -> PathBuf {
        self.data_dir.join("secrets").join("link.key")
    }

    /// Cookies are tied to https when the public address is.
    pub fn secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    pub fn settings(&self) -> Settings {
        Settings {
            public_url: self.public_url.clone(),
            vendor: self.vendor.clone(),
            // Checked when it was read.
            mail_from: service::mail::sender(&self.mail_from, &self.vendor).unwrap_or_else(|_| self.mail_from.clone()),
            case_prefix: self.case_prefix.clone(),
            company_storage_bytes: u64::from(self.company_storage_mb) * 1024 * 1024,
            accent: self.accent.clone(),
            logo: !self.logo.as_os_str().is_empty(),
            image_hosts: self.image_hosts.clone(),
            mass_mail_hold: jiff::SignedDuration::from_secs(i64::from(self.mass_mail_hold)),
        }
    }

    /// Whether a peer is a proxy whose headers are believed. On `[::]` an IPv4 peer shows as an IPv6 address.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_proxies.iter().any(|proxy| proxy.contains(peer))
    }

    fn public_address(&self) -> Option<Url> {
        Url::parse(&self.public_url).ok()
    }

    /// Scheme, host and port of the public address, as a browser writes them in `Origin`: `https://müller.example` is
    /// `https://xn--mller-kva.example` there.
    pub fn public_origin(&self) -> String {
        self.public_address().map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    /// Whether the public address is one of this machine only, where it goes by several names.
    pub fn is_local(&self) -> bool {
        match self.public_address().as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
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

    /// U9: mails come from the vendor, whoever forgets to say so.
    #[test]
    fn u9_the_vendor_is_the_sender() {
        let from = |pairs: &[(&str, &str)]| load(pairs).expect("valid").settings().mail_from;
        assert_eq!(from(&[("GUICHET_VENDOR", "Nordlys")]), "Nordlys <support@localhost>");
        let address = ("GUICHET_MAIL_FROM", "help@nordlys.example");
        assert_eq!(from(&[("GUICHET_VENDOR", "Nordlys, Inc."), address]), "\"Nordlys, Inc.\" <help@nordlys.example>");
        let named = ("GUICHET_MAIL_FROM", "Care <help@nordlys.example>");
        assert_eq!(from(&[("GUICHET_VENDOR", "Nordlys"), named]), "Care <help@nordlys.example>");
    }

    #[test]
    fn an_accent_that_white_letters_cannot_be_read_on_is_refused() {
        for wrong in ["teal", "#fff", "#ffcc00", "#0f766", "#0f766e;}"] {
            let error = refused("GUICHET_ACCENT", wrong);
            assert!(error.starts_with("GUICHET_ACCENT in the environment: must be a colour"), "{wrong}: {error}");
        }
        assert!(load(&[("GUICHET_ACCENT", "#1d4ed8"), ("GUICHET_IMAGE_HOSTS", "[\"docs.example\"]")]).is_ok());
        assert!(refused("GUICHET_IMAGE_HOSTS", "[\"https://docs.example/\"]").contains("must be names of hosts"));
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
        for wrong in [
            "https://:80",
            "https://a b.example",
            "https://x.example/support",
            "https://x.example?a",
            "https://me@x.example",
        ] {
            let error = refused("GUICHET_PUBLIC_URL", wrong);
            assert!(error.contains("must be an address like https://support.example.com"), "{wrong}: {error}");
        }
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

    /// F19h
    #[test]
    fn f19h_password_is_not_said_whatever_is_wrong() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("guichet.toml");
        for wrong in
            ["smtp_host = \"mail\"\nsmtp_password = \"s3cret", "smtp_password = 53372 s3cret", "smtp_password = 53372"]
        {
            std::fs::write(&file, wrong).expect("written");
            let error = Config::load(Some(&file), None, &BTreeMap::new()).expect_err("no password").to_string();
            assert!(!error.contains("s3cret") && !error.contains("53372"), "{error}");
            assert!(error.contains("guichet.toml"), "{error}");
        }
        std::fs::write(&file, "smtp_host = \"mail\"\nsmtp_port = = 3").expect("written");
        let error = Config::load(Some(&file), None, &BTreeMap::new()).expect_err("no value").to_string();
        assert!(error.contains("line 2, column 13"), "{error}");
    }

    #[test]
    fn whoever_listens_to_everybody_says_where_people_come() {
        let error = refused("GUICHET_LISTEN", "0.0.0.0:8080");
        assert!(error.starts_with("public_url (not set): has to be set"), "{error}");
        assert!(load(&[("GUICHET_LISTEN", "[::]:80"), ("GUICHET_PUBLIC_URL", "https://support.example.com/")]).is_ok());
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let config =
            load(&[("GUICHET_TRUSTED_PROXIES", r#"["10.0.0.1", "172.16.0.0/12", "fd00::/8"]"#)]).expect("valid");
        for (address, trusted) in [
            ("10.0.0.1", true),
            ("10.0.0.2", false),
            ("172.31.255.1", true),
            ("::ffff:172.16.3.4", true),
            ("172.32.0.1", false),
            ("fd12::1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(config.trusts(address.parse().expect("an address")), trusted, "{address}");
        }
        let error = refused("GUICHET_TRUSTED_PROXIES", r#"["10.0.0.0/33"]"#);
        assert!(error.contains("10.0.0.0/33 is no address and no network"), "{error}");
    }

    #[test]
    fn the_public_origin_is_what_browsers_send() {
        let of = |url: &str| Config { public_url: url.into(), ..Config::default() };
        assert_eq!(of("https://Support.example.com").public_origin(), "https://support.example.com");
        assert_eq!(of("https://support.example.com:443/x").public_origin(), "https://support.example.com");
        assert_eq!(of("http://10.0.0.3:8080").public_origin(), "http://10.0.0.3:8080");
        assert_eq!(of("https://Müller.example").public_origin(), "https://xn--mller-kva.example");
        assert!(of("http://127.0.0.1:3000").is_local() && of("http://[::1]:3000").is_local());
        assert!(of("http://localhost").is_local() && !of("https://localhost.example.com").is_local());
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
