//! The records of an import: typed, every field checked, the same for JSON and CSV.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Problem, RecordKind};
use crate::{
    FieldError,
    access::Reach,
    cases::{Impact, Priority, Side},
    contracts::ContactKind,
    locale::Locale,
    products,
    text::{self, CaseTitle, EmailAddress, PersonName, PhoneNumber},
};

/// Old systems quote whole conversations in every mail: more than people may type (20,000) is taken.
const MAX_IMPORTED_BODY: u32 = 200_000;
const MAX_ID: u32 = 200;

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
    pub priority: Priority,
    pub impact: Option<Impact>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub entries: Vec<EntryRecord>,
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

    /// When it was closed: as the record says, or else with the last thing that happened.
    pub fn closed_at(&self) -> Option<Timestamp> {
        if self.open { None } else { Some(self.closed_at.unwrap_or(self.updated_at)) }
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
            RecordKind::Organisation => &["id", "name", "region", "programme"],
            RecordKind::Product => &["key", "name"],
            RecordKind::Contract => &["id", "organisation", "number", "plan", "starts_on", "ends_on", "products"],
            RecordKind::Contact => &["id", "contract", "kind", "name", "email", "phone", "locale"],
            RecordKind::User => {
                &["id", "organisation", "name", "email", "phone", "locale", "admin", "record", "reach", "products"]
            }
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

    /// Reads a line of JSON: one object with a `type`.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with kind and id as far as they could be read.
    pub fn parse_json(line: &str) -> Result<Self, (Option<RecordKind>, String, Problem)> {
        let value: Value = serde_json::from_str(line.trim_start_matches('\u{feff}'))
            .map_err(|error| (None, String::new(), Problem::Syntax { message: error.to_string() }))?;
        let Value::Object(mut fields) = value else {
            return Err((None, String::new(), Problem::Syntax { message: "not an object".to_owned() }));
        };
        let name = match fields.remove("type") {
            Some(Value::String(name)) => name,
            _ => String::new(),
        };
        let Some(kind) = RecordKind::parse(&name).filter(|kind| *kind != RecordKind::Entry) else {
            return Err((None, String::new(), Problem::UnknownKind { kind: name }));
        };
        Self::parse_fields(kind, &fields).map_err(|problem| (Some(kind), id_of(kind, &fields), problem))
    }

    /// Reads the fields of one record, from JSON or a row.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse_fields(kind: RecordKind, map: &Map<String, Value>) -> Result<Self, Problem> {
        let known = |name: &String| {
            Self::fields(kind).contains(&name.as_str()) || (kind == RecordKind::Case && name == "entries")
        };
        if let Some(unknown) = map.keys().find(|name| !known(name)) {
            return Err(Problem::UnknownField { field: unknown.clone() });
        }
        let fields = Fields(map);
        Ok(match kind {
            RecordKind::Organisation => Self::Organisation(OrganisationRecord {
                id: fields.id("id")?,
                name: fields.with("name", |name| text::line(name, 120))?,
                region: fields.or("region", "emea", region)?,
                programme: fields.optional("programme", |key| text::line(key, 60))?,
            }),
            RecordKind::Product => Self::Product(ProductRecord {
                key: fields.with("key", product_key)?,
                name: fields.with("name", |name| text::line(name, 120))?,
            }),
            RecordKind::Contract => {
                let id = fields.id("id")?;
                Self::Contract(ContractRecord {
                    organisation: fields.id("organisation")?,
                    number: fields.optional("number", |number| text::line(number, 60))?.unwrap_or_else(|| id.clone()),
                    plan: fields.or("plan", "standard", |plan| text::line(plan, 60))?,
                    starts_on: fields.optional("starts_on", date)?,
                    ends_on: fields.optional("ends_on", date)?,
                    products: fields.list("products", product_key)?,
                    id,
                })
            }
            RecordKind::Contact => {
                let contract = fields.id("contract")?;
                let kind = fields.with("kind", |key| choice(ContactKind::parse(&key.to_lowercase())))?;
                let email = fields.with("email", EmailAddress::parse)?;
                // A contract's list of contacts seldom has ids of its own.
                let id = fields.optional("id", |id| text::line(id, MAX_ID))?;
                let id = id.unwrap_or_else(|| format!("{contract}/{}/{}", kind.key(), email.normalised()));
                Self::Contact(ContactRecord {
                    id,
                    contract,
                    kind,
                    name: fields.with("name", PersonName::parse)?,
                    email,
                    phone: fields.optional("phone", PhoneNumber::parse)?,
                    locale: fields.optional("locale", locale)?,
                })
            }
            RecordKind::User => Self::User(UserRecord {
                id: fields.id("id")?,
                organisation: fields.id("organisation")?,
                name: fields.with("name", PersonName::parse)?,
                email: fields.with("email", EmailAddress::parse)?,
                phone: fields.optional("phone", PhoneNumber::parse)?,
                locale: fields.optional("locale", locale)?,
                admin: fields.flag("admin")?,
                record: fields.optional("record", |record| text::line(record, 200))?,
                reach: fields.optional("reach", |key| choice(Reach::parse(key)))?.unwrap_or_default(),
                products: fields.list("products", product_key)?,
            }),
            RecordKind::Case => Self::Case(case(&fields)?),
            RecordKind::Entry => Self::Entry(entry(&fields, true)?),
        })
    }
}

