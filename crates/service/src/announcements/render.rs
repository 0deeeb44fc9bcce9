//! Markdown to HTML and to plain text: to a page once, when it is published, to a mail when it is sent. What comes out is
//! safe to show: raw HTML is taken over as far as it is text and structure, and all that was made is cleaned (CVE-2026-34718:
//! `data:` addresses that slipped through a sanitiser).

use std::{
    collections::HashSet,
    fmt::{self, Write},
    sync::atomic::{AtomicUsize, Ordering},
};

use comrak::{
    Arena, Node, Options,
    adapters::{HeadingAdapter, HeadingMeta},
    arena_tree::NodeEdge,
    format_html_with_plugins,
    nodes::{NodeHtmlBlock, NodeValue, Sourcepos},
    options::Plugins,
    parse_document,
};
use domain::{
    Failure, FieldError,
    announcements::{AnnouncementProblem, AnnouncementRemark},
    links::{self, Span},
    locale::Locale,
};

use super::{anchors, html, loss, marks, plain};
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

/// Nested deeper, a text is refused: nobody reads it, and everything here that calls itself goes no deeper (F6).
pub(super) const MAX_DEPTH: usize = 100;

/// Nobody reads more, of those about text that is lost and of the others.
const MOST_REMARKS: usize = 500;

/// The title is the page's only first-level heading: one in the text that says the same is dropped, others move down.
///
/// # Errors
/// [`AnnouncementProblem::TooDeep`] under `source`; a fault when the formatter gives up, which it does not.
pub fn render(text: Text<'_>, site: Site<'_>) -> Result<Article, Failure> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    // Alerts are made of quotes afterwards: the parser's own looks along all of a line of `>` at each of them (F6).
    // Raw HTML passes the formatter; `html::clean` is what lets it out.
    options.render.r#unsafe = true;
    let arena = Arena::new();
    let root = parse_document(&arena, text.markdown, &options);
    let line = |node: Node<'_>| line_of(node, text.first_line);
    let too_deep = |line| {
        let problem = AnnouncementProblem::TooDeep { line, max: MAX_DEPTH as u32 };
        Failure::field("source", FieldError::Announcement(problem))
    };
    if let Some(node) = deeper_than(root, MAX_DEPTH) {
        return Err(too_deep(line(node)));
    }
    fit_headings(root, text.title);
    marks::apply(&arena, root, text.locale);
    link_addresses(&arena, root);
    let mut remarks = Vec::new();
    html::rename(root, |node, name| {
        remarks.push(AnnouncementRemark::DroppedElement { line: line(node), name: name.to_owned() });
    });
    let anchors = anchors::collect(root);
    lead_to(root, site, &anchors.known, |node, remark| remarks.push(remark(line(node))));

    let headings = Headings { ids: anchors.headings, next: AtomicUsize::new(0) };
    let mut plugins = Plugins::default();
    plugins.render.heading_adapter = Some(&headings);
    let mut made = String::new();
    format_html_with_plugins(root, &options, &mut made, &plugins)
        .map_err(|error| fault("formatting an announcement", &error))?;
    if html::depth(&made) > MAX_DEPTH {
        let raw =
            |node: &Node<'_>| matches!(node.data.borrow().value, NodeValue::HtmlBlock(_) | NodeValue::HtmlInline(_));
        return Err(too_deep(root.descendants().find(raw).map_or(text.first_line, line)));
    }
    let html = html::clean(&made, site);
    remarks.truncate(MOST_REMARKS);
    for (at, words) in loss::missing(loss::words_of(root), &html).into_iter().take(MOST_REMARKS) {
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

/// Blanks of every kind count as one: French titles hold some that do not break (B22).
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn fit_headings<'a>(root: Node<'a>, title: &str) {
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

/// Makes links of the addresses that stand in the text (B23).
fn link_addresses<'a>(arena: &'a Arena<'a>, root: Node<'a>) {
    let mut texts = Vec::new();
    let mut inside = 0_usize;
    for edge in root.traverse() {
        let (node, step) = match edge {
            NodeEdge::Start(node) => (node, 1),
            NodeEdge::End(node) => (node, -1),
        };
        match &node.data.borrow().value {
            NodeValue::Link(_) | NodeValue::Image(_) => inside = inside.saturating_add_signed(step),
            NodeValue::Text(text) if step == 1 && inside == 0 && text.contains(['@', '.']) => texts.push(node),
            _ => {}
        }
    }
    for node in texts {
        let text = match &node.data.borrow().value {
            NodeValue::Text(text) => text.to_string(),
            _ => continue,
        };
        let spans = links::spans(&text);
        if !spans.iter().any(|span| matches!(span, Span::Away { .. })) {
            continue;
        }
        let at = node.data.borrow().sourcepos;
        for span in spans {
            match span {
                Span::Text(shown) | Span::Here { shown, .. } => {
                    node.insert_before(marks::node(arena, at, NodeValue::Text(shown.to_owned().into())));
                }
                Span::Away { shown, address } => {
                    let link = comrak::nodes::NodeLink { url: address, title: String::new() };
                    let link = marks::node(arena, at, NodeValue::Link(Box::new(link)));
                    link.append(marks::node(arena, at, NodeValue::Text(shown.to_owned().into())));
                    node.insert_before(link);
                }
            }
        }
        node.detach();
    }
}

