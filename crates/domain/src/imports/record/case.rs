//! Cases of the system before this one, with their entries.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    fields::{Fields, bad, choice},
    times::{TIMES, timestamp},
};
use crate::{
    FieldError,
    cases::{Impact, Priority, Side, Status},
    imports::{Problem, Record, RecordKind, Remark, Remarked, excerpt},
    text::{self, CaseTitle, EmailAddress, PersonName},
};

/// The states of cases that are taken, as the common systems name them.
pub(super) const STATES: &[&str] =
    &["new", "open", "in progress", "on hold", "pending", "waiting on customer", "closed", "solved", "resolved"];

/// A case of the system before this one (K1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRecord {
    pub id: String,
    pub organisation: String,
    pub product: Option<String>,
    /// The number people knew it by.
    pub number: String,
    /// The system it comes from.
    pub source: Option<String>,
    pub title: CaseTitle,
    pub requestor: PersonName,
    pub requestor_email: Option<EmailAddress>,
    pub open: bool,
    /// Of an open case: the customer is to answer (D8).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// Of an open case: the agent who works on it, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<EmailAddress>,
    pub priority: Priority,
    pub impact: Option<Impact>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub entries: Vec<EntryRecord>,
    /// The whole of a title that was cut, until [`CaseRecord::finish`] puts it into the first entry.
    #[serde(skip)]
    whole_title: Option<String>,
    #[serde(skip)]
    untitled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRecord {
    /// Only in `entries.csv`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub case: String,
    pub author: PersonName,
    pub email: Option<EmailAddress>,
    pub side: Side,
    pub at: Timestamp,
    pub body: String,
    /// A note that customers never see.
    pub internal: bool,
    /// Paths below the folder of the bundle.
    pub files: Vec<String>,
}

impl CaseRecord {
    /// Adds to the stream, in the order of time; the case is as new as its newest entry.
    pub fn add(&mut self, entries: Vec<EntryRecord>) {
        self.entries.extend(entries);
        self.entries.sort_by_key(|entry| entry.at);
        if let Some(last) = self.entries.last() {
            self.updated_at = self.updated_at.max(last.at);
        }
    }

    /// Gives the case its title, once all its entries are there: one that was cut stands whole at the head of the first
    /// entry, one that was empty is the beginning of that entry (B09).
    pub fn finish(&mut self, remarks: &mut Vec<Remark>) {
        let first = self.entries.iter_mut().find(|entry| !entry.internal);
        if let Some(whole) = self.whole_title.take() {
            remarks.push(Remark {
                field: "title".to_owned(),
                value: excerpt(&whole),
                what: Remarked::TitleCut { max: 200 },
            });
            match first {
                Some(entry) if entry.body.is_empty() => entry.body = whole,
                Some(entry) => entry.body = format!("{whole}\n\n{}", entry.body),
                None => self.add(vec![EntryRecord {
                    case: String::new(),
                    author: self.requestor.clone(),
                    email: self.requestor_email.clone(),
                    side: Side::Customer,
                    at: self.opened_at,
                    body: whole,
                    internal: false,
                    files: Vec::new(),
                }]),
            }
        } else if self.untitled {
            self.untitled = false;
            if let Some(title) = first.and_then(|entry| CaseTitle::beginning(&entry.body, 80)) {
                self.title = title;
            }
            let by = self.title.to_string();
            remarks.push(Remark { field: "title".to_owned(), value: String::new(), what: Remarked::Missing { by } });
        }
    }

    /// When it was closed: as the record says, or else with the last thing that happened.
    pub fn closed_at(&self) -> Option<Timestamp> {
        if self.open { None } else { Some(self.closed_at.unwrap_or(self.updated_at)) }
    }

