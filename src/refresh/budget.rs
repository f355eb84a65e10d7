//! Counting what a run costs, and keeping it within what an invocation is allowed.

use crate::storage::database::{Database, DatabaseError, Outcome, Statement};
use std::cell::Cell;

/// What a run has cost so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct StatementCounts {
    pub statements: u64,
    pub rows_read: u64,
    pub rows_written: u64,
}

/// A database that counts.
pub struct StatementBudget<'a, D> {
    database: &'a D,
    statements_max: u64,
    counts: Cell<StatementCounts>,
}

impl<'a, D> StatementBudget<'a, D> {
    pub fn new(database: &'a D, statements_max: u64) -> Self {
        Self {
            database,
            statements_max,
            counts: Cell::default(),
        }
    }

    pub fn counts(&self) -> StatementCounts {
        self.counts.get()
    }
}

impl<D: Database> Database for StatementBudget<'_, D> {
    /// # Errors
    /// [`DatabaseError::Exhausted`] where the batch would go beyond the statements allowed; nothing is run then.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DatabaseError> {
        let mut counts = self.counts.get();
        let added = u64::try_from(statements.len()).unwrap_or(u64::MAX);
        counts.statements = counts.statements.saturating_add(added);
        if counts.statements > self.statements_max {
            return Err(DatabaseError::Exhausted);
        }
        self.counts.set(counts);
        let outcomes = self.database.batch(statements).await?;
        for outcome in &outcomes {
            counts.rows_read = counts.rows_read.saturating_add(outcome.rows_read);
            counts.rows_written = counts.rows_written.saturating_add(outcome.rows_written);
        }
        self.counts.set(counts);
        Ok(outcomes)
    }
}
