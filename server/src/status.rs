//! A running server's report about itself to `doctor`, on a socket in the data directory that only its owner can reach.
//!
//! A server's settings come from its own environment, which the shell that `doctor` runs in does not know.

use std::{io, path::Path, time::Duration};

use serde::{Deserialize, Serialize};
use service::Services;
use store::Health;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::config::Config;

const SOCKET: &str = "serving.sock";
const PATIENCE: Duration = Duration::from_secs(5);

/// A server as it sees itself, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub version: String,
    pub process: u32,
    pub listen: String,
    pub public_url: String,
    /// Whether people reach it over https, or on this machine only.
    pub safe_address: bool,
    /// `host:port`; `None` when mails are written to files.
    pub smtp: Option<String>,
    pub works: bool,
    /// The state of the database, in words.
    pub database: String,
}

impl View {
    /// Returns the part that the configuration decides.
    pub fn of(config: &Config) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            listen: config.listen.to_string(),
            public_url: config.public_url.clone(),
            safe_address: config.secure() || config.listen.ip().is_loopback(),
            smtp: config.smtp().map(|smtp| format!("{}:{}", smtp.host, smtp.port)),
            works: true,
            database: String::new(),
        }
    }
}

/// Answers until `stop`. A failure to do so does not keep the server from serving.
pub async fn answer(config: Config, services: Services, stop: CancellationToken) {
    let path = config.data_dir.join(SOCKET);
    // A killed process may have left its socket; this process serves the directory now.
    let _ = std::fs::remove_file(&path);
    let listener = match UnixListener::bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(error = %error, socket = %path.display(), "`doctor` cannot ask this server");
            return;
        }
    };
    let view = View::of(&config);
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((mut stream, _)) = stream else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let health = services.db.health(services.now()).await;
        let view = View { works: health == Health::Works, database: health.to_string(), ..view.clone() };
        if let Ok(text) = serde_json::to_vec(&view) {
            // A client that went away needs no answer.
            let _ = timeout(PATIENCE, stream.write_all(&text)).await;
        }
    }
    let _ = std::fs::remove_file(&path);
}

/// Asks the server of a data directory; returns `None` when there is none.
///
/// # Errors
/// When there is a server that does not answer.
pub async fn ask(data_dir: &Path) -> io::Result<Option<View>> {
    let path = data_dir.join(SOCKET);
    let mut stream = match UnixStream::connect(&path).await {
        Ok(stream) => stream,
        // A socket that a killed process left behind refuses.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut text)).await.map_err(io::Error::from)??;
    serde_json::from_slice(&text).map(Some).map_err(io::Error::from)
}
