//! The items of a conversation as they are read, before they are a timeline: what plays no part is dropped, and of more
//! than fit into memory the older ones are forgotten.

use crate::base::timestamp::Timestamp;
use crate::conversation::item::Item;
use crate::conversation::timeline::{EXPLAINED_MAX, NEVER, TIMELINE_BYTES_MAX, TimelineItem, sort};

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
    pub fn for_evidence() -> Self {
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
        let human_reply = last(Item::is_reply_of_human);
        self.items.extend(autopilot.into_iter().chain(human_reply));
        self.bytes = self.items.iter().map(TimelineItem::bytes).sum();
    }

    /// Notes that there were earlier items, which have been forgotten.
    pub fn note_forgotten(&mut self) {
        self.has_forgotten = true;
    }

    /// Whether there were earlier items, which have been forgotten.
    #[must_use]
    pub fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// Whether there are no items.
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

#[cfg(test)]
mod tests {
    use super::{EXPLAINED_MAX, Item, ItemCollection, TimelineItem};
    use crate::base::timestamp::Timestamp;
    use crate::conversation::item::MessageItem;
    use crate::conversation::message::{Direction, MessageKind, MessageStatus, Sender, Visibility};
    use crate::conversation::timeline::Timeline;

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
        let (mut folded, mut explained) = (ItemCollection::default(), ItemCollection::for_evidence());
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
        let last = &told.items()[told.items().len() - EXPLAINED_MAX..];
        let ids: std::collections::BTreeSet<&str> = last.iter().map(|item| item.id.as_deref().unwrap()).collect();
        assert_eq!(ids.len(), EXPLAINED_MAX);
        assert!(ids.iter().all(|id| *id >= "09790"), "{ids:?}");
        for item in last {
            let at: i64 = item.id.as_deref().unwrap().parse().unwrap();
            assert_eq!(item.item.at().as_milliseconds(), at / 5);
        }
    }
}
