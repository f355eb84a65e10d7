//! One run of the refresh, step by step.

use crate::base::timestamp::{Timestamp, rfc3339};
use crate::conversation::stall::RULE;
use crate::hours::calendar::CalendarOf;
use crate::refresh::budget::{Budget, Limits, STATEMENTS_MAX, Shortage, percent_full};
use crate::refresh::failures::Failures;
use crate::refresh::fold::Folder;
use crate::refresh::lease::Lease;
use crate::refresh::publish::Publisher;
use crate::refresh::refold::refold;
use crate::refresh::remove::remove_retired;
use crate::refresh::sql;
use crate::refresh::sweep::sweep;
use crate::refresh::work::{Organization, Slice, Work, list_work};
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement};
use crate::storage::json_table::{Cell, PARAMETER_BYTES_MAX, json_chunks, to_json};
use futures::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// More than a slice takes unless it is large.
const SLICE_STATEMENTS: u64 = 80;
/// If so many slices in a row cannot even be read, the database is out of reach.
const FAILED_SLICES_MAX: usize = 3;
/// How often a run goes on for a later instant that another run has asked for meanwhile.
const PASSES_MAX: usize = 3;

/// What a run needs besides the database.
pub struct Start<'a> {
    /// The instant that the run was scheduled for: see [`instant_of`].
    pub scheduled_at: Timestamp,
    /// Unique to this run: written to what it makes pending itself.
    pub change_token: &'a str,
    /// The clock, by which the lease ends and the run stops to begin new work.
    pub now: &'a dyn Fn() -> Timestamp,
    /// How much it does.
    pub limits: Limits,
    /// Finds the calendars of business hours.
    pub calendar_of: &'a CalendarOf,
    /// Waits until no other run of the isolate works on a slice, since each may take much of the memory. If the slice
    /// is large, what else is in memory gives way.
    pub enter_slice: &'a dyn Fn(bool) -> LocalBoxFuture<'static, ()>,
    /// Lets another run work on a slice.
    pub leave_slice: &'a dyn Fn(),
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
    /// When the last pass of the sweep began that has come to its end, RFC 3339. Null means that there was none.
    #[serde(default, with = "rfc3339::optional")]
    pub swept_as_of: Option<Timestamp>,
    /// Items that were not taken in since the run before, because they came too late.
    #[serde(default)]
    pub items_expired: i64,
    /// Conversations of which items are stored and no record. At most 1,000 are counted.
    #[serde(default)]
    pub unknown_conversations: i64,
    /// Organizations with more candidates than a version lists.
    #[serde(default)]
    pub truncated_organizations: i64,
    /// The instant that the report is as of which is furthest behind, RFC 3339. Null means that all reports are as of
    /// the run.
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

/// The instant that a run decides for which was scheduled for `scheduled_at`. If that is more than `ahead_max_ms` ahead
/// of the clock, it is not taken: no later run would correct it, because time never goes back. Then it is the clock's.
#[must_use]
pub fn instant_of(scheduled_at: Timestamp, now: Timestamp, ahead_max_ms: i64) -> Timestamp {
    if scheduled_at > now.plus(ahead_max_ms) {
        return now;
    }
    scheduled_at
}

/// Runs a refresh. `None` means that another run is getting on: it is told of this run's instant when it finishes, and
/// goes on for it.
///
/// # Errors
/// [`DatabaseError`] if the run could not finish. What it has published by then stays, and the next run continues.
pub async fn run<D: Database>(database: &D, start: Start<'_>) -> Result<Option<Finished>, DatabaseError> {
    let budget = Budget::new(database, start.now, &start.limits);
    let mut last = None;
    for _ in 0..PASSES_MAX {
        let Some(pass) = pass(&budget, &start).await? else {
            break;
        };
        let is_overdue = pass.asked_for > pass.finished.run.as_of;
        last = Some(pass.finished);
        if !is_overdue || budget.shortage(SLICE_STATEMENTS).is_some() {
            break;
        }
    }
    Ok(last)
}

/// A run for one instant.
struct Pass {
    finished: Finished,
    /// The latest instant that any run was scheduled for by then.
    asked_for: Timestamp,
}

