//! Argon2id (19 MiB, 2 passes) off the async threads, bounded: one core is left to the pages, and tries wait in two lanes, of
//! which the unknown one never holds up the known one (F10).

use std::{sync::Arc, thread::available_parallelism, time::Duration};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use domain::{Failure, text::NewPassword};
use tokio::sync::Semaphore;

use crate::fault;

/// How many checks may wait in the lane of known browsers.
const KNOWN: usize = 32;
/// How many others may wait, and for how long: a flood from a hundred addresses makes a new browser wait for seconds, and
/// does not keep it out.
const UNKNOWN: usize = 256;
const PATIENCE: Duration = Duration::from_secs(20);

/// The lanes to the hasher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// For a browser that the person signed in with before, and for links.
    Known,
    /// For every other browser.
    Unknown,
}

/// Hashes and verifies passwords.
pub struct Hasher {
    running: Arc<Semaphore>,
    /// The unknown lane takes turns here first, so that no more of it than can run ever wait for `running`.
    turns: Arc<Semaphore>,
    known: Arc<Semaphore>,
    unknown: Arc<Semaphore>,
    /// Verified against for an unknown address: the answer takes as long.
    dummy: String,
    params: Params,
}

#[derive(Debug, thiserror::Error)]
#[error("password hashing: {0}")]
struct HashError(String);

impl Hasher {
    /// # Errors
    /// When the library refuses its parameters.
    pub fn new() -> Result<Self, Failure> {
        Self::with_params(
            Params::new(19 * 1024, 2, 1, None).map_err(|error| fault("hashing", &HashError(error.to_string())))?,
        )
    }

    /// For tests, where hundreds of people sign in.
    ///
    /// # Errors
    /// When the library refuses its parameters.
    pub fn cheap() -> Result<Self, Failure> {
        Self::with_params(Params::new(8, 1, 1, None).map_err(|error| fault("hashing", &HashError(error.to_string())))?)
    }

    fn with_params(params: Params) -> Result<Self, Failure> {
        let most = available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1);
        let dummy = hash(&params, "no account has this password")?;
        Ok(Self {
            running: Arc::new(Semaphore::new(most)),
            turns: Arc::new(Semaphore::new(most)),
            known: Arc::new(Semaphore::new(most + KNOWN)),
            unknown: Arc::new(Semaphore::new(most + UNKNOWN)),
            dummy,
            params,
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let queue = match lane {
            Lane::Known => &self.known,
            Lane::Unknown => &self.unknown,
        };
        let _place = queue.clone().try_acquire_owned().map_err(|_| Failure::Unavailable)?;
        let _turn = match lane {
            Lane::Known => None,
            Lane::Unknown => {
                let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
                Some(turn.map_err(|_| Failure::Unavailable)?.map_err(|_| Failure::Unavailable)?)
            }
        };
        let _running = self.running.clone().acquire_owned().await.map_err(|_| Failure::Unavailable)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| fault("hashing", &error))?
    }

    /// Hashes a password that a person who is known sets: by a link, or signed in.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when too many wait.
    pub async fn hash(&self, password: NewPassword) -> Result<String, Failure> {
        let params = self.params.clone();
        self.run(Lane::Known, move || hash(&params, password.reveal())).await
    }

    /// Compares in the time it always takes, also when there is no hash to compare with.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when too many wait.
    pub async fn verify(&self, lane: Lane, password: &str, stored: Option<&str>) -> Result<bool, Failure> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy).to_owned();
        let password = password.to_owned();
        let right = self
            .run(lane, move || {
                let parsed =
                    PasswordHash::new(&stored).map_err(|error| fault("hashing", &HashError(error.to_string())))?;
                Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
            })
            .await?;
        Ok(right && known)
    }
}

fn hash(params: &Params, password: &str) -> Result<String, Failure> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| fault("hashing", &HashError(error.to_string())))
}
