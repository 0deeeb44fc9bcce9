//! The query of an address, letter for letter.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// A query as browsers write it: `a=1&b=2`, with or without the `?` before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(String);

impl Query {
    pub fn new(search: impl Into<String>) -> Self {
        Self(search.into())
    }

    /// Returns the first value of this name, decoded once; empty for a name without a value.
    pub fn get(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.0.trim_start_matches('?').as_bytes());
        pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }
}

/// Returns the query of the present address. The router's own map decodes twice: `100%25` comes out as `100`, and `a%26b` in
/// a value as `a&b` (T27); `clippy.toml` forbids it.
pub fn use_query() -> Memo<Query> {
    let search = use_location().search;
    Memo::new(move |_| Query(search.get()))
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::Query;

    #[test]
    fn t27_a_value_comes_back_byte_for_byte() {
        let query = Query::new("x=1&next=%2Fcases%3Fsearch%3Da%2526b%252Bc+d&done&search=100%25&form%5Ba%5D=%2B+%2B");
        assert_eq!(query.get("next").as_deref(), Some("/cases?search=a%26b%2Bc d"));
        assert_eq!(query.get("search").as_deref(), Some("100%"));
        assert_eq!(query.get("form[a]").as_deref(), Some("+ +"));
        assert_eq!(query.get("done").as_deref(), Some(""));
        assert_eq!(Query::new("?done").get("done").as_deref(), Some(""));
        assert_eq!(Query::default().get("next"), None);
    }
}