    /// The status it goes on with here; `assigned` when the agent who has it is known here (D8).
    pub const fn status(&self, assigned: bool) -> Status {
        match (self.open, self.pending, assigned) {
            (false, ..) => Status::Closed,
            (true, true, _) => Status::PendingResponse,
            (true, false, true) => Status::InProgress,
            (true, false, false) => Status::AwaitingAssignment,
        }
    }

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Problem> {
        let id = fields.id("id")?;
        let requestor_email = fields.optional("requestor_email", &[], EmailAddress::parse);
        let requestor = fields.who("requestor", requestor_email.as_ref())?;
        let opened_at = fields.with("opened_at", TIMES, timestamp)?;
        let (open, pending) =
            fields.with("status", STATES, |key| match key.to_lowercase().replace(['-', '_'], " ").as_str() {
                "closed" | "solved" | "resolved" => Ok((false, false)),
                "new" | "open" | "in progress" | "hold" | "on hold" => Ok((true, false)),
                "pending" | "waiting on customer" => Ok((true, true)),
                _ => Err(FieldError::NotAChoice),
            })?;
        let mut entries = Vec::new();
        if let Some(body) = fields.body("description")? {
            entries.push(EntryRecord {
                case: String::new(),
                author: requestor.clone(),
                email: requestor_email.clone(),
                side: Side::Customer,
                at: opened_at,
                body,
                internal: false,
                files: Vec::new(),
            });
        }
        match fields.map.get("entries") {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                for (place, item) in items.iter().enumerate() {
                    let within = format!("entries[{place}].");
                    let Value::Object(map) = item else {
                        return Err(bad(
                            &format!("entries[{place}]"),
                            &item.to_string(),
                            FieldError::NotAChoice,
                            &["{…}"],
                        ));
                    };
                    let fields = Fields { map, within, ..*fields };
                    let known: Vec<&str> =
                        Record::fields(RecordKind::Entry).iter().filter(|name| **name != "case").copied().collect();
                    fields.only(&known, &[])?;
                    let entry = EntryRecord::read(&fields, false)?;
                    if entry.says_nothing() {
                        fields.remark("body", "", Remarked::EmptyEntry);
                    } else {
                        entries.push(entry);
                    }
                }
            }
            Some(other) => return Err(bad("entries", &other.to_string(), FieldError::NotAChoice, &["[{…}]"])),
        }
        let number = fields.short("number", 60)?.unwrap_or_else(|| excerpt(&id));
        let closed_at = fields.optional("closed_at", TIMES, timestamp).filter(|_| !open);
        let updated_at = fields.optional("updated_at", TIMES, timestamp).unwrap_or(opened_at);
        let title = fields.title("title")?;
        let (title, whole_title) = match &title {
            None => (None, None),
            Some(whole) => {
                let (title, cut) = CaseTitle::cut(whole).map_err(|error| fields.bad("title", whole, error, &[]))?;
                (Some(title), cut.then(|| whole.clone()))
            }
        };
        let untitled = title.is_none();
        let title = match title {
            Some(title) => title,
            None => CaseTitle::cut(&number).map_err(|error| fields.bad("number", &number, error, &[]))?.0,
        };
        let mut record = Self {
            organisation: fields.id("organisation")?,
            product: fields.optional("product", &[], |key| text::line(key, 60)),
            number,
            source: fields.short("source", 60)?,
            title,
            requestor,
            requestor_email,
            open,
            pending,
            agent: fields.optional("agent", &[], EmailAddress::parse),
            priority: fields.or("priority", Priority::P3, "p3", &["p1", "p2", "p3", "p4"], |key| {
                choice(Priority::parse(&key.to_lowercase()))
            }),
            impact: fields
                .optional("impact", &["small", "medium", "large"], |key| choice(Impact::parse(&key.to_lowercase()))),
            opened_at,
            updated_at: updated_at.max(opened_at).max(closed_at.unwrap_or(opened_at)),
            closed_at,
            entries: Vec::new(),
            whole_title,
            untitled,
            id,
        };
        record.add(entries);
        Ok(record)
    }
}

impl EntryRecord {
    pub(super) fn read(fields: &Fields<'_>, row: bool) -> Result<Self, Problem> {
        // What may be a note is one: an internal text must not come before customers' eyes by a slip of the pen.
        let internal = fields.flag("internal", true);
        let sides: Vec<&str> = Side::ALL.iter().map(|side| side.key()).collect();
        let side = fields.with("side", &sides, |key| choice(Side::parse(&key.to_lowercase())))?;
        let email = fields.optional("email", &[], EmailAddress::parse);
        Ok(Self {
            case: if row { fields.id("case")? } else { String::new() },
            author: fields.who("author", email.as_ref())?,
            email,
            side: if internal { Side::Vendor } else { side },
            at: fields.with("at", TIMES, timestamp)?,
            body: fields.body("body")?.unwrap_or_default(),
            internal,
            files: fields.optional_list("files"),
        })
    }

