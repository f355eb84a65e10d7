//! The timeline of a conversation: its autopilot changes, resolutions and messages, and the messages of the
//! conversations that were merged into it, in order.
//!
//! A timeline may be long, so its items are small: instants, flags, and a hash for the message that an answer names.
//! Texts are only there where a row shows them or where they decide the order.

use crate::base::timestamp::Timestamp;
use crate::conversation::body::{
    AutopilotChange, Direction, Message, MessageKind, MessageStatus, Resolution, Sender, Visibility,
};
use xxhash_rust::xxh64::xxh64;

/// The most bytes of the items of a conversation: some 400,000 messages. Older ones count as if they had not been sent,
/// except the last autopilot change and the last reply of a human among them.
pub const TIMELINE_BYTES_MAX: usize = 40 * 1024 * 1024;
/// The most items of a timeline that are explained: the last ones.
pub const EXPLAINED_MAX: usize = 200;

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
    fn position(&self) -> (Timestamp, u8, u64, bool) {
        match self {
            Self::Autopilot(change) => (change.at, 0, change.sequence, false),
            Self::Resolution(resolution) => (resolution.at, 1, resolution.sequence, false),
            Self::Message(message) => (message.at, 2, message.sequence, !self.is_reply_of_person()),
        }
    }

    /// Whether its id is needed: that of the last demand is shown, the ids of changes decide their order, and replies
    /// of people are among what is kept when the others are forgotten.
    fn needs_id(&self) -> bool {
        match self {
            Self::Autopilot(_) | Self::Resolution(_) => true,
            Self::Message(message) => message.is_from_customer() || self.is_reply_of_person(),
        }
    }

    /// Whether a person writes to the customer with it.
    #[must_use]
    pub fn is_reply_of_person(&self) -> bool {
        matches!(self, Self::Message(message) if message.is_reply() && message.sender == Sender::Human)
    }

    /// Whether it plays a part in what its conversation amounts to, wherever it stands. The first item of a timeline
    /// plays one whatever it is: what it makes of the responsible is no change.
    fn plays_a_part(&self) -> bool {
        match self {
            Self::Autopilot(_) | Self::Resolution(_) => true,
            Self::Message(message) => {
                let is_note = message.sender == Sender::Human && message.visibility == Visibility::Private;
                message.is_from_customer() || message.is_reply() || message.is_hand_off() || is_note
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
}

/// An item with what the timeline knows of it besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineItem {
    /// The item.
    pub item: Item,
    /// The id of its record, where it is needed.
    pub id: Option<Box<str>>,
    /// The resolutions that settle what arrived before them: the latest that is in force for the item's conversation or
    /// reaches it through a merge. [`NEVER`] means that there is none.
    pub resolved_at: Timestamp,
}

/// Before everything.
pub const NEVER: Timestamp = Timestamp::from_milliseconds(i64::MIN);

impl TimelineItem {
    /// An item of a record, before its conversation's resolutions are known.
    #[must_use]
    pub fn new(id: &str, item: Item) -> Self {
        Self {
            id: item.needs_id().then(|| id.into()),
            item,
            resolved_at: NEVER,
        }
    }

    /// Whether or not all ids are there: only those that are needed decide the order.
    fn key(&self) -> ((Timestamp, u8, u64, bool), Option<&str>) {
        let id = self.id.as_deref().filter(|_| self.item.needs_id());
        (self.item.position(), id)
    }

    /// About how many bytes of memory it takes.
    fn bytes(&self) -> usize {
        // What the allocator adds, too.
        size_of::<Self>() + self.id.as_ref().map_or(0, |id| id.len() + 16)
    }
}

/// The items of a conversation as they are read, in any order. Those that play no part are dropped at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemCollection {
    items: Vec<TimelineItem>,
    /// The earliest of those that play no part.
    first_idle: Option<TimelineItem>,
    bytes: usize,
    /// Whether there were earlier items, which have been forgotten.
    has_forgotten: bool,
    /// If everything is to be explained: the latest of those whose ids are not needed otherwise, with their ids.
    latest: Option<Vec<TimelineItem>>,
}

