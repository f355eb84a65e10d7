//! What is forgotten, and that nobody notices: random histories with late deliveries and sweeps between the runs end in
//! the reports of an oracle that never forgets.

use crate::support::history::{HistoryOptions, Random, instant_text, own_id_field, random_history};
use crate::support::oracle::Oracle;
use crate::support::service::Service;
use crate::support::sqlite::{Fault, Sqlite};
use crate::support::zones::calendar_of;
use crate::support::{MINUTE, NOW, seeds, waiting};
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::conversation::event::parse_event;
use conversation_monitor::ingest::store::Receipt;
use conversation_monitor::refresh::{Limits, Run, SweepLimits};
use futures::executor::block_on;
use futures::task::noop_waker;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::task::Context;

const DAY: i64 = 24 * 60 * MINUTE;
const KEEP_TIMELINE: i64 = 7 * DAY;
const KEEP_CONVERSATION: i64 = 180 * DAY;

/// A whole pass in each run.
fn limits() -> Limits {
    Limits {
        sweep: SweepLimits {
            keep_timeline_ms: KEEP_TIMELINE,
            keep_conversation_ms: KEEP_CONVERSATION,
            every_ms: 0,
            ..SweepLimits::default()
        },
        ..Limits::default()
    }
}

fn sweep(service: &Service, as_of: i64) -> Run {
    let run = block_on(service.refresh_within(as_of, limits())).unwrap().run;
    assert_eq!((run.organizations_failed, run.sweep_failed), (0, 0));
    run
}

fn ingest(service: &Service, events: &[Value], now: i64) -> Receipt {
    block_on(service.ingest(events, now)).unwrap()
}

fn count(service: &Service, what: &str) -> usize {
    service.database.query(&format!("SELECT count(*) FROM {what}"))[0][0]
        .parse()
        .unwrap()
}

fn instant(event: &Value, name: &str) -> Option<i64> {
    Some(Timestamp::from_rfc3339(event[name].as_str()?)?.as_milliseconds())
}

/// When an item arrived. `None` means that the event is no item, or a removal.
fn arrival(event: &Value) -> Option<i64> {
    let at = instant(event, "at")?;
    Some(instant(event, "receivedAt").unwrap_or(at).max(at))
}

/// An event in normal form, with all instants in UTC.
fn normal(event: &Value, now: i64) -> Value {
    let record = parse_event(0, event, Timestamp::from_milliseconds(now).into()).unwrap();
    let mut normal = match record.body.as_str() {
        "" => json!({}),
        body => serde_json::from_str(body).unwrap(),
    };
    normal["type"] = json!(record.record_type.as_str());
    normal["organizationId"] = json!(record.organization_id);
    normal["updatedAt"] = json!(record.rank.updated_at.to_string());
    normal[record.record_type.id_field()] = json!(record.id);
    if record.rank.deleted {
        normal["deleted"] = json!(true);
    }
    normal
}

