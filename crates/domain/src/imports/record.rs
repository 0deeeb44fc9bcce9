//! The records of an import: typed, every field checked, the same for JSON and CSV.

use std::cell::RefCell;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{BadField, Problem, RecordKind, Remark, Remarked, Syntax, excerpt, json};
use crate::{
    FieldError,
    access::Reach,
    cases::{Impact, Priority, Side, Status},
    contracts::ContactKind,
    locale::Locale,
    products,
    text::{self, CaseTitle, Cleaned, EmailAddress, PersonName, PhoneNumber},
};

/// Turns HTML into text; `None` for what is text already. Comes in from outside: it needs a parser.
pub type Html = fn(&str) -> Option<String>;

/// A record, and what was left out of it.
pub type Read = (Record, Vec<Remark>);

/// A record that was refused, with kind and id as far as they could be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Unread {
    pub kind: Option<RecordKind>,
    pub id: String,
    pub problem: Problem,
}

/// Old systems quote whole conversations in every mail: more than people may type (20,000) is taken.
const MAX_IMPORTED_BODY: u32 = 200_000;
const MAX_ID: u32 = 200;
/// The name of whoever wrote what nobody is said to have written (B09), for readers of both languages.
const UNKNOWN: &str = "Unknown / Inconnu";
/// No support system kept cases before this year: `1970-01-01` is what an empty field became.
const EARLIEST: Timestamp = Timestamp::constant(631_152_000, 0);
/// How far ahead of UTC a local time without its offset can be: a moment of today, wherever it was written.
const AHEAD: SignedDuration = SignedDuration::from_hours(14);
const TIMES: &[&str] = &["2018-03-05T10:00:00+01:00", "2018-03-05 10:00", "2018-03-05"];
const DAYS: &[&str] = &["2026-02-28"];
const FLAGS: &[&str] = &["true", "false", "yes", "no", "oui", "non", "1", "0"];
/// The states of cases that are taken, as the common systems name them.
const STATES: &[&str] =
    &["new", "open", "in progress", "on hold", "pending", "waiting on customer", "closed", "solved", "resolved"];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    Organisation(OrganisationRecord),
    Product(ProductRecord),
    Contract(ContractRecord),
    Contact(ContactRecord),
    User(UserRecord),
    Case(CaseRecord),
    Entry(EntryRecord),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationRecord {
    pub id: String,
    pub name: String,
    pub region: String,
    /// The key of a programme to be enrolled in.
    pub programme: Option<String>,
    /// The system it comes from; an id belongs to it (B14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRecord {
    pub key: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractRecord {
    pub id: String,
    pub organisation: String,
    pub number: String,
    pub plan: String,
    pub starts_on: Option<Date>,
    pub ends_on: Option<Date>,
    pub products: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Somebody named in a contract (R14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRecord {
    pub id: String,
    pub contract: String,
    pub kind: ContactKind,
    pub name: PersonName,
    pub email: EmailAddress,
    pub phone: Option<PhoneNumber>,
    /// Not said is not French: whoever is known keeps their language.
    pub locale: Option<Locale>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Somebody who works with the vendor's support today (R12, R13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    pub id: String,
    pub organisation: String,
    pub name: PersonName,
    pub email: EmailAddress,
    pub phone: Option<PhoneNumber>,
    pub locale: Option<Locale>,
    /// Rule A (R13): is an administrator in the vendor's records.
    pub admin: bool,
    /// The record that says so, for the reason that is kept.
    pub record: Option<String>,
    pub reach: Reach,
    /// Keys; empty is every product.
    pub products: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

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
    /// Of an open case: somebody had begun to work on it; the agent says who, when there is one.
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

    /// Puts moments that cannot be where they do no harm: what is in the future, or before there were such systems, would
    /// stand at the head of every list, or sort the stream wrongly.
    pub fn mend_times(&mut self, now: Timestamp, remarks: &mut Vec<Remark>) {
        let can_be = |at: Timestamp| at >= EARLIEST && at <= now.saturating_add(AHEAD).unwrap_or(now);
        let mut remark = |field: &str, at: Timestamp, by: Option<Timestamp>| {
            let what = Remarked::Time { by: by.map(|by| by.to_string()) };
            remarks.push(Remark { field: field.to_owned(), value: at.to_string(), what });
        };
        let opened = self.opened_at;
        // As new as something in it, or newer because the record says so.
        let derived = self.entries.iter().map(|entry| entry.at).chain(self.closed_at).fold(opened, Timestamp::max);
        if let Some(closed) = self.closed_at
            && (!can_be(closed) || closed < opened && can_be(opened))
        {
            remark("closed_at", closed, None);
            self.closed_at = None;
        }
        if !can_be(opened) {
            let known = self.entries.iter().map(|entry| entry.at).chain(self.closed_at).chain([self.updated_at]);
            let earliest = known.filter(|at| can_be(*at)).min();
            self.opened_at = earliest.unwrap_or_else(|| opened.min(now));
            remark("opened_at", opened, Some(self.opened_at));
        }
        let mut before = self.opened_at;
        for entry in &mut self.entries {
            if can_be(entry.at) {
                before = before.max(entry.at);
                continue;
            }
            if entry.at != opened {
                remark("at", entry.at, Some(before));
            }
            entry.at = before;
        }
        let newest =
            self.entries.iter().map(|entry| entry.at).chain(self.closed_at).fold(self.opened_at, Timestamp::max);
        if !can_be(self.updated_at) {
            if self.updated_at != derived {
                remark("updated_at", self.updated_at, Some(newest));
            }
            self.updated_at = newest;
        }
        self.updated_at = self.updated_at.max(newest);
        self.entries.sort_by_key(|entry| entry.at);
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
}

impl Record {
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::Organisation(_) => RecordKind::Organisation,
            Self::Product(_) => RecordKind::Product,
            Self::Contract(_) => RecordKind::Contract,
            Self::Contact(_) => RecordKind::Contact,
            Self::User(_) => RecordKind::User,
            Self::Case(_) => RecordKind::Case,
            Self::Entry(_) => RecordKind::Entry,
        }
    }

    /// The id in the system before; with the kind it names the record for ever.
    pub fn id(&self) -> &str {
        match self {
            Self::Organisation(record) => &record.id,
            Self::Product(record) => &record.key,
            Self::Contract(record) => &record.id,
            Self::Contact(record) => &record.id,
            Self::User(record) => &record.id,
            Self::Case(record) => &record.id,
            Self::Entry(record) => &record.case,
        }
    }

    /// The system the record comes from; an id belongs to it (B14).
    pub fn source(&self) -> Option<&str> {
        match self {
            Self::Organisation(record) => record.source.as_deref(),
            Self::Contract(record) => record.source.as_deref(),
            Self::Contact(record) => record.source.as_deref(),
            Self::User(record) => record.source.as_deref(),
            Self::Case(record) => record.source.as_deref(),
            Self::Product(_) | Self::Entry(_) => None,
        }
    }

    /// What the record is called, for a report.
    pub fn title(&self) -> &str {
        match self {
            Self::Organisation(record) => &record.name,
            Self::Product(record) => &record.name,
            Self::Contract(record) => &record.number,
            Self::Contact(record) => record.name.as_str(),
            Self::User(record) => record.name.as_str(),
            Self::Case(record) => record.title.as_str(),
            Self::Entry(record) => record.author.as_str(),
        }
    }

    /// The fields that a record of a kind must have.
    pub const fn required(kind: RecordKind) -> &'static [&'static str] {
        match kind {
            RecordKind::Organisation => &["id", "name"],
            RecordKind::Product => &["key", "name"],
            RecordKind::Contract => &["id", "organisation", "products"],
            RecordKind::Contact => &["contract", "kind", "name", "email"],
            RecordKind::User => &["id", "organisation", "name", "email"],
            RecordKind::Case => &["id", "organisation", "title", "requestor", "status", "opened_at"],
            RecordKind::Entry => &["case", "author", "side", "at", "body"],
        }
    }

    /// All the fields that a record of a kind may have.
    pub const fn fields(kind: RecordKind) -> &'static [&'static str] {
        match kind {
            RecordKind::Organisation => &["id", "name", "region", "programme", "source"],
            RecordKind::Product => &["key", "name"],
            RecordKind::Contract => {
                &["id", "organisation", "number", "plan", "starts_on", "ends_on", "products", "source"]
            }
            RecordKind::Contact => &["id", "contract", "kind", "name", "email", "phone", "locale", "source"],
            RecordKind::User => &[
                "id",
                "organisation",
                "name",
                "email",
                "phone",
                "locale",
                "admin",
                "record",
                "reach",
                "products",
                "source",
            ],
            RecordKind::Case => &[
                "id",
                "organisation",
                "product",
                "number",
                "source",
                "title",
                "description",
                "requestor",
                "requestor_email",
                "agent",
                "status",
                "priority",
                "impact",
                "opened_at",
                "updated_at",
                "closed_at",
            ],
            RecordKind::Entry => &["case", "author", "email", "side", "at", "body", "internal", "files"],
        }
    }

    /// Reads one object of JSON with a `type`, and what was left out of it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse_json(text: &str, html: Html) -> Result<Read, Unread> {
        let unread = |problem| Unread { kind: None, id: String::new(), problem };
        let value = json::parse(text.trim_start_matches('\u{feff}')).map_err(unread)?;
        let Value::Object(mut fields) = value else {
            return Err(unread(Problem::Syntax(Syntax::NotAnObject)));
        };
        let name = match fields.remove("type") {
            Some(Value::String(name)) => name,
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let Some(kind) = RecordKind::parse(name.trim()).filter(|kind| *kind != RecordKind::Entry) else {
            return Err(unread(Problem::UnknownKind { kind: excerpt(&name) }));
        };
        let (mut record, mut remarks) = Self::parse_fields(kind, &fields, html).map_err(|problem| Unread {
            kind: Some(kind),
            id: id_of(kind, &fields),
            problem,
        })?;
        if let Self::Case(case) = &mut record {
            case.finish(&mut remarks);
        }
        Ok((record, remarks))
    }

    /// Reads the fields of one record, from JSON or a row, and what was left out of it. A case waits for
    /// [`CaseRecord::finish`].
    ///
    /// # Errors
    /// The first thing that is wrong with what the record must have.
    pub fn parse_fields(kind: RecordKind, map: &Map<String, Value>, html: Html) -> Result<Read, Problem> {
        let remarks = RefCell::new(Vec::new());
        let fields = Fields { map, within: String::new(), remarks: &remarks, html };
        let extra: &[&str] = if kind == RecordKind::Case { &["entries"] } else { &[] };
        fields.only(Self::fields(kind), extra)?;
        let record = match kind {
            RecordKind::Organisation => {
                let id = fields.id("id")?;
                Self::Organisation(OrganisationRecord {
                    name: fields.named("name", &id)?,
                    region: fields.or("region", "emea".to_owned(), "emea", &["emea", "americas", "apac"], region),
                    programme: fields.short("programme", 60)?,
                    source: fields.short("source", 60)?,
                    id,
                })
            }
            RecordKind::Product => {
                let key = fields.with("key", &["atlas", "atlas-2"], product_key)?;
                Self::Product(ProductRecord { name: fields.named("name", &key)?, key })
            }
            RecordKind::Contract => {
                let id = fields.id("id")?;
                Self::Contract(ContractRecord {
                    organisation: fields.id("organisation")?,
                    number: fields.short("number", 60)?.unwrap_or_else(|| id.clone()),
                    plan: fields.short("plan", 60)?.unwrap_or_else(|| "standard".to_owned()),
                    starts_on: fields.optional("starts_on", DAYS, date),
                    ends_on: fields.optional("ends_on", DAYS, date),
                    products: fields.list("products")?,
                    source: fields.short("source", 60)?,
                    id,
                })
            }
            RecordKind::Contact => {
                let contract = fields.id("contract")?;
                let kinds: Vec<&str> = ContactKind::ALL.iter().map(|kind| kind.key()).collect();
                let kind = fields.with("kind", &kinds, |key| choice(ContactKind::parse(&key.to_lowercase())))?;
                let email = fields.with("email", &[], EmailAddress::parse)?;
                // A contract's list of contacts seldom has ids of its own.
                let id = fields.optional("id", &[], |id| text::line(id, MAX_ID));
                let id = id.unwrap_or_else(|| format!("{contract}/{}/{}", kind.key(), email.normalised()));
                Self::Contact(ContactRecord {
                    id,
                    contract,
                    kind,
                    name: fields.person("name")?,
                    email,
                    phone: fields.optional("phone", &["+33 1 23 45 67 89"], PhoneNumber::parse),
                    locale: fields.optional("locale", &["fr", "en"], locale),
                    source: fields.short("source", 60)?,
                })
            }
            RecordKind::User => Self::User(UserRecord {
                id: fields.id("id")?,
                organisation: fields.id("organisation")?,
                name: fields.person("name")?,
                email: fields.with("email", &[], EmailAddress::parse)?,
                phone: fields.optional("phone", &["+33 1 23 45 67 89"], PhoneNumber::parse),
                locale: fields.optional("locale", &["fr", "en"], locale),
                admin: fields.flag("admin", false),
                record: fields.short("record", 200)?,
                reach: fields.or("reach", Reach::Own, "own", &["own", "organisation"], |key| {
                    choice(Reach::parse(&key.to_lowercase()))
                }),
                products: fields.list("products")?,
                source: fields.short("source", 60)?,
            }),
            RecordKind::Case => Self::Case(case(&fields)?),
            RecordKind::Entry => Self::Entry(entry(&fields, true)?),
        };
        Ok((record, remarks.into_inner()))
    }
}

