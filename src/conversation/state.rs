//! Folding a timeline: what is stored of a conversation between refreshes.

use crate::base::timestamp::Timestamp;
use crate::conversation::body::{Conversation, Status};
use crate::conversation::stall::{Candidate, QUEUED_MAX_MS, candidate_as_of};
use crate::conversation::timeline::Timeline;

/// How many turning points a fold tries, each at the cost of a walk along the timeline.
const TURNING_POINTS_MAX: usize = 50;

/// What a timeline was folded into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The candidate that the conversation is, if it is one.
    pub candidate: Option<Candidate>,
    /// The first later instant at which time alone changes that. `None` means that only an event can.
    pub due_at: Option<Timestamp>,
}

/// Folds a timeline as of an instant. A conversation whose record is not stored, or is a removal, is no candidate
/// (cases 19 and 22).
#[must_use]
pub fn fold(conversation: Option<&Conversation>, timeline: &Timeline, as_of: Timestamp) -> State {
    let Some(conversation) = conversation else {
        return State {
            candidate: None,
            due_at: None,
        };
    };
    let candidate = candidate_as_of(conversation, timeline, as_of);
    let turning_points = turning_points(conversation, timeline, as_of);
    let due_at = turning_points
        .iter()
        .enumerate()
        .find(|(number, instant)| {
            // Beyond the limit it is not tried whether anything changes: the conversation is folded again then, which is
            // never too late.
            *number >= TURNING_POINTS_MAX || candidate_as_of(conversation, timeline, **instant) != candidate
        })
        .map(|(_, instant)| *instant);
    State { candidate, due_at }
}

/// The instants after `as_of`, ascending, at which a snooze ends or a send becomes stuck. Between them time alone changes
/// nothing.
fn turning_points(conversation: &Conversation, timeline: &Timeline, as_of: Timestamp) -> Vec<Timestamp> {
    let stuck = timeline
        .messages()
        .filter(|message| message.is_reply() && message.status == Status::Queued)
        .map(|message| message.at.plus(QUEUED_MAX_MS).plus(1));
    let mut instants: Vec<Timestamp> = stuck
        .chain(conversation.snoozed_until)
        .filter(|instant| *instant > as_of)
        .collect();
    instants.sort_unstable();
    instants.dedup();
    instants
}
