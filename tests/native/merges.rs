//! Conversations of one organization that are merged, unmerged, removed and that come back, with refreshes in between:
//! each snapshot is what the oracle works out from all records, and nothing that no merge has touched is folded for it.

use crate::support::families::Families;
use crate::support::history::{Random, instant_text};
use crate::support::oracle::Oracle;
use crate::support::service::Service;
use crate::support::{MINUTE, NOW, seeds};
use futures::executor::block_on;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ORGANIZATION: &str = "the organization";
/// How far back the first things happened.
const START: i64 = NOW - 60 * MINUTE;

/// What the source knows, so that each event is the whole record.
struct Source {
    random: Random,
    ids: Vec<String>,
    conversations: BTreeMap<String, Value>,
    messages: Vec<Value>,
    /// Every event has a later `updatedAt` than those before it, except late ones.
    ticks: i64,
}

impl Source {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let count = if random.chance(8) {
            17 + random.below(5)
        } else {
            2 + random.below(6)
        };
        Self {
            random,
            ids: (0..count).map(|number| format!("c{number}")).collect(),
            conversations: BTreeMap::new(),
            messages: Vec::new(),
            ticks: 0,
        }
    }

    fn id(&mut self) -> String {
        self.random.pick(&self.ids).clone()
    }

    /// One of few instants, often a millisecond beside another.
    fn at(&mut self) -> i64 {
        let minutes = self.random.below(12) as i64 * 5;
        let beside = [0, 0, 0, -1, 1][self.random.below(5)];
        START + minutes * MINUTE + beside
    }

    fn instant(&mut self) -> Value {
        let at = self.at();
        json!(instant_text(at))
    }

    fn updated_at(&mut self) -> String {
        self.ticks += 1;
        let late = if self.random.chance(5) {
            self.random.below(20) as i64
        } else {
            0
        };
        instant_text(START + self.ticks - late)
    }

    fn event(&mut self, record: &Value) -> Value {
        let mut event = record.clone();
        event["organizationId"] = json!(ORGANIZATION);
        event["updatedAt"] = json!(self.updated_at());
        event
    }

    fn removal(&mut self, record_type: &str, own_id: &str, id: &Value) -> Value {
        self.event(&json!({ "type": record_type, own_id: id, "deleted": true }))
    }

    /// What the source does next.
    fn events(&mut self) -> Vec<Value> {
        let id = self.id();
        match self.random.below(20) {
            0..6 => self.merge(&id),
            6..8 => self.change(&id, json!({ "mergedInto": null, "mergedAt": null })),
            8 => {
                self.conversations.remove(&id);
                vec![self.removal("conversation", "conversationId", &json!(id))]
            }
            9 => self.chain(),
            10 => {
                let resolved_at = self.instant();
                self.change(&id, json!({ "resolvedAt": resolved_at }))
            }
            11 => self.resolution(&id),
            12 => self.autopilot(&id),
            13 => self.message_again(&id),
            14 => {
                let field = ["draft", "startsWithAutopilot"][self.random.below(2)];
                let flag = self.random.chance(50);
                self.change(&id, json!({ field: flag }))
            }
            _ => self.message(&id),
        }
    }

    /// The conversation with other fields.
    fn change(&mut self, id: &str, fields: Value) -> Vec<Value> {
        let mut record = self.conversations.remove(id).unwrap_or_else(
            || json!({ "type": "conversation", "conversationId": id, "contactId": "k", "channelType": "sms" }),
        );
        for (name, value) in fields.as_object().unwrap() {
            record[name] = value.clone();
        }
        self.conversations.insert(id.to_owned(), record.clone());
        vec![self.event(&record)]
    }

    fn merge(&mut self, id: &str) -> Vec<Value> {
        let target = if self.random.chance(6) {
            "never heard of".to_owned()
        } else {
            self.id()
        };
        let merged_at = if self.random.chance(60) {
            self.instant()
        } else {
            Value::Null
        };
        self.change(id, json!({ "mergedInto": target, "mergedAt": merged_at }))
    }

    /// Whether all conversations in a row are a longer chain than is followed.
    fn is_long(&self) -> bool {
        self.ids.len() > 17
    }

    /// All conversations in a row, the last one sometimes into one of them.
    fn chain(&mut self) -> Vec<Value> {
        let mut ids = self.ids.clone();
        if !self.is_long() && self.random.chance(50) {
            self.random.shuffle(&mut ids);
        }
        let back = self.random.chance(30).then(|| self.id());
        let targets: Vec<Option<String>> = ids[1..].iter().cloned().map(Some).chain([back]).collect();
        let mut events = Vec::new();
        for (id, target) in ids.iter().zip(targets) {
            if self.is_long() || self.random.chance(95) {
                events.extend(self.change(id, json!({ "mergedInto": target, "mergedAt": null })));
            }
        }
        events
    }

    fn resolution(&mut self, id: &str) -> Vec<Value> {
        let at = self.instant();
        let resolved = self.random.chance(60);
        let by = *self.random.pick(&["human", "human", "ai", "automation"]);
        let change_id = format!("r{}", self.random.below(5));
        let record = json!({ "type": "resolution", "changeId": change_id, "conversationId": id, "at": at,
                             "resolved": resolved, "by": by });
        vec![self.event(&record)]
    }

    fn autopilot(&mut self, id: &str) -> Vec<Value> {
        let at = self.instant();
        let enabled = self.random.chance(40);
        let change_id = format!("a{}", self.random.below(5));
        let record = json!({ "type": "autopilot", "changeId": change_id, "conversationId": id, "at": at,
                             "enabled": enabled });
        vec![self.event(&record)]
    }

    fn message(&mut self, id: &str) -> Vec<Value> {
        let (direction, sender, kind) = *self.random.pick(&[
            ("inbound", "contact", "text"),
            ("inbound", "contact", "text"),
            ("inbound", "contact", "text"),
            ("outbound", "ai", "text"),
            ("outbound", "human", "text"),
            ("outbound", "ai", "handoff_notice"),
        ]);
        let at = self.instant();
        let message_id = format!("m{}", self.messages.len());
        let named = format!("m{}", self.random.below(self.messages.len() + 1));
        let received_at = if self.random.chance(20) {
            self.instant()
        } else {
            Value::Null
        };
        let in_reply_to = if direction == "outbound" && self.random.chance(20) {
            json!(named)
        } else {
            Value::Null
        };
        let record = json!({ "type": "message", "messageId": message_id, "conversationId": id, "at": at,
                             "receivedAt": received_at, "direction": direction, "sender": sender, "kind": kind,
                             "inReplyTo": in_reply_to });
        self.messages.push(record.clone());
        vec![self.event(&record)]
    }

    /// A message moves to this conversation, or is removed.
    fn message_again(&mut self, id: &str) -> Vec<Value> {
        if self.messages.is_empty() {
            return self.message(id);
        }
        let mut record = self.random.pick(&self.messages).clone();
        if self.random.chance(30) {
            return vec![self.removal("message", "messageId", &record["messageId"])];
        }
        record["conversationId"] = json!(id);
        vec![self.event(&record)]
    }
}

