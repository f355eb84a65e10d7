//! What a message of the queue leads to: a look at its destination, what it is told, and what became of that.
//!
//! A message is known by its number. Before it is sent, the row says what it tells, so whoever finds it later knows
//! what may have arrived: it is sent again under the same number, without what is over by then.

use crate::alert::detect::{PAUSE_MS, is_due};
use crate::alert::source::{DestinationRow, Source, statements};
use crate::alert::sql;
use crate::alert::stalls::{DeliveryOutcome, Present, Stage, Stalls};
use crate::base::timestamp::Timestamp;
use crate::hours::calendar::CalendarOf;
use crate::snapshot::chunk::ChunkEntry;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use serde_json::{Value, json};

/// How many conversations a message names. The others are counted.
pub const NAMED_MAX: usize = 10;
/// For how long nobody else tries what is being sent.
const CLAIM_MS: i64 = 30_000;
/// How far the clock that has set an instant may be ahead.
const CLOCK_SKEW_MS: i64 = 5_000;
/// The first pause after an attempt that failed. Each further one is twice as long, up to an hour.
const RETRY_FIRST_SECONDS: i64 = 30;
const RETRY_MAX_SECONDS: i64 = 3_600;
/// What is answered if there is nothing to be sent, or to be tried again: JSON.
const NOTHING: &str = "null";
/// How often a row is read again that somebody else has changed.
const TURNS_MAX: usize = 5;

/// A message of the queue.
#[derive(Debug, Clone, Copy)]
pub struct QueueMessage<'a> {
    /// The organization.
    pub organization_id: &'a str,
    /// The destination.
    pub destination_id: &'a str,
    /// The number of the message.
    pub number: i64,
}

/// What became of a message, and why that failed.
pub type Ended<'a> = (DeliveryOutcome, Option<&'a str>);

/// Looks at the destination of a message again and says what is to be sent: JSON, or null if there is nothing to be
/// sent or somebody else sees to it. If it is given what became of the message, it notes that, and says after how many
/// seconds it is to be tried again, or null.
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
        return details.map_or(Ok(step.answer), |details| Ok(details.text(0)?.to_owned()));
    }
    Err(DatabaseError::Failed("a destination changes all the time".to_owned()))
}

/// What is written, and what is answered.
struct DeliveryStep {
    attempt: Attempt,
    /// Reads what the message says, which is the answer then.
    details: Option<Statement>,
    answer: String,
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
            // It may have arrived just now.
            attempt.next_at = Some(now.plus(PAUSE_MS).as_milliseconds());
        }
        attempt.queued_at = None;
        attempt.attempts = 0;
        return Ok(Some(DeliveryStep {
            attempt,
            details: None,
            answer: NOTHING.to_owned(),
        }));
    };
    attempt.next_at = Some(now.plus(CLAIM_MS).as_milliseconds());
    Ok(Some(DeliveryStep {
        attempt,
        details: Some(draft.details(&source, message, kind)),
        answer: String::new(),
    }))
}

fn finish(row: &Row, (outcome, problem): Ended<'_>, now: Timestamp) -> Result<DeliveryStep, DatabaseError> {
    // An attempt before this one may have arrived.
    let is_repeat = AlertKind::read(row.optional_text(12)?).is_some_and(|kind| kind.is_repeat);
    let outcome = match outcome {
        DeliveryOutcome::Refused if is_repeat => DeliveryOutcome::Unknown,
        other => other,
    };
    let mut stalls = Stalls::parse(row.optional_text(5)?.unwrap_or_default());
    stalls.settle(outcome);
    let mut attempt = Attempt::new(row, stalls.to_text())?;
    attempt.problem = problem.map(str::to_owned);
    let mut answer = NOTHING.to_owned();
    if matches!(outcome, DeliveryOutcome::Delivered | DeliveryOutcome::GivenUp) {
        attempt.queued_at = None;
        attempt.next_at = Some(now.plus(PAUSE_MS).as_milliseconds());
        attempt.attempts = 0;
    } else {
        attempt.attempts += 1;
        let doublings = attempt.attempts.clamp(1, 10) - 1;
        let seconds = (RETRY_FIRST_SECONDS << doublings).min(RETRY_MAX_SECONDS);
        attempt.next_at = Some(now.plus(1_000 * seconds).as_milliseconds());
        answer = seconds.to_string();
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
        answer,
    })
}

/// The destination of a message, if that is still the one that it waits for.
fn find<'a>(destinations: &'a [Row], message: &QueueMessage<'_>) -> Result<Option<&'a Row>, DatabaseError> {
    for row in destinations {
        if row.text(1)? == message.destination_id {
            let is_waiting = row.optional_integer(8)?.is_some() && row.integer(11)? == message.number;
            return Ok(is_waiting.then_some(row));
        }
    }
    Ok(None)
}

