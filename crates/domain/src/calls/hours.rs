//! When a desk is there: any number of spans a day, over midnight and round the clock.

use std::fmt;

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

use crate::FieldError;

const DAY: u16 = 24 * 60;

/// From a time of a day to a later one, or to one of the next day: `09:00-17:00`, `22:00-06:00`, `00:00-24:00`. Minutes
/// since midnight; the end is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    from: u16,
    /// Up to [`DAY`]; not later than `from` when it ends on the next day.
    to: u16,
}

impl Span {
    /// Takes what people write: `9-17`, `9h-17h30`, `9:00 – 17:00`, `22h à 6h`, `00:00-24:00`.
    ///
    /// # Errors
    /// [`FieldError::NotHours`], also for a span without length.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim().to_lowercase();
        let pair = text
            .split_once(['-', '–', '—', '−'])
            .or_else(|| text.split_once(" à "))
            .or_else(|| text.split_once(" to "));
        let (from, to) = pair.ok_or(FieldError::NotHours)?;
        let (from, to) = (minutes(from)?, minutes(to)?);
        if from < DAY && from != to { Ok(Self { from, to }) } else { Err(FieldError::NotHours) }
    }

    /// Returns a span within one day.
    pub fn between(from: Time, to: Time) -> Self {
        let minutes = |time: Time| u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs());
        Self { from: minutes(from), to: minutes(to) }
    }

    const fn over_midnight(self) -> bool {
        self.to <= self.from
    }

    /// Returns the minute it ends, counted from the midnight before it begins.
    const fn end(self) -> u16 {
        if self.over_midnight() { self.to + DAY } else { self.to }
    }

    /// Returns when it begins and ends if it begins on this day, by the wall clock of the zone.
    fn on(self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let at = |minute: u16| {
            let day = if minute >= DAY { day.tomorrow().ok()? } else { day };
            let minute = minute % DAY;
            let time = Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()?;
            Some(day.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp())
        };
        Some((at(self.from)?, at(self.end())?))
    }
}

/// `9`, `9h`, `9h30`, `9 h 30`, `09:00`, `9.30`, `24:00`.
fn minutes(text: &str) -> Result<u16, FieldError> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (hour, minute) = compact.split_once(['h', ':', '.']).unwrap_or((&compact, ""));
    let number =
        |text: &str| text.parse::<u16>().ok().filter(|_| text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit()));
    let hour = number(hour).ok_or(FieldError::NotHours)?;
    let minute = if minute.is_empty() { Some(0) } else { number(minute) }.ok_or(FieldError::NotHours)?;
    let whole = hour * 60 + minute;
    if minute < 60 && whole <= DAY { Ok(whole) } else { Err(FieldError::NotHours) }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}-{:02}:{:02}", self.from / 60, self.from % 60, self.to / 60, self.to % 60)
    }
}

impl TryFrom<String> for Span {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

/// Returns the spans of one day as typed, with commas, semicolons, `and` or `et` between them; empty is closed.
///
/// # Errors
/// [`FieldError::NotHours`], also for spans that overlap: one of them is a mistake.
pub fn parse_spans(text: &str) -> Result<Vec<Span>, FieldError> {
    let text = text.to_lowercase().replace(" et ", ",").replace(" and ", ",").replace('\n', ",");
    let parts = text.split([',', ';', '/', '+']).filter(|part| !part.trim().is_empty());
    let mut spans = parts.map(Span::parse).collect::<Result<Vec<_>, _>>()?;
    spans.sort();
    let apart = spans.windows(2).all(|pair| matches!(pair, [one, next] if one.end() <= next.from));
    // The last one may run on into the next day, but not into its own beginning.
    let wraps =
        spans.first().zip(spans.last()).is_none_or(|(first, last)| spans.len() == 1 || last.end() <= first.from + DAY);
    if apart && wraps { Ok(spans) } else { Err(FieldError::NotHours) }
}

/// When a desk is staffed: spans for each weekday in the zone of the region, less those that begin on a holiday.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// IANA name, e.g. `Europe/Paris`.
    pub zone: String,
    /// Monday first; a day without spans is closed. Local times.
    pub week: [Vec<Span>; 7],
    pub holidays: Vec<Date>,
}

impl Hours {
    fn spans_on(&self, day: Date) -> &[Span] {
        if self.holidays.contains(&day) {
            return &[];
        }
        let index = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
        self.week.get(index).map_or(&[], Vec::as_slice)
    }

    /// `Ok` while the desk is open: until when, `None` when it does not close within a week. `Err` while it is closed: when
    /// it opens next, looking 30 days ahead. Spans that follow each other without a pause are one opening; days with a
    /// change of clocks count by the wall clock of the zone.
    ///
    /// # Errors
    /// Closed is the error.
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> Result<Option<Timestamp>, Option<Timestamp>> {
        let today = now.to_zoned(zone.clone()).date();
        // What began yesterday may be going on.
        let first = today.yesterday().unwrap_or(today);
        let mut openings: Vec<(Timestamp, Timestamp)> = Vec::new();
        for day in first.series(jiff::Span::new().days(1)).take(32) {
            for span in self.spans_on(day).iter().filter_map(|span| span.on(day, zone)) {
                match openings.last_mut() {
                    Some((_, end)) if span.0 <= *end => *end = span.1.max(*end),
                    _ => openings.push(span),
                }
            }
        }
        match openings.into_iter().find(|(_, end)| *end > now) {
            Some((start, end)) if start <= now => {
                let week = jiff::SignedDuration::from_hours(7 * 24);
                Ok(Some(end).filter(|end| end.duration_since(now) < week))
            }
            found => Err(found.map(|(start, _)| start)),
        }
    }

