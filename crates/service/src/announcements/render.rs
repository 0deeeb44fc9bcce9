//! Markdown to HTML and to plain text: to a page once, when it is published, to a mail when it is sent. What comes out is
//! safe to show: raw HTML is taken over as far as it is text and structure, and all that was made is cleaned (CVE-2026-34718:
//! `data:` addresses that slipped through a sanitiser).

use comrak::{
    Arena, Node, Options,
    arena_tree::NodeEdge,
    format_html_with_plugins,
    nodes::{NodeHtmlBlock, NodeValue},
    options::Plugins,
    parse_document,
};
use domain::{
    Failure, FieldError,
    announcements::{AnnouncementProblem, AnnouncementRemark},
    locale::Locale,
};

use super::{anchors, clean, headings, links, loss, marks, plain, tags};
use crate::fault;

/// What is rendered.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    pub title: &'a str,
    pub markdown: &'a str,
    /// The number of its first line in the file.
    pub first_line: u32,
    pub locale: Locale,
}

/// Where it will be read.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Before addresses on this site: nothing on a page, the portal's own address in a mail.
    pub prefix: &'a str,
    /// The hosts whose images are shown; others would tell a stranger who reads what.
    pub image_hosts: &'a [String],
}

/// The two forms of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    pub html: String,
    /// For mails that are read without HTML.
    pub plain: String,
    /// What the page does not show of the source, in the order of its lines.
    pub remarks: Vec<AnnouncementRemark>,
}

/// A text with deeper nesting is refused, so that recursion here is bounded (F6).
pub(super) const MAX_DEPTH: usize = 100;

/// A page with more parts is refused: a few bytes of Markdown can ask for half a million cells (F6).
const MAX_PARTS: usize = 50_000;

/// The most elements that raw HTML and everything else may make together, counted by their tags (F6).
const MAX_ELEMENTS: usize = 4 * MAX_PARTS;

/// The most that may stand in a table outside of its cells: the parser moves each piece, and looks along everything before
/// the table for it (F6).
const MAX_MOVED: usize = 2_000;

/// The most remarks that are kept about lost text, and as many about the rest.
const MOST_REMARKS: usize = 500;

/// The title is the page's only first-level heading: one in the text that says the same is dropped, others move down.
///
/// # Errors
/// [`AnnouncementProblem::TooDeep`], [`AnnouncementProblem::TooManyParts`] and [`AnnouncementProblem::LooseInTable`] under
/// `source`; a fault when the formatter gives up, which it does not.
pub fn render(text: Text<'_>, site: Site<'_>) -> Result<Article, Failure> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    // Alerts are made of quotes afterwards: the parser's own looks along all of a line of `>` at each of them (F6).
    // Raw HTML passes the formatter; `clean::clean` is what lets it out.
    options.render.r#unsafe = true;
    let arena = Arena::new();
    let root = parse_document(&arena, text.markdown, &options);
    let line = |node: Node<'_>| line_of(node, text.first_line);
    let refuse = |problem| Failure::field("source", FieldError::Announcement(problem));
    let too_deep = |line| refuse(AnnouncementProblem::TooDeep { line, max: MAX_DEPTH as u32 });
    let too_many = || refuse(AnnouncementProblem::TooManyParts { max: MAX_PARTS as u32 });
    if root.descendants().nth(MAX_PARTS).is_some() {
        return Err(too_many());
    }
    if let Some(node) = deeper_than(root, MAX_DEPTH) {
        return Err(too_deep(line(node)));
    }
    headings::fit_headings(root, text.title);
    marks::apply(&arena, root, text.locale);
    links::link_addresses(&arena, root);
    let mut remarks = Vec::new();
    tags::rename(root, |node, name| {
        remarks.push(AnnouncementRemark::DroppedElement { line: line(node), name: name.to_owned() });
    });
    let anchors = anchors::collect(root);
    links::lead_to(root, site, &anchors.known, |node, remark| remarks.push(remark(line(node))));

    let headings = headings::Headings::new(anchors.headings);
    let mut plugins = Plugins::default();
    plugins.render.heading_adapter = Some(&headings);
    let mut made = String::new();
    format_html_with_plugins(root, &options, &mut made, &plugins)
        .map_err(|error| fault("formatting an announcement", &error))?;
    let weight = tags::weigh(&made);
    let first_raw = || {
        let raw =
            |node: &Node<'_>| matches!(node.data.borrow().value, NodeValue::HtmlBlock(_) | NodeValue::HtmlInline(_));
        root.descendants().find(raw).map_or(text.first_line, line)
    };
    if weight.depth > MAX_DEPTH {
        return Err(too_deep(first_raw()));
    }
    if weight.parts > MAX_ELEMENTS {
        return Err(too_many());
    }
    if weight.moved > MAX_MOVED {
        return Err(refuse(AnnouncementProblem::LooseInTable { line: first_raw(), max: MAX_MOVED as u32 }));
    }
    let html = clean::clean(&made, site);
    remarks.truncate(MOST_REMARKS);
    for (at, words) in loss::missing(loss::words_of(root, text.markdown), &html).into_iter().take(MOST_REMARKS) {
        remarks.push(AnnouncementRemark::LostText { line: text.first_line - 1 + at, text: words });
    }
    remarks.sort_by_key(AnnouncementRemark::line);
    Ok(Article { html, plain: plain::write(root), remarks })
}

/// Lines count from the top of the file; what has none (what was made here) is at the top.
fn line_of(node: Node<'_>, first_line: u32) -> u32 {
    let line = node.data.borrow().sourcepos.start.line;
    first_line + u32::try_from(line).unwrap_or(u32::MAX).saturating_sub(1)
}

/// The first node below `most` others; walks, and does not call itself.
fn deeper_than<'a>(root: Node<'a>, most: usize) -> Option<Node<'a>> {
    let mut depth = 0_usize;
    for edge in root.traverse() {
        match edge {
            NodeEdge::Start(node) => {
                depth += 1;
                if depth > most + 1 {
                    return Some(node);
                }
            }
            NodeEdge::End(_) => depth = depth.saturating_sub(1),
        }
    }
    None
}

/// A block of HTML that was made here.
pub(super) fn html_block(text: &str) -> NodeValue {
    NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal: text.to_owned() })
}
