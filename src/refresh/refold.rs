//! Folding everything again after the rule has changed, in portions: each run makes some conversations pending, and the next
//! goes on where it ended. Until all conversations of an organization are folded by the new rule, its report stays as it is.

use crate::refresh::lease::Lease;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement, rows_of};

/// The most portions of a run.
const PORTIONS_MAX: usize = 20;
/// The most conversations of a portion.
const CONVERSATIONS_MAX: i64 = 1_000;

/// Makes the next conversations pending that were folded by another rule, if there are any.
pub async fn refold<D: Database>(database: &D, lease: Lease, change_token: &str) -> Result<(), DatabaseError> {
    if !lease.is_refolding {
        return Ok(());
    }
    for _ in 0..PORTIONS_MAX {
        if !refold_portion(database, lease, change_token).await? {
            break;
        }
    }
    Ok(())
}

/// Returns whether there may be more.
async fn refold_portion<D: Database>(database: &D, lease: Lease, change_token: &str) -> Result<bool, DatabaseError> {
    let add = concat!(
        include_str!("sql/next_to_refold.sql"),
        include_str!("sql/add_refold_pending.sql")
    );
    let forward = concat!(
        include_str!("sql/next_to_refold.sql"),
        include_str!("sql/forward_refold.sql")
    );
    let limit = SqlValue::Integer(CONVERSATIONS_MAX);
    let outcomes = database
        .batch(vec![
            lease.guard(),
            Statement::new(add, [limit.clone(), SqlValue::from(change_token)]),
            Statement::new(forward, [limit]),
        ])
        .await?;
    let [_, _, rows] = rows_of(outcomes)?;
    let row = rows.first().ok_or(DatabaseError::Decode("there is no refresh row"))?;
    Ok(row.optional_text(0)?.is_some())
}
