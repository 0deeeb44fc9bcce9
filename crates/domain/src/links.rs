//! Addresses in what people write: entries, notes, chat, mails and announcements find the same ones (B23, B25).

use linkify::{LinkFinder, LinkKind};

/// A part of a text. The parts, one after the other, are the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span<'a> {
    Text(&'a str),
    /// An address elsewhere: `http`, `https` or `mailto`.
    Away {
        shown: &'a str,
        address: String,
    },
    /// A path on this site: a case, by its address or by its number.
    Here {
        shown: &'a str,
        path: String,
    },
}

/// Finds the addresses that begin with `http://`, `https://` or `www.`, mail addresses, paths like `/cases/…` and case
/// numbers. An address ends before any white space (U+00A0 and U+202F too, which French puts before `:` and `!`), before
/// closing quotation marks, and before the punctuation that ends a sentence (B23).
pub fn spans(text: &str) -> Vec<Span<'_>> {
    let mut found = Vec::new();
    let mut done = 0;
    for (start, end, mail) in addresses(text) {
        if start < done {
            continue;
        }
        let (Some(before), Some(shown)) = (text.get(done..start), text.get(start..end)) else { continue };
        cases(before, &mut found);
        let address = if mail {
            format!("mailto:{shown}")
        } else if shown.starts_with("www.") {
            format!("https://{shown}")
        } else {
            shown.to_owned()
        };
        found.push(Span::Away { shown, address });
        done = end;
    }
    cases(text.get(done..).unwrap_or_default(), &mut found);
    found
}

/// Returns where addresses begin and end, and which are mail addresses.
fn addresses(text: &str) -> Vec<(usize, usize, bool)> {
    let finder = LinkFinder::new();
    let mut found = Vec::new();
    let mut begun = 0;
    // The finder looks beyond what ends an address here: each of many addresses would be looked for in all that follows it.
    for (at, c) in text.char_indices().filter(|(_, c)| ends(*c)) {
        find(&finder, text, (begun, at), &mut found);
        begun = at + c.len_utf8();
    }
    find(&finder, text, (begun, text.len()), &mut found);
    let mut all = Vec::with_capacity(found.len());
    let mut done = 0;
    for (start, end, mail) in found {
        without_scheme(text, done, start, &mut all);
        all.push((start, end, mail));
        done = end;
    }
    without_scheme(text, done, text.len(), &mut all);
    all
}

/// Finds the addresses in a part of the text that holds nothing that ends one.
fn find(finder: &LinkFinder, text: &str, (begun, ended_at): (usize, usize), found: &mut Vec<(usize, usize, bool)>) {
    let part = text.get(begun..ended_at).unwrap_or_default();
    for link in finder.links(part) {
        let (mut from, end) = (link.start(), link.end());
        // What was cut off an address may hold the next one.
        while let Some(inner) = part.get(from..end).and_then(|rest| finder.links(rest).next()) {
            let start = from + inner.start();
            let shown = ended(part.get(start..from + inner.end()).unwrap_or_default());
            let mail = *inner.kind() == LinkKind::Email;
            if shown.is_empty() {
                from += inner.end().max(1);
                continue;
            }
            let lower = shown.to_ascii_lowercase();
            let begins = |scheme: &str| lower.len() > scheme.len() && lower.starts_with(scheme);
            if mail || begins("http://") || begins("https://") {
                found.push((begun + start, begun + start + shown.len(), mail));
            }
            from = start + shown.len();
        }
    }
}

/// Whether an address ends before a character, wherever it stands.
fn ends(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "«»“”„‘’‹›<>\"`".contains(c)
}

/// Addresses that begin with `www.`; `data.json` is none.
fn without_scheme(text: &str, from: usize, to: usize, found: &mut Vec<(usize, usize, bool)>) {
    const START: &str = "www.";
    let mut at = from;
    while let Some(start) = text.get(at..to).and_then(|rest| rest.find(START)).map(|offset| at + offset) {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let shown = ended(text.get(start..to).unwrap_or_default());
        let named = shown.get(START.len()..).is_some_and(|name| name.contains('.') && !name.starts_with('.'));
        if named && before.is_none_or(|before| !before.is_alphanumeric() && !"-_/.@".contains(before)) {
            found.push((start, start + shown.len(), false));
        }
        at = start + shown.len().max(START.len());
    }
}

/// Returns an address without what follows it in the sentence.
fn ended(address: &str) -> &str {
    let mut address = address.split(ends).next().unwrap_or_default();
    loop {
        let closed = |open, close| address.matches(open).count() >= address.matches(close).count();
        let cut = match address.chars().next_back() {
            Some('.' | ',' | ':' | ';' | '!' | '?' | '\'' | '*' | '_' | '…') => true,
            Some(')') => !closed('(', ')'),
            Some(']') => !closed('[', ']'),
            Some('}') => !closed('{', '}'),
            _ => false,
        };
        if !cut {
            return address;
        }
        let mut chars = address.chars();
        chars.next_back();
        address = chars.as_str();
    }
}

