//! The only place with concrete wiring: from a configuration to services.

use std::{fs, io::Write, path::Path, sync::Arc};

use domain::{Failure, clock::Clock};
use service::{
    Limits, Parts, RandomIds, Secrets, Services, SystemClock,
    files::FileStore,
    live::Bus,
    mail::{FileMailer, Mailer, SmtpMailer},
    session::{Hasher, KnownActors},
};
use store::{Db, StoreError};

use crate::{config::Config, rehearsal::RehearsalClock};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot use the data directory: {0}")]
    DataDir(#[source] std::io::Error),
    #[error("cannot open the database: {0}")]
    Database(#[from] StoreError),
    #[error("{0}")]
    Failure(#[from] Failure),
    #[error("the rehearsal's clock cannot be read from {file}: {source}")]
    Clock { file: std::path::PathBuf, source: std::io::Error },
    #[error("the SMTP settings cannot be used: {0}")]
    Smtp(String),
    #[error("cannot listen on {address}: {source}")]
    Listen { address: std::net::SocketAddr, source: std::io::Error },
    #[error(
        "the site is not where Leptos.toml says: {0}. Run `make serve`, or `make release` and start from the same place"
    )]
    Site(String),
}

/// Opens the database and makes what use cases need. Migrations run on their own ([`Db::migrate`]).
///
/// # Errors
/// What is missing or wrong, in words for an operator.
pub async fn services(config: &Config) -> Result<Services, StartError> {
    create_private(&config.data_dir).map_err(StartError::DataDir)?;
    let db = Db::open(&config.database()).await?;
    let clock: Arc<dyn Clock> = if config.rehearsal_clock.as_os_str().is_empty() {
        Arc::new(SystemClock)
    } else {
        let file = config.rehearsal_clock.clone();
        tracing::warn!(file = %file.display(), "a rehearsal: the clock shows what stands in this file");
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
        secrets: Secrets { link_key: key(&config.data_dir.join("secrets"), "link.key").map_err(StartError::DataDir)? },
        files: FileStore::directory(&config.data_dir.join("files"))?,
        mailer,
        hasher: Hasher::new()?,
        limits: Limits::new(config.sign_in_per_minute, config.sign_in_per_client, config.write_per_minute),
        bus: Bus::default(),
        known: KnownActors::default(),
    }))
}

/// A directory that only its owner can look into; one that is there stays as it is.
fn create_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Reads a key of 32 bytes, or makes one: readable by its owner only, never in a sample.
fn key(directory: &Path, name: &str) -> std::io::Result<[u8; 32]> {
    let path = directory.join(name);
    match fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            std::io::Error::other(format!("{} is not a key of 32 bytes; restore it from a backup", path.display()))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            create_private(directory)?;
            let key: [u8; 32] = rand::random();
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path)?.write_all(&key)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}
