//! Keeping a run within the statements that the platform allows an invocation, and counting what it costs.

use crate::storage::database::{Database, DatabaseError, Outcome, Statement};
use std::cell::Cell;

/// The most statements of a run. D1 allows an invocation 1,000.
pub const STATEMENTS_MAX: u64 = 950;

/// What a run has cost so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct StatementCounts {
    pub statements: u64,
    pub rows_read: u64,
    pub rows_written: u64,
}

/// A database that counts, and refuses what would exceed the budget.
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
    /// [`DatabaseError::Exhausted`] if the batch would exceed the budget. Then none of it is run.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DatabaseError> {
        let mut counts = self.counts.get();
        counts.statements += statements.len() as u64;
        if counts.statements > self.statements_max {
            return Err(DatabaseError::Exhausted);
        }
        self.counts.set(counts);
        let outcomes = self.database.batch(statements).await?;
        for outcome in &outcomes {
            counts.rows_read += outcome.rows_read;
            counts.rows_written += outcome.rows_written;
        }
        self.counts.set(counts);
        Ok(outcomes)
    }
}
