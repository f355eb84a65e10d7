//! What stalled means: one function for each term of the definition, in its order and with its words.
//!
//! Whatever the text calls before, after, between or following is decided by clocks, that is by instants and sequences.
//! What has the same clock is neither before nor after, so that no result depends on how ids are spelled.

use super::records::{Acknowledgement, AutopilotChange, Clock, Conversation, Item, Message, Organization};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
/// How long a queued reply may wait before its send is stuck.
const QUEUED_ANSWER_MAX: i64 = 2 * MINUTE;
/// How long after a reply of the AI a hand-off makes it a promise.
const PROMISE_MAX: i64 = 10 * MINUTE;
/// How long before an answer the demand that it names may have arrived.
const NAMED_DEMAND_MAX: i64 = DAY;
/// How long before a reopening a resolution is cancelled by it.
const REOPENING_MAX: i64 = 3 * DAY;
/// How long the autopilot has to answer before its customer is a candidate.
const AUTOPILOT_PATIENCE: i64 = 30 * SECOND;
/// More changes of the kind of the responsible than so many are passing a customer back and forth.
const CHANGES_MAX: usize = 2;

/// What a row says of a candidate's wait.
pub struct Judgement {
    pub waiting_since: i64,
    pub stalled_since: i64,
    pub latest_inbound: Message,
    pub category: &'static str,
    pub reason: &'static str,
}

/// The kind of the responsible: who owes the next answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ai,
    Human,
    None,
}

/// What the definition says of one conversation, whose timeline these items are, at the instant `as_of`. `None` if it
/// is no candidate.
pub fn judge(
    organization: &Organization,
    conversation: &Conversation,
    items: Vec<Item>,
    as_of: i64,
) -> Option<Judgement> {
    let timeline = Timeline::new(organization, conversation, items, as_of);
    if is_gated(organization, conversation) || !timeline.is_candidate() {
        return None;
    }
    Some(Judgement {
        waiting_since: timeline.waiting_since()?,
        stalled_since: timeline.stalled_since()?,
        latest_inbound: timeline.latest_inbound()?.clone(),
        category: timeline.category(),
        reason: timeline.reason(),
    })
}

// ---------------------------------------------------------------------------------------------------------
// Arrival
// ---------------------------------------------------------------------------------------------------------

impl Message {
    /// **Arrival** of a message: its `receivedAt`, or its `at` where that is later or `receivedAt` is absent.
    fn arrival(&self) -> i64 {
        self.received_at
            .map_or(self.clock.at, |received_at| received_at.max(self.clock.at))
    }

    /// The arrival with the message's `sequence`.
    fn arrival_clock(&self) -> Clock {
        Clock {
            at: self.arrival(),
            sequence: self.clock.sequence,
        }
    }
}

// ---------------------------------------------------------------------------------------------------------
// Resolutions and reopenings
// ---------------------------------------------------------------------------------------------------------

/// The instants of the **resolutions** that count: the conversation's `resolvedAt`, and each of its `resolution`
/// records with `resolved: true`. One `by` automation or ai does not count. Where a record has the instant of
/// `resolvedAt`, it stands for both.
fn counting_resolutions(organization: &Organization, conversation_id: &str) -> Vec<i64> {
    let records: Vec<_> = organization
        .resolutions
        .iter()
        .filter(|record| record.conversation_id == conversation_id && record.resolved)
        .collect();
    let mut counting: Vec<i64> = records
        .iter()
        .filter(|record| record.by_human)
        .map(|record| record.at())
        .collect();
    let conversation = organization.conversations.get(conversation_id);
    if let Some(resolved_at) = conversation.and_then(|conversation| conversation.resolved_at) {
        let has_record = records.iter().any(|record| record.at() == resolved_at);
        if !has_record {
            counting.push(resolved_at);
        }
    }
    counting
}

/// The instants of the **reopenings**: `resolution` records with `resolved: false`.
fn reopenings(organization: &Organization, conversation_id: &str) -> Vec<i64> {
    organization
        .resolutions
        .iter()
        .filter(|record| record.conversation_id == conversation_id && !record.resolved)
        .map(|record| record.at())
        .collect()
}

