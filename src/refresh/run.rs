//! One run of the refresh, step by step.

use crate::base::timestamp::{Timestamp, rfc3339};
use crate::conversation::stall::RULE;
use crate::refresh::budget::{STATEMENTS_MAX, StatementBudget};
use crate::refresh::failures::Failures;
use crate::refresh::fold::fold_pending;
use crate::refresh::lease::Lease;
use crate::refresh::publish::publish_organizations;
use crate::refresh::refold::{RefoldLimits, refold};
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement};
use crate::storage::json_table::to_json;
use serde::{Deserialize, Serialize};

/// What a run needs besides the database.
pub struct Start<'a> {
    /// The instant that the run was scheduled for.
    pub scheduled_at: Timestamp,
    /// Unique to this run: written to what time alone makes pending.
    pub change_token: &'a str,
    /// The clock, which is only asked how long the run takes.
    pub now: &'a dyn Fn() -> Timestamp,
    /// How much it folds again after the rule has changed.
    pub refold_limits: RefoldLimits,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The instant that it decided for, RFC 3339.
    #[serde(with = "rfc3339")]
    pub as_of: Timestamp,
    /// Organizations that had anything pending, due or frozen.
    pub organizations_seen: u64,
    /// Organizations of which it published a new snapshot version.
    pub organizations_published: u64,
    /// Organizations that it could not refresh: they keep their last version and instant.
    pub organizations_failed: u64,
    /// Conversations whose timeline it folded.
    pub conversations_folded: u64,
    /// Rows of reports that it wrote.
    pub rows_published: u64,
    /// Statements that it ran.
    pub statements: u64,
    /// Rows of tables and indexes that the database says it read.
    pub rows_read: u64,
    /// Rows of tables and indexes that the database says it wrote.
    pub rows_written: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The number of the rule by which it folded.
    #[serde(default)]
    pub rule: i64,
}

/// What a finished run leaves for the log.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What it did.
    pub run: Run,
    /// The organizations that it could not refresh, each with the reason.
    pub failures: Failures,
}

/// Runs a refresh.
///
/// # Errors
/// [`DatabaseError`] if the run could not finish. What it has published by then stays, and the next run continues.
pub async fn run<D: Database>(database: &D, start: Start<'_>) -> Result<Finished, DatabaseError> {
    let began_at = (start.now)();
    let database = StatementBudget::new(database, STATEMENTS_MAX);
    let lease = Lease::take(&database, start.scheduled_at, start.change_token).await?;
    refold(&database, lease, start.change_token, start.refold_limits).await?;
    let mut failures = Failures::default();
    let conversations_folded = fold_pending(&database, lease, start.change_token, &mut failures).await?;
    let published = publish_organizations(&database, lease, &mut failures).await?;
    let counts = database.counts();
    let run = Run {
        as_of: lease.as_of,
        organizations_seen: published.organizations_seen,
        organizations_published: published.organizations_published,
        organizations_failed: failures.reasons().len() as u64,
        conversations_folded,
        rows_published: published.rows,
        // The last batch counts itself: its three statements, and the row of the run.
        statements: counts.statements + 3,
        rows_read: counts.rows_read,
        rows_written: counts.rows_written + 1,
        duration_ms: (start.now)().milliseconds_since(began_at),
        rule: RULE,
    };
    finish(&database, lease, &run, &failures).await?;
    Ok(Finished { run, failures })
}

async fn finish<D: Database>(database: &D, lease: Lease, run: &Run, failures: &Failures) -> Result<(), DatabaseError> {
    let failed: Vec<&str> = failures.reasons().iter().map(|(failed, _)| failed.as_str()).collect();
    database
        .batch(vec![
            lease.guard(),
            Statement::new(
                include_str!("sql/freeze_failed.sql"),
                [SqlValue::Text(to_json(&failed)?)],
            ),
            Statement::new(
                include_str!("sql/finish.sql"),
                [
                    SqlValue::Integer(run.as_of.as_milliseconds()),
                    SqlValue::Text(to_json(run)?),
                ],
            ),
        ])
        .await?;
    Ok(())
}
