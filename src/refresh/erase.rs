//! Carries out erasures and purges. They come before anything old is forgotten, and use the statements of the sweep.

use crate::base::timestamp::Timestamp;
use crate::erasure::{PURGE_AFTER_MS, PURGE_STATEMENTS, close_statements, purge_end, purge_statements};
use crate::refresh::budget::Budget;
use crate::refresh::lease::Lease;
use crate::refresh::sql;
use crate::refresh::swept::Swept;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement};

/// The most conversations without a record that a run counts.
const UNKNOWN_MAX: i64 = 1_000;

/// What is to be carried out.
pub struct Due {
    has_open: bool,
    next_purge: Option<String>,
}

impl Due {
    /// The statement that says what is due at an instant, and how far the sweep has come.
    pub fn statement(as_of: Timestamp) -> Statement {
        let numbers = [as_of.as_milliseconds(), UNKNOWN_MAX];
        Statement::new(sql::READ_SWEEP_PROGRESS, numbers.map(SqlValue::Integer))
    }

    /// Reads it from the row of that statement.
    pub fn from_row(row: &Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            has_open: row.integer(6)? != 0,
            next_purge: row.optional_text(7)?.map(str::to_owned),
        })
    }
}

/// Carries out what is due, until it is done or `is_spent` with what has been removed.
///
/// # Errors
/// [`DatabaseError`]. What has been carried out by then stays so, and the next run goes on.
pub async fn erase<D: Database>(
    budget: &Budget<'_, D>,
    lease: &Lease<'_>,
    mut now_due: Due,
    swept: &mut Swept,
    is_spent: &dyn Fn(&Swept) -> bool,
) -> Result<(), DatabaseError> {
    let mut is_open = now_due.has_open;
    while is_open && !is_spent(swept) {
        let statements = close_statements(lease.change_token);
        let outcomes = budget.batch(lease.guarded(statements)).await?;
        let mut changes = outcomes.iter().rev().map(|outcome| outcome.changes);
        let closed = changes.next().unwrap_or_default();
        let removed = changes.next().unwrap_or_default();
        swept.erasures += closed;
        swept.records += removed;
        is_open = closed + removed > 0;
    }
    while let Some(organization_id) = now_due.next_purge {
        let mut has_more = true;
        while has_more {
            if is_spent(swept) {
                return Ok(());
            }
            let statements = purge_statements(&organization_id);
            let outcomes = budget.batch(lease.guarded(statements)).await?;
            let removals = outcomes.iter().rev().take(PURGE_STATEMENTS);
            let removed: u64 = removals.map(|outcome| outcome.changes).sum();
            swept.records += removed;
            has_more = removed > 0;
        }
        let end = purge_end(&organization_id, again_at(lease.as_of));
        let batch = lease.guarded([end, Due::statement(lease.as_of)]);
        let outcomes = budget.batch(batch).await?;
        swept.purges += 1;
        let row = outcomes.last().and_then(|outcome| outcome.rows.first());
        now_due = Due::from_row(row.ok_or(DatabaseError::Decode("there is no sweep row"))?)?;
    }
    Ok(())
}

/// When an organization that was removed is purged, if it is noted at `as_of`.
pub fn again_at(as_of: Timestamp) -> Timestamp {
    as_of.plus(PURGE_AFTER_MS)
}
