//! Why a conversation is listed, or why not: what the fold makes of each item. Nothing is decided here: every answer
//! comes from the functions that decide.

use crate::base::timestamp::{Timestamp, rfc3339};
use crate::conversation::answers::{Answers, demand, demands};
use crate::conversation::body::Conversation;
use crate::conversation::item::{Item, MessageItem};
use crate::conversation::merge::{Member, merge};
use crate::conversation::message::{MessageKind, Sender, Visibility};
use crate::conversation::responsible::{Responsible, walk};
use crate::conversation::stall::{Candidate, Judged, gates, wait_as_of};
use crate::conversation::state::{State, fold_one};
use crate::conversation::timeline::{EXPLAINED_MAX, NEVER, Timeline, TimelineItem};
use serde::Serialize;

/// Why a conversation is listed, or why not.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Its record. `None` means that none is stored, or that it was removed.
    pub conversation: Option<Conversation>,
    /// What a refresh stores of it: the candidate that it is, and when time alone changes that.
    pub state: State,
    /// What keeps it from being listed, as far as its record and the merges tell.
    pub gates: Vec<&'static str>,
    /// The candidate that it would be without gates and without waiting for the AI.
    pub wait: Option<Candidate>,
    /// The id and `at` of the last demand.
    pub latest_inbound: Option<(String, Timestamp)>,
    /// Who owes the next answer: `ai`, `human` or `none`. `None` means that nothing has happened, or that it is not
    /// known.
    pub responsible: Option<&'static str>,
    /// Since when.
    pub owner_since: Option<Timestamp>,
    /// The latest resolution that settles what arrived before it.
    pub resolved_at: Option<Timestamp>,
    /// The last items of its timeline, first to last.
    pub items: Vec<ExplainedItem>,
    /// Whether there were earlier ones.
    pub has_earlier_items: bool,
}

/// An item of a timeline, and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedItem {
    /// When it happened.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// `message`, `autopilot` or `resolution`.
    #[serde(rename = "type")]
    pub record_type: &'static str,
    /// The id of its record.
    pub id: String,
    /// Who wrote the message; of a change `human` if a person made it.
    pub sender: Option<&'static str>,
    /// What a message is.
    pub kind: Option<&'static str>,
    /// What became of a message.
    pub status: Option<&'static str>,
    /// What it does: `demand`, `answer`, `ignored:campaign` …
    pub effect: &'static str,
}

/// Explains one of the conversations that were merged with each other, all of which must be among `members`, with the
/// items of `ItemCollection::for_evidence`. `None` means that it is not among them.
#[must_use]
pub fn explain(members: Vec<Member>, conversation_id: &str, as_of: Timestamp) -> Option<Explanation> {
    let merged = merge(members).into_iter().find(|merged| merged.id == conversation_id)?;
    let state = fold_one(&merged, as_of);
    let judged = Judged::new(&merged);
    let wait = judged.and_then(|judged| wait_as_of(judged, as_of, true));
    let mut explanation = Explanation {
        state,
        gates: merged.conversation.as_ref().map_or_else(Vec::new, |conversation| {
            gates(conversation).into_iter().flatten().collect()
        }),
        wait,
        latest_inbound: None,
        responsible: None,
        owner_since: None,
        resolved_at: None,
        items: Vec::new(),
        has_earlier_items: false,
        conversation: merged.conversation,
    };
    match &merged.timeline {
        Some(timeline) => explanation.add_items(timeline, as_of),
        None => explanation.gates.insert(0, "merged"),
    }
    Some(explanation)
}

