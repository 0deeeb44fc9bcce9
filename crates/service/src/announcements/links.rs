//! Links and images: addresses in the text become links, those that lead nowhere are taken out, and it is said (B21, B23,
//! T32).

use std::collections::HashSet;

use comrak::{Arena, Node, arena_tree::NodeEdge, nodes::NodeValue};
use domain::{
    announcements::AnnouncementRemark,
    links::{self, Span},
};

use super::{
    anchors,
    clean::{self, Image},
    marks,
    render::Site,
    tags,
};

/// Makes links of the addresses that stand in the text (B23).
pub(super) fn link_addresses<'a>(arena: &'a Arena<'a>, root: Node<'a>) {
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

pub(super) type MakeRemark<'r> = &'r dyn Fn(u32) -> AnnouncementRemark;

/// Completes addresses on this site, takes out links and images that lead nowhere, and says so (B21, T32).
pub(super) fn lead_to<'a>(
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
            match clean::image(&address, site) {
                Image::Shown => {}
                Image::SignedIn => {
                    complete(node, site);
                    become_link(node);
                }
                Image::Foreign => {
                    say(node, &|line| AnnouncementRemark::ForeignImage { line, address: address.clone() });
                    become_link(node);
                }
                Image::Nowhere => {
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
        } else if clean::on_site(&address) {
            if !clean::portal_has(&address) {
                say(node, &|line| AnnouncementRemark::NoSuchPage { line, address: address.clone() });
            }
            complete(node, site);
        } else if !clean::whole(&address) {
            say(node, &|line| AnnouncementRemark::RelativeLink { line, address: address.clone() });
            unwrap(node);
        }
    }
}

/// The same for raw HTML, where [`clean::clean`] takes the addresses out.
fn raw_addresses(literal: &str, site: Site<'_>, anchors: &HashSet<String>, mut say: impl FnMut(MakeRemark<'_>)) {
    for (name, attributes) in tags::attributes(literal) {
        let wanted = match name.to_ascii_lowercase().as_str() {
            "img" => "src",
            "a" => "href",
            _ => continue,
        };
        let mut address = anchors::attribute(attributes, wanted);
        if wanted == "src" {
            // A choice of images is none for readers.
            address = address.or_else(|| anchors::attribute(attributes, "srcset"));
        }
        let Some(address) = address.map(str::to_owned) else { continue };
        if wanted == "src" {
            match clean::image(&address, site) {
                Image::Shown | Image::SignedIn => {}
                Image::Foreign => say(&|line| AnnouncementRemark::ForeignImage { line, address: address.clone() }),
                Image::Nowhere => say(&|line| AnnouncementRemark::RelativeImage { line, address: address.clone() }),
            }
        } else if let Some(name) = address.strip_prefix('#') {
            if !anchors.contains(anchors::decoded(name).as_ref()) {
                say(&|line| AnnouncementRemark::NoSuchAnchor { line, address: address.clone() });
            }
        } else if clean::on_site(&address) {
            if !clean::portal_has(&address) {
                say(&|line| AnnouncementRemark::NoSuchPage { line, address: address.clone() });
            }
        } else if !clean::whole(&address) {
            say(&|line| AnnouncementRemark::RelativeLink { line, address: address.clone() });
        }
    }
}

fn complete(node: Node<'_>, site: Site<'_>) {
    if let NodeValue::Link(link) | NodeValue::Image(link) = &mut node.data.borrow_mut().value
        && clean::on_site(&link.url)
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
