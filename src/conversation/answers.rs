//! Who waits: demands, answers, promises, and which answer covers which demand. The numbers in parentheses are those of
//! the cases in docs/definition.md.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::conversation::item::{Clock, Item, MessageItem, id_hash};
use crate::conversation::message::{MessageStatus, Sender};
use crate::conversation::timeline::{Timeline, TimelineItem};
use std::collections::{HashMap, HashSet};

/// How long a reply may be queued before its send counts as stuck.
pub const QUEUED_MAX_MS: i64 = 2 * MINUTE_MS;
/// How soon after a promise the hand-off follows.
pub const PROMISE_MAX_MS: i64 = 10 * MINUTE_MS;
/// How old a demand may be when an answer names it.
pub const NAMED_MAX_MS: i64 = 24 * 60 * MINUTE_MS;

impl MessageItem {
    /// **Stuck**: whether it has been queued for longer than a send takes (27).
    #[must_use]
    pub fn is_stuck(&self, as_of: Timestamp) -> bool {
        self.status == MessageStatus::Queued && as_of.milliseconds_since(self.at) > QUEUED_MAX_MS
    }

    /// Whether it is a reply that the customer has, or may still get (1, 2, 27). One in the future counts (20). It is
    /// an **answer** unless it is a promise: see [`Answers`].
    #[must_use]
    pub fn is_reply_that_arrives(&self, as_of: Timestamp) -> bool {
        self.is_reply() && self.status != MessageStatus::Failed && !self.is_stuck(as_of)
    }
}

/// **Demand**: a message by which the customer asks for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Demand<'a> {
    /// The id of the message.
    pub id: &'a str,
    /// The message.
    pub message: &'a MessageItem,
}

/// The demands of a timeline, in order.
#[must_use]
pub fn demands(timeline: &Timeline) -> Vec<Demand<'_>> {
    timeline.items().iter().filter_map(demand).collect()
}

/// The demand that an item is, if it is one. What arrived before a resolution is settled; at its very instant it is not
/// (10, 46).
#[must_use]
pub fn demand(item: &TimelineItem) -> Option<Demand<'_>> {
    let Item::Message(message) = &item.item else {
        return None;
    };
    let is_settled = message.arrival().at < item.resolved_at;
    let is_demand = message.is_from_customer() && message.needs_reply && !is_settled;
    is_demand.then(|| Demand {
        id: item.id.as_deref().unwrap_or_default(),
        message,
    })
}

/// The demands that some answers **cover**.
#[derive(Debug, Default)]
struct Coverage<'a> {
    /// The latest answer of a human.
    human: Option<Clock>,
    /// The latest answer of the AI that names no demand.
    ai: Option<Clock>,
    /// The ids of demands that answers name.
    named: HashSet<&'a str>,
    /// The latest of them.
    last_named: Option<Clock>,
}

impl<'a> Coverage<'a> {
    fn add(&mut self, reply: &Reply<'a>) {
        let clock = Some(reply.message.clock());
        match (reply.message.sender, reply.named) {
            // People quote: what they quote is covered, and so is what their clock covers.
            (Sender::Human, _) => self.human = self.human.max(clock),
            (_, None) => self.ai = self.ai.max(clock),
            (_, Some(_)) => {}
        }
        if let Some(named) = reply.named {
            self.named.insert(named.id);
            self.last_named = self.last_named.max(Some(named.message.clock()));
        }
    }

    fn new(reply: &Reply<'a>) -> Self {
        let mut coverage = Self::default();
        coverage.add(reply);
        coverage
    }

    /// An answer covers what arrived before it. At the same instant an answer of the AI covers where neither has a
    /// sequence, because it does not speak first (44). An answer that names a demand covers that and those before it.
    fn covers(&self, demand: &Demand<'_>) -> bool {
        let arrival = Some(demand.message.arrival());
        let is_covered_by_clock =
            self.human > arrival || self.ai > arrival || (demand.message.sequence == 0 && self.ai == arrival);
        is_covered_by_clock || self.named.contains(demand.id) || self.last_named > Some(demand.message.clock())
    }
}

/// A reply that arrives, with the demand that it names.
#[derive(Debug, Clone, Copy)]
struct Reply<'a> {
    /// The number of its item in the timeline.
    number: usize,
    message: &'a MessageItem,
    named: Option<Demand<'a>>,
}

/// **Promise**: a reply of the AI that says no more than that somebody else will answer (32). It covers nothing.
#[derive(Debug)]
struct Promise<'a> {
    reply: Reply<'a>,
    handed_off_at: Timestamp,
}

/// The answers of a timeline as of an instant, and the promises that are none.
#[derive(Debug)]
pub struct Answers<'a> {
    coverage: Coverage<'a>,
    promises: Vec<Promise<'a>>,
    /// The numbers of their items in the timeline, ascending.
    numbers: Vec<usize>,
}