/// Whether a reopening cancels a resolution: it cancels those of the three days before it (at the same instant too),
/// except those earlier than the last public text or media of the customer in that conversation that had arrived by
/// then.
fn cancels(organization: &Organization, conversation_id: &str, reopening: i64, resolution: i64) -> bool {
    let is_in_its_days = reopening - REOPENING_MAX <= resolution && resolution <= reopening;
    let last_arrival = organization
        .messages
        .iter()
        .filter(|message| message.conversation_id == conversation_id && message.is_words_of_customer())
        .map(Message::arrival)
        .filter(|arrival| *arrival <= reopening)
        .max();
    is_in_its_days && last_arrival.is_none_or(|last_arrival| resolution >= last_arrival)
}

/// **Resolution in force**: the latest resolution that counts and is not cancelled.
fn resolution_in_force(organization: &Organization, conversation_id: &str) -> Option<i64> {
    let reopenings = reopenings(organization, conversation_id);
    counting_resolutions(organization, conversation_id)
        .into_iter()
        .filter(|resolution| {
            !reopenings
                .iter()
                .any(|reopening| cancels(organization, conversation_id, *reopening, *resolution))
        })
        .max()
}

// ---------------------------------------------------------------------------------------------------------
// Demands, replies, hand-offs
// ---------------------------------------------------------------------------------------------------------

impl Message {
    fn is_text_or_media(&self) -> bool {
        self.kind == "text" || self.kind == "media"
    }

    /// Public text or media of the customer.
    fn is_words_of_customer(&self) -> bool {
        self.direction == "inbound"
            && self.visibility == "public"
            && self.sender == "contact"
            && self.is_text_or_media()
    }

    /// **reply**: outbound, public, sender ai or human, kind text or media, whatever its status.
    fn is_reply(&self) -> bool {
        self.direction == "outbound"
            && self.visibility == "public"
            && (self.is_of_ai() || self.is_of_human())
            && self.is_text_or_media()
    }

    fn is_of_ai(&self) -> bool {
        self.sender == "ai"
    }

    fn is_of_human(&self) -> bool {
        self.sender == "human"
    }

    fn is_failed(&self) -> bool {
        self.status == "failed"
    }

    /// A queued message whose two minutes are over: the send is stuck.
    fn is_stuck(&self, as_of: i64) -> bool {
        self.status == "queued" && as_of - self.clock.at > QUEUED_ANSWER_MAX
    }

    /// A reply that is an answer, unless it is a promise: not failed, and if queued, not stuck.
    fn is_answer_or_promise(&self, as_of: i64) -> bool {
        self.is_reply() && !self.is_failed() && !self.is_stuck(as_of)
    }

    /// **hand-off**: a `handoff_notice`, whatever its direction, sender and visibility.
    fn is_hand_off(&self) -> bool {
        self.kind == "handoff_notice"
    }

    /// Whether this hand-off follows a reply within 10 minutes. At the same instant it counts as following, unless both
    /// have a `sequence` and the hand-off's is smaller.
    fn follows_as_hand_off(&self, reply: &Message) -> bool {
        let later = self.clock.at - reply.clock.at;
        if later == 0 {
            let both_have_a_sequence = self.clock.has_sequence() && reply.clock.has_sequence();
            return !(both_have_a_sequence && self.clock.sequence < reply.clock.sequence);
        }
        later > 0 && later <= PROMISE_MAX
    }
}

/// **demand**: the customer's public text or media, `needsReply` not false, arrived at or after the resolution in force
/// of the conversation that it is in, and not before the resolution in force of any conversation that it was merged
/// into, through the chain, unless that resolution is earlier than the `mergedAt` of that step (absent: it counts). At
/// the very instant of a resolution it counts.
fn is_demand(organization: &Organization, message: &Message) -> bool {
    let chain = organization.chain(&message.conversation_id);
    let is_open_in = |conversation_id: &str| {
        resolution_in_force(organization, conversation_id).is_none_or(|resolution| message.arrival() >= resolution)
    };
    let is_open_after_step = |source: &str, target: &str| {
        let merged_at = organization.conversations[source].merged_at;
        let is_from_before_the_merge = match (resolution_in_force(organization, target), merged_at) {
            (Some(resolution), Some(merged_at)) => resolution < merged_at,
            _ => false,
        };
        is_from_before_the_merge || is_open_in(target)
    };
    message.is_words_of_customer()
        && message.needs_reply
        && is_open_in(&message.conversation_id)
        && chain.windows(2).all(|step| is_open_after_step(&step[0], &step[1]))
}

// ---------------------------------------------------------------------------------------------------------
// The timeline, and what covers what in it
// ---------------------------------------------------------------------------------------------------------

