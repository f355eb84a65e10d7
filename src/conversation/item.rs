//! An item of a timeline, what it says, and which of two comes first. The numbers in parentheses are those of the cases
//! in docs/definition.md.
//!
//! A timeline may be long, so its items are small: instants, flags, and a hash for the message that an answer names.

use crate::base::timestamp::Timestamp;
use crate::conversation::body::{AutopilotChange, Resolution};
use crate::conversation::message::{Direction, Message, MessageKind, MessageStatus, Sender, Visibility};
use xxhash_rust::xxh64::xxh64;

/// An item of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// The autopilot was switched on or off.
    Autopilot(AutopilotItem),
    /// The conversation was resolved or reopened.
    Resolution(ResolutionItem),
    /// Somebody wrote.
    Message(MessageItem),
}

/// A change of the autopilot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutopilotItem {
    /// When.
    pub at: Timestamp,
    /// Orders changes of the same instant.
    pub sequence: u64,
    /// Whether the autopilot is on from then on.
    pub enabled: bool,
    /// Whether a person switched it.
    pub is_by_human: bool,
}

/// A resolution, or its taking back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolutionItem {
    /// When.
    pub at: Timestamp,
    /// Orders resolutions of the same instant.
    pub sequence: u64,
    /// `false` means that the conversation was reopened by hand.
    pub resolved: bool,
    /// Whether a person did it.
    pub is_by_human: bool,
}

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageItem {
    /// When it was written.
    pub at: Timestamp,
    /// When the source took it in, if that was later than `at`; else the same.
    pub received_at: Timestamp,
    /// Orders messages of the same instant. 0 means that the source does not say.
    pub sequence: u64,
    /// The message that it answers. 0 means that the source does not say.
    pub in_reply_to: u64,
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it.
    pub sender: Sender,
    /// What it is.
    pub kind: MessageKind,
    /// What became of it.
    pub status: MessageStatus,
    /// Who may see it.
    pub visibility: Visibility,
    /// Whether the customer expects an answer to it.
    pub needs_reply: bool,
}

/// What stands for the id of a message where one names another. It is never 0.
#[must_use]
pub fn id_hash(id: &str) -> u64 {
    xxh64(id.as_bytes(), 0).max(1)
}

impl From<&AutopilotChange> for Item {
    fn from(change: &AutopilotChange) -> Self {
        Self::Autopilot(AutopilotItem {
            at: change.at,
            sequence: change.sequence,
            enabled: change.enabled,
            is_by_human: change.is_by_human(),
        })
    }
}

impl From<&Resolution> for Item {
    fn from(resolution: &Resolution) -> Self {
        Self::Resolution(ResolutionItem {
            at: resolution.at,
            sequence: resolution.sequence,
            resolved: resolution.resolved,
            is_by_human: resolution.by.is_human(),
        })
    }
}

impl From<&Message> for Item {
    fn from(message: &Message) -> Self {
        Self::Message(MessageItem {
            at: message.at,
            received_at: message.arrived_at(),
            sequence: message.sequence,
            in_reply_to: message.in_reply_to.as_deref().map_or(0, id_hash),
            direction: message.direction,
            sender: message.sender,
            kind: message.kind,
            status: message.status,
            visibility: message.visibility,
            needs_reply: message.needs_reply,
        })
    }
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

    /// Items are ordered by `at`; at the same instant autopilot changes come before resolutions and these before
    /// messages, and items of a kind are ordered by `sequence`. What is equal then is ordered by id, except that
    /// replies of people come first, so that how ids are spelled never decides who is responsible.
    pub(super) fn position(&self) -> (Timestamp, u8, u64, bool) {
        match self {
            Self::Autopilot(change) => (change.at, 0, change.sequence, false),
            Self::Resolution(resolution) => (resolution.at, 1, resolution.sequence, false),
            Self::Message(message) => (message.at, 2, message.sequence, !self.is_reply_of_human()),
        }
    }

    /// Whether its id is needed: that of the last demand is shown, the ids of changes decide their order, and replies
    /// of people are among what is kept when the others are forgotten.
    pub(super) fn needs_id(&self) -> bool {
        match self {
            Self::Autopilot(_) | Self::Resolution(_) => true,
            Self::Message(message) => message.is_from_customer() || self.is_reply_of_human(),
        }
    }

    /// Whether a person writes to the customer with it.
    #[must_use]
    pub fn is_reply_of_human(&self) -> bool {
        matches!(self, Self::Message(message) if message.is_reply() && message.sender == Sender::Human)
    }

    /// Whether it plays a part in what its conversation amounts to, wherever it stands. The first item of a timeline
    /// plays one whatever it is: what it makes of the responsible is no change.
    pub(super) fn plays_a_part(&self) -> bool {
        match self {
            Self::Autopilot(_) | Self::Resolution(_) => true,
            Self::Message(message) => {
                let is_note = message.sender == Sender::Human && message.visibility == Visibility::Private;
                message.is_from_customer() || message.is_reply() || message.is_hand_off() || is_note
            }
        }
    }
}

/// An instant, and the order within it. Two clocks that tie are neither before nor after each other: ids decide
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    /// The instant.
    pub at: Timestamp,
    /// 0 means that the source does not say.
    pub sequence: u64,
}

impl MessageItem {
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
            at: self.received_at,
            sequence: self.sequence,
        }
    }

    /// Whether both sides can see it, and whether it says something: notes, reactions, activities, campaigns and
    /// automatic replies ask for nothing and answer nothing (4, 5, 6, 7, 8).
    #[must_use]
    pub fn is_public_content(&self) -> bool {
        self.visibility == Visibility::Public && matches!(self.kind, MessageKind::Text | MessageKind::Media)
    }

    /// Whether the customer says something with it.
    #[must_use]
    pub fn is_from_customer(&self) -> bool {
        self.direction == Direction::Inbound && self.sender == Sender::Contact && self.is_public_content()
    }

    /// **Reply**: whether the autopilot or an agent writes to the customer with it, whatever became of it (2, 5, 15).
    #[must_use]
    pub fn is_reply(&self) -> bool {
        self.direction == Direction::Outbound
            && matches!(self.sender, Sender::Ai | Sender::Human)
            && self.is_public_content()
    }

    /// **Hand-off**: whether the conversation is passed on with it, whoever says so to whom (32).
    #[must_use]
    pub fn is_hand_off(&self) -> bool {
        self.kind == MessageKind::HandoffNotice
    }
}
