//! JSON in which no key may stand twice (B01): serde_json would keep the last one without a word.

use std::{borrow::Cow, cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, error::Category};

use super::{Problem, Syntax, excerpt};

/// Reads one value.
///
/// # Errors
/// [`Problem::DoubleKey`] at whatever depth, [`Problem::Syntax`].
pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    let seen = Seen::default();
    let text = with_whole_pairs(text);
    let mut reader = serde_json::Deserializer::from_str(&text);
    let outcome = Strict(&seen).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    outcome.map_err(|error| match seen.double.take() {
        Some(key) => Problem::DoubleKey { key: excerpt(&key) },
        None if error.classify() == Category::Eof => Problem::Syntax(Syntax::JsonEnds),
        None => Problem::Syntax(Syntax::Json {
            column: error.column() as u64,
            lines: error.line().saturating_sub(1) as u64,
        }),
    })
}

/// Half of a pair of surrogates, which old systems leave where they cut a text within a letter (`\ud83d`), stands for no
/// letter: it is read as a NUL, which the cleaning of texts takes out and counts (B08).
fn with_whole_pairs(text: &str) -> Cow<'_, str> {
    let mut whole = Cow::Borrowed(text);
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        let escape = at + found;
        at = match (surrogate(text, escape), surrogate(text, escape + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => escape + 12,
            (Some(_), _) => {
                whole.to_mut().replace_range(escape..escape + 6, "\\u0000");
                escape + 6
            }
            // The escaped letter may be a backslash itself.
            (None, _) => escape + 2,
        };
    }
    whole
}

/// The surrogate that an escape of six letters writes.
fn surrogate(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at.checked_add(6)?)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok().filter(|unit| (0xd800..=0xdfff).contains(unit))
}

/// Where the reader is, and the first key that it found twice.
#[derive(Default)]
struct Seen {
    path: RefCell<Vec<String>>,
    double: RefCell<Option<String>>,
}

impl Seen {
    fn inside<T>(&self, step: String, read: impl FnOnce() -> T) -> T {
        self.path.borrow_mut().push(step);
        let read = read();
        self.path.borrow_mut().pop();
        read
    }

    fn note(&self, key: &str) {
        let mut path = self.path.borrow().concat();
        path.push_str(key);
        *self.double.borrow_mut() = Some(path.replace(".[", "["));
    }
}

#[derive(Clone, Copy)]
struct Strict<'a>(&'a Seen);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = self.0.inside(format!("[{}].", found.len()), || items.next_element_seed(self))? {
            found.push(item);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            if found.contains_key(&key) {
                self.0.note(&key);
                return Err(A::Error::custom("a key stands twice"));
            }
            let value = self.0.inside(format!("{key}."), || fields.next_value_seed(self))?;
            found.insert(key, value);
        }
        Ok(Value::Object(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B01
    #[test]
    fn b01_a_key_may_stand_once_at_every_depth() {
        let double = |text: &str| match parse(text) {
            Err(Problem::DoubleKey { key }) => key,
            other => format!("{other:?}"),
        };
        assert_eq!(double(r#"{"a":1,"b":2,"a":1}"#), "a");
        assert_eq!(double(r#"{"entries":[{"author":"a"},{"author":"a","author":"b"}]}"#), "entries[1].author");
        assert_eq!(double(r#"{"a":{"b":[[{"c":1,"c":1}]]}}"#), "a.b[0][0].c");
        let text = r#"{"a":[1,-2,1.5,true,null,"x",{"a":[]}],"A":{}}"#;
        assert_eq!(parse(text), Ok(serde_json::from_str::<Value>(text).unwrap()));
    }

    /// B08: texts that were cut within a letter.
    #[test]
    fn b08_half_a_pair_of_surrogates_loses_no_record() {
        let read = |text: &str| parse(text).map(|value| value["a"].as_str().unwrap_or_default().to_owned());
        for (text, is) in [
            (r#"{"a":"x\ud83d\ude00y"}"#, "x😀y"),
            (r#"{"a":"x\ud83d y"}"#, "x\0 y"),
            (r#"{"a":"\ude00\ud83dé"}"#, "\0\0é"),
            (r#"{"a":"\uD83D\uD83D\uDE00"}"#, "\0😀"),
            (r#"{"a":"C:\\ud83d\\"}"#, r"C:\ud83d\"),
        ] {
            assert_eq!(read(text), Ok(is.to_owned()), "{text}");
        }
        assert!(parse(r#"{"a":"\ud83"#).is_err() && parse(r#"{"a":"\"#).is_err() && parse(r#"{"a":"\ué"}"#).is_err());
    }

    #[test]
    fn what_is_no_json_is_said_with_its_place() {
        assert_eq!(parse("{not"), Err(Problem::Syntax(Syntax::Json { column: 2, lines: 0 })));
        assert_eq!(parse("{\"a\":1,\n\n {}}"), Err(Problem::Syntax(Syntax::Json { column: 2, lines: 2 })));
        assert_eq!(parse(r#"{"a":"#), Err(Problem::Syntax(Syntax::JsonEnds)));
        assert_eq!(parse("{} {}"), Err(Problem::Syntax(Syntax::Json { column: 4, lines: 0 })));
        let deep = "[".repeat(100_000);
        assert!(parse(&deep).is_err(), "nesting has an end (F6)");
    }
}
