//! Server functions of chats.

use domain::{
    ChatId,
    chat::{ChatEntrance, ChatForm, ChatRow, ChatView},
    page::Page,
};
use leptos::prelude::*;

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::request;

#[server(prefix = "/fn/chat", endpoint = "entrance")]
pub async fn read_chat_entrance() -> Result<ChatEntrance, ApiError> {
    let context = request::context()?;
    request::reply(service::chat::entrance(&context).await)
}

#[server(prefix = "/fn/chat", endpoint = "start")]
pub async fn start_chat(form: ChatForm) -> Result<(), ApiError> {
    let context = request::context()?;
    let id = request::reply(service::chat::start(&context, &form).await)?;
    request::redirect(&format!("/chat/{id}"));
    Ok(())
}

#[server(prefix = "/fn/chat", endpoint = "view")]
pub async fn read_chat(id: ChatId) -> Result<ChatView, ApiError> {
    let context = request::context()?;
    request::reply(service::chat::view(&context, id).await)
}

#[server(prefix = "/fn/chat", endpoint = "send")]
pub async fn send_message(id: ChatId, text: String) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::chat::send(&context, id, &text).await)
}

#[server(prefix = "/fn/chat", endpoint = "end")]
pub async fn end_chat(id: ChatId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::chat::end(&context, id).await.map(|_| ()))
}

/// Lists the chats that wait for the desk or are under way.
#[server(prefix = "/fn/chat", endpoint = "list")]
pub async fn live_chats(#[server(default)] after: String) -> Result<Page<ChatRow>, ApiError> {
    let context = request::context()?;
    request::reply(service::chat::list_live(&context, &after).await)
}

#[server(prefix = "/fn/chat", endpoint = "answer")]
pub async fn answer_chat(id: ChatId) -> Result<(), ApiError> {
    let context = request::context()?;
    request::reply(service::chat::answer(&context, id).await)?;
    request::redirect(&format!("/chat/{id}"));
    Ok(())
}
