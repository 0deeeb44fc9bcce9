//! Days and moments: exact and in UTC from the server, in the reader's zone and language once the page lives.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use leptos::prelude::*;

use crate::{i18n::*, language::use_locale};

/// A moment, with its zone. The server writes UTC; an effect writes it in the zone of the browser, in the same form.
#[component]
pub fn Moment(at: Timestamp) -> impl IntoView {
    let l = use_locale();
    let text = RwSignal::new(moment_text(l, at.to_zoned(TimeZone::UTC).datetime(), "UTC"));
    Effect::new(move |_| {
        if let Some(local) = in_browser(l, at) {
            text.set(local);
        }
    });
    view! { <time datetime=at.to_string()>{text}</time> }
}

/// `11 mai 2026 à 09:30 UTC+2`, `11 May 2026 at 09:30 BST`.
fn moment_text(l: Locale, at: DateTime, zone: &str) -> String {
    let (day, time) = (day_text(l, at.date()), at.strftime("%H:%M").to_string());
    td_string!(l, common.moment, day = day, time = time, zone = zone.to_owned()).to_string()
}

/// By the browser: its zone table, none of ours in the download.
fn in_browser(l: Locale, at: Timestamp) -> Option<String> {
    let date = js_sys::Date::new(&(at.as_millisecond() as f64).into());
    let local = DateTime::new(
        i16::try_from(date.get_full_year()).ok()?,
        i8::try_from(date.get_month() + 1).ok()?,
        i8::try_from(date.get_date()).ok()?,
        i8::try_from(date.get_hours()).ok()?,
        i8::try_from(date.get_minutes()).ok()?,
        0,
        0,
    );
    Some(moment_text(l, local.ok()?, &zone_name(l, &date)?))
}

/// The short name of the browser's zone on that day, as people of that language write it.
fn zone_name(l: Locale, date: &js_sys::Date) -> Option<String> {
    let language = match l {
        Locale::fr => "fr",
        Locale::en => "en-GB",
    };
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"timeZoneName".into(), &"short".into()).ok()?;
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::of1(&language.into()), &options);
    format.format_to_parts(date).iter().find_map(|part| {
        let get = |key: &str| js_sys::Reflect::get(&part, &key.into()).ok()?.as_string();
        if get("type")? == "timeZoneName" { get("value") } else { None }
    })
}

/// A day of the calendar, the same everywhere.
#[component]
pub fn Day(day: Date) -> impl IntoView {
    view! { <time datetime=day.to_string()>{day_text(use_locale(), day)}</time> }
}

/// `11 mai 2026`, `11 May 2026`.
pub fn day_text(l: Locale, day: Date) -> String {
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
        Locale::fr => FR,
        Locale::en => EN,
    };
    let month = names.get(usize::from(day.month().unsigned_abs()) - 1).copied().unwrap_or_default();
    let first = matches!(l, Locale::fr) && day.day() == 1;
    format!("{}{} {month} {}", day.day(), if first { "er" } else { "" }, day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Before the page lives the zone is said too, and a moment is written as a day is.
    #[test]
    fn a_moment_is_a_day_a_time_and_a_zone() {
        let at = "2026-05-01T09:30:00".parse().expect("a time");
        assert_eq!(moment_text(Locale::fr, at, "UTC"), "1er mai 2026 à 09:30 UTC");
        assert_eq!(moment_text(Locale::en, at, "BST"), "1 May 2026 at 09:30 BST");
    }
}
