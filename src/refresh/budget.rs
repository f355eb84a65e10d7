//! What a run may use, and counting what it costs.

use crate::base::timestamp::{DAY_MS, Timestamp};
use crate::refresh::refold::RefoldLimits;
use crate::snapshot::version::CANDIDATES_MAX;
use crate::storage::database::{Database, DatabaseError, Outcome, Statement};
use serde::{Deserialize, Serialize};
use std::cell::Cell;

/// The most statements of a run. D1 allows an invocation 1,000.
pub const STATEMENTS_MAX: u64 = 950;
/// For how long a run begins new work, in milliseconds: the next run starts after a minute.
pub const RUN_MAX_MS: i64 = 50_000;

/// The most bytes of a database, unless it is configured: what D1 allows on a paid plan.
pub const DATABASE_BYTES_MAX: u64 = 10_000_000_000;

/// How much of the bytes that a database may have is used, in percent.
#[must_use]
pub fn percent_full(bytes: u64, bytes_max: u64) -> u64 {
    (100 * bytes).checked_div(bytes_max).unwrap_or_default()
}

/// How long after the beginning of a pass the next one begins, in milliseconds.
const SWEEP_EVERY_MS: i64 = DAY_MS;

/// How much a run does, and how much of it at a time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most statements until the last slice has been published.
    pub work_statements: u64,
    /// The most statements until superseded versions have been removed.
    pub removal_statements: u64,
    /// The most statements until the sweep is over. What is left after that is for finishing.
    pub sweep_statements: u64,
    /// For how long a run begins new work, in milliseconds.
    pub duration_ms: i64,
    /// The most conversations that become pending because they are due.
    pub due: i64,
    /// The most organizations that a run lists.
    pub organizations: i64,
    /// How much goes into a slice.
    pub slice: SliceLimits,
    /// The most candidates that a version lists.
    pub candidates: usize,
    /// How much is folded again after the rule has changed.
    pub refold: RefoldLimits,
    /// What is forgotten, and how much of it.
    pub sweep: SweepLimits,
    /// How large the database may become, in bytes.
    pub database_bytes: u64,
}

/// How much goes into a slice. An organization that has more is a slice of its own, and is worked on in portions of
/// that size.
#[derive(Debug, Clone, Copy)]
pub struct SliceLimits {
    /// The most organizations.
    pub organizations: usize,
    /// The most records that are pending.
    pub pending_records: usize,
    /// The most published rows.
    pub rows: usize,
    /// The most bytes of candidates and their people that are published at a time, and of records that are folded at a
    /// time, unless a single one has more. In memory they take a multiple of that.
    pub bytes: usize,
    /// The most timeline items that are read at a time.
    pub items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            work_statements: STATEMENTS_MAX - 150,
            removal_statements: STATEMENTS_MAX - 100,
            sweep_statements: STATEMENTS_MAX - 50,
            duration_ms: RUN_MAX_MS,
            due: 20_000,
            organizations: 20_000,
            slice: SliceLimits {
                organizations: 500,
                pending_records: 5_000,
                rows: CANDIDATES_MAX,
                bytes: 4_000_000,
                items: 5_000,
            },
            candidates: CANDIDATES_MAX,
            refold: RefoldLimits::default(),
            sweep: SweepLimits::default(),
            database_bytes: DATABASE_BYTES_MAX,
        }
    }
}

/// What is forgotten, and how much of it in a run.
#[derive(Debug, Clone, Copy)]
pub struct SweepLimits {
    /// How long the items of a conversation in which nobody waits are kept, in milliseconds. 0 means that everything is
    /// kept.
    pub keep_timeline_ms: i64,
    /// How long a conversation that nothing happens to is kept, in milliseconds. 0 means for ever.
    pub keep_conversation_ms: i64,
    /// How long after the beginning of a pass the next one begins, in milliseconds.
    pub every_ms: i64,
    /// The most statements.
    pub statements: u64,
    /// For how long it begins new work, in milliseconds.
    pub duration_ms: i64,
    /// The most conversations of a portion.
    pub conversations: usize,
    /// The most records that are searched for removals at a time.
    pub records: usize,
    /// How many records may have been removed before no new work is begun.
    pub removed: u64,
}

impl Default for SweepLimits {
    /// Everything is kept.
    fn default() -> Self {
        Self {
            keep_timeline_ms: 0,
            keep_conversation_ms: 0,
            every_ms: SWEEP_EVERY_MS,
            statements: 120,
            duration_ms: 5_000,
            conversations: 500,
            records: 5_000,
            removed: 20_000,
        }
    }
}

/// What a run has cost so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct StatementCounts {
    /// How many statements were executed.
    pub statements: u64,
    /// How many rows of tables and indexes the platform bills as read.
    pub rows_read: u64,
    /// How many rows of tables and indexes the platform bills as written.
    pub rows_written: u64,
    /// How large the database is, in bytes.
    pub database_bytes: u64,
}

/// What ended the work of a run before everything was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortage {
    /// The statements that the platform allows.
    Statements,
    /// The time until the next run.
    Time,
}

/// A database that counts, and refuses what would exceed the budget.
pub struct Budget<'a, D> {
    database: &'a D,
    now: &'a dyn Fn() -> Timestamp,
    statements_max: Cell<u64>,
    ends_at: Timestamp,
    counts: Cell<StatementCounts>,
}

impl<'a, D> Budget<'a, D> {
    /// A budget that begins now.
    pub fn new(database: &'a D, now: &'a dyn Fn() -> Timestamp, limits: &Limits) -> Self {
        Self {
            database,
            now,
            statements_max: Cell::new(limits.work_statements),
            ends_at: now().plus(limits.duration_ms),
            counts: Cell::default(),
        }
    }

    /// What it has cost so far.
    pub fn counts(&self) -> StatementCounts {
        self.counts.get()
    }

    /// The clock.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Allows this many statements in all.
    pub fn allow(&self, statements_max: u64) {
        self.statements_max.set(statements_max);
    }

    /// What is missing for work that takes this many statements, if anything is.
    pub fn shortage(&self, statements: u64) -> Option<Shortage> {
        if self.counts().statements + statements > self.statements_max.get() {
            return Some(Shortage::Statements);
        }
        ((self.now)() >= self.ends_at).then_some(Shortage::Time)
    }
}

impl<D: Database> Database for Budget<'_, D> {
    /// # Errors
    /// [`DatabaseError::Exhausted`] if the batch would exceed the budget. Then none of it is run.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DatabaseError> {
        let mut counts = self.counts.get();
        counts.statements += statements.len() as u64;
        if counts.statements > self.statements_max.get() {
            return Err(DatabaseError::Exhausted);
        }
        self.counts.set(counts);
        let outcomes = self.database.batch(statements).await?;
        for outcome in &outcomes {
            counts.rows_read += outcome.rows_read;
            counts.rows_written += outcome.rows_written;
            counts.database_bytes = outcome.database_bytes;
        }
        self.counts.set(counts);
        Ok(outcomes)
    }
}
