//! Events, the normal form of a record, and which of two versions wins.

use crate::support::history::{instant_text, own_id_field};
use chrono::NaiveDate;
use serde_json::{Map, Value};

/// A record's identity: organization, type, its own id.
pub type Identity = (String, String, String);

/// The identity of the record that an event is a version of.
pub fn identity(event: &Value) -> Identity {
    let member = |name: &str| {
        let value = event[name].as_str();
        value.expect("an event names its record").to_string()
    };
    let record_type = member("type");
    let own_id = member(own_id_field(&record_type));
    (member("organizationId"), record_type, own_id)
}

/// One version of a record, in normal form.
pub struct Version {
    revision: u64,
    updated_at: i64,
    pub removed: bool,
    /// Known fields only, instants in UTC with milliseconds. Defaults are filled in, except those of fields that were
    /// added after version 0.1: these are there only if they are not their defaults. Absent fields are left out.
    pub fields: Map<String, Value>,
    /// How late the status comes in a message's life.
    status_rank: usize,
    /// `resolvedAt` of a conversation.
    resolved_at: Option<i64>,
    /// A conversation that is not a draft, and anything else.
    is_no_draft: bool,
    /// How many fields are not their defaults.
    fields_set: usize,
    /// The fields as RFC 8785 text.
    ///
    /// Type, organization, `revision` and `updatedAt` are left out: they are equal in any two versions that are
    /// compared by it, and a member that is equal in both decides nothing.
    canonical: String,
}

/// A version's rank. The version that has the greatest is stored.
pub type Rank<'a> = (u64, i64, bool, usize, Option<i64>, bool, usize, &'a [u8]);

impl Version {
    /// Drops unknown fields, takes null as absent, fills in defaults and truncates instants to milliseconds. A removal
    /// keeps only its own id.
    pub fn from_event(event: &Value) -> Version {
        let record_type = event["type"].as_str().expect("an event has a type");
        let removed = event["deleted"] == Value::Bool(true);
        let mut fields = Map::new();
        for (name, shape) in fields_of(record_type) {
            let given = &event[*name];
            let value = if given.is_null() {
                default_of(record_type, name, event)
            } else {
                Some(normalised(given, shape))
            };
            let is_added_default = is_added(record_type, name) && value == default_of(record_type, name, event);
            if let (Some(value), false) = (value, is_added_default) {
                fields.insert((*name).to_string(), value);
            }
        }
        if removed {
            fields.retain(|name, _| name == own_id_field(record_type));
        } else if record_type == "message" {
            receive_no_earlier_than_written(&mut fields);
        }
        Version {
            revision: optional_count(event, "revision").unwrap_or(0),
            updated_at: epoch_ms(event["updatedAt"].as_str().expect("updatedAt is an instant")),
            removed,
            status_rank: optional_text(&fields, "status").map_or(0, |status| status_rank(&status)),
            resolved_at: optional_instant(&fields, "resolvedAt"),
            is_no_draft: fields.get("draft") != Some(&Value::Bool(true)),
            fields_set: fields_set(record_type, &fields, event),
            canonical: canonical(&Value::Object(fields.clone())),
            fields,
        }
    }

    /// The greater `revision` wins; then the later `updatedAt`; then a removal; then, for messages, the status that
    /// comes later in a message's life, for conversations the later `resolvedAt` (absent is earliest), then not a
    /// draft; then the version with more fields that are not their defaults; then the greater RFC 8785 bytes.
    pub fn rank(&self) -> Rank<'_> {
        (
            self.revision,
            self.updated_at,
            self.removed,
            self.status_rank,
            self.resolved_at,
            self.is_no_draft,
            self.fields_set,
            self.canonical.as_bytes(),
        )
    }
}

/// A `receivedAt` before `at` counts as `at`, which is what it is where it is left out.
fn receive_no_earlier_than_written(fields: &mut Map<String, Value>) {
    if optional_instant(fields, "receivedAt").is_some_and(|received_at| received_at <= instant(fields, "at")) {
        fields.remove("receivedAt");
    }
}

/// How late a status comes in a message's life: received, queued, sent, failed, delivered, read.
fn status_rank(status: &str) -> usize {
    let life = ["received", "queued", "sent", "failed", "delivered", "read"];
    life.iter().position(|name| *name == status).expect("a status")
}

