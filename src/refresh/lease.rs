//! The lease of a refresh: only one run at a time may write, as long as it makes progress.

use crate::base::timestamp::Timestamp;
use crate::conversation::stall::RULE;
use crate::refresh::sql;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement, rows_of};
use std::cell::Cell;

/// How long a run has the lease unless it renews it, in milliseconds. When a run has ended without finishing, the first
/// one that comes after this takes over: 40 seconds after the lost run began if there is a refresh every 20 seconds,
/// and otherwise after a minute.
pub const LEASE_MS: i64 = 40_000;
/// A run renews the lease with the first batch after this time, so short runs never do.
const RENEW_AFTER_MS: i64 = 10_000;

/// The right to write, and the instant that the run decides for.
pub struct Lease<'a> {
    /// The number of the run. Each run takes the next one.
    pub fence: i64,
    /// The latest instant that any run was scheduled for so far, so that time never goes back.
    pub as_of: Timestamp,
    /// How many items came too late to be taken in since the last finished run began.
    pub expired: i64,
    /// Whether conversations may exist that were folded by another rule, as another version of the service does.
    pub is_refolding: bool,
    /// Whether more conversations are due than became pending.
    pub has_more_due: bool,
    /// Unique to the run: written to what it makes pending.
    pub change_token: &'a str,
    now: &'a dyn Fn() -> Timestamp,
    renewed_at: Cell<Timestamp>,
}

impl<'a> Lease<'a> {
    /// Takes the lease, and makes pending what time alone changes until then, at most `due_max` conversations. `None`
    /// means that another run has the lease and makes progress. That run learns of `scheduled_at` when it finishes.
    pub async fn take<D: Database>(
        database: &D,
        scheduled_at: Timestamp,
        change_token: &'a str,
        now: &'a dyn Fn() -> Timestamp,
        due_max: i64,
    ) -> Result<Option<Self>, DatabaseError> {
        let taken_at = now();
        let outcomes = database
            .batch(vec![
                Statement::new(
                    sql::TAKE_LEASE,
                    [
                        SqlValue::Integer(scheduled_at.as_milliseconds()),
                        SqlValue::Integer(RULE),
                        SqlValue::Integer(taken_at.as_milliseconds()),
                        SqlValue::Integer(taken_at.plus(LEASE_MS).as_milliseconds()),
                        SqlValue::from(change_token),
                    ],
                ),
                Statement::new(
                    sql::ADD_DUE_PENDING,
                    [SqlValue::from(change_token), SqlValue::Integer(due_max)],
                ),
            ])
            .await?;
        let due = outcomes.last().map_or(0, |outcome| outcome.changes);
        let [leases, _] = rows_of(outcomes)?;
        let row = leases.first().ok_or(DatabaseError::Decode("there is no refresh row"))?;
        if row.optional_integer(3)? != Some(1) {
            return Ok(None);
        }
        Ok(Some(Self {
            fence: row.integer(0)?,
            as_of: Timestamp::from_milliseconds(row.integer(1)?),
            expired: row.integer(4)?,
            is_refolding: row.optional_text(2)?.is_some(),
            has_more_due: due >= due_max.unsigned_abs(),
            change_token,
            now,
            renewed_at: Cell::new(taken_at),
        }))
    }

    /// The first statement of every batch that writes: it rolls the batch back if another run has the lease.
    pub fn guard(&self) -> Statement {
        Statement::new(sql::GUARD, [SqlValue::Integer(self.fence)])
    }

    /// A batch that writes: it is rolled back if another run has the lease, and renews the lease from time to time.
    pub fn guarded(&self, statements: impl IntoIterator<Item = Statement>) -> Vec<Statement> {
        let now = (self.now)();
        let mut batch = vec![self.guard()];
        if now.milliseconds_since(self.renewed_at.get()) >= RENEW_AFTER_MS {
            self.renewed_at.set(now);
            let deadline = SqlValue::Integer(now.plus(LEASE_MS).as_milliseconds());
            let renewal = sql::RENEW_LEASE;
            batch.push(Statement::new(renewal, [SqlValue::Integer(self.fence), deadline]));
        }
        batch.extend(statements);
        batch
    }

    /// The number of the run as a change token of what is pending. What already has this token may have changed since
    /// it was read, so the run does not settle it.
    pub fn change_token(&self) -> SqlValue {
        SqlValue::Text(self.fence.to_string())
    }
}
