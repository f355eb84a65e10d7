//! Alerts over random histories, with a receiver that refuses, hangs and comes back, and with crashes at any statement:
//! each stall is told once, and so is its end.

use crate::support::history::{Random, instant_text};
use crate::support::service::Service;
use crate::support::sqlite::Fault;
use crate::support::zones::calendar_of;
use crate::support::{MINUTE, NOW, seeds};
use conversation_monitor::alert::deliver::deliver;
use conversation_monitor::alert::detect::detect;
use conversation_monitor::alert::message::QueueMessage;
use conversation_monitor::alert::settings::{parse_change, put_alerts, read_alerts};
use conversation_monitor::alert::stalls::DeliveryOutcome;
use conversation_monitor::auth::access::{OrganizationId, settings_access};
use conversation_monitor::auth::claims::Claims;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::storage::database::DatabaseError;
use futures::executor::block_on;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ORGANIZATIONS: [&str; 2] = ["a", "b"];
/// As many as a message names.
const CONVERSATIONS: usize = 6;
const CATEGORIES: [&str; 2] = ["ai_stuck", "agent_abandoned"];
/// As in src/worker/alerts/queue.js.
const RETRY_SECONDS: i64 = 30;
/// For how many minutes nothing goes wrong in the end: longer than the longest pause between two attempts.
const CALM_ROUNDS: i64 = 80;

fn organization(id: &str) -> OrganizationId {
    let claims = json!({ "exp": 1, "role": "SUPERADMIN" }).to_string();
    settings_access(&Claims::from_payload(claims.as_bytes()).unwrap(), id).unwrap()
}

/// A message of the queue.
#[derive(Debug, Clone)]
struct Queued {
    organization_id: String,
    destination_id: String,
    number: i64,
    due_at: i64,
}

impl Queued {
    fn message(&self) -> QueueMessage<'_> {
        QueueMessage {
            organization_id: &self.organization_id,
            destination_id: &self.destination_id,
            number: self.number,
        }
    }
}

/// What a receiver was sent and may have got.
#[derive(Debug, Clone)]
struct Attempt {
    number: i64,
    kind: String,
    conversations: Vec<String>,
    at: i64,
    is_received: bool,
    /// Whether the service knows that it was received.
    is_known: bool,
}

struct Desk {
    service: Service,
    queue: Vec<Queued>,
    /// By organization and destination.
    attempts: BTreeMap<(String, String), Vec<Attempt>>,
    /// The conversations that were noted as told, and most likely were not, by organization and destination.
    doubted: BTreeMap<(String, String), BTreeSet<String>>,
}

type Receive<'a> = &'a mut dyn FnMut(&Attempt) -> (DeliveryOutcome, bool);

impl Desk {
    fn new() -> Self {
        Self {
            service: Service::default(),
            queue: Vec::new(),
            attempts: BTreeMap::new(),
            doubted: BTreeMap::new(),
        }
    }

    fn put(&self, organization_id: &str, destinations: &Value, now: i64) {
        let body = json!({ "destinations": destinations }).to_string();
        let change = parse_change(body.as_bytes()).unwrap();
        let sealed: Vec<Value> = destinations
            .as_array()
            .unwrap()
            .iter()
            .map(|_| json!([format!("sealed for {organization_id}"), "h", "e", null]))
            .collect();
        let now = Timestamp::from_milliseconds(now);
        let (id, sealed) = (organization(organization_id), Value::Array(sealed).to_string());
        block_on(put_alerts(&self.service.database, &id, &change, sealed, now)).unwrap();
    }

    /// What the entry module does after a refresh.
    fn detect(&mut self, now: i64) -> Result<(), DatabaseError> {
        let mut after = Some(String::new());
        while let Some(id) = after {
            let clock = Timestamp::from_milliseconds(now);
            let found = block_on(detect(&self.service.database, &calendar_of, &|_| true, &id, clock))?;
            for message in found["messages"].as_array().unwrap() {
                self.queue.push(Queued {
                    organization_id: message[0].as_str().unwrap().to_owned(),
                    destination_id: message[1].as_str().unwrap().to_owned(),
                    number: message[2].as_i64().unwrap(),
                    due_at: now + 1_000 * message[3].as_i64().unwrap(),
                });
            }
            after = found["after"].as_str().map(str::to_owned);
        }
        Ok(())
    }

