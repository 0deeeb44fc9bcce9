//! Work to be done later: claimed with a lease, tried again with back-off, kept as a dead letter when it never works.

use std::time::Duration;

use domain::{Failure, mail::retry_after_seconds};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use store::jobs::Claimed;
use tokio_util::sync::CancellationToken;

use crate::{Change, OrFail, Services, audit, chat, files, forms, imports, people, session};

const LEASE: SignedDuration = SignedDuration::from_secs(300);

/// After so many tries, about half a day, a job is given up.
const MAX_ATTEMPTS: u32 = 12;

/// Does every job that is due; gives back how many succeeded.
///
/// # Errors
/// When the database refuses; a job that fails is no error here.
pub async fn run_due(services: &Services) -> Result<u64, Failure> {
    // A failure here must not keep the jobs from being done.
    let announced = people::announce_admins(services).await;
    let mut done = 0;
    loop {
        if !store::jobs::is_due(&services.db, services.now()).await.or_fail("looking for jobs")? {
            return announced.map(|()| done);
        }
        let change = Change::begin_as_system(services).await?;
        let claimed = store::jobs::claim(&change.tx, change.now, change.now + LEASE).await.or_fail("claiming a job")?;
        change.commit().await?;
        let Some(job) = claimed else { return announced.map(|()| done) };
        let outcome = perform(services, &job).await;
        let change = Change::begin_as_system(services).await?;
        match outcome {
            Ok(()) => {
                store::jobs::set_done(&change.tx, job.id).await.or_fail("finishing a job")?;
                done += 1;
            }
            Err(failure) => {
                tracing::warn!(job.id = %job.id, job.kind = %job.kind, error = %failure, "job failed");
                let again = retry_after_seconds(job.attempts, MAX_ATTEMPTS);
                let again = again.map(|wait| change.now + SignedDuration::from_secs(wait));
                store::jobs::set_failed(&change.tx, job.id, &failure.to_string(), again)
                    .await
                    .or_fail("recording a job")?;
            }
        }
        change.commit().await?;
    }
}

/// Performs a job. Every kind of job is idempotent and carries ids only.
async fn perform(services: &Services, job: &Claimed) -> Result<(), Failure> {
    match job.kind.as_str() {
        SWEEP => sweep(services).await,
        CHECK => audit::check(services).await,
        unknown => {
            tracing::error!(job.kind = unknown, "no such job");
            Err(Failure::NotFound)
        }
    }
}

const SWEEP: &str = "sweep";
/// Checks the whole ledger (A8).
const CHECK: &str = "check_ledger";

/// Deletes sessions that ended, uploads that were never attached, old drafts, the notes of sent forms and idle imports; ends
/// chats that were left.
async fn sweep(services: &Services) -> Result<(), Failure> {
    session::sweep(services).await?;
    chat::sweep(services).await?;
    people::forget_sent(services).await?;
    forms::sweep(services).await?;
    files::sweep(services).await?;
    imports::sweep(services).await
}

/// Plans a job unless it is planned already; several nodes plan it once.
async fn plan(services: &Services, kind: &'static str, run_at: Timestamp) -> Result<(), Failure> {
    let change = Change::begin_as_system(services).await?;
    let job = store::jobs::NewJob {
        id: services.id(),
        kind,
        dedup_key: Some(kind.to_owned()),
        payload: serde_json::Value::Null,
        run_at,
        now: change.now,
    };
    store::jobs::insert(&change.tx, job).await.or_fail("planning a job")?;
    change.commit().await
}

/// Plans the sweep of this hour and the check of the ledger for the coming night; the first check of an installation, and one
/// that a night without a server missed, is due immediately.
async fn plan_all(services: &Services) -> Result<(), Failure> {
    let now = services.now();
    plan(services, SWEEP, now).await?;
    let last = store::audit::find_check(&services.db).await.or_fail("finding the last check")?;
    let overdue = last.is_none_or(|check| now.duration_since(check.at) > SignedDuration::from_hours(25));
    plan(services, CHECK, if overdue { now } else { next_night(now) }).await
}

/// Three o'clock in UTC.
fn next_night(now: Timestamp) -> Timestamp {
    let today = now.to_zoned(TimeZone::UTC).date().at(3, 0, 0, 0);
    let night = |day: DateTime| day.to_zoned(TimeZone::UTC).map(|night| night.timestamp());
    let coming = night(today).ok().filter(|night| *night > now);
    coming.or_else(|| today.tomorrow().and_then(night).ok()).unwrap_or(now)
}

/// Works until cancelled.
pub async fn run(services: Services, stop: CancellationToken) {
    let mut next_sweep = services.now();
    while !stop.is_cancelled() {
        let now = services.now();
        let planned = if now >= next_sweep {
            next_sweep = now + SignedDuration::from_hours(1);
            // Of this process, whichever node does the sweep.
            services.limits.forget(now);
            plan_all(&services).await
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_is_looked_over_at_night() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a moment");
        assert_eq!(next_night(at("2026-03-02T09:00:00Z")), at("2026-03-03T03:00:00Z"));
        assert_eq!(next_night(at("2026-03-02T02:59:59Z")), at("2026-03-02T03:00:00Z"));
        assert_eq!(next_night(at("2026-03-02T03:00:00Z")), at("2026-03-03T03:00:00Z"));
    }
}