/// What a message is going to say.
struct Draft<'a> {
    stalls: Stalls,
    /// What it says. `None` means that there is nothing to say now.
    kind: Option<AlertKind>,
    total: usize,
    present: Vec<(Present<'a>, &'a ChunkEntry)>,
}

/// What a message says.
#[derive(Debug, Clone, Copy)]
struct AlertKind {
    /// That stalls are over, and not that they have begun.
    is_cleared: bool,
    /// Whether it may have arrived already.
    is_repeat: bool,
}

impl AlertKind {
    fn name(self) -> &'static str {
        if self.is_cleared { "cleared" } else { "stalled" }
    }

    /// As it is stored.
    fn text(self) -> &'static str {
        match (self.is_cleared, self.is_repeat) {
            (false, false) => "stalled",
            (false, true) => "stalled?",
            (true, false) => "cleared",
            (true, true) => "cleared?",
        }
    }

    fn read(text: Option<&str>) -> Option<Self> {
        text.map(|text| Self {
            is_cleared: text.starts_with('c'),
            is_repeat: text.ends_with('?'),
        })
    }
}

impl<'a> Draft<'a> {
    fn new(source: &'a Source, row: &Row, changed: &[Row]) -> Result<Self, DatabaseError> {
        let present = source.present(&DestinationRow(row))?;
        let now: Vec<Present<'_>> = present.iter().map(|(present, _)| *present).collect();
        let is_settling = row.integer(6)? != 0;
        let mut stalls = Stalls::parse(row.optional_text(5)?.unwrap_or_default()).observe(now, is_settling);
        let mut kind = None;
        if let Some(sent) = AlertKind::read(row.optional_text(12)?) {
            // It is sent again under its number. If all of it is over by now, it counts as if it had arrived.
            if stalls.any(&[Stage::Telling, Stage::Clearing]) {
                kind = Some(AlertKind {
                    is_repeat: true,
                    ..sent
                });
            } else {
                stalls.settle(DeliveryOutcome::Delivered);
            }
        } else if is_due(&stalls, source.is_open) {
            let may_tell = source.is_open && stalls.any(&[Stage::New, Stage::Late]);
            let was_told = row.optional_text(14)? == Some("stalled");
            let is_cleared = !may_tell || (was_told && stalls.any(&[Stage::Over]));
            if is_cleared {
                stalls.clear();
            } else {
                let has_changed = |id: &str| changed.iter().any(|row| row.text(0).is_ok_and(|own| own == id));
                stalls.tell(&has_changed);
            }
            let says_something = stalls.any(&[Stage::Telling, Stage::Clearing]);
            kind = says_something.then_some(AlertKind {
                is_cleared,
                is_repeat: false,
            });
        }
        let telling = stalls.in_stage(Stage::Telling).count();
        Ok(Self {
            total: telling + stalls.in_stage(Stage::Clearing).count(),
            stalls,
            kind,
            present,
        })
    }

    /// The statement that reads what the message says.
    fn details(&self, source: &Source, message: QueueMessage<'_>, kind: AlertKind) -> Statement {
        let named: Vec<Value> = if kind.is_cleared {
            let named = self.stalls.in_stage(Stage::Clearing).take(NAMED_MAX);
            named.map(Value::from).collect()
        } else {
            let telling = self.present.iter();
            let telling = telling.filter(|(now, _)| self.stalls.stage(now.conversation_id) == Some(Stage::Telling));
            let rows = telling.take(NAMED_MAX).map(|(_, entry)| {
                let (minutes, business_minutes) = source.ages(entry);
                json!([entry.row_no, minutes, business_minutes])
            });
            rows.collect()
        };
        let sql = if kind.is_cleared {
            sql::SAY_CLEARED
        } else {
            sql::SAY_STALLED
        };
        Statement::new(
            sql,
            [
                message.organization_id.into(),
                message.destination_id.into(),
                Value::Array(named).to_string().into(),
                source.as_of.to_string().into(),
                (self.total as i64).into(),
            ],
        )
    }
}

/// What is written of a destination by whoever delivers.
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
    /// A row as it is, with other stalls.
    fn new(row: &Row, stalls: String) -> Result<Self, DatabaseError> {
        Ok(Self {
            stalls,
            queued_at: row.optional_integer(8)?,
            next_at: row.optional_integer(9)?,
            kind: AlertKind::read(row.optional_text(12)?),
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