/// The id of a record that could not be read, for the report.
fn id_of(kind: RecordKind, fields: &Map<String, Value>) -> String {
    let name = match kind {
        RecordKind::Product => "key",
        RecordKind::Contact => "email",
        _ => "id",
    };
    Fields(fields).text(name).unwrap_or_default().chars().take(80).collect()
}

fn case(fields: &Fields<'_>) -> Result<CaseRecord, Problem> {
    let id = fields.id("id")?;
    let requestor = fields.with("requestor", PersonName::parse)?;
    let requestor_email = fields.optional("requestor_email", EmailAddress::parse)?;
    let opened_at = fields.with("opened_at", timestamp)?;
    let open = fields.with("status", |key| match key.to_lowercase().as_str() {
        "closed" | "solved" | "resolved" => Ok(false),
        "open" | "new" | "pending" => Ok(true),
        _ => Err(FieldError::NotAChoice),
    })?;
    let mut entries = Vec::new();
    if let Some(body) = fields.optional("description", body)? {
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
    match fields.0.get("entries") {
        None | Some(Value::Null) => {}
        Some(Value::Array(items)) => {
            for item in items {
                let Value::Object(map) = item else {
                    return Err(wrong("entries", FieldError::NotAChoice));
                };
                let unknown = map
                    .keys()
                    .find(|name| *name == "case" || !Record::fields(RecordKind::Entry).contains(&name.as_str()));
                if let Some(unknown) = unknown {
                    return Err(Problem::UnknownField { field: format!("entries.{unknown}") });
                }
                entries.push(entry(&Fields(map), false)?);
            }
        }
        Some(_) => return Err(wrong("entries", FieldError::NotAChoice)),
    }
    let closed_at = fields.optional("closed_at", timestamp)?.filter(|_| !open);
    let updated_at = fields.optional("updated_at", timestamp)?.unwrap_or(opened_at);
    let mut record = CaseRecord {
        organisation: fields.id("organisation")?,
        product: fields.optional("product", product_key)?,
        number: fields.optional("number", |number| text::line(number, 60))?.unwrap_or_else(|| id.clone()),
        source: fields.optional("source", |source| text::line(source, 60))?,
        title: fields.with("title", CaseTitle::parse)?,
        requestor,
        requestor_email,
        open,
        priority: fields
            .optional("priority", |key| choice(Priority::parse(&key.to_lowercase())))?
            .unwrap_or(Priority::P3),
        impact: fields.optional("impact", |key| choice(Impact::parse(&key.to_lowercase())))?,
        opened_at,
        updated_at: updated_at.max(opened_at).max(closed_at.unwrap_or(opened_at)),
        closed_at,
        entries: Vec::new(),
        id,
    };
    record.add(entries);
    Ok(record)
}

fn entry(fields: &Fields<'_>, row: bool) -> Result<EntryRecord, Problem> {
    let internal = fields.flag("internal")?;
    let side = fields.with("side", |key| choice(Side::parse(&key.to_lowercase())))?;
    Ok(EntryRecord {
        case: if row { fields.id("case")? } else { String::new() },
        author: fields.with("author", PersonName::parse)?,
        email: fields.optional("email", EmailAddress::parse)?,
        side: if internal { Side::Vendor } else { side },
        at: fields.with("at", timestamp)?,
        body: fields.with("body", body)?,
        internal,
        files: fields.list("files", path)?,
    })
}

/// The fields of one record by name. Text, numbers and yes/no come as they are in JSON, all as text in a row.
struct Fields<'a>(&'a Map<String, Value>);

fn wrong(field: &str, error: FieldError) -> Problem {
    Problem::Field { field: field.to_owned(), error }
}