/// Random histories, days apart, in the same conversations, each event with the instant at which it is delivered: no
/// item more than `KEEP_TIMELINE` less three days late.
///
/// What the promise excepts does not happen: a conversation starts with the autopilot or without for good, keeps its
/// last resolution, and is merged into another one from the beginning or never.
struct Story {
    has_merges: bool,
    deliveries: Vec<(i64, Value)>,
    /// The latest resolution of each conversation in the histories so far.
    resolved: BTreeMap<String, i64>,
    conversations: BTreeSet<(String, String)>,
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut story = Self {
            has_merges: random.chance(50),
            deliveries: Vec::new(),
            resolved: BTreeMap::new(),
            conversations: BTreeSet::new(),
        };
        let mut now = NOW;
        for number in 0..4 {
            story.add_history(&mut random, seed * 10 + number, now);
            now += DAY + random.below(18 * DAY as usize) as i64;
        }
        if story.has_merges {
            story.resolved.clear();
            for (organization_id, conversation_id) in story.conversations.clone() {
                let mut record = json!({ "type": "conversation", "organizationId": organization_id, "conversationId": conversation_id,
                    "updatedAt": instant_text(NOW - 2 * DAY), "contactId": "k", "channelType": "sms" });
                story.adjust_conversation(&mut record, NOW);
                story.deliveries.push((NOW - 2 * DAY, record));
            }
        }
        story.deliveries.sort_by_key(|(at, _)| *at);
        story
    }

    fn add_history(&mut self, random: &mut Random, seed: u64, now: i64) {
        let options = HistoryOptions {
            now,
            organizations: 2,
            conversations: 4,
            events: 90,
        };
        let history: Vec<Value> = random_history(seed, &options)
            .iter()
            .map(|event| normal(event, now))
            .collect();
        let names = |field: &str| -> BTreeMap<String, usize> {
            let ids: BTreeSet<&str> = history.iter().filter_map(|event| event[field].as_str()).collect();
            ids.into_iter()
                .enumerate()
                .map(|(number, id)| (id.to_owned(), number))
                .collect()
        };
        let [organizations, conversations, messages, replies, changes] =
            ["organizationId", "conversationId", "messageId", "inReplyTo", "changeId"].map(names);
        let ids_of_messages: BTreeSet<&String> = messages.keys().chain(replies.keys()).collect();
        let messages: BTreeMap<&String, usize> = ids_of_messages.into_iter().zip(0..).collect();
        let mut resolved = self.resolved.clone();
        for mut event in history {
            // An organization that was removed is purged a month later.
            if event["type"] == "organization" && event["deleted"] == true {
                continue;
            }
            let rename = |event: &mut Value, field: &str, name: &dyn Fn(&str) -> Option<String>| {
                if let Some(id) = event[field].as_str().and_then(name) {
                    event[field] = json!(id);
                }
            };
            rename(&mut event, "organizationId", &|id| {
                Some(format!("o{}", organizations[id]))
            });
            let conversation = |id: &str| Some(format!("c{:02}", conversations.get(id)?));
            rename(&mut event, "conversationId", &conversation);
            for field in ["messageId", "inReplyTo"] {
                rename(&mut event, field, &|id| {
                    Some(format!("{seed} m{:03}", messages[&id.to_owned()]))
                });
            }
            rename(&mut event, "changeId", &|id| {
                Some(format!("{seed} a{:03}", changes[id]))
            });
            if event["type"] == "conversation" {
                if self.has_merges && event["deleted"] == true {
                    continue;
                }
                self.adjust_conversation(&mut event, now);
                if let Some(at) = instant(&event, "resolvedAt") {
                    let latest = resolved.entry(key(&event)).or_insert(at);
                    *latest = at.max(*latest);
                }
            }
            if let (Some(organization_id), Some(conversation_id)) =
                (event["organizationId"].as_str(), event["conversationId"].as_str())
            {
                self.conversations
                    .insert((organization_id.to_owned(), conversation_id.to_owned()));
            }
            let is_item = event.get("at").is_some();
            let at = arrival(&event).unwrap_or(now);
            let is_recent = at >= now - DAY && instant(&event, "at").is_none_or(|written| written >= now - DAY);
            if is_item && !is_recent {
                continue;
            }
            let instants = ["at", "receivedAt", "updatedAt", "resolvedAt", "assignedAt", "snoozedAt"];
            let earliest = instants
                .iter()
                .filter_map(|name| instant(&event, name))
                .max()
                .unwrap_or(now)
                - 4 * MINUTE;
            // Items of the history arrived within a day before `now`, so they may come until three days after it.
            let latest = now + 3 * DAY - 10 * MINUTE;
            let most = latest - earliest;
            let delay = if random.chance(60) {
                random.below(most as usize / 20)
            } else {
                random.below(most as usize)
            };
            self.deliveries.push((earliest + delay as i64, event));
        }
        self.resolved = resolved;
        // Most of what waits is answered or settled in the end, or nothing could be forgotten.
        for (number, (organization_id, conversation_id)) in self.conversations.clone().into_iter().enumerate() {
            let at = now + 4 * MINUTE;
            let mut event = json!({ "organizationId": organization_id, "conversationId": conversation_id, "updatedAt": instant_text(at),
                "at": instant_text(at) });
            let given = match random.below(6) {
                0 => continue,
                1 => json!({ "type": "resolution", "changeId": format!("{seed} end {number}"), "resolved": true }),
                2 | 3 => {
                    json!({ "type": "message", "messageId": format!("{seed} end {number}"), "direction": "outbound", "sender": "ai" })
                }
                _ => {
                    json!({ "type": "message", "messageId": format!("{seed} end {number}"), "direction": "outbound", "sender": "human" })
                }
            };
            event
                .as_object_mut()
                .unwrap()
                .extend(given.as_object().unwrap().clone());
            self.deliveries
                .push((at + random.below(3 * DAY as usize - 20 * MINUTE as usize) as i64, event));
        }
    }

    fn adjust_conversation(&self, event: &mut Value, now: i64) {
        if event["deleted"] == true {
            return;
        }
        let number: usize = event["conversationId"].as_str().unwrap()[1..].parse().unwrap();
        event["startsWithAutopilot"] = json!(!number.is_multiple_of(3));
        event["mergedInto"] = Value::Null;
        event["mergedAt"] = Value::Null;
        if self.has_merges && number % 2 == 1 {
            event["mergedInto"] = json!(format!("c{:02}", number / 2));
            if number % 4 == 1 {
                event["mergedAt"] = json!(instant_text(NOW - 2 * DAY));
            }
        }
        let own = instant(event, "resolvedAt").filter(|at| *at >= now - DAY);
        let last = own.max(self.resolved.get(&key(event)).copied());
        event["resolvedAt"] = last.map_or(Value::Null, |at| json!(instant_text(at)));
    }
}

fn key(event: &Value) -> String {
    format!("{} {}", event["organizationId"], event["conversationId"])
}

/// The items that are in more than one conversation over time.
fn moved(deliveries: &[(i64, Value)]) -> BTreeSet<String> {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, event) in deliveries.iter().filter(|(_, event)| event.get("at").is_some()) {
        places.entry(identity(event)).or_default().insert(key(event));
    }
    places
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|(id, _)| id)
        .collect()
}

fn identity(event: &Value) -> String {
    let record_type = event["type"].as_str().unwrap();
    format!(
        "{} {record_type} {}",
        event["organizationId"],
        event[own_id_field(record_type)]
    )
}

/// What happened in a story.
#[derive(Default)]
struct Told {
    swept: u64,
    removed: u64,
    expired: u64,
    rows: usize,
}

