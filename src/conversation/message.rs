//! The body of a message in normal form, by the rules of `body`: which way it went, who wrote it, what it is, what
//! became of it, and who may see it.

use crate::base::timestamp::{Timestamp, rfc3339};
use crate::conversation::body::{is_true, is_zero, yes};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

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
    /// The message that it answers, if the source knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// What it is.
    pub kind: MessageKind,
    /// Whether the customer expects an answer to it.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub needs_reply: bool,
    /// When the source took it in, if that was later than `at`.
    #[serde(default, with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Timestamp>,
    /// As [`Removal::revision`](crate::conversation::body::Removal::revision).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u64,
    /// Who wrote it.
    pub sender: Sender,
    /// The id of who wrote it, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<String>,
    /// Orders messages of the same instant. 0 means that the source does not say.
    pub sequence: u64,
    /// What became of it.
    pub status: MessageStatus,
    /// Who may see it.
    pub visibility: Visibility,
}

impl Message {
    /// When the source took it in, which is not before it was written.
    #[must_use]
    pub fn arrived_at(&self) -> Timestamp {
        self.received_at.map_or(self.at, |received_at| received_at.max(self.at))
    }
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the customer's side.
    Inbound,
    /// To the customer.
    Outbound,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Text.
    Text,
    /// A picture, a recording, a file.
    Media,
    /// A reaction to another message.
    Reaction,
    /// A note of what happened in the conversation.
    Activity,
    /// The conversation is passed on to an agent.
    HandoffNotice,
    /// A reply that a rule sends to everybody, such as out of hours.
    AutoReply,
    /// A message to many customers.
    Campaign,
    /// The customer wants no more messages.
    OptOut,
}

/// What became of a message, in the order of a message's life.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, EnumString, VariantNames, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// It came in.
    Received,
    /// It is about to be sent.
    Queued,
    /// It was sent.
    Sent,
    /// It could not be sent.
    Failed,
    /// It has reached the customer.
    Delivered,
    /// The customer has read it.
    Read,
}

/// Who may see a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Also the customer.
    Public,
    /// Only the organization: a note.
    Private,
}