/// A conversation's timeline as of an instant.
struct Timeline<'a> {
    organization: &'a Organization,
    conversation: &'a Conversation,
    /// In timeline order.
    items: Vec<Item>,
    /// In timeline order.
    demands: Vec<Message>,
    /// In timeline order.
    answers: Vec<Message>,
    /// In timeline order.
    promises: Vec<Promise>,
    as_of: i64,
}

/// A promise and the hand-off that makes it one.
struct Promise {
    reply: Message,
    hand_off: Message,
}

impl<'a> Timeline<'a> {
    fn new(organization: &'a Organization, conversation: &'a Conversation, items: Vec<Item>, as_of: i64) -> Self {
        let mut timeline = Timeline {
            organization,
            conversation,
            items,
            demands: Vec::new(),
            answers: Vec::new(),
            promises: Vec::new(),
            as_of,
        };
        timeline.demands = timeline.messages_that(|message| is_demand(organization, message));
        timeline.promises = timeline
            .messages_that(|message| message.is_of_ai() && message.is_answer_or_promise(as_of))
            .into_iter()
            .filter_map(|reply| {
                let hand_off = timeline.hand_off_that_makes_a_promise_of(&reply)?;
                Some(Promise { reply, hand_off })
            })
            .collect();
        timeline.answers = timeline.messages_that(|message| timeline.is_answer(message));
        timeline
    }

    fn messages(&self) -> impl Iterator<Item = &Message> {
        self.items.iter().filter_map(|item| match item {
            Item::Message(message) => Some(message),
            Item::Change(_) | Item::Resolution(_) => None,
        })
    }

    fn messages_that(&self, is_wanted: impl Fn(&Message) -> bool) -> Vec<Message> {
        self.messages().filter(|message| is_wanted(message)).cloned().collect()
    }

    /// **answer**: a reply whose status is not `failed`, and if `queued`, only while `asOf − at` ≤ 2 minutes, and that
    /// is no promise.
    fn is_answer(&self, message: &Message) -> bool {
        message.is_answer_or_promise(self.as_of) && !self.promises.iter().any(|promise| promise.reply.id == message.id)
    }

    /// **promise**: a reply of the AI, otherwise an answer, that a hand-off follows within 10 minutes, if between the
    /// two there is no human answer and no demand arrives that the reply would not cover. The hand-off is the first
    /// that follows.
    fn hand_off_that_makes_a_promise_of(&self, reply: &Message) -> Option<Message> {
        let hand_off = self
            .messages()
            .find(|message| message.is_hand_off() && message.follows_as_hand_off(reply))?;
        let is_between = |clock: Clock| reply.clock < clock && clock < hand_off.clock;
        let has_human_answer = self.messages().any(|message| {
            message.is_of_human() && message.is_answer_or_promise(self.as_of) && is_between(message.clock)
        });
        let has_other_demand = self
            .demands
            .iter()
            .any(|demand| is_between(demand.arrival_clock()) && !self.would_cover(reply, demand));
        (!has_human_answer && !has_other_demand).then(|| hand_off.clone())
    }

    /// The demand that a reply's `inReplyTo` names: a demand of the timeline that arrived at most a day before the
    /// reply, or after it. Anything else that it names: as if it were absent.
    fn named_demand(&self, reply: &Message) -> Option<&Message> {
        let named = reply.in_reply_to.as_ref()?;
        self.demands
            .iter()
            .find(|demand| demand.id == *named && reply.clock.at - demand.arrival() <= NAMED_DEMAND_MAX)
    }

    /// Whether **an answer covers a demand** (or would, if it were one).
    ///
    /// An answer of the AI that names a demand covers that demand and the demands before it in the timeline, and no
    /// other, whatever the clocks say; a human's covers these besides what its clock covers.
    fn would_cover(&self, answer: &Message, demand: &Message) -> bool {
        let Some(named) = self.named_demand(answer) else {
            return covers_by_clock(answer, demand);
        };
        let covers_by_name = demand.id == named.id || demand.clock < named.clock;
        covers_by_name || (answer.is_of_human() && covers_by_clock(answer, demand))
    }

    /// The demands that no answer covers, in timeline order.
    fn open_demands(&self) -> Vec<&Message> {
        let is_covered = |demand: &Message| self.answers.iter().any(|answer| self.would_cover(answer, demand));
        self.demands.iter().filter(|demand| !is_covered(demand)).collect()
    }

    /// The first demand in the timeline that no answer covers, and the open demands that have the same clock.
    fn first_open_demands(&self) -> Vec<&Message> {
        let open = self.open_demands();
        let first_clock = open.first().map(|demand| demand.clock);
        open.into_iter()
            .filter(|demand| Some(demand.clock) == first_clock)
            .collect()
    }

