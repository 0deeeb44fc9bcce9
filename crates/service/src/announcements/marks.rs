//! What vendors' documentation systems add to Markdown: alerts, markers for translators, attributes in braces, folds.
//! They are shown as what they mean, and do not stand on the page as they are.

use comrak::{
    Arena, Node,
    arena_tree::Node as TreeNode,
    nodes::{AlertType, Ast, AstNode, NodeAlert, NodeValue, Sourcepos},
};
use domain::locale::Locale;

use super::render::html_block;

pub(super) fn node<'a>(arena: &'a Arena<'a>, at: Sourcepos, value: NodeValue) -> Node<'a> {
    let made: AstNode<'a> = TreeNode::new(Ast::new_with_sourcepos(value, at).into());
    arena.alloc(made)
}

pub(super) fn apply<'a>(arena: &'a Arena<'a>, root: Node<'a>, locale: Locale) {
    let nodes: Vec<Node<'a>> = root.descendants().collect();
    for node in nodes {
        alert(node, locale);
        match &mut node.data.borrow_mut().value {
            NodeValue::Text(text) if text.contains("[!") => {
                let unmarked = unmarked(text);
                *text = unmarked.into();
            }
            _ => {}
        }
        video(node, locale);
        attributes(node);
    }
    folds(arena, root);
}

