//! Empties the outbox. A few rows are claimed in one transaction, sent outside of any, and each is recorded in another: a
//! crash between sending and recording is the one way to a second copy, and that has the same Message-ID.

use std::time::Duration;

use domain::{
    Failure, OutboxId,
    mail::{MAX_ATTEMPTS, MailKind, MailProblem, retry_after_seconds},
};
use futures::{StreamExt, stream::FuturesUnordered};
use jiff::SignedDuration;
use store::mail::{Claimed, ClaimedMail};
use tokio_util::sync::CancellationToken;

use super::{
    Letter, SendError,
    concern::{self, Concern},
    render,
};
use crate::{Change, OrFail, Services, announcements};

const LEASE: SignedDuration = SignedDuration::from_secs(90);

/// Mails that leave at the same time, once the server has taken one.
const AT_ONCE: u32 = 4;

/// The outcome of one mail.
enum Outcome {
    Sent {
        recipient: String,
        subject: String,
    },
    /// It no longer concerns its recipient (F5).
    Dropped(MailProblem),
    /// Whether it may leave could not be asked.
    PutBack(Failure),
    GivenUp(MailProblem, String),
    Failed(SendError),
}

/// Sends what is due until nothing is, the mail server does not answer, or `stop`; gives back how many left. A mail that
/// cannot be sent holds up no other (B16).
///
/// # Errors
/// When the database refuses; a mail that cannot be sent is no error here, it is put back or given up.
pub async fn deliver_due(services: &Services, stop: &CancellationToken) -> Result<u64, Failure> {
    let mut sent = 0;
    // One mail is enough to find that the server is away.
    let mut at_once = 1;
    while !stop.is_cancelled() {
        if !store::mail::is_due(&services.db, services.now()).await.or_fail("looking for mails")? {
            break;
        }
        let change = Change::begin_as_system(services).await?;
        let claimed = store::mail::claim(&change.tx, change.now, change.now + LEASE, at_once).await;
        let claimed = claimed.or_fail("claiming mails")?;
        change.commit().await?;
        if claimed.is_empty() {
            break;
        }
        let (mut unreachable, mut recorded) = (false, Ok(()));
        // Each is recorded as soon as it left, whatever the others do: a crash in between sends it twice (F11).
        let under_way = claimed.iter().map(|claimed| async move {
            let outcome = deliver(services, claimed).await;
            let recorded = record(services, claimed, &outcome).await;
            (outcome, recorded)
        });
        let mut under_way: FuturesUnordered<_> = under_way.collect();
        while let Some((outcome, record)) = under_way.next().await {
            unreachable |= matches!(outcome, Outcome::Failed(SendError::Unreachable(_)) | Outcome::PutBack(_));
            sent += u64::from(matches!(outcome, Outcome::Sent { .. }));
            recorded = record.and(recorded);
        }
        recorded?;
        if unreachable {
            break;
        }
        at_once = AT_ONCE;
    }
    Ok(sent)
}

async fn deliver(services: &Services, claimed: &Claimed) -> Outcome {
    let Some(mail) = &claimed.mail else {
        return Outcome::Failed(SendError::Transient("another version of Guichet wrote this mail".to_owned()));
    };
    if claimed.attempt > MAX_ATTEMPTS {
        return Outcome::GivenUp(MailProblem::Interrupted, String::new());
    }
    let recipient = match concern::ask(services, mail).await {
        Ok(Concern::Send { recipient }) => recipient,
        Ok(Concern::Drop(problem)) => return Outcome::Dropped(problem),
        Err(failure) => return Outcome::PutBack(failure),
    };
    match letter(services, claimed.id, mail, recipient).await {
        Ok(letter) => send(services, letter).await,
        Err(Failure::Unavailable) => Outcome::PutBack(Failure::Unavailable),
        Err(failure) => Outcome::GivenUp(MailProblem::Unreadable, failure.to_string()),
    }
}

async fn letter(services: &Services, id: OutboxId, mail: &ClaimedMail, recipient: String) -> Result<Letter, Failure> {
    let params = match mail.kind {
        MailKind::Announcement => announcements::article_for_mail(services, &mail.params).await?,
        _ => mail.params.clone(),
    };
    let rendered = render(services, mail.kind, mail.locale, &params)?;
    let host = host(&services.settings.public_url);
    Ok(Letter {
        message_id: format!("<{id}@{host}>"),
        thread: mail.case.map(|case| format!("<case-{case}@{host}>")),
        from: services.settings.mail_from.clone(),
        to: recipient,
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
    })
}

