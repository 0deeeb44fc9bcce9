//! The open streams of each session.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// The maximum number of streams of one session: the connections that a browser opens to a host over HTTP/1.1.
const AT_ONCE: usize = 6;

/// The open streams of every session, the oldest first.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<HashMap<String, VecDeque<CancellationToken>>>>);

impl Streams {
    /// Takes a place for another stream of a session; the oldest one beyond [`AT_ONCE`] is told to end.
    pub fn open(&self, session: &str) -> Place {
        let token = CancellationToken::new();
        let mut all = self.lock();
        let own = all.entry(session.to_owned()).or_default();
        own.push_back(token.clone());
        if own.len() > AT_ONCE
            && let Some(oldest) = own.pop_front()
        {
            oldest.cancel();
        }
        Place { streams: self.clone(), session: session.to_owned(), token }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<CancellationToken>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one stream; given back when dropped.
pub struct Place {
    streams: Streams,
    session: String,
    token: CancellationToken,
}

impl Place {
    /// Completes when a newer stream has taken the place.
    pub async fn taken(&self) {
        self.token.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Marks this one for removal.
        self.token.cancel();
        let mut all = self.streams.lock();
        if let Some(own) = all.get_mut(&self.session) {
            own.retain(|token| !token.is_cancelled());
            if own.is_empty() {
                all.remove(&self.session);
            }
        }
    }
}
