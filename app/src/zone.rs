//! The time zone of a page: the one in the reader's profile, which the server writes into `<html data-zone>` and the browser
//! reads there; as long as the profile has none, the browser's own. Without JavaScript every time is in the zone of the
//! profile.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
};
use leptos::prelude::*;

use crate::i18n::Locale;

/// A moment on a wall clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnClock {
    pub at: DateTime,
    /// The short name of the zone: `CET`, `UTC+1`.
    pub zone: String,
    /// Whether this is the reader's own zone, as far as is known.
    pub own: bool,
}

/// Returns the zone of the profile, if the person or their browser has set one.
#[cfg(feature = "ssr")]
pub fn known_zone() -> Option<String> {
    let actor = use_context::<crate::request::Facts>()?.actor?;
    actor.zone_known.then_some(actor.zone)
}

/// On the server, converts to the zone of the profile or to the guess in its place; to UTC for visitors who are not signed
/// in.
#[cfg(feature = "ssr")]
pub fn on_clock(l: Locale, at: Timestamp) -> OnClock {
    use jiff::tz::TimeZone;

    let actor = use_context::<crate::request::Facts>().and_then(|facts| facts.actor);
    let own = actor.as_ref().is_some_and(|actor| actor.zone_known);
    let zone = actor.and_then(|actor| TimeZone::get(&actor.zone).ok()).unwrap_or(TimeZone::UTC);
    let local = at.to_zoned(zone);
    let short = local.strftime("%Z").to_string();
    let zone = if matches!(l, Locale::en) && short.bytes().all(|b| b.is_ascii_alphabetic()) {
        short
    } else {
        offset_text(local.offset().seconds() / 60)
    };
    OnClock { at: local.datetime(), zone, own }
}

/// Formats an offset as browsers do in French: `UTC+1`, `UTC−3:30`.
#[cfg(feature = "ssr")]
fn offset_text(minutes: i32) -> String {
    let (sign, minutes) = if minutes < 0 { ('−', -minutes) } else { ('+', minutes) };
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, rest) => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

/// In the browser, before effects run, converts to UTC, which does not depend on the reader.
#[cfg(not(feature = "ssr"))]
pub fn on_clock(_: Locale, at: Timestamp) -> OnClock {
    OnClock { at: at.to_zoned(jiff::tz::TimeZone::UTC).datetime(), zone: "UTC".to_owned(), own: false }
}

/// Returns the zone of the profile from the document.
#[cfg(not(feature = "ssr"))]
pub fn known_zone() -> Option<String> {
    zone_of_page()
}

fn zone_of_page() -> Option<String> {
    document().document_element()?.get_attribute("data-zone").filter(|zone| !zone.is_empty())
}

/// Returns the browser's own zone.
pub fn browser_zone() -> Option<String> {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    js_sys::Reflect::get(&format.resolved_options(), &"timeZone".into()).ok()?.as_string()
}

/// Converts with the browser's table of zones, so that none is part of the download.
pub fn in_browser(l: Locale, at: Timestamp) -> Option<OnClock> {
    let profile = zone_of_page();
    let own = profile.is_none() || profile == browser_zone();
    // For a zone that this browser does not know, its own is the next best.
    let format = profile.as_deref().and_then(|zone| format(l, Some(zone))).or_else(|| format(l, None))?;
    let date = js_sys::Date::new(&(at.as_millisecond() as f64).into());
    let parts = format.format_to_parts(&date);
    let get = |wanted: &str| {
        parts.iter().find_map(|part| {
            let get = |key: &str| js_sys::Reflect::get(&part, &key.into()).ok()?.as_string();
            if get("type")? == wanted { get("value") } else { None }
        })
    };
    let number = |wanted: &str| get(wanted)?.parse::<i16>().ok();
    let small = |wanted: &str| i8::try_from(number(wanted)?).ok();
    let day = Date::new(number("year")?, small("month")?, small("day")?).ok()?;
    let at = day.to_datetime(Time::new(small("hour")?, small("minute")?, 0, 0).ok()?);
    Some(OnClock { at, zone: get("timeZoneName")?, own })
}

/// Returns `None` for a zone that the browser does not know: the constructor throws, which only `construct` catches.
fn format(l: Locale, zone: Option<&str>) -> Option<js_sys::Intl::DateTimeFormat> {
    use wasm_bindgen::JsCast;

    let language = match l {
        Locale::fr => "fr",
        Locale::en => "en-GB",
    };
    let options = js_sys::Object::new();
    let set = |name: &str, value: &str| js_sys::Reflect::set(&options, &name.into(), &value.into()).ok();
    for name in ["month", "day", "hour", "minute"] {
        set(name, "2-digit")?;
    }
    set("year", "numeric")?;
    set("hourCycle", "h23")?;
    set("timeZoneName", "short")?;
    set("calendar", "gregory")?;
    set("numberingSystem", "latn")?;
    if let Some(zone) = zone {
        set("timeZone", zone)?;
    }
    let intl = js_sys::Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let constructor =
        js_sys::Reflect::get(&intl, &"DateTimeFormat".into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
    let arguments = js_sys::Array::of2(&language.into(), &options);
    js_sys::Reflect::construct(&constructor, &arguments).ok().map(JsCast::unchecked_into)
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::offset_text;

    #[test]
    fn offsets_are_written_as_browsers_write_them() {
        assert_eq!([0, 60, -300, 330, -210].map(offset_text), ["UTC", "UTC+1", "UTC−5", "UTC+5:30", "UTC−3:30"]);
    }
}
