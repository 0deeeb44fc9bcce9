//! Mails from templates: `templates/<mail>/<locale>/{subject.txt,body.txt,body.html}.j2`, built into the binary.
//!
//! Links that carry a token are made here, when the mail leaves; the outbox holds ids only. What roles are called and what
//! they allow is in `templates/words`.

use std::collections::BTreeMap;

use domain::{Failure, InvitationId, PersonId, locale::Locale, mail::MailKind};
use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, value::Serde};
use serde_json::Value;

use super::prose;
use crate::{Services, fault, people, session};

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

macro_rules! templates {
    ($($mail:literal),+ $(,)?) => {
        &[$(
            (concat!($mail, "/fr/subject.txt"), include_str!(concat!("templates/", $mail, "/fr/subject.txt.j2"))),
            (concat!($mail, "/fr/body.txt"), include_str!(concat!("templates/", $mail, "/fr/body.txt.j2"))),
            (concat!($mail, "/fr/body.html"), include_str!(concat!("templates/", $mail, "/fr/body.html.j2"))),
            (concat!($mail, "/en/subject.txt"), include_str!(concat!("templates/", $mail, "/en/subject.txt.j2"))),
            (concat!($mail, "/en/body.txt"), include_str!(concat!("templates/", $mail, "/en/body.txt.j2"))),
            (concat!($mail, "/en/body.html"), include_str!(concat!("templates/", $mail, "/en/body.html.j2"))),
        )+]
    };
}

/// One row a mail of [`MailKind`]; a test holds the two equal.
const TEMPLATES: &[(&str, &str)] = templates![
    "access_removed",
    "address_changed",
    "address_proposed",
    "announcement",
    "case_closed",
    "case_opened",
    "case_replied",
    "invitation",
    "password_reset",
    "role_granted",
    "user_created",
];

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("day", day);
    environment.add_filter("moment", moment);
    environment.add_filter("prose", prose_html);
    environment.add_filter("quoted", prose::quoted);
    environment.add_filter("of", prose::of);
    environment.add_template("base.html", include_str!("templates/base.html.j2"))?;
    environment.add_template("words/fr.txt", include_str!("templates/words/fr.txt.j2"))?;
    environment.add_template("words/en.txt", include_str!("templates/words/en.txt.j2"))?;
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

fn locale_of(state: &State) -> Locale {
    state.lookup("locale").and_then(|value| value.as_str().and_then(Locale::parse)).unwrap_or_default()
}

/// `2026-05-11` in words: `lundi 11 mai 2026`, `Monday 11 May 2026`.
fn day(state: &State, text: &str) -> Result<String, Error> {
    let date: Date = text.parse().map_err(|error: jiff::Error| bad_time(&error))?;
    Ok(day_in_words(date, locale_of(state)))
}

/// A moment in words with its zone: people read mails where no page can ask for their own.
fn moment(state: &State, text: &str) -> Result<String, Error> {
    let at: Timestamp = text.parse().map_err(|error: jiff::Error| bad_time(&error))?;
    let name = state.lookup("zone").and_then(|value| value.as_str().map(ToOwned::to_owned));
    // A mail without one was queued before people had zones.
    let name = name.unwrap_or_else(|| "Europe/Paris".to_owned());
    let locale = locale_of(state);
    let at: Zoned = at.to_zoned(TimeZone::get(&name).unwrap_or(TimeZone::UTC));
    let (day, zone) = (day_in_words(at.date(), locale), zone_in_words(&at, locale));
    Ok(match locale {
        Locale::Fr => format!("{day} à {} h {:02} ({zone})", at.hour(), at.minute()),
        Locale::En => format!("{day} at {:02}:{:02} ({zone})", at.hour(), at.minute()),
    })
}

