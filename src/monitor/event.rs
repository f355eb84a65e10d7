//! From an event as it is posted to a record in normal form.

use crate::instant::Instant;
use crate::json::Object;
use crate::monitor::fields::{Fields, Problem};
use crate::monitor::record::{Record, RecordType};
use serde_json::Value;

/// Reads one event that came in at `now`.
///
/// Unknown fields are dropped, null means absent, defaults are filled in, instants are cut to milliseconds. A removal
/// needs only its ids: nothing else of it is read.
///
/// # Errors
/// The first [`Problem`] of the event.
pub fn read_event(event: &Value, now: Instant) -> Result<Record, Problem> {
    let Value::Object(object) = event else {
        return Err(Problem::new("", "must be a JSON object"));
    };
    let fields = Fields::new(object, now);
    let names = RecordType::ALL.map(RecordType::name);
    let name = fields.choice("type", &names)?;
    let record_type = RecordType::ALL
        .into_iter()
        .find(|record_type| record_type.name() == name)
        .ok_or_else(|| Problem::new("type", "is unknown"))?;

    let organization_id = fields.id("organizationId")?;
    let id = fields.id(record_type.id_field())?;
    let updated_at = fields.past("updatedAt")?;
    let deleted = fields.flag("deleted", false)?;
    let body = if deleted {
        Body::default()
    } else {
        read_body(record_type, &fields)?
    };
    Ok(Record {
        organization_id,
        record_type,
        id,
        conversation_id: body.conversation_id,
        updated_at,
        deleted,
        body: body.json,
    })
}

#[derive(Default)]
struct Body {
    conversation_id: Option<String>,
    json: String,
}

fn read_body(record_type: RecordType, fields: &Fields<'_>) -> Result<Body, Problem> {
    let members = match record_type {
        RecordType::Organization | RecordType::Department => named(fields)?,
        RecordType::User => user(fields)?,
        RecordType::Contact => contact(fields)?,
        RecordType::Conversation => conversation(fields)?,
        RecordType::Autopilot => autopilot(fields)?,
        RecordType::Message => message(fields)?,
    };
    let conversation_id = members
        .0
        .get("conversationId")
        .and_then(Value::as_str)
        .map(str::to_owned);
    Ok(Body {
        conversation_id,
        json: Value::Object(members.0).to_string(),
    })
}

/// Members of a normal form. The map sorts by name, names are ASCII, strings are escaped as little as RFC 8785 asks
/// and numbers are whole: what `serde_json` prints of it is its RFC 8785 form.
#[derive(Default)]
struct Members(Object);

impl Members {
    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

fn named(fields: &Fields<'_>) -> Result<Members, Problem> {
    Ok(Members::default().with("name", fields.name("name")?))
}

fn user(fields: &Fields<'_>) -> Result<Members, Problem> {
    Ok(Members::default()
        .with("fullName", fields.name("fullName")?)
        .with("active", fields.flag("active", true)?)
        .with("bot", fields.flag("bot", false)?))
}

fn contact(fields: &Fields<'_>) -> Result<Members, Problem> {
    Ok(Members::default()
        .with("name", fields.name("name")?)
        .with_some("phone", fields.optional_word("phone")?)
        .with("blocked", fields.flag("blocked", false)?))
}

fn conversation(fields: &Fields<'_>) -> Result<Members, Problem> {
    let snoozed_until = fields.optional_instant("snoozedUntil")?;
    let snoozed_at = fields.optional_past("snoozedAt")?;
    match (snoozed_until, snoozed_at) {
        (Some(_), None) => return Err(Problem::new("snoozedAt", "must come with snoozedUntil")),
        (None, Some(_)) => return Err(Problem::new("snoozedUntil", "must come with snoozedAt")),
        _ => {}
    }
    let text = |instant: Option<Instant>| instant.map(|instant| instant.to_string());
    Ok(Members::default()
        .with("contactId", fields.id("contactId")?)
        .with("channelType", fields.word("channelType")?)
        .with_some("departmentId", fields.optional_id("departmentId")?)
        .with_some("ownerId", fields.optional_id("ownerId")?)
        .with("assigneeIds", fields.ids("assigneeIds")?)
        .with_some("resolvedAt", text(fields.optional_past("resolvedAt")?))
        .with_some("snoozedUntil", text(snoozed_until))
        .with_some("snoozedAt", text(snoozed_at))
        .with("draft", fields.flag("draft", false)?)
        .with_some("mergedInto", fields.optional_id("mergedInto")?))
}

fn autopilot(fields: &Fields<'_>) -> Result<Members, Problem> {
    Ok(Members::default()
        .with("conversationId", fields.id("conversationId")?)
        .with("at", fields.past("at")?.to_string())
        .with("enabled", fields.required_flag("enabled")?)
        .with_some("actorId", fields.optional_id("actorId")?))
}

fn message(fields: &Fields<'_>) -> Result<Members, Problem> {
    let direction = fields.choice("direction", &["inbound", "outbound"])?;
    let senders = ["contact", "ai", "human", "automation", "system"];
    let kinds = [
        "text",
        "media",
        "reaction",
        "activity",
        "handoff_notice",
        "auto_reply",
        "campaign",
    ];
    let statuses = ["received", "queued", "sent", "delivered", "read", "failed"];
    let visibility = fields.optional_choice("visibility", &["public", "private"])?;
    let status = fields.optional_choice("status", &statuses)?;
    let status_default = match direction {
        "inbound" => "received",
        _ => "sent",
    };
    Ok(Members::default()
        .with("conversationId", fields.id("conversationId")?)
        .with("at", fields.past("at")?.to_string())
        .with("sequence", fields.sequence("sequence")?)
        .with("direction", direction)
        .with("sender", fields.choice("sender", &senders)?)
        .with_some("senderId", fields.optional_id("senderId")?)
        .with("visibility", visibility.unwrap_or("public"))
        .with("kind", fields.optional_choice("kind", &kinds)?.unwrap_or("text"))
        .with("status", status.unwrap_or(status_default)))
}
