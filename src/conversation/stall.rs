//! What "stalled" means: docs/definition.md in code, term by term and in its order. The numbers in parentheses are
//! those of the cases there.
//!
//! The terms before this file are in `merge` (timelines), `resolution`, `answers` (demands, answers, promises) and
//! `responsible`. Three rules are applied elsewhere, because they need more than the timeline: names, blocked contacts
//! and active persons are joined when a row is published (`report_row`), and thresholds are applied when a report is
//! read (`snapshot::groups`).

use crate::base::timestamp::Timestamp;
use crate::conversation::acknowledgement::{Acknowledgement, as_body};
use crate::conversation::answers::{Answers, Demand, demands};
use crate::conversation::body::Conversation;
use crate::conversation::category::{Category, Reason};
use crate::conversation::item::MessageItem;
use crate::conversation::merge::Merged;
use crate::conversation::message::{MessageStatus, Sender, Visibility};
use crate::conversation::responsible::{Responsibility, Responsible, responsibility};
use crate::conversation::timeline::Timeline;
use serde::{Deserialize, Serialize};

/// The number of the rule that this file and those that it names follow. Whoever changes what a timeline amounts to
/// adds 1: then everything is folded again.
pub const RULE: i64 = 3;
/// How long the AI has to answer before its silence means anything.
pub const AI_GRACE_MS: i64 = 30_000;
/// How often the responsible may change before it counts as passing the customer back and forth.
pub const CHANGES_MAX: usize = 2;

/// The channel of phone calls, on which nobody is owed a written answer.
const VOICE: &str = "voice";

/// A conversation whose customer waits, for whomever, and that passes the gates, except that of the blocked contact.
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
    /// Which list it is in.
    pub category: Category,
    /// Why, as far as the timeline tells: [`Reason::AssigneeMissing`] is decided in `report_row`.
    pub reason: Reason,
    /// `at` of the first demand that no answer covers.
    pub waiting_since: Timestamp,
    /// Since when whoever is responsible owes the answer.
    pub stalled_since: Timestamp,
    /// `at` of the last demand.
    pub latest_inbound_at: Timestamp,
    /// The id of the last demand.
    pub latest_inbound_message_id: String,
    /// Who has acknowledged it. It is only there where that makes the category.
    #[serde(default, with = "as_body", skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<Acknowledgement>,
}

/// A conversation with everything that decides whether and how it is listed.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// Its record.
    pub conversation: &'a Conversation,
    /// That it was acknowledged, if it was.
    pub acknowledgement: Option<&'a Acknowledgement>,
    /// Its timeline, by all merges.
    pub timeline: &'a Timeline,
}

impl<'a> Judged<'a> {
    /// `None` means that the record is not stored or removed, or that another conversation stands for it.
    #[must_use]
    pub fn new(merged: &'a Merged) -> Option<Self> {
        Some(Self {
            conversation: merged.conversation.as_ref()?,
            acknowledgement: merged.acknowledgement.as_ref(),
            timeline: merged.timeline.as_ref()?,
        })
    }
}

/// The candidate that a conversation is as of an instant. `None` means that nobody waits, or not long enough to matter,
/// or that a gate keeps the conversation from being listed.
#[must_use]
pub fn candidate_as_of(judged: Judged<'_>, as_of: Timestamp) -> Option<Candidate> {
    if gates(judged.conversation).iter().any(Option::is_some) {
        return None;
    }
    wait_as_of(judged, as_of, false)
}

