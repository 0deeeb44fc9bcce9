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
    /// 401: there is no session, or it has ended.
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
    /// Returns the HTTP status; the only place that decides it.
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

    /// Returns how many seconds to wait before another try, for the header `Retry-After`: with every 429 and 503.
    pub const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooMany { retry_after_seconds } => Some(*retry_after_seconds),
            Self::Unavailable => Some(5),
            _ => None,
        }
    }

    pub fn field(name: &str, error: FieldError) -> Self {
        Self::Invalid(FieldErrors::one(name, error))
    }

    /// Returns the failure with its codes alone: all that an address may carry, since anyone can craft an address (F19a).
    /// Names, addresses and quoted values are removed; numbers, days and codes stay.
    #[must_use]
    pub fn without_words(self) -> Self {
        match self {
            Self::Forbidden(Denial::Role { permission, .. }) => {
                Self::Forbidden(Denial::Role { permission, administrators: Vec::new() })
            }
            Self::Invalid(FieldErrors(errors)) => {
                let coded = errors.into_iter().filter_map(|(name, error)| match error {
                    FieldError::Announcement(problem) => {
                        Some((name, FieldError::Announcement(problem_without_words(&problem)?)))
                    }
                    error => Some((name, error)),
                });
                Self::Invalid(FieldErrors(coded.collect()))
            }
            failure => failure,
        }
    }
}

/// Returns a problem with its quoted values emptied; `None` where it cannot be said without them.
fn problem_without_words(problem: &AnnouncementProblem) -> Option<AnnouncementProblem> {
    let mut json = serde_json::to_value(problem).ok()?;
    for (name, value) in json.as_object_mut()? {
        // Which problem it is.
        if name != "problem" && !value.is_number() && !value.is_boolean() {
            *value = serde_json::Value::String(String::new());
        }
    }
    serde_json::from_value(json).ok()
}

/// Why an act is refused to an actor who may see its object (K2: never a blank menu).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Denial {
    /// The capability opens later in this company's rollout (R26); the date is the planned one, if any.
    NotOpenYet {
        capability: Capability,
        phase: Phase,
        /// A day that has not passed.
        opens_on: Option<Date>,
        /// The planned day has passed: a new one will follow, and no page shows the old one.
        #[serde(default)]
        delayed: bool,
    },
    /// No role of the actor allows it; these people of the company can give one.
    Role { permission: Permission, administrators: Vec<Contact> },
}

/// A person to turn to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub name: String,
    pub email: String,
    /// Whether they accepted their invitation: before that they cannot help.
    pub active: bool,
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
    /// Another actor took it first.
    AlreadyTaken,
    /// A call-back is open already for this case.
    CallbackOpen,
    /// The chat desk is closed.
    ChatClosed,
    /// The chat is over; the case goes on.
    ChatEnded,
    /// The person is in a chat of another company; it is to be ended first.
    ChatRunning,
    /// The company is in that phase already, or cannot go there from here.
    PhaseChange,
    /// A launch needs an activated admin (R33, J11).
    LaunchWithoutAdmin,
    /// The person belongs to the company already.
    AlreadyMember,
    /// Another import is being written: one at a time.
    ImportUnderWay,
    /// What an import was about to write was written by another writer meanwhile.
    ImportOvertaken,
    /// A link to set a new password is over, or was used.
    ResetEnded,
    /// Actors cannot give a role to themselves.
    OwnRole,
    /// The account works for the vendor: it cannot belong to a company.
    WorksForVendor,
    /// The account belongs to a company: it cannot work for the vendor.
    WorksForCompany,
    /// A link to take a new address is over, was used, or another one was sent since.
    AddressLinkEnded,
    /// The new address is that of another account.
    AddressTaken,
    /// D3: the recipients are no longer those that were shown.
    RecipientsChanged,
    /// D3: no recipient is left.
    NoRecipients,
    /// D3: every mail has left or was stopped already.
    NothingToStop,
    /// The form was made for another person than the one who is signed in now.
    OtherPerson,
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
    /// Letters with accents before the `@`: few mail servers deliver to such an address, and browsers refuse to send it.
    #[error("letters other than a to z before the @ of an e-mail address")]
    NotAsciiBeforeAt,
    #[error("not an international phone number")]
    NotAPhone,
    #[error("not one of the choices")]
    NotAChoice,
    #[error("not a date or time")]
    NotATime,
    #[error("in the past")]
    InThePast,
    /// The desk is closed at that time.
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
    /// Larger than this many bytes.
    #[error("larger than {max_bytes} bytes")]
    TooLarge { max_bytes: u64 },
    /// A file of 0 bytes.
    #[error("an empty file")]
    EmptyFile,
    /// A file came without a name, or no file at all.
    #[error("a file without a name")]
    NoFileName,
    /// Uploads of one person that are attached to nothing reach this many bytes (A5).
    #[error("more than {max_bytes} bytes wait to be attached")]
    UploadsFull { max_bytes: u64 },
    /// The files of a company reach this many bytes (A5).
    #[error("the files of the company exceed {max_bytes} bytes")]
    StorageFull { max_bytes: u64 },
    /// A file of a kind that is refused, whatever its name says.
    #[error("a refused kind of file")]
    RefusedFile,
    /// A file that is to be shown as an image, and holds none that browsers show.
    #[error("no PNG, JPEG, GIF, WebP or AVIF image")]
    NotAnImage,
    /// The images of all announcements reach this many bytes.
    #[error("the images of announcements exceed {max_bytes} bytes")]
    ImagesFull { max_bytes: u64 },
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
    /// The name typed to confirm is another one.
    #[error("not the name that was asked for")]
    NotTheName,
    /// A day before the one that has to come first.
    #[error("before the day that comes first")]
    OutOfOrder,
    /// D3: the number that was typed is not how many the mail goes to.
    #[error("not {wanted}")]
    NotTheNumber { wanted: u64 },
    /// A source file that cannot be published.
    #[error("{0}")]
    Announcement(AnnouncementProblem),
    /// An upload that cannot be imported.
    #[error("{}", .0.key())]
    Upload(UploadProblem),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f19a_an_address_carries_codes_without_words() {
        let contact =
            Contact { name: "Call +33 1 23 45 67 89".into(), email: "evil@evil.example".into(), active: true };
        let role =
            Failure::Forbidden(Denial::Role { permission: Permission::CaseReply, administrators: vec![contact] });
        let message = AnnouncementProblem::NotYaml { line: 3, message: "call evil".into() };
        let announcement = Failure::field("source", FieldError::Announcement(message));
        let plain = [Failure::NotFound, Failure::field("title", FieldError::TooLong { max: 200 })];
        for failure in [role, announcement] {
            let coded = serde_json::to_string(&failure.without_words()).expect("JSON");
            assert!(!coded.contains("evil") && !coded.contains("Call"), "{coded}");
        }
        for failure in plain {
            assert_eq!(failure.clone().without_words(), failure);
        }
    }
}
