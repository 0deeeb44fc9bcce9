//! Days and moments as systems write them, and those that cannot be.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::CaseRecord;
use crate::{
    FieldError,
    imports::{Remark, Remarked},
};

/// No support system kept cases before this year: `1970-01-01` is what an empty field became.
const EARLIEST: Timestamp = Timestamp::constant(631_152_000, 0);
/// How far ahead of UTC a local time without its offset can be: a moment of today, wherever it was written.
const AHEAD: SignedDuration = SignedDuration::from_hours(14);
/// What systems write where there is no moment: read as one that cannot be, it is remarked and does no harm.
const NEVER: &[(&str, Timestamp)] = &[("0000-00-00", Timestamp::MIN), ("9999-12-31", Timestamp::MAX)];
pub(super) const TIMES: &[&str] = &["2018-03-05T10:00:00+01:00", "2018-03-05 10:00", "2018-03-05"];
pub(super) const DAYS: &[&str] = &["2026-02-28"];

impl CaseRecord {
    /// Puts moments that cannot be where they do no harm: what is in the future, or before there were such systems, would
    /// stand at the head of every list, or sort the stream wrongly.
    pub fn mend_times(&mut self, now: Timestamp, remarks: &mut Vec<Remark>) {
        let can_be = |at: Timestamp| at >= EARLIEST && at <= now.saturating_add(AHEAD).unwrap_or(now);
        let mut remark = |field: &str, at: Timestamp, by: Option<Timestamp>| {
            let what = Remarked::Time { by: by.map(|by| by.to_string()) };
            remarks.push(Remark { field: field.to_owned(), value: said(at), what });
        };
        let opened = self.opened_at;
        // As new as something in it, or newer because the record says so.
        let derived = self.entries.iter().map(|entry| entry.at).chain(self.closed_at).fold(opened, Timestamp::max);
        if let Some(closed) = self.closed_at
            && (!can_be(closed) || closed < opened && can_be(opened))
        {
            remark("closed_at", closed, None);
            self.closed_at = None;
        }
        if !can_be(opened) {
            let known = self.entries.iter().map(|entry| entry.at).chain(self.closed_at).chain([self.updated_at]);
            let earliest = known.filter(|at| can_be(*at)).min();
            self.opened_at = earliest.unwrap_or_else(|| opened.clamp(EARLIEST, now.max(EARLIEST)));
            remark("opened_at", opened, Some(self.opened_at));
        }
        let mut before = self.opened_at;
        for entry in &mut self.entries {
            if can_be(entry.at) {
                before = before.max(entry.at);
                continue;
            }
            if entry.at != opened {
                remark("at", entry.at, Some(before));
            }
            entry.at = before;
        }
        let newest =
            self.entries.iter().map(|entry| entry.at).chain(self.closed_at).fold(self.opened_at, Timestamp::max);
        if !can_be(self.updated_at) {
            if self.updated_at != derived {
                remark("updated_at", self.updated_at, Some(newest));
            }
            self.updated_at = newest;
        }
        self.updated_at = self.updated_at.max(newest);
        self.entries.sort_by_key(|entry| entry.at);
    }
}

/// A moment that cannot be, as the record says it.
fn said(at: Timestamp) -> String {
    NEVER.iter().find(|(_, never)| *never == at).map_or_else(|| at.to_string(), |(never, _)| (*never).to_owned())
}

pub(super) fn date(text: &str) -> Result<Date, FieldError> {
    text.parse().map_err(|_| FieldError::NotATime)
}

