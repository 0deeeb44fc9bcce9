//! What a text becomes, from Markdown to the page.

use domain::{announcements::AnnouncementRemark, locale::Locale};

mod bounds;
mod safe;

use super::{Article, Site, Text, render, seen};

const PAGE: Site<'static> = Site { prefix: "", image_hosts: &[] };

fn text<'a>(title: &'a str, markdown: &'a str) -> Text<'a> {
    Text { title, markdown, first_line: 1, locale: Locale::Fr }
}

fn made(markdown: &str) -> Article {
    render(text("t", markdown), PAGE).expect("rendered")
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
    let source = "[a](/cases/new) ![p](/files/p.png) [b](//elsewhere.example/x) ![q](https://elsewhere.example/q.png)";
    let Article { html, plain, .. } =
        render(text("t", source), Site { prefix: site, image_hosts: &[] }).expect("rendered");
    assert!(html.contains("href=\"https://support.nordlys.example/cases/new\""), "{html}");
    // A mail program has no session: an image of this site can only be opened.
    assert!(
        html.contains("<a href=\"https://support.nordlys.example/files/p.png\"") && !html.contains("<img"),
        "{html}"
    );
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
    let source =
        "## Mars\n\nUn [lien](https://a.example) et\n<a@b.example>.\n\n* un\n* deux\n  trois\n\n1. x\n   - y\n\n> cité";
    let expected =
        "Mars\n====\n\nUn lien (https://a.example) et a@b.example.\n\n- un\n- deux trois\n\n1. x\n   - y\n\n> cité\n";
    assert_eq!(made(source).plain, expected);
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
    assert!(plain.contains("Région\nEurope") && plain.contains("ligne\nsur deux") && plain.contains("- b"), "{plain}");
}

/// B20: no text goes because of the tags around it, and what goes is named with its line.
#[test]
fn b20_text_survives_its_tags_and_what_is_dropped_is_said() {
    let source = "a\n\n<select><option>Europe<option>Asie</select>\n<section>un</section><section>deux</section>\n\
                  <title>Titre</title>\n<textarea>saisi</textarea><iframe src=x>cadre</iframe>\n\n<plaintext>brut\n\n**fin**";
    let Article { html, remarks, .. } = made(source);
    let seen: Vec<String> = domain::text::words(&seen::text(&html)).collect();
    for word in ["europe", "asie", "un", "deux", "titre", "saisi", "cadre", "brut", "fin"] {
        assert!(seen.iter().any(|seen| seen == word), "{word} is not in {seen:?}: {html}");
    }
    assert!(remarks.iter().all(|remark| !matches!(remark, AnnouncementRemark::LostText { .. })), "{remarks:?}");
    let dropped = |name: &str, line| AnnouncementRemark::DroppedElement { line, name: name.into() };
    assert!(remarks.contains(&dropped("select", 3)) && remarks.contains(&dropped("plaintext", 8)), "{remarks:?}");
}

/// B20: the parser leaves out what a row has beyond its table's columns.
#[test]
fn b20_cells_without_a_column_are_lost_and_said() {
    let remarks =
        made("| A | B |\n|---|---|\n| a | b | perdue | aussi |\n| c \\| d | e |\n| f\n\n> | A |\n> |---|\n> | x | y |")
            .remarks;
    let lost = |line, text: &str| AnnouncementRemark::LostText { line, text: text.into() };
    assert_eq!(remarks, [lost(3, "perdue aussi"), lost(9, "y")]);
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
        !html.contains("#nowhere") && !html.contains("page.md") && html.contains("<p>x</p>") || html.contains("<a rel"),
        "{html}"
    );
    let said: Vec<u32> = remarks.iter().map(AnnouncementRemark::line).collect();
    assert_eq!(said, [4, 5, 6, 18], "{remarks:?}");
}

/// B23: the same endings as in entries.
#[test]
fn b23_addresses_in_the_text_are_links() {
    let html =
        made("Voir https://docs.example/aide\u{a0}: tout. «\u{a0}https://docs.example/faq\u{a0}» `https://a.example`")
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
