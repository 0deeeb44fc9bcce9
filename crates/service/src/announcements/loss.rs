//! What the source says and the page does not: no page is published that loses words unnoticed (B20).

use std::collections::HashMap;

use comrak::{Node, arena_tree::NodeEdge, nodes::NodeValue};
use domain::text::words;

use super::seen;

/// How much of a line is quoted.
const QUOTED: usize = 60;

/// The visible text of the source, block by block, each with the line it begins in. It is read off the parser's tree, apart
/// from the HTML that is made of it; what the parser itself leaves out of `markdown` is there too.
pub(super) fn words_of(root: Node<'_>, markdown: &str) -> Vec<(u32, String)> {
    let lines: Vec<&str> = markdown.lines().collect();
    let mut pieces: Vec<(u32, String)> = Vec::new();
    for edge in root.traverse() {
        let (node, entering) = match edge {
            NodeEdge::Start(node) => (node, true),
            NodeEdge::End(node) => (node, false),
        };
        let ast = node.data.borrow();
        let line = u32::try_from(ast.sourcepos.start.line).unwrap_or(u32::MAX);
        let inline = match &ast.value {
            // Its description stands apart from the words around it.
            NodeValue::Image(_) => Some(" ".to_owned()),
            _ if !entering => None,
            NodeValue::Text(text) => Some(text.to_string()),
            NodeValue::Code(code) => Some(code.literal.clone()),
            NodeValue::SoftBreak | NodeValue::LineBreak => Some("\n".to_owned()),
            NodeValue::HtmlInline(tag) => Some(seen::inline_text(tag)),
            NodeValue::CodeBlock(code) => {
                // The fence is a line of its own.
                pieces.push((line + u32::from(code.fenced), code.literal.clone()));
                None
            }
            NodeValue::HtmlBlock(block) => {
                pieces.push((line, seen::text(&unswallowed(&block.literal))));
                None
            }
            NodeValue::TableRow(_) => {
                // It begins behind the marks of quotes and lists that it stands in.
                let begin = ast.sourcepos.start;
                let source =
                    lines.get(begin.line.saturating_sub(1)).and_then(|line| line.get(begin.column.saturating_sub(1)..));
                pieces.push((line, cells_beyond(source.unwrap_or_default(), node.children().count())));
                None
            }
            value if value.block() => {
                pieces.push((line, String::new()));
                None
            }
            _ => None,
        };
        if let Some((text, (_, last))) = inline.zip(pieces.last_mut()) {
            last.push_str(&text);
        }
    }
    pieces
}

/// The cells of a row that its table has no columns for.
fn cells_beyond(row: &str, columns: usize) -> String {
    let (mut cells, mut escaped) = (vec![String::new()], false);
    for c in row.trim().trim_start_matches('|').chars() {
        match cells.last_mut() {
            Some(last) if escaped || c != '|' => last.push(c),
            _ => cells.push(String::new()),
        }
        escaped = c == '\\' && !escaped;
    }
    cells.split_off(columns.min(cells.len())).join(" ")
}

/// A comment, script or style that does not end hides the rest of the page: that rest is lost, and it is said.
fn unswallowed(literal: &str) -> String {
    let lower = literal.to_ascii_lowercase();
    let mut text = literal.to_owned();
    let ends = |open: &str, close: &str| {
        lower.rfind(open).is_none_or(|at| lower.get(at..).is_some_and(|rest| rest.contains(close)))
    };
    if !ends("<!--", "-->") {
        text = text.replace("<!--", " ");
    }
    for (open, close) in [("<script", "</script"), ("<style", "</style")] {
        if !ends(open, close) {
            // As long as before: what is not ASCII stays where it is.
            text = text.replace(open, "<span").replace(&open.to_ascii_uppercase(), "<span");
        }
    }
    text
}

/// The words that the page has less often than the source, by line.
pub(super) fn missing(source: Vec<(u32, String)>, page: &str) -> Vec<(u32, String)> {
    let mut there: HashMap<String, usize> = HashMap::new();
    for word in words(&seen::text(page)) {
        *there.entry(word).or_default() += 1;
    }
    let mut lost = Vec::new();
    for (first, text) in source {
        for (line, text) in (first..).zip(text.split('\n')) {
            let mut is_gone = |word: String| match there.get_mut(&word) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    false
                }
                _ => true,
            };
            // Quoted as they are written, with their accents.
            let written =
                text.split_whitespace().filter(|run| words(run).map(&mut is_gone).fold(false, |any, gone| any | gone));
            let gone = written.map(|run| run.trim_matches(|c: char| !c.is_alphanumeric()));
            let gone = gone.collect::<Vec<_>>().join(" ");
            if !gone.is_empty() {
                lost.push((line, gone.chars().take(QUOTED).collect()));
            }
        }
    }
    lost
}
