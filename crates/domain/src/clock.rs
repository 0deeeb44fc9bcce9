//! Time is injected: half of the product is deadlines, and a test moves the clock instead of sleeping.

use jiff::{Timestamp, Unit};

/// Tells the present; the only source of it (`clippy.toml` forbids `Timestamp::now` elsewhere).
pub trait Clock: Send + Sync {
    /// Returns the present, cut to microseconds: the precision that both databases keep.
    fn now(&self) -> Timestamp;
}

/// Cuts a time to what PostgreSQL and SQLite both store.
pub fn to_microseconds(at: Timestamp) -> Timestamp {
    at.round(jiff::TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Trunc)).unwrap_or(at)
}