    /// **waitingSince**: `at` of the first demand in the timeline that no answer covers. No such demand: nobody waits.
    fn waiting_since(&self) -> Option<i64> {
        self.first_open_demands().first().map(|demand| demand.clock.at)
    }

    /// **latestInbound…**: the last demand.
    fn latest_inbound(&self) -> Option<&Message> {
        self.demands.last()
    }
}

/// Whether the answer's (`at`, `sequence`) is greater than the demand's (arrival, `sequence`). If the instants are
/// equal and neither has a `sequence`, an answer of the AI covers, because it does not speak first; a human's does not.
fn covers_by_clock(answer: &Message, demand: &Message) -> bool {
    let arrival = demand.arrival_clock();
    let is_tied = answer.clock.at == arrival.at && !answer.clock.has_sequence() && !arrival.has_sequence();
    answer.clock > arrival || (is_tied && answer.is_of_ai())
}

// ---------------------------------------------------------------------------------------------------------
// The responsible, walked along the timeline
// ---------------------------------------------------------------------------------------------------------

/// What the walk meets.
#[derive(Clone, Copy)]
enum Step<'a> {
    /// From here on somebody is assigned.
    Assigned(i64),
    Item(&'a Item),
}

impl<'a> Step<'a> {
    fn at(self) -> i64 {
        match self {
            Step::Assigned(at) => at,
            Step::Item(item) => item.at(),
        }
    }

    fn change(self) -> Option<&'a AutopilotChange> {
        match self {
            Step::Item(Item::Change(change)) => Some(change),
            _ => None,
        }
    }

    fn message(self) -> Option<&'a Message> {
        match self {
            Step::Item(Item::Message(message)) => Some(message),
            _ => None,
        }
    }
}

/// A change of the kind of the responsible, or the start.
struct Turn {
    at: i64,
    kind: Kind,
}

