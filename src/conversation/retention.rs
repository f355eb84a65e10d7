//! What may be forgotten of a conversation in which nobody waits, so that whatever comes later decides as if nothing had been
//! forgotten.
//!
//! Three windows of the definition reach back: ten minutes, a day and three days. So all items must be old, and what comes later
//! must have arrived more than three days after them. Then an old answer covers nothing that comes later, an old resolution
//! settles nothing of it, and all that is left to know is who is responsible: see `responsible::deciding_items`.

use crate::base::timestamp::Timestamp;
use crate::conversation::answers::{Answers, demands};
use crate::conversation::body::Conversation;
use crate::conversation::merge::{Member, merge};
use crate::conversation::responsible::deciding_items;
use crate::conversation::timeline::Item;

/// Until when anything happened in a conversation: its newest item by its own clock or its arrival, or its resolution. `None`
/// means that nothing did.
#[must_use]
pub fn newest(member: &Member) -> Option<Timestamp> {
    let instant = |item: &Item| match item {
        Item::Message(message) => message.received_at,
        Item::Autopilot(_) | Item::Resolution(_) => item.at(),
    };
    let items = member.items.iter().map(instant).max();
    let resolved_at = member
        .conversation
        .as_ref()
        .and_then(|conversation| conversation.resolved_at);
    items.max(resolved_at)
}

/// The ids of the items that must be kept of conversations that were merged with each other, which must all be among `members`.
/// `None` means that everything must be: somebody waits in one of them, by itself or with all that was merged into it, whatever
/// keeps the conversation from being listed.
///
/// Of a conversation whose record is not known, it is not known either whether it started with the autopilot: both are
/// considered.
#[must_use]
pub fn deciding_ids(members: Vec<Member>, as_of: Timestamp) -> Option<Vec<Box<str>>> {
    let mut ids = Vec::new();
    if members.len() > 1 {
        for member in &members {
            add_deciding_ids(vec![member.clone()], as_of, &mut ids)?;
        }
    }
    add_deciding_ids(members, as_of, &mut ids)?;
    Some(ids)
}

fn add_deciding_ids(members: Vec<Member>, as_of: Timestamp, ids: &mut Vec<Box<str>>) -> Option<()> {
    for merged in merge(members) {
        let Some(timeline) = merged.timeline else {
            continue;
        };
        let demands = demands(&timeline);
        let answers = Answers::new(&timeline, &demands, as_of);
        if demands.iter().any(|demand| !answers.cover(demand)) {
            return None;
        }
        let starts = merged.conversation.as_ref().map(
            |Conversation {
                 starts_with_autopilot, ..
             }| *starts_with_autopilot,
        );
        for starts_with_autopilot in [true, false] {
            if starts.is_some_and(|starts| starts != starts_with_autopilot) {
                continue;
            }
            let numbers = deciding_items(starts_with_autopilot, &timeline, &answers).into_iter();
            let items = numbers.filter_map(|number| timeline.items().get(number)?.id.clone());
            ids.extend(items);
        }
    }
    Some(())
}
