//! Wakes live streams and workers after a commit. It carries a number, never content: what a reader may learn is read
//! from the database with their own visibility.

mod cursor;

pub use cursor::{open, seal};
pub use store::audit::News;

use std::{future::Future, sync::Arc};

use domain::Failure;
use tokio::sync::{Notify, watch};

use crate::{Context, OrFail, Services};

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

/// What happened after `after`, as far as who asks may know. Call it again, with where it came to, until nothing is new.
///
/// # Errors
/// When the database cannot be asked.
pub async fn news(context: &Context, after: i64) -> Result<News, Failure> {
    let services = &context.services;
    let news =
        store::audit::list_news(&services.db, &context.visibility(), after, 100).await.or_fail("reading events")?;
    // Another node may have written it: the other streams of this one need not find out by themselves.
    services.bus.publish(news.upto);
    Ok(news)
}

/// Learns, at start, how far the ledger goes: a page that is made now shows at least as much.
///
/// # Errors
/// When the database cannot be asked.
pub async fn catch_up(services: &Services) -> Result<(), Failure> {
    services.bus.publish(store::audit::head(&services.db).await.or_fail("reading the newest event")?);
    Ok(())
}