fn tell(seed: u64) -> Told {
    let story = Story::new(seed);
    let moved = moved(&story.deliveries);
    let mut random = Random::new(seed + 1);
    let service = Service::default();
    let mut oracle = Oracle::default();
    let mut told = Told::default();
    let mut delivered: Vec<Value> = Vec::new();
    let mut rest = story.deliveries.as_slice();
    let end = rest.last().unwrap().0 + 9 * DAY;
    let mut now = rest[0].0;
    while now < end {
        now += DAY / 4 + random.below(DAY as usize) as i64;
        let (due, later) = rest.split_at(rest.partition_point(|(at, _)| *at <= now));
        rest = later;
        let mut events: Vec<Value> = due.iter().map(|(_, event)| event.clone()).collect();
        random.shuffle(&mut events);
        oracle.take_in(&events);
        let context = format!("seed {seed} at {}", instant_text(now));
        for part in events.chunks(25) {
            assert_eq!(ingest(&service, part, now).expired, 0, "{context}");
        }
        delivered.extend(events);
        // What was delivered long ago comes again.
        let repeats: Vec<Value> = (0..delivered.len() / 10)
            .map(|_| random.pick(&delivered).clone())
            .filter(|event| !moved.contains(&identity(event)))
            .collect();
        told.expired += ingest(&service, &repeats, now).expired;
        let run = sweep(&service, now);
        told.swept += run.conversations_swept;
        told.removed += run.records_removed;
        for organization_id in oracle.organizations() {
            told.rows += oracle.rows(&organization_id, now).len();
        }
        service.assert_agrees(&oracle, now, &context);
    }
    told
}

#[test]
fn nobody_notices_what_is_forgotten() {
    let mut told = Told::default();
    for seed in seeds(60) {
        let one = tell(seed);
        told.swept += one.swept;
        told.removed += one.removed;
        told.expired += one.expired;
        told.rows += one.rows;
    }
    println!(
        "{} conversations swept, {} records removed, {} repeats expired, {} rows compared",
        told.swept, told.removed, told.expired, told.rows
    );
    assert!(told.swept > 200 && told.removed > 500 && told.expired > 100 && told.rows > 1_000);
}

// ---------------------------------------------------------------------------------------------------------
// One conversation
// ---------------------------------------------------------------------------------------------------------

fn message(conversation_id: &str, id: &str, at: i64, given: Value) -> Value {
    let mut message = json!({ "type": "message", "organizationId": "o", "updatedAt": instant_text(at), "messageId": id,
        "conversationId": conversation_id, "at": instant_text(at), "direction": "outbound", "sender": "human" });
    let given = given.as_object().unwrap().clone();
    message.as_object_mut().unwrap().extend(given);
    message
}

fn from_customer(conversation_id: &str, id: &str, at: i64) -> Value {
    message(
        conversation_id,
        id,
        at,
        json!({ "direction": "inbound", "sender": "contact" }),
    )
}

/// A conversation of `contact` in which a customer wrote at `at`, and a person answered a minute later.
fn answered(conversation_id: &str, contact: &str, at: i64) -> Vec<Value> {
    let mut events = waiting("o", conversation_id, at).to_vec();
    events[0]["contactId"] = json!(contact);
    events.push(message(
        conversation_id,
        &format!("{conversation_id} answer"),
        at + MINUTE,
        json!({}),
    ));
    events
}

fn items_of(service: &Service, conversation_id: &str) -> Vec<String> {
    let sql = "SELECT record_id FROM record WHERE conversation_id = ?1 ORDER BY type, record_id";
    let rows = service.database.query_with(sql, &[conversation_id]);
    rows.into_iter().map(|row| row[0].clone()).collect()
}

/// The oracle and the service take in the same.
struct Both {
    service: Service,
    oracle: Oracle,
}

impl Both {
    fn new() -> Self {
        Self {
            service: Service::default(),
            oracle: Oracle::default(),
        }
    }

    fn take_in(&mut self, events: &[Value], now: i64) -> Receipt {
        self.oracle.take_in(events);
        ingest(&self.service, events, now)
    }

    fn sweep(&self, as_of: i64) -> Run {
        let run = sweep(&self.service, as_of);
        self.service.assert_agrees(&self.oracle, as_of, &instant_text(as_of));
        run
    }
}

