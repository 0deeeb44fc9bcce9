//! What an event says beside its verb, and to whom.
//!
//! An event is written once, whole, and never changed: its hash is in the chain. Who may read which part of it is decided
//! here, at reading, by its verb and by whose side the reader is on; so the rule holds for the events of every earlier
//! release as well. The public part is a list of what may be said, not of what may not: what has no words here is
//! shown to no reader, neither keys nor ids nor codes (U17).

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::Verb;
use crate::{
    access::{Reach, Role},
    calls::CallOutcome,
    cases::{CloseReason, Priority, Status},
    locale::Locale,
    rollout::Phase,
};

/// Whose an event is to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The administrators of the company it belongs to, and the vendor.
    Company,
    /// The vendor's people who may read a ledger.
    Vendor,
    /// Readers of internal notes, in the case itself; it stands in no ledger.
    Desk,
}

impl Verb {
    /// Says who may know of an event of this kind.
    pub const fn audience(self) -> Audience {
        match self {
            Self::CaseNoted => Audience::Desk,
            // How the vendor prepares, whom it imports from where, and which mails it sends again.
            Self::EnrolmentCreated | Self::ImportCommitted | Self::MailRequeued | Self::ProgrammeCreated => {
                Audience::Vendor
            }
            _ => Audience::Company,
        }
    }
}

/// Whose side the reader of a ledger is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    Company,
    Vendor,
}

/// One thing that an event says, ready to be put into words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    Status {
        before: Option<Status>,
        after: Status,
    },
    Phase {
        before: Option<Phase>,
        after: Phase,
    },
    /// A planned day of a phase.
    Day {
        phase: Phase,
        before: Option<Date>,
        after: Date,
    },
    Priority(Priority),
    CloseReason(CloseReason),
    Role(Role),
    Reach(Reach),
    /// When a role ends.
    Until(Timestamp),
    /// When a person wants to be called.
    WantedAt(Timestamp),
    Outcome(CallOutcome),
    /// The address of a person, as it was and as it is or is to be.
    Address {
        before: String,
        after: String,
    },
    /// The browser and system that a session began with.
    Device(String),
    Language(Locale),
    /// Neither side ended it: it was left.
    Left,
    /// The vendor's reason.
    Reason(String),
    /// The vendor passed over the guard of a phase (J11).
    Overridden,
    /// How many people were invited with it.
    Invited(u64),
    /// How many sessions ended, everywhere: it depends on other companies too (F3).
    Sessions(u64),
    /// How many objects it was about.
    Count(u64),
    /// What the thing is called, when it is no person and no case.
    Named(String),
}

impl Fact {
    /// Whether a company may read it in its own ledger.
    const fn is_public(&self) -> bool {
        match self {
            Self::Status { .. }
            | Self::Phase { .. }
            | Self::Day { .. }
            | Self::Priority(_)
            | Self::CloseReason(_)
            | Self::Role(_)
            | Self::Reach(_)
            | Self::Until(_)
            | Self::WantedAt(_)
            | Self::Outcome(_)
            | Self::Address { .. }
            | Self::Device(_)
            | Self::Language(_)
            | Self::Left => true,
            Self::Reason(_)
            | Self::Overridden
            | Self::Invited(_)
            | Self::Sessions(_)
            | Self::Count(_)
            | Self::Named(_) => false,
        }
    }
}

/// Returns what an event says to a reader, from its stored detail. What is not understood is passed over: an older or a
/// newer release wrote it.
pub fn facts(verb: Verb, detail: &Value, reader: Reader) -> Vec<Fact> {
    let mut all = read(verb, detail);
    if reader == Reader::Company {
        all.retain(Fact::is_public);
    }
    all
}

