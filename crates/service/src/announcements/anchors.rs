//! The names of headings, which links inside a page lead to (B21).

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use comrak::{Node, nodes::NodeValue};

use super::{marks, tags};

pub(super) struct Anchors {
    /// One a heading, in their order.
    pub headings: Vec<String>,
    /// All that a link can name.
    pub known: HashSet<String>,
}

/// Names that the pages around the text have already.
const TAKEN: [&str; 2] = ["content", "leptos"];
/// Bytes of a name. (80 Chinese characters are 240.)
const MAX: usize = 200;
/// Bytes of a name before its number.
const MAX_COUNTED: usize = MAX - 20;

/// Names every heading, by `{#name}` behind it or by its own words, and takes the braces away.
pub(super) fn collect<'a>(root: Node<'a>) -> Anchors {
    let mut anchors = Anchors { headings: Vec::new(), known: HashSet::new() };
    let mut counted = HashMap::new();
    for node in root.descendants() {
        let heading = match &node.data.borrow().value {
            NodeValue::Heading(_) => true,
            NodeValue::HtmlBlock(block) => {
                note(&block.literal, &mut anchors.known);
                false
            }
            NodeValue::HtmlInline(literal) => {
                note(literal, &mut anchors.known);
                false
            }
            _ => false,
        };
        if !heading {
            continue;
        }
        let given = given_name(node);
        let name = given.filter(|name| is_valid(name)).unwrap_or_else(|| slug(&node.collect_text()));
        let name = unlike(name, &anchors.known, &mut counted);
        anchors.known.insert(name.clone());
        anchors.headings.push(name);
    }
    anchors
}

fn note(html: &str, known: &mut HashSet<String>) {
    for (_, attributes) in tags::attributes(html) {
        for name in ["id", "name"] {
            known.extend(attribute(attributes, name).filter(|value| is_valid(value)).map(str::to_owned));
        }
    }
}

fn given_name(heading: Node<'_>) -> Option<String> {
    let last = heading.last_child()?;
    let mut ast = last.data.borrow_mut();
    let NodeValue::Text(text) = &mut ast.value else { return None };
    let (kept, name) = marks::without_attributes(text);
    let (kept, name) = (kept.to_owned(), name.map(str::to_owned));
    *text = kept.into();
    name
}

/// The words of a heading as other systems name it: small letters, digits, dashes.
fn slug(text: &str) -> String {
    let kept = text.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '-' | '_'));
    kept.map(|c| if c.is_whitespace() { '-' } else { c }).take(80).collect::<String>()
}

/// A heading of signs only gets no name, others with the same words are counted; `counted` knows how far.
fn unlike(name: String, known: &HashSet<String>, counted: &mut HashMap<String, u32>) -> String {
    if name.is_empty() {
        return String::new();
    }
    let name = if name.starts_with('_') { format!("s{name}") } else { name };
    let name = name.get(..name.floor_char_boundary(MAX_COUNTED)).unwrap_or_default().to_owned();
    if is_valid(&name) && !known.contains(&name) {
        return name;
    }
    let next = counted.entry(name.clone()).or_insert(0);
    loop {
        *next += 1;
        let other = format!("{name}-{next}");
        if !known.contains(&other) {
            return other;
        }
    }
}

/// Whether an author may use the name: one that nothing else on the page has, and no script.
pub(super) fn is_valid(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    !name.is_empty()
        && name.len() <= MAX
        && !name.starts_with('_')
        && name.chars().all(allowed)
        && !TAKEN.contains(&name)
}

/// The value of an attribute among those of a tag.
pub(super) fn attribute<'t>(attributes: &'t str, wanted: &str) -> Option<&'t str> {
    let mut rest = attributes;
    while let Some(at) = rest.find('=') {
        let (before, after) = rest.split_at(at);
        let name = before.trim_end().rsplit(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        let after = after.get(1..).unwrap_or_default().trim_start();
        let (value, next) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inside = after.get(1..).unwrap_or_default();
                inside.split_once(quote).unwrap_or((inside, ""))
            }
            _ => after.split_once(|c: char| c.is_whitespace() || c == '>').unwrap_or((after, "")),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
    None
}

/// The name in a link without its percent signs.
pub(super) fn decoded(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match hex.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}