    /// What the consumer of the queue does with the messages that are due.
    fn deliver(&mut self, now: i64, receive: Receive<'_>) {
        let due: Vec<Queued> = self.queue.extract_if(.., |message| message.due_at <= now).collect();
        for message in due {
            let seconds = self.deliver_one(&message, now, receive).unwrap_or(Some(RETRY_SECONDS));
            if let Some(seconds) = seconds {
                self.queue.push(Queued {
                    due_at: now + 1_000 * seconds,
                    ..message
                });
            }
        }
    }

    fn deliver_one(&mut self, queued: &Queued, now: i64, receive: Receive<'_>) -> Result<Option<i64>, DatabaseError> {
        let message = queued.message();
        let clock = Timestamp::from_milliseconds(now);
        let key = (queued.organization_id.clone(), queued.destination_id.clone());
        let draft = block_on(deliver(&self.service.database, &calendar_of, message, None, clock));
        if draft.is_err() {
            // It may have been noted as sent nevertheless.
            let on_their_way = self.on_their_way(&key);
            self.doubted.entry(key).or_default().extend(on_their_way);
            return Ok(Some(RETRY_SECONDS));
        }
        let draft: Value = serde_json::from_str(&draft?).unwrap();
        if draft.is_null() {
            return Ok(None);
        }
        assert_eq!(draft["url"], format!("sealed for {}", queued.organization_id));
        let conversations = draft["conversations"].as_array().unwrap();
        let mut attempt = Attempt {
            number: queued.number,
            kind: draft["kind"].as_str().unwrap().to_owned(),
            conversations: conversations
                .iter()
                .map(|conversation| conversation["conversationId"].as_str().unwrap().to_owned())
                .collect(),
            at: now,
            is_received: false,
            is_known: false,
        };
        assert_eq!(draft["total"], attempt.conversations.len());
        assert_ne!(attempt.conversations.len(), 0);
        let (outcome, is_received) = receive(&attempt);
        attempt.is_received = is_received;
        let problem = (outcome != DeliveryOutcome::Delivered).then_some("it failed");
        let ended = Some((outcome, problem));
        let finished = block_on(deliver(&self.service.database, &calendar_of, message, ended, clock));
        attempt.is_known = outcome == DeliveryOutcome::Delivered && finished.is_ok();
        self.attempts.entry(key).or_default().push(attempt);
        Ok(serde_json::from_str(&finished?).unwrap())
    }

    /// The kinds of all messages, and how long after an instant each was sent.
    fn told_since(&self, instant: i64) -> Vec<(&str, i64)> {
        let attempts = self.attempts.values().flatten();
        attempts
            .map(|attempt| (attempt.kind.as_str(), attempt.at - instant))
            .collect()
    }

    /// The conversations of a destination that a message tells of which it is not known whether it arrived.
    fn on_their_way(&self, (organization_id, destination_id): &(String, String)) -> Vec<String> {
        let sql = "SELECT coalesce(stalls, '') FROM alert WHERE organization_id = ?1 AND destination_id = ?2";
        let rows = self
            .service
            .database
            .query_with(sql, &[organization_id, destination_id]);
        let lines = rows[0][0].lines().filter(|line| line.starts_with(['m', 'c', 'M', 'C']));
        lines.map(|line| line[1..].to_owned()).collect()
    }

