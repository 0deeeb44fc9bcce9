//! Headings: the title is the page's only one of the first level, and each has the id that links to it name.

use std::{
    fmt::{self, Write},
    sync::atomic::{AtomicUsize, Ordering},
};

use comrak::{
    Node,
    adapters::{HeadingAdapter, HeadingMeta},
    nodes::{NodeValue, Sourcepos},
};

use super::marks;

/// Blanks of every kind count as one: French titles hold some that do not break (B22).
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

pub(super) fn fit_headings<'a>(root: Node<'a>, title: &str) {
    let level = |node: Node<'a>| match &node.data.borrow().value {
        NodeValue::Heading(heading) => Some(heading.level),
        _ => None,
    };
    let same = |node: Node<'a>| {
        let said = marks::unmarked(&node.collect_text());
        folded(marks::without_attributes(&said).0) == folded(title)
    };
    if let Some(first) = root.first_child().filter(|node| level(node) == Some(1) && same(node)) {
        first.detach();
    }
    if root.descendants().any(|node| level(node) == Some(1)) {
        for node in root.descendants() {
            if let NodeValue::Heading(heading) = &mut node.data.borrow_mut().value {
                heading.level = (heading.level + 1).min(6);
            }
        }
    }
}

/// Gives every heading the id that links to it name (B21).
pub(super) struct Headings {
    ids: Vec<String>,
    next: AtomicUsize,
}

impl Headings {
    pub(super) fn new(ids: Vec<String>) -> Self {
        Self { ids, next: AtomicUsize::new(0) }
    }
}

impl HeadingAdapter for Headings {
    fn enter(&self, output: &mut dyn Write, heading: &HeadingMeta, _: Option<Sourcepos>) -> fmt::Result {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        match self.ids.get(number).filter(|id| !id.is_empty()) {
            Some(id) => write!(output, "<h{} id=\"{id}\">", heading.level),
            None => write!(output, "<h{}>", heading.level),
        }
    }

    fn exit(&self, output: &mut dyn Write, heading: &HeadingMeta) -> fmt::Result {
        writeln!(output, "</h{}>", heading.level)
    }
}