/// The candidate that a conversation would be if no gate kept it from being listed, and, if `is_early`, if the AI had
/// had its 30 seconds.
#[must_use]
pub fn wait_as_of(judged: Judged<'_>, as_of: Timestamp, is_early: bool) -> Option<Candidate> {
    let Judged {
        conversation, timeline, ..
    } = judged;
    let demands = demands(timeline);
    let last = demands.last()?;
    let answers = Answers::new(timeline, &demands, as_of);
    let open = first_open(&demands, &answers)?;
    let waiting_since = open.first()?.message.at;
    let responsibility = responsibility(conversation, timeline, &answers, waiting_since)?;
    if !is_early && responsibility.party == Responsible::Ai && !has_grace_ended(&open, as_of) {
        return None;
    }
    let wait = Wait {
        timeline,
        waiting_since,
        responsibility,
        as_of,
    };
    let category = category(judged, &demands, responsibility.party, as_of);
    let acknowledgement = judged.acknowledgement.filter(|_| category == Category::Acknowledged);
    Some(Candidate {
        contact_id: conversation.contact_id.clone(),
        channel_type: conversation.channel_type.clone(),
        department_id: conversation.department_id.clone(),
        owner_id: conversation.owner_id.clone(),
        assignee_ids: conversation.assignee_ids.clone(),
        category,
        reason: wait.reason(),
        waiting_since,
        stalled_since: wait.stalled_since(answers.earliest_hand_off(&open)),
        latest_inbound_at: last.message.at,
        latest_inbound_message_id: last.id.to_owned(),
        acknowledgement: acknowledgement.cloned(),
    })
}

/// The first demand that no answer covers: the customer waits since then (1, 3). Several may have the same clock; which
/// of them is first must not matter. `None` means that no customer waits: there is no demand (9), or each is covered.
fn first_open<'a>(demands: &[Demand<'a>], answers: &Answers<'_>) -> Option<Vec<Demand<'a>>> {
    let mut open = demands.iter().filter(|demand| !answers.cover(demand));
    let first = open.next()?;
    let ties = open.take_while(|demand| demand.message.clock() == first.message.clock());
    Some(std::iter::once(first).chain(ties).copied().collect())
}

/// The AI is about to answer what arrived less than 30 seconds ago (51).
fn has_grace_ended(open: &[Demand<'_>], as_of: Timestamp) -> bool {
    let has_ended = |demand: &Demand<'_>| as_of.milliseconds_since(demand.message.arrival().at) >= AI_GRACE_MS;
    open.iter().all(has_ended)
}

/// **Gates**: what keeps the conversation from being listed, however long its customer waits (22, 49). The gate of the
/// blocked contact (23) is in `report_row`, and a conversation that was merged into another one has no timeline.
#[must_use]
pub fn gates(conversation: &Conversation) -> [Option<&'static str>; 2] {
    let is_voice = conversation.channel_type.eq_ignore_ascii_case(VOICE);
    [conversation.draft.then_some("draft"), is_voice.then_some("voice")]
}

/// **Category**: a snoozed or acknowledged conversation is on no list of the contract (35); else whoever is responsible
/// is who stalled.
fn category(judged: Judged<'_>, demands: &[Demand<'_>], responsible: Responsible, as_of: Timestamp) -> Category {
    if is_snoozed(judged.conversation, demands, as_of) {
        return Category::Snoozed;
    }
    let is_in_force = |acknowledgement| is_in_force(acknowledgement, demands, as_of);
    if judged.acknowledgement.is_some_and(is_in_force) {
        return Category::Acknowledged;
    }
    match responsible {
        Responsible::Ai => Category::AiStuck,
        Responsible::Human => Category::AgentAbandoned,
        Responsible::Nobody => Category::Unassigned,
    }
}