impl<'a> Answers<'a> {
    /// The answers of a timeline with these demands.
    #[must_use]
    pub fn new(timeline: &'a Timeline, demands: &[Demand<'a>], as_of: Timestamp) -> Self {
        let replies = replies(timeline, demands, as_of);
        let surroundings = Surroundings::new(timeline, demands, &replies);
        let mut answers = Self {
            coverage: Coverage::default(),
            promises: Vec::new(),
            numbers: Vec::new(),
        };
        for reply in replies {
            match surroundings.hand_off_promised_by(&reply) {
                Some(handed_off_at) => answers.promises.push(Promise { reply, handed_off_at }),
                None => {
                    answers.coverage.add(&reply);
                    answers.numbers.push(reply.number);
                }
            }
        }
        answers
    }

    /// Whether the item of this number is an answer.
    #[must_use]
    pub fn contains(&self, number: usize) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }

    /// Whether the item of this number is a promise.
    #[must_use]
    pub fn has_promise(&self, number: usize) -> bool {
        self.promises.iter().any(|promise| promise.reply.number == number)
    }

    /// Whether one of them covers `demand`.
    #[must_use]
    pub fn cover(&self, demand: &Demand<'_>) -> bool {
        self.coverage.covers(demand)
    }

    /// The earliest hand-off of the promises that would have covered one of `demands`, were they answers.
    #[must_use]
    pub fn earliest_hand_off(&self, demands: &[Demand<'_>]) -> Option<Timestamp> {
        let would_cover = |promise: &&Promise<'_>| {
            let coverage = Coverage::new(&promise.reply);
            demands.iter().any(|demand| coverage.covers(demand))
        };
        let promises = self.promises.iter().filter(would_cover);
        promises.map(|promise| promise.handed_off_at).min()
    }
}

/// The replies of a timeline that arrive, in order.
fn replies<'a>(timeline: &'a Timeline, demands: &[Demand<'a>], as_of: Timestamp) -> Vec<Reply<'a>> {
    let named: HashSet<u64> = timeline
        .messages()
        .map(|message| message.in_reply_to)
        .filter(|id| *id != 0)
        .collect();
    let mut by_id: HashMap<u64, Demand<'a>> = HashMap::new();
    if !named.is_empty() {
        let known = demands.iter().map(|demand| (id_hash(demand.id), *demand));
        by_id.extend(known.filter(|(id, _)| named.contains(id)));
    }
    let reply = |(number, item): (usize, &'a TimelineItem)| match &item.item {
        Item::Message(message) if message.is_reply_that_arrives(as_of) => {
            let named = by_id.get(&message.in_reply_to).copied();
            // Only what is recent: what is left of an old conversation must not decide.
            let is_recent =
                |demand: &Demand<'_>| message.at.milliseconds_since(demand.message.arrival().at) <= NAMED_MAX_MS;
            Some(Reply {
                number,
                message,
                named: named.filter(is_recent),
            })
        }
        _ => None,
    };
    timeline.items().iter().enumerate().filter_map(reply).collect()
}

/// What decides whether a reply is a promise: hand-offs, and what comes in between. All are in order.
struct Surroundings<'a> {
    hand_offs: Vec<Clock>,
    /// Replies of humans that arrive.
    human_answers: Vec<Clock>,
    /// By arrival.
    demands: Vec<Demand<'a>>,
}

impl<'a> Surroundings<'a> {
    fn new(timeline: &Timeline, demands: &[Demand<'a>], replies: &[Reply<'_>]) -> Self {
        let hand_offs = timeline.messages().filter(|message| message.is_hand_off());
        let by_human = replies.iter().filter(|reply| reply.message.sender == Sender::Human);
        let mut demands = demands.to_vec();
        demands.sort_by_key(|demand| demand.message.arrival());
        Self {
            hand_offs: hand_offs.map(MessageItem::clock).collect(),
            human_answers: by_human.map(|reply| reply.message.clock()).collect(),
            demands,
        }
    }

    /// The hand-off that a reply of the AI promises. `None` means that the reply is an answer.
    fn hand_off_promised_by(&self, reply: &Reply<'_>) -> Option<Timestamp> {
        if reply.message.sender != Sender::Ai {
            return None;
        }
        let start = reply.message.clock();
        let hand_off = self.hand_off_after(start)?;
        let human_answer = self
            .human_answers
            .get(self.human_answers.partition_point(|clock| *clock <= start));
        if human_answer.is_some_and(|clock| *clock < hand_off) {
            return None;
        }
        // Within ten minutes there are few demands.
        let coverage = Coverage::new(reply);
        let after = self.demands.partition_point(|demand| demand.message.arrival() <= start);
        let mut between = self
            .demands
            .iter()
            .skip(after)
            .take_while(|demand| demand.message.arrival() < hand_off);
        let is_interrupted = between.any(|demand| !coverage.covers(demand));
        (!is_interrupted).then_some(hand_off.at)
    }

    /// The first hand-off that follows a reply. At the same instant it follows, unless both have a sequence and the
    /// hand-off's is smaller (32).
    fn hand_off_after(&self, reply: Clock) -> Option<Clock> {
        let first = self.hand_offs.partition_point(|hand_off| hand_off.at < reply.at);
        let follows = |hand_off: &&Clock| {
            let has_sequences = hand_off.sequence != 0 && reply.sequence != 0;
            hand_off.at > reply.at || !has_sequences || hand_off.sequence >= reply.sequence
        };
        let hand_off = self.hand_offs.iter().skip(first).find(follows)?;
        (hand_off.at.milliseconds_since(reply.at) <= PROMISE_MAX_MS).then_some(*hand_off)
    }
}