impl Timeline<'_> {
    /// Whether the conversation has an owner or assignee now (a bot counts).
    fn has_people(&self) -> bool {
        !self.conversation.people().is_empty()
    }

    /// The items in order. `assignedAt` stands among them as a change of its own, before the other items of its
    /// instant, if the conversation has an owner or assignee now.
    fn walk(&self) -> Vec<Step<'_>> {
        let mut steps: Vec<Step> = self.items.iter().map(Step::Item).collect();
        if let (Some(assigned_at), true) = (self.conversation.assigned_at, self.has_people()) {
            let place = steps.iter().position(|step| step.at() >= assigned_at);
            steps.insert(place.unwrap_or(steps.len()), Step::Assigned(assigned_at));
        }
        steps
    }

    /// Without `assignedAt`, somebody is assigned from the first record that says off `by` human since the autopilot
    /// was last on.
    fn change_that_assigned(&self) -> Option<&AutopilotChange> {
        let changes: Vec<&AutopilotChange> = self.items.iter().filter_map(|item| Step::Item(item).change()).collect();
        let after_last_on = changes
            .iter()
            .rposition(|change| change.enabled)
            .map_or(0, |last_on| last_on + 1);
        changes[after_last_on..].iter().find(|change| change.by_human).copied()
    }

    /// Whether **somebody is assigned** after these steps of the walk.
    fn is_somebody_assigned(&self, walked: &[Step]) -> bool {
        if !self.has_people() {
            return false;
        }
        if self.conversation.assigned_at.is_some() {
            return walked.iter().any(|step| matches!(step, Step::Assigned(_)));
        }
        match self.change_that_assigned() {
            Some(first) => walked
                .iter()
                .filter_map(|step| step.change())
                .any(|change| change.id == first.id),
            None => true,
        }
    }

    /// The kind of the **responsible** after these steps of the walk.
    fn kind_after(&self, walked: &[Step]) -> Kind {
        let is_on_record = |step: &Step| step.change().is_some_and(|change| change.enabled);
        let last_on = walked.iter().rposition(is_on_record);
        // What came since the last record that says on, or since the start. All changes among it say off.
        let since_on = &walked[last_on.map_or(0, |last_on| last_on + 1)..];
        let was_on = last_on.is_some() || self.conversation.starts_with_autopilot;
        let record_that_says_off = since_on.iter().filter_map(|step| step.change()).next_back();
        let is_on = was_on && record_that_says_off.is_none();

        let last_human_reply = since_on
            .iter()
            .filter_map(|step| step.message())
            .filter(|message| message.is_reply() && message.is_of_human())
            .map(|reply| reply.clock)
            .max();
        let while_on = since_on.iter().take_while(|step| was_on && step.change().is_none());
        let last_ai_answer_while_on = while_on
            .filter_map(|step| step.message())
            .filter(|message| message.is_of_ai() && self.answers.iter().any(|answer| answer.id == message.id))
            .map(|answer| answer.clock)
            .max();
        // (a) A human replied, and no answer of the AI followed the last such reply while the autopilot was on.
        let is_with_a_human = last_human_reply.is_some() && last_ai_answer_while_on <= last_human_reply;
        // (b) The autopilot is off, and the record that says so is by human.
        let is_taken_over = record_that_says_off.is_some_and(|record| record.by_human);
        // (c) The autopilot is off, and somebody is assigned.
        let is_left_to_the_assigned = !is_on && self.is_somebody_assigned(walked);

        if is_with_a_human || is_taken_over || is_left_to_the_assigned {
            Kind::Human
        } else if is_on {
            Kind::Ai
        } else {
            Kind::None
        }
    }

    /// The start, which is what the first item makes the kind, and then each change of the kind.
    ///
    /// Messages with the same clock are walked together: otherwise the spelling of their ids could make changes.
    fn turns(&self) -> Vec<Turn> {
        let walk = self.walk();
        let mut turns: Vec<Turn> = Vec::new();
        for length in 1..=walk.len() {
            let last = walk[length - 1];
            let clock = last.message().map(|message| message.clock);
            let next = walk.get(length).and_then(|step| step.message());
            if clock.is_some() && clock == next.map(|message| message.clock) {
                continue;
            }
            let kind = self.kind_after(&walk[..length]);
            if turns.last().is_none_or(|turn| turn.kind != kind) {
                turns.push(Turn { at: last.at(), kind });
            }
        }
        turns
    }

    /// The kind of the responsible now.
    fn kind(&self) -> Kind {
        self.kind_after(&self.walk())
    }

    /// **ownerSince**: when the kind last changed. What the first item makes it is its start and no change.
    fn owner_since(&self) -> Option<i64> {
        self.turns().last().map(|turn| turn.at)
    }

    /// Whether the kind changed more than twice at or after waitingSince.
    fn is_passed_back_and_forth(&self) -> bool {
        let waiting_since = self.waiting_since();
        let turns = self.turns();
        let changes = turns.iter().skip(1).filter(|turn| Some(turn.at) >= waiting_since);
        changes.count() > CHANGES_MAX
    }

    /// The hand-offs of promises that would have covered the demand that waitingSince is of. If several open demands
    /// have the first clock, one of them is enough.
    fn promised_hand_offs(&self) -> Vec<&Message> {
        let first_open = self.first_open_demands();
        self.promises
            .iter()
            .filter(|promise| first_open.iter().any(|demand| self.would_cover(&promise.reply, demand)))
            .map(|promise| &promise.hand_off)
            .collect()
    }

    /// **stalledSince**: the latest of waitingSince, ownerSince and, if promises would have covered the demand that
    /// waitingSince is of, the earliest hand-off of these promises. But if the kind changed more than twice at or after
    /// waitingSince, it is waitingSince.
    fn stalled_since(&self) -> Option<i64> {
        let waiting_since = self.waiting_since()?;
        if self.is_passed_back_and_forth() {
            return Some(waiting_since);
        }
        let hand_offs = self.promised_hand_offs();
        let earliest_hand_off = hand_offs.iter().map(|hand_off| hand_off.clock.at).min();
        // `None` is less than any instant.
        Some(waiting_since).max(self.owner_since()).max(earliest_hand_off)
    }
}

// ---------------------------------------------------------------------------------------------------------
// Gates, candidates, categories, reasons
// ---------------------------------------------------------------------------------------------------------

/// **gates**: merged (unless it stands for itself), draft, contact blocked (it, or what it became), or channelType
/// `voice` in any case of letters. (A conversation that is unknown or removed has no record to judge.)
fn is_gated(organization: &Organization, conversation: &Conversation) -> bool {
    organization.is_merged(&conversation.id)
        || conversation.draft
        || organization.is_blocked(&conversation.contact_id)
        || conversation.channel_type.eq_ignore_ascii_case("voice")
}

