//! The bodies of records in normal form: what ingest writes and a refresh reads back.
//!
//! A body is RFC 8785 JSON, because of two versions of a record with the same `updatedAt` the one with the greater bytes
//! wins (`Record::rank`). The fields below are declared in the order of their names as they stand in the JSON, absent
//! ones are left out, names are ASCII, and numbers are whole. `serde_json` escapes no more than RFC 8785 asks, so what it
//! writes of these types is their RFC 8785 form. Two tests in `event` check that.

use crate::base::timestamp::{Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use strum::{EnumString, VariantNames};

/// An organization or a department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// A person or a bot who works for the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Whether the user still works there.
    pub active: bool,
    /// Whether it is a bot and no person.
    pub bot: bool,
    /// The name.
    pub full_name: Rc<str>,
}

impl User {
    /// Whether the user is a person who still works there.
    #[must_use]
    pub fn is_active_person(&self) -> bool {
        self.active && !self.bot
    }
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Whether the organization ignores this customer.
    pub blocked: bool,
    /// The name.
    pub name: String,
    /// The phone number, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// The agents that it is assigned to now.
    pub assignee_ids: Vec<String>,
    /// `sms`, `voice` …
    pub channel_type: String,
    /// The customer.
    pub contact_id: String,
    /// The department, if it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_id: Option<String>,
    /// Whether nothing of it has been sent yet.
    pub draft: bool,
    /// The conversation that this one was merged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// The owner now, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// When it was resolved last.
    #[serde(default, with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// When the snooze was set. It comes with `snoozed_until`.
    #[serde(default, with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    pub snoozed_at: Option<Timestamp>,
    /// When the snooze ends. It comes with `snoozed_at`.
    #[serde(default, with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Timestamp>,
}

/// A change of a conversation's autopilot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AutopilotChange {
    /// Who changed it. `None` means the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// The conversation that it is in.
    pub conversation_id: String,
    /// Whether the autopilot is on from then on.
    pub enabled: bool,
}

/// A message. Its text is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// When it was written.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// The conversation that it is in.
    pub conversation_id: String,
    /// Which way it went.
    pub direction: Direction,
    /// What it is.
    pub kind: Kind,
    /// Who wrote it.
    pub sender: Sender,
    /// The id of who wrote it, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<String>,
    /// Orders messages of the same instant.
    pub sequence: u64,
    /// What became of it.
    pub status: Status,
    /// Who may see it.
    pub visibility: Visibility,
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Direction {
    /// From the customer's side.
    Inbound,
    /// To the customer.
    Outbound,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Sender {
    /// The customer.
    Contact,
    /// The autopilot.
    Ai,
    /// An agent.
    Human,
    /// A rule or a campaign.
    Automation,
    /// The system itself.
    System,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Text.
    Text,
    /// A picture, a recording, a file.
    Media,
    /// A reaction to another message.
    Reaction,
    /// A note of what happened in the conversation.
    Activity,
    /// The autopilot announces an agent.
    HandoffNotice,
    /// A reply that a rule sends to everybody, such as out of hours.
    AutoReply,
    /// A message to many customers.
    Campaign,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// It came in.
    Received,
    /// It is about to be sent.
    Queued,
    /// It was sent.
    Sent,
    /// It has reached the customer.
    Delivered,
    /// The customer has read it.
    Read,
    /// It could not be sent.
    Failed,
}

/// Who may see a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Visibility {
    /// Also the customer.
    Public,
    /// Only the organization: a note.
    Private,
}
