//! From an event as it is posted to a record in normal form.

use crate::base::strict_json::Object;
use crate::base::timestamp::Timestamp;
use crate::conversation::acknowledgement::Acknowledgement;
use crate::conversation::body::{AutopilotChange, Contact, Conversation, Named, Removal, Resolution, User};
use crate::conversation::fields::{Fields, Problem, Received};
use crate::conversation::message::{Direction, Message, MessageKind, MessageStatus, Visibility};
use crate::conversation::rank::Rank;
use crate::conversation::record::Record;
use crate::conversation::record_type::RecordType;
use serde::Serialize;
use serde_json::Value;
use std::rc::Rc;

/// Reads one event, the one at `index` of a request.
///
/// Unknown fields are dropped, null means absent, defaults are filled in, and instants are truncated to milliseconds. A
/// removal needs only its ids: its other fields are not read.
///
/// # Errors
/// The first [`Problem`] of the event.
pub fn parse_event(index: usize, event: &Value, received: Received<'_>) -> Result<Record, Problem> {
    let Value::Object(object) = event else {
        return Err(Problem::new("", "must be a JSON object"));
    };
    let fields = Fields::new(object, received);
    let record_type: RecordType = fields.choice("type")?;
    let organization_id = fields.id("organizationId")?;
    if matches!(organization_id.as_str(), "." | "..") {
        let reason = "must not be a dot or two: no address could name the organization";
        return Err(Problem::new("organizationId", reason));
    }
    let id = fields.id(record_type.id_field())?;
    let updated_at = fields.past("updatedAt")?;
    let revision = fields.counter("revision")?;
    let version = RecordVersion {
        record_type,
        revision,
        updated_at,
    };
    let (timeline_key, rank, body) = if fields.flag("deleted", false)? {
        let rank = Rank::new(record_type, revision, updated_at, None);
        (None, rank, removal(revision)?)
    } else {
        version.parse_body(&fields)?
    };
    let (conversation_id, arrived_at) = timeline_key.unzip();
    Ok(Record {
        index,
        organization_id,
        record_type,
        id,
        conversation_id,
        rank,
        arrived_at,
        body,
    })
}

/// The record of an acknowledgement of a conversation, or of its removal. No event is one.
///
/// # Errors
/// If it cannot be written as JSON, which does not happen.
pub fn acknowledgement_record(
    organization_id: &str,
    conversation_id: &str,
    updated_at: Timestamp,
    acknowledgement: Option<&Acknowledgement>,
) -> Result<Record, Problem> {
    let record_type = RecordType::Acknowledgement;
    let version = RecordVersion {
        record_type,
        revision: 0,
        updated_at,
    };
    let (_, rank, body) = match acknowledgement {
        Some(acknowledgement) => version.body(None, acknowledgement)?,
        None => (None, Rank::new(record_type, 0, updated_at, None), removal(0)?),
    };
    Ok(Record {
        index: 0,
        organization_id: organization_id.to_owned(),
        record_type,
        id: conversation_id.to_owned(),
        conversation_id: None,
        rank,
        arrived_at: None,
        body,
    })
}

/// The body of a removal: empty, as version 0.1 wrote it, unless the source counts its changes.
fn removal(revision: u64) -> Result<String, Problem> {
    if revision == 0 {
        return Ok(String::new());
    }
    serde_json::to_string(&Removal { revision }).map_err(|error| Problem::new("", error.to_string()))
}

/// What is known of a version before its body is read.
#[derive(Clone, Copy)]
struct RecordVersion {
    record_type: RecordType,
    revision: u64,
    updated_at: Timestamp,
}

/// The conversation that a message, an autopilot change or a resolution is in, and when it arrived.
type TimelineKey = Option<(String, Timestamp)>;

/// The key in the timeline, the rank, and the body in normal form.
type ParsedBody = (TimelineKey, Rank, String);

impl RecordVersion {
    fn parse_body(self, fields: &Fields<'_>) -> Result<ParsedBody, Problem> {
        match self.record_type {
            RecordType::Organization | RecordType::Department => self.body(None, &named(fields, self.revision)?),
            RecordType::User => self.body(None, &user(fields, self.revision)?),
            RecordType::Contact => self.body(None, &contact(fields, self.revision)?),
            RecordType::Conversation => self.body(None, &conversation(fields, self.revision)?),
            RecordType::Autopilot => {
                let change = autopilot(fields, self.revision)?;
                self.body(Some((change.conversation_id.clone(), change.at)), &change)
            }
            RecordType::Resolution => {
                let resolution = resolution(fields, self.revision)?;
                self.body(Some((resolution.conversation_id.clone(), resolution.at)), &resolution)
            }
            RecordType::Message => {
                let message = message(fields, self.revision)?;
                self.body(Some((message.conversation_id.clone(), message.arrived_at())), &message)
            }
            RecordType::Acknowledgement => Err(Problem::new("type", "is not one of an event")),
        }
    }

