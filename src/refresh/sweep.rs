//! The sweep: what is old is forgotten, with statements and time of its own, some in each run. A pass goes through all
//! conversations of all organizations, and then through all removals; the next pass begins a day after it began. Where
//! everything is kept, a pass only notes which organizations were removed.
//!
//! Of a conversation that nobody has written in for `keep_timeline_ms`, and in which nobody waits, all items go but
//! those that still decide something (`conversation::retention`). It is swept until three days less before the sweep:
//! items of until then are not taken in again. Of what was not touched for `keep_conversation_ms` nothing is left.
//!
//! A conversation is read, decided on, and forgotten only if nothing in it has become pending meanwhile. So no event is
//! lost that comes in between, and a sweep that ends anywhere leaves what the next one goes on with.

use crate::base::id::ID_CHARACTERS_MAX;
use crate::base::timestamp::Timestamp;
use crate::erasure::{note_removed, reopen};
use crate::refresh::bisect::{bisect_failures, chunks};
use crate::refresh::budget::{Budget, Limits, SliceLimits, SweepLimits};
use crate::refresh::erase::{Due, again_at, erase};
use crate::refresh::forgetting::{Age, Forgetting, Forgotten, Horizons};
use crate::refresh::lease::Lease;
use crate::refresh::merge_groups::groups;
use crate::refresh::position::{Position, SweepStep};
use crate::refresh::sql;
use crate::refresh::stored::{key, read_merged};
use crate::refresh::swept::Swept;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement, rows_of};
use crate::storage::json_table::{PARAMETER_BYTES_MAX, json_chunks, to_json};
use std::collections::HashMap;

/// More than a portion takes, unless a conversation is long.
const PORTION_STATEMENTS: u64 = 15;

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
    // The position is stored in the end, whatever has been used up.
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

struct Sweeper<'a, D> {
    budget: &'a Budget<'a, D>,
    lease: &'a Lease<'a>,
    limits: &'a SweepLimits,
    slice: SliceLimits,
    horizons: Horizons,
    swept: Swept,
    /// Whether it has come past any conversation in this run.
    has_begun: bool,
}

/// A conversation that the sweep has come to.
struct Visit {
    organization_id: String,
    conversation_id: String,
    items: usize,
}

impl Visit {
    fn key(&self) -> (&str, &str) {
        (&self.organization_id, &self.conversation_id)
    }
}

