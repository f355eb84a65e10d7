//! The body of an ingest request: `{"events":[…]}`, or one event a line.

use crate::base::strict_json;
use crate::base::timestamp::Timestamp;
use crate::conversation::event::parse_event;
use crate::conversation::fields::Problem;
use crate::conversation::record::Record;
use serde::Serialize;
use serde_json::Value;

/// The most events of a request.
pub const EVENTS_MAX: usize = 1_000;
/// The most bad events that an answer lists.
pub const BAD_EVENTS_MAX: usize = 20;

/// How the events of a body are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFormat {
    /// `application/json`: `{"events":[…]}`
    Json,
    /// `application/x-ndjson`: one event a line. Empty lines are skipped.
    Ndjson,
}

impl BodyFormat {
    /// The format that a `Content-Type` names, whatever its parameters.
    #[must_use]
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else if essence.eq_ignore_ascii_case("application/x-ndjson") {
            Some(Self::Ndjson)
        } else {
            None
        }
    }
}

/// Why an event was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadEvent {
    /// Its number among the events of the request, from 0.
    pub index: usize,
    /// The field. It is empty if the event as a whole is meant.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// Why a body was rejected. The texts are for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// There are more than [`EVENTS_MAX`] events.
    #[error("A request takes at most {} events.", with_thousands(EVENTS_MAX))]
    TooManyEvents,
    /// The body as a whole is malformed. The text says what is wrong.
    #[error("{0}")]
    Malformed(String),
    /// Some events are bad.
    #[error("{total} of the events are invalid; nothing was taken in. See details.")]
    BadEvents {
        /// How many.
        total: usize,
        /// The first of them.
        first: Vec<BadEvent>,
    },
}

/// A number as people write it: `1,000`.
fn with_thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}

/// Parses the events of a body that was received at `now`: all of them, or none.
///
/// # Errors
/// A [`ParseError`].
pub fn parse_records(format: BodyFormat, body: &[u8], now: Timestamp) -> Result<Vec<Record>, ParseError> {
    let events = match format {
        BodyFormat::Json => json_events(body)?,
        BodyFormat::Ndjson => ndjson_events(body)?,
    };
    let mut records = Vec::with_capacity(events.len());
    let mut bad_events = Vec::new();
    for (index, event) in events.into_iter().enumerate() {
        match event.and_then(|event| parse_event(&event, now)) {
            Ok(record) => records.push(record),
            Err(Problem { field, reason }) => bad_events.push(BadEvent { index, field, reason }),
        }
    }
    if bad_events.is_empty() {
        return Ok(records);
    }
    let total = bad_events.len();
    bad_events.truncate(BAD_EVENTS_MAX);
    Err(ParseError::BadEvents {
        total,
        first: bad_events,
    })
}

/// Events as JSON values. One that is no JSON at all is a problem of that event alone.
type Events = Vec<Result<Value, Problem>>;

fn json_events(body: &[u8]) -> Result<Events, ParseError> {
    let value = strict_json::parse(body)
        .map_err(|error| ParseError::Malformed(format!("The body is not valid JSON: {error}.")))?;
    let events = match value {
        Value::Object(mut object) => object.remove("events"),
        _ => None,
    };
    match events {
        Some(Value::Array(events)) if events.len() > EVENTS_MAX => Err(ParseError::TooManyEvents),
        Some(Value::Array(events)) => Ok(events.into_iter().map(Ok).collect()),
        _ => Err(ParseError::Malformed(
            "The body must be a JSON object with an array \"events\".".to_owned(),
        )),
    }
}

fn ndjson_events(body: &[u8]) -> Result<Events, ParseError> {
    let lines: Vec<&[u8]> = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .collect();
    if lines.len() > EVENTS_MAX {
        return Err(ParseError::TooManyEvents);
    }
    let event = |line: &&[u8]| {
        strict_json::parse(line).map_err(|error| Problem::new("", format!("is not valid JSON: {error}")))
    };
    Ok(lines.iter().map(event).collect())
}

#[cfg(test)]
mod tests {
    use super::{EVENTS_MAX, ParseError, with_thousands};

    #[test]
    fn limits_are_written_with_thousands_separators() {
        for (number, expected) in [(7, "7"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(with_thousands(number), expected);
        }
        assert_eq!(
            ParseError::TooManyEvents.to_string(),
            "A request takes at most 1,000 events."
        );
        assert_eq!(EVENTS_MAX, 1_000);
    }
}
