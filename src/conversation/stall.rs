//! What stalled means: from a conversation's timeline to the candidate that it is at an instant.
//!
//! Out of scope here: names, blocked contacts and active agents, which are joined at publication (`row`), and the
//! threshold, which is applied when a report is read (`selection`).

use crate::base::timestamp::Timestamp;
use crate::conversation::category::{Category, Reason};
use crate::conversation::timeline::{
    Conversation, Kind, Message, QUEUED_MAX_MS, Responsible, Sender, Status, Timeline, Visibility, responsible,
};
use serde::{Deserialize, Serialize};

/// How many turning points are looked at in one fold, each at the cost of a walk over the timeline.
const TURNING_POINTS_MAX: usize = 50;

/// The channel on which nobody is owed a written answer.
const VOICE: &str = "voice";

/// A conversation whose customer waits for the autopilot or an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The customer.
    pub contact_id: String,
    /// `sms`, `email` …
    pub channel_type: String,
    /// The department, if any.
    pub department_id: Option<String>,
    /// The owner, if any.
    pub owner_id: Option<String>,
    /// The assignees.
    pub assignee_ids: Vec<String>,
    /// Who stalled.
    pub category: Category,
    /// Why, as far as the timeline tells; `row` decides about [`Reason::AssigneeMissing`].
    pub reason: Reason,
    /// `at` of the first demand that no answer follows.
    pub waiting_since: Timestamp,
    /// Since when the one who is responsible now owes the answer.
    pub stalled_since: Timestamp,
    /// `at` of the last demand.
    pub latest_inbound_at: Timestamp,
    /// The last demand.
    pub latest_inbound_message_id: String,
}

/// What a timeline comes to at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The candidate that the conversation is, if it is one.
    pub candidate: Option<Candidate>,
    /// The first later instant at which time alone makes it another, or none.
    pub due_at: Option<Timestamp>,
}

/// Folds the timeline of `conversation` as it stands at `as_of`. A conversation whose record is not held, or is
/// removed, is no candidate.
#[must_use]
pub fn fold(conversation: Option<&Conversation>, timeline: &Timeline, as_of: Timestamp) -> Fold {
    let Some(conversation) = conversation else {
        return Fold {
            candidate: None,
            due_at: None,
        };
    };
    let candidate = candidate_at(conversation, timeline, as_of);
    let instants = turning_points(conversation, timeline, as_of);
    let considered = instants.get(..TURNING_POINTS_MAX).unwrap_or(&instants);
    let due_at = considered
        .iter()
        .find(|instant| candidate_at(conversation, timeline, **instant) != candidate)
        // If there are more, it is folded again then: needless, but never too late.
        .or_else(|| instants.get(TURNING_POINTS_MAX))
        .copied();
    Fold { candidate, due_at }
}

/// The instants after `as_of`, ascending, at which a snooze ends or a send becomes stuck: between them time alone
/// changes nothing.
fn turning_points(conversation: &Conversation, timeline: &Timeline, as_of: Timestamp) -> Vec<Timestamp> {
    let stuck = timeline
        .messages()
        .filter(|(_, message)| message.is_reply() && message.status == Status::Queued)
        .map(|(_, message)| message.at.plus(QUEUED_MAX_MS).plus(1));
    let mut instants: Vec<Timestamp> = stuck
        .chain(conversation.snoozed_until)
        .filter(|instant| *instant > as_of)
        .collect();
    instants.sort_by(Timestamp::cmp);
    instants.dedup();
    instants
}

