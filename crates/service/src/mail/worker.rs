//! Empties the outbox. A row is claimed in one transaction, sent outside of any, and recorded in another: a crash between
//! sending and recording is the one way to a second copy, and that has the same Message-ID.

use std::time::Duration;

use domain::{Failure, mail::retry_after_seconds};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::{Letter, SendError, render};
use crate::{Change, OrFail, Services};

const LEASE: SignedDuration = SignedDuration::from_secs(90);

/// Sends what is due until nothing is; gives back how many left.
///
/// # Errors
/// When the database refuses; a mail that cannot be sent is no error here, it is put back or given up.
pub async fn deliver_due(services: &Services) -> Result<u64, Failure> {
    let mut sent = 0;
    loop {
        let change = Change::begin_as_system(services).await?;
        let claimed =
            store::mail::claim(&change.tx, change.now, change.now + LEASE).await.or_fail("claiming a mail")?;
        change.commit().await?;
        let Some(mail) = claimed else { return Ok(sent) };

        let outcome = match render(services, mail.kind, mail.locale, &mail.params) {
            Err(failure) => Err(SendError::Permanent(failure.to_string())),
            Ok(rendered) => {
                let letter = Letter {
                    message_id: format!("<{}@{}>", mail.id, host(&services.settings.public_url)),
                    from: services.settings.mail_from.clone(),
                    to: mail.recipient.clone(),
                    subject: rendered.subject,
                    text: rendered.text,
                    html: rendered.html,
                };
                services.mailer.send(&letter).await.map(|()| letter.subject)
            }
        };

        let change = Change::begin_as_system(services).await?;
        match outcome {
            Ok(subject) => {
                store::mail::set_sent(&change.tx, mail.id, &subject, change.now).await.or_fail("recording a mail")?;
                sent += 1;
            }
            Err(error) => {
                tracing::warn!(mail.id = %mail.id, mail.kind = mail.kind.key(), error = %error, "mail not sent");
                let again = match error {
                    SendError::Permanent(_) => None,
                    SendError::Transient(_) => retry_after_seconds(mail.attempts),
                };
                let due = again.map(|seconds| change.now + SignedDuration::from_secs(seconds));
                store::mail::set_failed(&change.tx, mail.id, &error.to_string(), due)
                    .await
                    .or_fail("recording a mail")?;
            }
        }
        change.commit().await?;
    }
}

/// Works until cancelled: when a mail was queued, and every few seconds for those whose time has come.
pub async fn run(services: Services, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(failure) = deliver_due(&services).await {
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
