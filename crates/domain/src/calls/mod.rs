//! The phone: numbers by region, and call-backs (R8).

mod hours;
mod line;

pub use hours::{Hours, Span, parse_spans};
pub use line::{PhoneLineForm, PhoneLineSettings, RegionLine};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    CallbackId, CaseId, FieldError, FieldErrors, OrganisationId, ProductId,
    cases::coded,
    chat::optional_product,
    organisations::OrganisationChoice,
    text::{EntryText, PhoneNumber, optional},
};

coded! {
    CallbackState {
        Requested = "requested",
        Done = "done",
        /// The call is no longer to be made: the person who asked lost sight of the case.
        Cancelled = "cancelled",
    }
}

coded! {
    /// How a call ended.
    CallOutcome { Reached = "reached", NoAnswer = "no_answer", WrongNumber = "wrong_number" }
}

/// A number to call, as the overview shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneLine {
    /// The line of the company's own region; it comes first.
    pub own: bool,
    pub region: String,
    pub number: String,
    /// BCP 47 tags.
    pub languages: Vec<String>,
    pub hours: Hours,
    /// Whether the line is staffed now.
    pub open: bool,
    /// The end of the present opening, when it is within a week.
    pub open_until: Option<Timestamp>,
    /// The next opening while it is closed, when there is one within a month.
    pub opens_at: Option<Timestamp>,
}

/// A call-back as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackForm {
    pub organisation: String,
    /// An open case it is about; empty opens a new one.
    #[serde(default)]
    pub case: String,
    /// For a new case: the product, `none` or empty.
    #[serde(default)]
    pub product: String,
    pub phone: String,
    /// `now`, or a local date and time in `time_zone`.
    #[serde(default)]
    pub when: String,
    #[serde(default)]
    pub time_zone: String,
    #[serde(default)]
    pub topic: String,
}

#[derive(Clone, Debug)]
pub struct CallbackDraft {
    pub organisation: OrganisationId,
    pub case: Option<CaseId>,
    pub product: Option<ProductId>,
    pub phone: PhoneNumber,
    /// `None` is as soon as possible.
    pub wanted_at: Option<Timestamp>,
    pub topic: Option<EntryText>,
}

impl CallbackForm {
    /// `zone` finds a time zone by its IANA name; the browser has no table of them.
    ///
    /// # Errors
    /// Every wrong field at once; a time in the past is one.
    pub fn parse(&self, now: Timestamp, zone: impl Fn(&str) -> Option<TimeZone>) -> Result<CallbackDraft, FieldErrors> {
        let mut errors = FieldErrors::default();
        let organisation = errors.take("organisation", self.organisation.parse().map_err(|_| FieldError::NotAChoice));
        let case = errors.take("case", optional(&self.case, |id| id.parse().map_err(|_| FieldError::NotAChoice)));
        let product = errors.take("product", optional_product(&self.product));
        let phone = errors.take("phone", PhoneNumber::parse(&self.phone));
        let wanted_at = errors.take(
            "when",
            match self.when.trim() {
                "" | "now" => Ok(None),
                local => local
                    .parse::<jiff::civil::DateTime>()
                    .ok()
                    .zip(zone(if self.time_zone.is_empty() { "UTC" } else { &self.time_zone }))
                    .and_then(|(local, zone)| local.to_zoned(zone).ok())
                    .map(|at| at.timestamp())
                    .ok_or(FieldError::NotATime)
                    .and_then(|at| if at > now { Ok(Some(at)) } else { Err(FieldError::InThePast) }),
            },
        );
        let topic = errors.take(
            "topic",
            if self.case.is_empty() {
                EntryText::parse(&self.topic).map(Some)
            } else {
                optional(&self.topic, EntryText::parse)
            },
        );
        match (organisation, case, product, phone, wanted_at, topic) {
            (Some(organisation), Some(case), Some(product), Some(phone), Some(wanted_at), Some(topic)) => {
                Ok(CallbackDraft { organisation, case, product, phone, wanted_at, topic })
            }
            _ => Err(errors),
        }
    }
}