/// A snooze ends at its instant, if it has one, and with the first demand that arrives after it was set: a note, a
/// reaction or a take-over does not end it (11, 36, 43).
fn is_snoozed(conversation: &Conversation, demands: &[Demand<'_>], as_of: Timestamp) -> bool {
    let is_over = conversation.snoozed_until.is_some_and(|until| until <= as_of);
    let is_set = |snoozed_at| !demands.iter().any(|demand| demand.message.arrival().at >= snoozed_at);
    !is_over && conversation.snoozed_at.is_some_and(is_set)
}

/// An acknowledgement ends at its instant, if it has one, and with the first demand that the supervisor had not seen:
/// one that is later in the timeline, or that arrived later. The source's clock may be ahead, so what had arrived no
/// later than the last demand that the supervisor saw was seen.
fn is_in_force(acknowledgement: &Acknowledgement, demands: &[Demand<'_>], as_of: Timestamp) -> bool {
    let Some(last) = demands.last() else {
        return false;
    };
    let seen_until = last.message.arrival().at.max(acknowledgement.at);
    last.id == acknowledgement.latest_inbound_message_id
        && acknowledgement.until.is_none_or(|until| until > as_of)
        && demands.iter().all(|demand| demand.message.arrival().at <= seen_until)
}

/// A wait whose responsible and reason are wanted. "Since" is at that instant or later.
struct Wait<'a> {
    timeline: &'a Timeline,
    waiting_since: Timestamp,
    responsibility: Responsibility,
    as_of: Timestamp,
}

impl Wait<'_> {
    /// **Stalled since**: nobody owes an answer before becoming responsible, so a take-over restarts the clock (12),
    /// handing back does (14), and so does a hand-off that was promised (32). Passing the customer back and forth does
    /// not (33).
    fn stalled_since(&self, handed_off_at: Option<Timestamp>) -> Timestamp {
        if self.is_passed_back_and_forth() {
            return self.waiting_since;
        }
        let since = self.waiting_since.max(self.responsibility.since);
        handed_off_at.map_or(since, |handed_off_at| since.max(handed_off_at))
    }

    fn is_passed_back_and_forth(&self) -> bool {
        self.responsibility.changes > CHANGES_MAX
    }

    /// **Reason**: the first that applies.
    fn reason(&self) -> Reason {
        if self.is_passed_back_and_forth() {
            return Reason::PassedBackAndForth;
        }
        match self.responsibility.party {
            Responsible::Ai => self.reason_of_ai(),
            Responsible::Human => self.reason_of_human(),
            Responsible::Nobody if self.has_hand_off() => Reason::HandoffNotCompleted,
            Responsible::Nobody => Reason::NobodyAssigned,
        }
    }

    fn reason_of_ai(&self) -> Reason {
        if self.has_failed_reply(Sender::Ai) {
            Reason::ReplyFailed
        } else if self.has_stuck_reply(Sender::Ai) {
            Reason::ReplyQueued
        } else if self.has_hand_off() {
            Reason::HandoffNotCompleted
        } else {
            Reason::NoReply
        }
    }

    /// [`Reason::AssigneeMissing`] comes before the last two of these; see `report_row`.
    fn reason_of_human(&self) -> Reason {
        let is_note =
            |message: &MessageItem| message.sender == Sender::Human && message.visibility == Visibility::Private;
        let is_answer =
            |message: &MessageItem| message.sender == Sender::Human && message.is_reply_that_arrives(self.as_of);
        if self.has_failed_reply(Sender::Human) {
            Reason::ReplyFailed
        } else if self.has_stuck_reply(Sender::Human) {
            Reason::ReplyQueued
        } else if self.has_since(self.waiting_since, is_note) {
            Reason::OnlyPrivateNote
        } else if self.has_since(self.responsibility.since, is_answer) {
            Reason::NoReplyToFollowUp
        } else {
            Reason::NoReplySinceTakeover
        }
    }

    fn has_hand_off(&self) -> bool {
        self.has_since(self.waiting_since, MessageItem::is_hand_off)
    }

    fn has_failed_reply(&self, sender: Sender) -> bool {
        self.has_since(self.waiting_since, |message| {
            message.sender == sender && message.is_reply() && message.status == MessageStatus::Failed
        })
    }

    fn has_stuck_reply(&self, sender: Sender) -> bool {
        self.has_since(self.waiting_since, |message| {
            message.sender == sender && message.is_reply() && message.is_stuck(self.as_of)
        })
    }

    fn has_since(&self, since: Timestamp, is_wanted: impl Fn(&MessageItem) -> bool) -> bool {
        self.timeline
            .messages()
            .any(|message| message.at >= since && is_wanted(message))
    }
}
