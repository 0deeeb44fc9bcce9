//! Times in the database: whole microseconds since 1970 in UTC, the same and sortable in both databases.

use domain::clock::to_microseconds;
use jiff::{Timestamp, civil::Date};

use crate::StoreError;

pub fn micros(at: Timestamp) -> i64 {
    to_microseconds(at).as_microsecond()
}

pub fn timestamp(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub fn date(text: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("{text} is not a day")))
}
