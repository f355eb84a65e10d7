//! The timeline of a conversation: its autopilot changes, resolutions and messages, and the messages of the conversations
//! that were merged into it, in order.

use crate::base::timestamp::Timestamp;
use crate::conversation::body::{AutopilotChange, Direction, Kind, Message, Resolution, Sender, Visibility};

/// An item of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The autopilot was switched on or off.
    Autopilot(AutopilotChange),
    /// The conversation was resolved or reopened.
    Resolution(Resolution),
    /// Somebody wrote.
    Message(Message),
}

impl Item {
    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Autopilot(change) => change.at,
            Self::Resolution(resolution) => resolution.at,
            Self::Message(message) => message.at,
        }
    }

    /// Items are ordered by `at`; at the same instant autopilot changes come before resolutions and these before messages,
    /// and items of a kind are ordered by `sequence`. What is equal then is ordered by id, except that replies of people come
    /// first, so that how ids are spelled never decides who is responsible.
    fn position(&self) -> (Timestamp, u8, u64, bool) {
        match self {
            Self::Autopilot(change) => (change.at, 0, change.sequence, false),
            Self::Resolution(resolution) => (resolution.at, 1, resolution.sequence, false),
            Self::Message(message) => {
                let is_reply_of_person = message.is_reply() && message.sender == Sender::Human;
                (message.at, 2, message.sequence, !is_reply_of_person)
            }
        }
    }
}

/// An instant, and the order within it. What ties is neither before nor after the other: ids decide nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    /// The instant.
    pub at: Timestamp,
    /// 0 means that the source does not say.
    pub sequence: u64,
}

impl Message {
    /// When it was written.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock {
            at: self.at,
            sequence: self.sequence,
        }
    }

    /// **Arrival**: when the source took it in.
    #[must_use]
    pub fn arrival(&self) -> Clock {
        Clock {
            at: self.received_at.map_or(self.at, |received_at| received_at.max(self.at)),
            sequence: self.sequence,
        }
    }

    /// Whether both sides can see it, and whether it says something: notes, reactions, activities, campaigns and automatic
    /// replies ask for nothing and answer nothing (4, 5, 6, 7, 8).
    #[must_use]
    pub fn is_public_content(&self) -> bool {
        self.visibility == Visibility::Public && matches!(self.kind, Kind::Text | Kind::Media)
    }

    /// Whether the customer says something with it.
    #[must_use]
    pub fn is_from_customer(&self) -> bool {
        self.direction == Direction::Inbound && self.sender == Sender::Contact && self.is_public_content()
    }
}

/// An item with what the timeline knows of it besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineItem {
    /// The id of its record.
    pub id: String,
    /// The item.
    pub item: Item,
    /// The resolutions that settle what arrived before them: the latest that is in force for the item's conversation or
    /// reaches it through a merge. `None` means that there is none.
    pub resolved_at: Option<Timestamp>,
}

/// The items of a conversation in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline(Vec<TimelineItem>);

impl Timeline {
    /// Sorts the items.
    #[must_use]
    pub fn new(mut items: Vec<TimelineItem>) -> Self {
        items.sort_unstable_by(|left, right| (left.item.position(), &left.id).cmp(&(right.item.position(), &right.id)));
        Self(items)
    }

    /// The items, first to last.
    #[must_use]
    pub fn items(&self) -> &[TimelineItem] {
        &self.0
    }

    /// The messages, first to last.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.0.iter().filter_map(|item| match &item.item {
            Item::Message(message) => Some(message),
            Item::Autopilot(_) | Item::Resolution(_) => None,
        })
    }
}
