//! Taking in events: a body becomes records, and one atomic batch holds them and marks what they touch.
//!
//! Nothing is decided here about who is waiting: a refresh folds what is marked. So an ingest needs no read before
//! its write, and once the batch is done nothing of it can be lost.

mod body;

pub use body::{BadEvent, BodyFormat, EVENTS_MAX, Refusal, read_records};

use crate::monitor::record::Record;
use crate::ports::{Cell, Database, DatabaseError, Statement};
use serde::Serialize;
use std::collections::HashMap;

/// The most bytes of a request's body, unpacked.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes of records in one parameter: D1 takes 2 MB, and JSON within JSON can double a text.
const PARAMETER_BYTES_MAX: usize = 500_000;

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

/// Holds the records and marks what they touch. `mark` is unique to this call.
///
/// # Errors
/// [`DatabaseError`]; then the caller may send the same again.
pub async fn hold_records<D: Database>(
    database: &D,
    records: Vec<Record>,
    mark: &str,
) -> Result<Receipt, DatabaseError> {
    let accepted = u64::try_from(records.len()).unwrap_or(u64::MAX);
    let mut statements = Vec::new();
    let mut holds = Vec::new();
    for parameter in parameters(winners(records)) {
        let incoming = || Cell::from(parameter.as_str());
        statements.push(Statement::new(include_str!("mark.sql"), [incoming(), Cell::from(mark)]));
        statements.push(Statement::new(include_str!("organizations.sql"), [incoming()]));
        holds.push(statements.len());
        statements.push(Statement::new(include_str!("hold.sql"), [incoming()]));
        statements.push(Statement::new(include_str!("move.sql"), [incoming()]));
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
fn winners(records: Vec<Record>) -> Vec<Record> {
    let mut winners: HashMap<(String, &'static str, String), Record> = HashMap::new();
    for record in records {
        let key = (
            record.organization_id.clone(),
            record.record_type.name(),
            record.id.clone(),
        );
        match winners.get(&key) {
            Some(held) if !record.outranks(held) => {}
            _ => {
                winners.insert(key, record);
            }
        }
    }
    let mut winners: Vec<_> = winners.into_iter().collect();
    winners.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
    winners.into_iter().map(|(_, record)| record).collect()
}

/// The records as JSON arrays of `[organization, type, id, conversation, updated at, deleted, body]`, no text longer
/// than a parameter may be.
fn parameters(records: Vec<Record>) -> Vec<String> {
    let mut texts = Vec::new();
    let mut open: Vec<serde_json::Value> = Vec::new();
    let mut bytes: usize = 0;
    for record in records {
        bytes = bytes
            .saturating_add(record.body.len())
            .saturating_add(record.id.len())
            .saturating_add(record.organization_id.len());
        open.push(serde_json::json!([
            record.organization_id,
            record.record_type.name(),
            record.id,
            record.conversation_id,
            record.updated_at,
            i64::from(record.deleted),
            record.body,
        ]));
        if bytes > PARAMETER_BYTES_MAX {
            texts.push(serde_json::Value::Array(std::mem::take(&mut open)).to_string());
            bytes = 0;
        }
    }
    if !open.is_empty() {
        texts.push(serde_json::Value::Array(open).to_string());
    }
    texts
}