impl ItemCollection {
    /// A collection of what is to be explained: the last items have their ids, and the last of those that play no part
    /// are there, too. What the items amount to is the same.
    #[must_use]
    pub fn explained() -> Self {
        Self {
            latest: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// Adds an item.
    pub fn add(&mut self, id: &str, item: Item) {
        self.note_latest(id, item);
        self.add_within(TimelineItem::new(id, item), TIMELINE_BYTES_MAX);
    }

    fn note_latest(&mut self, id: &str, item: Item) {
        let Some(latest) = self.latest.as_mut().filter(|_| !item.needs_id()) else {
            return;
        };
        latest.push(TimelineItem {
            id: Some(id.into()),
            ..TimelineItem::new(id, item)
        });
        if latest.len() >= 2 * EXPLAINED_MAX {
            sort(latest);
            latest.drain(..latest.len() - EXPLAINED_MAX);
        }
    }

    fn add_within(&mut self, item: TimelineItem, bytes_max: usize) {
        if !item.item.plays_a_part() {
            let is_earlier = |first: &TimelineItem| item.key() < first.key();
            if self.first_idle.as_ref().is_none_or(is_earlier) {
                self.first_idle = Some(item);
            }
            return;
        }
        self.bytes += item.bytes();
        self.items.push(item);
        if self.bytes > bytes_max {
            self.forget_older_half();
        }
    }

    /// Forgets the older half, except what says who is responsible.
    fn forget_older_half(&mut self) {
        sort(&mut self.items);
        let newer = self.items.split_off(self.items.len() / 2);
        let older = std::mem::replace(&mut self.items, newer);
        let last = |is_it: fn(&Item) -> bool| older.iter().rev().find(|item| is_it(&item.item)).cloned();
        let autopilot = last(|item| matches!(item, Item::Autopilot(_)));
        let human_reply = last(Item::is_reply_of_person);
        self.items.extend(autopilot.into_iter().chain(human_reply));
        self.bytes = self.items.iter().map(TimelineItem::bytes).sum();
    }

    /// Notes that there were earlier items, which have been forgotten.
    pub fn set_forgotten(&mut self) {
        self.has_forgotten = true;
    }

    /// Whether there were.
    #[must_use]
    pub fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.first_idle.is_none()
    }

    /// The items.
    pub fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().chain(&self.first_idle).map(|item| &item.item)
    }

    /// The items, with the instant before which what arrived is settled.
    #[must_use]
    pub fn resolved_at(self, resolved_at: Option<Timestamp>) -> Vec<TimelineItem> {
        let mut items = self.items;
        items.extend(self.first_idle);
        add_latest(&mut items, self.latest.unwrap_or_default());
        for item in &mut items {
            item.resolved_at = resolved_at.unwrap_or(NEVER);
        }
        items
    }
}

/// Sorts items by arrival.
fn sort(items: &mut [TimelineItem]) {
    items.sort_by(|left, right| left.key().cmp(&right.key()));
}

/// Gives the latest items their ids, and adds those that play no part. Of many items only the last ones are compared.
fn add_latest(items: &mut Vec<TimelineItem>, latest: Vec<TimelineItem>) {
    let Some(earliest) = latest.iter().map(|known| known.item.position()).min() else {
        return;
    };
    let may_be_latest = |item: &&mut TimelineItem| item.id.is_none() && item.item.position() >= earliest;
    let mut last: Vec<&mut TimelineItem> = items.iter_mut().filter(may_be_latest).collect();
    let mut idle = Vec::new();
    for known in latest {
        match last
            .iter_mut()
            .find(|item| item.id.is_none() && item.item == known.item)
        {
            Some(item) => item.id = known.id,
            // What plays a part and is not there has been forgotten.
            None if known.item.plays_a_part() => {}
            None => idle.push(known),
        }
    }
    items.extend(idle);
}

/// The items of a conversation in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    items: Vec<TimelineItem>,
    has_forgotten: bool,
}

impl Timeline {
    /// Sorts the items. `has_forgotten` says whether there were earlier ones, which have been forgotten.
    #[must_use]
    pub fn new(mut items: Vec<TimelineItem>, has_forgotten: bool) -> Self {
        sort(&mut items);
        Self { items, has_forgotten }
    }

    /// Whether there were earlier items, which have been forgotten.
    #[must_use]
    pub fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// The items, first to last.
    #[must_use]
    pub fn items(&self) -> &[TimelineItem] {
        &self.items
    }

