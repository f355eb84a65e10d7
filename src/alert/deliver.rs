//! Delivers a message of the queue: reads its destination, decides what to send, and notes what became of it.
//!
//! A message is known by its number. Before it is sent, the row of its destination notes what it says. Whoever finds
//! that row later knows what may have arrived, and sends it again under the same number, without what no longer holds
//! by then.

use crate::alert::detect::PAUSE_MS;
use crate::alert::message::{AlertKind, Draft, QueueMessage};
use crate::alert::source::{Source, statements};
use crate::alert::sql;
use crate::alert::stalls::{DeliveryOutcome, Stalls};
use crate::base::timestamp::Timestamp;
use crate::hours::calendar::CalendarOf;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use serde_json::json;

/// How long a message is left to whoever is sending it.
const CLAIM_MS: i64 = 30_000;
/// How far the clock that has set an instant may be ahead of this one.
const CLOCK_SKEW_MS: i64 = 5_000;
/// The first pause after an attempt that failed. Each further one is twice as long, up to an hour.
const RETRY_FIRST_SECONDS: i64 = 30;
const RETRY_MAX_SECONDS: i64 = 3_600;
/// What is returned, as JSON, if there is nothing to send or to try again.
const NOTHING: &str = "null";
/// How often a row is read again because somebody else has changed it meanwhile.
const TURNS_MAX: usize = 5;

/// What became of a message and, if it failed, why.
pub type Ended<'a> = (DeliveryOutcome, Option<&'a str>);

/// Reads the destination of a message again and returns what to send, as JSON: null if there is nothing to send, if it
/// is too early, or if somebody else is sending it. If the call says what became of the message, this notes it and
/// returns after how many seconds to try again, or null.
///
/// # Errors
/// [`DatabaseError`]. The message is to be tried again.
pub async fn deliver<D: Database>(
    database: &D,
    calendar_of: &CalendarOf,
    message: QueueMessage<'_>,
    ended: Option<Ended<'_>>,
    now: Timestamp,
) -> Result<String, DatabaseError> {
    for _ in 0..TURNS_MAX {
        let mut batch = statements(&json!([message.organization_id]).to_string());
        batch.push(Statement::new(sql::CHANGED_SINCE, [message.organization_id.into()]));
        let rows: [Vec<Row>; 4] = rows_of(database.batch(batch).await?)?;
        let [destinations, ..] = &rows;
        let Some(row) = find(destinations, &message)? else {
            return Ok(NOTHING.to_owned());
        };
        let step = match ended {
            None => begin(&rows, row, message, calendar_of, now)?,
            Some(ended) => Some(finish(row, ended, now)?),
        };
        let Some(step) = step else {
            return Ok(NOTHING.to_owned());
        };
        let mut batch = vec![step.attempt.statement(&message, row.integer(7)?)];
        batch.extend(step.details);
        let outcomes = database.batch(batch).await?;
        if outcomes.first().is_none_or(|outcome| outcome.changes == 0) {
            continue;
        }
        let details = outcomes.get(1).and_then(|outcome| outcome.rows.first());
        return details.map_or(Ok(step.result), |details| Ok(details.text(0)?.to_owned()));
    }
    Err(DatabaseError::Failed("a destination changes all the time".to_owned()))
}

/// What to write, and what to return.
struct DeliveryStep {
    attempt: Attempt,
    /// Reads what the message says, which is then the result.
    details: Option<Statement>,
    result: String,
}

fn begin(
    [_, heads, lists, changed]: &[Vec<Row>; 4],
    row: &Row,
    message: QueueMessage<'_>,
    calendar_of: &CalendarOf,
    now: Timestamp,
) -> Result<Option<DeliveryStep>, DatabaseError> {
    let latest = now.plus(CLOCK_SKEW_MS).as_milliseconds();
    let is_early = row.optional_integer(9)?.is_some_and(|next_at| next_at > latest);
    let Some(head) = heads.first().filter(|_| !is_early) else {
        return Ok(None);
    };
    let source = Source::from_rows(head, lists, calendar_of)?;
    let draft = Draft::new(&source, row, changed)?;
    let mut attempt = Attempt::new(row, draft.stalls.to_text())?;
    attempt.kind = draft.kind;
    let Some(kind) = draft.kind else {
        if row.optional_text(12)?.is_some() {
            // An earlier attempt at this message may have arrived just now.
            attempt.next_at = Some(now.plus(PAUSE_MS).as_milliseconds());
        }
        attempt.queued_at = None;
        attempt.attempts = 0;
        return Ok(Some(DeliveryStep {
            attempt,
            details: None,
            result: NOTHING.to_owned(),
        }));
    };
    attempt.next_at = Some(now.plus(CLAIM_MS).as_milliseconds());
    Ok(Some(DeliveryStep {
        attempt,
        details: Some(draft.details(&source, message, kind)),
        result: String::new(),
    }))
}

