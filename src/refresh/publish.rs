//! From changed candidates to published snapshot versions.

use crate::hours::calendar::CalendarOf;
use crate::refresh::bisect::bisect_failures;
use crate::refresh::budget::{Budget, Limits};
use crate::refresh::failures::Failures;
use crate::refresh::input::{PublishInput, Reading, read_bytes, read_inputs, read_wanted};
use crate::refresh::join_input::read_join_inputs;
use crate::refresh::lease::Lease;
use crate::refresh::plan::{Progress, PublishDraft};
use crate::refresh::sql;
use crate::refresh::work::{Organization, Slice};
use crate::refresh::writes::write_statements;
use crate::storage::database::{Database, DatabaseError, Statement};
use std::collections::HashSet;

/// More than a portion of a large organization takes.
const PORTION_STATEMENTS: u64 = 60;
/// The most conversations whose sizes are read at a time to see how many of them fit.
const UNLISTED_MAX: usize = 2_000;

/// Publishes the slices of one run.
pub struct Publisher<'a, D> {
    /// The database, within the budget of the run.
    pub database: &'a Budget<'a, D>,
    /// The lease of the run.
    pub lease: &'a Lease<'a>,
    /// How much the run does, and how much of it at a time.
    pub limits: &'a Limits,
    /// The calendars of time zones.
    pub calendar_of: &'a CalendarOf,
    /// Organizations of which a new version was published.
    pub published: HashSet<String>,
    /// Rows that were written.
    pub rows: u64,
}

