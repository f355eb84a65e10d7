//! The refresh: every minute, from what is marked to what is published.
//!
//! 1. *Lease*: the run takes the fence, so that no earlier run publishes any more, and marks what time alone changes.
//! 2. *Fold* (`fold`): marked timelines become states, each stored only if its mark is still the one that was read.
//! 3. *Publish* (`publish`): changed candidates, joined with names, become rows; an organization's new version and its
//!    head are switched in one batch.
//! 4. *Finish*: organizations that failed are held at the instant they spoke of; all others speak of the run's.
//!
//! A run that ends anywhere in between loses nothing: marks are cleared by the batch that makes them needless. The
//! work goes by rows and not by organizations: each step takes as many as fit into a statement.

mod bisect;
mod budget;
mod fold;
mod lease;
mod plan;
mod publish;

use crate::base::timestamp::{Timestamp, rfc3339};
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement};
use crate::storage::json_table::to_json;
use budget::StatementBudget;
use lease::Lease;
use serde::{Deserialize, Serialize};

/// The statements that a run may use of the 1,000 that D1 allows an invocation.
pub const STATEMENTS_MAX: u64 = 950;
/// How long a version is kept after it was superseded: ten minutes between the instants that the two runs were scheduled
/// for, the one that superseded it and the one that removes it.
pub const RETENTION_MS: i64 = 10 * 60_000;

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The instant that it speaks of, RFC 3339.
    #[serde(with = "rfc3339")]
    pub as_of: Timestamp,
    /// Organizations that it had work with.
    pub organizations_seen: u64,
    /// Organizations of which it published a new version.
    pub organizations_published: u64,
    /// Organizations that it could not refresh: they keep their last version and instant.
    pub organizations_failed: u64,
    /// Conversations whose timeline it folded.
    pub conversations_folded: u64,
    /// Rows of reports that it wrote.
    pub rows_published: u64,
    /// Statements that it ran.
    pub statements: u64,
    /// Rows of tables and indexes that the database read, as far as it says.
    pub rows_read: u64,
    /// Rows of tables and indexes that the database wrote, as far as it says.
    pub rows_written: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// What a finished run leaves for the log.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What it did.
    pub run: Run,
    /// The organizations that it could not refresh, each with the reason.
    pub failures: Failures,
}

/// Organizations that could not be refreshed, with the first reason of each.
#[derive(Debug, Clone, Default)]
pub struct Failures(Vec<(String, String)>);

impl Failures {
    /// The organizations with their reasons.
    #[must_use]
    pub fn reasons(&self) -> &[(String, String)] {
        &self.0
    }

    fn contains(&self, organization_id: &str) -> bool {
        self.0.iter().any(|(failed, _)| failed == organization_id)
    }

    fn add(&mut self, organization_id: &str, reason: String) {
        if !self.contains(organization_id) {
            self.0.push((organization_id.to_owned(), reason));
        }
    }
}

/// What a run needs beside the database.
pub struct Start<'a> {
    /// The instant that the run was scheduled for.
    pub scheduled_at: Timestamp,
    /// Unique to this run: written to what time alone makes pending.
    pub change_token: &'a str,
    /// The clock, for the run's duration only.
    pub now: &'a dyn Fn() -> Timestamp,
}

/// Runs a refresh.
///
/// # Errors
/// [`DatabaseError`] where the run could not finish; what it has published by then stands, and the next run goes on.
pub async fn run<D: Database>(database: &D, start: Start<'_>) -> Result<Finished, DatabaseError> {
    let began_at = (start.now)();
    let ledger = StatementBudget::new(database, STATEMENTS_MAX);
    let run = lease::take(&ledger, &start).await?;
    let mut failures = Failures::default();
    let conversations_folded = fold::fold_marked(&ledger, run, &mut failures).await?;
    let published = publish::publish_changed(&ledger, run, &mut failures).await?;
    let counts = ledger.counts();
    let run_report = Run {
        as_of: run.as_of,
        organizations_seen: published.organizations_seen,
        organizations_published: published.organizations_published,
        organizations_failed: u64::try_from(failures.0.len()).unwrap_or(u64::MAX),
        conversations_folded,
        rows_published: published.rows,
        // The last batch counts itself: it writes the run's row, and those of organizations that failed.
        statements: counts.statements.saturating_add(3),
        rows_read: counts.rows_read,
        rows_written: counts.rows_written.saturating_add(1),
        duration_ms: (start.now)().milliseconds_since(began_at),
    };
    finish(&ledger, run, &run_report, &failures).await?;
    Ok(Finished {
        run: run_report,
        failures,
    })
}

async fn finish<D: Database>(database: &D, lease: Lease, run: &Run, failures: &Failures) -> Result<(), DatabaseError> {
    let failed: Vec<&str> = failures.0.iter().map(|(failed, _)| failed.as_str()).collect();
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