fn finish(row: &Row, (outcome, problem): Ended<'_>, now: Timestamp) -> Result<DeliveryStep, DatabaseError> {
    // An attempt before this one may have arrived.
    let is_repeat = AlertKind::from_text(row.optional_text(12)?).is_some_and(|kind| kind.is_repeat);
    let outcome = match outcome {
        DeliveryOutcome::Refused if is_repeat => DeliveryOutcome::Unknown,
        other => other,
    };
    let mut stalls = Stalls::parse(row.optional_text(5)?.unwrap_or_default());
    stalls.settle(outcome);
    let mut attempt = Attempt::new(row, stalls.to_text())?;
    attempt.problem = problem.map(str::to_owned);
    let mut result = NOTHING.to_owned();
    if matches!(outcome, DeliveryOutcome::Delivered | DeliveryOutcome::GivenUp) {
        attempt.queued_at = None;
        attempt.next_at = Some(now.plus(PAUSE_MS).as_milliseconds());
        attempt.attempts = 0;
    } else {
        attempt.attempts += 1;
        let doublings = attempt.attempts.clamp(1, 10) - 1;
        let seconds = (RETRY_FIRST_SECONDS << doublings).min(RETRY_MAX_SECONDS);
        attempt.next_at = Some(now.plus(1_000 * seconds).as_milliseconds());
        result = seconds.to_string();
    }
    if outcome == DeliveryOutcome::Delivered {
        attempt.sent_kind = attempt.kind.map(AlertKind::name);
        attempt.sent_at = Some(now.as_milliseconds());
    }
    attempt.given_up = (outcome == DeliveryOutcome::GivenUp).into();
    if outcome != DeliveryOutcome::Unknown {
        attempt.kind = None;
    }
    Ok(DeliveryStep {
        attempt,
        details: None,
        result,
    })
}

/// The row of the message's destination, if this is the message that it waits for.
fn find<'a>(destinations: &'a [Row], message: &QueueMessage<'_>) -> Result<Option<&'a Row>, DatabaseError> {
    for row in destinations {
        if row.text(1)? == message.destination_id {
            let is_waiting = row.optional_integer(8)?.is_some() && row.integer(11)? == message.number;
            return Ok(is_waiting.then_some(row));
        }
    }
    Ok(None)
}

/// What a delivery writes into the row of its destination.
struct Attempt {
    stalls: String,
    queued_at: Option<i64>,
    next_at: Option<i64>,
    kind: Option<AlertKind>,
    attempts: i64,
    problem: Option<String>,
    sent_at: Option<i64>,
    sent_kind: Option<&'static str>,
    given_up: i64,
}

impl Attempt {
    /// The row as it was read, except for the stalls.
    fn new(row: &Row, stalls: String) -> Result<Self, DatabaseError> {
        Ok(Self {
            stalls,
            queued_at: row.optional_integer(8)?,
            next_at: row.optional_integer(9)?,
            kind: AlertKind::from_text(row.optional_text(12)?),
            attempts: row.integer(13)?,
            problem: row.optional_text(10)?.map(str::to_owned),
            sent_at: None,
            sent_kind: None,
            given_up: 0,
        })
    }

    fn statement(self, message: &QueueMessage<'_>, revision: i64) -> Statement {
        let integer = |value: Option<i64>| value.map_or(SqlValue::Null, SqlValue::Integer);
        let text = |value: Option<&str>| value.map_or(SqlValue::Null, SqlValue::from);
        Statement::new(
            sql::NOTE_ATTEMPT,
            [
                message.organization_id.into(),
                message.destination_id.into(),
                revision.into(),
                self.stalls.into(),
                integer(self.queued_at),
                integer(self.next_at),
                text(self.kind.map(AlertKind::text)),
                self.attempts.into(),
                text(self.problem.as_deref()),
                integer(self.sent_at),
                text(self.sent_kind),
                self.given_up.into(),
            ],
        )
    }
}
