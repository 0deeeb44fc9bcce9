//! Days and moments: exact and in UTC from the server, in the reader's zone and language once the page lives.

use jiff::{Timestamp, civil::Date};
use leptos::prelude::*;

use crate::language::use_locale;

/// A moment. The server writes UTC and says so; an effect writes it in the zone of the browser.
#[component]
pub fn Moment(at: Timestamp) -> impl IntoView {
    let utc = at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let node = NodeRef::<leptos::html::Time>::new();
    let locale = crate::language::to_domain(use_locale());
    Effect::new(move |_| {
        if let Some(time) = node.get() {
            time.set_text_content(Some(&in_browser(at, locale.key())));
        }
    });
    view! { <time node_ref=node datetime=at.to_string()>{utc}</time> }
}

/// Formats with `Intl` of the browser: its zone table, none of ours in the download.
fn in_browser(at: Timestamp, language: &str) -> String {
    let options = js_sys::Object::new();
    for (key, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        let _ = js_sys::Reflect::set(&options, &key.into(), &value.into());
    }
    let date = js_sys::Date::new(&(at.as_millisecond() as f64).into());
    date.to_locale_string(language, &options).into()
}

/// A day of the calendar, the same everywhere.
#[component]
pub fn Day(day: Date) -> impl IntoView {
    view! { <time datetime=day.to_string()>{day_text(use_locale(), day)}</time> }
}

/// `11 mai 2026`, `11 May 2026`.
pub fn day_text(l: crate::i18n::Locale, day: Date) -> String {
    const FR: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    const EN: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let names = match l {
        crate::i18n::Locale::fr => FR,
        crate::i18n::Locale::en => EN,
    };
    let month = names.get(usize::from(day.month().unsigned_abs()) - 1).copied().unwrap_or_default();
    let first = matches!(l, crate::i18n::Locale::fr) && day.day() == 1;
    format!("{}{} {month} {}", day.day(), if first { "er" } else { "" }, day.year())
}
