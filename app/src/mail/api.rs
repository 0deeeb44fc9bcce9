//! Server functions of mails.

use domain::{
    OutboxId,
    mail::{MailRow, MailState},
    page::Page,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

/// Returns a page of mails and the number in each state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailList {
    pub page: Page<MailRow>,
    pub counts: Vec<(MailState, u64)>,
}

/// `state` is taken from the address; an unknown one means all.
#[server(prefix = "/fn/mail", endpoint = "list")]
pub async fn list_mails(
    #[server(default)] state: String,
    #[server(default)] after: String,
) -> Result<MailList, ApiError> {
    let context = request::context()?;
    let (page, counts) = request::reply(service::mail::list(&context, MailState::parse(&state), &after).await)?;
    Ok(MailList { page, counts })
}

#[server(prefix = "/fn/mail", endpoint = "retry")]
pub async fn retry_mail(id: OutboxId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::mail::retry(&context, Some(id)).await)?;
    request::redirect("/mail?done=true");
    Ok(())
}

/// Retries every dead mail, after a mistake in the settings was corrected.
#[server(prefix = "/fn/mail", endpoint = "retry_all")]
pub async fn retry_all_mails() -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::mail::retry(&context, None).await)?;
    request::redirect("/mail?done=true");
    Ok(())
}
