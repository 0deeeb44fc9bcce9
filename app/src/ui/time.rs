//! Days and moments, in the reader's time zone and language: rendered by the server, and again after hydration with the
//! browser's table of zones.

use jiff::{Timestamp, civil::Date};
use leptos::prelude::*;

use crate::{
    i18n::*,
    language::use_locale,
    zone::{OnClock, in_browser, on_clock},
};

/// A moment, with its time zone.
#[component]
pub fn Moment(at: Timestamp) -> impl IntoView {
    let l = use_locale();
    let shown = local(at);
    view! { <time datetime=at.to_string()>{move || shown.with(|shown| moment_text(l, shown))}</time> }
}

/// A moment in a list: the month abbreviated, the zone only while it is not the reader's; the tooltip has the full text.
#[component]
pub fn ShortMoment(at: Timestamp) -> impl IntoView {
    let l = use_locale();
    let shown = local(at);
    let full = move || shown.with(|shown| moment_text(l, shown));
    view! { <time datetime=at.to_string() title=full class="short-moment">{move || shown.with(|shown| short_text(l, shown))}</time> }
}

fn local(at: Timestamp) -> RwSignal<OnClock> {
    let l = use_locale();
    let shown = RwSignal::new(on_clock(l, at));
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
    let day = short_day_text(l, shown.at.date());
    let zone = if shown.own { String::new() } else { format!(" {}", shown.zone) };
    format!("{day}, {}{zone}", shown.at.strftime("%H:%M"))
}

/// `11 nov. 2026`, `11 Nov 2026`.
pub fn short_day_text(l: Locale, day: Date) -> String {
    const FR: [&str; 12] =
        ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."];
    const EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];
    let names = match l {
        Locale::fr => FR,
        Locale::en => EN,
    };
    dated(l, day, names)
}

/// A day of the calendar in a table, with the month abbreviated.
#[component]
pub fn ShortDay(day: Date) -> impl IntoView {
    view! { <time datetime=day.to_string()>{short_day_text(use_locale(), day)}</time> }
}

/// A day of the calendar, which is the same in every zone.
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

    /// Before hydration the zone is named too, and the day in a moment reads as a day does.
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
