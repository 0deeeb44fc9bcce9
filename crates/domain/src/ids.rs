//! Typed identifiers: a case id cannot be passed where a person id is wanted.
//!
//! All are UUID v7 (time-ordered, so that they index well), made on the server only, by an [`IdSource`]. A v7 id
//! leaks when it was made; what must not be guessed or dated is a random token, never one of these.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where new identifiers come from; injected, so that tests can repeat themselves.
pub trait IdSource: Send + Sync {
    fn uuid(&self) -> Uuid;
}

/// Makes a typed id: `ids.make::<CaseId>()`.
impl dyn IdSource {
    pub fn make<T: From<Uuid>>(&self) -> T {
        T::from(self.uuid())
    }
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            pub const fn uuid(self) -> Uuid { self.0 }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid { id.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { text.parse().map(Self) }
        }
    )+};
}

typed_ids! {
    AnnouncementId,
    AnnouncementTextId,
    CallbackId,
    CaseId,
    ChatId,
    ContractId,
    EnrolmentId,
    EntryId,
    EventId,
    /// Names one unexpected error in the log; the only thing a user sees of it.
    FaultId,
    FileId,
    GrantId,
    ImportId,
    InvitationId,
    AddressChangeId,
    /// One sending of an announcement to a programme.
    MailingId,
    JobId,
    MembershipId,
    OrganisationId,
    OutboxId,
    PersonId,
    ProductId,
    ProgrammeId,
    RequestId,
}
