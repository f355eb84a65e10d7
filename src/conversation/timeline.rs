//! The timeline of a conversation: its autopilot changes, resolutions and messages, and the messages of the
//! conversations that were merged into it, in order.
//!
//! Texts are only there where a row shows them or where they decide the order.

use crate::base::timestamp::Timestamp;
use crate::conversation::item::{Item, MessageItem};

/// The most bytes of the items of a conversation: some 400,000 messages. Older ones count as if they had not been sent,
/// except the last autopilot change and the last reply of a human among them.
pub const TIMELINE_BYTES_MAX: usize = 40 * 1024 * 1024;
/// The most items of a timeline that are explained: the last ones.
pub const EXPLAINED_MAX: usize = 200;

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

    /// The key that items are sorted by. Only ids that are needed decide the order, so it is the same whether or not
    /// all ids are there.
    pub(super) fn key(&self) -> ((Timestamp, u8, u64, bool), Option<&str>) {
        let id = self.id.as_deref().filter(|_| self.item.needs_id());
        (self.item.position(), id)
    }

    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        // What the allocator adds, too.
        size_of::<Self>() + self.id.as_ref().map_or(0, |id| id.len() + 16)
    }
}

/// Sorts items into the order of a timeline: see [`Item::position`].
pub(super) fn sort(items: &mut [TimelineItem]) {
    items.sort_by(|left, right| left.key().cmp(&right.key()));
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
    use super::TimelineItem;

    #[test]
    fn an_item_is_small() {
        assert!(size_of::<TimelineItem>() <= 64, "{}", size_of::<TimelineItem>());
    }
}
