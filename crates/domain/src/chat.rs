//! Live chat: a way of writing into a case while both sides are there (R10, R21). Its messages are entries of the case,
//! so that the transcript is the case.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    CaseId, ChatId, FieldError, FieldErrors, OrganisationId, ProductId,
    cases::{EntryView, coded},
    organisations::OrganisationChoice,
    text::EntryText,
};

coded! {
    ChatState { Waiting = "waiting", Active = "active", Ended = "ended" }
}

/// The beginning of a chat as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatForm {
    pub organisation: String,
    /// `none` or empty is no product in particular.
    #[serde(default)]
    pub product: String,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct ChatDraft {
    pub organisation: OrganisationId,
    pub product: Option<ProductId>,
    pub text: EntryText,
}

impl ChatForm {
    /// # Errors
    /// Every wrong field at once.
    pub fn parse(&self) -> Result<ChatDraft, FieldErrors> {
        let mut errors = FieldErrors::default();
        let organisation = errors.take("organisation", self.organisation.parse().map_err(|_| FieldError::NotAChoice));
        let product = errors.take("product", optional_product(&self.product));
        let text = errors.take("text", EntryText::parse(&self.text));
        match (organisation, product, text) {
            (Some(organisation), Some(product), Some(text)) => Ok(ChatDraft { organisation, product, text }),
            _ => Err(errors),
        }
    }
}

/// Returns a product as a form sends it; `none` and empty are none.
pub(crate) fn optional_product(typed: &str) -> Result<Option<ProductId>, FieldError> {
    match typed {
        "" | "none" => Ok(None),
        id => id.parse().map(Some).map_err(|_| FieldError::NotAChoice),
    }
}

/// What the page that begins a chat needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatEntrance {
    /// The person is in a chat already: it is the one to lead to.
    pub current: Option<ChatId>,
    /// The companies one may chat for, with the hours of their desk.
    pub choices: Vec<(OrganisationChoice, ChatHours)>,
    /// What the desk writes in (K17): BCP 47 tags.
    pub languages: Vec<String>,
}

/// A chat in the agents' list, and the head of its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatRow {
    pub id: ChatId,
    pub case: CaseId,
    pub case_number: String,
    /// Made of the first message.
    pub title: String,
    pub organisation: String,
    pub product: Option<String>,
    pub person: String,
    pub state: ChatState,
    pub agent: Option<String>,
    /// The reader is the agent of this chat.
    pub mine: bool,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// A chat as both sides see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatView {
    pub row: ChatRow,
    /// What was written since it began, oldest first: the last ones.
    pub messages: Vec<EntryView>,
    /// How many more came before these; they stand in the case.
    pub earlier: u64,
    /// The reader may write: it goes on, and an agent took it first.
    pub may_write: bool,
    /// The reader may pick it up.
    pub may_answer: bool,
    /// How many events of the case the reader may know of, at least these are in this view.
    pub seen_event: i64,
}

impl ChatView {
    /// This view with what a newer one brings; what was shown stays, however much came since.
    pub fn with_news(&self, mut news: Self) -> Self {
        let fresh = std::mem::take(&mut news.messages);
        let mut messages = self.messages.clone();
        messages.extend(fresh.into_iter().filter(|message| self.messages.iter().all(|own| own.id != message.id)));
        messages.sort_by_key(|message| (message.at, message.id));
        Self { messages, earlier: self.earlier, ..news }
    }
}

/// Whether an agent is there to chat now, and if not, when (J17: never a dead end).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChatHours {
    /// `until` is the end of the present opening, when it is within a week.
    Open {
        until: Option<Timestamp>,
    },
    Closed {
        opens_at: Option<Timestamp>,
    },
}
