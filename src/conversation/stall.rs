//! What "stalled" means: docs/definition.md in code, term by term and in its order. The numbers in parentheses are
//! those of the cases there.
//!
//! Three rules are applied elsewhere, because they need more than the conversation's own timeline: names, blocked
//! contacts and active persons are joined when a row is published (`report_row`), and the threshold is applied when a
//! report is read (`snapshot::query`).

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::conversation::body::{Conversation, Direction, Kind, Message, Sender, Status, Visibility};
use crate::conversation::category::{Category, Reason};
use crate::conversation::timeline::{Item, Timeline};
use serde::{Deserialize, Serialize};

/// How long a reply may be queued before its send counts as stuck.
pub const QUEUED_MAX_MS: i64 = 2 * MINUTE_MS;

/// The channel of phone calls, on which nobody is owed a written answer.
const VOICE: &str = "voice";

/// A conversation whose customer waits for the autopilot or an agent.
///
/// Its JSON is stored, and compared with what was stored before: another order of the fields would publish every
/// candidate again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The customer.
    pub contact_id: String,
    /// `sms`, `email` …
    pub channel_type: String,
    /// The department, if it is in one.
    pub department_id: Option<String>,
    /// The owner, if it has one.
    pub owner_id: Option<String>,
    /// The assignees.
    pub assignee_ids: Vec<String>,
    /// Who stalled.
    pub category: Category,
    /// Why, as far as the timeline tells: [`Reason::AssigneeMissing`] is decided in `report_row`.
    pub reason: Reason,
    /// `at` of the first demand that no answer follows.
    pub waiting_since: Timestamp,
    /// Since when whoever is responsible owes the answer.
    pub stalled_since: Timestamp,
    /// `at` of the last demand.
    pub latest_inbound_at: Timestamp,
    /// The id of the last demand.
    pub latest_inbound_message_id: String,
}

/// The candidate that a conversation is as of an instant. `None` means that nobody waits, that nobody is responsible,
/// or that a gate keeps the conversation from being listed.
#[must_use]
pub fn candidate_as_of(conversation: &Conversation, timeline: &Timeline, as_of: Timestamp) -> Option<Candidate> {
    if is_gated(conversation, timeline, as_of) {
        return None;
    }
    let demands = open_demands(conversation, timeline, as_of)?;
    let waiting_since = demands.first.at;
    let responsibility = responsibility(conversation, timeline)?;
    let category = category(responsibility.party)?;
    let wait = Wait {
        timeline,
        waiting_since,
        responsible_since: responsibility.since,
        as_of,
    };
    Some(Candidate {
        contact_id: conversation.contact_id.clone(),
        channel_type: conversation.channel_type.clone(),
        department_id: conversation.department_id.clone(),
        owner_id: conversation.owner_id.clone(),
        assignee_ids: conversation.assignee_ids.clone(),
        category,
        reason: wait.reason(responsibility.party),
        waiting_since,
        stalled_since: stalled_since(waiting_since, responsibility.since),
        latest_inbound_at: demands.last.at,
        latest_inbound_message_id: demands.last_id.to_owned(),
    })
}

// Demand and answer

impl Message {
    /// Whether both sides can see it, and whether it says something: notes, reactions, activities, campaigns and automatic
    /// replies ask for nothing and answer nothing (4, 5, 6, 7, 8).
    fn is_public_content(&self) -> bool {
        self.visibility == Visibility::Public && matches!(self.kind, Kind::Text | Kind::Media)
    }

    /// **Demand**: whether the customer asks for an answer with it. What was written before the last resolution, or at
    /// that very instant, is resolved (10).
    #[must_use]
    pub fn is_demand(&self, resolved_at: Option<Timestamp>) -> bool {
        self.direction == Direction::Inbound
            && self.sender == Sender::Contact
            && self.is_public_content()
            && resolved_at.is_none_or(|resolved_at| self.at > resolved_at)
    }

    /// **Reply**: whether the autopilot or an agent writes to the customer with it, whatever became of it (2, 5, 15).
    #[must_use]
    pub fn is_reply(&self) -> bool {
        self.direction == Direction::Outbound
            && matches!(self.sender, Sender::Ai | Sender::Human)
            && self.is_public_content()
    }

