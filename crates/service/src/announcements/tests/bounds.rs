//! No text ends or holds the process (F6).

use domain::{Failure, FieldError, announcements::AnnouncementProblem};

use super::{PAGE, made, text};
use crate::announcements::{Article, render, seen};

/// F6: 1,000 bytes of `>` ended the process. What is nested too deep or asks for too much is refused, the rest is rendered,
/// all of it soon: no text holds a worker. The bound is for a build without optimisation on a busy machine, which needs a
/// second or two for the longest; what is quadratic needs minutes.
#[test]
fn f6_no_text_that_repeats_itself_ends_or_holds_the_process() {
    let long = [
        "> ",
        "- ",
        "*",
        "~~",
        "[",
        "![",
        "(",
        ">",
        "*a **b ",
        "~~a ~b ",
        "<b>",
        "<div>",
        "<table><tr><td>",
        "`",
        "<",
        "&",
        "|",
    ];
    for unit in long {
        soon(unit, &unit.repeat(100_000.min(256 * 1024 / unit.len())));
    }
}

#[test]
fn f6_no_part_of_a_text_is_looked_at_again_by_each_that_follows() {
    let units = [
        "*a_",
        "- a\n",
        "> a\n\n",
        "a\u{a0}",
        "«»",
        "&#",
        "&amp;",
        "## a\n\n",
        "a\n=\n",
        "## é {#x}\n\n",
        "[](#a)",
        "<br>",
        "<p>",
        "<a>x<p>",
        "<!--",
        "<!-->",
        "<? ",
        "[a]: /x\n",
        "| a ",
        "\\",
        "\"",
        "<a b=\"",
        "<i></b>",
        "<x>",
        "a@b.fr ",
        "https://a.b ",
        "\u{200b}",
        "+++a\n\n",
        "[!DNL ",
    ];
    for unit in units {
        soon(unit, &unit.repeat(60_000 / unit.len()));
    }
}

#[test]
fn f6_a_few_bytes_do_not_ask_for_very_many_elements() {
    const LONGEST: usize = 100_000;
    let rows = |columns: usize, rows: usize| {
        format!("|{}\n|{}\n{}", "a|".repeat(columns), "-|".repeat(columns), "|\n".repeat(rows))
    };
    let open: String = (0..90).map(|number| format!("<b id=a{number}>")).collect();
    let attributes: String = (0..15_000).map(|number| format!(" a{number}=1")).collect();
    for (name, source) in [
        ("wide table", rows(10_000, 3_000)),
        ("long table", rows(1_000, 200)),
        ("loose in a table", format!("<table>{}", "<p>".repeat(LONGEST))),
        ("loose in a table, as Markdown", format!("<table>\n\n{}", "x\n\n".repeat(LONGEST / 3))),
        ("formatting begun again", format!("<p>{open}{}", "x<p>".repeat(LONGEST / 4))),
        (
            "hidden by a cell",
            format!("<p>{open}<table><td>{}</table>{}", "</b>".repeat(90), "x<p>".repeat(LONGEST / 4)),
        ),
        ("attributes", format!("<a{attributes}>x</a>")),
        ("description", format!("![a{}](https://a.example/b)", "&".repeat(LONGEST))),
        ("title", format!("[a](https://a.example/b '{}')", "\u{a0}".repeat(LONGEST))),
        ("mixed", format!("{}{}", "&".repeat(LONGEST), "<".repeat(LONGEST))),
    ] {
        soon(name, &source);
    }
}

fn soon(name: &str, source: &str) {
    let started = std::time::Instant::now();
    match render(text("t", source), PAGE) {
        Ok(_) => {}
        Err(Failure::Invalid(errors)) => {
            let problem = errors.get("source");
            let refused = matches!(
                problem,
                Some(FieldError::Announcement(
                    AnnouncementProblem::TooDeep { .. }
                        | AnnouncementProblem::TooManyParts { .. }
                        | AnnouncementProblem::LooseInTable { .. }
                ))
            );
            assert!(refused, "{name}: {problem:?}");
        }
        Err(other) => panic!("{name}: {other}"),
    }
    assert!(started.elapsed().as_secs() < 20, "{name}: {:?}", started.elapsed());
}

#[test]
fn f6_depth_and_parts_have_one_bound_each() {
    let quoted = |levels: usize| render(text("t", &format!("{}x", "> ".repeat(levels))), PAGE);
    assert!(quoted(98).is_ok());
    assert_eq!(problem(quoted(101)), AnnouncementProblem::TooDeep { line: 1, max: 100 });
    let table = |rows: usize| render(text("t", &format!("|a|\n|-|\n{}", "|b|\n".repeat(rows))), PAGE);
    assert!(table(10_000).is_ok());
    assert_eq!(problem(table(20_000)), AnnouncementProblem::TooManyParts { max: 50_000 });
    let loose = |cells: usize| render(text("t", &format!("a\n\n<table>{}</table>", "<p>".repeat(cells))), PAGE);
    assert!(loose(2_000).is_ok());
    assert_eq!(problem(loose(2_001)), AnnouncementProblem::LooseInTable { line: 3, max: 2_000 });
    // What is closed in its order begins nowhere again.
    assert!(render(text("t", &"<p><b><i>x</i></b>".repeat(10_000)), PAGE).is_ok());
}

fn problem(rendered: Result<Article, Failure>) -> AnnouncementProblem {
    match rendered {
        Err(Failure::Invalid(errors)) => match errors.get("source") {
            Some(FieldError::Announcement(problem)) => problem.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// F6: a heading of 80 Chinese characters had a name that was never valid, with whatever number.
#[test]
fn f6_a_long_heading_has_a_name() {
    let heading = "打".repeat(80);
    let html = made(&format!("## {heading}\n\n## {heading}\n")).html;
    let short = "打".repeat(60);
    assert!(
        html.contains(&format!("<h2 id=\"{short}\">")) && html.contains(&format!("<h2 id=\"{short}-1\">")),
        "{html}"
    );
}

/// A text of many `&` is cut for the writer, and put together again: also beside comments of all kinds.
#[test]
fn f6_long_texts_stay_whole() {
    for between in ["&", "\u{a0}", "&amp;", "&lt;", "é", "«"] {
        let part = format!("a{between}b ").repeat(1_000);
        let html = made(&format!("x <!-- {part} --> y\n\n{part}\n\n<? {part} ?>")).html;
        assert!(!html.contains("<!--"), "{between}");
        let shown = seen::text(&html).replace(' ', "");
        let wanted = part.replace("&amp;", "&").replace("&lt;", "<").replace(' ', "");
        assert_eq!(shown.replace('\n', ""), format!("xy{wanted}"), "{between}");
    }
}