type MakeRemark<'r> = &'r dyn Fn(u32) -> AnnouncementRemark;

/// Completes addresses on this site, takes out links and images that lead nowhere, and says so (B21, T32).
fn lead_to<'a>(
    root: Node<'a>,
    site: Site<'_>,
    anchors: &HashSet<String>,
    mut say: impl FnMut(Node<'a>, MakeRemark<'_>),
) {
    let nodes: Vec<Node<'a>> = root.descendants().collect();
    for node in nodes {
        let (image, address) = match &node.data.borrow().value {
            NodeValue::Link(link) => (false, link.url.clone()),
            NodeValue::Image(link) => (true, link.url.clone()),
            NodeValue::HtmlBlock(block) => {
                raw_addresses(&block.literal, site, anchors, |remark| say(node, remark));
                continue;
            }
            NodeValue::HtmlInline(literal) => {
                raw_addresses(literal, site, anchors, |remark| say(node, remark));
                continue;
            }
            _ => continue,
        };
        if image {
            match html::image(&address, site) {
                html::Image::Shown => complete(node, site),
                html::Image::Foreign => {
                    say(node, &|line| AnnouncementRemark::ForeignImage { line, address: address.clone() });
                    become_link(node);
                }
                html::Image::Nowhere => {
                    say(node, &|line| AnnouncementRemark::RelativeImage { line, address: address.clone() });
                    unwrap(node);
                }
            }
            continue;
        }
        if let Some(name) = address.strip_prefix('#') {
            if !anchors.contains(anchors::decoded(name).as_ref()) {
                say(node, &|line| AnnouncementRemark::NoSuchAnchor { line, address: address.clone() });
                unwrap(node);
            }
        } else if html::on_site(&address) {
            if !html::portal_has(&address) {
                say(node, &|line| AnnouncementRemark::NoSuchPage { line, address: address.clone() });
            }
            complete(node, site);
        } else if !html::whole(&address) {
            say(node, &|line| AnnouncementRemark::RelativeLink { line, address: address.clone() });
            unwrap(node);
        }
    }
}

/// The same for raw HTML, where [`html::clean`] takes the addresses out.
fn raw_addresses(literal: &str, site: Site<'_>, anchors: &HashSet<String>, mut say: impl FnMut(MakeRemark<'_>)) {
    for (name, attributes) in html::attributes(literal) {
        let wanted = match name.to_ascii_lowercase().as_str() {
            "img" => "src",
            "a" => "href",
            _ => continue,
        };
        let Some(address) = anchors::attribute(attributes, wanted).map(str::to_owned) else { continue };
        if wanted == "src" {
            match html::image(&address, site) {
                html::Image::Shown => {}
                html::Image::Foreign => {
                    say(&|line| AnnouncementRemark::ForeignImage { line, address: address.clone() })
                }
                html::Image::Nowhere => {
                    say(&|line| AnnouncementRemark::RelativeImage { line, address: address.clone() })
                }
            }
        } else if let Some(name) = address.strip_prefix('#') {
            if !anchors.contains(anchors::decoded(name).as_ref()) {
                say(&|line| AnnouncementRemark::NoSuchAnchor { line, address: address.clone() });
            }
        } else if html::on_site(&address) {
            if !html::portal_has(&address) {
                say(&|line| AnnouncementRemark::NoSuchPage { line, address: address.clone() });
            }
        } else if !html::whole(&address) {
            say(&|line| AnnouncementRemark::RelativeLink { line, address: address.clone() });
        }
    }
}