/// The zone of a moment by its city: `heure de Paris`, `New York time`.
fn zone_in_words(at: &Zoned, locale: Locale) -> String {
    let name = at.time_zone().iana_name().unwrap_or("UTC");
    let Some((_, city)) = name.rsplit_once('/').filter(|(area, _)| *area != "Etc") else { return "UTC".to_owned() };
    let city = city.replace('_', " ");
    match locale {
        Locale::Fr => {
            let city = french_city(&city);
            let of = if city.starts_with(['A', 'E', 'I', 'O', 'U', 'É']) { "d’" } else { "de " };
            format!("heure {of}{city}")
        }
        Locale::En => format!("{city} time"),
    }
}

/// Cities that have a French name.
fn french_city(city: &str) -> &str {
    match city {
        "Algiers" => "Alger",
        "Athens" => "Athènes",
        "Brussels" => "Bruxelles",
        "Bucharest" => "Bucarest",
        "Copenhagen" => "Copenhague",
        "Geneva" => "Genève",
        "Lisbon" => "Lisbonne",
        "London" => "Londres",
        "Mexico City" => "Mexico",
        "Montreal" => "Montréal",
        "Moscow" => "Moscou",
        "Prague" => "Prague",
        "Rome" => "Rome",
        "Sao Paulo" => "São Paulo",
        "Singapore" => "Singapour",
        "Vienna" => "Vienne",
        "Warsaw" => "Varsovie",
        other => other,
    }
}

/// What people wrote, as HTML: escaped here, once.
fn prose_html(state: &State, text: &str) -> minijinja::Value {
    let portal = state.lookup("portal");
    let portal = portal.as_ref().and_then(|value| value.as_str()).unwrap_or_default();
    minijinja::Value::from_safe_string(prose::html(text, portal))
}

fn bad_time(error: &dyn std::error::Error) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string())
}

