//! E-mail addresses in the one form they have everywhere.

use serde::{Deserialize, Serialize};

use super::clean::is_filler;
use crate::FieldError;

/// An e-mail address in the one form it has everywhere: the local part as it was written, in ASCII; the domain in lower case
/// and in punycode. It is stored, compared and sent to like that; [`EmailAddress::letters`] is for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Takes what mail servers take in practice: one `@`, no white space or control characters, no quoting, a domain
    /// with a dot, at most 254 bytes (RFC 5321). Exactly one address: no lists, no display names (CVE-2023-7028). A domain may
    /// be written in letters or in punycode (B16, UTS 46); it is no number, which would be the address of a machine. What cannot
    /// be seen is dropped, as it is copied along unnoticed, and full-width letters are read as the others.
    ///
    /// # Errors
    /// [`FieldError::NotAsciiBeforeAt`] for a local part with other letters: mail servers without SMTPUTF8 refuse it, and
    /// browsers do not send it, so that its owner could never sign in (T04). [`FieldError::Required`],
    /// [`FieldError::TooLong`], [`FieldError::NotAnEmail`].
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        const MAX: u32 = 254;
        if text.len() > 8 * MAX as usize {
            return Err(FieldError::TooLong { max: MAX });
        }
        let text: String = text.chars().map(half_width).collect();
        let text = text.trim_matches(|c: char| c.is_whitespace() || is_unseen(c));
        if text.is_empty() {
            return Err(FieldError::Required);
        }
        let (local, domain) = text.split_once('@').ok_or(FieldError::NotAnEmail)?;
        let local: String = local.chars().filter(|c| !is_unseen(*c)).collect();
        // Inside a domain some of them carry meaning, which UTS 46 knows; marks of direction never do.
        let domain: String = domain.chars().filter(|c| is_filler(*c) || !is_unseen(*c)).collect();
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
        let domain = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL)
            .map_err(|_| FieldError::NotAnEmail)?
            .into_owned();
        let domain_ok = domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
            && domain.rsplit('.').next().is_some_and(|last| !last.bytes().all(|byte| byte.is_ascii_digit()));
        if !local_ok || !domain_ok {
            return Err(FieldError::NotAnEmail);
        }
        if !local.is_ascii() {
            return Err(FieldError::NotAsciiBeforeAt);
        }
        let address = format!("{local}@{domain}");
        if address.len() > MAX as usize { Err(FieldError::TooLong { max: MAX }) } else { Ok(Self(address)) }
    }

    /// Lower-case form: two addresses are one identity when these are equal.
    pub fn normalised(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The address as people read it: `kontakt@müller.example`.
    pub fn letters(&self) -> String {
        in_letters(&self.0)
    }
}

