//! From pending timelines to states.

use crate::refresh::bisect::{bisect_failures, chunks};
use crate::refresh::budget::{Budget, SliceLimits};
use crate::refresh::failures::Failures;
use crate::refresh::lease::Lease;
use crate::refresh::sql;
use crate::refresh::state_change::{fold_group, store_statements};
use crate::refresh::stored::{Items, StoredConversation, StoredState, key, one_parameter, read_merged, read_timeline};
use crate::refresh::work::{FoldProgress, Slice};
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::to_json;

/// The most portions of a large organization that are folded before the changed candidates are published.
const PORTIONS_MAX: usize = 5;
/// More than a portion takes.
const PORTION_STATEMENTS: u64 = 40;

/// A conversation whose timeline is to be folded.
struct PendingConversation {
    organization_id: String,
    conversation_id: String,
    /// How long its timeline is. Not all items are counted if it has more than are read at a time.
    items: usize,
    /// The bytes of its record and its state.
    bytes: usize,
}

/// Folds timelines of one run.
pub struct Folder<'a, D> {
    /// The database, within the budget of the run.
    pub database: &'a Budget<'a, D>,
    /// The lease of the run.
    pub lease: &'a Lease<'a>,
    /// How much is read at a time.
    pub limits: SliceLimits,
    /// How many conversations were pending.
    pub folded: u64,
}

impl<D: Database> Folder<'_, D> {
    /// Folds the pending conversations of a slice, with all that were merged with them. Of a large organization it
    /// folds some portions, and notes how far it has come. Organizations of conversations that cannot be folded are
    /// added to `failures`.
    pub async fn fold_slice(&mut self, slice: &mut Slice, failures: &mut Failures) -> Result<(), DatabaseError> {
        if slice
            .organizations
            .iter()
            .all(|organization| organization.pending_records == 0)
        {
            for organization in &mut slice.organizations {
                organization.progress.is_done = true;
            }
            return Ok(());
        }
        if let ([organization], true) = (slice.organizations.as_mut_slice(), slice.is_large) {
            return self
                .fold_large(&organization.id, &mut organization.progress, failures)
                .await;
        }
        let ids: Vec<&str> = slice
            .organizations
            .iter()
            .map(|organization| organization.id.as_str())
            .collect();
        // Twice as many as are known: more may have come meanwhile, and what is left over is for the next run.
        let most = 2 * self.limits.pending_records;
        let list = Statement::new(
            sql::LIST_PENDING_CONVERSATIONS,
            [
                SqlValue::Text(to_json(&ids)?),
                SqlValue::Integer(most as i64),
                SqlValue::Integer(self.limits.items as i64 + 1),
            ],
        );
        let pending = self.list(list).await?;
        let is_done = pending.len() < most;
        self.fold_listed(&pending, failures).await?;
        for organization in &mut slice.organizations {
            organization.progress.is_done = is_done;
        }
        Ok(())
    }

    async fn fold_large(
        &mut self,
        organization_id: &str,
        progress: &mut FoldProgress,
        failures: &mut Failures,
    ) -> Result<(), DatabaseError> {
        for number in 0..PORTIONS_MAX {
            if progress.is_done || (number > 0 && self.database.shortage(2 * PORTION_STATEMENTS).is_some()) {
                break;
            }
            let until = progress.has_wrapped.then_some(progress.start.as_str());
            let list = Statement::new(
                sql::LIST_PENDING_AFTER,
                [
                    organization_id.into(),
                    progress.after.as_str().into(),
                    until.map_or(SqlValue::Null, SqlValue::from),
                    SqlValue::Integer(self.limits.pending_records as i64),
                    SqlValue::Integer(self.limits.items as i64 + 1),
                ],
            );
            let pending = self.list(list).await?;
            // Only as many as are folded in one go, so that the next portion begins after them.
            let portion = self.chunks_of(&pending).into_iter().next().unwrap_or_default();
            let is_last = portion.len() == pending.len() && pending.len() < self.limits.pending_records;
            if let Some(last) = portion.last() {
                progress.after.clone_from(&last.conversation_id);
            }
            self.fold_listed(portion, failures).await?;
            if is_last && (progress.has_wrapped || progress.start.is_empty()) {
                progress.is_done = true;
            } else if is_last {
                progress.has_wrapped = true;
                progress.after.clear();
            }
        }
        Ok(())
    }

    fn chunks_of<'b>(&self, pending: &'b [PendingConversation]) -> Vec<&'b [PendingConversation]> {
        let SliceLimits {
            pending_records,
            items,
            bytes,
            ..
        } = self.limits;
        // Whichever is used up first.
        let weight = |conversation: &PendingConversation| {
            (conversation.items * bytes / items.max(1))
                .max(conversation.bytes)
                .max(bytes / pending_records.max(1))
        };
        chunks(pending, pending_records, bytes, weight)
    }

    async fn fold_listed(
        &mut self,
        pending: &[PendingConversation],
        failures: &mut Failures,
    ) -> Result<(), DatabaseError> {
        for chunk in self.chunks_of(pending) {
            let culprits = bisect_failures(chunk, async |chunk| {
                self.folded += fold_chunk(self.database, self.lease, self.limits.items, chunk, failures).await?;
                Ok(())
            })
            .await?;
            for (culprit, error) in culprits {
                let reason = format!("conversation {}: {error}", culprit.conversation_id);
                failures.add(&culprit.organization_id, reason);
            }
        }
        Ok(())
    }

    async fn list(&self, statement: Statement) -> Result<Vec<PendingConversation>, DatabaseError> {
        let [rows] = rows_of(self.database.batch(vec![statement]).await?)?;
        let conversation = |row: &Row| {
            Ok(PendingConversation {
                organization_id: row.text(0)?.to_owned(),
                conversation_id: row.text(1)?.to_owned(),
                items: row.integer(2)? as usize,
                bytes: row.integer(3)? as usize,
            })
        };
        rows.iter().map(conversation).collect()
    }
}

