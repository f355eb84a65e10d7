//! The body of an ingest request: `{"events":[…]}`, or one event a line.

use crate::base::strict_json::{self, Escape, repair_surrogates};
use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::conversation::event::parse_event;
use crate::conversation::fields::{Problem, Received};
use crate::conversation::message::{Direction, Message};
use crate::conversation::record::Record;
use crate::conversation::record_type::RecordType;
use crate::http::query::{self, QueryError};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

/// The most events of a request.
pub const EVENTS_MAX: usize = 1_000;
/// The most bad events, and the most warnings, that a response lists.
pub const REMARKS_MAX: usize = 20;
/// What half a surrogate pair becomes.
const HALF_A_PAIR: Escape = *br"\ufffd";
/// What half a surrogate pair becomes in the other reading of the events, which shows whether an id has one.
const HALF_A_PAIR_OTHERWISE: Escape = *br"\ufffe";
/// How long before its `updatedAt` an inbound message may have been written without a warning.
pub const WRITTEN_BEFORE_MAX_MS: i64 = 60 * MINUTE_MS;

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

/// What there is to say of an event: why it was rejected, or what may be wrong with it though it was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Its number among the events of the request, from 0.
    pub index: usize,
    /// The field. It is empty if the event as a whole is meant.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// The events of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedEvents {
    /// The good ones.
    pub records: Vec<Record>,
    /// How many are bad.
    pub bad: usize,
    /// The first of the bad ones, at most [`REMARKS_MAX`].
    pub first_bad: Vec<Remark>,
    /// What may be wrong with good ones, at most [`REMARKS_MAX`].
    pub warnings: Vec<Remark>,
}

impl ParsedEvents {
    /// The good events, if all are good.
    ///
    /// # Errors
    /// [`ParseError::BadEvents`].
    pub fn all_good(self) -> Result<Self, ParseError> {
        if self.bad == 0 {
            return Ok(self);
        }
        Err(ParseError::BadEvents {
            total: self.bad,
            first: self.first_bad,
        })
    }
}

