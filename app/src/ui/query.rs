//! What stands in the query of an address, letter for letter.

use leptos_router::location::Url;

/// A value of a query as a form wrote it, decoded once. The router's own map of a query decodes twice: `a%26b` in a value
/// becomes `a&b` (T27).
pub fn query_value(search: &str, name: &str) -> Option<String> {
    search.trim_start_matches('?').split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| Url::unescape(&value.replace('+', " ")))
    })
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::query_value;

    #[test]
    fn t27_a_value_comes_back_byte_for_byte() {
        let search = "x=1&next=%2Fcases%3Fsearch%3Da%2526b%252Bc+d&done";
        assert_eq!(query_value(search, "next").as_deref(), Some("/cases?search=a%26b%2Bc d"));
        assert_eq!(query_value("?done", "done").as_deref(), Some(""));
        assert_eq!(query_value("", "next"), None);
    }
}
