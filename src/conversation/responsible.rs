//! **Responsible**: who owes the next answer, found by a walk along the timeline. The numbers in parentheses are those
//! of the cases in docs/definition.md.

use crate::base::timestamp::Timestamp;
use crate::conversation::answers::Answers;
use crate::conversation::body::Conversation;
use crate::conversation::item::{Clock, Item};
use crate::conversation::message::Sender;
use crate::conversation::timeline::{NEVER, Timeline, TimelineItem};

/// Who owes the next answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Responsible {
    /// The autopilot.
    Ai,
    /// An agent, whichever: passing the conversation from one to another changes nothing (13).
    Human,
    /// Nobody: the conversation waits in a queue (29).
    Nobody,
}

/// Who is responsible at the end of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Responsibility {
    /// Who.
    pub party: Responsible,
    /// When that last changed.
    pub since: Timestamp,
    /// How often it changed since the customer waits.
    pub changes: usize,
}

/// Walks along the timeline of a conversation whose customer waits since `waiting_since`. `None` means that the
/// timeline is empty.
#[must_use]
pub fn responsibility(
    conversation: &Conversation,
    timeline: &Timeline,
    answers: &Answers<'_>,
    waiting_since: Timestamp,
) -> Option<Responsibility> {
    walk(conversation, timeline, answers, waiting_since).0
}

/// The same, and the numbers of the autopilot changes that made a difference.
#[must_use]
pub fn walk(
    conversation: &Conversation,
    timeline: &Timeline,
    answers: &Answers<'_>,
    waiting_since: Timestamp,
) -> (Option<Responsibility>, Vec<usize>) {
    let assigned = Assigned::new(conversation, timeline);
    let mut switches = Vec::new();
    let mut tracker = ResponsibilityTracker::new(conversation.starts_with_autopilot, waiting_since);
    tracker.is_assigned = assigned == Assigned::AllAlong;
    if timeline.has_forgotten() {
        // The first item has been forgotten, so the first that is left may be a change.
        tracker.arrive(NEVER);
    }
    // The assignment stands before the other items of its instant.
    let mut assigned_at = match assigned {
        Assigned::At(at) => Some(at),
        _ => None,
    };
    for (number, item) in timeline.items().iter().enumerate() {
        let at = item.item.at();
        if let Some(instant) = assigned_at.take_if(|instant| *instant <= at) {
            tracker.is_assigned = true;
            tracker.arrive(instant);
        }
        let is_switch = matches!(item.item, Item::Autopilot(_));
        let before = is_switch.then(|| (tracker.is_autopilot_on, tracker.party()));
        tracker.is_assigned |= assigned == Assigned::FromItem(number);
        tracker.step(&item.item, answers.contains(number));
        if before.is_some_and(|before| before != (tracker.is_autopilot_on, tracker.party())) {
            switches.push(number);
        }
        tracker.arrive(at);
    }
    if let Some(instant) = assigned_at {
        tracker.is_assigned = true;
        tracker.arrive(instant);
    }
    (tracker.current, switches)
}

/// What must be known of a timeline in which nobody waits any more, for whatever is written into it later.
#[derive(Debug)]
pub struct Ending {
    /// All that decides who will be responsible.
    pub state: EndState,
    /// The numbers of the items that go on deciding that when all others are forgotten, at most two:
    /// - the last change of the autopilot;
    /// - where a reply of a person makes the conversation theirs, the last answer of a person since then, or else the
    ///   first reply; else, if the last change was made by nobody, the first by which a person switched the autopilot
    ///   off since it was last on: an agent may be assigned from there on.
    pub deciding: Vec<usize>,
    /// The numbers of the items that say what became of the replies of people, if some of these are kept for another
    /// reason: when the autopilot was last switched on, the last answer of the AI after such a reply, and the last
    /// change before each.
    pub settling: Vec<usize>,
}

/// Whose a conversation is at the end of its timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndState {
    is_autopilot_on: bool,
    has_human_taken_over: bool,
    /// Whether the autopilot is off, and that by a person.
    is_off_by_human: bool,
    /// Whether nobody has taken over, and a person has switched the autopilot off since it was last on.
    was_off_by_human: bool,
}