async fn check(seed: u64) -> Families {
    let mut source = Source::new(seed);
    let service = Service::default();
    let mut oracle = Oracle::default();
    let mut families = Families::default();
    let mut as_of = NOW - 5 * MINUTE;
    // Most conversations have been there from the beginning, and most customers wait.
    let mut events: Vec<Value> = Vec::new();
    for id in source.ids.clone() {
        if source.random.chance(80) {
            events.extend(source.change(&id, json!({})));
        }
        if source.random.chance(70) {
            events.extend(source.message(&id));
        }
    }
    if source.is_long() {
        events.extend(source.chain());
    }
    for round in 0..4 + source.random.below(5) {
        for _ in 0..1 + source.random.below(5) {
            events.extend(source.events());
        }
        source.random.shuffle(&mut events);
        let size = 1 + source.random.below(events.len());
        for batch in events.chunks(size) {
            service.ingest(batch, NOW).await.unwrap();
            oracle.take_in(batch);
        }
        events.clear();
        as_of += source.random.below(90_000) as i64;
        service.refresh(as_of).await.unwrap();
        let context = format!("seed {seed}, round {round}");
        service.assert_agrees(&oracle, as_of, &context);
        service.assert_no_garbage(&context);
        families += Families::of(&service.database);
    }
    families
}

#[test]
fn families_of_merged_conversations_are_what_the_oracle_says() {
    let mut families = Families::default();
    for seed in seeds(600) {
        families += block_on(check(seed));
    }
    println!("after runs of four to eight refreshes: {families:?}");
    let Families {
        merged,
        by_chain,
        too_far,
        in_cycle,
        into_cycle,
        without_target,
        listed_for_another,
    } = families;
    for (count, least) in [
        (merged, 2_000),
        (by_chain, 1_000),
        (too_far, 10),
        (in_cycle, 500),
        (into_cycle, 300),
        (without_target, 200),
        (listed_for_another, 200),
    ] {
        assert!(count >= least, "{families:?}");
    }
}
