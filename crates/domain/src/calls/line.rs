//! The phone line of a region as the operator sets it.

use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Hours, parse_spans};
use crate::{
    FieldError, FieldErrors,
    products::is_key,
    text::{self, PhoneNumber},
};

/// One region has one line; companies of the region see it first, and its hours are those of their chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionLine {
    pub region: String,
    /// As it is shown; digits and the plus are what is dialled.
    pub number: String,
    /// BCP 47 tags.
    pub languages: Vec<String>,
    pub hours: Hours,
}

/// What the page of the settings shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneLineSettings {
    pub lines: Vec<RegionLine>,
    /// Regions of companies that have no line: no number, and a chat that never opens.
    pub missing: Vec<String>,
}

/// A line as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneLineForm {
    pub region: String,
    pub number: String,
    /// Tags with commas or spaces between them.
    #[serde(default)]
    pub languages: String,
    pub zone: String,
    /// `09:00-12:00, 14:00-18:00`; empty is closed.
    #[serde(default)]
    pub monday: String,
    #[serde(default)]
    pub tuesday: String,
    #[serde(default)]
    pub wednesday: String,
    #[serde(default)]
    pub thursday: String,
    #[serde(default)]
    pub friday: String,
    #[serde(default)]
    pub saturday: String,
    #[serde(default)]
    pub sunday: String,
    /// Days with commas, spaces or line ends between them.
    #[serde(default)]
    pub holidays: String,
}

impl PhoneLineForm {
    /// Returns the form that gives this line.
    pub fn of(line: &RegionLine) -> Self {
        let day = |index: usize| {
            let spans = line.hours.week.get(index).map(Vec::as_slice).unwrap_or_default();
            spans.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        Self {
            region: line.region.clone(),
            number: line.number.clone(),
            languages: line.languages.join(", "),
            zone: line.hours.zone.clone(),
            monday: day(0),
            tuesday: day(1),
            wednesday: day(2),
            thursday: day(3),
            friday: day(4),
            saturday: day(5),
            sunday: day(6),
            holidays: line.hours.holidays.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        }
    }

    /// `zone` finds a time zone by its IANA name; the browser has no table of them.
    ///
    /// # Errors
    /// Every wrong field at once.
    pub fn parse(&self, zone: impl Fn(&str) -> Option<TimeZone>) -> Result<RegionLine, FieldErrors> {
        let mut errors = FieldErrors::default();
        let region = errors.take("region", region(&self.region));
        let number = errors.take("number", PhoneNumber::parse(&self.number).and_then(|_| text::line(&self.number, 40)));
        let languages = errors.take("languages", words(&self.languages).map(language).collect::<Result<Vec<_>, _>>());
        let name = self.zone.trim();
        let zone = errors.take(
            "zone",
            match name {
                "" => Err(FieldError::Required),
                name => zone(name).map(|_| name.to_owned()).ok_or(FieldError::NotAZone),
            },
        );
        let mut week: [Vec<_>; 7] = Default::default();
        let days = [
            ("monday", &self.monday),
            ("tuesday", &self.tuesday),
            ("wednesday", &self.wednesday),
            ("thursday", &self.thursday),
            ("friday", &self.friday),
            ("saturday", &self.saturday),
            ("sunday", &self.sunday),
        ];
        for (slot, (name, typed)) in week.iter_mut().zip(days) {
            *slot = errors.take(name, parse_spans(typed)).unwrap_or_default();
        }
        let holidays = errors.take("holidays", words(&self.holidays).map(day).collect::<Result<Vec<_>, _>>());
        match (region, number, languages, zone, holidays) {
            (Some(region), Some(number), Some(languages), Some(zone), Some(holidays)) if errors.is_empty() => {
                Ok(RegionLine { region, number, languages, hours: Hours { zone, week, holidays } })
            }
            _ => Err(errors),
        }
    }
}

fn words(typed: &str) -> impl Iterator<Item = &str> {
    typed.split([',', ';', ' ', '\n', '\r', '\t']).filter(|word| !word.is_empty())
}

/// Checks a region: the keys that imports know the regions of companies by.
fn region(typed: &str) -> Result<String, FieldError> {
    match typed.trim().to_lowercase() {
        key if key.is_empty() => Err(FieldError::Required),
        key if is_key(&key) => Ok(key),
        _ => Err(FieldError::NotAKey),
    }
}

fn language(tag: &str) -> Result<String, FieldError> {
    let ok = tag.len() <= 20
        && tag.split('-').next().is_some_and(|first| (2..=3).contains(&first.len()))
        && tag.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if ok { Ok(tag.to_owned()) } else { Err(FieldError::NotALanguage) }
}

fn day(typed: &str) -> Result<Date, FieldError> {
    typed.parse().map_err(|_| FieldError::NotDays)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Option<TimeZone> {
        TimeZone::get(name).ok()
    }

    fn form() -> PhoneLineForm {
        PhoneLineForm {
            region: " EMEA ".into(),
            number: "+33 1 84 80 00 00".into(),
            languages: "fr, en pt-BR".into(),
            zone: "Europe/Paris".into(),
            monday: "9:00 – 17:30".into(),
            saturday: "10:00-12:00".into(),
            holidays: "2026-05-01\r\n2026-12-25".into(),
            ..Default::default()
        }
    }

    #[test]
    fn a_line_is_typed_and_shown_again() {
        let line = form().parse(zone).expect("a line");
        assert_eq!((line.region.as_str(), line.number.as_str()), ("emea", "+33 1 84 80 00 00"));
        assert_eq!(line.languages, ["fr", "en", "pt-BR"]);
        assert_eq!(line.hours.week.iter().filter(|day| !day.is_empty()).count(), 2);
        assert_eq!(PhoneLineForm::of(&line).monday, "09:00-17:30");
        assert_eq!(PhoneLineForm::of(&line).parse(zone), Ok(line));
    }

    #[test]
    fn every_wrong_field_is_said() {
        let wrong = PhoneLineForm {
            region: "Île".into(),
            number: "12".into(),
            languages: "French".into(),
            zone: "Paris".into(),
            tuesday: "17:00-17:00".into(),
            sunday: "all day".into(),
            holidays: "Christmas".into(),
            ..Default::default()
        };
        let errors = wrong.parse(zone).expect_err("wrong");
        let names: Vec<_> = errors.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["holidays", "languages", "number", "region", "sunday", "tuesday", "zone"]);
        assert_eq!(errors.get("zone"), Some(&FieldError::NotAZone));
    }
}