impl Fields<'_> {
    fn text(&self, name: &str) -> Result<String, Problem> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(Value::Bool(flag)) => Ok(flag.to_string()),
            Some(_) => Err(wrong(name, FieldError::NotAChoice)),
        }
    }

    fn with<T>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, FieldError>) -> Result<T, Problem> {
        let text = self.text(name)?;
        if text.trim().is_empty() {
            return Err(wrong(name, FieldError::Required));
        }
        parse(text.trim()).map_err(|error| wrong(name, error))
    }

    fn optional<T>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, FieldError>) -> Result<Option<T>, Problem> {
        let text = self.text(name)?;
        if text.trim().is_empty() { Ok(None) } else { parse(text.trim()).map(Some).map_err(|error| wrong(name, error)) }
    }

    fn or<T>(
        &self,
        name: &str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Result<T, Problem> {
        let text = self.text(name)?;
        let text = if text.trim().is_empty() { default } else { text.trim() };
        parse(text).map_err(|error| wrong(name, error))
    }

    fn id(&self, name: &str) -> Result<String, Problem> {
        self.with(name, |id| text::line(id, MAX_ID))
    }

    fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.text(name)?.trim().to_lowercase().as_str() {
            "" | "false" | "no" | "non" | "0" => Ok(false),
            "true" | "yes" | "oui" | "1" => Ok(true),
            _ => Err(wrong(name, FieldError::NotAChoice)),
        }
    }

    /// An array of text, or text with semicolons or bars between.
    fn list<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, FieldError>) -> Result<Vec<T>, Problem> {
        let items: Vec<String> = match self.0.get(name) {
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(ToOwned::to_owned).ok_or_else(|| wrong(name, FieldError::NotAChoice)))
                .collect::<Result<_, _>>()?,
            _ => self.text(name)?.split([';', '|']).map(ToOwned::to_owned).collect(),
        };
        items
            .iter()
            .map(|item| item.trim())
            .filter(|item| !item.is_empty())
            .map(|item| parse(item).map_err(|error| wrong(name, error)))
            .collect()
    }
}

fn choice<T>(found: Option<T>) -> Result<T, FieldError> {
    found.ok_or(FieldError::NotAChoice)
}

fn product_key(key: &str) -> Result<String, FieldError> {
    if products::is_key(key) { Ok(key.to_owned()) } else { Err(FieldError::NotAChoice) }
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

/// RFC 3339 with its offset from UTC, or a day or a local time, which are taken for UTC.
fn timestamp(text: &str) -> Result<Timestamp, FieldError> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(crate::clock::to_microseconds(at));
    }
    let local: DateTime = text.parse().map_err(|_| FieldError::NotATime)?;
    local.to_zoned(TimeZone::UTC).map(|at| at.timestamp()).map_err(|_| FieldError::NotATime)
}

fn body(text: &str) -> Result<String, FieldError> {
    text::prose(text, MAX_IMPORTED_BODY)
}

/// A path that stays below the folder it is looked up in.
fn path(text: &str) -> Result<String, FieldError> {
    let ok = text.chars().count() <= 400
        && !text.contains(['\\', ':', '\0'])
        && text.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    if ok { Ok(text.to_owned()) } else { Err(FieldError::NotAChoice) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: &str) -> Problem {
        Record::parse_json(line).unwrap_err().2
    }

    #[test]
    fn a_case_brings_its_stream_and_its_dates() {
        let line = r#"{"type":"case","id":4711,"organisation":"A","title":"Export empty","requestor":"Ana Lopez",
            "requestor_email":"Ana@example.com","status":"closed","priority":"P2","opened_at":"2018-03-05T10:00:00+01:00",
            "description":"It is empty.","entries":[{"author":"Omar","side":"vendor","at":"2018-03-06","body":"Fixed.",
            "files":["files/log.txt"]},{"author":"Omar","side":"customer","at":"2018-03-07T08:00:00Z","body":"hm","internal":true}]}"#;
        let Record::Case(case) = Record::parse_json(&line.replace('\n', " ")).unwrap() else { panic!("a case") };
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
            super::super::Columns::parse(RecordKind::User, "id,organisation,name,email,admin,products").unwrap();
        let fields = columns.fields("u1,A,Ana,ana@example.com,oui,atlas;pulse").unwrap();
        assert_eq!(Record::parse_json(line).unwrap(), Record::parse_fields(RecordKind::User, &fields).unwrap());
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(matches!(problem("{"), Problem::Syntax { .. }));
        assert_eq!(problem("{}"), Problem::UnknownKind { kind: String::new() });
        assert_eq!(problem(r#"{"type":"ticket"}"#), Problem::UnknownKind { kind: "ticket".into() });
        assert_eq!(
            problem(r#"{"type":"organisation","id":"1","nam":"x"}"#),
            Problem::UnknownField { field: "nam".into() }
        );
        assert_eq!(problem(r#"{"type":"organisation","id":"1"}"#), wrong("name", FieldError::Required));
        let up = r#"{"type":"case","id":"1","organisation":"A","title":"t","requestor":"A","status":"open","opened_at":"2018-01-01",
            "entries":[{"author":"A","side":"vendor","at":"2018-01-01","body":"b","files":["../../etc/passwd"]}]}"#;
        assert_eq!(problem(&up.replace('\n', " ")), wrong("files", FieldError::NotAChoice));
    }
}