fn day_in_words(date: Date, locale: Locale) -> String {
    const FR_DAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
    const EN_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    const FR_MONTHS: [&str; 12] = [
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
    const EN_MONTHS: [&str; 12] = [
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
    let pick = |names: &[&'static str], number: i8| {
        usize::try_from(number).ok().and_then(|number| names.get(number)).copied().unwrap_or_default()
    };
    let (weekday, month, year) = (date.weekday().to_monday_zero_offset(), date.month() - 1, date.year());
    match locale {
        Locale::Fr => {
            let first = if date.day() == 1 { "er" } else { "" };
            format!("{} {}{first} {} {year}", pick(&FR_DAYS, weekday), date.day(), pick(&FR_MONTHS, month))
        }
        Locale::En => format!("{} {} {} {year}", pick(&EN_DAYS, weekday), date.day(), pick(&EN_MONTHS, month)),
    }
}

/// An address made here and never typed, so that it need not be escaped into `https:&#x2f;&#x2f;`; what could end an
/// attribute is taken out all the same.
fn url(text: &str) -> minijinja::Value {
    let encoded: String = text
        .chars()
        .flat_map(|c| match c {
            '"' => "%22".chars().collect::<Vec<_>>(),
            '\'' => "%27".chars().collect(),
            '<' => "%3C".chars().collect(),
            '>' => "%3E".chars().collect(),
            c if c.is_control() || c == ' ' => Vec::new(),
            c => vec![c],
        })
        .collect();
    minijinja::Value::from_safe_string(encoded)
}

/// The address alone of `Name <address>`.
pub fn bare_address(mailbox: &str) -> &str {
    mailbox.rsplit_once('<').map_or(mailbox, |(_, rest)| rest.trim_end_matches('>')).trim()
}

/// What the template sees: the parameters of the mail, what the installation sets, and links made now.
fn values(services: &Services, locale: Locale, params: &Value) -> minijinja::Value {
    let settings = &services.settings;
    let portal = settings.public_url.as_str();
    let mut values: BTreeMap<String, minijinja::Value> = BTreeMap::new();
    values.insert("contact".into(), bare_address(&settings.mail_from).into());
    if let Value::Object(params) = params {
        for (name, value) in params {
            values.insert(name.clone(), minijinja::Value::from(Serde(value)));
        }
        if let Some(link) = params.get("link").and_then(Value::as_str).filter(|link| link.starts_with(portal)) {
            values.insert("link".into(), url(link));
        }
        let id = params.get("invitation").and_then(Value::as_str).and_then(|id| id.parse::<InvitationId>().ok());
        let version = params.get("invitation_version").and_then(Value::as_i64);
        if let (Some(id), Some(version)) = (id, version) {
            let token = people::invitation_token(services, id, version);
            values.insert("link".into(), url(&format!("{portal}/invitation/{token}")));
        }
        let change = params.get("address_change").and_then(Value::as_str).and_then(|id| id.parse().ok());
        if let Some(id) = change {
            values
                .insert("link".into(), url(&format!("{portal}/address/{}", people::address_link_token(services, id))));
        }
        if let Some(token) = reset_token(services, params) {
            values.insert("link".into(), url(&format!("{portal}/reset/{token}")));
        }
    }
    values.insert("vendor".into(), settings.vendor.as_str().into());
    values.insert("portal".into(), url(portal));
    values.insert("accent".into(), settings.accent.as_str().into());
    values.insert("locale".into(), locale.key().into());
    values.into()
}

/// The token of a link to set a new password, for a mail that has one.
fn reset_token(services: &Services, params: &serde_json::Map<String, Value>) -> Option<String> {
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    let person: PersonId = text("reset")?.parse().ok()?;
    let version = i32::try_from(params.get("reset_version")?.as_i64()?).ok()?;
    Some(session::reset_token(services, person, version, text("ends_at")?.parse().ok()?))
}

/// # Errors
/// A template that asks for what the mail does not have.
pub fn render(services: &Services, kind: MailKind, locale: Locale, params: &Value) -> Result<Rendered, Failure> {
    let failed = |error: Error| fault("rendering a mail", &error);
    let values = values(services, locale, params);
    let environment = environment().map_err(failed)?;
    let one = |part: &str| {
        let name = format!("{}/{}/{part}", kind.key(), locale.key());
        environment.get_template(&name)?.render(&values)
    };
    let subject = one("subject.txt").map_err(failed)?;
    Ok(Rendered {
        // One line, whatever a name or title brings along (RT CVE-2012-4730, FreeScout CVE-2025-48388).
        subject: subject.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "),
        text: tidy(&one("body.txt").map_err(failed)?),
        html: one("body.html").map_err(failed)?,
    })
}

/// Conditions in templates leave blank lines behind; one is enough.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut blank = true;
    for line in text.lines().map(|line| if line == "-- " { line } else { line.trim_end() }) {
        if line.is_empty() {
            if !blank {
                tidied.push('\n');
            }
            blank = true;
        } else {
            tidied.push_str(line);
            tidied.push('\n');
            blank = false;
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_has_templates_that_parse() {
        let environment = environment().expect("templates parse");
        for kind in MailKind::ALL {
            for locale in Locale::ALL {
                for part in ["subject.txt", "body.txt", "body.html"] {
                    let name = format!("{}/{}/{part}", kind.key(), locale.key());
                    assert!(environment.get_template(&name).is_ok(), "{name}");
                }
            }
        }
    }

    #[test]
    fn days_read_as_people_say_them() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(day_in_words(day("2026-05-11"), Locale::Fr), "lundi 11 mai 2026");
        assert_eq!(day_in_words(day("2026-08-01"), Locale::Fr), "samedi 1er août 2026");
        assert_eq!(day_in_words(day("2026-12-06"), Locale::En), "Sunday 6 December 2026");
    }

    #[test]
    fn blank_lines_are_single() {
        assert_eq!(tidy("\n\na\n\n \n\nb  \n-- \nc"), "a\n\nb\n-- \nc\n");
    }
}
