//! Numbers to call: region, languages, hours in the desk's time zone, and whether the line is open now.

use domain::calls::{Hours, PhoneLine};
use leptos::prelude::*;

use crate::{
    i18n::*,
    language::use_locale,
    ui::{Badge, Moment, Tone},
};

/// Shows the reader's own region in full and the others one click away, or unfolded where the own region has no line.
#[component]
pub fn PhoneLines(lines: Vec<PhoneLine>) -> impl IntoView {
    let l = use_locale();
    let (own, others): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.own);
    let without = own.is_empty();
    view! {
        {without.then(|| view! { <p class="quiet">{td_string!(l, calls.no_line)}</p> })}
        {own.into_iter().map(|line| view! { <Line line /> }).collect_view()}
        {(!others.is_empty()).then(|| view! {
            <details class="other-lines" open=without>
                <summary>{td_string!(l, calls.other_regions)}</summary>
                {others.into_iter().map(|line| view! { <Line line /> }).collect_view()}
            </details>
        })}
    }
}

#[component]
fn Line(line: PhoneLine) -> impl IntoView {
    let l = use_locale();
    let languages = line.languages.iter().map(|tag| language_name(l, tag)).collect::<Vec<_>>().join(", ");
    view! {
        <div class="phone-line">
            <p class="phone-number">
                <a class="link way" href=format!("tel:{}", dialled(&line.number))>{spaced(&line.number)}</a>
                {if line.open {
                    view! { <Badge tone=Tone::Good>{td_string!(l, calls.open)}</Badge> }.into_any()
                } else {
                    view! { <Badge>{td_string!(l, calls.closed)}</Badge> }.into_any()
                }}
            </p>
            <p class="quiet">{region_name(l, &line.region)} " · " {languages}</p>
            <p class="quiet">{hours_text(l, &line.hours)}</p>
            {line.opens_at.map(|at| view! { <p class="quiet">{td_string!(l, calls.opens_at)} " " <Moment at /></p> })}
        </div>
    }
}

/// As it was given, or in groups of three (`+33 187 654 321`): a bare row of digits cannot be read aloud.
fn spaced(number: &str) -> String {
    let Some(digits) = number.strip_prefix('+').filter(|rest| rest.bytes().all(|b| b.is_ascii_digit())) else {
        return number.to_owned();
    };
    // Country codes that begin with 1 or 7 are one digit long; most others two.
    let code = if digits.starts_with(['1', '7']) { 1 } else { 2 };
    let (country, rest) = digits.split_at_checked(code).unwrap_or((digits, ""));
    let mut text = format!("+{country}");
    for (index, digit) in rest.chars().enumerate() {
        if index % 3 == 0 {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// For a `tel:` link: digits and the plus only.
fn dialled(number: &str) -> String {
    number.chars().filter(|c| *c == '+' || c.is_ascii_digit()).collect()
}

pub fn language_name(l: Locale, tag: &str) -> String {
    match tag {
        "fr" => td_string!(l, calls.lang_fr).to_owned(),
        "en" => td_string!(l, calls.lang_en).to_owned(),
        "de" => td_string!(l, calls.lang_de).to_owned(),
        "es" => td_string!(l, calls.lang_es).to_owned(),
        "ja" => td_string!(l, calls.lang_ja).to_owned(),
        other => other.to_owned(),
    }
}

pub(super) fn region_name(l: Locale, region: &str) -> String {
    match region {
        "emea" => td_string!(l, calls.region_emea).to_owned(),
        "americas" => td_string!(l, calls.region_americas).to_owned(),
        "apac" => td_string!(l, calls.region_apac).to_owned(),
        "japan" => td_string!(l, calls.region_japan).to_owned(),
        other => other.to_uppercase(),
    }
}

/// `Mon–Fri 09:00–12:00, 14:00–18:00; Sat 10:00–12:00 (Europe/Paris)`: consecutive days with the same hours become one
/// range.
pub(super) fn hours_text(l: Locale, hours: &Hours) -> String {
    if hours.round_the_clock() {
        return format!("{} ({})", td_string!(l, calls.round_the_clock), hours.zone);
    }
    let names: Vec<&str> = td_string!(l, calls.days).split(' ').collect();
    let name = |index: usize| names.get(index).copied().unwrap_or_default();
    let mut parts: Vec<String> = Vec::new();
    let mut index = 0;
    while let Some(spans) = hours.week.get(index) {
        let mut last = index;
        while hours.week.get(last + 1) == Some(spans) {
            last += 1;
        }
        if !spans.is_empty() {
            let days = if last == index { name(index).to_owned() } else { format!("{}–{}", name(index), name(last)) };
            let spans: Vec<String> = spans.iter().map(|span| span.to_string().replace('-', "–")).collect();
            parts.push(format!("{days} {}", spans.join(", ")));
        }
        index = last + 1;
    }
    if parts.is_empty() {
        return format!("{} ({})", td_string!(l, calls.closed), hours.zone);
    }
    let between = if matches!(l, Locale::fr) { "\u{a0}; " } else { "; " };
    format!("{} ({})", parts.join(between), hours.zone)
}
