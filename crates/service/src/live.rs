//! Wakes live streams and workers after a commit. It carries a number, never content: what a reader may learn is read
//! from the database with their own visibility.

use std::{future::Future, sync::Arc};

use domain::Failure;
use store::audit::LiveEvent;
use tokio::sync::{Notify, watch};

use crate::{Context, OrFail};

#[derive(Clone)]
pub struct Bus {
    newest: Arc<watch::Sender<i64>>,
    mail: Arc<Notify>,
}

impl Default for Bus {
    fn default() -> Self {
        Self { newest: Arc::new(watch::channel(0).0), mail: Arc::new(Notify::new()) }
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

    /// The number of the newest event this process knows of.
    pub fn newest(&self) -> i64 {
        *self.newest.borrow()
    }

    pub fn subscribe(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    pub fn wake_mail(&self) {
        self.mail.notify_one();
    }

    /// Ends when a mail was queued.
    pub fn mail_queued(&self) -> impl Future<Output = ()> + '_ {
        self.mail.notified()
    }
}

/// Events on cases within sight after `seq`, oldest first, at most 100: call again while there are as many.
///
/// # Errors
/// When the database cannot be asked.
pub async fn events_after(context: &Context, seq: i64) -> Result<Vec<LiveEvent>, Failure> {
    store::audit::list_live(&context.services.db, &context.visibility(), seq, 100).await.or_fail("reading events")
}

/// The number of the newest event: where a new stream begins.
///
/// # Errors
/// When the database cannot be asked.
pub async fn newest(context: &Context) -> Result<i64, Failure> {
    store::audit::head(&context.services.db).await.or_fail("reading the newest event")
}
