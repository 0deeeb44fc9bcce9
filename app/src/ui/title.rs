//! The title of the window.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::{Formatter, Title, TitleProps};

/// The only way to a title: leptos_meta writes it into the document as it is, and titles are people's words (F2,
/// Zammad CVE-2026-56731). In the browser it is text anyway.
#[component]
pub fn WindowTitle(
    #[prop(into)] text: String,
    /// Made of the title of each page inside; what it adds is escaped here as well. No `Callback`: the title is written after
    /// the page's reactive values are gone.
    #[prop(optional)]
    formatter: Option<Arc<dyn Fn(String) -> String + Send + Sync>>,
) -> impl IntoView {
    let formatter = formatter.map(|make| {
        // What the page said comes escaped already: it is put back where a mark stands for it.
        Formatter::from(move |page: String| {
            if page.is_empty() { escaped(&make(page)) } else { escaped(&make(MARK.to_string())).replace(MARK, &page) }
        })
    });
    title(TitleProps { formatter, text: Some(escaped(&text).into()) })
}

/// Stands for the title of a page in what a formatter makes; a character that no text has.
const MARK: char = '\u{fdd0}';

fn escaped(text: &str) -> String {
    if cfg!(feature = "ssr") { text.replace('&', "&amp;").replace('<', "&lt;") } else { text.to_owned() }
}

#[expect(clippy::disallowed_methods, reason = "what comes here is escaped")]
fn title(props: TitleProps) -> impl IntoView {
    Title(props)
}