/// How many fields are not their defaults. `blocked` counts as one that is.
fn fields_set(record_type: &str, fields: &Map<String, Value>, event: &Value) -> usize {
    fields
        .iter()
        .filter(|(name, value)| *name != "blocked" && default_of(record_type, name, event).as_ref() != Some(*value))
        .count()
}

/// What a field holds.
enum Shape {
    Text,
    Texts,
    Flag,
    Count,
    Timestamp,
}

/// The table of event types and their fields.
fn fields_of(record_type: &str) -> &'static [(&'static str, Shape)] {
    use Shape::{Count, Flag, Text, Texts, Timestamp};
    match record_type {
        "organization" => &[("organizationId", Text), ("name", Text)],
        "department" => &[("departmentId", Text), ("name", Text)],
        "user" => &[("userId", Text), ("fullName", Text), ("active", Flag), ("bot", Flag)],
        "contact" => &[
            ("contactId", Text),
            ("name", Text),
            ("phone", Text),
            ("blocked", Flag),
            ("mergedInto", Text),
        ],
        "conversation" => &[
            ("conversationId", Text),
            ("contactId", Text),
            ("channelType", Text),
            ("departmentId", Text),
            ("ownerId", Text),
            ("assigneeIds", Texts),
            ("assignedAt", Timestamp),
            ("resolvedAt", Timestamp),
            ("snoozedAt", Timestamp),
            ("snoozedUntil", Timestamp),
            ("draft", Flag),
            ("mergedInto", Text),
            ("mergedAt", Timestamp),
            ("startsWithAutopilot", Flag),
        ],
        "autopilot" => &[
            ("changeId", Text),
            ("conversationId", Text),
            ("at", Timestamp),
            ("sequence", Count),
            ("enabled", Flag),
            ("actorId", Text),
            ("by", Text),
        ],
        "resolution" => &[
            ("changeId", Text),
            ("conversationId", Text),
            ("at", Timestamp),
            ("sequence", Count),
            ("resolved", Flag),
            ("by", Text),
        ],
        "message" => &[
            ("messageId", Text),
            ("conversationId", Text),
            ("at", Timestamp),
            ("receivedAt", Timestamp),
            ("sequence", Count),
            ("inReplyTo", Text),
            ("direction", Text),
            ("sender", Text),
            ("senderId", Text),
            ("visibility", Text),
            ("kind", Text),
            ("needsReply", Flag),
            ("status", Text),
        ],
        other => panic!("no such type of event: {other}"),
    }
}

/// Whether a field with a default was added after version 0.1.
fn is_added(record_type: &str, name: &str) -> bool {
    matches!(
        (record_type, name),
        ("conversation", "startsWithAutopilot")
            | ("autopilot" | "resolution", "sequence" | "by")
            | ("message", "needsReply")
    )
}

/// The default of a field that is absent, if it has one.
fn default_of(record_type: &str, name: &str, event: &Value) -> Option<Value> {
    match (record_type, name) {
        ("user", "active") => Some(Value::from(true)),
        ("user", "bot") => Some(Value::from(false)),
        ("contact", "blocked") => Some(Value::from(false)),
        ("conversation", "assigneeIds") => Some(Value::Array(Vec::new())),
        ("conversation", "draft") => Some(Value::from(false)),
        ("conversation", "startsWithAutopilot") => Some(Value::from(true)),
        ("autopilot" | "resolution" | "message", "sequence") => Some(Value::from(0)),
        ("autopilot", "by") if event["actorId"].is_null() => Some(Value::from("system")),
        ("autopilot", "by") => Some(Value::from("human")),
        ("resolution", "by") => Some(Value::from("human")),
        ("message", "visibility") => Some(Value::from("public")),
        ("message", "kind") => Some(Value::from("text")),
        ("message", "needsReply") => Some(Value::from(true)),
        ("message", "status") if event["direction"] == "inbound" => Some(Value::from("received")),
        ("message", "status") => Some(Value::from("sent")),
        _ => None,
    }
}

