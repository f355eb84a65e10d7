//! From an event as it is posted to a record in normal form.

use crate::base::timestamp::Timestamp;
use crate::conversation::fields::{Fields, Problem};
use crate::conversation::record::{Record, RecordType};
use serde::{Serialize, Serializer};
use serde_json::Value;
use strum::VariantNames;

/// Reads one event that came in at `now`.
///
/// Unknown fields are dropped, null means absent, defaults are filled in, instants are cut to milliseconds. A removal
/// needs only its ids: nothing else of it is read.
///
/// # Errors
/// The first [`Problem`] of the event.
pub fn parse_event(event: &Value, now: Timestamp) -> Result<Record, Problem> {
    let Value::Object(object) = event else {
        return Err(Problem::new("", "must be a JSON object"));
    };
    let fields = Fields::new(object, now);
    let name = fields.choice("type", RecordType::VARIANTS)?;
    let record_type: RecordType = name.parse().map_err(|_| Problem::new("type", "is unknown"))?;

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
    let json = serde_json::to_string(&members).map_err(|error| Problem::new("", error.to_string()))?;
    let conversation_id = members.0.into_iter().find_map(|member| match member {
        ("conversationId", Member::Text(id)) => Some(id),
        _ => None,
    });
    Ok(Body { conversation_id, json })
}

/// Members of a normal form, added in the order of their names. Names are ASCII, strings are escaped as little as RFC
/// 8785 asks and numbers are whole: what `serde_json` prints of them is their RFC 8785 form.
#[derive(Default)]
struct Members(Vec<(&'static str, Member)>);

#[derive(Serialize)]
#[serde(untagged)]
enum Member {
    Text(String),
    Texts(Vec<String>),
    Flag(bool),
    Number(u64),
}

impl Members {
    fn with(mut self, name: &'static str, member: Member) -> Self {
        debug_assert!(
            self.0.last().is_none_or(|(before, _)| *before < name),
            "{name} is out of order"
        );
        self.0.push((name, member));
        self
    }

    fn text(self, name: &'static str, text: impl ToString) -> Self {
        self.with(name, Member::Text(text.to_string()))
    }

    fn optional(self, name: &'static str, text: Option<impl ToString>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    fn flag(self, name: &'static str, flag: bool) -> Self {
        self.with(name, Member::Flag(flag))
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, member)| (name, member)))
    }
}

fn named(fields: &Fields<'_>) -> Result<Members, Problem> {
    Ok(Members::default().text("name", fields.name("name")?))
}

fn user(fields: &Fields<'_>) -> Result<Members, Problem> {
    Ok(Members::default()
        .flag("active", fields.flag("active", true)?)
        .flag("bot", fields.flag("bot", false)?)
        .text("fullName", fields.name("fullName")?))
}

fn contact(fields: &Fields<'_>) -> Result<Members, Problem> {
    Ok(Members::default()
        .flag("blocked", fields.flag("blocked", false)?)
        .text("name", fields.name("name")?)
        .optional("phone", fields.optional_word("phone")?))
}

fn conversation(fields: &Fields<'_>) -> Result<Members, Problem> {
    let snoozed_until = fields.optional_instant("snoozedUntil")?;
    let snoozed_at = fields.optional_past("snoozedAt")?;
    match (snoozed_until, snoozed_at) {
        (Some(_), None) => return Err(Problem::new("snoozedAt", "must come with snoozedUntil")),
        (None, Some(_)) => return Err(Problem::new("snoozedUntil", "must come with snoozedAt")),
        _ => {}
    }
    Ok(Members::default()
        .with("assigneeIds", Member::Texts(fields.ids("assigneeIds")?))
        .text("channelType", fields.word("channelType")?)
        .text("contactId", fields.id("contactId")?)
        .optional("departmentId", fields.optional_id("departmentId")?)
        .flag("draft", fields.flag("draft", false)?)
        .optional("mergedInto", fields.optional_id("mergedInto")?)
        .optional("ownerId", fields.optional_id("ownerId")?)
        .optional("resolvedAt", fields.optional_past("resolvedAt")?)
        .optional("snoozedAt", snoozed_at)
        .optional("snoozedUntil", snoozed_until))
}

fn autopilot(fields: &Fields<'_>) -> Result<Members, Problem> {
    Ok(Members::default()
        .optional("actorId", fields.optional_id("actorId")?)
        .text("at", fields.past("at")?)
        .text("conversationId", fields.id("conversationId")?)
        .flag("enabled", fields.required_flag("enabled")?))
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
        .text("at", fields.past("at")?)
        .text("conversationId", fields.id("conversationId")?)
        .text("direction", direction)
        .text("kind", fields.optional_choice("kind", &kinds)?.unwrap_or("text"))
        .text("sender", fields.choice("sender", &senders)?)
        .optional("senderId", fields.optional_id("senderId")?)
        .with("sequence", Member::Number(fields.sequence("sequence")?))
        .text("status", status.unwrap_or(status_default))
        .text("visibility", visibility.unwrap_or("public")))
}
