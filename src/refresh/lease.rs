//! The lease of a refresh: only the run that started last may write.

use crate::base::timestamp::Timestamp;
use crate::conversation::stall::RULE;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement, rows_of};

/// The right to write, and the instant that the run decides for.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// The number of the run. Each run takes the next one.
    fence: i64,
    /// The latest instant that any run was scheduled for so far, so that time never goes back.
    pub as_of: Timestamp,
    /// Whether there may be conversations that were folded by another rule, as another version of the service does.
    pub is_refolding: bool,
}

impl Lease {
    /// Takes the lease from whatever run has it, and makes pending what time alone changes until then.
    pub async fn take<D: Database>(
        database: &D,
        scheduled_at: Timestamp,
        change_token: &str,
    ) -> Result<Self, DatabaseError> {
        let outcomes = database
            .batch(vec![
                Statement::new(
                    include_str!("sql/take_lease.sql"),
                    [
                        SqlValue::Integer(scheduled_at.as_milliseconds()),
                        SqlValue::Integer(RULE),
                    ],
                ),
                Statement::new(include_str!("sql/add_due_pending.sql"), [SqlValue::from(change_token)]),
            ])
            .await?;
        let [leases, _] = rows_of(outcomes)?;
        let row = leases.first().ok_or(DatabaseError::Decode("there is no refresh row"))?;
        Ok(Self {
            fence: row.integer(0)?,
            as_of: Timestamp::from_milliseconds(row.integer(1)?),
            is_refolding: row.optional_text(2)?.is_some(),
        })
    }

    /// The first statement of every batch that writes: it rolls the batch back if another run has the lease.
    pub fn guard(self) -> Statement {
        Statement::new(include_str!("sql/guard.sql"), [SqlValue::Integer(self.fence)])
    }
}