/// A value in normal form, whatever the way in which it was written.
fn normalised(given: &Value, shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Texts | Shape::Flag => given.clone(),
        Shape::Count => Value::from(whole_number(given)),
        Shape::Timestamp => {
            let instant = epoch_ms(given.as_str().expect("an instant is a string"));
            Value::from(instant_text(instant))
        }
    }
}

/// RFC 8785 text of a value whose numbers are whole and not negative.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_by_key(|name| name.encode_utf16().collect::<Vec<u16>>());
            let members: Vec<String> = names
                .iter()
                .map(|name| format!("{}:{}", quoted(name), canonical(&members[*name])))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        // The escapes of serde_json are those of RFC 8785.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

// ---------------------------------------------------------------------------------------------------------
// Reading and writing values
// ---------------------------------------------------------------------------------------------------------

/// A text, if the field is there.
pub fn optional_text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name)?.as_str().map(str::to_string)
}

/// A text that every version has.
pub fn text(fields: &Map<String, Value>, name: &str) -> String {
    optional_text(fields, name).unwrap_or_else(|| panic!("{name} is a string"))
}

/// A flag, or its default.
pub fn flag_or(fields: &Map<String, Value>, name: &str, default: bool) -> bool {
    fields.get(name).and_then(Value::as_bool).unwrap_or(default)
}

/// A flag that every version has.
pub fn flag(fields: &Map<String, Value>, name: &str) -> bool {
    let value = fields.get(name).and_then(Value::as_bool);
    value.unwrap_or_else(|| panic!("{name} is true or false"))
}

/// A `sequence`; 0 means that there is none.
pub fn sequence(fields: &Map<String, Value>) -> u64 {
    fields.get("sequence").map_or(0, whole_number)
}

/// Milliseconds since 1970, if the field is there.
pub fn optional_instant(fields: &Map<String, Value>, name: &str) -> Option<i64> {
    optional_text(fields, name).map(|value| epoch_ms(&value))
}

/// Milliseconds since 1970 of an instant that every version has.
pub fn instant(fields: &Map<String, Value>, name: &str) -> i64 {
    epoch_ms(&text(fields, name))
}

fn optional_count(event: &Value, name: &str) -> Option<u64> {
    let given = &event[name];
    (!given.is_null()).then(|| whole_number(given))
}

fn whole_number(given: &Value) -> u64 {
    let whole = given.as_u64();
    whole.unwrap_or_else(|| given.as_f64().expect("a number") as u64)
}

/// A JSON string.
pub fn quoted(value: &str) -> String {
    Value::from(value).to_string()
}

/// Milliseconds since 1970 of an RFC 3339 instant, whose offset may lack its colon. What is finer is truncated.
pub fn epoch_ms(instant: &str) -> i64 {
    let number = |digits: &str| digits.parse::<i64>().expect("digits");
    // 2026-05-18T14:00:00 is always 19 characters; an optional fraction and the offset follow.
    let (date_and_time, rest) = instant.split_at(19);
    let day = NaiveDate::from_ymd_opt(
        number(&date_and_time[0..4]) as i32,
        number(&date_and_time[5..7]) as u32,
        number(&date_and_time[8..10]) as u32,
    );
    let midnight = day.expect("a date").and_hms_opt(0, 0, 0).expect("midnight");
    let hours = number(&date_and_time[11..13]);
    let minutes = number(&date_and_time[14..16]);
    let seconds = number(&date_and_time[17..19]);
    let offset_start = rest.find(['Z', 'z', '+', '-']).expect("an offset");
    let (fraction, offset) = rest.split_at(offset_start);
    let three_digits: String = fraction
        .trim_start_matches('.')
        .chars()
        .chain("000".chars())
        .take(3)
        .collect();
    let offset_minutes = if offset.eq_ignore_ascii_case("z") {
        0
    } else {
        let sign = if offset.starts_with('-') { -1 } else { 1 };
        let digits = offset[1..].replace(':', "");
        sign * (number(&digits[0..2]) * 60 + number(&digits[2..4]))
    };
    let local_seconds = midnight.and_utc().timestamp() + hours * 3600 + minutes * 60 + seconds;
    (local_seconds - offset_minutes * 60) * 1000 + number(&three_digits)
}