#[test]
fn what_decides_who_is_responsible_is_kept() {
    let change = |id: &str, at: i64, enabled: bool, by: &str| {
        json!({ "type": "autopilot", "organizationId": "o", "updatedAt": instant_text(at), "changeId": id, "conversationId": "c",
                "at": instant_text(at), "enabled": enabled, "by": by })
    };
    let ai = |id: &str, at: i64| message("c", id, at, json!({ "sender": "ai" }));
    let human = |id: &str, at: i64| message("c", id, at, json!({}));
    let failed = |id: &str, at: i64| message("c", id, at, json!({ "status": "failed" }));
    let t = |minute: i64| NOW + minute * MINUTE;
    let cases: [(&str, Vec<Value>, &[&str]); 9] = [
        ("the AI answered", vec![ai("1", t(1))], &[]),
        (
            "a person answered twice",
            vec![human("1", t(1)), human("2", t(2))],
            &["2"],
        ),
        (
            "the AI answered after a person",
            vec![human("1", t(1)), ai("2", t(2))],
            &[],
        ),
        (
            "a person answered, and then failed",
            vec![human("1", t(1)), failed("2", t(2))],
            &["1"],
        ),
        (
            "a person failed after the AI had answered",
            vec![human("1", t(1)), ai("2", t(2)), failed("3", t(3)), failed("4", t(4))],
            &["3"],
        ),
        (
            "the autopilot is on again",
            vec![
                change("1", t(1), false, "human"),
                human("2", t(2)),
                change("3", t(3), true, "human"),
            ],
            &["3"],
        ),
        (
            "a person took over and answered",
            vec![change("1", t(1), false, "human"), human("2", t(2)), human("3", t(3))],
            &["1", "3"],
        ),
        (
            "a person switched the autopilot off, and then the system",
            vec![
                ai("0", t(1)),
                change("1", t(2), false, "human"),
                change("2", t(3), false, "human"),
                change("3", t(4), false, "system"),
            ],
            &["1", "3"],
        ),
        (
            "the same, and a person answered",
            vec![
                change("1", t(1), false, "human"),
                change("2", t(2), false, "system"),
                human("3", t(3)),
            ],
            &["2", "3"],
        ),
    ];
    for (what, events, kept) in cases {
        let mut both = Both::new();
        both.take_in(&waiting("o", "c", NOW), t(5));
        both.take_in(&events, t(5));
        both.sweep(t(5));
        let before = both.sweep(NOW + KEEP_TIMELINE);
        assert_eq!(before.conversations_swept, 0, "{what}: as old as it may be");
        assert_eq!(items_of(&both.service, "c").len(), events.len() + 1);
        let run = both.sweep(t(6) + KEEP_TIMELINE);
        assert_eq!(items_of(&both.service, "c"), kept, "{what}");
        assert_eq!(run.records_removed as usize, events.len() + 1 - kept.len(), "{what}");
        // Whoever writes now waits for whoever would have been responsible, and comes first or second.
        let now = NOW + KEEP_TIMELINE + DAY;
        both.take_in(&[from_customer("c", "again", now)], now);
        both.sweep(now + MINUTE);
        both.take_in(&[change("later", now + 2 * MINUTE, false, "human")], now + 2 * MINUTE);
        both.sweep(now + 3 * MINUTE);
    }
}

/// A person answers, and after that the AI. Whether the AI has resumed by that depends on what is not known yet, or on
/// what the answers are looked at with: then both are kept.
#[test]
fn what_is_kept_for_the_one_decides_nothing_else_in_the_other() {
    let t = |minute: i64| NOW + minute * MINUTE;
    let ai = |conversation_id: &str| message(conversation_id, "ai", t(2), json!({ "sender": "ai" }));
    let [record, _] = waiting("o", "c", NOW);
    for starts_with_autopilot in [true, false] {
        let mut record = record.clone();
        record["startsWithAutopilot"] = json!(starts_with_autopilot);
        let mut both = Both::new();
        both.take_in(&[message("c", "person", t(1), json!({})), ai("c")], t(3));
        both.sweep(t(4) + KEEP_TIMELINE);
        assert_eq!(items_of(&both.service, "c"), ["ai", "person"]);
        let now = t(5) + KEEP_TIMELINE;
        both.take_in(&[record, from_customer("c", "again", now)], now);
        both.sweep(now + MINUTE);
    }
    let mut both = Both::new();
    let mut merged = answered("part", "k", NOW);
    merged[0]["mergedInto"] = json!("whole");
    both.take_in(&merged, t(3));
    both.take_in(&answered("whole", "k", NOW - MINUTE), t(3));
    both.take_in(&[ai("whole")], t(3));
    both.sweep(t(4) + KEEP_TIMELINE);
    assert_eq!(items_of(&both.service, "part"), ["part answer"]);
    assert_eq!(items_of(&both.service, "whole"), ["ai"]);
    let now = t(5) + KEEP_TIMELINE;
    both.take_in(&[from_customer("whole", "again", now)], now);
    both.sweep(now + MINUTE);
    assert_eq!(both.service.snapshot("o").unwrap().len(), 1);
}

/// By itself a person's answer has lost its effect, as the autopilot was on after it; with what it was merged into it
/// has not.
#[test]
fn what_took_the_effect_of_a_reply_away_is_kept_with_it() {
    let t = |minute: i64| NOW + minute * MINUTE;
    let change = |id: &str, at: i64, enabled: bool, by: &str| {
        json!({ "type": "autopilot", "organizationId": "o", "updatedAt": instant_text(at), "changeId": id, "conversationId": "part",
                "at": instant_text(at), "enabled": enabled, "by": by })
    };
    let mut both = Both::new();
    let [mut record, question] = waiting("o", "part", t(1));
    record["mergedInto"] = json!("whole");
    both.take_in(&waiting("o", "whole", NOW), NOW);
    both.take_in(
        &[
            message("whole", "ai", NOW + 1, json!({ "sender": "ai" })),
            record,
            question,
        ],
        t(2),
    );
    both.take_in(
        &[
            change("off", t(2), false, "human"),
            message("part", "person", t(3), json!({})),
            change("on", t(4), true, "human"),
            change("last", t(5), false, "system"),
        ],
        t(6),
    );
    assert_eq!(both.sweep(t(7) + KEEP_TIMELINE).conversations_swept, 2);
    assert_eq!(items_of(&both.service, "part"), ["last", "off", "on", "person"]);
    assert!(items_of(&both.service, "whole").is_empty());
    let now = t(8) + KEEP_TIMELINE;
    both.take_in(&[from_customer("part", "again", now)], now);
    both.sweep(now + MINUTE);
    assert_eq!(both.service.snapshot("o").unwrap().len(), 1);
}