/// The id of a record that could not be read, for the report.
fn id_of(kind: RecordKind, fields: &Map<String, Value>) -> String {
    let name = match kind {
        RecordKind::Product => "key",
        RecordKind::Contact => "email",
        _ => "id",
    };
    match fields.get(name) {
        Some(Value::String(text)) => excerpt(text),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn case(fields: &Fields<'_>) -> Result<CaseRecord, Problem> {
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
                    return Err(bad(&format!("entries[{place}]"), &item.to_string(), FieldError::NotAChoice, &["{…}"]));
                };
                let fields = Fields { map, within, ..*fields };
                let known: Vec<&str> =
                    Record::fields(RecordKind::Entry).iter().filter(|name| **name != "case").copied().collect();
                fields.only(&known, &[])?;
                let entry = entry(&fields, false)?;
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
    let title = fields.line("title")?;
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
    let mut record = CaseRecord {
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

fn entry(fields: &Fields<'_>, row: bool) -> Result<EntryRecord, Problem> {
    // What may be a note is one: an internal text must not come before customers' eyes by a slip of the pen.
    let internal = fields.flag("internal", true);
    let sides: Vec<&str> = Side::ALL.iter().map(|side| side.key()).collect();
    let side = fields.with("side", &sides, |key| choice(Side::parse(&key.to_lowercase())))?;
    let email = fields.optional("email", &[], EmailAddress::parse);
    Ok(EntryRecord {
        case: if row { fields.id("case")? } else { String::new() },
        author: fields.who("author", email.as_ref())?,
        email,
        side: if internal { Side::Vendor } else { side },
        at: fields.with("at", TIMES, timestamp)?,
        body: fields.body("body")?.unwrap_or_default(),
        internal,
        files: fields.list("files")?,
    })
}

impl EntryRecord {
    /// Whether there is neither text nor a file: such an entry is none (B09).
    pub fn says_nothing(&self) -> bool {
        self.body.is_empty() && self.files.is_empty()
    }
}

/// The fields of one record by name. Text, numbers and yes/no come as they are in JSON, all as text in a row. What is
/// optional and cannot be read is left out with a remark (B05).
struct Fields<'a> {
    map: &'a Map<String, Value>,
    /// What stands before the names in the report: `entries[2].`
    within: String,
    remarks: &'a RefCell<Vec<Remark>>,
    html: Html,
}

fn bad(field: &str, value: &str, error: FieldError, allowed: &[&str]) -> Problem {
    let allowed = allowed.iter().map(|word| (*word).to_owned()).collect();
    Problem::Field(Box::new(BadField { field: field.to_owned(), value: excerpt(value), error, allowed }))
}

impl Fields<'_> {
    fn bad(&self, name: &str, value: &str, error: FieldError, allowed: &[&str]) -> Problem {
        bad(&format!("{}{name}", self.within), value, error, allowed)
    }

    fn remark(&self, name: &str, value: &str, what: Remarked) {
        let field = format!("{}{name}", self.within);
        self.remarks.borrow_mut().push(Remark { field, value: excerpt(value), what });
    }

    /// Refuses a record with fields that its kind does not have, naming all of them.
    fn only(&self, known: &[&str], extra: &[&str]) -> Result<(), Problem> {
        let is_known = |name: &String| known.contains(&name.as_str()) || extra.contains(&name.as_str());
        let fields: Vec<String> = self
            .map
            .keys()
            .filter(|name| !is_known(name))
            .map(|name| format!("{}{}", self.within, excerpt(name)))
            .collect();
        if fields.is_empty() {
            return Ok(());
        }
        let known = known.iter().chain(extra).map(|name| (*name).to_owned()).collect();
        Err(Problem::UnknownFields { fields, known })
    }

    /// What stands there as text; `None` when nothing does.
    fn text(&self, name: &str) -> Result<Option<String>, Problem> {
        let text = match self.map.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            // A number that lost digits when it was read names something else.
            Some(Value::Number(number)) if number.as_f64().is_some_and(|n| number.is_f64() && n.abs() >= 9e15) => {
                return Err(self.bad(name, &number.to_string(), FieldError::NotAChoice, &["\"…\""]));
            }
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(other) => return Err(self.bad(name, &other.to_string(), FieldError::NotAChoice, &["\"…\""])),
        };
        Ok(Some(text).filter(|text| !text::is_blank(text)))
    }

    fn with<T>(
        &self,
        name: &str,
        allowed: &[&str],
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Result<T, Problem> {
        let Some(text) = self.text(name)? else { return Err(self.bad(name, "", FieldError::Required, allowed)) };
        parse(text.trim()).map_err(|error| self.bad(name, &text, error, allowed))
    }

    /// The reading of an optional field, or what is wrong with it.
    fn read<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Result<Option<T>, (String, FieldError)> {
        match self.text(name) {
            Ok(None) => Ok(None),
            Ok(Some(text)) => parse(text.trim()).map(Some).map_err(|error| (text, error)),
            Err(Problem::Field(bad)) => Err((bad.value, bad.error)),
            Err(_) => Err((String::new(), FieldError::NotAChoice)),
        }
    }

    fn optional<T>(
        &self,
        name: &str,
        allowed: &[&str],
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Option<T> {
        self.read(name, parse).unwrap_or_else(|(value, error)| {
            self.remark(name, &value, Remarked::LeftOut { error, allowed: words(allowed) });
            None
        })
    }

    fn or<T>(
        &self,
        name: &str,
        default: T,
        by: &str,
        allowed: &[&str],
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> T {
        match self.read(name, parse) {
            Ok(found) => found.unwrap_or(default),
            Err((value, error)) => {
                self.remark(name, &value, Remarked::Replaced { by: by.to_owned(), error, allowed: words(allowed) });
                default
            }
        }
    }

    /// `unreadable` is what counts when neither yes nor no stands there.
    fn flag(&self, name: &str, unreadable: bool) -> bool {
        let read = self.read(name, |text| match text.to_lowercase().as_str() {
            "false" | "no" | "non" | "0" | "n" | "f" => Ok(false),
            "true" | "yes" | "oui" | "1" | "y" | "o" | "t" => Ok(true),
            _ => Err(FieldError::NotAChoice),
        });
        match read {
            Ok(found) => found.unwrap_or(false),
            Err((value, error)) => {
                let (by, allowed) = (unreadable.to_string(), words(FLAGS));
                self.remark(name, &value, Remarked::Replaced { by, error, allowed });
                unreadable
            }
        }
    }

    fn id(&self, name: &str) -> Result<String, Problem> {
        self.with(name, &[], |id| text::line(id, MAX_ID))
    }

    fn cleaned(&self, name: &str, Cleaned { text, count }: Cleaned) -> Option<String> {
        if text::is_blank(&text) {
            return None;
        }
        if count > 0 {
            self.remark(name, &text, Remarked::Cleaned { count });
        }
        Some(text)
    }

    /// One line of text of whatever length.
    fn line(&self, name: &str) -> Result<Option<String>, Problem> {
        let text = self.text(name)?;
        Ok(text.and_then(|text| self.cleaned(name, text::clean_line(&text))))
    }

    fn cut(&self, name: &str, text: String, max: u32) -> String {
        match text::shortened(&text, max) {
            None => text,
            Some(cut) => {
                self.remark(name, &text, Remarked::Cut { max });
                cut
            }
        }
    }

    /// One line of text, cut at `max` characters.
    fn short(&self, name: &str, max: u32) -> Result<Option<String>, Problem> {
        Ok(self.line(name)?.map(|text| self.cut(name, text, max)))
    }

    /// The name of a company or product, or `id` in its place.
    fn named(&self, name: &str, id: &str) -> Result<String, Problem> {
        Ok(self.short(name, 120)?.unwrap_or_else(|| {
            self.remark(name, "", Remarked::Missing { by: id.to_owned() });
            text::shortened(id, 120).unwrap_or_else(|| id.to_owned())
        }))
    }

    /// The name of a person who gets an account.
    fn person(&self, name: &str) -> Result<PersonName, Problem> {
        let found = self.short(name, 120)?.ok_or_else(|| self.bad(name, "", FieldError::Required, &[]))?;
        PersonName::parse(&found).map_err(|error| self.bad(name, &found, error, &[]))
    }

    /// The name of whoever wrote something, or the address, or that nobody knows.
    fn who(&self, name: &str, email: Option<&EmailAddress>) -> Result<PersonName, Problem> {
        let found = self.short(name, 120)?.unwrap_or_else(|| {
            let by = email.map_or_else(|| UNKNOWN.to_owned(), ToString::to_string);
            self.remark(name, "", Remarked::Missing { by: by.clone() });
            text::shortened(&by, 120).unwrap_or(by)
        });
        PersonName::parse(&found).map_err(|error| self.bad(name, &found, error, &[]))
    }

    /// Several lines of text; HTML becomes text.
    fn body(&self, name: &str) -> Result<Option<String>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let text = match (self.html)(&text) {
            None => text,
            Some(plain) => {
                self.remark(name, &text, Remarked::Html);
                plain
            }
        };
        let text = self.cleaned(name, text::clean_prose(&text));
        Ok(text.map(|text| self.cut(name, text, MAX_IMPORTED_BODY)))
    }

    /// An array of text, or text with bars between; with semicolons when there is no bar.
    fn list(&self, name: &str) -> Result<Vec<String>, Problem> {
        let items: Vec<String> = match self.map.get(name) {
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    other => Err(self.bad(name, &other.to_string(), FieldError::NotAChoice, &["[\"…\", \"…\"]"])),
                })
                .collect::<Result<_, _>>()?,
            _ => {
                let text = self.text(name)?.unwrap_or_default();
                let between = if text.contains('|') { '|' } else { ';' };
                text.split(between).map(ToOwned::to_owned).collect()
            }
        };
        Ok(items.iter().map(|item| item.trim()).filter(|item| !item.is_empty()).map(ToOwned::to_owned).collect())
    }
}

