//! Work to be done later: claimed with a lease, tried again with back-off, kept as a dead letter when it never works.

use std::time::Duration;

use domain::{Failure, mail::retry_after_seconds};
use jiff::SignedDuration;
use store::jobs::Claimed;
use tokio_util::sync::CancellationToken;

use crate::{Change, OrFail, Services, chat, files, session};

const LEASE: SignedDuration = SignedDuration::from_secs(300);

/// Does every job that is due; gives back how many succeeded.
///
/// # Errors
/// When the database refuses; a job that fails is no error here.
pub async fn run_due(services: &Services) -> Result<u64, Failure> {
    let mut done = 0;
    loop {
        let change = Change::begin_as_system(services).await?;
        let claimed = store::jobs::claim(&change.tx, change.now, change.now + LEASE).await.or_fail("claiming a job")?;
        change.commit().await?;
        let Some(job) = claimed else { return Ok(done) };
        let outcome = perform(services, &job).await;
        let change = Change::begin_as_system(services).await?;
        match outcome {
            Ok(()) => {
                store::jobs::set_done(&change.tx, job.id).await.or_fail("finishing a job")?;
                done += 1;
            }
            Err(failure) => {
                tracing::warn!(job.id = %job.id, job.kind = %job.kind, error = %failure, "job failed");
                let again = retry_after_seconds(job.attempts).map(|wait| change.now + SignedDuration::from_secs(wait));
                store::jobs::set_failed(&change.tx, job.id, &failure.to_string(), again)
                    .await
                    .or_fail("recording a job")?;
            }
        }
        change.commit().await?;
    }
}

/// Every job is idempotent and carries ids only.
async fn perform(services: &Services, job: &Claimed) -> Result<(), Failure> {
    match job.kind.as_str() {
        SWEEP => sweep(services).await,
        unknown => {
            tracing::error!(job.kind = unknown, "no such job");
            Err(Failure::NotFound)
        }
    }
}

const SWEEP: &str = "sweep";

/// Takes away sessions that ended and uploads that were never attached; ends chats that were left.
async fn sweep(services: &Services) -> Result<(), Failure> {
    session::sweep(services).await?;
    chat::sweep(services).await?;
    files::sweep(services).await
}

/// Plans the sweep of this hour; several nodes plan it once.
async fn plan_sweep(services: &Services) -> Result<(), Failure> {
    let change = Change::begin_as_system(services).await?;
    let job = store::jobs::NewJob {
        id: services.id(),
        kind: SWEEP,
        dedup_key: Some(SWEEP.to_owned()),
        payload: serde_json::Value::Null,
        run_at: change.now,
        now: change.now,
    };
    store::jobs::insert(&change.tx, job).await.or_fail("planning a job")?;
    change.commit().await
}

/// Works until cancelled.
pub async fn run(services: Services, stop: CancellationToken) {
    let mut next_sweep = services.now();
    while !stop.is_cancelled() {
        let now = services.now();
        let planned = if now >= next_sweep {
            next_sweep = now + SignedDuration::from_hours(1);
            // Of this process, whichever node does the sweep.
            services.limits.forget();
            plan_sweep(&services).await
        } else {
            Ok(())
        };
        if let Err(failure) = planned.and(run_due(&services).await.map(|_| ())) {
            tracing::error!(error = %failure, "job worker");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(Duration::from_secs(10)) => {}
        }
    }
}
