//! The events that a webhook becomes.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::connector::connection::Connection;
use crate::connector::settings::ConnectionSettings;
use crate::conversation::fields::WORD_CHARACTERS_MAX;
use serde_json::{Map, Value};

/// How coarse the clock of something is that a webhook only mentions.
const MENTION_MS: i64 = 60 * MINUTE_MS;
const SECOND_MS: i64 = 1_000;

/// Someone who works for the organization, or works on its conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The id in our events.
    pub id: String,
    /// Whether it is the AI.
    pub is_ai: bool,
}

/// Who switched the autopilot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch<'a> {
    /// It is on.
    On,
    /// It is off because this agent has the conversation.
    OffFor(&'a str),
    /// It is off, and nobody has the conversation.
    Off,
}

/// The events of one webhook.
pub struct WebhookEvents<'a> {
    connection: &'a Connection,
    received_at: Timestamp,
    list: Vec<Value>,
}

impl<'a> WebhookEvents<'a> {
    /// No events yet.
    pub fn new(connection: &'a Connection, received_at: Timestamp) -> Self {
        Self {
            connection,
            received_at,
            list: Vec::new(),
        }
    }

    /// All of them.
    pub fn into_list(self) -> Vec<Value> {
        self.list
    }

    /// The settings of the connection.
    pub fn settings(&self) -> &'a ConnectionSettings {
        &self.connection.settings
    }

    /// Whether a setting says that this user of the help desk is an AI.
    pub fn is_ai(&self, user_id: &str) -> bool {
        self.settings().ai_user_ids.iter().any(|id| id == user_id)
    }

    /// When the webhook came.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// The id in our events of something that the help desk calls `id`.
    pub fn id(&self, kind: &str, id: &str) -> String {
        [&self.settings().prefix, kind, "-", id].concat()
    }

    /// A conversation keeps its id, so that a link to it can be made of it.
    pub fn conversation_id(&self, id: &str) -> String {
        [&self.settings().prefix, id].concat()
    }

    /// Adds an event. A field without a value is left out.
    pub fn push(&mut self, record_type: &'static str, updated_at: Timestamp, fields: &[(&'static str, Field<'_>)]) {
        let mut event = Map::new();
        let common = [
            ("type", Field::Text(record_type)),
            ("organizationId", Field::Text(&self.connection.organization_id)),
            ("updatedAt", Field::At(updated_at)),
        ];
        for (name, field) in common.iter().chain(fields) {
            if let Some(value) = field.value() {
                event.insert((*name).to_owned(), value);
            }
        }
        self.list.push(Value::Object(event));
    }

    /// A department.
    pub fn push_department(&mut self, id: &str, name: &str, updated_at: Timestamp) {
        let fields = [("departmentId", Field::Text(id)), ("name", Field::Text(name))];
        self.push("department", updated_at, &fields);
    }

    /// A person or the AI.
    pub fn push_user(&mut self, person: &Person, name: &str, is_active: bool, updated_at: Timestamp) {
        let fields = [
            ("userId", Field::Text(&person.id)),
            ("fullName", Field::Text(name)),
            ("active", Field::UnlessDefault(is_active, true)),
            ("bot", Field::UnlessDefault(person.is_ai, false)),
        ];
        self.push("user", updated_at, &fields);
    }

    /// A customer. A phone number that is longer than one can be is left out.
    pub fn push_contact(&mut self, id: &str, name: &str, phone: Option<&str>, is_blocked: bool, updated_at: Timestamp) {
        let is_phone = |phone: &&str| !phone.is_empty() && phone.chars().count() <= WORD_CHARACTERS_MAX;
        let fields = [
            ("contactId", Field::Text(id)),
            ("name", Field::Text(name)),
            ("phone", phone.filter(is_phone).into()),
            ("blocked", Field::UnlessDefault(is_blocked, false)),
        ];
        self.push("contact", updated_at, &fields);
    }

    /// A change of the autopilot, or that it was seen like this. `change_id` is made of what it says.
    pub fn push_switch(&mut self, change_id: &str, conversation_id: &str, at: Timestamp, switch: Switch<'_>) {
        let actor_id = match switch {
            Switch::OffFor(actor_id) => Some(actor_id),
            Switch::On | Switch::Off => None,
        };
        let fields = [
            ("changeId", Field::Text(change_id)),
            ("conversationId", Field::Text(conversation_id)),
            ("at", Field::At(at)),
            ("enabled", Field::Flag(switch == Switch::On)),
            ("actorId", actor_id.into()),
        ];
        self.push("autopilot", at, &fields);
    }

    /// The autopilot changed at an instant.
    pub fn push_switch_at(&mut self, conversation_id: &str, at: Timestamp, switch: Switch<'_>) {
        self.push_switch(
            &change_id("autopilot", conversation_id, at),
            conversation_id,
            at,
            switch,
        );
    }

    /// The conversation was resolved, to the second: what the customer writes in that second comes after it.
    pub fn push_resolution(&mut self, change_id: &str, conversation_id: &str, at: Timestamp, by: Option<&'static str>) {
        self.push_resolution_record(change_id, conversation_id, at, second(at), true, by);
    }

    /// The conversation was opened again.
    pub fn push_reopening(&mut self, conversation_id: &str, at: Timestamp) {
        let change_id = change_id("reopened", conversation_id, at);
        self.push_resolution_record(&change_id, conversation_id, at, at, false, None);
    }

    fn push_resolution_record(
        &mut self,
        change_id: &str,
        conversation_id: &str,
        updated_at: Timestamp,
        at: Timestamp,
        is_resolved: bool,
        by: Option<&'static str>,
    ) {
        let fields = [
            ("changeId", Field::Text(change_id)),
            ("conversationId", Field::Text(conversation_id)),
            ("at", Field::At(at)),
            ("resolved", Field::Flag(is_resolved)),
            ("by", by.into()),
        ];
        self.push("resolution", updated_at, &fields);
    }

    /// The AI passed the conversation on.
    pub fn push_hand_off(&mut self, conversation_id: &str, at: Timestamp) {
        let fields = [
            ("messageId", Field::Text(&change_id("handoff", conversation_id, at))),
            ("conversationId", Field::Text(conversation_id)),
            ("at", Field::At(at)),
            ("direction", Field::Text("outbound")),
            ("sender", Field::Text("system")),
            ("visibility", Field::Text("private")),
            ("kind", Field::Text("handoff_notice")),
        ];
        self.push("message", at, &fields);
    }
}

