//! The index of words, brought up to this version: cases that an older one indexed are found by fewer words until then.

use std::time::Duration;

use domain::{CaseId, Failure};
use tokio_util::sync::CancellationToken;

use crate::{Change, OrFail, Services};

/// Indexes what an older version indexed and returns how many transactions that took, each of one batch of cases. A batch
/// that was committed stays when a later one fails.
///
/// # Errors
/// When the database refuses.
pub async fn catch_up(services: &Services) -> Result<u64, Failure> {
    go_on(services, &mut None).await
}

async fn go_on(services: &Services, after: &mut Option<CaseId>) -> Result<u64, Failure> {
    let mut batches = 0;
    if !store::search::is_old(&services.db).await.or_fail("looking for cases to index")? {
        return Ok(batches);
    }
    loop {
        let change = Change::begin_as_system(services).await?;
        let last = store::search::reindex(&change.tx, *after).await.or_fail("indexing cases")?;
        change.commit().await?;
        if last.is_none() {
            return Ok(batches);
        }
        *after = last;
        batches += 1;
        // Others write too.
        tokio::task::yield_now().await;
    }
}

/// Works until everything is indexed, or until cancelled.
pub async fn run(services: Services, stop: CancellationToken) {
    let mut after = None;
    while !stop.is_cancelled() {
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = go_on(&services, &mut after) => outcome,
        };
        match outcome {
            Ok(0) => return,
            Ok(batches) => {
                tracing::info!(batches, "cases of an older version were indexed anew");
                return;
            }
            Err(failure) => tracing::warn!(error = %failure, "indexing cases"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(Duration::from_secs(10)) => {}
        }
    }
}
