//! Folding timelines: what is stored of a conversation between refreshes.

use crate::base::timestamp::Timestamp;
use crate::conversation::answers::{QUEUED_MAX_MS, demands};
use crate::conversation::merge::{Member, Merged, merge};
use crate::conversation::message::MessageStatus;
use crate::conversation::stall::{AI_GRACE_MS, Candidate, Judged, candidate_as_of};

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

impl State {
    /// Nothing that has to be stored.
    pub const EMPTY: Self = Self {
        candidate: None,
        due_at: None,
    };
}

/// Folds conversations as of an instant, and returns their states in the same order. All conversations that were merged
/// with one of them must be among them.
///
/// A conversation whose record is not stored, or is a removal, is no candidate (cases 19, 22 and 50), and neither is
/// one that was merged into another one.
#[must_use]
pub fn fold(members: Vec<Member>, as_of: Timestamp) -> Vec<(String, State)> {
    let merged = merge(members).into_iter();
    merged
        .map(|merged| {
            let state = fold_one(&merged, as_of);
            (merged.id, state)
        })
        .collect()
}

/// The state of one of the conversations that were merged.
#[must_use]
pub fn fold_one(merged: &Merged, as_of: Timestamp) -> State {
    let Some(conversation) = Judged::new(merged) else {
        return State::EMPTY;
    };
    let candidate = candidate_as_of(conversation, as_of);
    let turning_points = turning_points(conversation, as_of);
    let due_at = turning_points
        .iter()
        .enumerate()
        .find(|(number, instant)| {
            // Beyond the limit nobody checks whether anything changes: the conversation is folded again at that
            // instant, which is never too late.
            *number >= TURNING_POINTS_MAX || candidate_as_of(conversation, **instant) != candidate
        })
        .map(|(_, instant)| *instant);
    State { candidate, due_at }
}

/// The instants after `as_of`, ascending, at which a snooze or an acknowledgement ends, a send becomes stuck, or the AI
/// has had its 30 seconds. Between them time alone changes nothing.
fn turning_points(judged: Judged<'_>, as_of: Timestamp) -> Vec<Timestamp> {
    let Judged {
        conversation,
        acknowledgement,
        timeline,
    } = judged;
    let stuck = timeline
        .messages()
        .filter(|message| message.is_reply() && message.status == MessageStatus::Queued)
        .map(|message| message.at.plus(QUEUED_MAX_MS).plus(1));
    let demands = demands(timeline).into_iter();
    let mut instants: Vec<Timestamp> = stuck
        .chain(conversation.snoozed_until)
        .chain(acknowledgement.and_then(|acknowledgement| acknowledgement.until))
        .chain(demands.map(|demand| demand.message.arrival().at.plus(AI_GRACE_MS)))
        .filter(|instant| *instant > as_of)
        .collect();
    instants.sort_unstable();
    instants.dedup();
    instants
}
