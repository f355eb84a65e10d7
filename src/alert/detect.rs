//! After a refresh: which stalls are new to a destination, and which are over.

use crate::alert::source::{DestinationRow, Source, statements};
use crate::alert::sql;
use crate::alert::stalls::{Present, Stage, Stalls};
use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::hours::calendar::CalendarOf;
use crate::snapshot::version::CANDIDATES_MAX;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::{JsonCell, PARAMETER_BYTES_MAX, json_chunks};
use serde_json::{Value, json};

/// The most organizations that are read together.
const ORGANIZATIONS_MAX: usize = 100;
/// How soon after a message the next one may follow.
pub(super) const PAUSE_MS: i64 = MINUTE_MS;
/// A delivery that is overdue by this much is asked for again, because its message may be lost.
const LOST_AFTER_MS: i64 = 3 * MINUTE_MS;

/// Checks the next organizations after `after` that have an enabled destination. Returns JSON,
/// `{"messages": [[organization, destination, number, seconds], …], "after": …}`: what to put into the queue and for
/// how many seconds each message stays there, and the last organization, or null if there are no more. Organizations
/// that are not the database's `own` are copies that exist while they are moved to another database; these are left
/// alone. An organization without an enabled destination costs nothing.
///
/// # Errors
/// [`DatabaseError`]. Then nothing was written, or everything.
pub async fn detect<D: Database>(
    database: &D,
    calendar_of: &CalendarOf,
    is_own: &dyn Fn(&str) -> bool,
    after: &str,
    now: Timestamp,
) -> Result<Value, DatabaseError> {
    let limit = SqlValue::Integer(ORGANIZATIONS_MAX as i64);
    let list = Statement::new(sql::LIST_TOLD, [after.into(), limit]);
    let [listed] = rows_of(database.batch(vec![list]).await?)?;
    let mut ids: Vec<&str> = Vec::new();
    let (mut candidates, mut looked_at) = (0, 0);
    for row in &listed {
        candidates += row.integer(1)? as usize;
        if candidates > CANDIDATES_MAX && looked_at > 0 {
            break;
        }
        looked_at += 1;
        ids.extend(Some(row.text(0)?).filter(|id| is_own(id)));
    }
    let is_end = looked_at == listed.len() && looked_at < ORGANIZATIONS_MAX;
    let last = listed.get(looked_at.saturating_sub(1)).filter(|_| !is_end);
    let after = last.map_or(Ok(Value::Null), |row| row.text(0).map(Value::from))?;
    if ids.is_empty() {
        return Ok(json!({ "messages": [], "after": after }));
    }
    let [destinations, heads, lists] = rows_of(database.batch(statements(&json!(ids).to_string())).await?)?;
    let mut changes = Vec::new();
    for head in &heads {
        let source = Source::from_rows(head, &lists, calendar_of)?;
        for row in &destinations {
            if row.text(0)? == head.text(0)? {
                changes.extend(change(&source, row, now)?);
            }
        }
    }
    let rows = changes.iter().map(|change| {
        [
            JsonCell::from(change.organization_id),
            change.destination_id.into(),
            change.revision.into(),
            (&change.stalls).into(),
            change.queued_at.into(),
            change.next_at.into(),
            change.number.into(),
        ]
    });
    let clock = SqlValue::Integer(now.as_milliseconds());
    let writes = json_chunks(rows, PARAMETER_BYTES_MAX)?.into_iter();
    let writes: Vec<Statement> = writes
        .map(|rows| Statement::new(sql::NOTE_STALLS, [rows.into(), clock.clone()]))
        .collect();
    let mut messages = Vec::new();
    if !writes.is_empty() {
        for row in database.batch(writes).await?.iter().flat_map(|outcome| &outcome.rows) {
            if let Some(wait_ms) = row.optional_integer(3)? {
                // Rounded up, because a message that comes too early is not sent.
                let seconds = (wait_ms + 999) / 1_000;
                messages.push(json!([row.text(0)?, row.text(1)?, row.integer(2)?, seconds]));
            }
        }
    }
    Ok(json!({ "messages": messages, "after": after }))
}

/// What to write into the row of a destination.
struct DestinationChange<'a> {
    organization_id: &'a str,
    destination_id: &'a str,
    /// The revision that was read.
    revision: i64,
    stalls: String,
    queued_at: Option<i64>,
    next_at: Option<i64>,
    number: i64,
}

/// What to write into the row of a destination. `None` means that nothing has changed.
fn change<'a>(source: &Source, row: &'a Row, now: Timestamp) -> Result<Option<DestinationChange<'a>>, DatabaseError> {
    let present = source.present(&DestinationRow(row))?;
    let present: Vec<Present<'_>> = present.into_iter().map(|(present, _)| present).collect();
    let text = row.optional_text(5)?;
    let is_settling = row.integer(6)? != 0 || text.is_none();
    let stalls = Stalls::parse(text.unwrap_or_default()).observe(present, is_settling);
    let clock = now.as_milliseconds();
    let (mut queued_at, mut next_at) = (row.optional_integer(8)?, row.optional_integer(9)?);
    let mut number = row.integer(11)?;
    let mut is_asked_for = false;
    if queued_at.is_some() {
        if next_at.is_none_or(|next_at| clock - next_at >= LOST_AFTER_MS) {
            is_asked_for = true;
            next_at = Some(clock);
        }
    } else if is_due(&stalls, source.is_open) {
        is_asked_for = true;
        queued_at = Some(clock);
        number += 1;
        // Waits for the end of the pause after the last message. `next_at` is later than that only if the last message
        // was to be tried again, and that has been settled since.
        next_at = next_at
            .map(|next_at| next_at.clamp(clock, clock + PAUSE_MS))
            .or(Some(clock));
    }
    let stalls = stalls.to_text();
    if !is_asked_for && !is_settling && text == Some(stalls.as_str()) {
        return Ok(None);
    }
    Ok(Some(DestinationChange {
        organization_id: row.text(0)?,
        destination_id: row.text(1)?,
        revision: row.integer(7)?,
        stalls,
        queued_at,
        next_at,
        number,
    }))
}

/// Whether there is anything to be told now.
pub(super) fn is_due(stalls: &Stalls, is_open: bool) -> bool {
    stalls.any(&[Stage::Over]) || (is_open && stalls.any(&[Stage::New, Stage::Late]))
}
