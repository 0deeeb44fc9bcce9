//! User text in a mail: its lines and blanks survive in every mail program, its addresses are links, and it is never part of
//! the mail around it (B17, B25, T35).

use std::fmt::Write;

use domain::links::{Span, spans};

/// Text as HTML. Lines are `<br>` and blanks at the beginning of a line or in a row `&nbsp;`: Outlook knows no `white-space`.
pub(super) fn html(text: &str, portal: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| html_line(line.trim_end(), portal)).collect();
    lines.join("<br>\n")
}

fn html_line(line: &str, portal: &str) -> String {
    let mut out = String::new();
    let mut blank = true;
    for span in spans(line) {
        match span {
            Span::Text(text) => {
                write_text(text, &mut blank, &mut out);
                continue;
            }
            Span::Away { shown, address } => write_link(&address, shown, &mut out),
            Span::Here { shown, path } => write_link(&format!("{portal}{path}"), shown, &mut out),
        }
        blank = false;
    }
    out
}

fn write_link(address: &str, shown: &str, out: &mut String) {
    out.push_str("<a href=\"");
    escape(address, out);
    out.push_str("\" rel=\"nofollow noopener\">");
    escape(shown, out);
    out.push_str("</a>");
}

/// `blank`: whether a blank here would be one of several, or the first of a line.
fn write_text(text: &str, blank: &mut bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '\t' => {
                out.push_str("&nbsp;&nbsp;&nbsp;&nbsp;");
                *blank = true;
            }
            ' ' if *blank => out.push_str("&nbsp;"),
            ' ' => {
                out.push(' ');
                *blank = true;
            }
            c => {
                escape(c.encode_utf8(&mut [0; 4]), out);
                *blank = false;
            }
        }
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// Text as it was typed, each line begun with `> `: no line of it is the signature, or looks like a line of the mail.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        let _ = writeln!(out, "> {line}");
    }
    out.trim_end_matches('\n').to_owned()
}

/// `de` before a French name: `d’Omar`, `de Claire`. Before an h it stays: some are mute and some are not.
pub(super) fn of(name: &str) -> String {
    let first = domain::text::fold(name).chars().next();
    if first.is_some_and(|first| "aeiou".contains(first)) { format!("d’{name}") } else { format!("de {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B17: the indented configuration of the report.
    #[test]
    fn b17_lines_and_blanks_survive_without_styles() {
        let text = "Bonjour,\n\n[server]\n    port   = 8080\n\tx <b>\n\n\n\nOmar";
        let wanted = "Bonjour,<br>\n<br>\n[server]<br>\n&nbsp;&nbsp;&nbsp;&nbsp;port &nbsp;&nbsp;= 8080<br>\n\
                      &nbsp;&nbsp;&nbsp;&nbsp;x &lt;b&gt;<br>\n<br>\n<br>\n<br>\nOmar";
        assert_eq!(html(text, ""), wanted);
    }

    /// T35: two dashes and a blank begin no signature.
    #[test]
    fn t35_no_line_of_a_text_is_a_line_of_the_mail() {
        assert_eq!(quoted("a\n\n\n-- \nBcc: x"), "> a\n> \n> \n> -- \n> Bcc: x");
    }

    #[test]
    fn b25_addresses_in_mails_are_links_and_nothing_more() {
        let made = html("see https://a.example/?a=1&b=\"x and GUI-000000042", "https://p.example");
        let wanted = "see <a href=\"https://a.example/?a=1&amp;b=\" rel=\"nofollow noopener\">https://a.example/?a=1&amp;b=</a>&quot;x and \
                      <a href=\"https://p.example/cases?search=GUI-000000042\" rel=\"nofollow noopener\">GUI-000000042</a>";
        assert_eq!(made, wanted);
    }

    #[test]
    fn french_names_are_elided() {
        assert_eq!(
            (of("Omar"), of("Élise"), of("Claire"), of("Hugo")),
            ("d’Omar".into(), "d’Élise".into(), "de Claire".into(), "de Hugo".into())
        );
    }
}