    /// Whether there is neither text nor a file: such an entry is none (B09).
    pub fn says_nothing(&self) -> bool {
        self.body.is_empty() && self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            fields::UNKNOWN,
            tests::{case, parse, problem},
        },
        *,
    };

    #[test]
    fn a_case_brings_its_stream_and_its_dates() {
        let line = r#"{"type":"case","id":4711,"organisation":"A","title":"Export empty","requestor":"Ana Lopez",
            "requestor_email":"Ana@example.com","status":"closed","priority":"P2","opened_at":"2018-03-05T10:00:00+01:00",
            "description":"It is empty.","entries":[{"author":"Omar","side":"vendor","at":"2018-03-06","body":"Fixed.",
            "files":["files/log.txt"]},{"author":"Omar","side":"customer","at":"2018-03-07T08:00:00Z","body":"hm","internal":true}]}"#;
        let (Record::Case(case), remarks) = parse(line).unwrap() else { panic!("a case") };
        assert_eq!(remarks, []);
        assert_eq!((case.id.as_str(), case.number.as_str(), case.open), ("4711", "4711", false));
        assert_eq!(case.opened_at.to_string(), "2018-03-05T09:00:00Z");
        assert_eq!(case.closed_at().unwrap().to_string(), "2018-03-07T08:00:00Z", "the last entry closes it");
        assert_eq!(case.entries.len(), 3);
        assert_eq!(case.entries[2].side, Side::Vendor, "notes are the vendor's");
    }

    /// B09
    #[test]
    fn b09_long_and_empty_texts_lose_nothing() {
        let long = "Relance : ".repeat(30);
        let (cut, remarks) = case(&format!(r#""title":"{long}","description":"It was slow.""#));
        assert_eq!(cut.entries[0].body, format!("{}\n\nIt was slow.", long.trim()));
        assert!(cut.title.as_str().ends_with('…') && matches!(remarks[0].what, Remarked::TitleCut { max: 200 }));
        let (alone, _) = case(&format!(r#""title":"{long}""#));
        assert_eq!((alone.entries.len(), alone.entries[0].body.as_str()), (1, long.trim()));
        let note = r#""entries":[{"author":"O","side":"vendor","at":"2018-01-02","body":"desk only","internal":true}]"#;
        let (noted, _) = case(&format!(r#""title":"{long}",{note}"#));
        assert_eq!(noted.entries[0].body, long.trim(), "a title is not hidden in a note");

        let (untitled, remarks) = case(r#""title":"","description":"Le VPN tombe\nDepuis lundi""#);
        assert_eq!((untitled.title.as_str(), remarks[0].field.as_str()), ("Le VPN tombe", "title"));
        assert_eq!(case(r#""number":"E-7""#).0.title.as_str(), "E-7");
        let line = r#"{"type":"case","id":"1","organisation":"A","title":"t","requestor":"","status":"open","opened_at":"2018-01-01",
            "entries":[{"author":" ","side":"vendor","at":"2018-01-02","body":"b","email":"o@v.example"},
            {"author":"O","side":"vendor","at":"2018-01-02","body":"","files":["files/a.txt"]},{"author":"O","side":"vendor","at":"2018-01-02","body":""}]}"#;
        let (Record::Case(known), remarks) = parse(line).unwrap() else { panic!("a case") };
        assert_eq!((known.requestor.as_str(), known.entries[0].author.as_str()), (UNKNOWN, "o@v.example"));
        assert_eq!((known.entries.len(), known.entries[1].body.as_str()), (2, ""));
        assert_eq!(remarks[2].what, Remarked::EmptyEntry);
        let entry = r#"{"author":"O","side":"vendor","at":"2018-01-02","body":"b""#;
        let (attached, remarks) = case(&format!(
            r#""title":"t","entries":[{entry},"files":{{"a":1}}}},{entry},"files":["a.txt","a.txt",7]}}]"#
        ));
        assert!(attached.entries[0].files.is_empty());
        assert_eq!(attached.entries[1].files, ["a.txt", "7"]);
        assert_eq!(remarks[0].field, "entries[0].files", "B11: a list of files that cannot be read loses no case");
        let (Record::Organisation(company), _) = parse(r#"{"type":"organisation","id":"R-9"}"#).unwrap() else {
            panic!("a company")
        };
        assert_eq!(company.name, "R-9");
        let nobody = r#"{"type":"user","id":"1","organisation":"A","name":"\u200b","email":"a@b.example"}"#;
        assert_eq!(problem(nobody), bad("name", "", FieldError::Required, &[]));
    }

    /// B08, B15
    #[test]
    fn b08_bodies_are_cleaned_and_html_becomes_text() {
        let (case, remarks) = case(
            r#""title":"Re:\tVPN","description":"l\u0092\u00e9cran\u001b[0m","entries":[{"author":"O","side":"vendor","at":"2018-01-02","body":"<p>Fixed"}]"#,
        );
        assert_eq!(
            (case.title.as_str(), case.entries[0].body.as_str(), case.entries[1].body.as_str()),
            ("Re: VPN", "l’écran", "Fixed")
        );
        let what: Vec<_> = remarks.iter().map(|remark| (remark.field.as_str(), remark.what.clone())).collect();
        let cleaned = |count| Remarked::Cleaned { count };
        assert_eq!(what, [("description", cleaned(2)), ("entries[0].body", Remarked::Html), ("title", cleaned(1))]);
    }

    /// D8
    #[test]
    fn d8_an_open_case_says_who_waits_for_whom() {
        let status = |word: &str, assigned| {
            let line = format!(
                r#"{{"type":"case","id":"1","organisation":"A","title":"t","requestor":"R","status":"{word}","opened_at":"2018-01-01"}}"#
            );
            let (Record::Case(case), _) = parse(&line).unwrap() else { panic!("a case") };
            case.status(assigned)
        };
        for word in ["new", "Open", "on-hold", "In Progress", "hold"] {
            assert_eq!(
                (status(word, false), status(word, true)),
                (Status::AwaitingAssignment, Status::InProgress),
                "{word}"
            );
        }
        for word in ["pending", "Waiting on Customer"] {
            assert_eq!(
                (status(word, false), status(word, true)),
                (Status::PendingResponse, Status::PendingResponse),
                "{word}"
            );
        }
        assert_eq!(status("Solved", true), Status::Closed);
    }
}
