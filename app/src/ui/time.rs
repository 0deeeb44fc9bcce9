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
    let shown = local(at);
    view! { <time datetime=at.to_string()>{move || shown.with(|shown| moment_text(l, shown))}</time> }
}

/// The same where many stand in a list: the month in short, the zone only while it is not the reader's; pointing at it tells
/// all of it.
#[component]
pub fn ShortMoment(at: Timestamp) -> impl IntoView {
    let l = use_locale();
    let shown = local(at);
    let full = move || shown.with(|shown| moment_text(l, shown));
    view! { <time datetime=at.to_string() title=full class="short-moment">{move || shown.with(|shown| short_text(l, shown))}</time> }
}

/// A moment on a wall clock.
#[derive(Clone, Debug)]
struct OnClock {
    at: DateTime,
    zone: String,
    /// Whether the clock is the reader's.
    own: bool,
}

fn local(at: Timestamp) -> RwSignal<OnClock> {
    let l = use_locale();
    let utc = OnClock { at: at.to_zoned(TimeZone::UTC).datetime(), zone: "UTC".to_owned(), own: false };
    let shown = RwSignal::new(utc);
    Effect::new(move |_| {
        if let Some(local) = in_browser(l, at) {
            shown.set(local);
        }
    });
    shown
}

/// `11 mai 2026 à 09:30 UTC+2`, `11 May 2026 at 09:30 BST`.
fn moment_text(l: Locale, shown: &OnClock) -> String {
    let (day, time) = (day_text(l, shown.at.date()), shown.at.strftime("%H:%M").to_string());
    td_string!(l, common.moment, day = day, time = time, zone = shown.zone.clone()).to_string()
}

/// `11 mai 2026, 09:30`, `11 May 2026, 09:30`; `11 nov. 2026, 09:30 UTC`.
fn short_text(l: Locale, shown: &OnClock) -> String {
    const FR: [&str; 12] =
        ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."];
    const EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];
    let names = match l {
        Locale::fr => FR,
        Locale::en => EN,
    };
    let day = dated(l, shown.at.date(), names);
    let zone = if shown.own { String::new() } else { format!(" {}", shown.zone) };
    format!("{day}, {}{zone}", shown.at.strftime("%H:%M"))
}

/// By the browser: its zone table, none of ours in the download.
fn in_browser(l: Locale, at: Timestamp) -> Option<OnClock> {
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
    Some(OnClock { at: local.ok()?, zone: zone_name(l, &date)?, own: true })
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
    dated(l, day, names)
}

fn dated(l: Locale, day: Date, months: [&str; 12]) -> String {
    let month = months.get(usize::from(day.month().unsigned_abs()) - 1).copied().unwrap_or_default();
    let first = matches!(l, Locale::fr) && day.day() == 1;
    format!("{}{} {month} {}", day.day(), if first { "er" } else { "" }, day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Before the page lives the zone is said too, and a moment is written as a day is.
    #[test]
    fn a_moment_is_a_day_a_time_and_a_zone() {
        let shown = |at: &str, zone: &str, own| OnClock { at: at.parse().expect("a time"), zone: zone.into(), own };
        let may = |zone, own| shown("2026-05-01T09:30:00", zone, own);
        assert_eq!(moment_text(Locale::fr, &may("UTC", false)), "1er mai 2026 à 09:30 UTC");
        assert_eq!(moment_text(Locale::en, &may("BST", true)), "1 May 2026 at 09:30 BST");
        assert_eq!(short_text(Locale::fr, &may("UTC", false)), "1er mai 2026, 09:30 UTC");
        let autumn = shown("2026-11-25T05:13:00", "UTC+1", true);
        assert_eq!(short_text(Locale::fr, &autumn), "25 nov. 2026, 05:13");
        assert_eq!(short_text(Locale::en, &autumn), "25 Nov 2026, 05:13");
    }
}
