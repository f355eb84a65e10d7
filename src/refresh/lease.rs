//! The lease of a refresh: only the run that started last may write.

use crate::base::timestamp::Timestamp;
use crate::refresh::Start;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement, rows_of};

/// The right to publish, and the instant to publish for.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    pub fence: i64,
    pub as_of: Timestamp,
}

impl Lease {
    /// The statement that every batch which writes begins with.
    pub fn guard(self) -> Statement {
        Statement::new(include_str!("sql/guard.sql"), [SqlValue::Integer(self.fence)])
    }
}

pub async fn take<D: Database>(database: &D, start: &Start<'_>) -> Result<Lease, DatabaseError> {
    let outcomes = database
        .batch(vec![
            Statement::new(
                include_str!("sql/take_lease.sql"),
                [SqlValue::Integer(start.scheduled_at.as_milliseconds())],
            ),
            Statement::new(include_str!("sql/mark_due.sql"), [SqlValue::from(start.change_token)]),
        ])
        .await?;
    let [claimed, _] = rows_of(outcomes)?;
    let row = claimed
        .first()
        .ok_or(DatabaseError::Decode("there is no refresh row"))?;
    Ok(Lease {
        fence: row.integer(0)?,
        as_of: Timestamp::from_milliseconds(row.integer(1)?),
    })
}
