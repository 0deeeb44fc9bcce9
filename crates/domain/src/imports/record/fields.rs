//! The fields of one record by name: required ones, optional ones, texts, lists, yes and no.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::Html;
use crate::{
    FieldError,
    imports::{BadField, Problem, Remark, Remarked, excerpt},
    text::{self, Cleaned, EmailAddress, PersonName},
};

/// Old systems quote whole conversations in every mail: more than people may type (20,000) is taken.
const MAX_IMPORTED_BODY: u32 = 200_000;
pub(super) const MAX_ID: u32 = 200;
/// The author of what names no author (B09), for readers of both languages.
pub(super) const UNKNOWN: &str = "Unknown / Inconnu";
const FLAGS: &[&str] = &["true", "false", "yes", "no", "oui", "non", "vrai", "faux", "1", "0"];

/// The fields of one record by name. Text, numbers and yes/no come as they are in JSON, all as text in a row. What is
/// optional and cannot be read is left out with a remark (B05).
pub(super) struct Fields<'a> {
    pub map: &'a Map<String, Value>,
    /// What stands before the names in the report: `entries[2].`
    pub within: String,
    pub remarks: &'a RefCell<Vec<Remark>>,
    pub html: Html,
}

pub(super) fn bad(field: &str, value: &str, error: FieldError, allowed: &[&str]) -> Problem {
    let allowed = allowed.iter().map(|word| (*word).to_owned()).collect();
    Problem::Field(Box::new(BadField { field: field.to_owned(), value: excerpt(value), error, allowed }))
}

impl Fields<'_> {
    pub fn bad(&self, name: &str, value: &str, error: FieldError, allowed: &[&str]) -> Problem {
        bad(&format!("{}{name}", self.within), value, error, allowed)
    }

    pub fn remark(&self, name: &str, value: &str, what: Remarked) {
        let field = format!("{}{name}", self.within);
        self.remarks.borrow_mut().push(Remark { field, value: excerpt(value), what });
    }

    /// Refuses a record with fields that its kind does not have, naming all of them.
    pub fn only(&self, known: &[&str], extra: &[&str]) -> Result<(), Problem> {
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
    pub fn text(&self, name: &str) -> Result<Option<String>, Problem> {
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

    pub fn with<T>(
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

    pub fn optional<T>(
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

    pub fn or<T>(
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
    pub fn flag(&self, name: &str, unreadable: bool) -> bool {
        let read = self.read(name, |text| match text.to_lowercase().as_str() {
            "false" | "no" | "non" | "faux" | "off" | "0" | "0.0" | "n" | "f" => Ok(false),
            "true" | "yes" | "oui" | "vrai" | "on" | "1" | "1.0" | "y" | "o" | "t" => Ok(true),
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

    pub fn id(&self, name: &str) -> Result<String, Problem> {
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

    /// One line of text that a system may have escaped for HTML. Only entities are read: `<br>` in a title is what it is
    /// about.
    pub fn title(&self, name: &str) -> Result<Option<String>, Problem> {
        let Some(text) = self.line(name)? else { return Ok(None) };
        let Some(plain) = (self.html)(&text).filter(|_| !text.contains('<')) else { return Ok(Some(text)) };
        self.remark(name, &text, Remarked::Html);
        Ok(self.cleaned(name, text::clean_line(&plain)))
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
    pub fn short(&self, name: &str, max: u32) -> Result<Option<String>, Problem> {
        Ok(self.line(name)?.map(|text| self.cut(name, text, max)))
    }

    /// The name of a company or product, or `id` in its place.
    pub fn named(&self, name: &str, id: &str) -> Result<String, Problem> {
        Ok(self.short(name, 120)?.unwrap_or_else(|| {
            self.remark(name, "", Remarked::Missing { by: id.to_owned() });
            text::shortened(id, 120).unwrap_or_else(|| id.to_owned())
        }))
    }

    /// The name of a person who gets an account.
    pub fn person(&self, name: &str) -> Result<PersonName, Problem> {
        let found = self.short(name, 120)?.ok_or_else(|| self.bad(name, "", FieldError::Required, &[]))?;
        PersonName::parse(&found).map_err(|error| self.bad(name, &found, error, &[]))
    }

    /// The name of an author, or their address, or [`UNKNOWN`].
    pub fn who(&self, name: &str, email: Option<&EmailAddress>) -> Result<PersonName, Problem> {
        let found = self.short(name, 120)?.unwrap_or_else(|| {
            let by = email.map_or_else(|| UNKNOWN.to_owned(), ToString::to_string);
            self.remark(name, "", Remarked::Missing { by: by.clone() });
            text::shortened(&by, 120).unwrap_or(by)
        });
        PersonName::parse(&found).map_err(|error| self.bad(name, &found, error, &[]))
    }

    /// Several lines of text; HTML becomes text.
    pub fn body(&self, name: &str) -> Result<Option<String>, Problem> {
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

    /// An array of text, or text with bars between; with semicolons when there is no bar. What stands there twice is one.
    pub fn list(&self, name: &str) -> Result<Vec<String>, Problem> {
        let items: Vec<String> = match self.map.get(name) {
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    Value::Number(number) => Ok(number.to_string()),
                    other => Err(self.bad(name, &other.to_string(), FieldError::NotAChoice, &["[\"…\", \"…\"]"])),
                })
                .collect::<Result<_, _>>()?,
            _ => {
                let text = self.text(name)?.unwrap_or_default();
                let between = if text.contains('|') { '|' } else { ';' };
                text.split(between).map(ToOwned::to_owned).collect()
            }
        };
        let mut list: Vec<String> = Vec::with_capacity(items.len());
        for item in items.iter().map(|item| item.trim()).filter(|item| !item.is_empty()) {
            if !list.iter().any(|known| known == item) {
                list.push(item.to_owned());
            }
        }
        Ok(list)
    }

    /// A list that is left out with a remark when it cannot be read (B11).
    pub fn optional_list(&self, name: &str) -> Vec<String> {
        self.list(name).unwrap_or_else(|problem| {
            if let Problem::Field(bad) = problem {
                self.remark(name, &bad.value, Remarked::LeftOut { error: bad.error, allowed: bad.allowed });
            }
            Vec::new()
        })
    }
}

pub(super) fn words(allowed: &[&str]) -> Vec<String> {
    allowed.iter().map(|word| (*word).to_owned()).collect()
}

pub(super) fn choice<T>(found: Option<T>) -> Result<T, FieldError> {
    found.ok_or(FieldError::NotAChoice)
}