async fn pass<D: Database>(budget: &Budget<'_, D>, start: &Start<'_>) -> Result<Option<Pass>, DatabaseError> {
    let Start { now, limits, .. } = start;
    let (began_at, before) = (now(), budget.counts());
    budget.allow(limits.work_statements);
    let taken = Lease::take(budget, start.scheduled_at, start.change_token, *now, limits.due).await?;
    let Some(lease) = taken else {
        return Ok(None);
    };
    refold(budget, &lease, start.change_token, limits.refold).await?;
    let mut work = list_work(budget, &lease, limits).await?;
    let mut worker = Worker::new(budget, &lease, limits, start);
    worker.work(&mut work).await?;
    budget.allow(limits.removal_statements);
    remove_retired(budget, &lease, limits, &work.retirements).await?;
    let swept = sweep(budget, &lease, limits).await?;
    budget.allow(STATEMENTS_MAX);
    let left = worker.left(&work);
    let is_behind = !left.is_empty() || !worker.failures.reasons().is_empty();
    let batch = lease.guarded(freeze_statements(&lease, &work, &worker.failures, &left)?);
    let counts = budget.counts();
    let run = Run {
        as_of: lease.as_of,
        organizations_seen: work.organizations,
        organizations_published: worker.publisher.published.len() as u64,
        organizations_failed: worker.failures.reasons().len() as u64,
        organizations_left: left.len() as u64,
        ended_by: worker.shortage,
        conversations_folded: worker.folder.folded,
        rows_published: worker.publisher.rows,
        // The last batch counts itself: its statements, and the row of the run.
        statements: counts.statements - before.statements + batch.len() as u64 + 1,
        rows_read: counts.rows_read - before.rows_read,
        rows_written: counts.rows_written - before.rows_written + 1,
        conversations_swept: swept.conversations,
        records_removed: swept.records,
        erasures_finished: swept.erasures,
        organizations_purged: swept.purges,
        sweep_failed: swept.failed,
        swept_as_of: swept.finished_at,
        items_expired: lease.expired,
        unknown_conversations: swept.unknown,
        truncated_organizations: swept.truncated,
        behind_since: work.frozen_since.or(swept.last_as_of).filter(|_| is_behind),
        database_bytes: counts.database_bytes,
        database_percent: percent_full(counts.database_bytes, limits.database_bytes),
        duration_ms: now().milliseconds_since(began_at),
        rule: RULE,
    };
    let asked_for = finish(budget, batch, &run).await?;
    let failures = worker.failures;
    Ok(Some(Pass {
        finished: Finished { run, failures },
        asked_for,
    }))
}

/// Works on slices, one after the other.
struct Worker<'a, D> {
    budget: &'a Budget<'a, D>,
    folder: Folder<'a, D>,
    publisher: Publisher<'a, D>,
    failures: Failures,
    /// Organizations that are not done.
    unfinished: Vec<Organization>,
    /// What ended the work before everything was done.
    shortage: Option<Shortage>,
    start: &'a Start<'a>,
}

impl<'a, D: Database> Worker<'a, D> {
    fn new(budget: &'a Budget<'a, D>, lease: &'a Lease<'a>, limits: &'a Limits, start: &'a Start<'a>) -> Self {
        Self {
            budget,
            folder: Folder {
                database: budget,
                lease,
                limits: limits.slice,
                folded: 0,
            },
            publisher: Publisher {
                database: budget,
                lease,
                limits,
                calendar_of: start.calendar_of,
                published: HashSet::new(),
                rows: 0,
            },
            failures: Failures::default(),
            unfinished: Vec::new(),
            shortage: None,
            start,
        }
    }

    /// Works on one slice after the other, and goes on with what is not done, until all is or the budget is used up.
    ///
    /// # Errors
    /// If the run was overtaken, or the database is out of reach.
    async fn work(&mut self, work: &mut Work) -> Result<(), DatabaseError> {
        let mut failed_slices = 0;
        while let Some(mut slice) = work.slices.pop_front() {
            self.shortage = self.budget.shortage(SLICE_STATEMENTS);
            let outcome = match self.shortage {
                None => {
                    (self.start.enter_slice)(slice.is_large).await;
                    let outcome = self.work_on(&mut slice).await;
                    (self.start.leave_slice)();
                    outcome
                }
                Some(_) => Err(DatabaseError::Exhausted),
            };
            match outcome {
                Ok(()) => failed_slices = 0,
                Err(DatabaseError::Exhausted) => {
                    self.shortage = self.shortage.or(Some(Shortage::Statements));
                    work.slices.push_front(slice);
                    break;
                }
                Err(DatabaseError::Overtaken) => return Err(DatabaseError::Overtaken),
                Err(error) => {
                    failed_slices += 1;
                    if failed_slices >= FAILED_SLICES_MAX {
                        return Err(error);
                    }
                    for organization in &slice.organizations {
                        self.failures.add(&organization.id, error.to_string());
                    }
                }
            }
            if work.slices.is_empty() {
                work.slices.extend(self.unfinished.drain(..).map(Slice::of_one));
            }
        }
        Ok(())
    }

    async fn work_on(&mut self, slice: &mut Slice) -> Result<(), DatabaseError> {
        self.folder.fold_slice(slice, &mut self.failures).await?;
        let unfinished = self.publisher.publish_slice(slice, &mut self.failures).await?;
        self.unfinished
            .extend(unfinished.into_iter().map(|organization| Organization {
                had_turn: true,
                ..organization
            }));
        Ok(())
    }

    /// The organizations that are not done and did not fail.
    fn left<'b>(&'b self, work: &'b Work) -> Vec<&'b Organization> {
        let unreached = work.slices.iter().flat_map(|slice| &slice.organizations);
        let left = unreached.chain(&self.unfinished);
        left.filter(|organization| !self.failures.contains(&organization.id))
            .collect()
    }
}

/// The statements that freeze the organizations that failed, that are not done, or that were not even listed.
fn freeze_statements(
    lease: &Lease<'_>,
    work: &Work,
    failures: &Failures,
    left: &[&Organization],
) -> Result<Vec<Statement>, DatabaseError> {
    let fence = SqlValue::Integer(lease.fence);
    let failed = failures
        .reasons()
        .iter()
        .map(|(failed, _)| [Cell::from(failed), true.into(), true.into(), Cell::Null]);
    let left = left.iter().map(|organization| {
        let after = organization.progress.goes_on_after();
        [
            Cell::from(&organization.id),
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
async fn finish<D: Database>(database: &D, mut batch: Vec<Statement>, run: &Run) -> Result<Timestamp, DatabaseError> {
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