/// Returns the cases that a text without addresses names.
fn cases<'a>(text: &'a str, found: &mut Vec<Span<'a>>) {
    let mut done = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let inside_word = text
            .get(..at)
            .and_then(|before| before.chars().next_back())
            .is_some_and(|before| before.is_alphanumeric() || "-_/.".contains(before));
        let named = if inside_word { None } else { path(rest).or_else(|| number(rest)) };
        match named {
            Some((length, path)) => {
                push_text(text.get(done..at), found);
                found.push(Span::Here { shown: rest.get(..length).unwrap_or_default(), path });
                at += length;
                done = at;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    push_text(text.get(done..), found);
}

fn push_text<'a>(text: Option<&'a str>, found: &mut Vec<Span<'a>>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        found.push(Span::Text(text));
    }
}

/// Reads `/cases/` and an id.
fn path(text: &str) -> Option<(usize, String)> {
    const START: &str = "/cases/";
    let id = text.strip_prefix(START)?.get(..36)?;
    id.parse::<uuid::Uuid>().ok()?;
    let length = START.len() + id.len();
    ends_here(text, length).then(|| (length, format!("{START}{id}")))
}

/// Reads the number of a case: up to eight capital letters, a dash, nine digits. It leads to the search, as it may be the
/// number of another company's case, or of another system's.
fn number(text: &str) -> Option<(usize, String)> {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = text.get(letters..)?.strip_prefix('-')?.bytes().take_while(u8::is_ascii_digit).count();
    let length = letters + 1 + digits;
    let whole = (1..=8).contains(&letters) && digits == 9 && ends_here(text, length);
    let shown = text.get(..length)?;
    whole.then(|| (length, format!("/cases?search={shown}")))
}

fn ends_here(text: &str, length: usize) -> bool {
    let next = text.get(length..).and_then(|rest| rest.chars().next());
    next.is_none_or(|next| !next.is_alphanumeric() && next != '_' && next != '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away(text: &str) -> Vec<String> {
        let found = spans(text);
        let whole: String = found
            .iter()
            .map(|span| match span {
                Span::Text(shown) | Span::Away { shown, .. } | Span::Here { shown, .. } => *shown,
            })
            .collect();
        assert_eq!(whole, text, "the parts are the whole");
        let links = found.into_iter().filter_map(|span| match span {
            Span::Text(_) => None,
            Span::Away { address, .. } | Span::Here { path: address, .. } => Some(address),
        });
        links.collect()
    }

    /// B23: French typography puts a blank that does not break before `:`, `!` and `»`.
    #[test]
    fn b23_addresses_end_before_french_punctuation() {
        let text = "Voir https://docs.example/aide\u{a0}: tout. Et «\u{a0}https://docs.example/faq\u{a0}», \
                    ou «https://docs.example/x». https://docs.example/guide\u{202f}! (https://docs.example/a_(b)) \
                    https://docs.example/c. “https://docs.example/d” ‘https://docs.example/e’ https://docs.example/f?!";
        let wanted =
            ["aide", "faq", "x", "guide", "a_(b)", "c", "d", "e", "f"].map(|end| format!("https://docs.example/{end}"));
        assert_eq!(away(text), wanted);
    }

    #[test]
    fn b25_addresses_of_every_kind_are_found() {
        assert_eq!(away("HTTP://A.example/x"), ["HTTP://A.example/x"]);
        assert_eq!(away("www.a.example, ftp://a.example and data.json"), ["https://www.a.example"]);
        assert_eq!(away("aide@rosier.example ; ok"), ["mailto:aide@rosier.example"]);
        assert_eq!(away("à jean.dupont@rosier.example."), ["mailto:jean.dupont@rosier.example"]);
        assert_eq!(away("www. www.x awww.a.example"), [] as [&str; 0]);
        assert_eq!(
            away("https://a.example/?q=1&b=2#c, https://b.example"),
            ["https://a.example/?q=1&b=2#c", "https://b.example"]
        );
        assert_eq!(away("javascript:alert(1) data:text/html,x https://"), [] as [&str; 0]);
        assert_eq!(away(""), [] as [&str; 0]);
    }

    #[test]
    fn b25_cases_are_found_by_number_and_by_address() {
        let id = "01990000-0000-7000-8000-000000000001";
        assert_eq!(away(&format!("see /cases/{id}.")), [format!("/cases/{id}")]);
        assert_eq!(away("see GUI-000000042, please"), ["/cases?search=GUI-000000042"]);
        assert_eq!(away("XGUI-0000000421 aGUI-000000042 ORA-00600 GUI-000000042x"), [] as [&str; 0]);
        assert_eq!(away(&format!("https://a.example/cases/{id}")), [format!("https://a.example/cases/{id}")]);
    }

    /// The longest entry, made to be slow.
    #[test]
    fn long_texts_are_read_soon() {
        let started = std::time::Instant::now();
        for unit in [
            "a@",
            "http://",
            "www.",
            ":",
            "://",
            "a.",
            "(",
            "https://a.example/)",
            "https://a.example/(",
            "/cases/",
            "GUI-",
            "@a.b ",
        ] {
            let text: String = unit.chars().cycle().take(20_000).collect();
            let shown: usize = spans(&text).len();
            assert!(shown <= text.len());
        }
        // Each of these was looked for in all that follows it.
        for unit in ["https://a.example»", "https://a.example’", "a@b.example»", "https://a.example\u{a0}"] {
            let text = unit.repeat(100_000 / unit.len());
            assert_eq!(away(&text).len(), 100_000 / unit.len(), "{unit}");
        }
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }
}
