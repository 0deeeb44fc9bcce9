//! Bodies that old systems kept as HTML, as text (B15). The parser is ammonia's, which leaves a handful of well-formed
//! tags; what they mean for lines is read off in one pass, without recursion (F6).

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

/// Tags that only texts of browsers and mail programs have, and that a line of prose does not have by chance.
const TAGS: &[&str] = &[
    "html",
    "body",
    "div",
    "p",
    "span",
    "br",
    "ul",
    "ol",
    "table",
    "tr",
    "td",
    "blockquote",
    "font",
    "h1",
    "h2",
    "h3",
    "pre",
];
/// What is left by the parser: all that moves a text to another line, and links.
const KEPT: &[&str] = &[
    "p",
    "div",
    "br",
    "hr",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "td",
    "th",
    "blockquote",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "a",
    "img",
];

/// The text of a body that is HTML; `None` for one that is text.
pub(super) fn text_of(body: &str) -> Option<String> {
    if has_entities(body) {
        return Some(convert(&body.replace('\n', "<br>")));
    }
    looks_like_html(body).then(|| convert(&shallow(body)))
}

/// Whether a text without a tag was taken out of HTML: `C&#39;est r&eacute;solu`. In such a text every `&` begins an entity;
/// where entities are what is spoken of (`escape & as &amp;`), one stands alone or none is a part of a word.
fn has_entities(body: &str) -> bool {
    let mut within_words = false;
    let mut before: Option<char> = None;
    for (place, part) in body.split('&').enumerate() {
        if place > 0 {
            let Some((name, after)) = part.split_once(';').filter(|(name, _)| is_entity(name)) else { return false };
            let in_word = [before, after.chars().next()].into_iter().flatten().any(char::is_alphanumeric);
            within_words |= in_word && !["amp", "lt", "gt"].contains(&name);
        }
        before = part.chars().next_back().filter(|c| *c != ';');
    }
    within_words && !body.contains('<')
}

/// Whether this stands between `&` and `;` in HTML.
fn is_entity(name: &str) -> bool {
    let short = (2..=10).contains(&name.len());
    let named = |c: char| c.is_ascii_alphanumeric();
    short && (name.strip_prefix('#').unwrap_or(name)).chars().all(named)
}

/// Whether all of a body is HTML: it begins and ends with a tag, or has tags of lines and no lines of its own. Text in
/// which a piece of HTML is quoted has lines without a tag.
fn looks_like_html(body: &str) -> bool {
    let body = body.trim();
    let lower = body.to_ascii_lowercase();
    let begins = |rest: &str| {
        let name = rest.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        TAGS.contains(&name) && rest.contains('>')
    };
    if lower.starts_with("<!doctype html") || lower.strip_prefix('<').is_some_and(begins) && body.ends_with('>') {
        return true;
    }
    let tagged = ["<br>", "<br/>", "<br />", "</p>", "</div>", "</li>", "</span>", "</td>"]
        .iter()
        .any(|tag| lower.contains(tag));
    let lines: Vec<&str> = lower.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let has_tag = |line: &str| line.split('<').skip(1).any(begins);
    let goes_on = |lines: &[&str]| match lines {
        [.., before, last] => has_tag(last) || before.ends_with('>'),
        _ => true,
    };
    tagged && lines.iter().rev().skip(1).all(|line| has_tag(line)) && goes_on(&lines)
}

/// A body without the tags that stand in others so deep that the parser, which looks through all that are open at each tag,
/// would take minutes for one text (F6); what stands between them stays.
fn shallow(body: &str) -> Cow<'_, str> {
    const DEEPEST: i32 = 500;
    /// Tags without an end, or with one that is left out.
    const FLAT: &[&str] = &["p", "li", "td", "th", "tr", "br", "hr", "img", "input", "meta", "link", "dt", "dd", "col"];
    let mut depth = 0;
    let mut kept = String::new();
    let mut dropped = false;
    for (place, part) in body.split('<').enumerate() {
        if place == 0 {
            kept.push_str(part);
            continue;
        }
        let (ends, name) = part.strip_prefix('/').map_or((false, part), |name| (true, name));
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let nests = !name.is_empty() && !FLAT.iter().any(|flat| flat.eq_ignore_ascii_case(name));
        depth = match (nests, ends) {
            (false, _) => depth,
            (true, false) => depth + 1,
            (true, true) => (depth - 1).max(0),
        };
        // The end of a tag that was dropped stands as deep as its beginning.
        if nests && depth + i32::from(ends) > DEEPEST {
            dropped = true;
            kept.push_str(part.split_once('>').map_or("", |(_, text)| text));
        } else {
            kept.push('<');
            kept.push_str(part);
        }
    }
    if dropped { Cow::Owned(kept) } else { Cow::Borrowed(body) }
}