async fn send(services: &Services, letter: Letter) -> Outcome {
    let patience = services.mailer.patience();
    match tokio::time::timeout(patience, services.mailer.send(&letter)).await {
        Ok(Ok(())) => Outcome::Sent { recipient: letter.to, subject: letter.subject },
        Ok(Err(error)) => Outcome::Failed(error),
        Err(_) => Outcome::Failed(SendError::Unreachable(format!("no answer within {} seconds", patience.as_secs()))),
    }
}

/// Notes how it went. A mail that left must not leave again because the database was busy for a moment.
async fn record(services: &Services, claimed: &Claimed, outcome: &Outcome) -> Result<(), Failure> {
    const TRIES: u32 = 5;
    match outcome {
        Outcome::Sent { .. } => {}
        Outcome::Dropped(problem) => {
            tracing::info!(mail.id = %claimed.id, problem = problem.key(), "mail dropped");
        }
        Outcome::PutBack(failure) => tracing::warn!(mail.id = %claimed.id, error = %failure, "mail not sent"),
        Outcome::GivenUp(problem, error) => {
            tracing::warn!(mail.id = %claimed.id, problem = problem.key(), error = %error, "mail not sent");
        }
        // What the server said has no control characters any more (F19c).
        Outcome::Failed(error) => {
            tracing::warn!(mail.id = %claimed.id, problem = error.problem().key(), error = %error, "mail not sent");
        }
    }
    let mut tried = 1;
    loop {
        match try_record(services, claimed, outcome).await {
            Err(failure) if tried < TRIES => {
                tracing::warn!(mail.id = %claimed.id, error = %failure, "recording a mail");
                tokio::time::sleep(Duration::from_secs(1)).await;
                tried += 1;
            }
            done => return done,
        }
    }
}

async fn try_record(services: &Services, claimed: &Claimed, outcome: &Outcome) -> Result<(), Failure> {
    let change = Change::begin_as_system(services).await?;
    let (tx, now) = (&change.tx, change.now);
    // Spread by the id, so that a thousand mails that failed together do not come back together.
    let spread = i64::try_from(claimed.id.uuid().as_u128() % 30).unwrap_or_default();
    let again = || {
        let due = |seconds| now + SignedDuration::from_secs(seconds + spread);
        retry_after_seconds(claimed.attempt, MAX_ATTEMPTS).map(due)
    };
    let held = match outcome {
        Outcome::Sent { recipient, subject } => store::mail::set_sent(tx, claimed, recipient, subject, now).await,
        Outcome::Dropped(problem) => store::mail::set_dropped(tx, claimed, *problem, now).await,
        Outcome::PutBack(_) => {
            store::mail::set_failed(tx, claimed, MailProblem::Later, "the database was away", again()).await
        }
        Outcome::GivenUp(problem, error) => store::mail::set_failed(tx, claimed, *problem, error, None).await,
        Outcome::Failed(error) => {
            let due = match error {
                SendError::Address(_) | SendError::Permanent(_) => None,
                SendError::Transient(_) | SendError::Unreachable(_) => again(),
            };
            store::mail::set_failed(tx, claimed, error.problem(), &error.to_string(), due).await
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

/// The host of the portal as headers take it: in ASCII.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        // The brackets of an IPv6 address stay: without them it is no domain of a Message-ID.
        Some((address, _)) => return format!("[IPv6:{address}]"),
        None => authority.split(':').next().unwrap_or(authority),
    };
    idna::domain_to_ascii(host).unwrap_or_else(|_| "localhost".to_owned())
}

#[cfg(test)]
mod tests {
    use super::host;

    /// B16: a header has no letters beyond ASCII, whatever the portal is called.
    #[test]
    fn b16_the_host_of_a_message_id_is_ascii() {
        for (url, wanted) in [
            ("https://support.example.com", "support.example.com"),
            ("https://Müller.example:8443", "xn--mller-kva.example"),
            ("http://127.0.0.1:3000", "127.0.0.1"),
            ("http://[::1]:3000", "[IPv6:::1]"),
        ] {
            assert_eq!(host(url), wanted);
        }
    }
}