    /// The messages, first to last.
    pub fn messages(&self) -> impl Iterator<Item = &MessageItem> {
        self.items.iter().filter_map(|item| match &item.item {
            Item::Message(message) => Some(message),
            Item::Autopilot(_) | Item::Resolution(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, ItemCollection, MessageItem, Timeline, TimelineItem};
    use crate::base::timestamp::Timestamp;
    use crate::conversation::body::{Direction, MessageKind, MessageStatus, Sender, Visibility};

    fn message(at: i64, sender: Sender, kind: MessageKind) -> Item {
        let is_inbound = sender == Sender::Contact;
        Item::Message(MessageItem {
            at: Timestamp::from_milliseconds(at),
            received_at: Timestamp::from_milliseconds(at),
            sequence: 0,
            in_reply_to: 0,
            direction: if is_inbound {
                Direction::Inbound
            } else {
                Direction::Outbound
            },
            sender,
            kind,
            status: MessageStatus::Sent,
            visibility: Visibility::Public,
            needs_reply: true,
        })
    }

    fn instants(items: ItemCollection) -> Vec<i64> {
        let timeline = Timeline::new(items.resolved_at(None), false);
        timeline
            .items()
            .iter()
            .map(|item| item.item.at().as_milliseconds())
            .collect()
    }

    #[test]
    fn an_item_is_small() {
        assert!(size_of::<TimelineItem>() <= 64, "{}", size_of::<TimelineItem>());
    }

    #[test]
    fn drops_what_plays_no_part_except_the_first() {
        let mut items = ItemCollection::default();
        for at in [5, 1, 3] {
            items.add("a", message(at, Sender::System, MessageKind::Activity));
        }
        assert!(!items.is_empty());
        items.add("b", message(2, Sender::Contact, MessageKind::Text));
        items.add("c", message(4, Sender::Contact, MessageKind::Reaction));
        items.add("d", message(6, Sender::Ai, MessageKind::Text));
        assert_eq!(instants(items), [1, 2, 6]);
    }

    #[test]
    fn forgets_the_oldest_beyond_its_bytes_except_what_says_who_is_responsible() {
        let mut items = ItemCollection::default();
        let of = |at: i64, sender: Sender| TimelineItem::new("an id", message(at, sender, MessageKind::Text));
        items.add_within(of(0, Sender::Human), 10_000);
        for at in 1..10_000 {
            items.add_within(of(at, Sender::Contact), 10_000);
        }
        let bytes = items.bytes;
        let left = instants(items);
        assert!(
            bytes <= 10_000 && left.len() > 50,
            "{bytes} bytes, {} items",
            left.len()
        );
        assert_eq!(left[0], 0);
        assert!(left[1..].iter().copied().eq(10_000 - left.len() as i64 + 1..10_000));
    }

    /// What is explained is forgotten with what is folded, and not sooner.
    #[test]
    fn what_is_explained_amounts_to_the_same_beyond_its_bytes() {
        let (mut folded, mut explained) = (ItemCollection::default(), ItemCollection::explained());
        for at in 0..10_000 {
            let (sender, kind) = match at % 7 {
                0 => (Sender::Human, MessageKind::Text),
                1 | 2 => (Sender::Contact, MessageKind::Text),
                3 => (Sender::System, MessageKind::Activity),
                4 => (Sender::Ai, MessageKind::HandoffNotice),
                _ => (Sender::Ai, MessageKind::Text),
            };
            // Many at a time have the same instant.
            let (id, item) = (format!("{at:05}"), message(at / 5, sender, kind));
            folded.add_within(TimelineItem::new(&id, item), 40_000);
            explained.note_latest(&id, item);
            explained.add_within(TimelineItem::new(&id, item), 40_000);
        }
        let told = Timeline::new(explained.resolved_at(None), false);
        let folded = Timeline::new(folded.resolved_at(None), false);
        let playing = |timeline: &Timeline| -> Vec<Item> {
            let items = timeline.items().iter().map(|item| item.item);
            items.filter(Item::plays_a_part).collect()
        };
        assert_eq!(playing(&told), playing(&folded));
        let last = &told.items()[told.items().len() - super::EXPLAINED_MAX..];
        let ids: std::collections::BTreeSet<&str> = last.iter().map(|item| item.id.as_deref().unwrap()).collect();
        assert_eq!(ids.len(), super::EXPLAINED_MAX);
        assert!(ids.iter().all(|id| *id >= "09790"), "{ids:?}");
        for item in last {
            let at: i64 = item.id.as_deref().unwrap().parse().unwrap();
            assert_eq!(item.item.at().as_milliseconds(), at / 5);
        }
    }
}