    /// **Stuck**: whether it has been queued for longer than a send takes (27).
    #[must_use]
    pub fn is_stuck(&self, as_of: Timestamp) -> bool {
        self.status == Status::Queued && as_of.milliseconds_since(self.at) > QUEUED_MAX_MS
    }

    /// **Answer**: whether it is a reply that the customer has, or may still get (1, 2, 27). One in the future counts
    /// (20).
    #[must_use]
    pub fn is_answer(&self, as_of: Timestamp) -> bool {
        self.is_reply() && self.status != Status::Failed && !self.is_stuck(as_of)
    }

    /// Whether it ends the wait for `demand`: it does if it is later, and at the same instant if its `sequence` is
    /// greater (1).
    fn follows(&self, demand: &Self) -> bool {
        (self.at, self.sequence) > (demand.at, demand.sequence)
    }
}

// Waiting since

/// The demands that decide since when the customer waits, and what the customer asked last.
struct OpenDemands<'a> {
    /// The first demand that no answer follows: the customer waits since then (1, 3).
    first: &'a Message,
    /// The last demand of all.
    last: &'a Message,
    /// The id of the last demand.
    last_id: &'a str,
}

/// `None` means that no customer waits: there is no demand (9), or an answer follows each of them.
fn open_demands<'a>(conversation: &Conversation, timeline: &'a Timeline, as_of: Timestamp) -> Option<OpenDemands<'a>> {
    let last_answer = timeline
        .messages()
        .filter(|message| message.is_answer(as_of))
        .max_by_key(|answer| (answer.at, answer.sequence));
    let mut demands = timeline
        .messages_with_ids()
        .filter(|(_, message)| message.is_demand(conversation.resolved_at));
    let (first_id, first) = demands.find(|(_, demand)| last_answer.is_none_or(|answer| !answer.follows(demand)))?;
    // Demands are in order, so that whatever comes after the first open one is the last, if there is any.
    let (last_id, last) = demands.next_back().unwrap_or((first_id, first));
    Some(OpenDemands { first, last, last_id })
}

// Responsible

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

/// Who is responsible, and since when without interruption.
struct Responsibility {
    party: Responsible,
    since: Timestamp,
}

/// Who is responsible at the end of the timeline. `None` means that the timeline is empty.
fn responsibility(conversation: &Conversation, timeline: &Timeline) -> Option<Responsibility> {
    let mut walk = Walk::new(conversation);
    let mut current: Option<Responsibility> = None;
    for item in timeline.items() {
        walk.step(item);
        let party = walk.responsible();
        if current.as_ref().is_none_or(|before| before.party != party) {
            let since = item.at();
            current = Some(Responsibility { party, since });
        }
    }
    current
}

/// What a walk along the timeline has to remember to say who is responsible.
struct Walk {
    /// Whether the conversation has an owner or an assignee. They are taken as they are now, for the whole walk (30).
    has_agent: bool,
    is_autopilot_on: bool,
    was_switched_off_by_person: bool,
    /// Whether a human has replied since the autopilot was last switched on.
    has_human_replied: bool,
}

impl Walk {
    /// The autopilot is on from the start (17).
    fn new(conversation: &Conversation) -> Self {
        Self {
            has_agent: conversation.owner_id.is_some() || !conversation.assignee_ids.is_empty(),
            is_autopilot_on: true,
            was_switched_off_by_person: false,
            has_human_replied: false,
        }
    }

    fn step(&mut self, item: &Item) {
        match item {
            Item::Autopilot(change) if change.enabled => {
                self.is_autopilot_on = true;
                self.has_human_replied = false;
            }
            Item::Autopilot(change) => {
                self.is_autopilot_on = false;
                self.was_switched_off_by_person = change.actor_id.is_some();
            }
            Item::Message(message) => {
                self.has_human_replied |= message.is_reply() && message.sender == Sender::Human;
            }
        }
    }

    /// A reply of a human takes over, even one that fails, and even while the autopilot is on (2, 12, 15), until the
    /// autopilot is switched on again (14). Besides, an agent is responsible while the autopilot is off, if a person
    /// switched it off (29) or there is somebody to take care (30).
    fn responsible(&self) -> Responsible {
        if self.has_human_replied {
            Responsible::Human
        } else if self.is_autopilot_on {
            Responsible::Ai
        } else if self.was_switched_off_by_person || self.has_agent {
            Responsible::Human
        } else {
            Responsible::Nobody
        }
    }
}