    /// The conversations of an organization that a destination fits, by what is published.
    fn fits(&self, organization_id: &str, categories: &[&str], minutes: i64, as_of: i64) -> BTreeSet<String> {
        let rows = self.service.snapshot(organization_id).unwrap_or_default();
        let fits = |(text, _): &(String, _)| {
            let row: Value = serde_json::from_str(text).unwrap();
            let since = Timestamp::from_rfc3339(row["stalledSince"].as_str().unwrap()).unwrap();
            let is_over = as_of - since.as_milliseconds() >= minutes * MINUTE;
            let is_own = categories.iter().any(|category| row["category"] == *category);
            (is_over && is_own).then(|| row["conversationId"].as_str().unwrap().to_owned())
        };
        rows.iter().filter_map(fits).collect()
    }
}

/// Something that happens in an organization at an instant.
fn event(random: &mut Random, organization_id: &str, at: i64, number: usize) -> Vec<Value> {
    let id = format!("{organization_id}{}", random.below(CONVERSATIONS));
    let common = json!({ "organizationId": organization_id, "updatedAt": instant_text(at) });
    let with = |more: Value| {
        let mut event = common.as_object().unwrap().clone();
        event.extend(more.as_object().unwrap().clone());
        Value::Object(event)
    };
    let conversation = |more: Value| {
        let mut event = with(
            json!({ "type": "conversation", "conversationId": id, "contactId": format!("k{id}"), "channelType": "sms" }),
        );
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let message = |direction: &str, sender: &str| {
        with(json!({
            "type": "message", "messageId": format!("m{number}"), "conversationId": id, "at": instant_text(at),
            "direction": direction, "sender": sender,
        }))
    };
    match random.below(10) {
        0..=4 => vec![conversation(json!({})), message("inbound", "contact")],
        5..=7 => vec![message("outbound", "human")],
        8 => vec![conversation(json!({ "resolvedAt": instant_text(at) }))],
        _ => vec![conversation(json!({ "departmentId": "d1" }))],
    }
}

/// What a receiver knows after all that it got, each message once: for each conversation, what it was told, in order.
fn told(attempts: &[Attempt]) -> BTreeMap<String, Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for attempt in attempts.iter().filter(|attempt| attempt.is_received) {
        if seen.insert(attempt.number) {
            for id in &attempt.conversations {
                told.entry(id.clone()).or_default().push(attempt.kind.clone());
            }
        }
    }
    told
}

/// Whether something is the case that happens in so many percent of the cases while things go wrong.
struct Weather {
    refuses: usize,
    hangs: usize,
    crashes: usize,
}