/// Characters that no reader sees: fillers, and marks of direction.
fn is_unseen(c: char) -> bool {
    is_filler(c) || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `ｕｇｏ＠` as `ugo@`: what a keyboard for Japanese or Chinese makes of the same keys.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// Whether an address is at one of the domains, or at a part of one: `a@mail.nordlys.example` is at `nordlys.example`. Both in
/// the form of [`EmailAddress`].
pub fn is_at(address: &str, domains: &[String]) -> bool {
    let Some((_, domain)) = address.rsplit_once('@') else { return false };
    let domain = domain.to_ascii_lowercase();
    domains.iter().any(|of| domain.strip_suffix(of.as_str()).is_some_and(|part| part.is_empty() || part.ends_with('.')))
}

/// A stored address as people read it: the domain in letters. A domain that cannot be shown that way stays in punycode.
pub fn in_letters(address: &str) -> String {
    match address.split_once('@') {
        Some((local, domain)) if domain.split('.').any(|label| label.starts_with("xn--")) => {
            let (letters, shown) = idna::domain_to_unicode(domain);
            if shown.is_ok() { format!("{local}@{letters}") } else { address.to_owned() }
        }
        _ => address.to_owned(),
    }
}

as_text!(EmailAddress);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_one_address_each() {
        assert_eq!(
            EmailAddress::parse(" Ana.Lopez@Example.com ").map(|a| a.normalised()),
            Ok("ana.lopez@example.com".into())
        );
        for bad in [
            "",
            "ana",
            "ana@",
            "@example.com",
            "ana@example",
            "a b@example.com",
            "a@b@example.com",
            "a@example.com,b@example.com",
            "Ana <ana@example.com>",
            "ana@example.com\r\nBcc: x@example.com",
            ".a@example.com",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "\"a b\"@example.com",
            "a@example.com.",
            "\u{200b}",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    /// B16: copied from a page, a mail or a table, an address brings along what cannot be seen.
    #[test]
    fn b16_what_cannot_be_seen_makes_no_other_address() {
        for written in [
            "\u{feff}ugo.petit@example.com\u{200b}",
            "\u{202a}ugo.petit@example.com\u{202c}",
            "ugo.\u{ad}petit@exam\u{200b}ple.com",
            "\u{a0}ugo.petit@\u{200e}example.com\u{3000}",
            "ｕｇｏ．ｐｅｔｉｔ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        ] {
            assert_eq!(EmailAddress::parse(written).map(EmailAddress::into_string), Ok("ugo.petit@example.com".into()));
        }
    }

    /// F7
    #[test]
    fn f7_an_address_is_at_a_domain_or_at_a_part_of_it() {
        let domains = ["nordlys.example".to_owned(), "xn--mller-kva.example".to_owned()];
        for (address, at) in [
            ("a@nordlys.example", true),
            ("A@NORDLYS.example", true),
            ("a@mail.nordlys.example", true),
            ("a@notnordlys.example", false),
            ("a@nordlys.example.com", false),
            ("nordlys.example", false),
        ] {
            assert_eq!(is_at(address, &domains), at, "{address}");
        }
        let letters = EmailAddress::parse("a@müller.example").expect("an address");
        assert!(is_at(letters.as_str(), &domains));
        assert!(!is_at("a@nordlys.example", &[]));
    }

    #[test]
    fn b16_a_domain_in_letters_and_in_punycode_is_one_address() {
        let punycode = "kontakt@xn--mller-bcher-thbg.example";
        for written in [
            "kontakt@müller-bücher.example",
            "Kontakt@MÜLLER-BÜCHER.Example",
            "kontakt@mu\u{308}ller-bücher.example",
            "KONTAKT@xn--mller-bcher-thbg.example",
            "kontakt@müller-bücher\u{3002}example",
        ] {
            let address = EmailAddress::parse(written).unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!(address.normalised(), punycode, "{written}");
            assert!(address.as_str().is_ascii(), "what is stored and sent to: {written}");
            assert!(address.letters().ends_with("@müller-bücher.example"), "{written}");
            assert_eq!(EmailAddress::parse(&address.letters()), Ok(address), "{written}");
        }
        assert_eq!(EmailAddress::parse("Ana@EXAMPLE.com").map(EmailAddress::into_string), Ok("Ana@example.com".into()));
        assert_eq!(in_letters("ana@example.com"), "ana@example.com");
        assert_eq!(in_letters("ana@xn--a.example"), "ana@xn--a.example", "no valid punycode");
    }

    #[test]
    fn t04_a_local_part_that_is_not_ascii_is_refused_with_its_reason() {
        for refused in ["zoé@rosier.example", "mi\u{212a}e@rosier.example", "用户@rosier.example", "zoé@müller.example"]
        {
            assert_eq!(EmailAddress::parse(refused), Err(FieldError::NotAsciiBeforeAt), "{refused}");
        }
        for refused in [
            "ana@exa_mple.com",
            "ana@xn--a.example",
            "ana@\u{202e}.example",
            "ana@-x.example",
            "zoé@example",
            "ana@a\u{ad}.\u{ad}.example",
        ] {
            assert_eq!(EmailAddress::parse(refused), Err(FieldError::NotAnEmail), "{refused}");
        }
        let long = format!("ana@{}example", "bücherei-müller.".repeat(15));
        assert_eq!(EmailAddress::parse(&long), Err(FieldError::TooLong { max: 254 }), "counted as it is stored");
    }
}
