//! Storing records: one atomic batch.

use crate::auth::access::PermittedRecords;
use crate::conversation::record::Record;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement};
use crate::storage::json_table::{PARAMETER_BYTES_MAX, json_chunks};
use serde::Serialize;

/// The most bytes of a request's body, unpacked.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What became of the events of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// How many events there were.
    pub accepted: u64,
    /// How many records have another stored version now.
    pub applied: u64,
    /// How many events changed nothing, because they were repeated or overtaken by a later version.
    pub ignored: u64,
}

/// Stores the records and makes pending what they affect, under `change_token`, which must be new with each call.
///
/// # Errors
/// [`DatabaseError`]. Then the caller may send the same events again.
pub async fn store_records<D: Database>(
    database: &D,
    records: PermittedRecords,
    change_token: &str,
) -> Result<Receipt, DatabaseError> {
    let records = records.into_records();
    let accepted = records.len() as u64;
    if records.is_empty() {
        return Ok(Receipt::default());
    }
    let chunks = json_chunks(winners(records).iter().map(columns), PARAMETER_BYTES_MAX)?;
    let statements = chunks
        .iter()
        .flat_map(|chunk| statements(chunk, change_token))
        .collect();
    let outcomes = database.batch(statements).await?;
    let applied = outcomes
        .iter()
        .skip(UPSERT)
        .step_by(STATEMENTS)
        .map(|outcome| outcome.changes)
        .sum();
    Ok(Receipt {
        accepted,
        applied,
        ignored: accepted.saturating_sub(applied),
    })
}

/// How many statements a chunk of records takes.
const STATEMENTS: usize = 4;
/// The one of them whose changes are counted.
const UPSERT: usize = 2;

fn statements(records: &str, change_token: &str) -> [Statement; STATEMENTS] {
    let records = || SqlValue::from(records);
    [
        Statement::new(
            include_str!("sql/add_pending.sql"),
            [records(), SqlValue::from(change_token)],
        ),
        Statement::new(include_str!("sql/add_organizations.sql"), [records()]),
        Statement::new(include_str!("sql/upsert_greatest.sql"), [records()]),
        Statement::new(include_str!("sql/move.sql"), [records()]),
    ]
}

/// The version of each record that wins among those of the request, in the order of the primary key.
fn winners(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by(|left, right| left.key().cmp(&right.key()).then(right.rank().cmp(&left.rank())));
    records.dedup_by(|overtaken, winner| overtaken.key() == winner.key());
    records
}

/// The columns of table `record`.
fn columns(record: &Record) -> (&str, &str, &str, Option<&str>, i64, bool, &str) {
    (
        &record.organization_id,
        record.record_type.as_str(),
        &record.id,
        record.conversation_id.as_deref(),
        record.updated_at.as_milliseconds(),
        record.deleted,
        &record.body,
    )
}
