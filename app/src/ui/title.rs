//! The title of the window.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::{Formatter, Title, TitleProps};

/// The only way to set a title: leptos_meta writes it into the document unescaped, and titles are people's words (F2, Zammad
/// CVE-2026-56731). In the browser a title is plain text anyway.
#[component]
pub fn WindowTitle(
    #[prop(into)] text: String,
    /// Builds the title from that of the page inside; what it adds is escaped here as well. Not a `Callback`, because the
    /// title is written after the page's reactive values are disposed of.
    #[prop(optional)]
    formatter: Option<Arc<dyn Fn(String) -> String + Send + Sync>>,
) -> impl IntoView {
    let formatter = formatter.map(|make| {
        // The page's own title arrives escaped: a mark stands for it while the rest is escaped.
        Formatter::from(move |page: String| {
            if page.is_empty() { escaped(&make(page)) } else { escaped(&make(MARK.to_string())).replace(MARK, &page) }
        })
    });
    title(TitleProps { formatter, text: Some(escaped(&text).into()) })
}

/// Stands for the title of a page in the output of a formatter; a noncharacter, which no text contains.
const MARK: char = '\u{fdd0}';

fn escaped(text: &str) -> String {
    if cfg!(feature = "ssr") { text.replace('&', "&amp;").replace('<', "&lt;") } else { text.to_owned() }
}

#[expect(clippy::disallowed_methods, reason = "what comes here is escaped")]
fn title(props: TitleProps) -> impl IntoView {
    Title(props)
}
