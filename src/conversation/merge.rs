//! Conversations that were merged: which of them stands for which, and the timelines that result.

use crate::base::timestamp::Timestamp;
use crate::conversation::acknowledgement::Acknowledgement;
use crate::conversation::body::Conversation;
use crate::conversation::item::Item;
use crate::conversation::item_collection::ItemCollection;
use crate::conversation::resolution::resolution_in_force;
use crate::conversation::timeline::{Timeline, TimelineItem};
use std::collections::HashMap;

/// How many steps a chain of merges is followed.
pub const STEPS_MAX: usize = 16;

/// A conversation as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its record. `None` means that it is not stored, or removed.
    pub conversation: Option<Conversation>,
    /// That it was acknowledged, if it was.
    pub acknowledgement: Option<Acknowledgement>,
    /// Its own items.
    pub items: ItemCollection,
}

/// A conversation, and the timeline that it has by all merges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// Its id.
    pub id: String,
    /// Its record.
    pub conversation: Option<Conversation>,
    /// That it was acknowledged, if it was.
    pub acknowledgement: Option<Acknowledgement>,
    /// Its timeline. `None` means that another conversation stands for it, and has its messages.
    pub timeline: Option<Timeline>,
}

/// Merges the timelines of conversations (37). All that were merged with one of `members`, directly or through others,
/// must be among them.
#[must_use]
pub fn merge(members: Vec<Member>) -> Vec<Merged> {
    let chains = Chains::new(&members);
    let in_force: Vec<Option<Timestamp>> = members
        .iter()
        .map(|member| resolution_in_force(member.conversation.as_ref()?, &member.items))
        .collect();
    let ends: Vec<Chain> = (0..members.len())
        .map(|number| chains.follow(number, &in_force))
        .collect();
    let mut timelines: Vec<Vec<TimelineItem>> = members.iter().map(|_| Vec::new()).collect();
    let mut have_forgotten = vec![false; members.len()];
    let mut merged = Vec::with_capacity(members.len());
    for (number, (member, chain)) in members.into_iter().zip(&ends).enumerate() {
        let is_end = chain.end == number;
        if let Some(has_forgotten) = have_forgotten.get_mut(chain.end) {
            *has_forgotten |= member.items.has_forgotten();
        }
        if let Some(timeline) = timelines.get_mut(chain.end) {
            let mut items = member.items.resolved_at(chain.resolved_at);
            // Of a merged conversation only the messages are its target's, too.
            items.retain(|item| is_end || matches!(item.item, Item::Message(_)));
            if timeline.is_empty() {
                *timeline = items;
            } else {
                timeline.append(&mut items);
            }
        }
        merged.push((member.id, member.conversation, member.acknowledgement, is_end));
    }
    let merged = merged.into_iter().zip(timelines).zip(have_forgotten);
    merged
        .map(
            |(((id, conversation, acknowledgement, is_end), items), has_forgotten)| Merged {
                id,
                conversation,
                acknowledgement,
                timeline: is_end.then(|| Timeline::new(items, has_forgotten)),
            },
        )
        .collect()
}

/// Where the chain of a conversation leads.
struct Chain {
    /// The number of the conversation that stands for it; its own, if it stands for itself.
    end: usize,
    /// What arrived before this instant is settled.
    resolved_at: Option<Timestamp>,
}

/// The targets of all merges.
struct Chains<'a> {
    members: &'a [Member],
    /// For each member the number of its target. `None` means that it has none that is known.
    targets: Vec<Option<usize>>,
    /// For each member whether its chain leads back to it.
    is_in_cycle: Vec<bool>,
}

impl<'a> Chains<'a> {
    fn new(members: &'a [Member]) -> Self {
        let known = members
            .iter()
            .enumerate()
            .filter(|(_, member)| member.conversation.is_some());
        let numbers: HashMap<&str, usize> = known.map(|(number, member)| (member.id.as_str(), number)).collect();
        let target = |member: &Member| {
            let target = member.conversation.as_ref()?.merged_into.as_deref()?;
            numbers.get(target).copied()
        };
        let targets: Vec<Option<usize>> = members.iter().map(target).collect();
        Self {
            members,
            is_in_cycle: cycles(&targets),
            targets,
        }
    }

    /// The next member of a chain. `None` means that the chain ends here.
    fn next(&self, number: usize) -> Option<usize> {
        if self.is_in_cycle.get(number) == Some(&true) {
            return None;
        }
        self.targets.get(number).copied().flatten()
    }

    /// Follows the chain of a member. If it is too long, the member stands for itself.
    fn follow(&self, start: usize, in_force: &[Option<Timestamp>]) -> Chain {
        let resolved_at = |number: usize| in_force.get(number).copied().flatten();
        let mut chain = Chain {
            end: start,
            resolved_at: resolved_at(start),
        };
        let mut steps = 0;
        while let Some(next) = self.next(chain.end) {
            steps += 1;
            if steps > STEPS_MAX {
                return Chain {
                    end: start,
                    resolved_at: resolved_at(start),
                };
            }
            let merged_at = self.merged_at(chain.end);
            // What the target had settled before the merge settles nothing of what was merged (37).
            let reaches = |resolved_at: &Timestamp| merged_at.is_none_or(|merged_at| *resolved_at >= merged_at);
            chain.resolved_at = chain.resolved_at.max(resolved_at(next).filter(reaches));
            chain.end = next;
        }
        chain
    }

    fn merged_at(&self, number: usize) -> Option<Timestamp> {
        self.members.get(number)?.conversation.as_ref()?.merged_at
    }
}

/// For each number whether following `targets` leads back to it.
fn cycles(targets: &[Option<usize>]) -> Vec<bool> {
    let target = |number: usize| targets.get(number).copied().flatten();
    let mut is_in_cycle = vec![false; targets.len()];
    // The number of the walk that came by first; 0 means none.
    let mut walks = vec![0; targets.len()];
    for start in 0..targets.len() {
        let walk = start + 1;
        let mut current = Some(start);
        while let Some(number) = current {
            match walks.get_mut(number) {
                Some(by) if *by == 0 => *by = walk,
                // It came by here itself: from here round to here is a cycle.
                Some(by) if *by == walk => {
                    let mut member = number;
                    while let Some(flag) = is_in_cycle.get_mut(member).filter(|flag| !**flag) {
                        *flag = true;
                        member = target(member).unwrap_or(member);
                    }
                    break;
                }
                _ => break,
            }
            current = target(number);
        }
    }
    is_in_cycle
}