fn words(allowed: &[&str]) -> Vec<String> {
    allowed.iter().map(|word| (*word).to_owned()).collect()
}

fn choice<T>(found: Option<T>) -> Result<T, FieldError> {
    found.ok_or(FieldError::NotAChoice)
}

fn product_key(key: &str) -> Result<String, FieldError> {
    if products::is_key(key) { Ok(key.to_owned()) } else { Err(FieldError::NotAKey) }
}

fn region(key: &str) -> Result<String, FieldError> {
    let key = key.to_lowercase();
    if products::is_key(&key) { Ok(key) } else { Err(FieldError::NotAChoice) }
}

fn locale(tag: &str) -> Result<Locale, FieldError> {
    choice(Locale::parse(tag))
}

fn date(text: &str) -> Result<Date, FieldError> {
    text.parse().map_err(|_| FieldError::NotATime)
}

/// RFC 3339 with its offset from UTC, which may stand after a blank, or a day or a local time, which are taken for UTC.
fn timestamp(text: &str) -> Result<Timestamp, FieldError> {
    let in_utc = ["utc", "gmt"].iter().find_map(|zone| {
        let (time, end) = text.split_at_checked(text.len().checked_sub(zone.len())?)?;
        end.eq_ignore_ascii_case(zone).then(|| time.trim_end())
    });
    let joined = match text.rsplit_once(' ') {
        Some((time, offset)) if offset.starts_with(['+', '-']) => format!("{time}{offset}"),
        _ => text.to_owned(),
    };
    if let Ok(at) = joined.parse::<Timestamp>() {
        return Ok(crate::clock::to_microseconds(at));
    }
    let local: DateTime = in_utc.unwrap_or(text).parse().map_err(|_| FieldError::NotATime)?;
    local.to_zoned(TimeZone::UTC).map(|at| at.timestamp()).map_err(|_| FieldError::NotATime)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> Option<String> {
        text.starts_with("<p>").then(|| text.replace("<p>", ""))
    }

    fn parse(line: &str) -> Result<Read, Problem> {
        Record::parse_json(&line.replace('\n', " "), html).map_err(|unread| unread.problem)
    }

    fn problem(line: &str) -> Problem {
        parse(line).unwrap_err()
    }

    fn case(fields: &str) -> (CaseRecord, Vec<Remark>) {
        let line = format!(
            r#"{{"type":"case","id":"1","organisation":"A","requestor":"R","status":"open","opened_at":"2018-01-01",{fields}}}"#
        );
        match parse(&line) {
            Ok((Record::Case(case), remarks)) => (case, remarks),
            other => panic!("a case: {other:?}"),
        }
    }

    fn user(fields: &str) -> (UserRecord, Vec<Remark>) {
        let line =
            format!(r#"{{"type":"user","id":"1","organisation":"A","name":"Ana","email":"ana@example.com",{fields}}}"#);
        match parse(&line) {
            Ok((Record::User(user), remarks)) => (user, remarks),
            other => panic!("a user: {other:?}"),
        }
    }

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

    #[test]
    fn rows_and_lines_are_the_same_record() {
        let line = r#"{"type":"user","id":"u1","organisation":"A","name":"Ana","email":"ana@example.com","admin":true,"products":["atlas","pulse"]}"#;
        let columns =
            super::super::Columns::parse(RecordKind::User, "id,organisation,name,email,admin,products", ',').unwrap();
        let fields = columns.fields("u1,A,Ana,ana@example.com,oui,atlas;pulse").unwrap().unwrap();
        assert_eq!(parse(line).unwrap(), Record::parse_fields(RecordKind::User, &fields, html).unwrap());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_value_and_what_is_allowed() {
        assert!(matches!(problem("{"), Problem::Syntax(Syntax::JsonEnds)));
        assert_eq!(problem("[]"), Problem::Syntax(Syntax::NotAnObject));
        assert_eq!(problem("{}"), Problem::UnknownKind { kind: String::new() });
        assert_eq!(problem(r#"{"type":"ticket"}"#), Problem::UnknownKind { kind: "ticket".into() });
        let Problem::UnknownFields { fields, known } =
            problem(r#"{"type":"organisation","id":"1","nam":"x","regoin":""}"#)
        else {
            panic!("unknown fields")
        };
        assert_eq!(fields, ["nam", "regoin"]);
        assert!(known.contains(&"name".to_owned()));
        let status = r#"{"type":"case","id":"1","organisation":"A","title":"t","requestor":"A","status":"merged","opened_at":"2018-01-01"}"#;
        assert_eq!(problem(status), bad("status", "merged", FieldError::NotAChoice, STATES));
        let side = r#"{"type":"case","id":"1","organisation":"A","title":"t","requestor":"A","status":"open","opened_at":"2018-01-01",
            "entries":[{"author":"A","side":"agent","at":"2018-01-01","body":"b"}]}"#;
        assert_eq!(
            problem(side),
            bad("entries[0].side", "agent", FieldError::NotAChoice, &["customer", "vendor", "system"])
        );
        let large = r#"{"type":"organisation","id":12345678901234567890123,"name":"x"}"#;
        assert!(matches!(problem(large), Problem::Field(bad) if bad.field == "id"), "digits were lost");
    }

    /// B05, B10
    #[test]
    fn b05_an_optional_field_never_throws_its_record_out() {
        let left_out = |(user, remarks): (UserRecord, Vec<Remark>)| {
            assert_eq!(remarks.len(), 1, "{remarks:?}");
            (user, remarks[0].field.clone(), remarks[0].value.clone(), remarks[0].what.clone())
        };
        for phone in ["n/a", "-", "01 23 45 67 89", "33123456789", "+33 1 23 45 67 89 ext. 12"] {
            let (user, field, value, what) = left_out(user(&format!(r#""phone":"{phone}""#)));
            assert_eq!((user.phone, field.as_str(), value.as_str()), (None, "phone", phone));
            assert!(matches!(what, Remarked::LeftOut { error: FieldError::NotAPhone, .. }));
        }
        for tag in ["de", "pt-BR", "English", "42"] {
            let (user, .., what) = left_out(user(&format!(r#""locale":"{tag}""#)));
            assert_eq!(user.locale, None);
            assert_eq!(what, Remarked::LeftOut { error: FieldError::NotAChoice, allowed: words(&["fr", "en"]) });
        }
        assert!(!left_out(user(r#""admin":"maybe""#)).0.admin);
        assert_eq!(left_out(user(r#""reach":"company""#)).0.reach, Reach::Own);
        assert_eq!(left_out(user(r#""phone":{"home":1}"#)).0.phone, None);
        let (admin, remarks) = user(r#""admin":"Y","locale":"fr_CA","phone":"","reach":"Organisation""#);
        assert!(admin.admin && remarks.is_empty() && admin.reach == Reach::Organisation);

        let (case, remarks) = case(
            r#""title":"t","priority":"high","impact":"huge","updated_at":"05/03/2019","closed_at":"soon",
            "requestor_email":"nobody","agent":"omar","entries":[{"author":"O","side":"vendor","at":"2018-01-02","body":"b","internal":"perhaps"}]"#,
        );
        let fields: Vec<_> = remarks.iter().map(|remark| remark.field.as_str()).collect();
        let all = ["requestor_email", "entries[0].internal", "closed_at", "updated_at", "agent", "priority", "impact"];
        assert_eq!(fields, all);
        assert_eq!((case.priority, case.impact, case.requestor_email), (Priority::P3, None, None));
        assert!(case.entries[0].internal, "what may be a note is one");
        let contract =
            r#"{"type":"contract","id":"1","organisation":"A","products":["atlas"],"starts_on":"01/02/2020"}"#;
        assert_eq!(parse(contract).unwrap().1.len(), 1);
        let (Record::Organisation(company), remarks) =
            parse(r#"{"type":"organisation","id":"1","name":"A","region":"Europe du Nord"}"#).unwrap()
        else {
            panic!("a company")
        };
        assert_eq!((company.region.as_str(), remarks.len()), ("emea", 1));
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
        let (Record::Case(case), remarks) = parse(line).unwrap() else { panic!("a case") };
        assert_eq!((case.requestor.as_str(), case.entries[0].author.as_str()), (UNKNOWN, "o@v.example"));
        assert_eq!((case.entries.len(), case.entries[1].body.as_str()), (2, ""));
        assert_eq!(remarks[2].what, Remarked::EmptyEntry);
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

    #[test]
    fn times_are_read_as_systems_write_them() {
        for (text, at) in [
            ("2018-03-05T10:00:00+01:00", "2018-03-05T09:00:00Z"),
            ("2018-03-05 10:00:00 +0100", "2018-03-05T09:00:00Z"),
            ("2024-07-11T21:22:07.000+0000", "2024-07-11T21:22:07Z"),
            ("2018-03-05 10:00:00 UTC", "2018-03-05T10:00:00Z"),
            ("2018-03-05 10:00", "2018-03-05T10:00:00Z"),
            ("2018-03-05", "2018-03-05T00:00:00Z"),
        ] {
            assert_eq!(timestamp(text).map(|at| at.to_string()), Ok(at.to_owned()), "{text}");
        }
        for bad in ["05/03/2019", "0000-00-00", "2019-02-29", "UTC", "1551780000", "soon"] {
            assert_eq!(timestamp(bad), Err(FieldError::NotATime), "{bad}");
        }
    }

    #[test]
    fn times_that_cannot_be_sort_nowhere_above_today() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let mend = |fields: &str| {
            let (mut case, mut remarks) = case(fields);
            case.mend_times(now, &mut remarks);
            let fields: Vec<_> = remarks.iter().map(|remark| remark.field.clone()).collect();
            assert!(case.updated_at <= now.saturating_add(AHEAD).unwrap(), "{case:?}");
            (case, fields)
        };
        let entries = |at: &str| {
            format!(
                r#""entries":[{{"author":"O","side":"vendor","at":"2018-02-01","body":"a"}},{{"author":"O","side":"vendor","at":"{at}","body":"b"}}]"#
            )
        };
        let (case, fields) = mend(
            &format!(r#""title":"t","opened_at":"2018-01-01","updated_at":"2099-01-01",{}"#, entries("2998-01-01"))
                .replace(r#""opened_at":"2018-01-01","#, ""),
        );
        assert_eq!(
            (case.entries[1].at.to_string(), case.updated_at.to_string()),
            ("2018-02-01T00:00:00Z".into(), "2018-02-01T00:00:00Z".into())
        );
        assert_eq!(fields, ["at"]);
        let (case, fields) = mend(&format!(r#""title":"t","updated_at":"2099-01-01",{}"#, entries("2018-03-01")));
        assert_eq!(
            (case.updated_at.to_string(), fields),
            ("2018-03-01T00:00:00Z".into(), vec!["updated_at".to_owned()])
        );
        let (case, fields) = mend(&format!(r#""title":"t",{}"#, entries("1970-01-01")));
        assert_eq!((case.entries[0].at.to_string(), fields), ("2018-01-01T00:00:00Z".into(), vec!["at".to_owned()]));
        let (_, fields) = mend(&format!(r#""title":"t",{}"#, entries("2026-03-01T20:00:00")));
        assert!(fields.is_empty(), "today, wherever it was written");

        let line = |opened: &str, more: &str| {
            let line = format!(
                r#"{{"type":"case","id":"1","organisation":"A","title":"t","requestor":"R","status":"closed","opened_at":"{opened}","description":"d"{more}}}"#
            );
            let (Record::Case(mut case), mut remarks) = parse(&line).unwrap() else { panic!("a case") };
            case.mend_times(now, &mut remarks);
            let fields: Vec<_> = remarks.iter().map(|remark| remark.field.clone()).collect();
            (case.opened_at.to_string(), case.entries[0].at.to_string(), case.closed_at().unwrap().to_string(), fields)
        };
        let all = |at: &str| (at.to_owned(), at.to_owned(), at.to_owned());
        let (opened, entry, closed, fields) = line("2099-01-01", "");
        assert_eq!((opened, entry, closed), all("2026-03-01T12:00:00Z"));
        assert_eq!(fields, ["opened_at"]);
        let (opened, entry, closed, fields) = line("1970-01-01", r#","closed_at":"2019-05-05""#);
        assert_eq!((opened, entry, closed), all("2019-05-05T00:00:00Z"));
        assert_eq!(fields, ["opened_at"]);
        assert_eq!(line("2019-01-01", r#","closed_at":"2018-01-01""#).3, ["closed_at"]);
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
