//! The words of a piece of HTML that a reader sees.

use std::{collections::HashSet, sync::LazyLock};

use super::{
    anchors,
    clean::parted,
    tags::{INLINE, tags},
};

/// The text that a reader sees: descriptions of images too, words that are apart stay apart.
pub(super) fn text(html: &str) -> String {
    spread(html, |_, _| " ")
}

/// What one tag between words is to a reader: nothing, or a break, or the description of an image.
pub(super) fn inline_text(html: &str) -> String {
    let mut out = String::new();
    for tag in tags(html) {
        let name = html.get(tag.name.clone()).unwrap_or_default().to_ascii_lowercase();
        if INLINE.contains(&name.as_str()) {
            continue;
        }
        out.push(' ');
        let attributes = html.get(tag.name.end..tag.end).unwrap_or_default();
        if let Some(alt) = anchors::attribute(attributes, "alt").filter(|_| name == "img") {
            out.push_str(&spread(alt, |_, _| " "));
            out.push(' ');
        }
    }
    out
}

/// The same for a mail without HTML: lines, items and cells are told apart.
pub(super) fn lines(html: &str) -> String {
    let flat = html.split_whitespace().collect::<Vec<_>>().join(" ");
    let spread = spread(&flat, |name, closing| match (name, closing) {
        ("li", false) => "\n- ",
        ("td" | "th", true) => " | ",
        ("td" | "th" | "tbody" | "thead" | "tfoot", false) => "",
        (_, false) => "\n",
        (_, true) => "",
    });
    let lines = spread.lines().map(|line| line.trim().trim_end_matches('|').trim_end());
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The text with something in the place of each tag that parts words.
fn spread(html: &str, between: impl Fn(&str, bool) -> &'static str) -> String {
    static BARE: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
        let mut bare = ammonia::Builder::empty();
        bare.clean_content_tags(HashSet::from(["script", "style"]));
        bare
    });
    let mut out = String::with_capacity(html.len());
    let mut done = 0;
    for tag in tags(html) {
        let name = html.get(tag.name.clone()).unwrap_or_default().to_ascii_lowercase();
        if INLINE.contains(&name.as_str()) {
            continue;
        }
        out.push_str(html.get(done..tag.start()).unwrap_or_default());
        out.push_str(between(&name, tag.closing));
        out.push_str(html.get(tag.start()..tag.end).unwrap_or_default());
        if name == "img"
            && let Some(alt) = anchors::attribute(html.get(tag.name.end..tag.end).unwrap_or_default(), "alt")
        {
            out.push_str(alt);
            out.push(' ');
        }
        done = tag.end;
    }
    out.push_str(html.get(done..).unwrap_or_default());
    let text = BARE.clean(&parted(&out)).to_string();
    text.replace("&nbsp;", "\u{a0}").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
