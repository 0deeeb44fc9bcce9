//! Reads each new event once and hands it to the streams of this process.

use std::{sync::Arc, time::Duration};

use store::feed::{self, Listener};
use tokio_util::sync::CancellationToken;

use crate::Services;

/// How long it waits when nothing wakes it: the command line, or another node whose word was lost, may have written.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How long it waits when the database does not answer.
const ASK_AGAIN_AFTER_FAILURE: Duration = Duration::from_secs(2);
/// The least time between two batches: a busy installation wakes its streams forty times a second at most.
const PAUSE: Duration = Duration::from_millis(25);
/// Events of one batch.
const MANY: u64 = 500;

/// Runs until `stop`. A database that does not answer is asked again: no stream ends by it (B1).
pub async fn run(services: Services, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = read(&services) => {}
        () = listen(&services) => {}
    }
}

async fn read(services: &Services) {
    let bus = &services.bus;
    let mut newest = bus.newest.subscribe();
    let mut after = *newest.borrow();
    loop {
        // What is published from here on wakes it again, even while it reads.
        newest.mark_unchanged();
        match feed::read(&services.db, after, MANY).await {
            Ok(Some(batch)) => {
                after = batch.upto;
                bus.publish(after);
                // Without a stream there is no one to tell.
                let _ = bus.batches.send(Arc::new(batch));
                tokio::time::sleep(PAUSE).await;
            }
            Ok(None) => drop(tokio::time::timeout(ASK_AGAIN, newest.changed()).await),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "live streams wait for the database");
                tokio::time::sleep(ASK_AGAIN_AFTER_FAILURE).await;
            }
        }
    }
}

/// Hears what other nodes wrote; does not end. SQLite has one node.
async fn listen(services: &Services) {
    loop {
        match Listener::open(&services.db).await {
            Ok(None) => return std::future::pending().await,
            Ok(Some(mut listener)) => {
                // What was written before it listened, or while the connection was lost, is found by asking.
                while let Ok(seq) = listener.next().await {
                    services.bus.publish(seq);
                }
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "no word of other nodes");
            }
        }
        tokio::time::sleep(ASK_AGAIN_AFTER_FAILURE).await;
    }
}