/// Returns how many messages were received.
fn check(seed: u64) -> usize {
    let mut random = Random::new(seed);
    let mut desk = Desk::new();
    let weather = Weather {
        refuses: *random.pick(&[0, 20, 60]),
        hangs: *random.pick(&[0, 10, 40]),
        crashes: *random.pick(&[0, 10, 30]),
    };
    let start = NOW - NOW % MINUTE;
    for id in ORGANIZATIONS {
        let event =
            json!({ "type": "organization", "organizationId": id, "name": id, "updatedAt": instant_text(start) });
        block_on(desk.service.ingest(&[event], start)).unwrap();
    }
    let destinations = json!([
        { "id": "first", "url": "https://x.com/", "format": "slack", "categories": CATEGORIES },
        { "id": "later", "url": "https://x.com/", "format": "slack", "categories": CATEGORIES, "afterMinutes": 9 },
    ]);
    for id in ORGANIZATIONS {
        desk.put(id, &destinations, start);
    }
    let minutes_of = |destination_id: &str| if destination_id == "first" { 5 } else { 9 };
    let rounds = 30 + random.below(60) as i64;
    let quiet = 12;
    let mut number = 0;
    // By destination: when a message of each number was first sent, and what may have been lost.
    for round in 0..rounds + CALM_ROUNDS {
        let at = start + round * MINUTE;
        let is_calm = round >= rounds;
        if round < rounds - quiet {
            for id in ORGANIZATIONS {
                for _ in 0..random.below(3) {
                    number += 1;
                    let events = event(&mut random, id, at - 1, number);
                    block_on(desk.service.ingest(&events, at)).unwrap();
                }
            }
        }
        block_on(desk.service.refresh(at)).unwrap();
        let fits: BTreeMap<(String, String), BTreeSet<String>> = ORGANIZATIONS
            .iter()
            .flat_map(|id| ["first", "later"].map(|destination| (*id, destination)))
            .map(|(id, destination)| {
                let present = desk.fits(id, &CATEGORIES, minutes_of(destination), at);
                ((id.to_owned(), destination.to_owned()), present)
            })
            .collect();
        for second in [1, 21, 41] {
            let now = at + second * 1_000;
            let context = format!("seed {seed}, round {round}");
            if second == 1 || random.chance(30) {
                crash(&mut random, &desk, &weather, is_calm);
                drop(desk.detect(now - 1_000));
                desk.service.database.set_fault(None);
            }
            let mut weather_of_attempt = Random::new(random.next_u64());
            crash(&mut random, &desk, &weather, is_calm);
            let before: BTreeMap<_, usize> = desk
                .attempts
                .iter()
                .map(|(key, list)| (key.clone(), list.len()))
                .collect();
            desk.deliver(now, &mut |_| {
                if is_calm {
                    (DeliveryOutcome::Delivered, true)
                } else if weather_of_attempt.chance(weather.refuses) {
                    (DeliveryOutcome::Refused, false)
                } else if weather_of_attempt.chance(weather.hangs) {
                    (DeliveryOutcome::Unknown, weather_of_attempt.chance(50))
                } else {
                    (DeliveryOutcome::Delivered, true)
                }
            });
            desk.service.database.set_fault(None);
            for (key, attempts) in &desk.attempts {
                for attempt in attempts.iter().skip(before.get(key).copied().unwrap_or_default()) {
                    for id in &attempt.conversations {
                        // Of its own organization, waiting if that is what is said, and else not.
                        assert!(id.starts_with(&key.0), "{context}: {key:?} {attempt:?}");
                        assert_eq!(
                            fits[key].contains(id),
                            attempt.kind == "stalled",
                            "{context}: {key:?} {attempt:?}"
                        );
                    }
                }
            }
        }
    }
    let mut received = 0;
    for (key, attempts) in &desk.attempts {
        let context = format!("seed {seed}, {key:?}: {attempts:#?}");
        // One message a minute: of two numbers, between the last attempt of the one and the first of the other that
        // arrived.
        let mut last: Option<(i64, i64)> = None;
        for attempt in attempts.iter().filter(|attempt| attempt.is_received) {
            if let Some((number, at)) = last {
                assert!(number == attempt.number || attempt.at - at >= MINUTE, "{context}");
            }
            last = Some((attempt.number, attempt.at));
        }
        let lost: BTreeSet<&String> = attempts
            .iter()
            .filter(|attempt| !attempt.is_known)
            .flat_map(|attempt| &attempt.conversations)
            .chain(desk.doubted.get(key).into_iter().flatten())
            .collect();
        let end = start + (rounds + CALM_ROUNDS - 1) * MINUTE;
        let present = desk.fits(&key.0, &CATEGORIES, minutes_of(&key.1), end);
        for (id, kinds) in told(attempts) {
            received += kinds.len();
            for (index, kind) in kinds.iter().enumerate() {
                let before = index.checked_sub(1).map(|before| kinds[before].as_str());
                let is_next = if kind == "stalled" {
                    before != Some("stalled")
                } else {
                    before == Some("stalled")
                };
                // What may have arrived is treated as if it had.
                assert!(is_next || lost.contains(&id), "{id} {kinds:?} {context}");
            }
            let expected = if present.contains(&id) { "stalled" } else { "cleared" };
            assert_eq!(kinds.last().unwrap(), expected, "{id} {kinds:?} {context}");
        }
        for id in &present {
            assert!(told(attempts).contains_key(id), "{id} was never told: {context}");
        }
    }
    for id in ORGANIZATIONS {
        let alerts = block_on(read_alerts(&desk.service.database, &organization(id))).unwrap();
        for destination in alerts.to_json(&organization(id)).unwrap()["destinations"]
            .as_array()
            .unwrap()
        {
            assert_eq!(
                destination["delivery"]["waitingSince"],
                Value::Null,
                "seed {seed}: {destination}"
            );
            assert_eq!(destination["delivery"]["givenUp"], 0, "seed {seed}");
        }
    }
    received
}