fn convert(body: &str) -> String {
    let clean = ammonia::Builder::empty()
        .tags(KEPT.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style", "head", "title"]))
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"])), ("img", HashSet::from(["alt"]))]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .link_rel(None)
        .strip_comments(true)
        .clean(body)
        .to_string();
    let mut text = Text::default();
    let mut rest = clean.as_str();
    while let Some(start) = rest.find('<') {
        let (before, tagged) = rest.split_at(start);
        text.words(&unescaped(before));
        let end = tag_end(tagged);
        let (tag, after) = tagged.split_at(end);
        text.tag(tag.trim_start_matches('<').trim_end_matches('>'));
        rest = after;
    }
    text.words(&unescaped(rest));
    text.out.trim().to_owned()
}

/// The place after a tag: a `>` in the value of an attribute does not end it.
fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    for (at, c) in tag.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

/// What the parser's serialiser escapes, and nothing else.
fn unescaped(text: &str) -> String {
    text.replace("&nbsp;", " ")
        .replace('\u{a0}', " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

#[derive(Default)]
struct Text {
    out: String,
    /// Inside `pre`, where blanks and line ends mean themselves.
    kept: u32,
    /// Where the text of each open link begins, and where it leads.
    links: Vec<(usize, String)>,
}

impl Text {
    fn words(&mut self, words: &str) {
        if self.kept > 0 {
            self.out.push_str(words);
            return;
        }
        for c in words.chars() {
            match c {
                c if !c.is_whitespace() => self.out.push(c),
                _ if self.out.is_empty() || self.out.ends_with([' ', '\n', '\t']) => {}
                _ => self.out.push(' '),
            }
        }
    }

    fn lines(&mut self, wanted: usize) {
        while self.kept == 0 && self.out.ends_with([' ', '\t']) {
            self.out.pop();
        }
        if self.out.is_empty() {
            return;
        }
        let present = self.out.chars().rev().take_while(|c| *c == '\n').count();
        for _ in present..wanted {
            self.out.push('\n');
        }
    }

    fn tag(&mut self, tag: &str) {
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        match name {
            "br" => {
                while self.out.ends_with(' ') {
                    self.out.pop();
                }
                self.out.push('\n');
            }
            "hr" | "p" | "/p" | "ul" | "/ul" | "ol" | "/ol" | "blockquote" | "/blockquote" | "table" | "/table" => {
                self.lines(if name.ends_with('p') || name.ends_with("quote") { 2 } else { 1 })
            }
            "pre" => {
                self.lines(2);
                self.kept += 1;
            }
            "/pre" => {
                self.kept = self.kept.saturating_sub(1);
                self.lines(2);
            }
            "div" | "/div" | "tr" | "/tr" | "/li" => self.lines(1),
            "li" => {
                self.lines(1);
                self.out.push_str("- ");
            }
            "td" | "th" if !self.out.is_empty() && !self.out.ends_with('\n') => self.out.push('\t'),
            "a" => self.links.push((self.out.len(), attribute(attributes, "href"))),
            "/a" => {
                if let Some((begin, href)) = self.links.pop() {
                    let said = self.out.get(begin..).unwrap_or_default().trim().to_owned();
                    let address = href.trim_start_matches("mailto:");
                    if said.is_empty() {
                        self.out.push_str(address);
                    } else if !address.is_empty() && said != address {
                        self.out.push_str(&format!(" ({address})"));
                    }
                }
            }
            "img" => {
                let alt = attribute(attributes, "alt");
                self.words(&alt);
            }
            _ if name.trim_start_matches('/').starts_with('h') => self.lines(2),
            _ => {}
        }
    }
}

/// The value of an attribute as the serialiser writes it.
fn attribute(attributes: &str, name: &str) -> String {
    let value = attributes.split_once(&format!("{name}=\"")).map_or("", |(_, rest)| rest);
    unescaped(value.split('"').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B15
    #[test]
    fn b15_html_becomes_text() {
        for (html, text) in [
            (
                r#"<div dir="auto">Hello,<br>the export is <b>empty</b>.&nbsp;See <a href="https://docs.example/x?a=1&amp;b=2">here</a>.</div>"#,
                "Hello,\nthe export is empty. See here (https://docs.example/x?a=1&b=2).",
            ),
            ("<p>Fixed &ndash; please try.</p>", "Fixed – please try."),
            ("Bonjour,<br><br>Merci&nbsp;!<br/>Zoé", "Bonjour,\n\nMerci !\nZoé"),
            ("<p>a</p>\n<p>b</p>", "a\n\nb"),
            ("Hello,<br>\nhow are you?<br>\nZoe", "Hello,\nhow are you?\nZoe"),
            ("<ul><li>one</li><li>two <i>2</i></li></ul>", "- one\n- two 2"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a\tb\nc"),
            ("<pre>port   = 8080\n  x &lt; y</pre>", "port   = 8080\n  x < y"),
            (
                "<html><head><style>p{}</style><title>t</title></head><body><p>x</p><script>alert(1)</script></body></html>",
                "x",
            ),
            (
                r#"<p><a href="https://a.example">https://a.example</a> <a href="javascript:alert(1)">b</a></p>"#,
                "https://a.example b",
            ),
            (r#"<div>a<img alt="a > b" src="x">c</div>"#, "aa > bc"),
            ("<P>1 &lt;b&gt; &amp;amp; 2</P>", "1 <b> &amp; 2"),
        ] {
            assert_eq!(text_of(html).as_deref(), Some(text), "{html}");
        }
    }

    #[test]
    fn text_that_quotes_html_stays_as_it_is() {
        for text in [
            "It was slow.",
            "a < b and b > c",
            "<config><key>1</key></config>",
            "Line one\nsee <br> here\nand there",
            "Look at this:\n<div class=\"x\">\n  <p>hello</p>\n</div>\nIt fails.",
            "My template has <br> in it.\nWhy?",
            "<zoe@rosier.example> wrote:\n> hello",
            "1. open\n2. export </p> vanishes\n3. done",
        ] {
            assert_eq!(text_of(text), None, "{text}");
        }
    }

    /// B15: systems that kept HTML have answers of one line without a tag.
    #[test]
    fn b15_entities_within_words_become_letters() {
        for (html, text) in [
            ("C&#39;est r&eacute;solu", "C'est résolu"),
            ("Merci&nbsp;!", "Merci !"),
            ("R&amp;D dit&#x20;: l&rsquo;export est vide\nVoil&agrave;", "R&D dit : l’export est vide\nVoilà"),
        ] {
            assert_eq!(text_of(html).as_deref(), Some(text), "{html}");
        }
        for text in [
            "escape & as &amp;",
            "use &eacute; for é",
            "AT&T",
            "a&b;c",
            "if (a &amp;&amp; b)",
            "x=1&y=2;z",
            "caf&eacute & co",
        ] {
            assert_eq!(text_of(text), None, "{text}");
        }
    }

    /// F6
    #[test]
    fn f6_tags_that_stand_too_deep_in_each_other_are_dropped_before_parsing() {
        let nested = |depth: usize| format!("{}x &lt;y{}", "<div>".repeat(depth), "</div>".repeat(depth));
        assert_eq!(text_of(&nested(400)).as_deref(), Some("x <y"));
        assert_eq!(text_of(&nested(100_000)).as_deref(), Some("x <y"));
        let quoted = format!("{}<p>deep</p>{}<p>end</p>", "<blockquote>".repeat(600), "</blockquote>".repeat(600));
        assert_eq!(text_of(&quoted).as_deref(), Some("deep\n\nend"));
        assert_eq!(text_of(&"<p>x".repeat(2_000)).map(|text| text.lines().count()), None, "it does not end with a tag");
        assert!(text_of(&format!("{}<br>", "<p>x".repeat(2_000))).is_some_and(|text| text.starts_with("x\n\nx")));
    }
}
