//! **Resolution in force**: the latest resolution of a conversation that counts and is not cancelled. What arrived
//! before it is settled.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::conversation::body::Conversation;
use crate::conversation::item::{Item, ResolutionItem};
use crate::conversation::item_collection::ItemCollection;

/// How long after a resolution it can be cancelled by reopening the conversation.
pub const CANCEL_MS: i64 = 3 * 24 * 60 * MINUTE_MS;

/// The resolution in force of a conversation, from its record and its own items, in any order. `None` means that there
/// is none.
#[must_use]
pub fn resolution_in_force(conversation: &Conversation, items: &ItemCollection) -> Option<Timestamp> {
    let reopenings = Reopenings::new(items);
    let counting = resolutions_that_count(conversation, items);
    counting
        .into_iter()
        .filter(|resolved_at| !reopenings.cancel(*resolved_at))
        .max()
}

impl ResolutionItem {
    /// Whether it is a resolution that counts, unless it is taken back: one by a person.
    #[must_use]
    pub fn settles(&self) -> bool {
        self.resolved && self.is_by_human
    }
}

fn records(items: &ItemCollection) -> impl Iterator<Item = &ResolutionItem> {
    items.iter().filter_map(|item| match item {
        Item::Resolution(resolution) => Some(resolution),
        Item::Autopilot(_) | Item::Message(_) => None,
    })
}

/// **Resolution**: those of persons, and `resolvedAt`, unless a record of the same instant says that somebody else
/// resolved the conversation. Neither a timer nor the autopilot settles what nobody answered (46).
fn resolutions_that_count(conversation: &Conversation, items: &ItemCollection) -> Vec<Timestamp> {
    let resolved = || records(items).filter(|resolution| resolution.resolved);
    let mut counting: Vec<Timestamp> = resolved()
        .filter(|resolution| resolution.settles())
        .map(|resolution| resolution.at)
        .collect();
    let is_of_record = |at: &Timestamp| resolved().any(|resolution| resolution.at == *at);
    counting.extend(conversation.resolved_at.filter(|at| !is_of_record(at)));
    counting
}

/// **Reopening**: a record that takes resolutions back.
struct Reopenings {
    /// Their instants, ascending.
    reopened_at: Vec<Timestamp>,
    /// When the customer's messages arrived, ascending.
    arrivals: Vec<Timestamp>,
}

impl Reopenings {
    fn new(items: &ItemCollection) -> Self {
        let mut reopened_at: Vec<Timestamp> = records(items)
            .filter(|resolution| !resolution.resolved)
            .map(|resolution| resolution.at)
            .collect();
        let mut arrivals: Vec<Timestamp> = Vec::new();
        if !reopened_at.is_empty() {
            arrivals.extend(items.iter().filter_map(|item| match item {
                Item::Message(message) if message.is_from_customer() => Some(message.arrival().at),
                _ => None,
            }));
        }
        reopened_at.sort_unstable();
        arrivals.sort_unstable();
        Self { reopened_at, arrivals }
    }

    /// Whether a resolution is taken back (46): the conversation was reopened within three days, and not because the
    /// customer had written since the resolution.
    ///
    /// Only the first reopening after it can do that: by a later one the customer has not written less.
    fn cancel(&self, resolved_at: Timestamp) -> bool {
        let next = self
            .reopened_at
            .partition_point(|reopened_at| *reopened_at < resolved_at);
        let Some(reopened_at) = self.reopened_at.get(next) else {
            return false;
        };
        let arrived = self.arrivals.partition_point(|arrival| arrival <= reopened_at);
        let last_arrival = arrived.checked_sub(1).and_then(|last| self.arrivals.get(last));
        let has_customer_written = last_arrival.is_some_and(|arrival| resolved_at < *arrival);
        reopened_at.milliseconds_since(resolved_at) <= CANCEL_MS && !has_customer_written
    }
}
