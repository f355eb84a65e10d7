//! Storing records: one atomic batch.

use crate::auth::access::PermittedRecords;
use crate::conversation::record::Record;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement};
use crate::storage::json_table::{Table, Value};
use serde::Serialize;

/// The most bytes of a request's body, unpacked.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What became of the events of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Events that came.
    pub accepted: u64,
    /// Records whose held version changed.
    pub applied: u64,
    /// Events that changed nothing: repeated, or overtaken by a later version.
    pub ignored: u64,
}

/// Holds the records and marks what they touch. `change_token` is unique to this call.
///
/// # Errors
/// [`DatabaseError`]; then the caller may send the same again.
pub async fn store_records<D: Database>(
    database: &D,
    records: PermittedRecords,
    change_token: &str,
) -> Result<Receipt, DatabaseError> {
    let records = records.into_records();
    let accepted = u64::try_from(records.len()).unwrap_or(u64::MAX);
    let mut statements = Vec::new();
    let mut holds = Vec::new();
    for table in tables(winners(records)) {
        let incoming = || SqlValue::from(table.as_str());
        statements.push(Statement::new(
            include_str!("sql/mark_pending.sql"),
            [incoming(), SqlValue::from(change_token)],
        ));
        statements.push(Statement::new(include_str!("sql/organizations.sql"), [incoming()]));
        holds.push(statements.len());
        statements.push(Statement::new(include_str!("sql/upsert_greatest.sql"), [incoming()]));
        statements.push(Statement::new(include_str!("sql/move.sql"), [incoming()]));
    }
    if statements.is_empty() {
        return Ok(Receipt {
            accepted: 0,
            applied: 0,
            ignored: 0,
        });
    }
    let outcomes = database.batch(statements).await?;
    let applied = holds
        .into_iter()
        .filter_map(|index| outcomes.get(index))
        .fold(0_u64, |sum, outcome| sum.saturating_add(outcome.changes));
    Ok(Receipt {
        accepted,
        applied,
        ignored: accepted.saturating_sub(applied),
    })
}

/// Of each record its winning version, in the order of the primary key.
fn winners(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by(|left, right| (left.key(), right.rank()).cmp(&(right.key(), left.rank())));
    records.dedup_by(|overtaken, winner| overtaken.key() == winner.key());
    records
}

/// The records as tables of (organization, type, id, conversation, updated at, deleted, body).
fn tables(records: Vec<Record>) -> Vec<String> {
    let mut table = Table::default();
    for record in records {
        table.push(&[
            Value::Text(&record.organization_id),
            Value::Text(record.record_type.as_str()),
            Value::Text(&record.id),
            record.conversation_id.as_deref().into(),
            Value::Integer(record.updated_at.as_milliseconds()),
            Value::Integer(i64::from(record.deleted)),
            Value::Text(&record.body),
        ]);
    }
    table.into_texts()
}