    /// Ranks a body by its JSON.
    fn body<T: Serialize>(self, timeline_key: TimelineKey, body: &T) -> Result<ParsedBody, Problem> {
        let problem = |error: serde_json::Error| Problem::new("", error.to_string());
        let json = serde_json::to_string(body).map_err(problem)?;
        let members: Object = serde_json::from_str(&json).map_err(problem)?;
        let rank = Rank::new(self.record_type, self.revision, self.updated_at, Some(&members));
        Ok((timeline_key, rank, json))
    }
}

fn named(fields: &Fields<'_>, revision: u64) -> Result<Named, Problem> {
    Ok(Named {
        name: fields.name("name")?,
        revision,
    })
}

fn user(fields: &Fields<'_>, revision: u64) -> Result<User, Problem> {
    Ok(User {
        active: fields.flag("active", true)?,
        bot: fields.flag("bot", false)?,
        full_name: fields.name("fullName").map(Rc::from)?,
        revision,
    })
}

fn contact(fields: &Fields<'_>, revision: u64) -> Result<Contact, Problem> {
    Ok(Contact {
        blocked: fields.flag("blocked", false)?,
        merged_into: fields.optional_id("mergedInto")?,
        name: fields.name("name")?,
        phone: fields.optional_word("phone")?,
        revision,
    })
}

fn conversation(fields: &Fields<'_>, revision: u64) -> Result<Conversation, Problem> {
    let snoozed_at = fields.optional_past("snoozedAt")?;
    let snoozed_until = fields.optional_instant("snoozedUntil")?;
    if snoozed_until.is_some() && snoozed_at.is_none() {
        return Err(Problem::new("snoozedAt", "is required with snoozedUntil"));
    }
    let merged_into = fields.optional_id("mergedInto")?;
    let merged_at = fields.optional_past("mergedAt")?;
    if merged_at.is_some() && merged_into.is_none() {
        return Err(Problem::new("mergedInto", "is required with mergedAt"));
    }
    Ok(Conversation {
        assigned_at: fields.optional_past("assignedAt")?,
        assignee_ids: fields.ids("assigneeIds")?,
        channel_type: fields.word("channelType")?,
        contact_id: fields.id("contactId")?,
        department_id: fields.optional_id("departmentId")?,
        draft: fields.flag("draft", false)?,
        merged_at,
        merged_into,
        owner_id: fields.optional_id("ownerId")?,
        resolved_at: fields.optional_past("resolvedAt")?,
        revision,
        snoozed_at,
        snoozed_until,
        starts_with_autopilot: fields.flag("startsWithAutopilot", true)?,
    })
}

fn autopilot(fields: &Fields<'_>, revision: u64) -> Result<AutopilotChange, Problem> {
    let actor_id = fields.optional_id("actorId")?;
    let default_by = AutopilotChange::default_switched_by(actor_id.as_deref());
    Ok(AutopilotChange {
        actor_id,
        at: fields.past("at")?,
        by: fields.optional_choice("by")?.filter(|by| *by != default_by),
        conversation_id: fields.id("conversationId")?,
        enabled: fields.required_flag("enabled")?,
        revision,
        sequence: fields.counter("sequence")?,
    })
}

fn resolution(fields: &Fields<'_>, revision: u64) -> Result<Resolution, Problem> {
    Ok(Resolution {
        at: fields.past("at")?,
        by: fields.optional_choice("by")?.unwrap_or_default(),
        conversation_id: fields.id("conversationId")?,
        resolved: fields.required_flag("resolved")?,
        revision,
        sequence: fields.counter("sequence")?,
    })
}

fn message(fields: &Fields<'_>, revision: u64) -> Result<Message, Problem> {
    let direction = fields.choice("direction")?;
    let visibility = fields.optional_choice("visibility")?;
    let status = fields.optional_choice("status")?;
    let status_default = match direction {
        Direction::Inbound => MessageStatus::Received,
        Direction::Outbound => MessageStatus::Sent,
    };
    let at = fields.past("at")?;
    Ok(Message {
        at,
        conversation_id: fields.id("conversationId")?,
        direction,
        in_reply_to: fields.optional_id("inReplyTo")?,
        kind: fields.optional_choice("kind")?.unwrap_or(MessageKind::Text),
        needs_reply: fields.flag("needsReply", true)?,
        received_at: fields
            .optional_past("receivedAt")?
            .filter(|received_at| *received_at > at),
        revision,
        sender: fields.choice("sender")?,
        sender_id: fields.optional_id("senderId")?,
        sequence: fields.counter("sequence")?,
        status: status.unwrap_or(status_default),
        visibility: visibility.unwrap_or(Visibility::Public),
    })
}

#[cfg(test)]
mod tests {
    use super::parse_event;
    use crate::base::timestamp::Timestamp;
    use serde_json::{Map, Value, json};

    /// The body of an event of this type with these fields.
    fn body(record_type: &str, fields: &Value) -> String {
        let mut event = json!({ "type": record_type, "organizationId": "o", "updatedAt": "2026-05-18T14:00:00Z" });
        for (name, value) in fields.as_object().unwrap() {
            event[name] = value.clone();
        }
        let now = Timestamp::from_rfc3339("2026-05-18T14:00:00Z").unwrap();
        parse_event(0, &event, now.into()).unwrap().body
    }

