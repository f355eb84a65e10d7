//! What a sweep removes at a time: a portion of the conversations, or one of the removals.

use crate::base::id::ID_CHARACTERS_MAX;
use crate::base::timestamp::Timestamp;
use crate::erasure::reopen;
use crate::refresh::bisect::{bisect_failures, chunks};
use crate::refresh::budget::{Budget, SliceLimits, SweepLimits};
use crate::refresh::forgetting::{Age, Forgetting, Forgotten, Horizons};
use crate::refresh::lease::Lease;
use crate::refresh::merge_groups::groups;
use crate::refresh::progress::{SweepProgress, SweepStep};
use crate::refresh::sql;
use crate::refresh::stored::{key, read_merged};
use crate::refresh::swept::Swept;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement, rows_of};
use crate::storage::json_table::{PARAMETER_BYTES_MAX, json_chunks, to_json};
use std::collections::HashMap;

/// More than a portion takes, unless a conversation is long.
const PORTION_STATEMENTS: u64 = 15;

/// Sweeps in one run, a portion at a time.
pub struct Sweeper<'a, D> {
    /// The database, within the budget of the run.
    pub budget: &'a Budget<'a, D>,
    /// The lease of the run.
    pub lease: &'a Lease<'a>,
    /// How much the sweep does.
    pub limits: &'a SweepLimits,
    /// How much is read at a time.
    pub slice: SliceLimits,
    /// The instants that decide what is old.
    pub horizons: Horizons,
    /// What it has done.
    pub swept: Swept,
    /// Whether it has passed any conversation in this run.
    pub has_begun: bool,
}

/// A conversation that the sweep has reached.
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
    /// A portion of the conversations.
    pub async fn sweep_conversations(
        &mut self,
        progress: &mut SweepProgress,
        ends_at: Timestamp,
    ) -> Result<(), DatabaseError> {
        let list = Statement::new(
            sql::LIST_SWEEP,
            [
                progress.organization_id.as_str().into(),
                progress.id.as_str().into(),
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
                // It takes more than a run has, or cannot be read at all: it is skipped until the next pass.
                Err(_) => self.swept.failed += chunk.len() as u64,
            }
            self.has_begun = true;
            if let Some(last) = chunk.last() {
                progress.organization_id.clone_from(&last.organization_id);
                progress.id.clone_from(&last.conversation_id);
            }
        }
        if is_last {
            progress.go_to(Some(SweepStep::Removals));
        }
        Ok(())
    }

    /// Decides about some conversations, and forgets what may be forgotten.
    async fn forget_of(&mut self, visits: &[Visit]) -> Result<(), DatabaseError> {
        let old = self.old_of(visits).await?;
        if old.is_empty() {
            return Ok(());
        }
        let keys = visits
            .iter()
            .filter(|visit| old.contains_key(&visit.key()))
            .map(|visit| key(&visit.organization_id, &visit.conversation_id));
        // An answer of the AI may have to be kept. It has its id if it is among the last items.
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

    /// The conversations that may be old, by their keys.
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
            // Items that arrived after that have come since the last sweep.
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
        // The states come last: a state that becomes pending would keep the other conversations of its group from being
        // forgotten.
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
    pub async fn sweep_removals(&mut self, progress: &mut SweepProgress) -> Result<(), DatabaseError> {
        let after = |progress: &SweepProgress| {
            [&progress.organization_id, &progress.record_type, &progress.id].map(|text| text.as_str().into())
        };
        let count = SqlValue::Integer(self.limits.records as i64 - 1);
        let list = Statement::new(sql::LIST_REMOVALS, [after(progress).as_slice(), &[count]].concat());
        let [rows] = rows_of(self.budget.batch(vec![list]).await?)?;
        let mut next = progress.clone();
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
        let range = [after(progress), after(&next)].concat();
        let removal = Statement::new(sql::REMOVE_REMOVALS, [range.as_slice(), &horizons].concat());
        self.remove(vec![reopen(range)], vec![removal], Vec::new()).await?;
        if rows.is_empty() {
            next.go_to(None);
        }
        *progress = next;
        Ok(())
    }
}

/// Whether a sweep ends: it has no statements or no time left, or has removed as much as a run may.
pub fn is_spent<D: Database>(budget: &Budget<'_, D>, limits: &SweepLimits, swept: &Swept, ends_at: Timestamp) -> bool {
    budget.shortage(PORTION_STATEMENTS).is_some() || budget.now() >= ends_at || swept.records >= limits.removed
}
