//! Mail: the worker that empties the outbox, the ways out of the house, the templates.

mod concern;
mod prose;
mod render;
mod send;
mod worker;

pub use render::{Rendered, bare_address, render};
pub use send::{FileMailer, Letter, Mailer, SendError, SmtpMailer, SmtpSettings};
pub use worker::{deliver_due, run};

use std::fmt::Write;

use domain::{
    Failure, OutboxId,
    access::{Permission, Place},
    audit::Verb,
    mail::{MailRow, MailState},
    page::Page,
};

use serde_json::json;

use crate::{Change, Context, OrFail};

/// The operator's page: mails newest first, and how many are in each state.
///
/// # Errors
/// [`Failure::Forbidden`] for an actor who runs neither the desk nor the rollout.
pub async fn list(
    context: &Context,
    state: Option<MailState>,
    after: &str,
) -> Result<(Page<MailRow>, Vec<(MailState, u64)>), Failure> {
    let granted = context.authorize(Permission::MailRead, &Place::vendor()).await?;
    let page = store::mail::list(&context.services.db, &granted, state, after).await.or_fail("listing mails")?;
    let counts = store::mail::count(&context.services.db).await.or_fail("counting mails")?;
    Ok((page, counts))
}

/// Tries a mail again that was given up, or all of them: after a mistake in the settings was mended.
///
/// # Errors
/// [`Failure::NotFound`] when it is not a dead one.
pub async fn retry(context: &Context, id: Option<OutboxId>) -> Result<(), Failure> {
    let granted = context.authorize(Permission::MailRetry, &Place::vendor()).await?;
    let mut change = Change::begin(context).await?;
    let count = store::mail::requeue(&change.tx, &granted, id, change.now).await.or_fail("queueing a mail again")?;
    if count == 0 {
        return Err(Failure::NotFound);
    }
    let object = id.map_or_else(|| "all".to_owned(), |id| id.to_string());
    change.event(Verb::MailRequeued, None, ("mail", object), json!({ "count": count }));
    change.commit().await?;
    context.services.bus.wake_mail();
    Ok(())
}

/// Returns the sender of mails, like `Support <support@example.com>`; an address alone gets the vendor's name.
///
/// # Errors
/// What is wrong with it.
pub fn sender(from: &str, vendor: &str) -> Result<String, String> {
    let mut mailbox = from.parse::<lettre::message::Mailbox>().map_err(|error| error.to_string())?;
    // An address that cannot be sent from would give up every mail (B16).
    send::in_ascii(mailbox.email.as_ref()).map_err(|error| error.to_string())?;
    mailbox.name.get_or_insert_with(|| vendor.to_owned());
    let mut sender = String::new();
    write!(sender, "{mailbox}").map_err(|_| "characters in the name that no mail takes".to_owned())?;
    Ok(sender)
}
