//! Configuration: a TOML file, then `GUICHET_*` variables, checked before anything starts.

mod brand;
mod given;
mod network;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
};

use domain::text::{self, EmailAddress};
use serde::Deserialize;
use service::{Settings, mail::SmtpSettings};
use url::{Host, Url};

use given::Given;

pub use given::environment;
pub use network::Network;

/// Every setting: in lower case in `guichet.toml`, as `GUICHET_LISTEN` and so on in the environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The directory for database, files, mails and secrets, unless other settings say otherwise.
    pub data_dir: PathBuf,
    /// `postgres://…`; empty means SQLite in the data directory.
    pub database_url: String,
    /// The address at which people reach the portal; links in mails begin with it.
    pub public_url: String,
    /// The name of the vendor.
    pub vendor: String,
    /// The sender of mails; empty means the vendor's name at `support@localhost`.
    pub mail_from: String,
    /// The domains of the vendor's own people, whose addresses no customer can have; unset means the domain of `mail_from`.
    pub vendor_domains: Option<Vec<String>>,
    /// The vendor's colour, `#rrggbb`.
    pub accent: String,
    /// An `.svg` or `.png` file with the vendor's logo; empty means the first letter of the name.
    pub logo: PathBuf,
    /// The hosts whose images announcements show.
    pub image_hosts: Vec<String>,
    /// The number of seconds for which mass mail is held before it leaves.
    pub mass_mail_hold: u32,
    /// The prefix of case numbers.
    pub case_prefix: String,
    /// The mail server; empty means that mails are written to `mail/` in the data directory.
    pub smtp_host: String,
    pub smtp_port: u16,
    /// `false` only for a relay on the same machine.
    pub smtp_tls: bool,
    pub smtp_user: String,
    pub smtp_password: String,
    /// `json` or `text`.
    pub log: String,
    /// Addresses and networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<Network>,
    /// The number of connections from one client that are served at the same time; `trusted_proxies` are exempt.
    pub connections_per_client: NonZeroUsize,
    /// Megabytes of files that may be attached to the cases of one company, not counting imported ones; 0 means no limit.
    pub company_storage_mb: u32,
    /// For rehearsals: a file with the moment that the clock shows; empty means the machine's clock.
    pub rehearsal_clock: PathBuf,
    /// Failed sign-ins per minute for one address.
    pub sign_in_per_minute: NonZeroU32,
    /// Failed sign-ins per minute for one client.
    pub sign_in_per_client: NonZeroU32,
    /// Changes per minute by one person.
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
            vendor_domains: None,
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

/// The domain of an address, in the form that addresses are stored in.
fn domain_of(address: &str) -> Option<String> {
    let address = EmailAddress::parse(address).ok()?.into_string();
    address.split_once('@').map(|(_, domain)| domain.to_owned())
}

/// The colour of the theme, and the default of `accent`.
pub const ACCENT: &str = "#0f766e";

/// The maximum length of the vendor's name, which is on every page and in every subject.
const VENDOR_LENGTH: u32 = 80;

/// What is wrong with the configuration, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is invalid: {message}")]
    Parse { path: PathBuf, message: String },
    #[error("{setting}: {problem}")]
    Value { setting: String, problem: String },
}

impl Config {
    /// Reads the file, if there is one, and the environment, and checks the result.
    ///
    /// # Errors
    /// The first problem, with the name of the setting, its origin and what it should be.
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
        config.vendor = text::line(&config.vendor, VENDOR_LENGTH)
            .map_err(|error| given.wrong("vendor", &format!("must be a name ({error})")))?;
        config.check().map_err(|(key, problem)| given.wrong(key, &problem))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let wrong = |key, problem: &str| Err((key, problem.to_owned()));
        if !self.public_url.starts_with("https://") && !self.public_url.starts_with("http://") {
            return wrong("public_url", "must begin with https:// (or http:// on the same machine)");
        }
        // The portal answers to this name only; one that no browser can ask for would make it unreachable.
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
        if let Err(problem) = service::mail::sender(&self.mail_from, &self.vendor) {
            let example = "must be an address like \"Support <support@example.com>\"";
            return Err(("mail_from", format!("{example} ({problem})")));
        }
        let wrong_domain = |domain: &&String| domain_of(&format!("a@{domain}")).is_none();
        if let Some(domain) = self.vendor_domains.iter().flatten().find(wrong_domain) {
            let problem = format!("must be domains, such as [\"nordlys.example\"]; {domain:?} is none");
            return Err(("vendor_domains", problem));
        }
        if !brand::carries_white(&self.accent) {
            return wrong("accent", "must be a colour like #0f766e, dark enough for white letters on it (4.5 to 1)");
        }
        let logo = self.logo.as_os_str().is_empty()
            || self.logo.extension().is_some_and(|kind| kind == "svg" || kind == "png");
        if !logo {
            return wrong("logo", "must be an .svg or .png file");
        }
        let host = |host: &str| {
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'))
        };
        if !self.smtp_host.is_empty() && !host(&self.smtp_host) {
            return wrong("smtp_host", "must be the name of a host, such as mail.example.com");
        }
        if !self.image_hosts.iter().all(|name| host(name)) {
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

    /// Returns the database in the data directory, unless it is elsewhere.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        self.database_url.is_empty().then(|| self.data_dir.join("guichet.db"))
    }

    /// Returns the file of a SQLite database, wherever it is.
    pub fn database_file(&self) -> Option<PathBuf> {
        self.sqlite_file().or_else(|| {
            let path = self.database_url.strip_prefix("sqlite:")?;
            let path = path.strip_prefix("//").unwrap_or(path);
            Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
        })
    }

    /// Returns the path of the key that signs the links in mails.
    pub fn link_key(&self) -> PathBuf {
        self.data_dir.join("secrets").join("link.key")
    }

    /// Whether cookies are for https only, as the public address is.
    pub fn secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    pub fn settings(&self) -> Settings {
        Settings {
            public_url: self.public_url.clone(),
            vendor: self.vendor.clone(),
            // Checked when the configuration was read.
            mail_from: service::mail::sender(&self.mail_from, &self.vendor).unwrap_or_else(|_| self.mail_from.clone()),
            vendor_domains: self.reserved_domains(),
            case_prefix: self.case_prefix.clone(),
            company_storage_bytes: u64::from(self.company_storage_mb) * 1024 * 1024,
            accent: self.accent.clone(),
            logo: !self.logo.as_os_str().is_empty(),
            image_hosts: self.image_hosts.clone(),
            mass_mail_hold: jiff::SignedDuration::from_secs(i64::from(self.mass_mail_hold)),
        }
    }

    /// Without a setting, the domain that the vendor's mails come from, unless it is this machine.
    fn reserved_domains(&self) -> Vec<String> {
        match &self.vendor_domains {
            Some(domains) => domains.iter().filter_map(|domain| domain_of(&format!("a@{domain}"))).collect(),
            None => domain_of(service::mail::bare_address(&self.mail_from)).into_iter().collect(),
        }
    }

    /// Whether a peer is a proxy whose headers are trusted. On `[::]` an IPv4 peer appears as an IPv6 address.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_proxies.iter().any(|proxy| proxy.contains(peer))
    }

    fn public_address(&self) -> Option<Url> {
        Url::parse(&self.public_url).ok()
    }

    /// Returns scheme, host and port of the public address as browsers write them in `Origin`, where
    /// `https://müller.example` is `https://xn--mller-kva.example`.
    pub fn public_origin(&self) -> String {
        self.public_address().map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    /// Whether the public address belongs to this machine only, which goes by several names.
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
mod tests;