/// Reads, folds and stores some conversations in two round trips, or three if any of them was merged with others.
/// Returns how many were pending.
async fn fold_chunk<D: Database>(
    database: &D,
    lease: &Lease<'_>,
    items_max: usize,
    chunk: &[PendingConversation],
    failures: &mut Failures,
) -> Result<u64, DatabaseError> {
    let keys = chunk
        .iter()
        .map(|conversation| key(&conversation.organization_id, &conversation.conversation_id));
    let keys = one_parameter(keys)?;
    let read_conversations = Statement::new(sql::READ_CONVERSATIONS, [keys.as_str().into()]);
    let (conversations, mut timelines) = match chunk {
        // The change token shows whether anything has come since the first of several reads.
        [long] if long.items > items_max => {
            let [conversations] = rows_of(database.batch(vec![read_conversations]).await?)?;
            let timeline =
                read_timeline(database, &long.organization_id, &long.conversation_id, items_max, false).await?;
            (conversations, vec![timeline])
        }
        _ => {
            let read_timelines = Statement::new(sql::READ_TIMELINES, [keys.as_str().into()]);
            let [conversations, items] = rows_of(database.batch(vec![read_conversations, read_timelines]).await?)?;
            let mut timelines: Vec<Items> = chunk.iter().map(|_| Items::default()).collect();
            for row in &items {
                if let Some(items) = timelines.get_mut(row.integer(0)? as usize) {
                    items.add(row, 1)?;
                }
            }
            (conversations, timelines)
        }
    };
    let folded = conversations.len() as u64;

    // Conversations that were merged are folded together, the others one by one.
    let mut groups = Vec::new();
    let mut merged = Vec::new();
    for row in &conversations {
        let number = row.integer(0)? as usize;
        let (Some(conversation), Some(items)) = (chunk.get(number), timelines.get_mut(number)) else {
            continue;
        };
        let PendingConversation {
            organization_id,
            conversation_id,
            ..
        } = conversation;
        if row.integer(4)? != 0 {
            merged.push(key(organization_id, conversation_id));
            continue;
        }
        let mut conversation = StoredConversation {
            conversation_id: conversation_id.clone(),
            change_token: Some(row.text(1)?.to_owned()),
            body: row.optional_text(2)?.map(str::to_owned),
            is_known: row.integer(3)? != 0,
            stored: StoredState::from_row(row, 5)?,
            is_to_be_published: row.integer(8)? != 0,
            acknowledgement: row.optional_text(10)?.map(str::to_owned),
            items: std::mem::take(items),
            late_at: 0,
            updated_at: 0,
        };
        conversation.items.note_forgotten(row, 9)?;
        groups.push((organization_id.clone(), vec![conversation]));
    }
    if !merged.is_empty() {
        let together = read_merged(database, merged, items_max, usize::MAX, false).await?;
        // A conversation that was merged after it was read by itself is folded with the others only: what it was alone
        // is out of date, and would settle it. The others are sorted by organization and conversation.
        let is_among = |(organization_id, alone): &(String, Vec<StoredConversation>)| {
            let of_same = together.binary_search_by(|(other, _)| other.cmp(organization_id));
            let group = of_same.ok().and_then(|number| together.get(number));
            group.is_some_and(|(_, group)| {
                let is_in = |id: &String| group.binary_search_by(|one| one.conversation_id.cmp(id)).is_ok();
                alone.iter().any(|alone| is_in(&alone.conversation_id))
            })
        };
        groups.retain(|group| !is_among(group));
        groups.extend(together);
    }

    let mut changes = Vec::new();
    for (organization_id, group) in groups {
        match fold_group(group, lease.as_of, lease.change_token) {
            Ok(states) => changes.extend(states.into_iter().map(|state| (organization_id.clone(), state))),
            Err(reason) => failures.add(&organization_id, reason),
        }
    }
    let statements = store_statements(&changes, lease)?;
    if !statements.is_empty() {
        database.batch(lease.guarded(statements)).await?;
    }
    Ok(folded)
}
