//! The timeline of a conversation: its messages and autopilot changes, in order.

use crate::base::timestamp::Timestamp;
use crate::conversation::body::{AutopilotChange, Message};

/// An item of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The autopilot was switched on or off.
    Autopilot(AutopilotChange),
    /// Somebody wrote.
    Message(Message),
}

impl Item {
    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Autopilot(change) => change.at,
            Self::Message(message) => message.at,
        }
    }

    /// Items are ordered by `at`; at the same instant autopilot changes come before messages, and messages are ordered
    /// by `sequence`. What is equal then is ordered by id.
    fn position(&self) -> (Timestamp, bool, u64) {
        match self {
            Self::Autopilot(change) => (change.at, false, 0),
            Self::Message(message) => (message.at, true, message.sequence),
        }
    }
}

/// The items of one conversation in order, each with the id of its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline(Vec<(String, Item)>);

impl Timeline {
    /// Sorts the items.
    #[must_use]
    pub fn new(mut items: Vec<(String, Item)>) -> Self {
        items.sort_unstable_by(|(left_id, left), (right_id, right)| {
            (left.position(), left_id).cmp(&(right.position(), right_id))
        });
        Self(items)
    }

    /// The items, first to last.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.0.iter().map(|(_, item)| item)
    }

    /// The messages with their ids, first to last.
    pub fn messages_with_ids(&self) -> impl DoubleEndedIterator<Item = (&str, &Message)> {
        self.0.iter().filter_map(|(id, item)| match item {
            Item::Message(message) => Some((id.as_str(), message)),
            Item::Autopilot(_) => None,
        })
    }

    /// The messages, first to last.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages_with_ids().map(|(_, message)| message)
    }
}
