//! HTML inside Markdown: which of it is text and structure and stays, what is only unwrapped, what is dropped.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    ops::Range,
    sync::LazyLock,
};

use comrak::{Node, nodes::NodeValue};

use super::{anchors, render::Site};

/// What stays as it is.
const TAGS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "rtc",
    "ruby",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// What is read like one of [`TAGS`]; nobody misses the difference.
const LIKE: &[(&str, &str)] = &[
    ("h1", "h2"),
    ("section", "div"),
    ("main", "div"),
    ("article", "div"),
    ("aside", "div"),
    ("header", "div"),
    ("footer", "div"),
    ("nav", "div"),
    ("address", "div"),
    ("hgroup", "div"),
    ("center", "div"),
    ("fieldset", "div"),
    ("legend", "div"),
    ("dir", "ul"),
    ("menu", "ul"),
    ("html", "div"),
    ("head", "div"),
    ("body", "div"),
    ("title", "div"),
    ("dialog", "div"),
    ("noscript", "div"),
    ("template", "div"),
    ("font", "span"),
    ("big", "span"),
    ("label", "span"),
    ("nobr", "span"),
];

/// What loses what it does and keeps its text, in a box of its own.
const BOXES: &[&str] = &[
    "form", "iframe", "select", "option", "optgroup", "textarea", "frameset", "noframes", "marquee", "object", "applet",
];

/// What keeps its text as it was typed.
const TYPED: &[&str] = &["xmp", "plaintext", "listing"];

/// What has no content, and no end tag.
const VOID: &[&str] = &[
    "area", "base", "basefont", "bgsound", "br", "col", "command", "embed", "frame", "hr", "img", "input", "keygen",
    "link", "meta", "param", "source", "track", "wbr",
];

/// What the parser closes by itself when the next one begins: they do not nest.
const CLOSED_BY_THE_NEXT: &[&str] = &[
    "a", "p", "li", "td", "th", "tr", "dd", "dt", "thead", "tbody", "tfoot", "colgroup", "caption", "rp", "rt",
    "option",
];

/// What does not part words.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "i", "ins", "kbd", "mark",
    "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];

/// A tag in raw HTML.
struct Tag {
    name: Range<usize>,
    /// One behind its `>`.
    end: usize,
    closing: bool,
    self_closing: bool,
}

/// The tags of a piece of HTML as a browser's tokeniser sees them; comments are none.
fn tags(html: &str) -> Vec<Tag> {
    let bytes = html.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = html.get(at..).and_then(|rest| rest.find('<')).map(|offset| at + offset) {
        if html.get(open..).is_some_and(|rest| rest.starts_with("<!--")) {
            let end = html.get(open + 4..).and_then(|rest| rest.find("-->")).map(|offset| open + 4 + offset + 3);
            at = end.unwrap_or(html.len());
            continue;
        }
        let closing = bytes.get(open + 1) == Some(&b'/');
        let start = open + 1 + usize::from(closing);
        if !bytes.get(start).is_some_and(u8::is_ascii_alphabetic) {
            at = open + 1;
            continue;
        }
        let stops = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
        let rest = bytes.get(start..).unwrap_or_default();
        let name = start..start + rest.iter().position(stops).unwrap_or(rest.len());
        let end = tag_end(bytes, name.end);
        let self_closing = end >= 2 && bytes.get(end - 2) == Some(&b'/');
        at = end;
        found.push(Tag { name, end, closing, self_closing });
    }
    found
}

