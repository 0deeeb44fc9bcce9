//! JSON in which no key may stand twice (B01): serde_json would keep the last one without a word.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, error::Category};

use super::{Problem, Syntax};

/// Reads one value.
///
/// # Errors
/// [`Problem::DoubleKey`] at whatever depth, [`Problem::Syntax`].
pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    let seen = Seen::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let outcome = Strict(&seen).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    outcome.map_err(|error| match seen.double.take() {
        Some(key) => Problem::DoubleKey { key },
        None if error.classify() == Category::Eof => Problem::Syntax(Syntax::JsonEnds),
        None => Problem::Syntax(Syntax::Json { column: error.column() as u64 }),
    })
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

    #[test]
    fn what_is_no_json_is_said_with_its_place() {
        assert_eq!(parse("{not"), Err(Problem::Syntax(Syntax::Json { column: 2 })));
        assert_eq!(parse(r#"{"a":"#), Err(Problem::Syntax(Syntax::JsonEnds)));
        assert_eq!(parse("{} {}"), Err(Problem::Syntax(Syntax::Json { column: 4 })));
        let deep = "[".repeat(100_000);
        assert!(parse(&deep).is_err(), "nesting has an end (F6)");
    }
}
