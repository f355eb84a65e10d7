//! A conversation's records, read back from their normal form, and the questions that one walk over them answers.

use crate::base::timestamp::{Timestamp, rfc3339};
use crate::conversation::fields::Problem;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How long an answer may be queued before its send counts as stuck: two minutes.
pub const QUEUED_MAX_MS: i64 = 2 * 60_000;

/// A conversation as its record says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// The customer.
    pub contact_id: String,
    /// `sms`, `voice` …
    pub channel_type: String,
    /// The department, if any.
    pub department_id: Option<String>,
    /// The owner now, if any.
    pub owner_id: Option<String>,
    /// The assignees now.
    pub assignee_ids: Vec<String>,
    /// The last resolution.
    #[serde(default, deserialize_with = "rfc3339::optional")]
    pub resolved_at: Option<Timestamp>,
    /// The end of the snooze.
    #[serde(default, deserialize_with = "rfc3339::optional")]
    pub snoozed_until: Option<Timestamp>,
    /// When the snooze was set.
    #[serde(default, deserialize_with = "rfc3339::optional")]
    pub snoozed_at: Option<Timestamp>,
    /// Not sent yet.
    pub draft: bool,
    /// The conversation that this one was merged into.
    pub merged_into: Option<String>,
}

/// A change of the autopilot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AutopilotChange {
    /// When.
    #[serde(deserialize_with = "rfc3339::deserialize")]
    pub at: Timestamp,
    /// To what.
    pub enabled: bool,
    /// Who did it; none: the system.
    pub actor_id: Option<String>,
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the customer's side.
    Inbound,
    /// To the customer.
    Outbound,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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

/// Who may see a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// The customer too.
    Public,
    /// Only the organization: a note.
    Private,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Kind {
    Text,
    Media,
    Reaction,
    Activity,
    HandoffNotice,
    AutoReply,
    Campaign,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Status {
    Received,
    Queued,
    Sent,
    Delivered,
    Read,
    Failed,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Message {
    #[serde(deserialize_with = "rfc3339::deserialize")]
    pub at: Timestamp,
    pub sequence: u64,
    pub direction: Direction,
    pub sender: Sender,
    pub visibility: Visibility,
    pub kind: Kind,
    pub status: Status,
}

impl Message {
    fn is_content(&self) -> bool {
        self.visibility == Visibility::Public && matches!(self.kind, Kind::Text | Kind::Media)
    }

    /// Whether the customer asks for an answer with it, in a conversation resolved at `resolved_at`.
    #[must_use]
    pub fn is_demand(&self, resolved_at: Option<Timestamp>) -> bool {
        self.direction == Direction::Inbound
            && self.sender == Sender::Contact
            && self.is_content()
            && resolved_at.is_none_or(|resolved_at| self.at > resolved_at)
    }

    /// Whether it replies to the customer, whatever became of it.
    #[must_use]
    pub fn is_reply(&self) -> bool {
        self.direction == Direction::Outbound && matches!(self.sender, Sender::Ai | Sender::Human) && self.is_content()
    }

    /// Whether its send is stuck at `as_of`.
    #[must_use]
    pub fn is_stuck(&self, as_of: Timestamp) -> bool {
        self.status == Status::Queued && as_of.milliseconds_since(self.at) > QUEUED_MAX_MS
    }

    /// Whether it is a reply that the customer has, or is about to have, at `as_of`.
    #[must_use]
    pub fn is_answer(&self, as_of: Timestamp) -> bool {
        self.is_reply() && self.status != Status::Failed && !self.is_stuck(as_of)
    }
}

/// An item of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The autopilot was switched.
    Autopilot(AutopilotChange),
    /// Somebody wrote.
    Message(Message),
}

impl Item {
    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Autopilot(change) => change.at,
            Self::Message(message) => message.at,
        }
    }

    /// `at`, then autopilot changes before messages, then `sequence`; what follows is the id.
    fn position(&self) -> (Timestamp, u8, u64) {
        match self {
            Self::Autopilot(change) => (change.at, 0, 0),
            Self::Message(message) => (message.at, 1, message.sequence),
        }
    }
}

/// The items of one conversation in order, each with its record's id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline(Vec<(String, Item)>);

impl Timeline {
    /// Sorts the items.
    #[must_use]
    pub fn new(mut items: Vec<(String, Item)>) -> Self {
        items.sort_by(|(left_id, left), (right_id, right)| {
            (left.position(), left_id).cmp(&(right.position(), right_id))
        });
        Self(items)
    }

    /// The items, first to last.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.0.iter().map(|(_, item)| item)
    }

    /// The messages with their ids, first to last.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = (&str, &Message)> {
        self.0.iter().filter_map(|(id, item)| match item {
            Item::Message(message) => Some((id.as_str(), message)),
            Item::Autopilot(_) => None,
        })
    }
}

/// Who owes the next answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Responsible {
    /// The autopilot.
    Ai,
    /// An agent.
    Human,
    /// Nobody: the conversation waits in a queue.
    Nobody,
}

/// Who is responsible at the end of the timeline, and since when it is that *kind*: an agent who takes over from an
/// agent changes nothing. None where the timeline is empty.
///
/// `has_agent`: whether the conversation has an owner or an assignee now; they are taken as they are for all of it.
#[must_use]
pub fn responsible(timeline: &Timeline, has_agent: bool) -> Option<(Responsible, Timestamp)> {
    let mut autopilot_on = true;
    let mut switched_off_by_actor = false;
    let mut human_replied = false;
    let mut current: Option<(Responsible, Timestamp)> = None;
    for item in timeline.items() {
        match item {
            Item::Autopilot(change) if change.enabled => {
                autopilot_on = true;
                human_replied = false;
            }
            Item::Autopilot(change) => {
                autopilot_on = false;
                switched_off_by_actor = change.actor_id.is_some();
            }
            Item::Message(message) => {
                human_replied |= message.is_reply() && message.sender == Sender::Human;
            }
        }
        let kind = if human_replied || (!autopilot_on && (switched_off_by_actor || has_agent)) {
            Responsible::Human
        } else if autopilot_on {
            Responsible::Ai
        } else {
            Responsible::Nobody
        };
        if current.is_none_or(|(before, _)| before != kind) {
            current = Some((kind, item.at()));
        }
    }
    current
}

/// Reads a record's body.
///
/// # Errors
/// A [`Problem`] where it is not in normal form, which ingest never writes.
pub fn read_body<T: DeserializeOwned>(body: &str) -> Result<T, Problem> {
    serde_json::from_str(body).map_err(|error| Problem::new("body", error.to_string()))
}