/// Lets the database stop at a random statement, or lose the answer of a batch.
fn crash(random: &mut Random, desk: &Desk, weather: &Weather, is_calm: bool) {
    if !is_calm && random.chance(weather.crashes) {
        let after = random.below(8) as u64;
        let fault = *random.pick(&[Fault::AfterStatements(after), Fault::AfterBatches(after.min(4))]);
        desk.service.database.set_fault(Some(fault));
    }
}

#[test]
fn each_stall_is_told_once_and_cleared_once_whatever_goes_wrong() {
    let received: usize = seeds(50).map(check).sum();
    println!("stalls and ends that were received: {received}");
    assert!(received > 650);
}

/// A destination of all rows.
fn slack() -> Value {
    json!([{ "id": "d", "url": "https://x.com/", "format": "slack", "categories": CATEGORIES }])
}

/// Somebody writes to an organization `a`; nothing else happens.
fn waiting(desk: &Desk, at: i64) {
    waiting_in(desk, "c", at);
}

/// The same in a conversation.
fn waiting_in(desk: &Desk, conversation_id: &str, at: i64) {
    let common = json!({ "organizationId": "a", "updatedAt": instant_text(at) });
    let with = |more: Value| {
        let mut event = common.as_object().unwrap().clone();
        event.extend(more.as_object().unwrap().clone());
        Value::Object(event)
    };
    let events = [
        with(json!({ "type": "organization", "name": "A" })),
        with(
            json!({ "type": "conversation", "conversationId": conversation_id, "contactId": "k", "channelType": "sms", "departmentId": "d" }),
        ),
        with(json!({ "type": "contact", "contactId": "k", "name": "Jane" })),
        with(
            json!({ "type": "message", "messageId": format!("m{conversation_id}"), "conversationId": conversation_id, "at": instant_text(at), "direction": "inbound", "sender": "contact" }),
        ),
    ];
    block_on(desk.service.ingest(&events, at)).unwrap();
}

/// Somebody answers.
fn answered(desk: &Desk, at: i64) {
    let answer = json!({
        "type": "message", "organizationId": "a", "updatedAt": instant_text(at), "messageId": "n", "conversationId": "c",
        "at": instant_text(at), "direction": "outbound", "sender": "human",
    });
    block_on(desk.service.ingest(&[answer], at)).unwrap();
}

fn attempts(desk: &Desk) -> Vec<(String, usize)> {
    let all = desk.attempts.values().flatten();
    all.map(|attempt| (attempt.kind.clone(), attempt.conversations.len()))
        .collect()
}

fn minute(desk: &mut Desk, at: i64) {
    block_on(desk.service.refresh(at)).unwrap();
    desk.detect(at).unwrap();
    desk.deliver(at, &mut |_| (DeliveryOutcome::Delivered, true));
}

/// What a refresh finds is told a minute after the last message, if that was less than a minute ago, and not a refresh
/// later.
#[test]
fn a_message_follows_another_after_a_minute() {
    let mut desk = Desk::new();
    let start = NOW - NOW % MINUTE;
    waiting(&desk, start);
    desk.put("a", &slack(), start);
    for round in 0..9 {
        let at = start + round * MINUTE;
        block_on(desk.service.refresh(at)).unwrap();
        desk.detect(at).unwrap();
        for second in (13 - round)..60 {
            desk.deliver(at + 1_000 * second, &mut |_| (DeliveryOutcome::Delivered, true));
            if (round, second) == (5, 20) {
                answered(&desk, at + 20_000);
            }
        }
    }
    assert_eq!(
        desk.told_since(start),
        [("stalled", 5 * MINUTE + 8_000), ("cleared", 6 * MINUTE + 8_000)]
    );
}

