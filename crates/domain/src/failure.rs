//! What can go wrong, in codes: the interface turns them into sentences in the reader's language.
//!
//! One type crosses every layer above the store. It is small (it travels in a redirect for people without JavaScript)
//! and holds nothing secret: the cause of an [`Failure::Unexpected`] is in the log under its fault id.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    FaultId,
    access::Permission,
    announcements::AnnouncementProblem,
    imports::UploadProblem,
    rollout::{Capability, Phase},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Failure {
    /// 422: what was typed cannot be used; every field says why.
    #[error("invalid input: {0:?}")]
    Invalid(FieldErrors),
    /// 401: nobody is signed in, or the session ended.
    #[error("not signed in")]
    Unauthenticated,
    /// 403: the object may be seen, the act is refused; says why and who can help.
    #[error("forbidden: {0:?}")]
    Forbidden(Denial),
    /// 404: does not exist, or may not be seen; the two cannot be told apart.
    #[error("not found")]
    NotFound,
    /// 409: the object changed, or its state does not allow this.
    #[error("conflict: {0:?}")]
    Conflict(Conflict),
    /// 429
    #[error("too many requests, retry after {retry_after_seconds} s")]
    TooMany { retry_after_seconds: u32 },
    /// 503: the database is busy or away; trying again may help.
    #[error("unavailable")]
    Unavailable,
    /// 500
    #[error("unexpected fault {0}")]
    Unexpected(FaultId),
}

impl Failure {
    /// The HTTP status; the only place that decides it.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 422,
            Self::Unauthenticated => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound => 404,
            Self::Conflict(_) => 409,
            Self::TooMany { .. } => 429,
            Self::Unavailable => 503,
            Self::Unexpected(_) => 500,
        }
    }

    pub fn field(name: &str, error: FieldError) -> Self {
        Self::Invalid(FieldErrors::one(name, error))
    }
}

/// Why an act is refused to somebody who may see its object (K2: never a blank menu).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Denial {
    /// The capability opens later in this company's rollout (R26); the date is the planned one, if any.
    NotOpenYet { capability: Capability, phase: Phase, opens_on: Option<Date> },
    /// No role of the actor allows it; these people of the company can give one.
    Role { permission: Permission, administrators: Vec<Contact> },
}

/// A person to turn to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub name: String,
    pub email: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Conflict {
    /// The invitation was used already.
    InvitationAccepted,
    /// The invitation ended; a new one can be asked for.
    InvitationExpired,
    /// The last support system admin of a company cannot leave (K7).
    LastAdmin,
    /// The case is closed.
    CaseClosed,
    /// The case can no longer be opened again; a new one can be.
    ReopenEnded,
    /// That change of status is not possible from the present one.
    StatusChange,
    /// Somebody else took it first.
    AlreadyTaken,
    /// A call-back is open already for this case.
    CallbackOpen,
    /// The chat desk is closed.
    ChatClosed,
    /// The chat is over; the case goes on.
    ChatEnded,
    /// The company is in that phase already, or cannot go there from here.
    PhaseChange,
    /// A launch needs an activated admin (R33, J11).
    LaunchWithoutAdmin,
    /// The person belongs to the company already.
    AlreadyMember,
    /// Another import is being written: one at a time.
    ImportUnderWay,
    /// What an import was about to write was written meanwhile by somebody else.
    ImportOvertaken,
    /// A link to set a new password is over, or was used.
    ResetEnded,
}

/// What is wrong with each field, by the name it has in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldErrors(BTreeMap<String, FieldError>);

impl FieldErrors {
    pub fn one(name: &str, error: FieldError) -> Self {
        Self(BTreeMap::from([(name.to_owned(), error)]))
    }

    /// Keeps the value, or notes the error under `name`: a form reports all its errors at once.
    pub fn take<T>(&mut self, name: &str, parsed: Result<T, FieldError>) -> Option<T> {
        parsed.map_err(|error| self.0.insert(name.to_owned(), error)).ok()
    }

    pub fn get(&self, name: &str) -> Option<&FieldError> {
        self.0.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldError)> {
        self.0.iter().map(|(name, error)| (name.as_str(), error))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn into_failure(self) -> Failure {
        Failure::Invalid(self)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum FieldError {
    #[error("required")]
    Required,
    #[error("longer than {max} characters")]
    TooLong { max: u32 },
    #[error("shorter than {min} characters")]
    TooShort { min: u32 },
    #[error("not an e-mail address")]
    NotAnEmail,
    #[error("not an international phone number")]
    NotAPhone,
    #[error("not one of the choices")]
    NotAChoice,
    #[error("not a date or time")]
    NotATime,
    #[error("in the past")]
    InThePast,
    /// Nobody is at the desk then.
    #[error("outside the opening hours")]
    OutsideHours,
    #[error("e-mail or password is wrong")]
    WrongCredentials,
    /// The present password, asked for again.
    #[error("not the present password")]
    WrongPassword,
    #[error("the two passwords differ")]
    Different,
    #[error("among the most used passwords")]
    CommonPassword,
    #[error("contains control characters")]
    ControlCharacters,
    /// Larger than this many bytes.
    #[error("larger than {max_bytes} bytes")]
    TooLarge { max_bytes: u64 },
    /// A file of a kind that is refused, whatever its name says.
    #[error("a refused kind of file")]
    RefusedFile,
    /// An upload that is no longer there, or belongs to another case already.
    #[error("an upload that is gone")]
    FileGone,
    #[error("not a key of small letters, digits and hyphens")]
    NotAKey,
    #[error("not language tags")]
    NotALanguage,
    #[error("not a time zone")]
    NotAZone,
    #[error("not opening hours")]
    NotHours,
    #[error("not days")]
    NotDays,
    #[error("more than {max} of them")]
    TooMany { max: u32 },
    /// A day before the one that has to come first.
    #[error("before the day that comes first")]
    OutOfOrder,
    /// A source file that cannot be published.
    #[error("{0}")]
    Announcement(AnnouncementProblem),
    /// An upload that cannot be imported.
    #[error("{}", .0.key())]
    Upload(UploadProblem),
}
