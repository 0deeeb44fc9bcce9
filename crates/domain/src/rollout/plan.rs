//! Planning: a programme as it is set up, and the days of its phases (R2, R5).

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Dates, Phase};
use crate::{
    FieldError, FieldErrors, ProductId,
    products::is_key,
    text::{EmailAddress, line},
};

/// The days of the phases as typed into a form: ISO 8601, one field a phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatesForm {
    #[serde(default)]
    pub setup: String,
    #[serde(default)]
    pub validation: String,
    #[serde(default)]
    pub enablement: String,
    #[serde(default)]
    pub launch: String,
}

impl DatesForm {
    pub fn new(dates: &[(Phase, Date)]) -> Self {
        let day = |phase| dates.iter().find(|(dated, _)| *dated == phase).map(|(_, date)| date.to_string());
        Self {
            setup: day(Phase::Setup).unwrap_or_default(),
            validation: day(Phase::Validation).unwrap_or_default(),
            enablement: day(Phase::Enablement).unwrap_or_default(),
            launch: day(Phase::Launch).unwrap_or_default(),
        }
    }

    fn parse_into(&self, errors: &mut FieldErrors) -> Option<Dates> {
        let typed = [&self.setup, &self.validation, &self.enablement, &self.launch];
        let mut dates = Dates::new();
        for (phase, text) in Phase::DATED.into_iter().zip(typed) {
            let date = match text.trim() {
                "" => Err(FieldError::Required),
                text => text.parse::<Date>().map_err(|_| FieldError::NotATime),
            };
            let in_order = date.and_then(|date| match dates.last() {
                Some((_, before)) if date < *before => Err(FieldError::OutOfOrder),
                _ => Ok(date),
            });
            dates.extend(errors.take(phase.key(), in_order).map(|date| (phase, date)));
        }
        (dates.len() == Phase::DATED.len()).then_some(dates)
    }

    /// Returns all four days, none before the one of the phase ahead of it.
    ///
    /// # Errors
    /// Every wrong field at once, under the key of its phase.
    pub fn parse(&self) -> Result<Dates, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.parse_into(&mut errors).ok_or(errors)
    }
}

/// Checks days that did not come from a form.
///
/// # Errors
/// As [`DatesForm::parse`].
pub fn check_dates(dates: &[(Phase, Date)]) -> Result<Dates, FieldErrors> {
    DatesForm::new(dates).parse()
}

/// Returns the days after a move by `days`: those of phases that have not begun follow, the past stays what it was
/// (J12).
///
/// # Errors
/// [`FieldError::NotATime`] under `days` when that leaves the calendar; [`FieldError::OutOfOrder`] when a phase would
/// come before one that has begun.
pub fn shift_dates(dates: &[(Phase, Date)], begun: impl Fn(Phase) -> bool, days: i32) -> Result<Dates, FieldErrors> {
    let mut moved = Dates::new();
    for (phase, date) in dates {
        let date = if begun(*phase) {
            *date
        } else {
            let days = i64::from(days.clamp(-3_650, 3_650));
            date.checked_add(days.days()).map_err(|_| FieldErrors::one("days", FieldError::NotATime))?
        };
        if moved.last().is_some_and(|(_, before): &(Phase, Date)| date < *before) {
            return Err(FieldErrors::one("days", FieldError::OutOfOrder));
        }
        moved.push((*phase, date));
    }
    Ok(moved)
}

/// A programme that may be set up: every field was checked.
#[derive(Clone, Debug)]
pub struct ProgrammeDraft {
    pub key: String,
    pub name: String,
    pub contact: EmailAddress,
    pub products: Vec<ProductId>,
    pub dates: Dates,
}

/// A programme as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeForm {
    pub key: String,
    pub name: String,
    /// R34: where questions go.
    pub contact: String,
    /// Ids.
    #[serde(default)]
    pub products: Vec<String>,
    #[serde(flatten)]
    pub dates: DatesForm,
}

impl ProgrammeForm {
    /// # Errors
    /// Every wrong field at once.
    pub fn parse(&self) -> Result<ProgrammeDraft, FieldErrors> {
        let mut errors = FieldErrors::default();
        let key = errors.take(
            "key",
            match self.key.trim() {
                "" => Err(FieldError::Required),
                key if is_key(key) => Ok(key.to_owned()),
                _ => Err(FieldError::NotAChoice),
            },
        );
        let name = errors.take("name", line(&self.name, 120));
        let contact = errors.take("contact", EmailAddress::parse(&self.contact));
        let ids: Option<Vec<ProductId>> = self.products.iter().map(|id| id.parse().ok()).collect();
        let products = errors.take(
            "products",
            match ids {
                None => Err(FieldError::NotAChoice),
                Some(ids) if ids.is_empty() => Err(FieldError::Required),
                // Ticked twice is ticked (C4).
                Some(mut ids) => {
                    ids.sort_unstable();
                    ids.dedup();
                    Ok(ids)
                }
            },
        );
        let dates = self.dates.parse_into(&mut errors);
        match (key, name, contact, products, dates) {
            (Some(key), Some(name), Some(contact), Some(products), Some(dates)) => {
                Ok(ProgrammeDraft { key, name, contact, products, dates })
            }
            _ => Err(errors),
        }
    }
}

/// Why a company was moved: one line, kept in the ledger.
///
/// # Errors
/// Empty, or too long.
pub fn reason(text: &str) -> Result<String, FieldError> {
    const MAX: u32 = 300;
    line(text, MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> DatesForm {
        DatesForm {
            setup: "2026-02-02".into(),
            validation: "2026-03-02".into(),
            enablement: "2026-04-06".into(),
            launch: "2026-05-11".into(),
        }
    }

    /// R5
    #[test]
    fn r5_days_come_in_the_order_of_the_phases() {
        let dates = form().parse().expect("in order");
        assert_eq!(DatesForm::new(&dates), form());
        let late = DatesForm { validation: "2026-04-07".into(), ..form() };
        assert_eq!(late.parse(), Err(FieldErrors::one("enablement", FieldError::OutOfOrder)));
        let wrong =
            DatesForm { launch: "soon".into(), setup: String::new(), ..form() }.parse().expect_err("two errors");
        assert_eq!(wrong.get("launch"), Some(&FieldError::NotATime));
        assert_eq!(wrong.get("setup"), Some(&FieldError::Required));
    }

    /// J12
    #[test]
    fn j12_only_what_has_not_begun_moves() {
        let dates = form().parse().expect("in order");
        let moved = shift_dates(&dates, |phase| phase <= Phase::Validation, 14).expect("possible");
        let expected = DatesForm { enablement: "2026-04-20".into(), launch: "2026-05-25".into(), ..form() };
        assert_eq!(DatesForm::new(&moved), expected);
        assert!(shift_dates(&dates, |phase| phase <= Phase::Validation, -60).is_err());
    }
}