#[test]
fn what_waits_is_kept_whatever_keeps_it_from_being_listed() {
    let at = NOW;
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 5] = [
        ("waiting", |_| {}),
        ("draft", |record| record["draft"] = json!(true)),
        ("voice", |record| record["channelType"] = json!("voice")),
        ("merged into what is not known", |record| {
            record["mergedInto"] = json!("unknown")
        }),
        ("removed", |record| record["deleted"] = json!(true)),
    ];
    for (what, edit) in edits {
        let mut both = Both::new();
        let mut events = waiting("o", "c", at);
        edit(&mut events[0]);
        both.take_in(&events, at);
        both.sweep(at + 30 * DAY);
        both.sweep(at + 399 * DAY);
        assert_eq!(items_of(&both.service, "c"), ["c"], "{what}");
        let run = sweep(&both.service, at + 400 * DAY + 1);
        assert_eq!(run.conversations_swept, 1, "{what}");
        sweep(&both.service, at + 400 * DAY + MINUTE);
        assert_eq!(both.service.snapshot("o"), Some(Vec::new()), "{what}");
        assert_eq!(
            count(&both.service, "record WHERE type IN ('message', 'conversation')"),
            0,
            "{what}"
        );
        assert_eq!(count(&both.service, "conversation_state"), 0, "{what}");
    }
    // Messages without a record of their conversation, and one that waits in what it was merged into.
    let mut both = Both::new();
    both.take_in(&[from_customer("unknown", "1", at)], at);
    let mut merged = answered("m", "k", at);
    merged[0]["mergedInto"] = json!("target");
    both.take_in(&merged, at + MINUTE);
    both.take_in(&waiting("o", "target", at), at);
    both.sweep(at + 30 * DAY);
    assert_eq!(
        items_of(&both.service, "unknown").len() + items_of(&both.service, "m").len(),
        3
    );
}

#[test]
fn an_import_of_old_conversations_is_taken_in_whole() {
    let mut both = Both::new();
    let old = NOW - 300 * DAY;
    let history: Vec<Value> = (0..20)
        .map(|number| {
            message(
                "c",
                &format!("{number:02}"),
                old + number * MINUTE,
                json!({ "sender": "ai" }),
            )
        })
        .collect();
    both.take_in(&waiting("o", "c", old), NOW);
    // The import takes days.
    for (number, events) in history.chunks(5).enumerate() {
        let now = NOW + number as i64 * 3 * DAY;
        assert_eq!(both.take_in(events, now).expired, 0);
        assert_eq!(both.sweep(now).conversations_swept, 0);
    }
    assert_eq!(both.sweep(NOW + 13 * DAY - 1).conversations_swept, 0, "more may come");
    let swept_at = NOW + 13 * DAY;
    assert_eq!(both.sweep(swept_at).conversations_swept, 1);
    assert!(items_of(&both.service, "c").is_empty());

    let receipt = both.take_in(&history, swept_at);
    assert_eq!(
        (receipt.accepted, receipt.applied, receipt.ignored, receipt.expired),
        (20, 0, 20, 20)
    );
    let mark = swept_at - KEEP_TIMELINE + 3 * DAY;
    let late = from_customer("c", "as late as it may be", mark + 1);
    let expired = from_customer("c", "later", mark);
    let receipt = both.take_in(std::slice::from_ref(&late), swept_at);
    assert_eq!((receipt.applied, receipt.expired), (1, 0));
    let receipt = ingest(&both.service, &[expired, late], swept_at);
    assert_eq!(
        (receipt.accepted, receipt.applied, receipt.ignored, receipt.expired),
        (2, 0, 2, 1)
    );
    both.sweep(swept_at + MINUTE);
    // Another conversation takes in items of any age.
    let receipt = both.take_in(&answered("d", "k", old), swept_at);
    assert_eq!((receipt.applied, receipt.expired), (3, 0));
}

/// A removal that was overtaken comes again after the item is gone, and so does the item.
#[test]
fn an_item_that_is_gone_does_not_come_back_over_its_removal() {
    let mut both = Both::new();
    let question = from_customer("c", "question", NOW + MINUTE);
    let mut removal = question.clone();
    removal["deleted"] = json!(true);
    removal["updatedAt"] = json!(instant_text(NOW));
    both.take_in(&waiting("o", "c", NOW), NOW);
    both.take_in(&[question.clone(), removal.clone()], NOW + MINUTE);
    both.take_in(
        &[message("c", "answer", NOW + 2 * MINUTE, json!({ "sender": "ai" }))],
        NOW + 3 * MINUTE,
    );
    let now = NOW + KEEP_TIMELINE + DAY;
    assert_eq!(both.sweep(now).conversations_swept, 1);
    both.take_in(&[removal], now);
    let receipt = both.take_in(&[question], now);
    assert_eq!((receipt.applied, receipt.ignored, receipt.expired), (0, 1, 1));
    both.sweep(now + MINUTE);
    assert_eq!(both.service.snapshot("o"), Some(Vec::new()));
}

