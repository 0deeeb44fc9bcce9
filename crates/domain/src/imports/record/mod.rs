//! The records of an import: typed, every field checked, the same for JSON and CSV.

mod case;
mod company;
mod fields;
mod people;
mod times;

use std::cell::RefCell;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::fields::Fields;
pub use self::{
    case::{CaseRecord, EntryRecord},
    company::{ContractRecord, OrganisationRecord, ProductRecord},
    people::{ContactRecord, UserRecord},
};
use super::{Problem, RecordKind, Remark, Syntax, excerpt, json};

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
        let Some(kind) = RecordKind::parse(&name.trim().to_lowercase()).filter(|kind| *kind != RecordKind::Entry)
        else {
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
            RecordKind::Organisation => Self::Organisation(OrganisationRecord::read(&fields)?),
            RecordKind::Product => Self::Product(ProductRecord::read(&fields)?),
            RecordKind::Contract => Self::Contract(ContractRecord::read(&fields)?),
            RecordKind::Contact => Self::Contact(ContactRecord::read(&fields)?),
            RecordKind::User => Self::User(UserRecord::read(&fields)?),
            RecordKind::Case => Self::Case(CaseRecord::read(&fields)?),
            RecordKind::Entry => Self::Entry(EntryRecord::read(&fields, true)?),
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

#[cfg(test)]
mod tests {
    use super::{fields::bad, *};
    use crate::FieldError;

    fn html(text: &str) -> Option<String> {
        text.starts_with("<p>").then(|| text.replace("<p>", ""))
    }

    pub(super) fn parse(line: &str) -> Result<Read, Problem> {
        Record::parse_json(&line.replace('\n', " "), html).map_err(|unread| unread.problem)
    }

    pub(super) fn problem(line: &str) -> Problem {
        parse(line).unwrap_err()
    }

    /// A case with these fields beside those that it must have.
    pub(super) fn case(fields: &str) -> (CaseRecord, Vec<Remark>) {
        let line = format!(
            r#"{{"type":"case","id":"1","organisation":"A","requestor":"R","status":"open","opened_at":"2018-01-01",{fields}}}"#
        );
        match parse(&line) {
            Ok((Record::Case(case), remarks)) => (case, remarks),
            other => panic!("a case: {other:?}"),
        }
    }

    /// A user with these fields beside those that they must have.
    pub(super) fn user(fields: &str) -> (UserRecord, Vec<Remark>) {
        let line =
            format!(r#"{{"type":"user","id":"1","organisation":"A","name":"Ana","email":"ana@example.com",{fields}}}"#);
        match parse(&line) {
            Ok((Record::User(user), remarks)) => (user, remarks),
            other => panic!("a user: {other:?}"),
        }
    }

    #[test]
    fn rows_and_lines_are_the_same_record() {
        let line = r#"{"type":"user","id":"u1","organisation":"A","name":"Ana","email":"ana@example.com","admin":true,"products":["atlas","pulse"]}"#;
        let columns =
            crate::imports::Columns::parse(RecordKind::User, "id,organisation,name,email,admin,products", ',').unwrap();
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
        assert_eq!(problem(status), bad("status", "merged", FieldError::NotAChoice, case::STATES));
        let side = r#"{"type":"case","id":"1","organisation":"A","title":"t","requestor":"A","status":"open","opened_at":"2018-01-01",
            "entries":[{"author":"A","side":"agent","at":"2018-01-01","body":"b"}]}"#;
        assert_eq!(
            problem(side),
            bad("entries[0].side", "agent", FieldError::NotAChoice, &["customer", "vendor", "system"])
        );
        let large = r#"{"type":"organisation","id":12345678901234567890123,"name":"x"}"#;
        assert!(matches!(problem(large), Problem::Field(bad) if bad.field == "id"), "digits were lost");
    }
}
