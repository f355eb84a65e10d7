//! What may be forgotten of a conversation in which nobody waits, so that whatever comes later decides as if nothing
//! had been forgotten.
//!
//! Three windows of the definition reach back: ten minutes, a day and three days. So all items must be old, and what
//! comes later must have arrived more than three days after them. Then an old answer covers nothing that comes later,
//! an old resolution settles nothing of it, and all that is left to know is who is responsible: see [`Ending`].

use crate::base::timestamp::Timestamp;
use crate::conversation::answers::{Answers, demands};
use crate::conversation::item::Item;
use crate::conversation::merge::{Member, merge};
use crate::conversation::responsible::{EndState, Ending};
use crate::conversation::timeline::{Timeline, TimelineItem};
use std::collections::HashSet;
use std::rc::Rc;

/// Until when anything happened in a conversation: its newest item by its own clock or its arrival, or its resolution.
/// `None` means that nothing did.
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

/// What must be kept of conversations that were merged with each other.
#[derive(Debug)]
pub enum Kept {
    /// Everything, for somebody waits in one of them, by itself or with all that was merged into it, whatever keeps the
    /// conversation from being listed.
    AsSomebodyWaits,
    /// Everything, although nobody waits: no small set of items gives the same result in all of these timelines, or one
    /// of its items is not among the last ones, whose ids are known. That is rare.
    Everything,
    /// The items of these ids.
    Items(Vec<Box<str>>),
}

/// What must be kept of conversations that were merged with each other, which must all be among `members`.
///
/// Of a conversation whose record is not known, it is not known either whether it started with the autopilot: both are
/// considered.
#[must_use]
pub fn kept(members: Vec<Member>, as_of: Timestamp) -> Kept {
    let timelines = possible_timelines(members);
    let mut kept = HashSet::new();
    let mut endings = Vec::with_capacity(timelines.len());
    for possible in &timelines {
        let Some(ending) = ending(possible.starts_with_autopilot, &possible.timeline, as_of) else {
            return Kept::AsSomebodyWaits;
        };
        kept.extend(ending.deciding.iter().filter_map(|number| possible.id(*number)));
        endings.push(ending);
    }
    // What is kept for one of them decides in the others, too. Where that is a reply of a person that had lost its
    // effect, what took it away must be kept as well.
    for _ in 0..2 {
        let mut is_same = true;
        let mut more = Vec::new();
        for (possible, ending) in timelines.iter().zip(&endings) {
            if possible.state_with(&kept, as_of) != Some(ending.state) {
                is_same = false;
                more.extend(ending.settling.iter().filter_map(|number| possible.id(*number)));
            }
        }
        if is_same {
            let items = timelines.iter().flat_map(|possible| possible.items(&kept));
            return Kept::Items(items.filter_map(|item| item.id.clone()).collect());
        }
        kept.extend(more);
    }
    Kept::Everything
}

/// How a timeline ends. `None` means that somebody waits.
fn ending(starts_with_autopilot: bool, timeline: &Timeline, as_of: Timestamp) -> Option<Ending> {
    let demands = demands(timeline);
    let answers = Answers::new(timeline, &demands, as_of);
    let is_answered = demands.iter().all(|demand| answers.cover(demand));
    is_answered.then(|| Ending::new(starts_with_autopilot, timeline, &answers))
}

/// A timeline that somebody may write into: of a conversation, by itself or with all that was merged into it.
struct PossibleTimeline {
    timeline: Rc<Timeline>,
    starts_with_autopilot: bool,
}

fn possible_timelines(members: Vec<Member>) -> Vec<PossibleTimeline> {
    let mut merged = Vec::new();
    if members.len() > 1 {
        merged.extend(members.iter().flat_map(|member| merge(vec![member.clone()])));
    }
    merged.extend(merge(members));
    let mut timelines = Vec::with_capacity(merged.len());
    for one in merged {
        let Some(timeline) = one.timeline.map(Rc::new) else {
            continue;
        };
        let starts = one.conversation.map(|conversation| conversation.starts_with_autopilot);
        for starts_with_autopilot in [true, false] {
            if starts.is_none_or(|starts| starts == starts_with_autopilot) {
                timelines.push(PossibleTimeline {
                    timeline: Rc::clone(&timeline),
                    starts_with_autopilot,
                });
            }
        }
    }
    timelines
}

impl PossibleTimeline {
    fn id(&self, number: usize) -> Option<&str> {
        self.timeline.items().get(number)?.id.as_deref()
    }

    /// The items that are kept.
    fn items(&self, kept: &HashSet<&str>) -> impl Iterator<Item = &TimelineItem> {
        let is_kept = |item: &&TimelineItem| item.id.as_deref().is_some_and(|id| kept.contains(id));
        self.timeline.items().iter().filter(is_kept)
    }

    /// How it ends if nothing is left but what is kept. `None` means that somebody would wait then: a message may have
    /// the id of a change that is kept.
    fn state_with(&self, kept: &HashSet<&str>, as_of: Timestamp) -> Option<EndState> {
        let timeline = Timeline::new(self.items(kept).cloned().collect(), true);
        ending(self.starts_with_autopilot, &timeline, as_of).map(|ending| ending.state)
    }
}
