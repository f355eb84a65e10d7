//! Storing records: one atomic batch.

use crate::auth::access::PermittedRecords;
use crate::base::timestamp::{DAY_MS, Timestamp};
use crate::conversation::record::Record;
use crate::ingest::parse::{REMARKS_MAX, Remark};
use crate::ingest::sql;
use crate::storage::database::{Database, DatabaseError, Outcome, SqlValue, Statement};
use crate::storage::json_table::{JsonCell, PARAMETER_BYTES_MAX, json_chunks};
use serde::Serialize;
use std::collections::HashMap;

/// The most bytes of a request's body, unpacked.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Items that arrived longer ago than this are late: their receipt says how many have expired. Nothing is forgotten
/// sooner.
const LATE_MS: i64 = DAY_MS;

/// What became of the events of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// How many events there were.
    pub accepted: u64,
    /// How many records have another stored version now.
    pub applied: u64,
    /// How many events changed nothing, because they were repeated or overtaken by a later version.
    pub ignored: u64,
    /// How many of the records were ignored because they are older than what is kept of their conversations.
    pub expired: u64,
    /// What may be wrong with events that were taken in, at most [`REMARKS_MAX`], in their order.
    pub warnings: Vec<Remark>,
    /// How many events were bad, if the good ones were to be taken in all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<usize>,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Vec<Remark>>,
}

impl Receipt {
    /// Adds the receipt of other events of the request, which are stored in another shard.
    pub fn add(&mut self, other: Self) {
        self.accepted = self.accepted.saturating_add(other.accepted);
        self.applied = self.applied.saturating_add(other.applied);
        self.ignored = self.ignored.saturating_add(other.ignored);
        self.expired = self.expired.saturating_add(other.expired);
        self.warnings.extend(other.warnings);
    }

    /// The receipt with what was noticed when the events were read.
    #[must_use]
    pub fn with_remarks(mut self, warnings: Vec<Remark>, refused: Option<(usize, Vec<Remark>)>) -> Self {
        self.warnings.extend(warnings);
        self.warnings = first_remarks(self.warnings);
        (self.refused, self.details) = refused.unzip();
        self
    }
}

/// Stores the records that came at `now`, and makes pending what they affect, under `change_token`, which must be new
/// with each call.
///
/// # Errors
/// [`DatabaseError`]. Then the caller may send the same events again.
pub async fn store_records<D: Database>(
    database: &D,
    records: PermittedRecords,
    change_token: &str,
    now: Timestamp,
) -> Result<Receipt, DatabaseError> {
    let records = records.into_records();
    let accepted = records.len() as u64;
    if records.is_empty() {
        return Ok(Receipt::default());
    }
    let (winners, ignored_removals) = winners(records);
    let chunks = json_chunks(winners.iter().map(columns), PARAMETER_BYTES_MAX)?;
    let writes = chunks.iter().flat_map(|chunk| writes(chunk, change_token, now));
    // Conversations may come in a later chunk than their messages, so warnings about what is missing are read last.
    let questions = chunks.iter().map(|chunk| {
        let limit = SqlValue::Integer(REMARKS_MAX as i64);
        Statement::new(sql::LIST_WARNINGS, [chunk.as_str().into(), limit])
    });
    let late = late(&winners, now)?;
    let statements = writes.chain(questions).chain(late).collect();
    let outcomes = database.batch(statements).await?;
    let writes_end = chunks.len().saturating_mul(WRITES);
    let questions_end = writes_end.saturating_add(chunks.len());
    let (Some(writes), Some(questions), Some(late)) = (
        outcomes.get(..writes_end),
        outcomes.get(writes_end..questions_end),
        outcomes.get(questions_end..),
    ) else {
        return Err(DatabaseError::Decode("there are fewer results than statements"));
    };
    let mut expired: u64 = 0;
    for row in late.iter().flat_map(|outcome| &outcome.rows) {
        expired = expired.saturating_add(row.integer(0)?.unsigned_abs());
    }
    let upserts = writes.iter().skip(UPSERT).step_by(WRITES);
    let applied = upserts.map(|outcome| outcome.changes).sum();
    Ok(Receipt {
        accepted,
        applied,
        ignored: accepted.saturating_sub(applied),
        expired,
        warnings: warnings(questions, ignored_removals)?,
        ..Receipt::default()
    })
}