    /// Checks the bytes of a body, and that its members are in the order of their names, as RFC 8785 wants them.
    fn check(record_type: &str, fields: &Value, expected: &str) {
        let body = body(record_type, fields);
        assert_eq!(body, expected);
        // A map of `serde_json` is sorted.
        let sorted: Map<String, Value> = serde_json::from_str(&body).unwrap();
        assert_eq!(serde_json::to_string(&sorted).unwrap(), body);
    }

    #[test]
    fn a_body_with_every_field_has_these_bytes() {
        let name = "Zoë \"\\\u{1}\u{7f}\u{2028}\u{1f981}";
        check(
            "organization",
            &json!({ "name": name, "unknown": 1 }),
            "{\"name\":\"Zoë \\\"\\\\\\u0001\u{7f}\u{2028}\u{1f981}\"}",
        );
        check(
            "department",
            &json!({ "departmentId": "d", "name": "Sales" }),
            r#"{"name":"Sales"}"#,
        );
        check(
            "user",
            &json!({ "userId": "u", "fullName": "Alice", "active": false, "bot": true }),
            r#"{"active":false,"bot":true,"fullName":"Alice"}"#,
        );
        check(
            "contact",
            &json!({ "contactId": "k", "name": "Bob", "phone": "+1", "blocked": true }),
            r#"{"blocked":true,"name":"Bob","phone":"+1"}"#,
        );
        check(
            "conversation",
            &json!({
                "conversationId": "c", "contactId": "k", "channelType": "sms", "departmentId": "d", "ownerId": "u",
                "assigneeIds": ["v", "u"], "resolvedAt": "2026-05-18T13:00:00.1239Z",
                "snoozedUntil": "2026-05-19T16:00:00+02:00", "snoozedAt": "2026-05-18T13:30:00Z", "draft": true,
                "mergedInto": "other",
            }),
            concat!(
                r#"{"assigneeIds":["v","u"],"channelType":"sms","contactId":"k","departmentId":"d","draft":true,"#,
                r#""mergedInto":"other","ownerId":"u","resolvedAt":"2026-05-18T13:00:00.123Z","#,
                r#""snoozedAt":"2026-05-18T13:30:00.000Z","snoozedUntil":"2026-05-19T14:00:00.000Z"}"#,
            ),
        );
        check(
            "autopilot",
            &json!({ "changeId": "a", "conversationId": "c", "at": "2026-05-18T13:00:00Z", "enabled": false, "actorId": "u" }),
            r#"{"actorId":"u","at":"2026-05-18T13:00:00.000Z","conversationId":"c","enabled":false}"#,
        );
        check(
            "message",
            &json!({
                "messageId": "m", "conversationId": "c", "at": "2026-05-18T13:00:00Z", "sequence": 50e-1,
                "direction": "outbound", "sender": "human", "senderId": "u", "visibility": "private",
                "kind": "handoff_notice", "status": "queued", "text": "never stored",
            }),
            concat!(
                r#"{"at":"2026-05-18T13:00:00.000Z","conversationId":"c","direction":"outbound","kind":"handoff_notice","#,
                r#""sender":"human","senderId":"u","sequence":5,"status":"queued","visibility":"private"}"#,
            ),
        );
    }

    #[test]
    fn a_body_without_optional_fields_has_these_bytes() {
        check(
            "user",
            &json!({ "userId": "u", "fullName": "" }),
            r#"{"active":true,"bot":false,"fullName":""}"#,
        );
        check(
            "contact",
            &json!({ "contactId": "k", "name": "Bob" }),
            r#"{"blocked":false,"name":"Bob"}"#,
        );
        check(
            "conversation",
            &json!({ "conversationId": "c", "contactId": "k", "channelType": "sms", "ownerId": null }),
            r#"{"assigneeIds":[],"channelType":"sms","contactId":"k","draft":false}"#,
        );
        check(
            "autopilot",
            &json!({ "changeId": "a", "conversationId": "c", "at": "2026-05-18T13:00:00Z", "enabled": true }),
            r#"{"at":"2026-05-18T13:00:00.000Z","conversationId":"c","enabled":true}"#,
        );
        for (direction, status) in [("inbound", "received"), ("outbound", "sent")] {
            let expected = format!(
                r#"{{"at":"2026-05-18T13:00:00.000Z","conversationId":"c","direction":"{direction}","kind":"text","sender":"ai","sequence":0,"status":"{status}","visibility":"public"}}"#
            );
            check(
                "message",
                &json!({ "messageId": "m", "conversationId": "c", "at": "2026-05-18T13:00:00Z", "direction": direction,
                         "sender": "ai" }),
                &expected,
            );
        }
    }

    #[test]
    fn a_removal_has_no_body() {
        assert_eq!(
            body("message", &json!({ "messageId": "m", "deleted": true, "at": "never" })),
            ""
        );
    }
}