/// A message may have been on its way when a destination was switched off, and nothing is known of it when it is
/// switched on.
#[test]
fn a_destination_that_was_switched_off_and_on_is_told_nothing_for_a_minute() {
    let mut desk = Desk::new();
    let start = NOW - NOW % MINUTE;
    waiting(&desk, start);
    desk.put("a", &slack(), start);
    block_on(desk.service.refresh(start)).unwrap();
    desk.detect(start).unwrap();
    waiting_in(&desk, "late", start + MINUTE);
    // A message is written, and it is not known yet whether it has arrived.
    let told_at = start + 5 * MINUTE + 50_000;
    block_on(desk.service.refresh(told_at)).unwrap();
    desk.detect(told_at).unwrap();
    let queued = desk.queue.pop().unwrap();
    let message = queued.message();
    let clock = Timestamp::from_milliseconds(told_at);
    let draft = block_on(deliver(&desk.service.database, &calendar_of, message, None, clock)).unwrap();
    assert_ne!(draft, "null");
    // Meanwhile it is switched off and on.
    let mut off = slack();
    off[0]["enabled"] = json!(false);
    desk.put("a", &off, told_at + 1_000);
    desk.put("a", &slack(), told_at + 2_000);
    let ended = Some((DeliveryOutcome::Delivered, None));
    block_on(deliver(&desk.service.database, &calendar_of, message, ended, clock)).unwrap();
    // Who waits at the next look is known. The other comes after it, and is told a minute after the change.
    for second in (3..90).step_by(7) {
        minute(&mut desk, told_at + 1_000 * second);
    }
    assert_eq!(desk.told_since(told_at), [("stalled", 66_000)]);
}

