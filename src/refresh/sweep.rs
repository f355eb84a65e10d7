//! The sweep: what is old is forgotten, with statements and time of its own, some in each run. A pass goes through all
//! conversations of all organizations, and then through all removals; the next pass begins a day after it began. Where
//! everything is kept, a pass only notes which organizations were removed.
//!
//! A conversation in which nobody waits, and in which nobody has written for `keep_timeline_ms`, loses all items except
//! those that still decide something (`conversation::retention`). It counts as swept up to an instant that is
//! `keep_timeline_ms` less three days before the sweep: items that arrived no later are not taken in again. Nothing is
//! left of a conversation that was not touched for `keep_conversation_ms`.
//!
//! A conversation is read and decided on, and loses something only if nothing in it has become pending meanwhile. So no
//! event is lost that comes in between, and wherever a sweep ends, the next one continues.

use crate::base::timestamp::Timestamp;
use crate::erasure::note_removed;
use crate::refresh::budget::{Budget, Limits};
use crate::refresh::erase::{Due, again_at, erase};
use crate::refresh::forgetting::Horizons;
use crate::refresh::lease::Lease;
use crate::refresh::progress::{SweepProgress, SweepStep};
use crate::refresh::sweeper::{Sweeper, is_spent};
use crate::refresh::swept::Swept;
use crate::storage::database::{Database, DatabaseError, rows_of};

/// Sweeps until the statements, the time or the rows are used up, or the pass is over.
///
/// # Errors
/// [`DatabaseError::Overtaken`]. Another error ends the sweep and not the run: if it is the database, the run will fail
/// in the end.
pub async fn sweep<D: Database>(
    budget: &Budget<'_, D>,
    lease: &Lease<'_>,
    limits: &Limits,
) -> Result<Swept, DatabaseError> {
    let (slice, statements_max) = (limits.slice, limits.sweep_statements);
    let limits = &limits.sweep;
    let last = (budget.counts().statements + limits.statements).min(statements_max);
    // The progress is stored in the end, whatever has been used up.
    budget.allow(last.saturating_sub(3));
    let mut sweeper = Sweeper {
        budget,
        lease,
        limits,
        slice,
        horizons: Horizons::new(lease.as_of, limits),
        swept: Swept::default(),
        has_begun: false,
    };
    let outcome = sweeper.sweep(last).await;
    match outcome {
        Err(DatabaseError::Overtaken) => return Err(DatabaseError::Overtaken),
        Ok(()) | Err(DatabaseError::Exhausted) => {}
        Err(_) => sweeper.swept.failed += 1,
    }
    Ok(sweeper.swept)
}

impl<D: Database> Sweeper<'_, D> {
    async fn sweep(&mut self, statements_max: u64) -> Result<(), DatabaseError> {
        let (stored, due) = self.progress().await?;
        self.swept.finished_at = stored.finished_at;
        let ends_at = self.budget.now().plus(self.limits.duration_ms);
        self.erase(due, ends_at).await?;
        let mut progress = stored.clone();
        let is_due = |began_at: Timestamp| self.lease.as_of.milliseconds_since(began_at) >= self.limits.every_ms;
        // Where everything is kept, a pass has no steps. A pass that was under way when that was configured ends with
        // the next one.
        let forgets = self.limits.keep_timeline_ms > 0;
        if (progress.step.is_none() || !forgets) && progress.began_at.is_none_or(is_due) {
            progress.began_at = Some(self.lease.as_of);
            progress.go_to(forgets.then_some(SweepStep::Conversations));
        }
        let mut outcome = Ok(());
        while let Some(step) = progress.step.filter(|_| forgets) {
            if outcome.is_err() || is_spent(self.budget, self.limits, &self.swept, ends_at) {
                break;
            }
            outcome = match step {
                SweepStep::Conversations => self.sweep_conversations(&mut progress, ends_at).await,
                SweepStep::Removals => self.sweep_removals(&mut progress).await,
            };
        }
        if progress.step.is_none() {
            progress.finished_at = progress.began_at;
            self.swept.finished_at = progress.finished_at;
        }
        if progress != stored && !matches!(outcome, Err(DatabaseError::Overtaken)) {
            self.budget.allow(statements_max);
            let begins = progress.began_at != stored.began_at;
            let removed = begins.then(|| note_removed(again_at(self.lease.as_of)));
            let statements = removed.into_iter().chain([progress.statement()]);
            self.budget.batch(self.lease.guarded(statements)).await?;
        }
        outcome
    }

    /// Carries out erasures, with the statements and within the limits of the sweep.
    async fn erase(&mut self, due: Due, ends_at: Timestamp) -> Result<(), DatabaseError> {
        let (budget, limits) = (self.budget, self.limits);
        let is_spent = |swept: &Swept| is_spent(budget, limits, swept, ends_at);
        erase(budget, self.lease, due, &mut self.swept, &is_spent).await
    }

    async fn progress(&mut self) -> Result<(SweepProgress, Due), DatabaseError> {
        let read = Due::statement(self.lease.as_of);
        let [rows] = rows_of(self.budget.batch(vec![read]).await?)?;
        let row = rows.first().ok_or(DatabaseError::Decode("there is no sweep row"))?;
        let instant = |column| Ok(row.optional_integer(column)?.map(Timestamp::from_milliseconds));
        let progress = SweepProgress {
            step: row.optional_text(0)?.map(|step| match step {
                "removals" => SweepStep::Removals,
                _ => SweepStep::Conversations,
            }),
            organization_id: row.text(1)?.to_owned(),
            record_type: row.text(2)?.to_owned(),
            id: row.text(3)?.to_owned(),
            began_at: instant(4)?,
            finished_at: instant(5)?,
        };
        self.swept.unknown = row.integer(8)?;
        self.swept.truncated = row.integer(9)?;
        self.swept.last_as_of = instant(10)?;
        Ok((progress, Due::from_row(row)?))
    }
}