impl Explanation {
    fn add_items(&mut self, timeline: &Timeline, as_of: Timestamp) {
        let unknown = Conversation {
            starts_with_autopilot: true,
            ..Conversation::default()
        };
        let conversation = self.conversation.as_ref().unwrap_or(&unknown);
        let demands = demands(timeline);
        let answers = Answers::new(timeline, &demands, as_of);
        let waiting_since = self.wait.as_ref().map_or(as_of, |wait| wait.waiting_since);
        let (responsibility, switches) = walk(conversation, timeline, &answers, waiting_since);
        if let (Some(responsibility), true) = (responsibility, self.conversation.is_some()) {
            self.responsible = Some(match responsibility.party {
                Responsible::Ai => "ai",
                Responsible::Human => "human",
                Responsible::Nobody => "none",
            });
            self.owner_since = Some(responsibility.since).filter(|since| *since > NEVER);
        }
        self.latest_inbound = demands.last().map(|last| (last.id.to_owned(), last.message.at));
        let items = timeline.items();
        let resolved_at = items.iter().map(|item| item.resolved_at).max();
        self.resolved_at = resolved_at.filter(|resolved_at| *resolved_at > NEVER);
        let earlier = items.len().saturating_sub(EXPLAINED_MAX);
        self.has_earlier_items = earlier > 0 || timeline.has_forgotten();
        let explained = items.iter().enumerate().skip(earlier).map(|(number, item)| {
            let effect = match &item.item {
                Item::Autopilot(_) if !switches.contains(&number) => "ignored:no_change",
                Item::Autopilot(change) if change.enabled => "handed_back",
                Item::Autopilot(change) if change.is_by_human => "taken_over",
                Item::Autopilot(_) => "autopilot_off",
                Item::Resolution(resolution) if !resolution.resolved => "reopened",
                Item::Resolution(resolution) if resolution.settles() => "resolved",
                Item::Resolution(_) => "ignored:not_by_human",
                Item::Message(message) => effect(number, item, message, &answers, as_of),
            };
            explained(item, effect)
        });
        self.items = explained.collect();
    }
}

/// What a message does.
fn effect(
    number: usize,
    item: &TimelineItem,
    message: &MessageItem,
    answers: &Answers<'_>,
    as_of: Timestamp,
) -> &'static str {
    if message.is_hand_off() {
        return "hand_off";
    }
    if message.is_from_customer() {
        return match demand(item) {
            Some(demand) if answers.cover(&demand) => "covered_demand",
            Some(_) => "demand",
            None if message.needs_reply => "settled_demand",
            None => "ignored:no_reply_needed",
        };
    }
    if answers.contains(number) {
        "answer"
    } else if answers.has_promise(number) {
        "promise"
    } else if message.is_reply() && message.is_stuck(as_of) {
        "stuck_answer"
    } else if message.is_reply() {
        "failed_answer"
    } else {
        note_or_ignored(message)
    }
}

/// A note among agents may be why nobody answered. Everything else decides nothing.
fn note_or_ignored(message: &MessageItem) -> &'static str {
    match (message.visibility, message.kind, message.sender) {
        (Visibility::Private, _, Sender::Human) => "note",
        (Visibility::Private, _, _) => "ignored:private",
        (_, MessageKind::Reaction, _) => "ignored:reaction",
        (_, MessageKind::Activity, _) => "ignored:activity",
        (_, MessageKind::AutoReply, _) => "ignored:auto_reply",
        (_, MessageKind::Campaign, _) => "ignored:campaign",
        (_, MessageKind::OptOut, _) => "ignored:opt_out",
        (_, _, Sender::Automation) => "ignored:automation",
        (_, _, Sender::System) => "ignored:system",
        // A customer writes inbound, and the AI and agents outbound.
        _ => "ignored:direction",
    }
}

fn explained(item: &TimelineItem, effect: &'static str) -> ExplainedItem {
    let by = |is_by_human: bool| is_by_human.then_some(Sender::Human);
    let (record_type, sender, message) = match &item.item {
        Item::Autopilot(change) => ("autopilot", by(change.is_by_human), None),
        Item::Resolution(resolution) => ("resolution", by(resolution.is_by_human), None),
        Item::Message(message) => ("message", Some(message.sender), Some(message)),
    };
    ExplainedItem {
        at: item.item.at(),
        record_type,
        id: item.id.as_deref().unwrap_or_default().to_owned(),
        sender: sender.map(Sender::into),
        kind: message.map(|message| message.kind.into()),
        status: message.map(|message| message.status.into()),
        effect,
    }
}