#[test]
fn what_nobody_touches_goes_whole() {
    let mut both = Both::new();
    let contact = |id: &str, given: Value| {
        let mut contact = json!({ "type": "contact", "organizationId": "o", "updatedAt": instant_text(NOW), "contactId": id, "name": "Ada" });
        contact
            .as_object_mut()
            .unwrap()
            .extend(given.as_object().unwrap().clone());
        contact
    };
    let removal = |record_type: &str, id: &str| json!({ "type": record_type, "organizationId": "o", "updatedAt": instant_text(NOW), own_id_field(record_type): id, "deleted": true });
    let named = |record_type: &str, id: &str| {
        json!({ "type": record_type, "organizationId": "o", "updatedAt": instant_text(NOW), own_id_field(record_type): id, "name": "x",
                "fullName": "x" })
    };
    let later = NOW + 100 * DAY;
    both.take_in(
        &[
            contact("alone", json!({})),
            contact("blocked", json!({ "blocked": true })),
            contact("of two", json!({})),
            contact("became", json!({})),
            contact("was", json!({ "mergedInto": "became" })),
            removal("contact", "removed"),
            removal("message", "removed"),
            removal("conversation", "removed"),
            removal("department", "removed"),
            removal("user", "removed"),
            named("department", "d"),
            named("user", "u"),
            named("organization", "o"),
        ],
        NOW,
    );
    for (conversation_id, contact_id) in [("1", "alone"), ("2", "blocked"), ("3", "of two"), ("4", "became")] {
        both.take_in(&answered(conversation_id, contact_id, NOW), NOW);
    }
    both.take_in(&answered("5", "of two", later), later);
    let mut merged = answered("6", "k", NOW);
    merged[0]["mergedInto"] = json!("5");
    both.take_in(&merged, NOW);

    both.sweep(NOW + KEEP_CONVERSATION);
    assert_eq!(
        count(&both.service, "record WHERE type = 'conversation' AND deleted = 0"),
        6
    );
    let run = both.sweep(NOW + KEEP_CONVERSATION + 2 * MINUTE);
    assert_eq!(run.conversations_swept, 5, "and what was removed");
    let left = |record_type: &str| -> Vec<String> {
        let sql = "SELECT record_id FROM record WHERE type = ?1 ORDER BY 1";
        let rows = both.service.database.query_with(sql, &[record_type]);
        rows.into_iter().map(|row| row[0].clone()).collect()
    };
    assert_eq!(left("conversation"), ["5", "6"], "6 is part of 5");
    assert_eq!(left("contact"), ["became", "blocked", "of two", "was"]);
    assert_eq!(left("department"), ["d", "removed"]);
    assert_eq!(left("user"), ["removed", "u"]);
    assert_eq!(left("organization"), ["o"]);
    assert_eq!(count(&both.service, "record WHERE type = 'message' AND deleted = 1"), 0);
    let marks = both
        .service
        .database
        .query("SELECT conversation_id FROM conversation_sweep ORDER BY 1");
    assert_eq!(marks, [["5"], ["6"]]);
    // It counts as never swept.
    let receipt = both.take_in(&answered("1", "alone", NOW), NOW + KEEP_CONVERSATION + 3 * MINUTE);
    assert_eq!((receipt.applied, receipt.expired), (3, 0));
    both.sweep(NOW + KEEP_CONVERSATION + 4 * MINUTE);
}

#[test]
fn a_database_of_before_keeps_everything_until_as_long_after_the_upgrade() {
    let service = Service::on(Sqlite::before("0006"));
    let old = |organization_id: &str| {
        service.database.execute(&format!(
            "INSERT INTO organization (organization_id) VALUES ('{organization_id}');
             INSERT INTO record SELECT '{organization_id}', value ->> 0, value ->> 1, value ->> 2, {NOW}, 0, value ->> 3
             FROM json_each('[[\"conversation\",\"c\",null,\"{{\\\"assigneeIds\\\":[],\\\"channelType\\\":\\\"sms\\\",\\\"contactId\\\":\\\"k\\\",\\\"draft\\\":false}}\"]]');"
        ));
    };
    old("before");
    service.database.migrate_from("0006");
    old("after");
    let upgraded_at: i64 = service
        .database
        .query("SELECT forgets_since FROM organization ORDER BY 1")[1][0]
        .parse()
        .unwrap();
    let events: Vec<Value> = ["before", "after"]
        .iter()
        .map(|organization_id| {
            let mut event = message("c", "1", NOW, json!({ "sender": "ai" }));
            event["organizationId"] = json!(organization_id);
            event
        })
        .collect();
    ingest(&service, &events, NOW);
    // The clock of the migration is that of this machine.
    let early = sweep(&service, (upgraded_at + KEEP_TIMELINE - 1).min(NOW + 30 * DAY));
    assert_eq!(
        early.conversations_swept, 1,
        "that of the organization that came after it"
    );
    let run = sweep(&service, upgraded_at + KEEP_TIMELINE);
    assert_eq!(
        run.conversations_swept,
        if upgraded_at < NOW + KEEP_CONVERSATION { 1 } else { 2 }
    );
}

// ---------------------------------------------------------------------------------------------------------
// Faults, and what comes in between
// ---------------------------------------------------------------------------------------------------------

