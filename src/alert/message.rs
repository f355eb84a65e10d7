//! A message: which one it is, and what it says according to the row of its destination and the newest version.

use crate::alert::detect::is_due;
use crate::alert::source::{DestinationRow, Source};
use crate::alert::sql;
use crate::alert::stalls::{DeliveryOutcome, Present, Stage, Stalls};
use crate::snapshot::chunk::ChunkEntry;
use crate::storage::database::{DatabaseError, Row, Statement};
use serde_json::{Value, json};

/// How many conversations a message names. The others are counted.
pub const NAMED_MAX: usize = 10;

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

/// What a message tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct AlertKind {
    /// Whether it tells that stalls are over, and not that they have begun.
    pub(super) is_cleared: bool,
    /// Whether it may have arrived already.
    pub(super) is_repeat: bool,
}

impl AlertKind {
    /// How it is stored for the last message that was sent.
    pub(super) fn name(self) -> &'static str {
        if self.is_cleared { "cleared" } else { "stalled" }
    }

    /// How it is stored for the message under way.
    pub(super) fn text(self) -> &'static str {
        match (self.is_cleared, self.is_repeat) {
            (false, false) => "stalled",
            (false, true) => "stalled?",
            (true, false) => "cleared",
            (true, true) => "cleared?",
        }
    }

    /// From what is stored: see [`AlertKind::text`].
    pub(super) fn from_text(text: Option<&str>) -> Option<Self> {
        text.map(|text| Self {
            is_cleared: text.starts_with('c'),
            is_repeat: text.ends_with('?'),
        })
    }
}

/// What a message is going to say.
pub(super) struct Draft<'a> {
    /// The stalls of the destination as they are once this message is under way.
    pub(super) stalls: Stalls,
    /// What it says. `None` means that there is nothing to say now.
    pub(super) kind: Option<AlertKind>,
    total: usize,
    present: Vec<(Present<'a>, &'a ChunkEntry)>,
}

impl<'a> Draft<'a> {
    /// From a row of `destinations.sql`; `changed` are the conversations in which something has happened since the last
    /// refresh.
    pub(super) fn new(source: &'a Source, row: &Row, changed: &[Row]) -> Result<Self, DatabaseError> {
        let present = source.present(&DestinationRow(row))?;
        let now: Vec<Present<'_>> = present.iter().map(|(present, _)| *present).collect();
        let is_settling = row.integer(6)? != 0;
        let mut stalls = Stalls::parse(row.optional_text(5)?.unwrap_or_default()).observe(now, is_settling);
        let mut kind = None;
        if let Some(sent) = AlertKind::from_text(row.optional_text(12)?) {
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
    pub(super) fn details(&self, source: &Source, message: QueueMessage<'_>, kind: AlertKind) -> Statement {
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
