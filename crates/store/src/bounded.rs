//! Statements that end (F14): a PostgreSQL that stands still in the middle of one, or a network that lost the answer, holds
//! its caller for a while and not for ever. The server's own `statement_timeout` does not fire in a server that stands still.

use std::{future::Future, io, sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, SqlxError, Statement};
use sea_orm_migration::async_trait;
use tokio::time::timeout;

/// A connection, a pool or a transaction whose every statement ends.
#[derive(Clone, Debug)]
pub struct Bounded<C> {
    inner: C,
    /// `None` for SQLite, which works in this process.
    most: Option<Duration>,
}

impl<C> Bounded<C> {
    pub(crate) const fn new(inner: C, most: Option<Duration>) -> Self {
        Self { inner, most }
    }

    pub(crate) const fn inner(&self) -> &C {
        &self.inner
    }

    pub(crate) fn into_inner(self) -> C {
        self.inner
    }

    pub(crate) const fn most(&self) -> Option<Duration> {
        self.most
    }
}

/// Waits for an answer of the database. A connection whose answer was not awaited is not used again: what makes it fit for
/// that waits for the answer first (`connect::is_fit_postgres`).
///
/// # Errors
/// The database's own, or one of input and output when the answer takes longer than `most`.
pub(crate) async fn within<T>(
    most: Option<Duration>,
    answer: impl Future<Output = Result<T, DbErr>> + Send,
) -> Result<T, DbErr> {
    let Some(most) = most else { return answer.await };
    timeout(most, answer).await.unwrap_or_else(|_| {
        let late = io::Error::new(io::ErrorKind::TimedOut, "the database did not answer");
        Err(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(SqlxError::Io(late)))))
    })
}

#[async_trait::async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Bounded<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        within(self.most, self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        within(self.most, self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        within(self.most, self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        within(self.most, self.inner.query_all_raw(statement)).await
    }

    fn support_returning(&self) -> bool {
        self.inner.support_returning()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::StoreError;

    #[tokio::test]
    async fn f14_answer_that_never_comes_is_a_database_that_is_away() {
        let waited = within(Some(Duration::from_millis(20)), pending::<Result<(), DbErr>>()).await;
        let error = StoreError::from(waited.expect_err("no answer"));
        assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
    }
}
