//! People: the contacts of contracts, and the users of the vendor's support.

use serde::{Deserialize, Serialize};

use super::fields::{Fields, MAX_ID, choice};
use crate::{
    FieldError,
    access::Reach,
    contracts::ContactKind,
    imports::Problem,
    locale::Locale,
    text::{self, EmailAddress, PersonName, PhoneNumber},
};

/// A person named in a contract (R14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRecord {
    pub id: String,
    pub contract: String,
    pub kind: ContactKind,
    pub name: PersonName,
    pub email: EmailAddress,
    pub phone: Option<PhoneNumber>,
    /// A missing language is not French: a known person keeps theirs.
    pub locale: Option<Locale>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A person who works with the vendor's support today (R12, R13).
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

impl ContactRecord {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Problem> {
        let contract = fields.id("contract")?;
        let kinds: Vec<&str> = ContactKind::ALL.iter().map(|kind| kind.key()).collect();
        let kind = fields.with("kind", &kinds, |key| choice(ContactKind::parse(&key.to_lowercase())))?;
        let email = fields.with("email", &[], EmailAddress::parse)?;
        // A contract's list of contacts seldom has ids of its own.
        let id = fields.optional("id", &[], |id| text::line(id, MAX_ID));
        let id = id.unwrap_or_else(|| format!("{contract}/{}/{}", kind.key(), email.normalised()));
        Ok(Self {
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
}

impl UserRecord {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Problem> {
        Ok(Self {
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
        })
    }
}

fn locale(tag: &str) -> Result<Locale, FieldError> {
    choice(Locale::parse(tag))
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{case, parse, user},
        *,
    };
    use crate::{
        cases::Priority,
        imports::{Record, Remark, Remarked},
    };

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
            assert_eq!(
                what,
                Remarked::LeftOut {
                    error: FieldError::NotAChoice,
                    allowed: crate::imports::record::fields::words(&["fr", "en"])
                }
            );
        }
        assert!(!left_out(user(r#""admin":"maybe""#)).0.admin);
        assert_eq!(left_out(user(r#""reach":"company""#)).0.reach, Reach::Own);
        assert_eq!(left_out(user(r#""phone":{"home":1}"#)).0.phone, None);
        let (admin, remarks) = user(r#""admin":"Y","locale":"fr_CA","phone":"","reach":"Organisation""#);
        assert!(admin.admin && remarks.is_empty() && admin.reach == Reach::Organisation);
        for (word, is) in [("VRAI", true), ("faux", false), ("1.0", true), ("on", true)] {
            let (read, remarks) = user(&format!(r#""admin":"{word}""#));
            assert_eq!((read.admin, remarks.len()), (is, 0), "{word}: as spreadsheets write it");
        }

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
}
