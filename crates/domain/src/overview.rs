//! The first page of a customer: where they are, the three doors, what is going on.

use serde::{Deserialize, Serialize};

use crate::{
    ChatId, OrganisationId,
    announcements::AnnouncementRow,
    calls::{CallbackRow, PhoneLine},
    cases::CaseRow,
    chat::ChatHours,
    failure::Denial,
    rollout::{Phase, TimelineStep},
};

/// A way in. A closed one says why, when it opens and who can help (K2), and is never left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Door<T> {
    Open(T),
    Closed(Denial),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    pub name: String,
    pub organisation: OrganisationId,
    pub organisation_name: String,
    /// Whether the person belongs to other companies too.
    pub several: bool,
    pub case: Door<()>,
    pub chat: Door<ChatHours>,
    /// The chat the person is in, or waits in.
    pub live_chat: Option<ChatId>,
    pub call: Door<Vec<PhoneLine>>,
    /// The calls the person waits for.
    pub calls: Vec<CallbackRow>,
    /// Open cases in sight, P1 first.
    pub open_cases: Door<[u64; 4]>,
    /// The cases that changed last.
    pub latest: Vec<CaseRow>,
    pub rollout: Option<RolloutStanding>,
    /// The newest announcement in the person's language.
    pub news: Option<AnnouncementRow>,
}

/// Where the rollout of the company stands (R22).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutStanding {
    pub phase: Phase,
    pub steps: Vec<TimelineStep>,
}
