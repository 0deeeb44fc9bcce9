//! Wakes live streams and workers after a commit. What happened is read once a process ([`run`]) and handed to all of its
//! streams; what a reader may learn of it is decided in memory, with the reader's own visibility (docs/adr/0004).

mod cursor;
mod feed;

pub use cursor::{open, seal};
pub use feed::run;
pub use store::{audit::News, feed::Batch};

use std::{future::Future, sync::Arc};

use domain::Failure;
use tokio::sync::{Notify, broadcast, watch};

/// Batches that a stream may be behind before it has to ask the database.
const BATCHES: usize = 256;

use crate::{Context, OrFail, Services};

#[derive(Clone)]
pub struct Bus {
    newest: Arc<watch::Sender<i64>>,
    batches: broadcast::Sender<Arc<Batch>>,
    mail: Arc<Notify>,
}

impl Default for Bus {
    fn default() -> Self {
        Self {
            newest: Arc::new(watch::channel(0).0),
            batches: broadcast::channel(BATCHES).0,
            mail: Arc::new(Notify::new()),
        }
    }
}

impl Bus {
    /// Tells that events up to `seq` are committed.
    pub fn publish(&self, seq: i64) {
        self.newest.send_if_modified(|newest| {
            let newer = seq > *newest;
            *newest = (*newest).max(seq);
            newer
        });
    }

    /// Returns the number of the newest event this process knows of.
    pub fn newest(&self) -> i64 {
        *self.newest.borrow()
    }

    /// Hears of new events from now on, once [`run`] has read them.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Batch>> {
        self.batches.subscribe()
    }

    pub fn wake_mail(&self) {
        self.mail.notify_one();
    }

    /// Ends when a mail was queued.
    pub fn mail_queued(&self) -> impl Future<Output = ()> + '_ {
        self.mail.notified()
    }
}

/// Returns what happened after `after`, as far as the actor may know, from the database: for a reader who comes back,
/// or fell behind. Call it again, with where it came to, until nothing is new.
///
/// # Errors
/// When the database cannot be asked.
pub async fn news(context: &Context, after: i64) -> Result<News, Failure> {
    let services = &context.services;
    store::audit::list_news(&services.db, &context.visibility(), after, 100).await.or_fail("reading events")
}

/// Learns, at start, how far the ledger goes: a page that is made now shows at least as much.
///
/// # Errors
/// When the database cannot be asked.
pub async fn catch_up(services: &Services) -> Result<(), Failure> {
    services.bus.publish(store::audit::head(&services.db).await.or_fail("reading the newest event")?);
    Ok(())
}
