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

/// A page of mails and how many are in each state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailList {
    pub page: Page<MailRow>,
    pub counts: Vec<(MailState, u64)>,
}

/// `state` as in the address; anything unknown is all of them.
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

/// After a mistake in the settings was mended.
#[server(prefix = "/fn/mail", endpoint = "retry_all")]
pub async fn retry_all_mails() -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::mail::retry(&context, None).await)?;
    request::redirect("/mail?done=true");
    Ok(())
}