// Stalled since

/// Nobody owes an answer before becoming responsible, so a take-over restarts the clock (12) and handing back does (14).
fn stalled_since(waiting_since: Timestamp, responsible_since: Timestamp) -> Timestamp {
    waiting_since.max(responsible_since)
}

// Gates

/// Whether the conversation is kept from being listed, however long its customer waits (11, 22). The gate of the
/// blocked contact (23) is in `report_row`.
fn is_gated(conversation: &Conversation, timeline: &Timeline, as_of: Timestamp) -> bool {
    conversation.draft
        || conversation.merged_into.is_some()
        || conversation.channel_type == VOICE
        || is_snoozed(conversation, timeline, as_of)
}

/// A snooze ends at its instant, or earlier by a demand that is later than the snooze was set: a note, a reaction or a
/// take-over does not end it (11).
fn is_snoozed(conversation: &Conversation, timeline: &Timeline, as_of: Timestamp) -> bool {
    let (Some(until), Some(snoozed_at)) = (conversation.snoozed_until, conversation.snoozed_at) else {
        return false;
    };
    let ends_snooze = |message: &Message| message.is_demand(conversation.resolved_at) && message.at > snoozed_at;
    until > as_of && !timeline.messages().any(ends_snooze)
}

// Category and reason

/// Whoever is responsible is who stalled. `None` means nobody (29).
fn category(responsible: Responsible) -> Option<Category> {
    match responsible {
        Responsible::Ai => Some(Category::AiStuck),
        Responsible::Human => Some(Category::AgentAbandoned),
        Responsible::Nobody => None,
    }
}

/// A wait of which the reason is wanted: the first of its category that applies. "Since" is at that instant or later.
struct Wait<'a> {
    timeline: &'a Timeline,
    waiting_since: Timestamp,
    responsible_since: Timestamp,
    as_of: Timestamp,
}

impl Wait<'_> {
    fn reason(&self, responsible: Responsible) -> Reason {
        match responsible {
            Responsible::Ai => self.reason_of_ai(),
            Responsible::Human => self.reason_of_human(),
            Responsible::Nobody => Reason::NobodyAssigned,
        }
    }

    fn reason_of_ai(&self) -> Reason {
        let is_handoff_notice = |message: &Message| message.kind == Kind::HandoffNotice;
        if self.has_failed_reply(Sender::Ai) {
            Reason::ReplyFailed
        } else if self.has_stuck_reply(Sender::Ai) {
            Reason::ReplyQueued
        } else if self.has_since(self.waiting_since, is_handoff_notice) {
            Reason::HandoffNotCompleted
        } else {
            Reason::NoReply
        }
    }

    /// [`Reason::AssigneeMissing`] comes before the last two of these; see `report_row`.
    fn reason_of_human(&self) -> Reason {
        let is_note = |message: &Message| message.sender == Sender::Human && message.visibility == Visibility::Private;
        let is_answer = |message: &Message| message.sender == Sender::Human && message.is_answer(self.as_of);
        if self.has_failed_reply(Sender::Human) {
            Reason::ReplyFailed
        } else if self.has_stuck_reply(Sender::Human) {
            Reason::ReplyQueued
        } else if self.has_since(self.waiting_since, is_note) {
            Reason::OnlyPrivateNote
        } else if self.has_since(self.responsible_since, is_answer) {
            Reason::NoReplyToFollowUp
        } else {
            Reason::NoReplySinceTakeover
        }
    }

    fn has_failed_reply(&self, sender: Sender) -> bool {
        self.has_since(self.waiting_since, |message| {
            message.sender == sender && message.is_reply() && message.status == Status::Failed
        })
    }

    fn has_stuck_reply(&self, sender: Sender) -> bool {
        self.has_since(self.waiting_since, |message| {
            message.sender == sender && message.is_reply() && message.is_stuck(self.as_of)
        })
    }

    fn has_since(&self, since: Timestamp, is_wanted: impl Fn(&Message) -> bool) -> bool {
        self.timeline
            .messages()
            .any(|message| message.at >= since && is_wanted(message))
    }
}
