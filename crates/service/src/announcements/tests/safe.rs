//! No text runs anything in a reader's browser.

use super::{PAGE, made, text};
use crate::announcements::{clean, render, tags};

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
            cleaned.push(clean::clean(attack, PAGE));
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

/// Pieces of attacks in any order, between texts that are long enough to be cut: what comes out has no attribute that is not
/// known, no address that runs, and is the same when it is parsed again (mXSS: CVE-2020-26870).
#[test]
fn cve_2020_26870_what_is_put_together_of_attacks_runs_nothing_either() {
    let long = "&amp; \u{a0}x".repeat(200);
    let pieces = [
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<math><annotation-xml encoding=\"text/html\"><style><img src=x onerror=alert(1)></style>",
        "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<!--<img src=\"--><img src=x onerror=alert(1)//\">",
        "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
        "<a href=\"&#1;javascript:alert(1)\">x</a>",
        "[x](javascript&#58;alert(1))",
        "![x](javascript:alert(1))",
        "<select><style></select><img src=x onerror=alert(1)>",
        "<textarea></title><script>alert(1)</script>",
        "<xmp></xmp><img src=x onerror=alert(1)>",
        "<template><script>alert(1)</script></template>",
        "<details open ontoggle=alert(1)>",
        "<a title='\"onmouseover=alert(1) x=\"'>",
        "<table><td><b id=x></table>",
        "<? <!-- > -->",
        "<![CDATA[ ]]><img onerror=alert(1) src=x>",
        "<img alt='<script>' src=/files/x>",
        "\n\n",
        "`",
        "```\n",
        "<!--",
        "-->",
        "</p>",
        "\"",
        "'",
        ">",
        "<",
        "=",
        "&lt;script&gt;",
        &long,
    ];
    // Numbers that look random, and are the same each time.
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..600 {
        let count = 1 + next(6);
        let source: String = (0..count).map(|_| pieces[next(pieces.len())]).collect();
        let html = match render(text("t", &source), PAGE) {
            Ok(article) => article.html,
            Err(failure) => panic!("{source}: {failure}"),
        };
        assert_eq!(clean::clean(&html, PAGE), html, "{source}");
        for (name, attributes) in tags::attributes(&html) {
            let known = ["href", "src", "alt", "rel", "title", "id", "open", "class", "lang", "tabindex"];
            let mut rest = attributes;
            while let Some((before, after)) = rest.split_once("=\"") {
                let attribute = before.trim();
                let (value, next) = after.split_once('"').unwrap_or((after, ""));
                assert!(known.contains(&attribute), "{source}: <{name} {attribute}> in {html}");
                assert!(!value.to_ascii_lowercase().trim_start().starts_with("javascript"), "{source}: {html}");
                rest = next;
            }
            assert!(!["script", "style", "svg", "math", "form", "template"].contains(&name), "{source}: {html}");
        }
    }
}