impl Ending {
    /// The ending of a timeline.
    #[must_use]
    pub fn new(starts_with_autopilot: bool, timeline: &Timeline, answers: &Answers<'_>) -> Self {
        let mut tracker = ResponsibilityTracker::new(starts_with_autopilot, NEVER);
        let mut last_change = None;
        let mut first_off_by_human = None;
        let mut first_reply = None;
        let mut last_on = None;
        let mut reply_under = None;
        let mut resuming = None;
        let mut resuming_under = None;
        for (number, item) in timeline.items().iter().enumerate() {
            let is_answer = answers.contains(number);
            tracker.step(&item.item, is_answer);
            if let Item::Autopilot(change) = &item.item {
                last_change = Some(number);
                if change.enabled {
                    last_on = last_change;
                    first_off_by_human = None;
                } else if change.is_by_human {
                    first_off_by_human = first_off_by_human.or(Some(number));
                }
            }
            if !tracker.has_human_taken_over() {
                first_reply = None;
            } else if first_reply.is_none() {
                first_reply = Some((number, item.item.at()));
            }
            if item.item.is_reply_of_human() {
                reply_under = last_change;
            } else if is_answer && tracker.is_autopilot_on && tracker.has_ai_resumed {
                resuming = Some(number);
                resuming_under = last_change;
            }
        }
        let second = match first_reply {
            Some((first, since)) => {
                let is_answer = |(number, item): &(usize, &TimelineItem)| {
                    item.item.is_reply_of_human() && answers.contains(*number) && item.item.at() >= since
                };
                let mut items = timeline.items().iter().enumerate();
                Some(items.rfind(is_answer).map_or(first, |(number, _)| number))
            }
            None if !tracker.is_autopilot_on && !tracker.was_switched_off_by_human => first_off_by_human,
            None => None,
        };
        Self {
            state: EndState {
                is_autopilot_on: tracker.is_autopilot_on,
                has_human_taken_over: tracker.has_human_taken_over(),
                is_off_by_human: !tracker.is_autopilot_on && tracker.was_switched_off_by_human,
                was_off_by_human: !tracker.has_human_taken_over() && first_off_by_human.is_some(),
            },
            deciding: last_change.into_iter().chain(second).collect(),
            settling: [last_on, reply_under, resuming, resuming_under]
                .into_iter()
                .flatten()
                .collect(),
        }
    }
}

/// From where on somebody is assigned. Owner and assignees are taken as they are now (30).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Assigned {
    /// Nobody is.
    Never,
    /// The source says since when (41).
    At(Timestamp),
    /// From this item on: a person switched the autopilot off, for the first time since it was last on.
    FromItem(usize),
    /// Nothing says since when.
    AllAlong,
}

impl Assigned {
    fn new(conversation: &Conversation, timeline: &Timeline) -> Self {
        if conversation.owner_id.is_none() && conversation.assignee_ids.is_empty() {
            return Self::Never;
        }
        if let Some(assigned_at) = conversation.assigned_at {
            return Self::At(assigned_at);
        }
        let mut first = None;
        for (number, item) in timeline.items().iter().enumerate() {
            match &item.item {
                Item::Autopilot(change) if change.enabled => first = None,
                Item::Autopilot(change) if change.is_by_human => first = first.or(Some(number)),
                _ => {}
            }
        }
        first.map_or(Self::AllAlong, Self::FromItem)
    }
}

/// What decides who is responsible, as it stands after each item of the timeline.
struct ResponsibilityTracker {
    is_autopilot_on: bool,
    was_switched_off_by_human: bool,
    /// The latest reply of a human since the autopilot was last switched on.
    last_human_reply: Option<Clock>,
    /// Whether the AI has answered after that, while the autopilot was on.
    has_ai_resumed: bool,
    is_assigned: bool,
    current: Option<Responsibility>,
    waiting_since: Timestamp,
}

impl ResponsibilityTracker {
    fn new(starts_with_autopilot: bool, waiting_since: Timestamp) -> Self {
        Self {
            is_autopilot_on: starts_with_autopilot,
            was_switched_off_by_human: false,
            last_human_reply: None,
            has_ai_resumed: false,
            is_assigned: false,
            current: None,
            waiting_since,
        }
    }

    fn step(&mut self, item: &Item, is_answer: bool) {
        match item {
            Item::Autopilot(change) if change.enabled => {
                self.is_autopilot_on = true;
                self.last_human_reply = None;
            }
            Item::Autopilot(change) => {
                self.is_autopilot_on = false;
                self.was_switched_off_by_human = change.is_by_human;
            }
            Item::Resolution(_) => {}
            Item::Message(message) if !message.is_reply() => {}
            Item::Message(message) if message.sender == Sender::Human => {
                self.last_human_reply = self.last_human_reply.max(Some(message.clock()));
                self.has_ai_resumed = false;
            }
            Item::Message(message) => {
                let is_after_human = Some(message.clock()) > self.last_human_reply;
                self.has_ai_resumed |= is_answer && self.is_autopilot_on && is_after_human;
            }
        }
    }

    /// A reply of a human takes over, even one that fails, and even while the autopilot is on (2, 12, 15), until the
    /// autopilot is switched on again (14) or, never having been off, answers again (38).
    fn has_human_taken_over(&self) -> bool {
        self.last_human_reply.is_some() && !self.has_ai_resumed
    }

    /// Besides, an agent is responsible while the autopilot is off, if a person switched it off (29) or somebody is
    /// assigned (30).
    fn party(&self) -> Responsible {
        if self.has_human_taken_over() {
            Responsible::Human
        } else if self.is_autopilot_on {
            Responsible::Ai
        } else if self.was_switched_off_by_human || self.is_assigned {
            Responsible::Human
        } else {
            Responsible::Nobody
        }
    }

    /// Notes who is responsible from `at` on. What the first item makes it is the start and no change.
    fn arrive(&mut self, at: Timestamp) {
        let party = self.party();
        let changes = match self.current {
            None => 0,
            Some(before) if before.party == party => return,
            Some(before) => before.changes + usize::from(at >= self.waiting_since),
        };
        self.current = Some(Responsibility {
            party,
            since: at,
            changes,
        });
    }
}