#[test]
fn a_whole_number_of_minutes_may_be_written_in_any_way() {
    let parsed = |minutes: &str| {
        let destination =
            r#""id": "d", "url": "https://x.com/", "format": "slack", "categories": ["ai_stuck"], "afterMinutes""#;
        parse_change(format!(r#"{{"destinations": [{{{destination}: {minutes}}}]}}"#).as_bytes())
    };
    assert_eq!(parsed("15.0"), parsed("15"));
    assert!(parsed("15").is_ok());
    for wrong in ["15.5", "0.0", "-1", "10081", "\"15\""] {
        assert!(parsed(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn who_waited_before_a_destination_was_set_is_not_told() {
    let mut desk = Desk::new();
    let start = NOW - NOW % MINUTE;
    waiting(&desk, start);
    block_on(desk.service.refresh(start + 10 * MINUTE)).unwrap();
    desk.put("a", &slack(), start + 10 * MINUTE);
    for round in 11..20 {
        minute(&mut desk, start + round * MINUTE);
    }
    assert_eq!(attempts(&desk), []);
}

#[test]
fn nothing_is_told_outside_business_hours_and_everything_when_they_begin() {
    let mut desk = Desk::new();
    // 2026-05-28 is a Thursday.
    let midnight = Timestamp::from_rfc3339("2026-05-28T00:00:00Z")
        .unwrap()
        .as_milliseconds();
    waiting(&desk, midnight + 16 * 60 * MINUTE + 57 * MINUTE);
    let hours = json!({ "timeZone": "UTC", "weekly": { "thu": [["08:00", "17:00"]], "fri": [["08:00", "17:00"]] } });
    desk.service.database.execute(&format!(
        "INSERT INTO settings (organization_id, number, business_hours) VALUES ('a', 1, '{hours}')"
    ));
    desk.put("a", &slack(), midnight);
    // The threshold of five minutes: three before the end of the day, and two after the beginning of the next.
    for round in (16 * 60..32 * 60 + 2).step_by(1) {
        minute(&mut desk, midnight + round * MINUTE);
    }
    assert_eq!(attempts(&desk), []);
    for round in 32 * 60 + 2..32 * 60 + 5 {
        minute(&mut desk, midnight + round * MINUTE);
    }
    assert_eq!(attempts(&desk), [("stalled".to_owned(), 1)]);
}

#[test]
fn an_organization_without_destinations_costs_one_statement_and_no_write() {
    let mut desk = Desk::new();
    waiting(&desk, NOW);
    block_on(desk.service.refresh(NOW + 10 * MINUTE)).unwrap();
    desk.service.database.set_fault(None);
    desk.detect(NOW + 10 * MINUTE).unwrap();
    assert_eq!(desk.service.database.counts(), (1, 1));
}

#[test]
fn a_stall_that_is_told_and_cleared_costs_two_messages_and_six_rows() {
    let mut desk = Desk::new();
    let start = NOW - NOW % MINUTE;
    waiting(&desk, start);
    block_on(desk.service.refresh(start)).unwrap();
    desk.put("a", &slack(), start);
    let revision = |desk: &Desk| {
        let rows = desk.service.database.query("SELECT revision FROM alert");
        rows[0][0].parse::<i64>().unwrap()
    };
    minute(&mut desk, start + MINUTE);
    let before = revision(&desk);
    for round in 2..20 {
        minute(&mut desk, start + round * MINUTE);
    }
    let at = start + 20 * MINUTE;
    answered(&desk, at);
    for round in 21..40 {
        minute(&mut desk, start + round * MINUTE);
    }
    assert_eq!(attempts(&desk), [("stalled".to_owned(), 1), ("cleared".to_owned(), 1)]);
    assert_eq!(revision(&desk) - before, 6);
}

#[test]
fn what_was_tried_for_a_day_is_given_up_and_counted() {
    let mut desk = Desk::new();
    let start = NOW - NOW % MINUTE;
    waiting(&desk, start);
    block_on(desk.service.refresh(start)).unwrap();
    desk.put("a", &slack(), start);
    for round in 1..6 {
        block_on(desk.service.refresh(start + round * MINUTE)).unwrap();
        desk.detect(start + round * MINUTE).unwrap();
    }
    let mut now = start + 6 * MINUTE;
    let mut tries = 0;
    while let Some(message) = desk.queue.pop() {
        let seconds = desk
            .deliver_one(&message, now, &mut |_| (DeliveryOutcome::Refused, false))
            .unwrap();
        tries += 1;
        now += 1_000 * seconds.unwrap();
        if tries <= 30 {
            desk.queue.push(message);
            continue;
        }
        // The platform puts it among the dead ones after 30 retries.
        assert!((20..30).contains(&((now - start) / (60 * MINUTE))), "{}", now - start);
        let message = message.message();
        let clock = Timestamp::from_milliseconds(now);
        let ended = Some((DeliveryOutcome::GivenUp, None));
        let answer = block_on(deliver(&desk.service.database, &calendar_of, message, ended, clock));
        assert_eq!(answer.unwrap(), "null");
    }
    let alerts = block_on(read_alerts(&desk.service.database, &organization("a"))).unwrap();
    let delivery = &alerts.to_json(&organization("a")).unwrap()["destinations"][0]["delivery"];
    assert_eq!(
        (&delivery["givenUp"], &delivery["waitingSince"]),
        (&json!(1), &Value::Null)
    );
    // It is not told later.
    minute(&mut desk, now);
    assert_eq!(attempts(&desk).len(), 31);
}

#[test]
fn what_has_changed_since_the_refresh_waits_for_the_next() {
    let mut desk = Desk::new();
    let start = NOW - NOW % MINUTE;
    waiting(&desk, start);
    block_on(desk.service.refresh(start)).unwrap();
    desk.put("a", &slack(), start);
    minute(&mut desk, start + MINUTE);
    block_on(desk.service.refresh(start + 6 * MINUTE)).unwrap();
    desk.detect(start + 6 * MINUTE).unwrap();
    assert_eq!(desk.queue.len(), 1);
    // The answer comes after the refresh and before the message is sent.
    let at = start + 6 * MINUTE + 1_000;
    answered(&desk, at);
    desk.deliver(at, &mut |_| (DeliveryOutcome::Delivered, true));
    for round in 7..12 {
        minute(&mut desk, start + round * MINUTE);
    }
    assert_eq!(attempts(&desk), []);
}