fn read(verb: Verb, detail: &Value) -> Vec<Fact> {
    let mut facts = Vec::new();
    let (before, after) = (&detail["before"], &detail["after"]);
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    match verb {
        Verb::CaseClosed | Verb::CaseReopened => {
            facts.extend(parse(after).map(|after| Fact::Status { before: parse(before), after }));
            facts.extend(parse(&detail["reason"]).map(Fact::CloseReason));
        }
        Verb::PhaseMoved => {
            facts.extend(parse(after).map(|after| Fact::Phase { before: parse(before), after }));
            facts.extend(text(&detail["reason"]).map(Fact::Reason));
            facts.extend((detail["overridden"] == true).then_some(Fact::Overridden));
            facts.extend(some(&detail["invited"]).map(Fact::Invited));
        }
        Verb::DatesMoved => {
            facts.extend(text(&detail["programme"]).map(Fact::Named));
            let before: Vec<(Phase, Date)> = parse(before).unwrap_or_default();
            for (phase, after) in parse::<Vec<(Phase, Date)>>(after).unwrap_or_default() {
                let before = before.iter().find(|(dated, _)| *dated == phase).map(|(_, date)| *date);
                if before != Some(after) {
                    facts.push(Fact::Day { phase, before, after });
                }
            }
            facts.extend(text(&detail["reason"]).map(Fact::Reason));
        }
        Verb::LanguageChanged => facts.extend(parse(after).map(Fact::Language)),
        Verb::PersonAddressCorrected | Verb::PersonAddressProposed => {
            let both = text(before).zip(text(after));
            facts.extend(both.map(|(before, after)| Fact::Address { before, after }));
        }
        Verb::PhoneLineSaved => {}
        _ => {
            let status = &detail["status"];
            if status["before"] != status["after"] {
                let before = parse(&status["before"]);
                facts.extend(parse(&status["after"]).map(|after| Fact::Status { before, after }));
            }
            facts.extend(parse(&detail["priority"]).map(Fact::Priority));
            facts.extend(parse(&detail["role"]).map(Fact::Role));
            facts.extend(parse::<Vec<Role>>(&detail["roles"]).unwrap_or_default().into_iter().map(Fact::Role));
            let place = if after.is_object() { after } else { detail };
            facts.extend(parse(&place["reach"]).map(Fact::Reach));
            facts.extend(parse(&place["until"]).map(Fact::Until));
            facts.extend(parse(&detail["wanted_at"]).map(Fact::WantedAt));
            facts.extend(parse(&detail["outcome"]).map(Fact::Outcome));
            facts.extend(text(&detail["device"]).map(Fact::Device));
            facts.extend((detail["left"] == true).then_some(Fact::Left));
            let named = ["programme", "name", "slug"].into_iter().find_map(|key| text(&detail[key]));
            facts.extend(named.map(Fact::Named));
            let counted = ["count", "recipients", "stopped"].into_iter().find_map(|key| some(&detail[key]));
            facts.extend(counted.map(Fact::Count));
        }
    }
    facts.extend(some(&detail["sessions"]).or(some(&detail["ended"])).map(Fact::Sessions));
    facts
}

fn parse<T: DeserializeOwned>(value: &Value) -> Option<T> {
    if value.is_null() { None } else { T::deserialize(value).ok() }
}

/// Returns a count worth a word.
fn some(value: &Value) -> Option<u64> {
    value.as_u64().filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A2, F19f: the vendor's reasons are the vendor's, in the events of every release.
    #[test]
    fn a2_reasons_and_counts_are_for_the_vendor_only() {
        let detail = json!({
            "before": "setup", "after": "validation", "reason": "pays late", "overridden": true, "invited": 7,
        });
        let moved = Fact::Phase { before: Some(Phase::Setup), after: Phase::Validation };
        assert_eq!(facts(Verb::PhaseMoved, &detail, Reader::Company), std::slice::from_ref(&moved));
        let all = [moved, Fact::Reason("pays late".into()), Fact::Overridden, Fact::Invited(7)];
        assert_eq!(facts(Verb::PhaseMoved, &detail, Reader::Vendor), all);

        let detail = json!({
            "before": [["setup", "2026-02-02"], ["launch", "2026-05-11"]],
            "after": [["setup", "2026-02-02"], ["launch", "2026-06-01"]],
            "reason": "pays late",
        });
        let day = |text: &str| text.parse::<Date>().expect("a day");
        let moved = Fact::Day { phase: Phase::Launch, before: Some(day("2026-05-11")), after: day("2026-06-01") };
        assert_eq!(facts(Verb::DatesMoved, &detail, Reader::Company), [moved]);
    }

    /// F3: the number of sessions that ended tells whether a person is signed in elsewhere.
    #[test]
    fn f3_a_company_reads_no_count_that_depends_on_others() {
        let detail = json!({ "state": { "before": "active" }, "roles": ["support_user"], "sessions": 6 });
        assert_eq!(facts(Verb::PersonRemoved, &detail, Reader::Company), [Fact::Role(Role::SupportUser)]);
        assert_eq!(
            facts(Verb::PersonRemoved, &detail, Reader::Vendor),
            [Fact::Role(Role::SupportUser), Fact::Sessions(6)]
        );
    }

    /// U17: codes become words or nothing; ids are never shown.
    #[test]
    fn u17_a_fact_without_words_is_not_shown() {
        let detail = json!({ "chat": "01a214fb-0000", "agent": { "before": null, "after": "01a2" }, "key": "x" });
        assert_eq!(facts(Verb::ChatAnswered, &detail, Reader::Vendor), []);
        let detail = json!({ "before": "resolution_provided", "after": "closed", "reason": "confirmed" });
        assert_eq!(
            facts(Verb::CaseClosed, &detail, Reader::Company),
            [
                Fact::Status { before: Some(Status::ResolutionProvided), after: Status::Closed },
                Fact::CloseReason(CloseReason::Confirmed),
            ]
        );
        for strange in
            [json!(null), json!([1]), json!("x"), json!({ "before": 3, "after": { "x": [] }, "role": "king" })]
        {
            for verb in Verb::ALL {
                assert_eq!(facts(*verb, &strange, Reader::Vendor), [], "{verb:?} {strange}");
            }
        }
        let unchanged = json!({ "entry": "01a2", "status": { "before": "in_progress", "after": "in_progress" } });
        assert_eq!(facts(Verb::CaseReplied, &unchanged, Reader::Company), []);
    }
}
