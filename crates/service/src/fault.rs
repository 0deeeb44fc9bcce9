//! The border between what the store says and what crosses the wire: once, here, with context for the log.

use domain::{
    Failure, FaultId,
    failure::{Conflict, FieldErrors},
};
use store::StoreError;
use uuid::Uuid;

/// Logs an unexpected error under a fresh fault id; callers learn the id and nothing else.
///
/// The id is the one thing that does not come from the injected source: a fault must be nameable whatever is broken.
pub fn fault(what: &str, error: &dyn std::error::Error) -> Failure {
    #[expect(clippy::disallowed_methods, reason = "see above")]
    let id = FaultId::from(Uuid::now_v7());
    tracing::error!(fault.id = %id, error = %chain(error), "{what}");
    Failure::Unexpected(id)
}

/// Returns an error with its causes, each once: drivers repeat the text of the one below.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !chain.contains(&text) {
            chain.push_str(": ");
            chain.push_str(&text);
        }
        source = cause.source();
    }
    chain
}

/// `store_call.or_fail("opening a case")?`
pub trait OrFail<T> {
    /// # Errors
    /// Not found stays not found; a database that is busy, away or on a broken disk is [`Failure::Unavailable`]; a text that
    /// it cannot hold is [`Failure::Invalid`]; a duplicate that was not expected and everything else is a fault.
    fn or_fail(self, what: &'static str) -> Result<T, Failure>;

    /// Fails as [`OrFail::or_fail`] does, but with a conflict for a duplicate that was expected.
    fn or_conflict(self, what: &'static str, conflict: Conflict) -> Result<T, Failure>;
}

impl<T> OrFail<T> for Result<T, StoreError> {
    fn or_fail(self, what: &'static str) -> Result<T, Failure> {
        self.map_err(|error| match error {
            StoreError::NotFound => Failure::NotFound,
            StoreError::Busy(_) => {
                tracing::warn!(error = %chain(&error), "{what}: busy");
                Failure::Unavailable
            }
            // The form cannot be corrected for it; what was typed is kept, and works when the disk does (F1).
            StoreError::Broken(..) => {
                tracing::error!(error = %chain(&error), "{what}");
                Failure::Unavailable
            }
            StoreError::Unstorable(_) => {
                tracing::info!(error = %chain(&error), "{what}: refused");
                Failure::Invalid(FieldErrors::default())
            }
            other => fault(what, &other),
        })
    }

    fn or_conflict(self, what: &'static str, conflict: Conflict) -> Result<T, Failure> {
        match self {
            Err(StoreError::Duplicate) => Err(Failure::Conflict(conflict)),
            other => other.or_fail(what),
        }
    }
}