fn candidate_at(conversation: &Conversation, timeline: &Timeline, as_of: Timestamp) -> Option<Candidate> {
    if !passes_gates(conversation, timeline, as_of) {
        return None;
    }
    let demands = || {
        timeline
            .messages()
            .filter(|(_, message)| message.is_demand(conversation.resolved_at))
    };
    let place = |message: &Message| (message.at, message.sequence);
    let last_answer = timeline
        .messages()
        .filter(|(_, message)| message.is_answer(as_of))
        .map(|(_, message)| place(message))
        .max();
    let (_, first_open) = demands().find(|(_, demand)| last_answer.is_none_or(|answer| answer <= place(demand)))?;
    let (latest_id, latest) = demands().next_back()?;

    let has_agent = conversation.owner_id.is_some() || !conversation.assignee_ids.is_empty();
    let (kind, owner_since) = responsible(timeline, has_agent)?;
    let waiting_since = first_open.at;
    let (category, reason) = match kind {
        Responsible::Ai => (Category::AiStuck, ai_reason(timeline, waiting_since, as_of)),
        Responsible::Human => (
            Category::AgentAbandoned,
            human_reason(timeline, waiting_since, owner_since, as_of),
        ),
        Responsible::Nobody => return None,
    };
    Some(Candidate {
        contact_id: conversation.contact_id.clone(),
        channel_type: conversation.channel_type.clone(),
        department_id: conversation.department_id.clone(),
        owner_id: conversation.owner_id.clone(),
        assignee_ids: conversation.assignee_ids.clone(),
        category,
        reason,
        waiting_since,
        stalled_since: waiting_since.max(owner_since),
        latest_inbound_at: latest.at,
        latest_inbound_message_id: latest_id.to_owned(),
    })
}

/// All gates but that of the blocked contact.
fn passes_gates(conversation: &Conversation, timeline: &Timeline, as_of: Timestamp) -> bool {
    let snoozed = || {
        let ahead = conversation.snoozed_until.is_some_and(|until| until > as_of);
        let woken = || {
            timeline.messages().any(|(_, message)| {
                message.is_demand(conversation.resolved_at) && conversation.snoozed_at.is_some_and(|at| message.at > at)
            })
        };
        ahead && !woken()
    };
    conversation.merged_into.is_none() && !conversation.draft && conversation.channel_type != VOICE && !snoozed()
}

fn ai_reason(timeline: &Timeline, waiting_since: Timestamp, as_of: Timestamp) -> Reason {
    let since = |wanted: &dyn Fn(&Message) -> bool| any_since(timeline, waiting_since, wanted);
    if since(&|message| failed_reply(message, Sender::Ai)) {
        Reason::ReplyFailed
    } else if since(&|message| stuck_reply(message, Sender::Ai, as_of)) {
        Reason::ReplyQueued
    } else if since(&|message| message.kind == Kind::HandoffNotice) {
        Reason::HandoffNotCompleted
    } else {
        Reason::NoReply
    }
}

fn human_reason(timeline: &Timeline, waiting_since: Timestamp, owner_since: Timestamp, as_of: Timestamp) -> Reason {
    let since = |wanted: &dyn Fn(&Message) -> bool| any_since(timeline, waiting_since, wanted);
    let is_note = |message: &Message| message.visibility == Visibility::Private && message.sender == Sender::Human;
    let is_human_answer = |message: &Message| message.sender == Sender::Human && message.is_answer(as_of);
    if since(&|message| failed_reply(message, Sender::Human)) {
        Reason::ReplyFailed
    } else if since(&|message| stuck_reply(message, Sender::Human, as_of)) {
        Reason::ReplyQueued
    } else if since(&is_note) {
        Reason::OnlyPrivateNote
    } else if any_since(timeline, owner_since, &is_human_answer) {
        Reason::NoReplyToFollowUp
    } else {
        Reason::NoReplySinceTakeover
    }
}

fn any_since(timeline: &Timeline, since: Timestamp, wanted: &dyn Fn(&Message) -> bool) -> bool {
    timeline
        .messages()
        .any(|(_, message)| message.at >= since && wanted(message))
}

fn failed_reply(message: &Message, sender: Sender) -> bool {
    message.sender == sender && message.is_reply() && message.status == Status::Failed
}

fn stuck_reply(message: &Message, sender: Sender, as_of: Timestamp) -> bool {
    message.sender == sender && message.is_reply() && message.is_stuck(as_of)
}