/// Reads the query string of an ingest: `partial=true` takes in the good events, however many are bad.
///
/// # Errors
/// A [`QueryError`].
pub fn parse_is_partial(query: &str) -> Result<bool, QueryError> {
    query::parse_flag(query, "partial")
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
    #[error("Invalid events: {total}. Nothing was taken in; see details.")]
    BadEvents {
        /// How many.
        total: usize,
        /// The first of them.
        first: Vec<Remark>,
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

/// Parses the events of a body that was received at `now`.
///
/// # Errors
/// A [`ParseError`] if the body as a whole is bad. Bad events are counted.
pub fn parse_events(format: BodyFormat, body: &[u8], now: Timestamp) -> Result<ParsedEvents, ParseError> {
    let read = |body: &[u8]| match format {
        BodyFormat::Json => json_events(body),
        BodyFormat::Ndjson => ndjson_events(body),
    };
    let repaired = repair_surrogates(body, &HALF_A_PAIR);
    let events = read(&repaired)?;
    let mut others = match repaired {
        Cow::Owned(_) => read(&repair_surrogates(body, &HALF_A_PAIR_OTHERWISE))?,
        Cow::Borrowed(_) => Vec::new(),
    }
    .into_iter();
    let mut parsed = ParsedEvents::default();
    for (index, event) in events.into_iter().enumerate() {
        let other = others.next().transpose();
        let record = event.and_then(|event| {
            let other = other?;
            let received = Received {
                now,
                other_reading: other.as_ref(),
            };
            let record = parse_event(index, &event, received)?;
            if parsed.warnings.len() < REMARKS_MAX {
                parsed.warnings.extend(warning(&event, &record));
            }
            Ok(record)
        });
        match record {
            Ok(record) => parsed.records.push(record),
            Err(Problem { field, reason }) => {
                parsed.bad = parsed.bad.saturating_add(1);
                if parsed.first_bad.len() < REMARKS_MAX {
                    parsed.first_bad.push(Remark { index, field, reason });
                }
            }
        }
    }
    Ok(parsed)
}

/// A warning about a message that seems to have been written long before anybody knew of it. It looks like that when
/// local time is sent as UTC. A source that says when it received the message does not make that mistake, even where it
/// says the same instant as `at`, which the normal form leaves out.
fn warning(event: &Value, record: &Record) -> Option<Remark> {
    let has_received_at = event
        .get("receivedAt")
        .is_some_and(|received_at| !received_at.is_null());
    if record.record_type != RecordType::Message || record.rank.deleted || has_received_at {
        return None;
    }
    let message: Message = serde_json::from_str(&record.body).ok()?;
    let is_late = record.rank.updated_at.milliseconds_since(message.at) > WRITTEN_BEFORE_MAX_MS;
    (message.direction == Direction::Inbound && is_late).then(|| Remark {
        index: record.index,
        field: "at",
        reason:
            "is more than an hour before updatedAt: send receivedAt if the message came in late, and check the time \
                 zone if it did not"
                .to_owned(),
    })
}

/// Events as JSON values. One that is no JSON at all is a problem of that event alone.
type JsonEvents = Vec<Result<Value, Problem>>;

fn json_events(body: &[u8]) -> Result<JsonEvents, ParseError> {
    let value = strict_json::parse(body)
        .map_err(|error| ParseError::Malformed(format!("The body is not valid JSON: {error}.")))?;
    let events = match value {
        Value::Object(mut object) => object.get_mut("events").map(Value::take),
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

fn ndjson_events(body: &[u8]) -> Result<JsonEvents, ParseError> {
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
    use super::{BodyFormat, EVENTS_MAX, ParseError, parse_events, with_thousands};
    use crate::base::timestamp::Timestamp;

    /// The fields that are bad in each of some events, which are JSON without their braces. An empty text means that
    /// the event is good.
    fn check(events: &[(&str, &str)]) {
        let common = r#""type":"conversation","organizationId":"o","updatedAt":"1970-01-01T00:00:00Z","contactId":"k""#;
        let lines: Vec<String> = events
            .iter()
            .map(|(event, _)| format!("{{{common},{event}}}"))
            .collect();
        let json = format!("{{\"events\":[{}]}}", lines.join(","));
        for (format, body) in [(BodyFormat::Json, json), (BodyFormat::Ndjson, lines.join("\n"))] {
            let parsed = parse_events(format, body.as_bytes(), Timestamp::from_milliseconds(0)).unwrap();
            let bad = events.iter().enumerate().filter(|(_, (_, field))| !field.is_empty());
            let bad: Vec<(usize, &str)> = bad.map(|(index, (_, field))| (index, *field)).collect();
            let found: Vec<(usize, &str)> = parsed.first_bad.iter().map(|bad| (bad.index, bad.field)).collect();
            assert_eq!(found, bad, "{format:?}");
            assert_eq!(parsed.records.len(), events.len() - bad.len(), "{format:?}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_refused_in_ids_and_in_these_alone() {
        let good = r#""conversationId":"c","channelType":"sms""#;
        check(&[
            (good, ""),
            (r#""conversationId":"\ufffd","channelType":"\ud83d""#, ""),
            (r#""conversationId":"\ud83d","channelType":"\ud83d""#, "conversationId"),
            (r#""conversationId":"\ufffe\ufffd","channelType":"\ufffd""#, ""),
            (r#""conversationId":"c\uDE00","channelType":"sms""#, "conversationId"),
            (
                r#""conversationId":"c","channelType":"\ud83d","assigneeIds":["\ufffd"]"#,
                "",
            ),
            (
                r#""conversationId":"c","channelType":"sms","assigneeIds":["a","\ud83d"]"#,
                "assigneeIds",
            ),
            (
                r#""conversationId":"c","channelType":"sms","ownerId":"\ufffd\ud83d""#,
                "ownerId",
            ),
            (r#""conversationId":"c","channelType":"sms","\ud83d":"\ud83d""#, ""),
            (r#""conversationId":"\ud83d\ude00","channelType":"sms""#, ""),
        ]);
        check(&[(r#""conversationId":"\ufffd","channelType":"sms""#, ""), (good, "")]);
    }

    #[test]
    fn an_organization_that_no_address_could_name_is_refused() {
        for (id, bad) in [(".", 1), ("..", 1), ("...", 0), (".a", 0)] {
            let event = format!(
                r#"{{"type":"user","organizationId":"{id}","updatedAt":"1970-01-01T00:00:00Z","userId":"..","fullName":""}}"#
            );
            let parsed = parse_events(BodyFormat::Ndjson, event.as_bytes(), Timestamp::from_milliseconds(0)).unwrap();
            assert_eq!(parsed.bad, bad, "{id}");
        }
    }

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