impl<D: Database> Publisher<'_, D> {
    /// Publishes what is folded of a slice, except organizations in `failures`, some of whose states are missing. Those
    /// that cannot be published are added to them. Returns the organizations that are not done.
    pub async fn publish_slice(
        &mut self,
        slice: &Slice,
        failures: &mut Failures,
    ) -> Result<Vec<Organization>, DatabaseError> {
        let is_large = slice.is_large;
        let (to_publish, waiting): (Vec<_>, Vec<_>) = slice
            .organizations
            .iter()
            .filter(|organization| !failures.contains(&organization.id))
            .cloned()
            .partition(|organization| organization.may_publish);
        let mut unfinished: Vec<Organization> = waiting
            .into_iter()
            .filter(|organization| !organization.progress.is_done)
            .collect();
        if is_large {
            for organization in &to_publish {
                self.settle_unshown(organization).await?;
            }
        }
        let culprits = bisect_failures(&to_publish, async |chunk| {
            unfinished.extend(self.publish_chunk(chunk, failures).await?);
            Ok(())
        })
        .await?;
        for (culprit, error) in culprits {
            failures.add(&culprit.id, error.to_string());
        }
        Ok(unfinished)
    }

    /// Settles pending contacts, users and departments of a large organization that no candidate shows.
    async fn settle_unshown(&self, organization: &Organization) -> Result<(), DatabaseError> {
        if organization.pending_records <= self.limits.slice.pending_records {
            return Ok(());
        }
        let statement = |sql| Statement::new(sql, [organization.id.as_str().into(), self.lease.change_token()]);
        let settle = [
            statement(sql::SETTLE_UNSHOWN_CONTACTS),
            statement(sql::SETTLE_UNSHOWN_USERS),
            statement(sql::SETTLE_UNSHOWN_DEPARTMENTS),
        ];
        self.database.batch(self.lease.guarded(settle)).await?;
        Ok(())
    }

    /// Publishes some organizations in three round trips, or one in portions. Returns those that are not done.
    async fn publish_chunk(
        &mut self,
        chunk: &[Organization],
        failures: &mut Failures,
    ) -> Result<Vec<Organization>, DatabaseError> {
        if let [organization] = chunk
            && organization.has_missing
        {
            return self.publish_in_portions(organization, failures).await;
        }
        let ids: Vec<&str> = chunk.iter().map(|organization| organization.id.as_str()).collect();
        let inputs = read_inputs(self.database, &ids, Reading::Everything, &self.limits.slice).await;
        match (inputs, chunk) {
            (Err(DatabaseError::TooMuch), [organization]) => self.publish_in_portions(organization, failures).await,
            (Err(error), _) => Err(error),
            (Ok(inputs), _) => {
                let drafts: Vec<PublishDraft> = inputs.into_iter().map(PublishDraft::new).collect();
                match (chunk, drafts.iter().any(PublishDraft::needs_wanted)) {
                    ([organization], true) => self.publish_in_portions(organization, failures).await,
                    (_, true) => Err(DatabaseError::TooMuch),
                    (_, false) => {
                        self.publish_drafts(chunk, drafts, failures).await?;
                        let unfinished = chunk.iter().filter(|organization| !organization.progress.is_done);
                        Ok(unfinished.cloned().collect())
                    }
                }
            }
        }
    }

    /// Publishes a large organization: what the names of people affect becomes pending one by one, and then as much as
    /// fits is published at a time. Until everything is, its report stays as of the instant that it has had so far.
    async fn publish_in_portions(
        &mut self,
        organization: &Organization,
        failures: &mut Failures,
    ) -> Result<Vec<Organization>, DatabaseError> {
        let id = organization.id.as_str();
        let ids = serde_json::to_string(&[id]).map_err(|_| DatabaseError::Encode)?;
        let expand = [
            Statement::new(sql::AFFECTED_PENDING, [ids.into(), self.lease.change_token.into()]),
            Statement::new(sql::SETTLE_NAMES, [id.into(), self.lease.change_token()]),
        ];
        self.database.batch(self.lease.guarded(expand)).await?;
        // Candidates that were read and still are not listed.
        let mut tried = HashSet::new();
        loop {
            let inputs = read_inputs(self.database, &[id], Reading::Portion, &self.limits.slice).await?;
            let Some(input) = inputs.into_iter().next() else {
                return Ok(Vec::new());
            };
            let mut draft = PublishDraft::new(input);
            if draft.needs_wanted() {
                self.add_unlisted(&mut draft, &mut tried).await?;
            }
            let has_more = draft.input.has_more;
            self.publish_drafts(std::slice::from_ref(organization), vec![draft], failures)
                .await?;
            if failures.contains(id) || (!has_more && organization.progress.is_done) {
                return Ok(Vec::new());
            }
            // Folding goes on, or it is the turn of the next one in the queue.
            if !has_more || self.database.shortage(PORTION_STATEMENTS).is_some() {
                return Ok(vec![organization.clone()]);
            }
        }
    }

    /// Reads more candidates, as many as fit, of those that the next version is to list and the published one does not.
    async fn add_unlisted(&self, draft: &mut PublishDraft, tried: &mut HashSet<String>) -> Result<(), DatabaseError> {
        let id = draft.input.organization_id.clone();
        let wanted = read_wanted(self.database, &id, self.lease.as_of, self.limits.candidates).await?;
        draft.input.wanted = Some(wanted);
        let unlisted = draft.unlisted(tried);
        let asked = unlisted.get(..UNLISTED_MAX).unwrap_or(&unlisted);
        let found = read_bytes(self.database, &id, asked).await?;
        let taken = draft
            .input
            .affected
            .iter()
            .map(|conversation| conversation.bytes)
            .sum::<usize>();
        let mut bytes = taken;
        let mut added = Vec::new();
        let unlisted = unlisted.len();
        let mut has_more = found.len() < unlisted;
        for conversation in found {
            bytes += conversation.bytes;
            if bytes > self.limits.slice.bytes && (taken > 0 || !added.is_empty()) {
                has_more = true;
                break;
            }
            tried.insert(conversation.conversation_id.clone());
            added.push(conversation);
        }
        draft.input.unlisted_left = unlisted.saturating_sub(added.len());
        draft.input.affected.extend(added);
        draft.input.has_more |= has_more;
        Ok(())
    }

    /// Joins, compares and writes.
    async fn publish_drafts(
        &mut self,
        organizations: &[Organization],
        drafts: Vec<PublishDraft>,
        failures: &mut Failures,
    ) -> Result<(), DatabaseError> {
        let keys: Vec<_> = drafts.iter().map(PublishDraft::keys).collect();
        let joins = read_join_inputs(self.database, &keys).await?;
        let mut plans = Vec::with_capacity(drafts.len());
        for (draft, joins) in drafts.into_iter().zip(joins) {
            let PublishInput { organization_id, .. } = &draft.input;
            let id = organization_id.clone();
            let organization = organizations.iter().find(|organization| organization.id == id);
            let progress = Progress {
                is_folded: organization.is_some_and(|organization| organization.progress.is_done),
                as_of: self.lease.as_of,
                candidates_max: self.limits.candidates,
            };
            match draft.plan(joins, progress, self.calendar_of) {
                Ok(plan) => plans.push(plan),
                Err(reason) => failures.add(&id, reason),
            }
        }
        let statements = write_statements(&plans, self.lease)?;
        if !statements.is_empty() {
            self.database.batch(statements).await?;
        }
        for plan in plans {
            self.rows += plan.rows.len() as u64;
            if plan.has_new_version() {
                self.published.insert(plan.organization_id);
            }
        }
        Ok(())
    }
}
