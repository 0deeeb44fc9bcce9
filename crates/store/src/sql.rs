//! Hand-written SQL with bound values for both databases: the text in order, values numbered as the database wants.
//!
//! Text is `&'static str`: nothing that a user typed can get into it.

use sea_orm::{DbBackend, Statement, Value};

pub struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub fn new(backend: DbBackend, text: &'static str) -> Self {
        Self { backend, text: text.to_owned(), values: Vec::new() }
    }

    pub fn text(mut self, text: &'static str) -> Self {
        self.text.push_str(text);
        self
    }

    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        if self.backend == DbBackend::Postgres {
            self.text.push('$');
            self.text.push_str(&self.values.len().to_string());
        } else {
            self.text.push('?');
        }
        self
    }

    /// Values in brackets, for `in`; an empty list matches nothing.
    pub fn bind_all<T: Into<Value>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self.text.push('(');
        let mut first = true;
        for value in values {
            if !std::mem::take(&mut first) {
                self.text.push_str(", ");
            }
            self = self.bind(value);
        }
        if first {
            self.text.push_str("null");
        }
        self.text.push(')');
        self
    }

    /// Adds the condition that what stands before contains a text; the signs of patterns in it mean themselves.
    pub fn contains(self, text: &str) -> Self {
        let mut pattern = String::with_capacity(text.len() + 2);
        pattern.push('%');
        for c in text.chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        self.text(" like ").bind(pattern).text(" escape '\\'")
    }

    /// Goes on with another part when there is one.
    pub fn when<T>(self, value: Option<T>, then: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => then(self, value),
            None => self,
        }
    }

    pub const fn backend(&self) -> DbBackend {
        self.backend
    }

    pub fn build(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }
}
