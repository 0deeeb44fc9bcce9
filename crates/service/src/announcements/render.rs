//! Markdown to HTML and to plain text: to a page once, when it is published, to a mail when it is sent. What comes out is
//! safe to show: raw HTML is not taken over, and what was made is cleaned again (CVE-2026-34718: `data:` addresses that slipped through a sanitiser).

use std::{borrow::Cow, collections::HashSet};

use comrak::{
    Arena, Node, Options, format_html,
    nodes::{ListType, NodeValue},
    parse_document,
};
use domain::Failure;

use crate::fault;

/// The two forms of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    pub html: String,
    /// For mails that are read without HTML.
    pub plain: String,
}

/// The title is the page's only first-level heading: one in the text that says the same is dropped, others move down.
/// Addresses on this site get `site` in front: nothing on a page, the portal's own address in a mail.
///
/// # Errors
/// A fault when the formatter gives up, which it does not.
pub fn render(title: &str, markdown: &str, site: &str) -> Result<Article, Failure> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options);
    fit_headings(root, title);
    lead_to(root, site);
    let mut html = String::new();
    format_html(root, &options, &mut html).map_err(|error| fault("formatting an announcement", &error))?;
    Ok(Article { html: clean(&html, site), plain: plain(root) })
}

fn fit_headings<'a>(root: Node<'a>, title: &str) {
    let level = |node: Node<'a>| match &node.data.borrow().value {
        NodeValue::Heading(heading) => Some(heading.level),
        _ => None,
    };
    let same = |node: Node<'a>| inline(node).trim().to_lowercase() == title.trim().to_lowercase();
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

fn lead_to<'a>(root: Node<'a>, site: &str) {
    for node in root.descendants() {
        if let NodeValue::Link(link) | NodeValue::Image(link) = &mut node.data.borrow_mut().value
            && on_site(&link.url)
        {
            link.url.insert_str(0, site);
        }
    }
}

/// Whether an address names a place on this site by its path alone.
fn on_site(url: &str) -> bool {
    url.starts_with('/') && !url.starts_with("//") && !url.contains('\\')
}

/// Takes out everything that is not text, structure, or a link: scripts, styles, forms, frames, foreign images, and every
/// address that is not http, https, mailto, tel or on this site.
pub(super) fn clean(html: &str, site: &str) -> String {
    let site = site.to_owned();
    let mut cleaner = ammonia::Builder::default();
    cleaner
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            // Images come from this site only: others would tell a stranger who reads what.
            ("img", "src") if !value.strip_prefix(site.as_str()).is_some_and(on_site) => None,
            _ => Some(Cow::Borrowed(value)),
        });
    cleaner.clean(html).to_string()
}

/// The text of the inline parts below a node.
fn inline<'a>(node: Node<'a>) -> String {
    let mut text = String::new();
    write_inline(node, &mut text);
    text
}

fn write_inline<'a>(node: Node<'a>, text: &mut String) {
    for child in node.children() {
        let value = &child.data.borrow().value;
        match value {
            NodeValue::Text(part) => text.push_str(part),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::SoftBreak => text.push(' '),
            NodeValue::LineBreak => text.push('\n'),
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

fn plain<'a>(root: Node<'a>) -> String {
    let mut blocks = Vec::new();
    write_blocks(root, "", &mut blocks);
    let mut text = blocks.join("\n\n");
    // The items of a list stand together.
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text.trim().to_owned() + "\n"
}

fn write_blocks<'a>(node: Node<'a>, indent: &str, blocks: &mut Vec<String>) {
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
            NodeValue::HtmlBlock(_) => {}
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
            NodeValue::Table(_) => {
                let rows = child.children().map(|row| row.children().map(inline).collect::<Vec<_>>().join(" | "));
                blocks.push(indented(&rows.collect::<Vec<_>>().join("\n")));
            }
            _ => write_blocks(child, indent, blocks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What may never get through, in the ways it was tried elsewhere.
    #[test]
    fn cve_2026_34718_nothing_runs() {
        let attacks = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg><script>alert(1)</script></svg>",
            "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt&colon;alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
            "[x](vbscript:msgbox(1))",
            "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
            "![x](https://elsewhere.example/pixel.png)",
            "![x](//elsewhere.example/pixel.png)",
            "<a href='java\tscript:alert(1)'>x</a>",
            "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
            "<form action=https://elsewhere.example><input name=password></form>",
            "<style>body{background:url(https://elsewhere.example)}</style>",
            "<p style='background:url(https://elsewhere.example)' onclick=alert(1)>x</p>",
            "<base href=https://elsewhere.example/><meta http-equiv=refresh content='0;url=https://elsewhere.example'>",
        ];
        let bad = [
            "<script",
            "javascript:",
            "data:",
            "vbscript:",
            "onerror",
            "onclick",
            "onload=",
            "<iframe",
            "<form",
            "<input",
            "<style",
            "style=",
            "<base",
            "<meta",
            "<svg",
            "elsewhere.example",
        ];
        for attack in attacks {
            let mut made = vec![render("t", attack, "").expect("rendered").html];
            if attack.starts_with('<') {
                // Straight into the sanitiser too, should raw HTML ever be let in.
                made.push(clean(attack, ""));
            }
            for html in made {
                let seen = html.to_lowercase();
                assert!(!bad.iter().any(|bad| seen.contains(bad)), "{attack} became {html}");
            }
        }
    }

    #[test]
    fn links_and_own_images_stay() {
        let html = render("t", "[a](https://docs.example/x) ![p](/files/p.png) <support@nordlys.example>", "")
            .expect("rendered")
            .html;
        assert!(html.contains("<a href=\"https://docs.example/x\" rel=\"noopener noreferrer\">a</a>"), "{html}");
        assert!(html.contains("src=\"/files/p.png\"") && html.contains("mailto:support@nordlys.example"), "{html}");
    }

    #[test]
    fn in_a_mail_addresses_on_this_site_are_whole() {
        let site = "https://support.nordlys.example";
        let source =
            "[a](/cases/new) ![p](/files/p.png) [b](//elsewhere.example/x) ![q](https://elsewhere.example/q.png)";
        let Article { html, plain } = render("t", source, site).expect("rendered");
        assert!(html.contains("href=\"https://support.nordlys.example/cases/new\""), "{html}");
        assert!(html.contains("src=\"https://support.nordlys.example/files/p.png\""), "{html}");
        assert!(html.contains("href=\"//elsewhere.example/x\"") && !html.contains("q.png"), "{html}");
        assert!(plain.starts_with("a (https://support.nordlys.example/cases/new)"), "{plain}");
    }

    #[test]
    fn the_title_is_the_only_first_heading() {
        let html = |text| render("Bonjour à tous", text, "").expect("rendered").html;
        assert_eq!(html("# Bonjour à tous\n\n## Suite"), "<h2>Suite</h2>\n");
        assert_eq!(html("# Autre\n\n## Suite"), "<h2>Autre</h2>\n<h3>Suite</h3>\n");
    }

    #[test]
    fn plain_text_reads_like_a_letter() {
        let source = "## Mars\n\nUn [lien](https://a.example) et\n<a@b.example>.\n\n* un\n* deux\n  trois\n\n1. x\n   - y\n\n> cité";
        let expected = "Mars\n====\n\nUn lien (https://a.example) et a@b.example.\n\n- un\n- deux trois\n\n1. x\n   - y\n\n> cité\n";
        assert_eq!(render("t", source, "").expect("rendered").plain, expected);
    }
}