fn complete(node: Node<'_>, site: Site<'_>) {
    if let NodeValue::Link(link) | NodeValue::Image(link) = &mut node.data.borrow_mut().value
        && html::on_site(&link.url)
    {
        link.url.insert_str(0, site.prefix);
    }
}

/// An image that is not shown can still be opened.
fn become_link(node: Node<'_>) {
    let mut ast = node.data.borrow_mut();
    if let NodeValue::Image(link) = &ast.value {
        let link = link.clone();
        ast.value = NodeValue::Link(link);
    }
}

/// Leaves the text of a link, the description of an image.
fn unwrap(node: Node<'_>) {
    while let Some(child) = node.first_child() {
        node.insert_before(child);
    }
    node.detach();
}

/// Gives every heading the id that links to it name (B21).
struct Headings {
    ids: Vec<String>,
    next: AtomicUsize,
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

/// A block of HTML that was made here.
pub(super) fn html_block(text: &str) -> NodeValue {
    NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Site<'static> = Site { prefix: "", image_hosts: &[] };

    fn text<'a>(title: &'a str, markdown: &'a str) -> Text<'a> {
        Text { title, markdown, first_line: 1, locale: Locale::Fr }
    }

    fn made(markdown: &str) -> Article {
        render(text("t", markdown), PAGE).expect("rendered")
    }

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
            let mut cleaned = vec![made(attack).html];
            if attack.starts_with('<') {
                // Straight into the sanitiser too, without what happens before.
                cleaned.push(html::clean(attack, PAGE));
            }
            for html in cleaned {
                // An image elsewhere is not loaded; that a reader may follow a link to it is no harm.
                let seen = ["https://", "//"].into_iter().fold(html.to_lowercase(), |seen, start| {
                    seen.replace(&format!("href=\"{start}elsewhere.example/pixel.png\""), "")
                });
                assert!(!bad.iter().any(|bad| seen.contains(bad)), "{attack} became {html}");
            }
        }
    }

    #[test]
    fn links_and_own_images_stay() {
        let html = made("[a](https://docs.example/x) ![p](/files/p.png) <support@nordlys.example>").html;
        assert!(html.contains("<a href=\"https://docs.example/x\" rel=\"noopener noreferrer\">a</a>"), "{html}");
        assert!(html.contains("src=\"/files/p.png\"") && html.contains("mailto:support@nordlys.example"), "{html}");
    }

    #[test]
    fn in_a_mail_addresses_on_this_site_are_whole() {
        let site = "https://support.nordlys.example";
        let source =
            "[a](/cases/new) ![p](/files/p.png) [b](//elsewhere.example/x) ![q](https://elsewhere.example/q.png)";
        let Article { html, plain, .. } =
            render(text("t", source), Site { prefix: site, image_hosts: &[] }).expect("rendered");
        assert!(html.contains("href=\"https://support.nordlys.example/cases/new\""), "{html}");
        assert!(html.contains("src=\"https://support.nordlys.example/files/p.png\""), "{html}");
        assert!(
            html.contains("href=\"//elsewhere.example/x\"") && !html.contains("<img src=\"https://elsewhere"),
            "{html}"
        );
        assert!(plain.starts_with("a (https://support.nordlys.example/cases/new)"), "{plain}");
    }

    #[test]
    fn the_title_is_the_only_first_heading() {
        let html = |markdown| render(text("Bonjour à tous", markdown), PAGE).expect("rendered").html;
        assert_eq!(html("# Bonjour à tous\n\n## Suite"), "<h2 id=\"suite\">Suite</h2>\n");
        assert_eq!(html("# Autre\n\n## Suite"), "<h2 id=\"autre\">Autre</h2>\n<h3 id=\"suite\">Suite</h3>\n");
        // B22: blanks that do not break are blanks, and stay.
        let b22 = render(text("Nouveau\u{a0}: tout", "# Nouveau : tout {#x}\n\nA\u{a0}: b"), PAGE).expect("rendered");
        assert_eq!(b22.html, "<p>A&nbsp;: b</p>\n");
    }

    #[test]
    fn plain_text_reads_like_a_letter() {
        let source = "## Mars\n\nUn [lien](https://a.example) et\n<a@b.example>.\n\n* un\n* deux\n  trois\n\n1. x\n   - y\n\n> cité";
        let expected = "Mars\n====\n\nUn lien (https://a.example) et a@b.example.\n\n- un\n- deux trois\n\n1. x\n   - y\n\n> cité\n";
        assert_eq!(made(source).plain, expected);
    }

    /// F6: 1,000 bytes of `>` ended the process. What is nested too deep is refused, the rest is rendered, all of it soon.
    #[test]
    fn f6_deep_nesting_is_refused_and_ends_no_process() {
        let started = std::time::Instant::now();
        for unit in ["> ", "*", "~~", "[", "![", "(", ">", "*a **b ", "~~a ~b ", "<b>", "<div>", "<table><tr><td>"] {
            let source = unit.repeat(100_000.min(256 * 1024 / unit.len()));
            match render(text("t", &source), PAGE) {
                Ok(_) => {}
                Err(Failure::Invalid(errors)) => {
                    let problem = errors.get("source");
                    let deep = FieldError::Announcement(AnnouncementProblem::TooDeep { line: 1, max: 100 });
                    assert_eq!(problem, Some(&deep), "{unit}");
                }
                Err(other) => panic!("{unit}: {other}"),
            }
        }
        assert!(started.elapsed().as_secs() < 120, "without optimisation: {:?}", started.elapsed());
        let quoted = |levels: usize| render(text("t", &format!("{}x", "> ".repeat(levels))), PAGE);
        assert!(quoted(98).is_ok());
        assert!(quoted(101).is_err());
    }

    /// B20: what is safe is shown, and no words are joined.
    #[test]
    fn b20_html_that_is_text_and_structure_stays() {
        let source = "<table>\n<tr><th>R\u{e9}gion</th></tr>\n<tr><td>Europe</td></tr>\n</table>\n\nUne ligne<br>sur deux, \
                      H<sub>2</sub>O, <u>souligné</u>.\n\n| A | B |\n|---|---|\n| un<br>deux | trois |\n\n<ul><li>b</li></ul>";
        let Article { html, plain, remarks } = made(source);
        for part in [
            "<th>R\u{e9}gion</th>",
            "<td>Europe</td>",
            "ligne<br>sur",
            "H<sub>2</sub>O",
            "<u>souligné</u>",
            "un<br>deux",
            "<li>b</li>",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert_eq!(remarks, []);
        assert!(
            plain.contains("Région\nEurope") && plain.contains("ligne\nsur deux") && plain.contains("- b"),
            "{plain}"
        );
    }

    /// B20: no text goes because of the tags around it, and what goes is named with its line.
    #[test]
    fn b20_text_survives_its_tags_and_what_is_dropped_is_said() {
        let source = "a\n\n<select><option>Europe<option>Asie</select>\n<section>un</section><section>deux</section>\n\
                      <title>Titre</title>\n<textarea>saisi</textarea><iframe src=x>cadre</iframe>\n\n<plaintext>brut\n\n**fin**";
        let Article { html, remarks, .. } = made(source);
        let seen: Vec<String> = domain::text::words(&html::text(&html)).collect();
        for word in ["europe", "asie", "un", "deux", "titre", "saisi", "cadre", "brut", "fin"] {
            assert!(seen.iter().any(|seen| seen == word), "{word} is not in {seen:?}: {html}");
        }
        assert!(remarks.iter().all(|remark| !matches!(remark, AnnouncementRemark::LostText { .. })), "{remarks:?}");
        let dropped = |name: &str, line| AnnouncementRemark::DroppedElement { line, name: name.into() };
        assert!(remarks.contains(&dropped("select", 3)) && remarks.contains(&dropped("plaintext", 8)), "{remarks:?}");
    }

    #[test]
    fn b20_what_a_comment_or_style_swallows_is_lost_and_said() {
        for (open, line) in [("<!-- begins", 3), ("<style> begins", 3), ("<script> begins", 3)] {
            let remarks = made(&format!("a\n\n{open}\n\nswallowed")).remarks;
            let lost = remarks.iter().any(
                |remark| matches!(remark, AnnouncementRemark::LostText { line: at, text } if *at >= line && text.contains("swallowed") || text_of(remark).contains("begins")),
            );
            assert!(lost, "{open}: {remarks:?}");
        }
        assert_eq!(made("a\n\n<!-- a note -->\n\nb").remarks, []);
    }

    fn text_of(remark: &AnnouncementRemark) -> &str {
        match remark {
            AnnouncementRemark::LostText { text, .. } => text,
            _ => "",
        }
    }

    /// B21
    #[test]
    fn b21_headings_have_names_and_links_that_lead_nowhere_are_said() {
        let source = "- [Dates](#dates)\n- [C](#contacts-utiles)\n- [R](#r%C3%A9gion)\n- [N](#nowhere)\n- [P](page.md#x)\n- [A](/help/x)\n\n\
                      ## Dates\n\n## Contacts utiles {#contacts-utiles}\n\n## Région\n\n## Dates\n\n## Content\n\n<a href=\"other.md\">x</a>";
        let Article { html, remarks, .. } = made(source);
        for part in [
            "<h2 id=\"dates\">Dates</h2>",
            "<h2 id=\"contacts-utiles\">Contacts utiles</h2>",
            "<h2 id=\"région\">",
            "<h2 id=\"dates-1\">",
            "<h2 id=\"content-1\">",
            "<a href=\"#dates\"",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert!(
            !html.contains("#nowhere") && !html.contains("page.md") && html.contains("<p>x</p>")
                || html.contains("<a rel"),
            "{html}"
        );
        let said: Vec<u32> = remarks.iter().map(AnnouncementRemark::line).collect();
        assert_eq!(said, [4, 5, 6, 18], "{remarks:?}");
    }

    /// B23: the same endings as in entries.
    #[test]
    fn b23_addresses_in_the_text_are_links() {
        let html = made(
            "Voir https://docs.example/aide\u{a0}: tout. «\u{a0}https://docs.example/faq\u{a0}» `https://a.example`",
        )
        .html;
        assert!(
            html.contains("href=\"https://docs.example/aide\"") && html.contains("href=\"https://docs.example/faq\""),
            "{html}"
        );
        assert!(!html.contains("%C2%A0") && html.contains("<code>https://a.example</code>"), "{html}");
    }

    #[test]
    fn alerts_marks_and_folds_of_other_systems_are_shown_as_what_they_mean() {
        let source = ">[!WARNING]\n>\n>Une note.\n\n>[!MORELIKETHIS]\n>\n>- Une suite\n\n>[!VIDEO](https://video.example/v)\n\n\
                      **[!UICONTROL Ouvrir]** [!DNL Atlas]\n\n+++**Une question ?**\n\nUne réponse.\n\n+++\n\n\
                      ![Capture](assets/capture.png){align=\"center\" width=\"20\"} [x](https://a.example){target=\"_blank\"}";
        let Article { html, plain, remarks } = made(source);
        for part in [
            "<div class=\"markdown-alert markdown-alert-warning\">",
            "<p class=\"markdown-alert-title\">Avertissement</p>",
            "Voir aussi</p>",
            ">Vidéo</a>",
            "<strong>Ouvrir</strong> Atlas",
            "<details>",
            "<summary>",
            "Capture <a href=\"https://a.example\"",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        for gone in ["[!", "+++", "{", "<img"] {
            assert!(!html.contains(gone), "{gone} is in {html}");
        }
        assert_eq!(remarks, [AnnouncementRemark::RelativeImage { line: 19, address: "assets/capture.png".into() }]);
        assert!(plain.contains("> Avertissement") && plain.contains("Une question ?"), "{plain}");
    }

    #[test]
    fn images_are_shown_from_the_hosts_that_the_operator_names() {
        let hosts = ["docs.example".to_owned()];
        let site = Site { prefix: "", image_hosts: &hosts };
        let source = "![a](https://docs.example/a.png)\n![b](https://else.example/b.png)\n![c](c.png)\n\n<img src=https://docs.example/d.png>\n\n<img src=http://docs.example/e.png>";
        let Article { html, remarks, .. } = render(text("t", source), site).expect("rendered");
        assert_eq!(html.matches("<img src").count(), 2, "{html}");
        assert!(
            html.contains("<a href=\"https://else.example/b.png\""),
            "an image that is not shown can be opened: {html}"
        );
        assert_eq!(remarks.len(), 3, "{remarks:?}");
    }
}