/// `[!DNL Atlas]` and `[!UICONTROL Open]` tell translators what to leave; readers see `Atlas` and `Open`.
pub(super) fn unmarked(text: &str) -> String {
    const MARKS: [&str; 2] = ["[!DNL ", "[!UICONTROL "];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("[!") {
        let (before, marked) = rest.split_at(at);
        out.push_str(before);
        let inner = MARKS.iter().find_map(|mark| {
            let head = marked.get(..mark.len())?;
            head.eq_ignore_ascii_case(mark).then(|| marked.get(mark.len()..)).flatten()
        });
        match inner.map(|inner| inner.split_once(']')) {
            Some(Some((shown, after))) => {
                out.push_str(shown.trim());
                rest = after;
            }
            // None of those that follow ends either.
            Some(None) => {
                out.push_str(marked);
                return out;
            }
            None => {
                out.push_str("[!");
                rest = marked.get(2..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

/// A quote that begins with `[!NOTE]` or another kind on a line of its own, and what that is called in the language of the
/// text.
fn alert(node: Node<'_>, locale: Locale) {
    if !matches!(node.data.borrow().value, NodeValue::BlockQuote) {
        return;
    }
    let Some(first) = node.first_child().filter(|first| matches!(first.data.borrow().value, NodeValue::Paragraph))
    else {
        return;
    };
    let Some(head) = first.first_child() else { return };
    let kind = match &head.data.borrow().value {
        NodeValue::Text(text) => {
            text.trim().strip_prefix("[!").and_then(|rest| rest.strip_suffix(']')).map(str::to_owned)
        }
        _ => None,
    };
    let french = locale == Locale::Fr;
    let found = kind.and_then(|kind| match kind.to_ascii_uppercase().as_str() {
        "NOTE" => Some((AlertType::Note, title(AlertType::Note, locale))),
        "TIP" => Some((AlertType::Tip, title(AlertType::Tip, locale))),
        "IMPORTANT" => Some((AlertType::Important, title(AlertType::Important, locale))),
        "WARNING" => Some((AlertType::Warning, title(AlertType::Warning, locale))),
        "CAUTION" => Some((AlertType::Caution, title(AlertType::Caution, locale))),
        "INFO" => Some((AlertType::Note, "Info")),
        "ADMIN" | "ADMINISTRATION" => Some((AlertType::Note, "Administration")),
        "AVAILABILITY" => Some((AlertType::Note, if french { "Disponibilité" } else { "Availability" })),
        "PREREQUISITES" => Some((AlertType::Important, if french { "Prérequis" } else { "Prerequisites" })),
        "SUCCESS" => Some((AlertType::Tip, if french { "Réussite" } else { "Success" })),
        "ERROR" => Some((AlertType::Caution, if french { "Erreur" } else { "Error" })),
        "MORELIKETHIS" => Some((AlertType::Tip, if french { "Voir aussi" } else { "See also" })),
        _ => None,
    });
    let Some((alert_type, title)) = found else { return };
    // The line of the kind goes, and the break behind it.
    if let Some(after) = head.next_sibling().filter(|after| matches!(after.data.borrow().value, NodeValue::SoftBreak)) {
        after.detach();
    }
    head.detach();
    if first.first_child().is_none() {
        first.detach();
    }
    node.data.borrow_mut().value = NodeValue::Alert(Box::new(NodeAlert {
        alert_type,
        title: Some(title.to_owned()),
        multiline: false,
        fence_length: 0,
        fence_offset: 0,
    }));
}

const fn title(kind: AlertType, locale: Locale) -> &'static str {
    match (kind, locale) {
        (AlertType::Note, _) => "Note",
        (AlertType::Tip, Locale::Fr) => "Conseil",
        (AlertType::Tip, Locale::En) => "Tip",
        (AlertType::Important, _) => "Important",
        (AlertType::Warning, Locale::Fr) => "Avertissement",
        (AlertType::Warning, Locale::En) => "Warning",
        (AlertType::Caution, Locale::Fr) => "Attention",
        (AlertType::Caution, Locale::En) => "Caution",
    }
}

/// `[!VIDEO](…)` is a link to a film.
fn video(node: Node<'_>, locale: Locale) {
    if !matches!(node.data.borrow().value, NodeValue::Link(_)) {
        return;
    }
    let Some(child) = node.first_child().filter(|child| child.next_sibling().is_none()) else { return };
    if let NodeValue::Text(text) = &mut child.data.borrow_mut().value
        && text.trim().eq_ignore_ascii_case("!video")
    {
        *text = (if locale == Locale::Fr { "Vidéo" } else { "Video" }).into();
    }
}

/// Takes `{align="center"}` away behind a link or an image.
fn attributes(node: Node<'_>) {
    if !matches!(node.data.borrow().value, NodeValue::Link(_) | NodeValue::Image(_)) {
        return;
    }
    let Some(next) = node.next_sibling() else { return };
    if let NodeValue::Text(text) = &mut next.data.borrow_mut().value
        && let Some((inner, after)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}'))
        && are_attributes(inner)
    {
        *text = after.to_owned().into();
    }
}

/// Cuts `{#name}` off the end of a heading; gives back the heading and the name.
pub(super) fn without_attributes(heading: &str) -> (&str, Option<&str>) {
    let trimmed = heading.trim_end();
    let Some((text, inner)) = trimmed.strip_suffix('}').and_then(|rest| rest.rsplit_once('{')) else {
        return (heading, None);
    };
    if !are_attributes(inner) {
        return (heading, None);
    }
    let name = inner.split_whitespace().find_map(|part| part.strip_prefix('#'));
    (text.trim_end(), name)
}

/// `#name`, `.class` and `key=value`, one or more, as Pandoc and Kramdown write them.
fn are_attributes(text: &str) -> bool {
    let text = text.strip_prefix(':').unwrap_or(text);
    let mut quoted = false;
    let parts: Vec<&str> = text
        .split(|c: char| {
            quoted ^= c == '"';
            c.is_whitespace() && !quoted
        })
        .filter(|part| !part.is_empty())
        .collect();
    let one = |part: &&str| {
        let named = part.strip_prefix(['#', '.']).is_some_and(|name| !name.is_empty());
        named
            || part
                .split_once('=')
                .is_some_and(|(key, _)| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '-'))
    };
    !parts.is_empty() && parts.iter().all(one)
}

/// `+++Title`, blocks, `+++`: what opens on a click.
fn folds<'a>(arena: &'a Arena<'a>, root: Node<'a>) {
    let parents: Vec<Node<'a>> = root
        .descendants()
        .filter(|node| {
            matches!(node.data.borrow().value, NodeValue::Document | NodeValue::BlockQuote | NodeValue::Item(_))
        })
        .collect();
    for parent in parents {
        let mut open: Option<Node<'a>> = None;
        let children: Vec<Node<'a>> = parent.children().collect();
        for child in children {
            let (opens, closes) = fold_marks(child);
            match open {
                Some(start) if closes => {
                    fold(arena, start, child);
                    open = None;
                }
                _ if opens => open = Some(child),
                _ => {}
            }
        }
    }
}

fn fold_marks(paragraph: Node<'_>) -> (bool, bool) {
    if !matches!(paragraph.data.borrow().value, NodeValue::Paragraph) {
        return (false, false);
    }
    let Some(first) = paragraph.first_child() else { return (false, false) };
    let (begins, alone) = match &first.data.borrow().value {
        NodeValue::Text(text) => (text.starts_with("+++"), text.trim() == "+++"),
        _ => (false, false),
    };
    let closes = alone && first.next_sibling().is_none();
    (begins && !closes, closes)
}

fn fold<'a>(arena: &'a Arena<'a>, start: Node<'a>, end: Node<'a>) {
    if let Some(first) = start.first_child()
        && let NodeValue::Text(text) = &mut first.data.borrow_mut().value
    {
        let rest = text.trim_start_matches('+').trim_start().to_owned();
        *text = rest.into();
    }
    let (from, to) = (start.data.borrow().sourcepos, end.data.borrow().sourcepos);
    start.insert_before(node(arena, from, html_block("<details>\n<summary>\n")));
    start.insert_after(node(arena, from, html_block("</summary>\n")));
    end.insert_before(node(arena, to, html_block("</details>\n")));
    end.detach();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_for_translators_are_not_shown() {
        assert_eq!(unmarked("[!DNL Produit] : [!UICONTROL Ouvrir]"), "Produit : Ouvrir");
        assert_eq!(unmarked("[!NOTE] [!DNL x [!"), "[!NOTE] [!DNL x [!");
    }

    #[test]
    fn attributes_are_told_from_braces_in_a_text() {
        assert_eq!(without_attributes("Contacts {#contacts-utiles}"), ("Contacts", Some("contacts-utiles")));
        assert_eq!(without_attributes("Contacts {.big #a key=\"b c\"} "), ("Contacts", Some("a")));
        assert_eq!(without_attributes("a {b}"), ("a {b}", None));
        assert_eq!(without_attributes("{}"), ("{}", None));
    }
}