/// RFC 3339 with its offset from UTC, which may stand after a blank, or a day or a local time, which are taken for UTC.
pub(super) fn timestamp(text: &str) -> Result<Timestamp, FieldError> {
    let text = &text.replace(['\u{a0}', '\u{202f}'], " ");
    if let Some((_, at)) = NEVER.iter().find(|(never, _)| text.starts_with(never)) {
        return Ok(*at);
    }
    let in_utc = ["utc", "gmt"].iter().find_map(|zone| {
        let (time, end) = text.split_at_checked(text.len().checked_sub(zone.len())?)?;
        end.eq_ignore_ascii_case(zone).then(|| time.trim_end())
    });
    let joined = match text.rsplit_once(' ') {
        Some((time, offset)) if offset.starts_with(['+', '-']) => format!("{time}{offset}"),
        _ => text.clone(),
    };
    if let Ok(at) = joined.parse::<Timestamp>() {
        return Ok(crate::clock::to_microseconds(at));
    }
    let local: DateTime = in_utc.unwrap_or(text).parse().map_err(|_| FieldError::NotATime)?;
    local.to_zoned(TimeZone::UTC).map(|at| at.timestamp()).map_err(|_| FieldError::NotATime)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Record,
            tests::{case, parse},
        },
        *,
    };

    #[test]
    fn times_are_read_as_systems_write_them() {
        for (text, at) in [
            ("2018-03-05T10:00:00+01:00", "2018-03-05T09:00:00Z"),
            ("2018-03-05 10:00:00 +0100", "2018-03-05T09:00:00Z"),
            ("2024-07-11T21:22:07.000+0000", "2024-07-11T21:22:07Z"),
            ("2018-03-05 10:00:00 UTC", "2018-03-05T10:00:00Z"),
            ("2018-03-05 10:00", "2018-03-05T10:00:00Z"),
            ("2018-03-05\u{a0}10:00", "2018-03-05T10:00:00Z"),
            ("2018-03-05", "2018-03-05T00:00:00Z"),
        ] {
            assert_eq!(timestamp(text).map(|at| at.to_string()), Ok(at.to_owned()), "{text}");
        }
        for bad in ["05/03/2019", "05/03/19", "2019-03-05 25:00", "2019-02-29", "UTC", "1551780000", "soon"] {
            assert_eq!(timestamp(bad), Err(FieldError::NotATime), "{bad}");
        }
    }

    #[test]
    fn times_that_cannot_be_sort_nowhere_above_today() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let mend = |fields: &str| {
            let (mut case, mut remarks) = case(fields);
            case.mend_times(now, &mut remarks);
            let fields: Vec<_> = remarks.iter().map(|remark| remark.field.clone()).collect();
            assert!(case.updated_at <= now.saturating_add(AHEAD).unwrap(), "{case:?}");
            (case, fields)
        };
        let entries = |at: &str| {
            format!(
                r#""entries":[{{"author":"O","side":"vendor","at":"2018-02-01","body":"a"}},{{"author":"O","side":"vendor","at":"{at}","body":"b"}}]"#
            )
        };
        let (case, fields) = mend(
            &format!(r#""title":"t","opened_at":"2018-01-01","updated_at":"2099-01-01",{}"#, entries("2998-01-01"))
                .replace(r#""opened_at":"2018-01-01","#, ""),
        );
        assert_eq!(
            (case.entries[1].at.to_string(), case.updated_at.to_string()),
            ("2018-02-01T00:00:00Z".into(), "2018-02-01T00:00:00Z".into())
        );
        assert_eq!(fields, ["at"]);
        let (case, fields) = mend(&format!(r#""title":"t","updated_at":"2099-01-01",{}"#, entries("2018-03-01")));
        assert_eq!(
            (case.updated_at.to_string(), fields),
            ("2018-03-01T00:00:00Z".into(), vec!["updated_at".to_owned()])
        );
        let (case, fields) = mend(&format!(r#""title":"t",{}"#, entries("1970-01-01")));
        assert_eq!((case.entries[0].at.to_string(), fields), ("2018-01-01T00:00:00Z".into(), vec!["at".to_owned()]));
        let (_, fields) = mend(&format!(r#""title":"t",{}"#, entries("2026-03-01T20:00:00")));
        assert!(fields.is_empty(), "today, wherever it was written");

        let line = |opened: &str, more: &str| {
            let line = format!(
                r#"{{"type":"case","id":"1","organisation":"A","title":"t","requestor":"R","status":"closed","opened_at":"{opened}","description":"d"{more}}}"#
            );
            let (Record::Case(mut case), mut remarks) = parse(&line).unwrap() else { panic!("a case") };
            case.mend_times(now, &mut remarks);
            let fields: Vec<_> = remarks.iter().map(|remark| remark.field.clone()).collect();
            (case.opened_at.to_string(), case.entries[0].at.to_string(), case.closed_at().unwrap().to_string(), fields)
        };
        let all = |at: &str| (at.to_owned(), at.to_owned(), at.to_owned());
        let (opened, entry, closed, fields) = line("2099-01-01", "");
        assert_eq!((opened, entry, closed), all("2026-03-01T12:00:00Z"));
        assert_eq!(fields, ["opened_at"]);
        let (opened, entry, closed, fields) = line("1970-01-01", r#","closed_at":"2019-05-05""#);
        assert_eq!((opened, entry, closed), all("2019-05-05T00:00:00Z"));
        assert_eq!(fields, ["opened_at"]);
        assert_eq!(line("2019-01-01", r#","closed_at":"2018-01-01""#).3, ["closed_at"]);

        // What systems write for "never", with nothing else that says when.
        let beginning = all("1990-01-01T00:00:00Z");
        for never in ["0000-00-00 00:00:00", "0001-01-01", "1899-12-30"] {
            let (opened, entry, closed, fields) = line(never, "");
            assert_eq!(((opened, entry, closed), fields), (beginning.clone(), vec!["opened_at".to_owned()]), "{never}");
        }
        let (opened, entry, closed, _) = line("9999-12-31T23:59:59Z", "");
        assert_eq!((opened, entry, closed), all("2026-03-01T12:00:00Z"));
        let (_, _, closed, fields) = line("2019-01-01", r#","closed_at":"9999-12-31","updated_at":"0000-00-00""#);
        assert_eq!((closed.as_str(), fields), ("2019-01-01T00:00:00Z", vec!["closed_at".to_owned()]));
    }
}