/// A quotation mark counts behind `=` only.
fn tag_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'>' => return at,
            b'=' => {
                while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                    at += 1;
                }
                if let Some(quote @ (b'"' | b'\'')) = bytes.get(at) {
                    let inside = bytes.get(at + 1..).unwrap_or_default();
                    at += inside.iter().position(|byte| byte == quote).map_or(inside.len() + 1, |length| length + 2);
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

/// Renames what does not stay, so that its text does: in its own tags a parser would swallow it, or join its words. `say`
/// hears of everything that readers will miss.
pub(super) fn rename<'a>(root: Node<'a>, mut say: impl FnMut(Node<'a>, &str)) {
    let nodes: Vec<Node<'a>> = root.descendants().collect();
    for node in nodes {
        let mut dropped = Vec::new();
        match &mut node.data.borrow_mut().value {
            NodeValue::HtmlBlock(block) => block.literal = renamed(&block.literal, &mut dropped),
            NodeValue::HtmlInline(literal) => *literal = renamed(literal, &mut dropped),
            _ => continue,
        }
        dropped.dedup();
        for name in dropped {
            say(node, &name);
        }
    }
}

fn renamed(html: &str, dropped: &mut Vec<String>) -> String {
    let mut out = String::with_capacity(html.len());
    let mut done = 0;
    for tag in tags(html) {
        let name = html.get(tag.name.clone()).unwrap_or_default().to_ascii_lowercase();
        let (new, missed) = match name.as_str() {
            name if TAGS.contains(&name) => continue,
            // They go with what is in them.
            "script" | "style" => (None, true),
            name if VOID.contains(&name) || tag.self_closing => (Some("wbr"), true),
            name if TYPED.contains(&name) => (Some("pre"), true),
            name if BOXES.contains(&name) => (Some("div"), true),
            name => match LIKE.iter().find(|(of, _)| *of == name) {
                Some((_, like)) => (Some(*like), false),
                None => (Some("span"), true),
            },
        };
        if missed && !tag.closing {
            dropped.push(name);
        }
        if let Some(new) = new {
            out.push_str(html.get(done..tag.name.start).unwrap_or_default());
            out.push_str(new);
            done = tag.name.end;
        }
    }
    out.push_str(html.get(done..).unwrap_or_default());
    out
}

/// How deep tags are nested at most, as far as their ends are written (F6).
pub(super) fn depth(html: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for tag in tags(html) {
        let name = html.get(tag.name.clone()).unwrap_or_default().to_ascii_lowercase();
        if VOID.contains(&name.as_str()) || CLOSED_BY_THE_NEXT.contains(&name.as_str()) {
            continue;
        }
        if tag.closing {
            depth = depth.saturating_sub(1);
        } else {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    deepest
}

/// What becomes of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Image {
    Shown,
    /// It is elsewhere, and its host is not among those that may be asked.
    Foreign,
    /// It has no whole address, or one where this site has nothing.
    Nowhere,
}

pub(super) fn image(address: &str, site: Site<'_>) -> Image {
    let own = address.strip_prefix(site.prefix).filter(|path| on_site(path)).unwrap_or(address);
    if on_site(own) {
        return if own.starts_with("/files/") { Image::Shown } else { Image::Nowhere };
    }
    let lower = address.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("https://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if site.image_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)) {
            return Image::Shown;
        }
    }
    if ["https://", "http://", "//"].iter().any(|start| lower.starts_with(start)) {
        Image::Foreign
    } else {
        Image::Nowhere
    }
}

/// Whether an address names a place on this site by its path alone.
pub(super) fn on_site(url: &str) -> bool {
    url.starts_with('/') && !url.starts_with("//") && !url.contains('\\')
}

/// Whether an address says all that a browser needs, and is one of those that are let through.
pub(super) fn whole(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    ["http://", "https://", "mailto:", "tel:", "//"].iter().any(|start| lower.starts_with(start))
}

/// Whether the portal has pages where a path leads.
pub(super) fn portal_has(path: &str) -> bool {
    const FIRST: &[&str] = &[
        "",
        "account",
        "announcements",
        "calls",
        "cases",
        "chat",
        "desk",
        "files",
        "forgot",
        "imports",
        "ledger",
        "legacy",
        "mail",
        "people",
        "rollout",
        "settings",
        "sign-in",
        "timeline",
    ];
    let first = path.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    FIRST.contains(&first)
}

/// Takes out everything that is not text, structure, or a link: scripts, styles, forms, frames, foreign images, and every
/// address that is not http, https, mailto, tel or on this site.
pub(super) fn clean(html: &str, site: Site<'_>) -> String {
    let alert = ["note", "tip", "important", "warning", "caution"].map(|kind| format!("markdown-alert-{kind}"));
    let alerts: HashSet<&str> = alert.iter().map(String::as_str).chain(["markdown-alert"]).collect();
    // The cleaner keeps what it asks.
    let (prefix, hosts) = (site.prefix.to_owned(), site.image_hosts.to_vec());
    let mut cleaner = ammonia::Builder::default();
    cleaner
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .generic_attributes(HashSet::from(["dir", "id", "lang", "title"]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "hreflang", "name"])),
            ("img", HashSet::from(["src", "alt", "width", "height"])),
            ("col", HashSet::from(["span"])),
            ("colgroup", HashSet::from(["span"])),
            ("td", HashSet::from(["align", "colspan", "rowspan"])),
            ("th", HashSet::from(["align", "colspan", "rowspan", "scope"])),
            ("details", HashSet::from(["open"])),
            ("ol", HashSet::from(["start", "reversed"])),
            ("li", HashSet::from(["value"])),
            ("time", HashSet::from(["datetime"])),
        ]))
        .allowed_classes(HashMap::from([("div", alerts), ("p", HashSet::from(["markdown-alert-title"]))]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(move |element, attribute, value| {
            let site = Site { prefix: &prefix, image_hosts: &hosts };
            match (element, attribute) {
                ("img", "src") => (image(value, site) == Image::Shown).then(|| completed(value, site)),
                ("a", "href") if value.starts_with('#') || on_site(value) || whole(value) => {
                    Some(completed(value, site))
                }
                ("a", "href") => None,
                (_, "id") | ("a", "name") => anchors::is_valid(value).then_some(Cow::Borrowed(value)),
                _ => Some(Cow::Borrowed(value)),
            }
        });
    cleaner.clean(html).to_string()
}

fn completed<'v>(value: &'v str, site: Site<'_>) -> Cow<'v, str> {
    if on_site(value) && !site.prefix.is_empty() {
        Cow::Owned(format!("{}{value}", site.prefix))
    } else {
        Cow::Borrowed(value)
    }
}

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
        let open = tag.name.start - 1 - usize::from(tag.closing);
        out.push_str(html.get(done..open).unwrap_or_default());
        out.push_str(between(&name, tag.closing));
        out.push_str(html.get(open..tag.end).unwrap_or_default());
        if name == "img"
            && let Some(alt) = anchors::attribute(html.get(tag.name.end..tag.end).unwrap_or_default(), "alt")
        {
            out.push_str(alt);
            out.push(' ');
        }
        done = tag.end;
    }
    out.push_str(html.get(done..).unwrap_or_default());
    let text = BARE.clean(&out).to_string();
    text.replace("&nbsp;", "\u{a0}").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The name and the attributes of every tag that begins something, as they are written.
pub(super) fn attributes(html: &str) -> impl Iterator<Item = (&str, &str)> {
    let begins = tags(html).into_iter().filter(|tag| !tag.closing);
    begins.filter_map(|tag| html.get(tag.name.clone()).zip(html.get(tag.name.end..tag.end)))
}