impl<D: Database> Sweeper<'_, D> {
    async fn sweep(&mut self, statements_max: u64) -> Result<(), DatabaseError> {
        let (stored, due) = self.position().await?;
        self.swept.finished_at = stored.finished_at;
        let ends_at = self.budget.now().plus(self.limits.duration_ms);
        self.erase(due, ends_at).await?;
        let mut position = stored.clone();
        let is_due = |began_at: Timestamp| self.lease.as_of.milliseconds_since(began_at) >= self.limits.every_ms;
        // Where everything is kept, a pass has no steps. One that was under way when that was configured ends with the
        // next.
        let forgets = self.limits.keep_timeline_ms > 0;
        if (position.step.is_none() || !forgets) && position.began_at.is_none_or(is_due) {
            position.began_at = Some(self.lease.as_of);
            position.go_to(forgets.then_some(SweepStep::Conversations));
        }
        let mut outcome = Ok(());
        while let Some(step) = position.step.filter(|_| forgets) {
            if outcome.is_err() || is_spent(self.budget, self.limits, &self.swept, ends_at) {
                break;
            }
            outcome = match step {
                SweepStep::Conversations => self.sweep_conversations(&mut position, ends_at).await,
                SweepStep::Removals => self.sweep_removals(&mut position).await,
            };
        }
        if position.step.is_none() {
            position.finished_at = position.began_at;
            self.swept.finished_at = position.finished_at;
        }
        if position != stored && !matches!(outcome, Err(DatabaseError::Overtaken)) {
            self.budget.allow(statements_max);
            let begins = position.began_at != stored.began_at;
            let removed = begins.then(|| note_removed(again_at(self.lease.as_of)));
            let statements = removed.into_iter().chain([position.statement()]);
            self.budget.batch(self.lease.guarded(statements)).await?;
        }
        outcome
    }

    /// Carries out what was erased, with the statements and within the limits of the sweep.
    async fn erase(&mut self, due: Due, ends_at: Timestamp) -> Result<(), DatabaseError> {
        let (budget, limits) = (self.budget, self.limits);
        let is_spent = |swept: &Swept| is_spent(budget, limits, swept, ends_at);
        erase(budget, self.lease, due, &mut self.swept, &is_spent).await
    }

    async fn position(&mut self) -> Result<(Position, Due), DatabaseError> {
        let read = Due::statement(self.lease.as_of);
        let [rows] = rows_of(self.budget.batch(vec![read]).await?)?;
        let row = rows.first().ok_or(DatabaseError::Decode("there is no sweep row"))?;
        let instant = |column| Ok(row.optional_integer(column)?.map(Timestamp::from_milliseconds));
        let position = Position {
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
        Ok((position, Due::from_row(row)?))
    }

    /// A portion of the conversations.
    async fn sweep_conversations(&mut self, position: &mut Position, ends_at: Timestamp) -> Result<(), DatabaseError> {
        let list = Statement::new(
            sql::LIST_SWEEP,
            [
                position.organization_id.as_str().into(),
                position.id.as_str().into(),
                SqlValue::Integer(self.limits.conversations as i64),
                SqlValue::Integer(self.horizons.items.as_milliseconds()),
                SqlValue::Integer(self.slice.items as i64 + 1),
            ],
        );
        let [rows] = rows_of(self.budget.batch(vec![list]).await?)?;
        let mut visits = Vec::with_capacity(rows.len());
        for row in &rows {
            visits.push(Visit {
                organization_id: row.text(0)?.to_owned(),
                conversation_id: row.text(1)?.to_owned(),
                items: row.integer(2)? as usize,
            });
        }
        let is_last = visits.len() < self.limits.conversations;
        for chunk in chunks(&visits, self.limits.conversations, self.slice.items, |visit| {
            visit.items
        }) {
            if self.has_begun && is_spent(self.budget, self.limits, &self.swept, ends_at) {
                return Ok(());
            }
            let outcome = bisect_failures(chunk, async |chunk| self.forget_of(chunk).await).await;
            match outcome {
                Ok(culprits) => self.swept.failed += culprits.len() as u64,
                Err(DatabaseError::Overtaken) => return Err(DatabaseError::Overtaken),
                Err(DatabaseError::Exhausted) if self.has_begun => return Err(DatabaseError::Exhausted),
                // It takes more than a run has, or nothing of it can be read: it is passed by until the next pass.
                Err(_) => self.swept.failed += chunk.len() as u64,
            }
            self.has_begun = true;
            if let Some(last) = chunk.last() {
                position.organization_id.clone_from(&last.organization_id);
                position.id.clone_from(&last.conversation_id);
            }
        }
        if is_last {
            position.go_to(Some(SweepStep::Removals));
        }
        Ok(())
    }

    /// Decides on some conversations, and forgets what it has decided to forget.
    async fn forget_of(&mut self, visits: &[Visit]) -> Result<(), DatabaseError> {
        let old = self.old_of(visits).await?;
        if old.is_empty() {
            return Ok(());
        }
        let keys = visits
            .iter()
            .filter(|visit| old.contains_key(&visit.key()))
            .map(|visit| key(&visit.organization_id, &visit.conversation_id));
        // An answer of the AI may have to be kept, and has its id if it is among the last.
        let read = read_merged(self.budget, keys.collect(), self.slice.items, 1, true).await?;
        let mut forgetting = Forgetting::default();
        for (organization_id, conversations) in read {
            for group in groups(conversations)? {
                let mut of_group = Age::default();
                for (stored, _) in &group {
                    let key = (organization_id.as_str(), stored.conversation_id.as_str());
                    if let Some(age) = old.get(&key) {
                        of_group.is_old |= age.is_old;
                        of_group.is_untouched |= age.is_untouched;
                    }
                }
                forgetting.decide(self.horizons, self.lease.as_of, &organization_id, group, of_group)?;
            }
        }
        self.forget(forgetting).await
    }

    /// Those conversations that may be old, by their keys.
    async fn old_of<'b>(&self, visits: &'b [Visit]) -> Result<HashMap<(&'b str, &'b str), Age>, DatabaseError> {
        let keys: Vec<_> = visits
            .iter()
            .map(|visit| (&visit.organization_id, &visit.conversation_id))
            .collect();
        let read = Statement::new(
            sql::READ_SWEEP,
            [
                SqlValue::Text(to_json(&keys)?),
                SqlValue::Text(self.horizons.items.to_string()),
                SqlValue::Integer(self.horizons.touched.as_milliseconds()),
            ],
        );
        let [rows] = rows_of(self.budget.batch(vec![read]).await?)?;
        let mut old = HashMap::new();
        for row in &rows {
            let Some(visit) = visits.get(row.integer(0)? as usize) else {
                continue;
            };
            let newest = row.optional_text(1)?.and_then(Timestamp::from_rfc3339);
            let swept_until = row.optional_integer(2)?.map(Timestamp::from_milliseconds);
            let is_untouched = Timestamp::from_milliseconds(row.integer(3)?) < self.horizons.touched;
            let is_candidate = row.integer(4)? != 0;
            // What arrived after that has come since the last sweep.
            let is_old = newest
                .is_some_and(|newest| newest < self.horizons.items && swept_until.is_none_or(|until| newest > until));
            let is_old = is_old && !is_candidate;
            if is_untouched || is_old {
                old.insert(visit.key(), Age { is_old, is_untouched });
            }
        }
        Ok(old)
    }

    async fn forget(&mut self, forgetting: Forgetting) -> Result<(), DatabaseError> {
        let mut sweeps = Vec::new();
        let mut removals = Vec::new();
        let mut states = Vec::new();
        let token = SqlValue::from(self.lease.change_token);
        let state = |rows: &SqlValue| Statement::new(sql::FORGOTTEN_STATES, [rows.clone(), token.clone()]);
        for rows in json_chunks(forgetting.items.iter().map(Forgotten::columns), PARAMETER_BYTES_MAX)? {
            let rows = SqlValue::Text(rows);
            let swept_until = SqlValue::Integer(self.horizons.swept_until.as_milliseconds());
            sweeps.push(Statement::new(sql::FORGOTTEN_SWEPT, [rows.clone(), swept_until]));
            states.push(state(&rows));
            removals.push(Statement::new(sql::FORGOTTEN_ITEMS, [rows]));
        }
        for rows in json_chunks(
            forgetting.conversations.iter().map(Forgotten::columns),
            PARAMETER_BYTES_MAX,
        )? {
            let rows = SqlValue::Text(rows);
            sweeps.push(Statement::new(sql::FORGOTTEN_SWEEPS, [rows.clone()]));
            states.push(state(&rows));
            removals.push(Statement::new(sql::FORGOTTEN_ITEMS, [rows.clone()]));
            removals.push(Statement::new(sql::FORGOTTEN_RECORDS, [rows]));
        }
        let contacts = forgetting.contacts.iter();
        let contacts = contacts.map(|(organization_id, contact_id)| key(organization_id, contact_id));
        for contacts in json_chunks(contacts, PARAMETER_BYTES_MAX)? {
            let touched = SqlValue::Integer(self.horizons.touched.as_milliseconds());
            removals.push(Statement::new(
                sql::REMOVE_CONTACTS,
                [SqlValue::Text(contacts), touched],
            ));
        }
        if removals.is_empty() {
            return Ok(());
        }
        // The states come last: what becomes pending would keep the others of its group from being forgotten.
        self.remove(sweeps, removals, states).await?;
        self.swept.conversations += (forgetting.items.len() + forgetting.conversations.len()) as u64;
        Ok(())
    }

    /// Runs a batch, and counts the records that its `removals` remove.
    async fn remove(
        &mut self,
        before: Vec<Statement>,
        removals: Vec<Statement>,
        after: Vec<Statement>,
    ) -> Result<(), DatabaseError> {
        let (count, last) = (removals.len(), after.len());
        let statements = before.into_iter().chain(removals).chain(after);
        let outcomes = self.budget.batch(self.lease.guarded(statements)).await?;
        let removed = outcomes.iter().rev().skip(last).take(count);
        self.swept.records += removed.map(|outcome| outcome.changes).sum::<u64>();
        Ok(())
    }

    /// A portion of the removals.
    async fn sweep_removals(&mut self, position: &mut Position) -> Result<(), DatabaseError> {
        let after = |position: &Position| {
            [&position.organization_id, &position.record_type, &position.id].map(|text| text.as_str().into())
        };
        let count = SqlValue::Integer(self.limits.records as i64 - 1);
        let list = Statement::new(sql::LIST_REMOVALS, [after(position).as_slice(), &[count]].concat());
        let [rows] = rows_of(self.budget.batch(vec![list]).await?)?;
        let mut next = position.clone();
        match rows.first() {
            Some(row) => {
                next.organization_id = row.text(0)?.to_owned();
                next.record_type = row.text(1)?.to_owned();
                next.id = row.text(2)?.to_owned();
            }
            // After every id.
            None => next.organization_id = "\u{10ffff}".repeat(ID_CHARACTERS_MAX + 1),
        }
        let horizons = [self.horizons.touched, self.horizons.items];
        let horizons = horizons.map(|instant| SqlValue::Integer(instant.as_milliseconds()));
        let range = [after(position), after(&next)].concat();
        let removal = Statement::new(sql::REMOVE_REMOVALS, [range.as_slice(), &horizons].concat());
        self.remove(vec![reopen(range)], vec![removal], Vec::new()).await?;
        if rows.is_empty() {
            next.go_to(None);
        }
        *position = next;
        Ok(())
    }
}

/// Whether a sweep ends: it has no statements or no time left, or has removed as much as a run may.
fn is_spent<D: Database>(budget: &Budget<'_, D>, limits: &SweepLimits, swept: &Swept, ends_at: Timestamp) -> bool {
    budget.shortage(PORTION_STATEMENTS).is_some() || budget.now() >= ends_at || swept.records >= limits.removed
}
