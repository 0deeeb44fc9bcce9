//! The cleaning of what was made: what is let out is text, structure, links to addresses that are whole or on this site,
//! and images from where they may come.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{
    anchors,
    render::Site,
    tags::{TAGS, scan},
};

/// Bytes of one piece of text that is written out.
const PIECE: usize = 64;
/// Bytes of an attribute; longer ones are dropped.
const MAX_ATTRIBUTE: usize = 4 * 1024;

/// What becomes of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Image {
    Shown,
    /// It is on this site, where a mail shows nothing of it: it can be opened after signing in.
    SignedIn,
    /// It is elsewhere, and its host is not among those that may be asked.
    Foreign,
    /// It has no whole address, or one where this site has nothing.
    Nowhere,
}

pub(super) fn image(address: &str, site: Site<'_>) -> Image {
    let own = address.strip_prefix(site.prefix).filter(|path| on_site(path)).unwrap_or(address);
    if on_site(own) {
        return match own.starts_with("/files/") {
            true if site.prefix.is_empty() => Image::Shown,
            true => Image::SignedIn,
            false => Image::Nowhere,
        };
    }
    let lower = address.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("https://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if site.image_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)) {
            return Image::Shown;
        }
    }
    if ["https://", "http://", "//"].iter().any(|start| lower.starts_with(start)) {
        Image::Foreign
    } else {
        Image::Nowhere
    }
}

/// Whether an address names a place on this site by its path alone.
pub(super) fn on_site(url: &str) -> bool {
    url.starts_with('/') && !url.starts_with("//") && !url.contains('\\')
}

/// Whether an address says all that a browser needs, and is one of those that are let through.
pub(super) fn whole(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    ["http://", "https://", "mailto:", "tel:", "//"].iter().any(|start| lower.starts_with(start))
}

/// Whether the portal has pages where a path leads.
pub(super) fn portal_has(path: &str) -> bool {
    const FIRST: &[&str] = &[
        "",
        "account",
        "announcements",
        "calls",
        "cases",
        "chat",
        "desk",
        "files",
        "forgot",
        "imports",
        "ledger",
        "legacy",
        "mail",
        "people",
        "publish",
        "rollout",
        "settings",
        "sign-in",
        "timeline",
    ];
    let first = path.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    FIRST.contains(&first)
}

/// Takes out everything that is not text, structure, or a link: scripts, styles, forms, frames, foreign images, and every
/// address that is not http, https, mailto, tel or on this site.
pub(super) fn clean(html: &str, site: Site<'_>) -> String {
    let alert = ["note", "tip", "important", "warning", "caution"].map(|kind| format!("markdown-alert-{kind}"));
    let alerts: HashSet<&str> = alert.iter().map(String::as_str).chain(["markdown-alert"]).collect();
    // The cleaner keeps what it asks.
    let (prefix, hosts) = (site.prefix.to_owned(), site.image_hosts.to_vec());
    let mut cleaner = ammonia::Builder::default();
    cleaner
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .generic_attributes(HashSet::from(["dir", "id", "lang", "title"]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "hreflang", "name"])),
            ("img", HashSet::from(["src", "alt", "width", "height"])),
            ("col", HashSet::from(["span"])),
            ("colgroup", HashSet::from(["span"])),
            ("td", HashSet::from(["align", "colspan", "rowspan"])),
            ("th", HashSet::from(["align", "colspan", "rowspan", "scope"])),
            ("details", HashSet::from(["open"])),
            ("ol", HashSet::from(["start", "reversed"])),
            ("li", HashSet::from(["value"])),
            ("time", HashSet::from(["datetime"])),
        ]))
        .allowed_classes(HashMap::from([("div", alerts), ("p", HashSet::from(["markdown-alert-title"]))]))
        // Long code and wide tables scroll; the keyboard reaches what scrolls (WCAG 2.1.1).
        .set_tag_attribute_value("pre", "tabindex", "0")
        .set_tag_attribute_value("table", "tabindex", "0")
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(move |element, attribute, value| {
            let site = Site { prefix: &prefix, image_hosts: &hosts };
            if value.len() > MAX_ATTRIBUTE {
                return None;
            }
            match (element, attribute) {
                ("img", "src") => (image(value, site) == Image::Shown).then(|| completed(value, site)),
                ("a", "href") if value.starts_with('#') || on_site(value) || whole(value) => {
                    Some(completed(value, site))
                }
                ("a", "href") => None,
                (_, "id") | ("a", "name") => anchors::is_valid(value).then_some(Cow::Borrowed(value)),
                _ => Some(Cow::Borrowed(value)),
            }
        });
    cleaner.clean(&parted(html)).to_string()
}

/// Splits long texts with comments, which are dropped again: the serializer searches all that is left of a text at each `&`
/// and each non-breaking blank (F6).
pub(super) fn parted(html: &str) -> Cow<'_, str> {
    let bytes = html.as_bytes();
    let (mut out, mut done) = (String::new(), 0);
    for text in scan(html).1 {
        let mut begun = text.start;
        for at in text {
            // Neither stands within a character reference, nor within a character.
            if matches!(bytes.get(at), Some(b'&' | 0xc2)) && at - begun >= PIECE {
                out.push_str(html.get(done..at).unwrap_or_default());
                out.push_str("<!---->");
                (done, begun) = (at, at);
            }
        }
    }
    if done == 0 {
        return Cow::Borrowed(html);
    }
    out.push_str(html.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

fn completed<'v>(value: &'v str, site: Site<'_>) -> Cow<'v, str> {
    if on_site(value) && !site.prefix.is_empty() {
        Cow::Owned(format!("{}{value}", site.prefix))
    } else {
        Cow::Borrowed(value)
    }
}