/// The value of a field of an event.
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// None.
    Absent,
    /// A text.
    Text(&'a str),
    /// An instant.
    At(Timestamp),
    /// A number.
    Number(u64),
    /// A boolean.
    Flag(bool),
    /// A boolean, and what it is if it is left out.
    UnlessDefault(bool, bool),
    /// A list of at most one id.
    Ids(Option<&'a str>),
}

impl Field<'_> {
    fn value(&self) -> Option<Value> {
        Some(match *self {
            Self::Absent => return None,
            Self::Text(text) => Value::String(text.to_owned()),
            Self::At(at) => Value::String(at.to_string()),
            Self::Number(number) => Value::from(number),
            Self::UnlessDefault(flag, default) if flag == default => return None,
            Self::Flag(flag) | Self::UnlessDefault(flag, _) => Value::Bool(flag),
            Self::Ids(id) => Value::Array(id.into_iter().map(Value::from).collect()),
        })
    }
}

impl<'a> From<Option<&'a str>> for Field<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }
}

impl From<Option<Timestamp>> for Field<'_> {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Absent, Self::At)
    }
}

/// The id of something that happened to a conversation at an instant.
pub fn change_id(what: &str, conversation_id: &str, at: Timestamp) -> String {
    format!("{what}-{conversation_id}-{}", at.as_milliseconds())
}

/// The clock of something that a webhook of `at` only mentions, such as an agent's name. It is coarse: otherwise every
/// webhook would write it again.
pub fn mention(at: Timestamp) -> Timestamp {
    floor(at, MENTION_MS)
}

/// The whole second. Some interfaces of help desks know a message's instant only to the second.
pub fn second(at: Timestamp) -> Timestamp {
    floor(at, SECOND_MS)
}

fn floor(at: Timestamp, step_ms: i64) -> Timestamp {
    at.minus(at.as_milliseconds().checked_rem_euclid(step_ms).unwrap_or_default())
}
