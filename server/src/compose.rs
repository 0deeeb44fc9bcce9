//! The only place with concrete wiring: turns a configuration into services.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc};

use domain::{Failure, clock::Clock};
use service::{
    Limits, Parts, RandomIds, Secrets, Services, SystemClock,
    files::FileStore,
    live::Bus,
    mail::{FileMailer, Mailer, SmtpMailer},
    session::{Hasher, KnownActors},
};
use store::{Db, Health, StoreError};

use crate::{config::Config, data_dir, rehearsal::RehearsalClock};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot use the data directory: {0}")]
    DataDir(#[source] std::io::Error),
    /// F8: it holds mails, password hashes and links.
    #[error(
        "others on this machine can read {directory}, and its mode cannot be changed ({source}): make the server its owner"
    )]
    OpenToOthers { directory: std::path::PathBuf, source: std::io::Error },
    /// T18: a mistyped directory does not become an installation.
    #[error("{0}: check --data-dir; only `serve`, `migrate` and `demo` create an installation")]
    NotInstalled(String),
    #[error("cannot use {path}: {why}")]
    Closed { path: std::path::PathBuf, why: std::io::ErrorKind },
    /// F15
    #[error("another process serves this database: {0}")]
    Served(String),
    #[error("cannot open the database: {}", service::chain(.0))]
    Database(#[from] StoreError),
    #[error("cannot serve: {0}")]
    Unwell(Health),
    #[error("{0}")]
    Failure(#[from] Failure),
    #[error("the rehearsal's clock cannot be read from {file}: {source}")]
    Clock { file: std::path::PathBuf, source: std::io::Error },
    #[error("the SMTP settings cannot be used: {0}")]
    Smtp(String),
    #[error("the logo {path} cannot be shown: {why}")]
    Logo { path: std::path::PathBuf, why: String },
    #[error("cannot listen on {address}: {source}")]
    Listen { address: std::net::SocketAddr, source: std::io::Error },
    #[error(
        "the site is not where Leptos.toml says: {0}. Run `make serve`, or `make release` and start from the same directory"
    )]
    Site(String),
}

/// Creates the data directory if it is missing, and closes it to other users of the machine.
///
/// # Errors
/// When it cannot be created, or stays open to others.
pub fn prepare(config: &Config) -> Result<(), StartError> {
    let directory = &config.data_dir;
    data_dir::create(directory).map_err(|error| StartError::Closed { path: directory.clone(), why: error.kind() })?;
    match data_dir::close_to_others(directory) {
        Ok(0) => Ok(()),
        Ok(closed) => {
            tracing::warn!(directory = %directory.display(), closed, "others could read the data directory; it is closed now");
            Ok(())
        }
        Err(source) => Err(StartError::OpenToOthers { directory: directory.clone(), source }),
    }
}

/// Looks for an installation.
///
/// # Errors
/// [`StartError::NotInstalled`] names what is missing, [`StartError::Closed`] what this user may not look at.
pub fn find_installation(config: &Config) -> Result<(), StartError> {
    let find = |what: &str, path: &Path| match fs::metadata(path) {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(StartError::NotInstalled(format!("there is no {what} {}", path.display())))
        }
        Err(error) => Err(StartError::Closed { path: path.to_owned(), why: error.kind() }),
    };
    if !find("directory", &config.data_dir)?.is_dir() {
        return Err(StartError::NotInstalled(format!("{} is no directory", config.data_dir.display())));
    }
    match config.database_file() {
        Some(file) => find("database", &file).map(|_| ()),
        None => Ok(()),
    }
}

fn no_key(config: &Config) -> Option<String> {
    let key = config.link_key();
    (!key.exists()).then(|| format!("there is no key {}: restore it from a backup", key.display()))
}

/// Opens an existing installation, for commands that do not create one (T18).
///
/// # Errors
/// [`StartError::NotInstalled`]; otherwise as [`services`].
pub async fn existing(config: &Config) -> Result<Services, StartError> {
    find_installation(config)?;
    match no_key(config) {
        Some(what) => Err(StartError::NotInstalled(what)),
        None => services(config).await,
    }
}

/// Opens the database and builds what use cases need. Migrations run separately ([`Db::migrate`]).
///
/// # Errors
/// What is missing or wrong, in words for the operator.
pub async fn services(config: &Config) -> Result<Services, StartError> {
    prepare(config)?;
    let db = Db::open(&config.database()).await?;
    let new = db.is_new().await?;
    let clock: Arc<dyn Clock> = if config.rehearsal_clock.as_os_str().is_empty() {
        Arc::new(SystemClock)
    } else {
        let file = config.rehearsal_clock.clone();
        tracing::warn!(file = %file.display(), "rehearsal: the clock shows the moment in this file");
        Arc::new(RehearsalClock::open(file.clone()).map_err(|source| StartError::Clock { file, source })?)
    };
    let mailer: Arc<dyn Mailer> = match config.smtp() {
        Some(smtp) => Arc::new(SmtpMailer::new(&smtp).map_err(|error| StartError::Smtp(error.to_string()))?),
        None => Arc::new(FileMailer::new(config.data_dir.join("mail"))),
    };
    Ok(Services::new(Parts {
        db,
        clock,
        ids: Arc::new(RandomIds),
        settings: config.settings(),
        secrets: Secrets { link_key: link_key(config, new)? },
        files: FileStore::directory(&config.data_dir.join("files"))?,
        mailer,
        hasher: Hasher::new()?,
        limits: Limits::new(config.sign_in_per_minute, config.sign_in_per_client, config.write_per_minute),
        bus: Bus::default(),
        known: KnownActors::default(),
    }))
}

/// Reads the key that signs links, or creates one that only its owner can read.
fn link_key(config: &Config, new: bool) -> Result<[u8; 32], StartError> {
    let path = config.link_key();
    match fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            let problem = format!("{} is not a key of 32 bytes; restore it from a backup", path.display());
            StartError::DataDir(std::io::Error::other(problem))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if !new {
                tracing::warn!(
                    file = %path.display(),
                    "the link key was missing and has been created anew: every open invitation has to be sent again"
                );
            }
            make_key(&path).map_err(StartError::DataDir)
        }
        Err(error) => Err(StartError::DataDir(error)),
    }
}

fn make_key(path: &Path) -> std::io::Result<[u8; 32]> {
    if let Some(directory) = path.parent() {
        data_dir::create(directory)?;
    }
    let key: [u8; 32] = rand::random();
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)?.write_all(&key)?;
    Ok(key)
}