/// What the sweep is about: conversations to be swept, one that was merged, one without a record, and old ones that go
/// whole.
fn crowd() -> Vec<Value> {
    let mut events = Vec::new();
    for number in 0..4 {
        events.extend(answered(&format!("swept {number}"), "k", NOW));
    }
    let mut merged = answered("merged", "k", NOW);
    merged[0]["mergedInto"] = json!("swept 1");
    events.extend(merged);
    let orphan = answered("orphan", "k", NOW);
    events.extend_from_slice(&orphan[1..]);
    for number in 0..3 {
        events.extend(answered(&format!("whole {number}"), "gone", NOW - KEEP_CONVERSATION));
    }
    events.extend(waiting("o", "waiting", NOW));
    events.push(
        json!({ "type": "contact", "organizationId": "o", "updatedAt": instant_text(NOW - KEEP_CONVERSATION),
        "contactId": "gone", "name": "Ada" }),
    );
    events.push(
        json!({ "type": "message", "organizationId": "o", "updatedAt": instant_text(NOW - KEEP_CONVERSATION),
        "messageId": "removed", "deleted": true }),
    );
    events
}

/// Who wrote so long ago that it is forgotten.
fn waiting_for_ever() -> [Value; 2] {
    waiting("o", "waiting for ever", NOW - 401 * DAY)
}

/// What is stored, except what counts runs.
fn stored(service: &Service) -> Vec<Vec<String>> {
    let mut rows = service
        .database
        .query("SELECT organization_id, type, record_id, body FROM record ORDER BY 1, 2, 3");
    rows.extend(service.database.query("SELECT * FROM conversation_sweep ORDER BY 1, 2"));
    rows.extend(service.database.query("SELECT * FROM conversation_state ORDER BY 1, 2"));
    rows
}

#[test]
fn a_sweep_can_stop_at_any_statement() {
    let start = || {
        let service = Service::default();
        ingest(&service, &waiting_for_ever(), NOW - 401 * DAY);
        ingest(&service, &crowd(), NOW + 2 * MINUTE);
        block_on(service.refresh(NOW + 2 * MINUTE)).unwrap();
        service
    };
    let instants = [
        NOW + KEEP_TIMELINE + DAY,
        NOW + KEEP_TIMELINE + DAY + MINUTE,
        NOW + KEEP_TIMELINE + DAY + 2 * MINUTE,
    ];
    let expected = start();
    for as_of in instants {
        sweep(&expected, as_of);
    }
    let left = expected
        .database
        .query("SELECT record_id FROM record WHERE conversation_id IS NOT NULL ORDER BY 1");
    let kept = [
        "merged answer",
        "orphan answer",
        "swept 0 answer",
        "swept 1 answer",
        "swept 2 answer",
        "swept 3 answer",
        "waiting",
    ];
    assert_eq!(left, kept.map(|id| [id]));
    let mut stops = 0;
    for is_statement in [true, false] {
        for number in 0.. {
            let service = start();
            let fault = if is_statement {
                Fault::AfterStatements(number)
            } else {
                Fault::AfterBatches(number)
            };
            service.database.set_fault(Some(fault));
            let outcome = block_on(service.refresh_within(instants[0], limits()));
            service.database.set_fault(None);
            if outcome.is_ok() {
                break;
            }
            stops += 1;
            for as_of in [instants[1], instants[2]] {
                sweep(&service, as_of);
            }
            // The instant of the sweep decides the marks.
            let without_marks = |service: &Service| {
                service.database.execute("UPDATE conversation_sweep SET mark = 0");
                stored(service)
            };
            assert_eq!(without_marks(&service), without_marks(&expected), "{fault:?}");
            assert_eq!(service.snapshot("o"), expected.snapshot("o"), "{fault:?}");
            service.assert_no_garbage(&format!("{fault:?}"));
        }
    }
    println!("faults injected into sweeps and survived: {stops}");
    assert!(stops > 20, "only {stops} faults occurred");
}