/// What an entry of kind `call` tells. Its body is this in plain text, a line of codes first, so that every reader reads it
/// in their own language and clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallEntry {
    /// A call was asked for; without a time, as soon as possible.
    Requested { phone: String, wanted_at: Option<Timestamp>, topic: String },
    /// A call was made, or tried.
    Made { outcome: CallOutcome, note: String },
}

impl CallEntry {
    pub fn to_body(&self) -> String {
        match self {
            Self::Requested { phone, wanted_at: None, topic } => format!("requested {phone} now\n{topic}"),
            Self::Requested { phone, wanted_at: Some(at), topic } => format!("requested {phone} {at}\n{topic}"),
            Self::Made { outcome, note } => format!("{}\n{note}", outcome.key()),
        }
    }

    /// `None` for what another system wrote: it is shown as it is.
    pub fn parse(body: &str) -> Option<Self> {
        let (head, text) = body.split_once('\n').unwrap_or((body, ""));
        let mut words = head.split(' ');
        let entry = match (words.next()?, words.next(), words.next()) {
            ("requested", Some(phone), Some(when)) => Self::Requested {
                phone: phone.to_owned(),
                wanted_at: if when == "now" { None } else { Some(when.parse().ok()?) },
                topic: text.to_owned(),
            },
            (code, None, None) => Self::Made { outcome: CallOutcome::parse(code)?, note: text.to_owned() },
            _ => return None,
        };
        words.next().is_none().then_some(entry)
    }
}

/// What the form for a call-back begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackDefaults {
    pub phone: String,
    /// IANA name.
    pub time_zone: String,
    /// Whether the person, or their browser, said so.
    pub zone_known: bool,
}

/// What the form for a call-back needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEntrance {
    pub defaults: CallbackDefaults,
    /// The open case it is about; `None` begins a new one.
    pub case: Option<CallbackCase>,
    /// For a new case: the companies, with their products and their numbers.
    pub choices: Vec<(OrganisationChoice, Vec<PhoneLine>)>,
}

/// The case that a call-back is asked for on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackCase {
    pub id: CaseId,
    pub number: String,
    pub title: String,
    pub organisation: OrganisationId,
}

/// What waits for the desk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskWaiting {
    /// Chats that no agent has picked up.
    pub chats: u64,
    /// Calls to be made.
    pub calls: u64,
}

/// A call-back in the agents' list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackRow {
    pub id: CallbackId,
    pub case: CaseId,
    pub case_number: String,
    pub title: String,
    pub organisation: String,
    pub organisation_id: OrganisationId,
    pub person: String,
    pub phone: String,
    pub wanted_at: Option<Timestamp>,
    pub requested_at: Timestamp,
    pub state: CallbackState,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn call_entries_are_read_as_they_were_written() {
        let asked = CallEntry::Requested {
            phone: "+33123456789".into(),
            wanted_at: Some(utc("2026-03-02T08:30:00Z")),
            topic: "VPN\nsince Monday".into(),
        };
        let soon = CallEntry::Requested { phone: "+33123456789".into(), wanted_at: None, topic: String::new() };
        let made = CallEntry::Made { outcome: CallOutcome::NoAnswer, note: "Voicemail.".into() };
        for entry in [asked, soon, made] {
            assert_eq!(CallEntry::parse(&entry.to_body()), Some(entry));
        }
        assert_eq!(CallEntry::parse("Called back, all is well."), None);
        assert_eq!(CallEntry::parse("reached them at noon"), None);
    }

    #[test]
    fn a_call_back_cannot_be_wanted_in_the_past() {
        let form = CallbackForm {
            organisation: uuid::Uuid::nil().to_string(),
            phone: "+33123456789".into(),
            when: "2026-03-02T09:30".into(),
            time_zone: "Europe/Paris".into(),
            topic: "VPN".into(),
            ..Default::default()
        };
        let zone = |name: &str| TimeZone::get(name).ok();
        assert_eq!(
            form.parse(utc("2026-03-02T08:29:00Z"), zone).expect("valid").wanted_at,
            Some(utc("2026-03-02T08:30:00Z"))
        );
        assert_eq!(
            form.parse(utc("2026-03-02T08:31:00Z"), zone).expect_err("past").get("when"),
            Some(&FieldError::InThePast)
        );
    }
}
