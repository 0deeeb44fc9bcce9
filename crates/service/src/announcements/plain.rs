//! An announcement as plain text, for mails that are read without HTML. What calls itself here goes as deep as
//! [`super::render::MAX_DEPTH`] at most (F6).

use comrak::{
    Node,
    nodes::{ListType, NodeValue},
};

use super::seen;

pub(super) fn write(root: Node<'_>) -> String {
    let mut blocks = Vec::new();
    write_blocks(root, "", &mut blocks);
    let mut text = blocks.join("\n\n");
    // The items of a list stand together.
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    // No line may look like the two dashes and a blank that begin a signature (T35).
    let lines = text.trim().lines().map(str::trim_end).collect::<Vec<_>>();
    lines.join("\n") + "\n"
}

/// The text of the inline parts below a node.
fn inline(node: Node<'_>) -> String {
    let mut text = String::new();
    write_inline(node, &mut text);
    text
}

fn write_inline(node: Node<'_>, text: &mut String) {
    for child in node.children() {
        let value = &child.data.borrow().value;
        match value {
            NodeValue::Text(part) => text.push_str(part),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::SoftBreak => text.push(' '),
            NodeValue::LineBreak => text.push('\n'),
            NodeValue::HtmlInline(tag) => {
                if tag.to_ascii_lowercase().starts_with("<br") {
                    text.push('\n');
                }
            }
            NodeValue::Link(link) => {
                let mut label = String::new();
                write_inline(child, &mut label);
                let address = link.url.strip_prefix("mailto:").unwrap_or(&link.url);
                let shown = is_shown(&link.url) && address != label;
                text.push_str(&label);
                if shown {
                    text.push_str(&format!(" ({address})"));
                }
            }
            _ => write_inline(child, text),
        }
    }
}

fn is_shown(url: &str) -> bool {
    ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| url.to_ascii_lowercase().starts_with(scheme))
}

fn write_blocks(node: Node<'_>, indent: &str, blocks: &mut Vec<String>) {
    for child in node.children() {
        let indented = |text: &str| text.lines().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n");
        match &child.data.borrow().value {
            NodeValue::Heading(heading) => {
                let text = inline(child);
                let rule = if heading.level <= 2 { "=" } else { "-" }.repeat(text.chars().count().min(72));
                blocks.push(indented(&format!("{text}\n{rule}")));
            }
            NodeValue::Paragraph => blocks.push(indented(&inline(child))),
            NodeValue::CodeBlock(code) => blocks.push(indented(code.literal.trim_end())),
            NodeValue::ThematicBreak => blocks.push(indented("* * *")),
            NodeValue::HtmlBlock(block) => {
                let text = seen::lines(&block.literal);
                if !text.is_empty() {
                    blocks.push(indented(&text));
                }
            }
            NodeValue::List(list) => {
                let mut lines = Vec::new();
                for (number, item) in (list.start..).zip(child.children()) {
                    let mark =
                        if list.list_type == ListType::Ordered { format!("{number}. ") } else { "- ".to_owned() };
                    let mut inner = Vec::new();
                    write_blocks(item, "", &mut inner);
                    let inner = inner.join("\n");
                    let mut parts = inner.lines();
                    lines.push(format!("{indent}{mark}{}", parts.next().unwrap_or_default()));
                    lines.extend(parts.map(|line| format!("{indent}{}{line}", " ".repeat(mark.len()))));
                }
                blocks.push(lines.join("\n"));
            }
            NodeValue::BlockQuote => write_blocks(child, &format!("{indent}> "), blocks),
            NodeValue::Alert(alert) => {
                let inner = format!("{indent}> ");
                blocks.extend(alert.title.as_ref().map(|title| format!("{inner}{title}")));
                write_blocks(child, &inner, blocks);
            }
            NodeValue::Table(_) => {
                let rows = child.children().map(|row| row.children().map(inline).collect::<Vec<_>>().join(" | "));
                blocks.push(indented(&rows.collect::<Vec<_>>().join("\n")));
            }
            _ => write_blocks(child, indent, blocks),
        }
    }
}
