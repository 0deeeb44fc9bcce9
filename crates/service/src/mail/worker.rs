//! Empties the outbox. A row is claimed in one transaction, sent outside of any, and recorded in another: a crash between
//! sending and recording is the one way to a second copy, and that has the same Message-ID.

use std::time::Duration;

use domain::{
    Failure, OutboxId,
    mail::{MAX_ATTEMPTS, retry_after_seconds},
};
use jiff::SignedDuration;
use store::mail::{Claimed, ClaimedMail};
use tokio_util::sync::CancellationToken;

use super::{Letter, SendError, render};
use crate::{Change, OrFail, Services};

const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// Sends what is due until nothing is, the mail server does not answer, or `stop`; gives back how many left.
///
/// # Errors
/// When the database refuses; a mail that cannot be sent is no error here, it is put back or given up.
pub async fn deliver_due(services: &Services, stop: &CancellationToken) -> Result<u64, Failure> {
    let mut sent = 0;
    while !stop.is_cancelled() {
        let change = Change::begin_as_system(services).await?;
        let claimed =
            store::mail::claim(&change.tx, change.now, change.now + LEASE).await.or_fail("claiming a mail")?;
        change.commit().await?;
        let Some(claimed) = claimed else { break };
        let outcome = match &claimed.mail {
            _ if claimed.attempt > MAX_ATTEMPTS => {
                Err(SendError::Permanent("every worker that tried ended before it knew".to_owned()))
            }
            Some(mail) => deliver(services, claimed.id, mail).await,
            None => Err(SendError::Transient("another version of Guichet wrote this mail".to_owned())),
        };
        let unreachable = matches!(outcome, Err(SendError::Unreachable(_)));
        sent += u64::from(outcome.is_ok());
        record(services, &claimed, outcome).await?;
        if unreachable {
            break;
        }
    }
    Ok(sent)
}

/// Sends one mail; gives back its subject.
async fn deliver(services: &Services, id: OutboxId, mail: &ClaimedMail) -> Result<String, SendError> {
    let rendered = render(services, mail.kind, mail.locale, &mail.params)
        .map_err(|failure| SendError::Permanent(failure.to_string()))?;
    let letter = Letter {
        message_id: format!("<{id}@{}>", host(&services.settings.public_url)),
        from: services.settings.mail_from.clone(),
        to: mail.recipient.clone(),
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
    };
    let patience = services.mailer.patience();
    match tokio::time::timeout(patience, services.mailer.send(&letter)).await {
        Ok(sent) => sent.map(|()| letter.subject),
        Err(_) => Err(SendError::Unreachable(format!("no answer within {} seconds", patience.as_secs()))),
    }
}

/// Notes how it went. A mail that left must not leave again because the database was busy for a moment.
async fn record(services: &Services, claimed: &Claimed, outcome: Result<String, SendError>) -> Result<(), Failure> {
    const TRIES: u32 = 5;
    if let Err(error) = &outcome {
        tracing::warn!(mail.id = %claimed.id, error = %error, "mail not sent");
    }
    let mut tried = 1;
    loop {
        match try_record(services, claimed, &outcome).await {
            Err(failure) if tried < TRIES => {
                tracing::warn!(mail.id = %claimed.id, error = %failure, "recording a mail");
                tokio::time::sleep(Duration::from_secs(1)).await;
                tried += 1;
            }
            done => return done,
        }
    }
}

async fn try_record(
    services: &Services,
    claimed: &Claimed,
    outcome: &Result<String, SendError>,
) -> Result<(), Failure> {
    let change = Change::begin_as_system(services).await?;
    let held = match outcome {
        Ok(subject) => store::mail::set_sent(&change.tx, claimed, subject, change.now).await,
        Err(error) => {
            let again = match error {
                SendError::Permanent(_) => None,
                SendError::Transient(_) | SendError::Unreachable(_) => retry_after_seconds(claimed.attempt),
            };
            // Spread by the id, so that a thousand mails that failed together do not come back together.
            let spread = i64::try_from(claimed.id.uuid().as_u128() % 30).unwrap_or_default();
            let due = again.map(|seconds| change.now + SignedDuration::from_secs(seconds + spread));
            store::mail::set_failed(&change.tx, claimed, &error.to_string(), due).await
        }
    };
    if !held.or_fail("recording a mail")? {
        tracing::warn!(mail.id = %claimed.id, "another worker has this mail by now");
    }
    change.commit().await
}

/// Works until cancelled: when a mail was queued, and every few seconds for those whose time has come.
pub async fn run(services: Services, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(failure) = deliver_due(&services, &stop).await {
            tracing::error!(error = %failure, "mail worker");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = services.bus.mail_queued() => {}
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}
