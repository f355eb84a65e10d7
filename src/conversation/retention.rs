//! What may be forgotten of a conversation in which nobody waits, so that whatever comes later decides as if nothing had been
//! forgotten.
//!
//! Three windows of the definition reach back: ten minutes, a day and three days. So all items must be old, and what comes later
//! must have arrived more than three days after them. Then an old answer covers nothing that comes later, an old resolution
//! settles nothing of it, and all that is left to know is who is responsible: see [`Ending`].

use crate::base::timestamp::Timestamp;
use crate::conversation::answers::{Answers, demands};
use crate::conversation::merge::{Member, merge};
use crate::conversation::responsible::Ending;
use crate::conversation::timeline::{Item, Timeline};

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
/// keeps the conversation from being listed; or, which is rare, no few of them decide in all of these cases.
///
/// Of a conversation whose record is not known, it is not known either whether it started with the autopilot: both are
/// considered.
#[must_use]
pub fn deciding_ids(members: Vec<Member>, as_of: Timestamp) -> Option<Vec<Box<str>>> {
    let views = views(members);
    let mut kept = Vec::new();
    let mut endings = Vec::with_capacity(views.len());
    for view in &views {
        let demands = demands(&view.timeline);
        let answers = Answers::new(&view.timeline, &demands, as_of);
        if demands.iter().any(|demand| !answers.cover(demand)) {
            return None;
        }
        let ending = Ending::new(view.starts_with_autopilot, &view.timeline, &answers);
        kept.extend(view.ids(ending.deciding.iter().copied()));
        endings.push(ending);
    }
    // What is kept for one of them decides in the others, too. If it is a reply of a person after which the AI has resumed there,
    // that must be kept as well.
    for (view, ending) in views.iter().zip(&endings) {
        if view.ending_with(&kept, as_of).state != ending.state {
            kept.extend(view.ids(ending.resuming));
        }
    }
    let mut views = views.iter().zip(&endings);
    let is_same = views.all(|(view, ending)| view.ending_with(&kept, as_of).state == ending.state);
    is_same.then(|| kept.into_iter().map(Box::from).collect())
}

/// A timeline that somebody may write into: of a conversation, by itself or with all that was merged into it.
struct View {
    timeline: Timeline,
    starts_with_autopilot: bool,
}

fn views(members: Vec<Member>) -> Vec<View> {
    let mut merged = Vec::new();
    if members.len() > 1 {
        merged.extend(members.iter().flat_map(|member| merge(vec![member.clone()])));
    }
    merged.extend(merge(members));
    let mut views = Vec::with_capacity(merged.len());
    for one in merged {
        let Some(timeline) = one.timeline else {
            continue;
        };
        match one.conversation {
            Some(conversation) => views.push(View {
                timeline,
                starts_with_autopilot: conversation.starts_with_autopilot,
            }),
            None => {
                for starts_with_autopilot in [true, false] {
                    views.push(View {
                        timeline: timeline.clone(),
                        starts_with_autopilot,
                    });
                }
            }
        }
    }
    views
}

impl View {
    fn ids(&self, numbers: impl IntoIterator<Item = usize>) -> impl Iterator<Item = &str> {
        let items = numbers
            .into_iter()
            .filter_map(|number| self.timeline.items().get(number));
        items.filter_map(|item| item.id.as_deref())
    }

    /// How it ends if nothing is left but what is kept.
    fn ending_with(&self, kept: &[&str], as_of: Timestamp) -> Ending {
        let is_kept = |id: &Option<Box<str>>| id.as_deref().is_some_and(|id| kept.contains(&id));
        let items = self.timeline.items().iter().filter(|item| is_kept(&item.id));
        let timeline = Timeline::new(items.cloned().collect(), true);
        let answers = Answers::new(&timeline, &demands(&timeline), as_of);
        Ending::new(self.starts_with_autopilot, &timeline, &answers)
    }
}
