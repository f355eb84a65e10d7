//! Folding everything again after the rule has changed, in portions: each run makes some conversations pending, and the
//! next goes on where it ended. Until all conversations of an organization are folded by the new rule, its report stays
//! as it is.

use crate::refresh::lease::Lease;
use crate::refresh::sql;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement, rows_of};

/// How much of what another rule has folded a run folds again.
#[derive(Debug, Clone, Copy)]
pub struct RefoldLimits {
    /// The most portions of a run, each in a batch of its own.
    pub portions: i64,
    /// The most conversations of a portion.
    pub conversations: i64,
    /// The most timeline items of a portion, unless its last conversation has more.
    pub items: i64,
}

/// Takes about half of a run's statements, so that the run can also publish what it has folded.
impl Default for RefoldLimits {
    fn default() -> Self {
        Self {
            portions: 20,
            conversations: 1_000,
            items: 5_000,
        }
    }
}

/// Makes the next conversations pending that were folded by another rule, if there are any. Those that are pending
/// already count: if a run could not fold everything, the next one takes no more until it can.
pub async fn refold<D: Database>(
    database: &D,
    lease: &Lease<'_>,
    change_token: &str,
    limits: RefoldLimits,
) -> Result<(), DatabaseError> {
    if !lease.is_refolding {
        return Ok(());
    }
    let mut left = limits
        .portions
        .saturating_mul(limits.conversations)
        .saturating_sub(count_pending(database, limits).await?);
    while left > 0 && refold_portion(database, lease, change_token, limits).await? {
        left = left.saturating_sub(limits.conversations);
    }
    Ok(())
}

/// How many conversations are pending to be folded, or as many as a run refolds if there are more.
async fn count_pending<D: Database>(database: &D, limits: RefoldLimits) -> Result<i64, DatabaseError> {
    let most = SqlValue::Integer(limits.portions.saturating_mul(limits.conversations));
    let count = Statement::new(sql::COUNT_PENDING_CONVERSATIONS, [most]);
    let [rows] = rows_of(database.batch(vec![count]).await?)?;
    let row = rows.first().ok_or(DatabaseError::Decode("a count has no row"))?;
    row.integer(0)
}

/// Returns whether there may be more.
async fn refold_portion<D: Database>(
    database: &D,
    lease: &Lease<'_>,
    change_token: &str,
    limits: RefoldLimits,
) -> Result<bool, DatabaseError> {
    let add = sql::ADD_REFOLD_PENDING;
    let forward = sql::FORWARD_REFOLD;
    let [items, conversations] = [limits.items, limits.conversations].map(SqlValue::Integer);
    let outcomes = database
        .batch(vec![
            lease.guard(),
            Statement::new(
                add,
                [items.clone(), conversations.clone(), SqlValue::from(change_token)],
            ),
            Statement::new(forward, [items, conversations]),
        ])
        .await?;
    let [_, _, rows] = rows_of(outcomes)?;
    let row = rows.first().ok_or(DatabaseError::Decode("there is no refresh row"))?;
    Ok(row.optional_text(0)?.is_some())
}