/// An event as late as it may be comes at each step of a sweep.
#[test]
fn what_comes_during_a_sweep_is_not_lost() {
    let as_of = NOW + KEEP_TIMELINE + DAY;
    let late_at = as_of - KEEP_TIMELINE + 3 * DAY + MINUTE;
    let mut reopened = answered("swept 2", "k", NOW)[0].clone();
    reopened["updatedAt"] = json!(instant_text(late_at));
    reopened["assigneeIds"] = json!(["somebody"]);
    let late: [Vec<Value>; 4] = [
        vec![from_customer("swept 0", "late", late_at)],
        vec![
            from_customer("merged", "late", late_at),
            message("swept 3", "late too", late_at, json!({})),
        ],
        vec![
            from_customer("orphan", "late", late_at),
            waiting("o", "orphan", NOW)[0].clone(),
        ],
        vec![reopened],
    ];
    for events in late {
        for step in 0.. {
            let mut both = Both::new();
            both.take_in(&waiting_for_ever(), NOW - 401 * DAY);
            both.take_in(&crowd(), NOW + 2 * MINUTE);
            both.sweep(NOW + 2 * MINUTE);
            let token = both.service.change_token();
            let now = || Timestamp::from_milliseconds(as_of);
            let start = conversation_monitor::refresh::Start {
                scheduled_at: now(),
                change_token: &token,
                now: &now,
                limits: limits(),
                calendar_of: &calendar_of,
                enter_slice: &|_| Box::pin(async {}),
                leave_slice: &|| {},
            };
            let waker = noop_waker();
            let mut context = Context::from_waker(&waker);
            let mut run = Box::pin(conversation_monitor::refresh::run(&both.service.database, start));
            let mut poll = || Pin::as_mut(&mut run).poll(&mut context).is_ready();
            let done = (0..step).any(|_| poll());
            let receipt = ingest(&both.service, &events, as_of);
            assert_eq!(receipt.expired, 0, "step {step}");
            while !done && !poll() {}
            both.oracle.take_in(&events);
            for minute in 1..3 {
                sweep(&both.service, as_of + minute * MINUTE);
            }
            // What waits for more than 400 days is forgotten on purpose.
            let rows = |rows: Vec<(String, Vec<String>)>| -> Vec<String> {
                rows.into_iter()
                    .map(|(row, _)| row)
                    .filter(|row| !row.contains("for ever"))
                    .collect()
            };
            let expected = rows(both.oracle.snapshot("o", as_of + 2 * MINUTE));
            assert_eq!(rows(both.service.snapshot("o").unwrap()), expected, "step {step}");
            if done {
                break;
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------------------
// Bounds
// ---------------------------------------------------------------------------------------------------------

#[test]
fn a_sweep_takes_no_more_than_it_may() {
    let service = Service::default();
    for number in 0..300 {
        let mut events = answered(&format!("c{number:03}"), "k", NOW);
        events.extend((0..7).map(|reply| {
            message(
                &format!("c{number:03}"),
                &format!("{number} {reply}"),
                NOW,
                json!({ "sender": "ai" }),
            )
        }));
        for event in &mut events {
            event["organizationId"] = json!(format!("o{}", number % 7));
        }
        ingest(&service, &events, NOW + 2 * MINUTE);
    }
    block_on(service.refresh(NOW + 2 * MINUTE)).unwrap();
    let idle = block_on(service.refresh(NOW + 3 * MINUTE)).unwrap().run.statements;
    let as_of = NOW + KEEP_TIMELINE + DAY;
    let mut limits = limits();
    limits.sweep = SweepLimits {
        every_ms: DAY,
        statements: 40,
        conversations: 20,
        records: 500,
        removed: 300,
        ..limits.sweep
    };
    limits.slice.items = 50;
    let mut runs: Vec<Run> = Vec::new();
    for minute in 1.. {
        service.database.set_fault(None);
        let run = block_on(service.refresh_within(as_of + minute * MINUTE, limits))
            .unwrap()
            .run;
        assert!(run.statements <= idle + 40, "{run:?}");
        assert!(run.records_removed < 300 + 60, "{run:?}");
        let is_over = run.swept_as_of >= Some(Timestamp::from_milliseconds(as_of));
        runs.push(run);
        if is_over {
            break;
        }
    }
    let swept: u64 = runs.iter().map(|run| run.conversations_swept).sum();
    let removed: u64 = runs.iter().map(|run| run.records_removed).sum();
    assert_eq!((swept, removed), (300, 300 * 8));
    assert!((9..25).contains(&runs.len()), "{} runs", runs.len());
    // Until the next pass nothing more is read than where the sweep is.
    let minute = runs.len() as i64 + 1;
    let run = block_on(service.refresh_within(as_of + minute * MINUTE, limits))
        .unwrap()
        .run;
    assert_eq!((run.statements, run.conversations_swept), (idle, 0));

    // Time ends it, too.
    limits.sweep.duration_ms = 0;
    limits.sweep.every_ms = 0;
    let run = block_on(service.refresh_within(as_of + 2 * DAY, limits)).unwrap().run;
    assert!(run.statements <= idle + 4, "{run:?}");
}

/// A conversation that takes more statements than a run has, or that cannot be read, keeps the others from nothing.
#[test]
fn what_cannot_be_swept_is_passed_by() {
    let service = Service::default();
    for number in 0..30 {
        ingest(
            &service,
            &answered(&format!("c{number:02}"), "k", NOW),
            NOW + 2 * MINUTE,
        );
    }
    let long: Vec<Value> = (0..900)
        .map(|number| message("c05", &format!("long {number}"), NOW, json!({ "sender": "ai" })))
        .collect();
    ingest(&service, &long, NOW + 2 * MINUTE);
    block_on(service.refresh(NOW + 2 * MINUTE)).unwrap();
    service
        .database
        .execute("UPDATE record SET body = replace(body, '\"human\"', '\"nobody\"') WHERE record_id = 'c20 answer'");
    let mut limits = limits();
    limits.sweep.statements = 40;
    limits.sweep.every_ms = DAY;
    limits.slice.items = 10;
    let mut swept = (0, 0);
    for minute in 0..30 {
        let as_of = NOW + KEEP_TIMELINE + DAY + minute * MINUTE;
        let run = block_on(service.refresh_within(as_of, limits)).unwrap().run;
        swept.0 += run.conversations_swept;
        swept.1 += run.sweep_failed;
    }
    assert_eq!(swept, (28, 2));
    // With more statements, the next pass takes the long one.
    limits.sweep.statements = 200;
    let mut swept = 0;
    for minute in 0..5 {
        let as_of = NOW + KEEP_TIMELINE + 3 * DAY + minute * MINUTE;
        swept += block_on(service.refresh_within(as_of, limits))
            .unwrap()
            .run
            .conversations_swept;
    }
    assert_eq!(swept, 1);
}

#[test]
fn nothing_is_forgotten_unless_it_is_configured() {
    let service = Service::default();
    ingest(&service, &crowd(), NOW + 2 * MINUTE);
    let before = count(&service, "record");
    for day in 0..3 {
        block_on(service.refresh(NOW + 500 * DAY + day * DAY)).unwrap();
    }
    assert_eq!(count(&service, "record"), before);
}
