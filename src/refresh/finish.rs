//! How a run ends: what it did, which organizations stand still from then on, and that all others move on.

use crate::base::timestamp::{Timestamp, rfc3339};
use crate::refresh::budget::Shortage;
use crate::refresh::failures::Failures;
use crate::refresh::lease::Lease;
use crate::refresh::sql;
use crate::refresh::work::{Organization, Work};
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement};
use crate::storage::json_table::{JsonCell, PARAMETER_BYTES_MAX, json_chunks, to_json};
use serde::{Deserialize, Serialize};

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
    /// Organizations that it did not finish or not get to: they keep their instant, and the next run begins with them.
    #[serde(default)]
    pub organizations_left: u64,
    /// What ended it before everything was done: `statements` or `time`. Null means that everything was done.
    #[serde(default)]
    pub ended_by: Option<Shortage>,
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
    /// Conversations of which the sweep forgot items, or everything.
    #[serde(default)]
    pub conversations_swept: u64,
    /// Records that the sweep removed.
    #[serde(default)]
    pub records_removed: u64,
    /// Contacts and conversations of which the sweep removed what was left after they had been erased.
    #[serde(default)]
    pub erasures_finished: u64,
    /// Organizations that the sweep purged.
    #[serde(default)]
    pub organizations_purged: u64,
    /// Conversations that the sweep could not read, or not within a run.
    #[serde(default)]
    pub sweep_failed: u64,
    /// When the last completed pass of the sweep began, RFC 3339. Null means that there was none.
    #[serde(default, with = "rfc3339::optional")]
    pub swept_as_of: Option<Timestamp>,
    /// Items that have come since the run before, and came too late to be taken in.
    #[serde(default)]
    pub items_expired: i64,
    /// Conversations whose items are stored without a record of the conversation. At most 1,000 are counted.
    #[serde(default)]
    pub unknown_conversations: i64,
    /// Organizations with more candidates than a version lists.
    #[serde(default)]
    pub truncated_organizations: i64,
    /// The instant of the report that is furthest behind, RFC 3339. Null means that all reports are as of the run.
    #[serde(default, with = "rfc3339::optional")]
    pub behind_since: Option<Timestamp>,
    /// How large the database is, in bytes.
    #[serde(default)]
    pub database_bytes: u64,
    /// How much of what it may have that is, in percent.
    #[serde(default)]
    pub database_percent: u64,
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

/// The statements that freeze the organizations that failed, that are not done, or that were not even listed.
pub fn freeze_statements(
    lease: &Lease<'_>,
    work: &Work,
    failures: &Failures,
    left: &[&Organization],
) -> Result<Vec<Statement>, DatabaseError> {
    let fence = SqlValue::Integer(lease.fence);
    let failed = failures
        .reasons()
        .iter()
        .map(|(failed, _)| [JsonCell::from(failed), true.into(), true.into(), JsonCell::Null]);
    let left = left.iter().map(|organization| {
        let after = organization.progress.goes_on_after();
        [
            JsonCell::from(&organization.id),
            false.into(),
            organization.had_turn.into(),
            after.into(),
        ]
    });
    let mut statements: Vec<Statement> = json_chunks(failed.chain(left), PARAMETER_BYTES_MAX)?
        .into_iter()
        .map(|rows| Statement::new(sql::FREEZE, [SqlValue::Text(rows), fence.clone()]))
        .collect();
    if lease.is_refolding || work.listed_until.is_some() {
        let listed_until = work.listed_until.as_deref().map_or(SqlValue::Null, SqlValue::from);
        statements.push(Statement::new(sql::FREEZE_REST, [listed_until, lease.change_token()]));
    }
    if lease.has_more_due {
        let as_of = SqlValue::Integer(lease.as_of.as_milliseconds());
        statements.push(Statement::new(sql::FREEZE_DUE, [as_of]));
    }
    Ok(statements)
}

/// Ends the run, and returns the latest instant that any run was scheduled for by then.
pub async fn finish<D: Database>(
    database: &D,
    mut batch: Vec<Statement>,
    run: &Run,
) -> Result<Timestamp, DatabaseError> {
    batch.push(Statement::new(
        sql::FINISH,
        [
            SqlValue::Integer(run.as_of.as_milliseconds()),
            SqlValue::Text(to_json(run)?),
            SqlValue::Integer(run.items_expired),
        ],
    ));
    let outcomes = database.batch(batch).await?;
    let row = outcomes.last().and_then(|outcome| outcome.rows.first());
    let row = row.ok_or(DatabaseError::Decode("there is no refresh row"))?;
    row.integer(0).map(Timestamp::from_milliseconds)
}
