//! From an event as it is posted to a record in normal form.

use crate::base::timestamp::Timestamp;
use crate::conversation::body::{
    AutopilotChange, Contact, Conversation, Direction, Kind, Message, Named, Status, User, Visibility,
};
use crate::conversation::fields::{Fields, Problem};
use crate::conversation::record::{Record, RecordType};
use serde::Serialize;
use serde_json::Value;
use std::rc::Rc;

/// Reads one event that was received at `now`.
///
/// Unknown fields are dropped, null means absent, defaults are filled in, and instants are truncated to milliseconds. A
/// removal needs only its ids: its other fields are not read.
///
/// # Errors
/// The first [`Problem`] of the event.
pub fn parse_event(event: &Value, now: Timestamp) -> Result<Record, Problem> {
    let Value::Object(object) = event else {
        return Err(Problem::new("", "must be a JSON object"));
    };
    let fields = Fields::new(object, now);
    let record_type: RecordType = fields.choice("type")?;
    let organization_id = fields.id("organizationId")?;
    let id = fields.id(record_type.id_field())?;
    let updated_at = fields.past("updatedAt")?;
    let deleted = fields.flag("deleted", false)?;
    let (conversation_id, body) = if deleted {
        (None, String::new())
    } else {
        parse_body(record_type, &fields)?
    };
    Ok(Record {
        organization_id,
        record_type,
        id,
        conversation_id,
        updated_at,
        deleted,
        body,
    })
}

/// The body in normal form, and the conversation that a message or an autopilot change is in.
fn parse_body(record_type: RecordType, fields: &Fields<'_>) -> Result<(Option<String>, String), Problem> {
    match record_type {
        RecordType::Organization | RecordType::Department => Ok((None, to_json(&named(fields)?)?)),
        RecordType::User => Ok((None, to_json(&user(fields)?)?)),
        RecordType::Contact => Ok((None, to_json(&contact(fields)?)?)),
        RecordType::Conversation => Ok((None, to_json(&conversation(fields)?)?)),
        RecordType::Autopilot => {
            let change = autopilot(fields)?;
            let json = to_json(&change)?;
            Ok((Some(change.conversation_id), json))
        }
        RecordType::Message => {
            let message = message(fields)?;
            let json = to_json(&message)?;
            Ok((Some(message.conversation_id), json))
        }
    }
}

fn to_json<T: Serialize>(body: &T) -> Result<String, Problem> {
    serde_json::to_string(body).map_err(|error| Problem::new("", error.to_string()))
}

fn named(fields: &Fields<'_>) -> Result<Named, Problem> {
    Ok(Named {
        name: fields.name("name")?,
    })
}

fn user(fields: &Fields<'_>) -> Result<User, Problem> {
    Ok(User {
        active: fields.flag("active", true)?,
        bot: fields.flag("bot", false)?,
        full_name: fields.name("fullName").map(Rc::from)?,
    })
}

fn contact(fields: &Fields<'_>) -> Result<Contact, Problem> {
    Ok(Contact {
        blocked: fields.flag("blocked", false)?,
        name: fields.name("name")?,
        phone: fields.optional_word("phone")?,
    })
}

fn conversation(fields: &Fields<'_>) -> Result<Conversation, Problem> {
    let snoozed_until = fields.optional_instant("snoozedUntil")?;
    let snoozed_at = fields.optional_past("snoozedAt")?;
    match (snoozed_until, snoozed_at) {
        (Some(_), None) => return Err(Problem::new("snoozedAt", "must come with snoozedUntil")),
        (None, Some(_)) => return Err(Problem::new("snoozedUntil", "must come with snoozedAt")),
        _ => {}
    }
    Ok(Conversation {
        assignee_ids: fields.ids("assigneeIds")?,
        channel_type: fields.word("channelType")?,
        contact_id: fields.id("contactId")?,
        department_id: fields.optional_id("departmentId")?,
        draft: fields.flag("draft", false)?,
        merged_into: fields.optional_id("mergedInto")?,
        owner_id: fields.optional_id("ownerId")?,
        resolved_at: fields.optional_past("resolvedAt")?,
        snoozed_at,
        snoozed_until,
    })
}

fn autopilot(fields: &Fields<'_>) -> Result<AutopilotChange, Problem> {
    Ok(AutopilotChange {
        actor_id: fields.optional_id("actorId")?,
        at: fields.past("at")?,
        conversation_id: fields.id("conversationId")?,
        enabled: fields.required_flag("enabled")?,
    })
}

fn message(fields: &Fields<'_>) -> Result<Message, Problem> {
    let direction = fields.choice("direction")?;
    let visibility = fields.optional_choice("visibility")?;
    let status = fields.optional_choice("status")?;
    let status_default = match direction {
        Direction::Inbound => Status::Received,
        Direction::Outbound => Status::Sent,
    };
    Ok(Message {
        at: fields.past("at")?,
        conversation_id: fields.id("conversationId")?,
        direction,
        kind: fields.optional_choice("kind")?.unwrap_or(Kind::Text),
        sender: fields.choice("sender")?,
        sender_id: fields.optional_id("senderId")?,
        sequence: fields.sequence("sequence")?,
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
        parse_event(&event, now).unwrap().body
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