    /// Whether the desk is always there.
    pub fn round_the_clock(&self) -> bool {
        let whole = Span { from: 0, to: DAY };
        self.holidays.is_empty() && self.week.iter().all(|day| day.as_slice() == [whole])
    }

    /// Monday to Friday, the same hours each day.
    pub fn weekdays(zone: &str, from: Time, to: Time) -> Self {
        let mut week: [Vec<Span>; 7] = Default::default();
        for day in [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday] {
            if let Some(slot) = week.get_mut(usize::from(day.to_monday_zero_offset().unsigned_abs())) {
                slot.push(Span::between(from, to));
            }
        }
        Self { zone: zone.to_owned(), week, holidays: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("bundled")
    }

    fn paris() -> (Hours, TimeZone) {
        let hours = Hours::weekdays("Europe/Paris", jiff::civil::time(9, 0, 0, 0), jiff::civil::time(17, 0, 0, 0));
        (hours, zone("Europe/Paris"))
    }

    fn every_day(text: &str) -> Hours {
        let spans = parse_spans(text).expect("spans");
        Hours { zone: "UTC".into(), week: std::array::from_fn(|_| spans.clone()), holidays: Vec::new() }
    }

    fn utc(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn the_desk_is_open_in_its_own_zone() {
        let (hours, zone) = paris();
        assert_eq!(hours.at(utc("2026-03-02T08:00:00Z"), &zone), Ok(Some(utc("2026-03-02T16:00:00Z"))));
        assert_eq!(hours.at(utc("2026-03-02T16:00:00Z"), &zone), Err(Some(utc("2026-03-03T08:00:00Z"))));
    }

    #[test]
    fn weekends_holidays_and_the_change_of_clocks_are_skipped() {
        let (mut hours, zone) = paris();
        hours.holidays.push(jiff::civil::date(2026, 3, 30));
        // Friday evening in winter time, Monday is a holiday, Tuesday is in summer time.
        assert_eq!(hours.at(utc("2026-03-27T17:00:00Z"), &zone), Err(Some(utc("2026-03-31T07:00:00Z"))));
    }

    /// B34
    #[test]
    fn b34_a_day_has_several_spans() {
        let hours = every_day("14:00-18:00, 09:00-12:00");
        let at = |time: &str| hours.at(utc(&format!("2026-03-02T{time}Z")), &TimeZone::UTC);
        assert_eq!(at("11:59:59"), Ok(Some(utc("2026-03-02T12:00:00Z"))));
        assert_eq!(at("12:00:00"), Err(Some(utc("2026-03-02T14:00:00Z"))));
        assert_eq!(at("18:00:00"), Err(Some(utc("2026-03-03T09:00:00Z"))));
    }

    /// B34
    #[test]
    fn b34_a_night_belongs_to_the_day_it_begins_on() {
        let mut hours = every_day("22:00-06:00");
        let at = |hours: &Hours, time: &str| hours.at(utc(time), &TimeZone::UTC);
        assert_eq!(at(&hours, "2026-03-02T23:30:00Z"), Ok(Some(utc("2026-03-03T06:00:00Z"))));
        assert_eq!(at(&hours, "2026-03-03T05:59:59Z"), Ok(Some(utc("2026-03-03T06:00:00Z"))));
        assert_eq!(at(&hours, "2026-03-03T06:00:00Z"), Err(Some(utc("2026-03-03T22:00:00Z"))));
        hours.holidays.push(jiff::civil::date(2026, 3, 3));
        assert_eq!(
            at(&hours, "2026-03-03T05:00:00Z"),
            Ok(Some(utc("2026-03-03T06:00:00Z"))),
            "it began the day before"
        );
        assert_eq!(at(&hours, "2026-03-03T23:00:00Z"), Err(Some(utc("2026-03-04T22:00:00Z"))));
    }

    /// B34: no gap of a minute before midnight.
    #[test]
    fn b34_round_the_clock_never_closes() {
        let hours = every_day("00:00-24:00");
        assert!(hours.round_the_clock());
        for time in ["23:59:30", "00:00:00", "12:00:00"] {
            assert_eq!(hours.at(utc(&format!("2026-03-02T{time}Z")), &TimeZone::UTC), Ok(None), "{time}");
        }
        let mut weekdays = hours.clone();
        for day in &mut weekdays.week[5..] {
            day.clear();
        }
        assert_eq!(weekdays.at(utc("2026-03-05T23:59:30Z"), &TimeZone::UTC), Ok(Some(utc("2026-03-07T00:00:00Z"))));
    }

    /// B34
    #[test]
    fn b34_hours_are_read_as_people_write_them() {
        for (typed, read) in [
            ("09:00-12:00, 14:00-18:00", "09:00-12:00, 14:00-18:00"),
            ("9h-17h", "09:00-17:00"),
            ("09h00-17h30", "09:00-17:30"),
            ("9 h 30 – 12 h ; 14h à 18h", "09:30-12:00, 14:00-18:00"),
            ("8-12 et 13-17", "08:00-12:00, 13:00-17:00"),
            ("9.30 to 17", "09:30-17:00"),
            ("22:00-06:00", "22:00-06:00"),
            ("00:00-24:00", "00:00-24:00"),
            ("0h-24h", "00:00-24:00"),
            ("", ""),
        ] {
            let spans = parse_spans(typed).expect(typed);
            assert_eq!(spans.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "), read, "{typed}");
        }
        for wrong in [
            "all day",
            "9",
            "09:00-09:00",
            "24:00-06:00",
            "09:00-25:00",
            "09:60-17:00",
            "09:00-12:00, 11:00-13:00",
            "22:00-06:00, 05:00-07:00",
            "-",
            "9h-",
            "١-٢",
        ] {
            assert_eq!(parse_spans(wrong), Err(FieldError::NotHours), "{wrong}");
        }
    }
}
