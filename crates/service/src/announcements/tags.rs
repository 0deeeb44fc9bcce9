//! HTML inside Markdown, tag by tag: which of it is text and structure and stays, what is only unwrapped, what is dropped.

use std::ops::Range;

use comrak::{Node, nodes::NodeValue};

/// What stays as it is.
pub(super) const TAGS: &[&str] = &[
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

/// What is read like one of [`TAGS`]; no reader misses the difference.
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
pub(super) const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "i", "ins", "kbd", "mark",
    "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];

/// Formatting that, left open, begins again in every block that follows. (A link does too, but there is only ever one.)
const FORMATTING: &[&str] = &["b", "code", "em", "i", "s", "small", "strike", "strong", "tt", "u"];

/// What may stand in a table outside of its cells.
const IN_TABLE: &[&str] = &["table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th"];

/// Bytes of the attributes of one tag; of more than that none is read, since each is compared with all before it.
const MAX_ATTRIBUTES: usize = 8 * 1024;

/// A tag in raw HTML.
pub(super) struct Tag {
    pub name: Range<usize>,
    /// One behind its `>`.
    pub end: usize,
    pub closing: bool,
    self_closing: bool,
}

impl Tag {
    /// Where its `<` is.
    pub(super) fn start(&self) -> usize {
        self.name.start - 1 - usize::from(self.closing)
    }
}

/// The tags of a piece of HTML as a browser's tokeniser sees them; comments are none.
pub(super) fn tags(html: &str) -> Vec<Tag> {
    scan(html).0
}

/// The tags, and where text is between tags and comments.
pub(super) fn scan(html: &str) -> (Vec<Tag>, Vec<Range<usize>>) {
    let bytes = html.as_bytes();
    let (mut found, mut texts) = (Vec::new(), Vec::new());
    let (mut at, mut done) = (0, 0);
    let find = |from: usize, wanted: &str| {
        let found = html.get(from..).and_then(|rest| rest.find(wanted));
        found.map_or(html.len(), |offset| from + offset + wanted.len())
    };
    while let Some(open) = html.get(at..).and_then(|rest| rest.find('<')).map(|offset| at + offset) {
        let closing = bytes.get(open + 1) == Some(&b'/');
        let start = open + 1 + usize::from(closing);
        let end = if bytes.get(start).is_some_and(u8::is_ascii_alphabetic) {
            let stops = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
            let rest = bytes.get(start..).unwrap_or_default();
            let name = start..start + rest.iter().position(stops).unwrap_or(rest.len());
            let end = tag_end(bytes, name.end);
            let self_closing = end >= 2 && bytes.get(end - 2) == Some(&b'/');
            found.push(Tag { name, end, closing, self_closing });
            end
        } else if html.get(open..).is_some_and(|rest| rest.starts_with("<!--")) {
            // `<!-->` is a whole one.
            find(open + 2, "-->")
        } else if closing || matches!(bytes.get(start), Some(b'!' | b'?')) {
            find(start, ">")
        } else {
            at = open + 1;
            continue;
        };
        texts.push(done..open);
        (at, done) = (end, end);
    }
    texts.push(done..html.len());
    (found, texts)
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
        if tag.end - tag.name.end > MAX_ATTRIBUTES {
            dropped.push(name.clone());
            out.push_str(html.get(done..tag.name.end).unwrap_or_default());
            out.push('>');
            done = tag.end;
            continue;
        }
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

/// What a piece of HTML costs its parser, beyond its length (F6).
#[derive(Debug, Default)]
pub(super) struct Weight {
    /// How deep tags are nested at most, as far as their ends are written.
    pub depth: usize,
    /// The elements that may be made at most: formatting that is not closed begins again in each block.
    pub parts: usize,
    /// What stands in a table outside of its cells, and is moved before the table piece by piece.
    pub moved: usize,
}

pub(super) fn weigh(html: &str) -> Weight {
    let mut weight = Weight::default();
    let mut depth = 0_usize;
    let (mut open, mut formatting) = (Vec::<String>::new(), 0);
    // Of each table whether this is inside one of its cells.
    let mut tables = Vec::<bool>::new();
    let mut done = 0;
    for tag in tags(html) {
        let name = html.get(tag.name.clone()).unwrap_or_default().to_ascii_lowercase();
        let text = html.get(done..tag.start()).unwrap_or_default();
        done = tag.end;
        if tables.last() == Some(&false) {
            let moved = usize::from(!text.trim().is_empty()) + usize::from(!IN_TABLE.contains(&name.as_str()));
            weight.moved += moved;
        }
        weight.parts += 2 + formatting;
        match (name.as_str(), tag.closing) {
            // One that begins outside of a cell ends the one before.
            ("table", false) if tables.last() == Some(&false) => {}
            ("table", false) => tables.push(false),
            ("table", true) => {
                tables.pop();
            }
            ("td" | "th" | "caption", _) => set_last(&mut tables, !tag.closing),
            ("tr" | "tbody" | "thead" | "tfoot", _) => set_last(&mut tables, false),
            _ => {}
        }
        if VOID.contains(&name.as_str()) || CLOSED_BY_THE_NEXT.contains(&name.as_str()) {
            continue;
        }
        let formats = usize::from(FORMATTING.contains(&name.as_str()));
        if tag.closing {
            depth = depth.saturating_sub(1);
            // What ends in another order than it began may not have ended yet.
            if open.last() == Some(&name) {
                open.pop();
                formatting -= formats;
            }
        } else {
            depth += 1;
            weight.depth = weight.depth.max(depth);
            formatting += formats;
            open.push(name);
        }
    }
    weight
}

fn set_last(all: &mut [bool], value: bool) {
    if let Some(last) = all.last_mut() {
        *last = value;
    }
}

/// The name and the attributes of every tag that begins something, as they are written.
pub(super) fn attributes(html: &str) -> impl Iterator<Item = (&str, &str)> {
    let begins = tags(html).into_iter().filter(|tag| !tag.closing);
    begins.filter_map(|tag| html.get(tag.name.clone()).zip(html.get(tag.name.end..tag.end)))
}