impl Timeline<'_> {
    /// **candidate**: waits; while the responsible is the AI, only from 30 s after the first open demand arrived. If
    /// several open demands have the first clock, the latest arrival counts.
    fn is_candidate(&self) -> bool {
        let arrivals = self.first_open_demands().into_iter().map(Message::arrival);
        match arrivals.max() {
            None => false,
            Some(arrival) => self.kind() != Kind::Ai || self.as_of - arrival >= AUTOPILOT_PATIENCE,
        }
    }

    /// `snoozed` if `snoozedAt` is set, `snoozedUntil` is absent or after `asOf`, and no demand arrived at or after
    /// `snoozedAt`.
    fn is_snoozed(&self) -> bool {
        let Some(snoozed_at) = self.conversation.snoozed_at else {
            return false;
        };
        self.conversation.snoozed_until.is_none_or(|until| until > self.as_of)
            && !self.demands.iter().any(|demand| demand.arrival() >= snoozed_at)
    }

    /// Whether the conversation was **acknowledged**, and that is not over: until its end, or until a demand that is
    /// later in the timeline than the message that it names, or that arrives later than both it and that message.
    fn is_acknowledged(&self, acknowledgement: &Acknowledgement) -> bool {
        let named = self
            .demands
            .iter()
            .position(|demand| demand.id == acknowledgement.message_id);
        let Some(named) = named else {
            return false;
        };
        let is_news = |(number, demand): (usize, &Message)| {
            let arrival = demand.arrival();
            number > named || (arrival > acknowledgement.at && arrival > self.demands[named].arrival())
        };
        acknowledgement.until.is_none_or(|until| self.as_of < until) && !self.demands.iter().enumerate().any(is_news)
    }

    /// **category**: snoozed, else acknowledged, else by the responsible.
    fn category(&self) -> &'static str {
        if self.is_snoozed() {
            return "snoozed";
        }
        let acknowledgement = self.organization.acknowledgements.get(&self.conversation.id);
        if acknowledgement.is_some_and(|acknowledgement| self.is_acknowledged(acknowledgement)) {
            return "acknowledged";
        }
        match self.kind() {
            Kind::Ai => "ai_stuck",
            Kind::Human => "agent_abandoned",
            Kind::None => "unassigned",
        }
    }

    /// Whether there was such a message since: `at` ≥ waitingSince.
    fn has_since(&self, is_wanted: impl Fn(&Message) -> bool) -> bool {
        let waiting_since = self.waiting_since();
        self.messages()
            .any(|message| Some(message.clock.at) >= waiting_since && is_wanted(message))
    }

    fn has_failed_reply(&self, is_of_sender: impl Fn(&Message) -> bool) -> bool {
        self.has_since(|message| message.is_reply() && is_of_sender(message) && message.is_failed())
    }

    fn has_stuck_reply(&self, is_of_sender: impl Fn(&Message) -> bool) -> bool {
        self.has_since(|message| message.is_reply() && is_of_sender(message) && message.is_stuck(self.as_of))
    }

    fn has_hand_off(&self) -> bool {
        self.has_since(Message::is_hand_off)
    }

    /// **reason**, the first that fits.
    fn reason(&self) -> &'static str {
        if self.is_passed_back_and_forth() {
            return "passed_back_and_forth";
        }
        match self.kind() {
            Kind::Ai => self.reason_of_ai(),
            Kind::Human => self.reason_of_human(),
            Kind::None => self.reason_of_none(),
        }
    }

    fn reason_of_ai(&self) -> &'static str {
        if self.has_failed_reply(Message::is_of_ai) {
            "reply_failed"
        } else if self.has_stuck_reply(Message::is_of_ai) {
            "reply_queued"
        } else if self.has_hand_off() {
            "handoff_not_completed"
        } else {
            "no_reply"
        }
    }

    fn reason_of_human(&self) -> &'static str {
        let is_private_note = |message: &Message| message.visibility == "private" && message.is_of_human();
        let is_human_answer_since_takeover =
            |answer: &Message| answer.is_of_human() && Some(answer.clock.at) >= self.owner_since();
        if self.has_failed_reply(Message::is_of_human) {
            "reply_failed"
        } else if self.has_stuck_reply(Message::is_of_human) {
            "reply_queued"
        } else if self.has_since(is_private_note) {
            "only_private_note"
        } else if !self.organization.has_active_person(self.conversation) {
            "assignee_missing"
        } else if !self.answers.iter().any(is_human_answer_since_takeover) {
            "no_reply_since_takeover"
        } else {
            "no_reply_to_follow_up"
        }
    }

    fn reason_of_none(&self) -> &'static str {
        if self.has_hand_off() {
            "handoff_not_completed"
        } else {
            "nobody_assigned"
        }
    }
}
