//! What became of a webhook: its events, and what there is to say of the rest of it.

use crate::base::timestamp::Timestamp;
use crate::conversation::event::parse_event;
use crate::conversation::fields::Problem;
use crate::conversation::record::Record;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

/// The most notes of a webhook.
pub const NOTES_MAX: usize = 20;

/// What became of an authentic webhook. Each of them can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOutcome {
    /// It was taken in.
    Mapped,
    /// Some of it was taken in. The notes say what was not.
    Partly,
    /// It says nothing that the monitor needs, or it is not a known webhook.
    Unknown,
    /// It should have said something, and does not. The notes say what is missing.
    Unmappable,
}

/// Something that was ignored, and why: where and of which type it is, and never what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Where: a JSON pointer (RFC 6901) into the webhook, with `*` for an item of an array; or, if an event that was
    /// made of it is refused, the type and the field of that event, such as `message.at`.
    pub path: String,
    /// The type that was found there, `absent` or `refused`.
    pub found: &'static str,
    /// What should be there.
    pub expected: Cow<'static, str>,
}

/// What a webhook says.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The webhook's name, if the help desk is known to send it.
    pub webhook: Option<&'static str>,
    /// What became of it.
    pub outcome: WebhookOutcome,
    /// Events as `POST /api/conversation-monitor/events` takes them.
    pub events: Vec<Value>,
    /// What was ignored, at most [`NOTES_MAX`].
    pub notes: Vec<Note>,
    /// When it came.
    pub received_at: Timestamp,
}

impl Mapping {
    /// A body that is no JSON.
    pub(super) fn unreadable(received_at: Timestamp) -> Self {
        let note = Note {
            path: String::new(),
            found: "refused",
            expected: Cow::Borrowed("JSON without repeated members"),
        };
        Self {
            webhook: None,
            outcome: WebhookOutcome::Unmappable,
            events: Vec::new(),
            notes: vec![note],
            received_at,
        }
    }

    /// The records of the events, by the very rules of `POST /api/conversation-monitor/events`. An event that these
    /// refuse, such as one that is ahead of the service's clock, is noted, and the others are taken in.
    pub fn read_records(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        for (index, event) in std::mem::take(&mut self.events).iter().enumerate() {
            match parse_event(index, event, self.received_at.into()) {
                Ok(record) => records.push(record),
                Err(problem) => self.refuse(event, problem),
            }
        }
        if records.is_empty() && self.outcome == WebhookOutcome::Partly {
            self.outcome = WebhookOutcome::Unmappable;
        }
        records
    }

    fn refuse(&mut self, event: &Value, problem: Problem) {
        if self.outcome == WebhookOutcome::Mapped {
            self.outcome = WebhookOutcome::Partly;
        }
        if self.notes.len() < NOTES_MAX {
            let record_type = event.get("type").and_then(Value::as_str).unwrap_or_default();
            self.notes.push(Note {
                path: format!("{record_type}.{}", problem.field),
                found: "refused",
                expected: Cow::Owned(problem.reason),
            });
        }
    }
}
