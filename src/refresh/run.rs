//! One run of the refresh, step by step.

use crate::base::timestamp::Timestamp;
use crate::conversation::stall::RULE;
use crate::hours::calendar::CalendarOf;
use crate::refresh::budget::{Budget, Limits, STATEMENTS_MAX, Shortage, percent_full};
use crate::refresh::failures::Failures;
use crate::refresh::finish::{Finished, Run, finish, freeze_statements};
use crate::refresh::fold::Folder;
use crate::refresh::lease::Lease;
use crate::refresh::publish::Publisher;
use crate::refresh::refold::refold;
use crate::refresh::remove::remove_retired;
use crate::refresh::sweep::sweep;
use crate::refresh::work::{Organization, Slice, Work, list_work};
use crate::storage::database::{Database, DatabaseError};
use futures::future::LocalBoxFuture;
use std::collections::HashSet;

/// More than a slice takes unless it is large.
const SLICE_STATEMENTS: u64 = 80;
/// After this many slices in a row that cannot even be read, the database counts as out of reach.
const FAILED_SLICES_MAX: usize = 3;
/// The most rounds of a run: the first one, and others for later instants that other runs have asked for meanwhile.
const ROUNDS_MAX: usize = 3;

/// What a run needs besides the database.
pub struct Start<'a> {
    /// The instant that the run was scheduled for: see [`instant_of`].
    pub scheduled_at: Timestamp,
    /// Unique to this run: written to what it makes pending itself.
    pub change_token: &'a str,
    /// The clock, by which the lease ends and the run stops beginning new work.
    pub now: &'a dyn Fn() -> Timestamp,
    /// How much it does.
    pub limits: Limits,
    /// Finds the calendars of business hours.
    pub calendar_of: &'a CalendarOf,
    /// Waits until no other run of the isolate works on a slice, since each may take much of the memory. For a large
    /// slice, other things in memory make room.
    pub enter_slice: &'a dyn Fn(bool) -> LocalBoxFuture<'static, ()>,
    /// Lets another run work on a slice.
    pub leave_slice: &'a dyn Fn(),
}

/// The instant that a run decides for, given when it was scheduled. A `scheduled_at` that is more than `ahead_max_ms`
/// ahead of the clock is replaced by the clock: no later run would correct it, because time never goes back.
#[must_use]
pub fn instant_of(scheduled_at: Timestamp, now: Timestamp, ahead_max_ms: i64) -> Timestamp {
    if scheduled_at > now.plus(ahead_max_ms) {
        return now;
    }
    scheduled_at
}

/// Runs a refresh. `None` means that another run is in progress: it is told of this run's instant when it finishes, and
/// continues for it.
///
/// # Errors
/// [`DatabaseError`] if the run could not finish. What it has published by then stays, and the next run continues.
pub async fn run<D: Database>(database: &D, start: Start<'_>) -> Result<Option<Finished>, DatabaseError> {
    let budget = Budget::new(database, start.now, &start.limits);
    let mut last = None;
    for _ in 0..ROUNDS_MAX {
        let Some(round) = round(&budget, &start).await? else {
            break;
        };
        let is_overdue = round.asked_for > round.finished.run.as_of;
        last = Some(round.finished);
        if !is_overdue || budget.shortage(SLICE_STATEMENTS).is_some() {
            break;
        }
    }
    Ok(last)
}

/// A run for one instant.
struct Round {
    finished: Finished,
    /// The latest instant that any run was scheduled for by then.
    asked_for: Timestamp,
}

async fn round<D: Database>(budget: &Budget<'_, D>, start: &Start<'_>) -> Result<Option<Round>, DatabaseError> {
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
    Ok(Some(Round {
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

    /// Works on one slice after the other, and continues with organizations that are not done, until all are or the
    /// budget is used up.
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
                work.slices
                    .extend(self.unfinished.drain(..).map(Slice::from_organization));
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