/// The statements about items that come late. Mostly there are none.
fn late(winners: &[Record], now: Timestamp) -> Result<Vec<Statement>, DatabaseError> {
    let late_before = now.minus(LATE_MS);
    let is_late = |record: &&Record| record.arrived_at.is_some_and(|arrived_at| arrived_at < late_before);
    let chunks = json_chunks(winners.iter().filter(is_late).map(columns), PARAMETER_BYTES_MAX)?;
    let instants = [now, late_before].map(|instant| SqlValue::Integer(instant.as_milliseconds()));
    let statements = chunks.into_iter().flat_map(|chunk| {
        let records = SqlValue::Text(chunk);
        let [now, late_before] = instants.clone();
        let noted = [records.clone(), now, late_before];
        [
            Statement::new(sql::LATE_COUNT, [records.clone()]),
            Statement::new(sql::LATE_NOTE, [records]),
            Statement::new(sql::NOTE_LATE_ITEMS, noted),
        ]
    });
    Ok(statements.collect())
}

/// How many statements write a chunk of records.
const WRITES: usize = 4;
/// The one of them whose changes are counted.
const UPSERT: usize = 2;

fn writes(records: &str, change_token: &str, now: Timestamp) -> [Statement; WRITES] {
    let records = || SqlValue::from(records);
    [
        Statement::new(
            sql::ADD_PENDING,
            [records(), SqlValue::from(change_token), now.as_milliseconds().into()],
        ),
        Statement::new(sql::ADD_ORGANIZATIONS, [records()]),
        Statement::new(sql::UPSERT_GREATEST, [records()]),
        Statement::new(sql::MOVE, [records()]),
    ]
}

/// The warnings in the rows of `list_warnings.sql`, and about removals that were ignored before, in the order of the
/// events.
fn warnings(outcomes: &[Outcome], ignored_removals: Vec<usize>) -> Result<Vec<Remark>, DatabaseError> {
    let mut warnings: Vec<Remark> = ignored_removals.into_iter().map(removal_warning).collect();
    // The messages of a conversation may be in several chunks.
    let mut conversations = HashMap::new();
    for row in outcomes.iter().flat_map(|outcome| &outcome.rows) {
        let index = row.integer(0)? as usize;
        match (row.optional_text(1)?, row.optional_text(2)?) {
            (Some(organization_id), Some(conversation_id)) => {
                let first = conversations.entry((organization_id, conversation_id)).or_insert(index);
                *first = index.min(*first);
            }
            _ => warnings.push(removal_warning(index)),
        }
    }
    warnings.extend(conversations.into_values().map(message_warning));
    Ok(first_remarks(warnings))
}

/// Of these remarks, those about the first events.
fn first_remarks(mut remarks: Vec<Remark>) -> Vec<Remark> {
    remarks.sort_by_key(|remark| remark.index);
    remarks.truncate(REMARKS_MAX);
    remarks
}

fn message_warning(index: usize) -> Remark {
    Remark {
        index,
        field: "conversationId",
        reason: "names a conversation of which no record is known: its messages show once there is one".to_owned(),
    }
}

fn removal_warning(index: usize) -> Remark {
    Remark {
        index,
        field: "revision",
        reason: "is missing in the removal of a record that has one: the removal is ignored".to_owned(),
    }
}

/// The version of each record that wins among those of the request, in the order of the primary key, and the numbers of
/// the events that are removals without revision and lose to a version that has one.
fn winners(mut records: Vec<Record>) -> (Vec<Record>, Vec<usize>) {
    let mut ignored_removals = Vec::new();
    records.sort_by(|left, right| left.key().cmp(&right.key()).then(right.order().cmp(&left.order())));
    records.dedup_by(|overtaken, winner| {
        let is_overtaken = overtaken.key() == winner.key();
        if is_overtaken && overtaken.rank.deleted && overtaken.rank.revision == 0 && winner.rank.revision > 0 {
            ignored_removals.push(overtaken.index);
        }
        is_overtaken
    });
    (records, ignored_removals)
}

/// The columns of table `record`, the rest of the rank, the number of the event, and when it arrived.
fn columns(record: &Record) -> [JsonCell<'_>; 12] {
    let Record { rank, .. } = record;
    [
        JsonCell::from(&record.organization_id),
        record.record_type.as_str().into(),
        JsonCell::from(&record.id),
        record.conversation_id.as_deref().into(),
        rank.updated_at.into(),
        rank.deleted.into(),
        JsonCell::from(&record.body),
        JsonCell::Integer(rank.revision as i64),
        JsonCell::from(&rank.maturity),
        JsonCell::Integer(rank.details as i64),
        record.index.into(),
        record.arrived_at.into(),
    ]
}
