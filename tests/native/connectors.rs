//! Webhooks of help desks: the stories of `tests/data/webhooks` through signature, mapping, ingest and refresh; what
//! each webhook becomes; and webhooks that are broken in every way.

use crate::support::MINUTE;
use crate::support::service::Service;
use conversation_monitor::auth::connection::{SignatureError, verify};
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::connector::connection::{self, Connection};
use conversation_monitor::connector::delivery::{Delivery, map};
use conversation_monitor::connector::outcome::{Mapping, NOTES_MAX, WebhookOutcome};
use conversation_monitor::ingest::delivery::{DeliveryReceipt, take_in};
use futures::executor::block_on;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/webhooks");
/// What a report shows that asks for no category.
const CONTRACT_CATEGORIES: [&str; 2] = ["ai_stuck", "agent_abandoned"];

/// A webhook of a story.
#[derive(Debug, Clone)]
struct Webhook {
    received_at: Timestamp,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Webhook {
    fn header(&self, name: Option<&str>) -> Option<&str> {
        self.headers.get(&name?.to_lowercase()).map(String::as_str)
    }

    fn delivery(&self, connection: &Connection) -> Delivery<'_> {
        Delivery {
            signature: self.header(Some(connection.kind.signature_header())),
            timestamp: self.header(connection.kind.timestamp_header()),
            body: self.body.as_bytes(),
            received_at: self.received_at,
        }
    }

    fn mapping(&self, connection: &Connection) -> Mapping {
        map(connection, &self.delivery(connection))
    }
}

/// A story: webhooks, and what the report must show at which instant.
struct Story {
    /// The path of its files, without their endings.
    path: PathBuf,
    connection: Connection,
    webhooks: Vec<Webhook>,
    expect: Value,
}

fn instant(value: &Value) -> Timestamp {
    Timestamp::from_rfc3339(value.as_str().expect("a text")).expect("an instant")
}

/// A connection as a story has it; one that has never been replaced has its secret by itself.
fn connection_of(value: &Value) -> Connection {
    let mut value = value.clone();
    if let Some(secret) = value.as_object_mut().unwrap().remove("secret") {
        value["secrets"] = json!([secret]);
    }
    let text = json!([value]).to_string();
    connection::parse(&text).expect("a sound connection").remove(0)
}

impl Story {
    fn read(path: &Path) -> Self {
        let read = |ending: &str| std::fs::read_to_string(format!("{}{ending}", path.display())).expect("a file");
        let expect: Value = serde_json::from_str(&read(".expect.json")).unwrap();
        let webhook = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            Webhook {
                received_at: instant(&line["receivedAt"]),
                headers: serde_json::from_value(line["headers"].clone()).unwrap(),
                body: line["body"].as_str().unwrap().to_owned(),
            }
        };
        Self {
            path: path.to_owned(),
            connection: connection_of(&expect["connection"]),
            webhooks: read(".ndjson").lines().map(webhook).collect(),
            expect,
        }
    }

    fn name(&self) -> String {
        self.path.strip_prefix(FOLDER).unwrap().display().to_string()
    }

    /// Takes in a webhook as the route does. `None` means that its signature was refused.
    fn deliver(&self, service: &Service, webhook: &Webhook) -> Option<DeliveryReceipt> {
        let delivery = webhook.delivery(&self.connection);
        let verified = verify(&self.connection, &delivery).ok()?;
        let token = service.change_token();
        Some(block_on(take_in(&service.database, verified, &delivery, &token)).expect("stored"))
    }

    /// The rows at a step are the expected ones.
    fn check(&self, service: &Service, step: &Value, context: &str) {
        let as_of = instant(&step["asOf"]).as_milliseconds();
        block_on(service.refresh(as_of)).unwrap();
        let context = format!("{} ({context}) at {}: {}", self.name(), step["asOf"], step["why"]);
        let snapshot = service.snapshot(&self.connection.organization_id).unwrap_or_default();
        let rows: Vec<Value> = snapshot
            .iter()
            .map(|(json, _)| serde_json::from_str(json).unwrap())
            .filter(|row: &Value| {
                step["isEveryCategory"] == true || CONTRACT_CATEGORIES.contains(&row["category"].as_str().unwrap())
            })
            .collect();
        let candidates = step["candidates"].as_array().unwrap();
        assert_eq!(rows.len(), candidates.len(), "{context}: {rows:#?}");
        for (row, candidate) in rows.iter().zip(candidates) {
            for (member, value) in candidate.as_object().unwrap() {
                assert_eq!(&row[member], value, "{context}: {member} of {row:#?}");
            }
        }
        if let Some(listed) = step.get("listed").and_then(Value::as_array) {
            let threshold = self.expect["thresholdMinutes"].as_i64().unwrap() * MINUTE;
            let is_listed = |row: &&Value| {
                CONTRACT_CATEGORIES.contains(&row["category"].as_str().unwrap())
                    && as_of - instant(&row["stalledSince"]).as_milliseconds() >= threshold
            };
            let found: Vec<&Value> = rows
                .iter()
                .filter(is_listed)
                .map(|row| &row["conversationId"])
                .collect();
            assert_eq!(found, listed.iter().collect::<Vec<_>>(), "{context}");
        }
    }

    fn steps(&self) -> &[Value] {
        self.expect["steps"].as_array().unwrap()
    }
}

fn stories() -> Vec<Story> {
    let mut paths = Vec::new();
    for system in std::fs::read_dir(FOLDER).unwrap() {
        let system = system.unwrap().path();
        if system.is_dir() {
            for file in std::fs::read_dir(system).unwrap() {
                let file = file.unwrap().path().display().to_string();
                paths.extend(file.strip_suffix(".expect.json").map(PathBuf::from));
            }
        }
    }
    paths.sort();
    assert!(paths.len() >= 6, "{paths:?}");
    paths.iter().map(|path| Story::read(path)).collect()
}

/// A generator of numbers that are random enough to shuffle with (Numerical Recipes).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[test]
fn every_story_ends_in_its_report_as_it_goes_on() {
    for story in stories() {
        let service = Service::default();
        let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
        let mut webhooks = story.webhooks.iter().peekable();
        for step in story.steps() {
            let as_of = instant(&step["asOf"]);
            while let Some(webhook) = webhooks.next_if(|webhook| webhook.received_at <= as_of) {
                let outcome = match story.deliver(&service, webhook) {
                    None => "refused".to_owned(),
                    Some(receipt) => json!(receipt.outcome).as_str().unwrap().to_owned(),
                };
                *outcomes.entry(outcome).or_default() += 1;
            }
            story.check(&service, step, "as it goes on");
        }
        assert_eq!(
            webhooks.count(),
            0,
            "{}: each webhook is before the last step",
            story.name()
        );
        let expected = story.expect.get("outcomes").cloned();
        let expected = expected.unwrap_or_else(|| json!({ "mapped": story.webhooks.len() }));
        assert_eq!(json!(outcomes), expected, "{}", story.name());
    }
}

#[test]
fn every_story_ends_in_its_report_in_any_order_and_with_repeats() {
    for story in stories() {
        for step in story.steps() {
            let as_of = instant(&step["asOf"]);
            let received = story.webhooks.iter().filter(|webhook| webhook.received_at <= as_of);
            let in_order: Vec<&Webhook> = received.collect();
            let mut reversed = in_order.clone();
            reversed.reverse();
            let mut orders = vec![("reversed".to_owned(), reversed)];
            for seed in 1..=4 {
                let mut shuffled: Vec<&Webhook> = in_order.iter().chain(&in_order).copied().collect();
                Random(seed).shuffle(&mut shuffled);
                orders.push((format!("twice, shuffled by {seed}"), shuffled));
            }
            for (context, webhooks) in orders {
                let service = Service::default();
                for webhook in webhooks {
                    story.deliver(&service, webhook);
                }
                story.check(&service, step, &context);
            }
        }
    }
}

#[test]
fn a_repeated_webhook_changes_nothing() {
    for story in stories() {
        let service = Service::default();
        for webhook in &story.webhooks {
            story.deliver(&service, webhook);
        }
        for webhook in &story.webhooks {
            if let Some(receipt) = story.deliver(&service, webhook) {
                assert_eq!(
                    (receipt.applied, receipt.accepted),
                    (0, receipt.ignored),
                    "{}",
                    story.name()
                );
            }
        }
    }
}

/// What a webhook becomes, on one line.
fn golden(mapping: &Mapping) -> Value {
    let mut golden = Map::new();
    golden.insert("webhook".to_owned(), json!(mapping.webhook));
    golden.insert("outcome".to_owned(), json!(mapping.outcome));
    if !mapping.notes.is_empty() {
        golden.insert("notes".to_owned(), json!(mapping.notes));
    }
    golden.insert("events".to_owned(), json!(mapping.events));
    Value::Object(golden)
}

/// Stands in `<story>.events.json`, so that a change of a mapping is a difference to read. `UPDATE_GOLDEN=1` writes it.
#[test]
fn every_webhook_becomes_its_golden_events() {
    for story in stories() {
        let lines: Vec<String> = story
            .webhooks
            .iter()
            .map(|webhook| golden(&webhook.mapping(&story.connection)).to_string())
            .collect();
        let found = format!("[\n{}\n]\n", lines.join(",\n"));
        let path = format!("{}.events.json", story.path.display());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
            assert_eq!(found, expected, "{} webhook {number}", story.name());
        }
        assert_eq!(found.lines().count(), expected.lines().count(), "{}", story.name());
    }
}

/// The events say no text that was written, and every event is one that the ingest takes.
fn assert_sound(mapping: Mapping, canary: &str, context: &str) {
    let mut mapping = mapping;
    let said = golden(&mapping).to_string();
    assert!(!said.contains(canary), "{context}: {said}");
    assert!(mapping.notes.len() <= NOTES_MAX, "{context}");
    let events = mapping.events.len();
    let notes = mapping.notes.len();
    let records = mapping.read_records();
    assert!(
        records.len() == events || mapping.notes.len() > notes || notes == NOTES_MAX,
        "{context}: an event that is refused is noted"
    );
    let said = format!("{records:?}{:?}", mapping.notes);
    assert!(!said.contains(canary), "{context}: {said}");
}

const CANARY: &str = "canary-7f3a";
/// The members whose text a mapper takes over: names, phone numbers, ids, instants, and words of a known list.
const TAKEN: [&str; 10] = [
    "name",
    "firstname",
    "lastname",
    "first_name",
    "last_name",
    "phone_number",
    "phone",
    "mobile",
    "uuid",
    "conversation_uuid",
];

/// Puts a canary into every text except those that are taken over.
fn plant(value: &mut Value, member: &str) {
    match value {
        Value::String(text) if !TAKEN.contains(&member) => *text = format!("{CANARY} {text}"),
        Value::Array(values) => values.iter_mut().for_each(|value| plant(value, member)),
        Value::Object(object) => object.iter_mut().for_each(|(name, value)| plant(value, name)),
        _ => {}
    }
}

/// The JSON pointers of all values below `value`.
fn pointers(value: &Value, base: &str, found: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let mut visit = |name: String, value: &Value| {
        let pointer = format!("{base}/{name}");
        found.push(pointer.clone());
        pointers(value, &pointer, found);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| visit(escaped(name), value)),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .for_each(|(index, value)| visit(index.to_string(), value)),
        _ => {}
    }
}

fn remove(value: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match value.pointer_mut(parent) {
        Some(Value::Object(object)) => {
            object.remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(values)) => {
            values.remove(name.parse().unwrap());
        }
        _ => {}
    }
}

#[test]
fn a_webhook_with_any_member_removed_or_of_another_type_gives_what_is_left() {
    let mut broken = 0;
    for story in stories() {
        for webhook in &story.webhooks {
            let whole: Value = serde_json::from_str(&webhook.body).unwrap();
            let mut all = Vec::new();
            pointers(&whole, "", &mut all);
            let mut check = |body: &Value, context: &str| {
                let changed = Webhook {
                    body: body.to_string(),
                    ..webhook.clone()
                };
                broken += 1;
                assert_sound(changed.mapping(&story.connection), CANARY, context);
            };
            for pointer in all {
                let context = format!("{} {pointer}", story.name());
                let mut without = whole.clone();
                remove(&mut without, &pointer);
                check(&without, &context);
                for other in [
                    json!(null),
                    json!(true),
                    json!(-1.5),
                    json!(1e300),
                    json!(u64::MAX),
                    json!(CANARY),
                    json!([CANARY]),
                    json!({ CANARY: CANARY }),
                ] {
                    // What is of the right type is taken over, as a name or an id is.
                    let name = pointer.rsplit('/').next().unwrap();
                    let is_id = name.ends_with("_id") || ["id", "assigned_to", "current_value"].contains(&name);
                    let is_taken = TAKEN.contains(&name) || is_id;
                    if is_taken && (other.is_string() || other.is_object()) {
                        continue;
                    }
                    let mut changed = whole.clone();
                    *changed.pointer_mut(&pointer).unwrap() = other;
                    check(&changed, &context);
                }
            }
        }
    }
    println!("broken webhooks: {broken}");
    assert!(broken > 10_000);
}

#[test]
fn any_prefix_of_a_webhook_is_no_webhook() {
    for story in stories() {
        let webhook = &story.webhooks[0];
        for length in 0..webhook.body.len() {
            let Some(prefix) = webhook.body.get(..length) else {
                continue;
            };
            let cut = Webhook {
                body: prefix.to_owned(),
                ..webhook.clone()
            };
            let mapping = cut.mapping(&story.connection);
            assert_eq!(mapping.outcome, WebhookOutcome::Unmappable, "{} {length}", story.name());
            assert!(mapping.events.is_empty() && mapping.notes.len() == 1);
        }
    }
}

#[test]
fn no_text_but_names_is_kept() {
    for story in stories() {
        for webhook in &story.webhooks {
            let mut planted: Value = serde_json::from_str(&webhook.body).unwrap();
            plant(&mut planted, "");
            // Everything that was planted into instants and words makes them unknown. The texts alone, then:
            let mut texts: Value = serde_json::from_str(&webhook.body).unwrap();
            let mut all = Vec::new();
            pointers(&texts, "", &mut all);
            for pointer in all {
                let name = pointer.rsplit('/').next().unwrap();
                let is_text = [
                    "content",
                    "processed_message_content",
                    "text_content",
                    "body",
                    "title",
                    "subject",
                ];
                if is_text.contains(&name) || ["last_message", "email", "source_id"].contains(&name) {
                    // A parent may have been replaced before.
                    if let Some(text) = texts.pointer_mut(&pointer) {
                        *text = json!(CANARY);
                    }
                }
            }
            for body in [planted, texts] {
                let changed = Webhook {
                    body: body.to_string(),
                    ..webhook.clone()
                };
                assert_sound(changed.mapping(&story.connection), CANARY, &story.name());
            }
        }
    }
}

mod signatures {
    use super::{Connection, SignatureError, Story, Timestamp, Webhook, connection_of, json, stories, verify};

    fn first(kind: &str) -> (Story, Webhook) {
        let story = stories()
            .into_iter()
            .find(|story| story.name().starts_with(kind))
            .unwrap();
        let webhook = story.webhooks[0].clone();
        (story, webhook)
    }

    fn header_of(connection: &Connection) -> String {
        connection.kind.signature_header().to_lowercase()
    }

    fn check(webhook: &Webhook, connection: &Connection, expected: Result<(), SignatureError>, context: &str) {
        let found = verify(connection, &webhook.delivery(connection)).map(|_| ());
        assert_eq!(found, expected, "{context}");
    }

    #[test]
    fn only_the_very_signature_is_taken() {
        for kind in ["chatwoot", "zammad", "libredesk"] {
            let (story, webhook) = first(kind);
            let connection = &story.connection;
            check(&webhook, connection, Ok(()), kind);
            let header = header_of(connection);
            let signature = webhook.headers[&header].clone();
            let (scheme, digits) = signature.split_once('=').unwrap();
            let with = |value: String| {
                let mut changed = webhook.clone();
                changed.headers.insert(header.clone(), value);
                changed
            };
            for malformed in [
                String::new(),
                format!("{scheme}="),
                digits.to_owned(),
                signature.to_uppercase(),
                format!("{scheme}={}", digits.to_uppercase()),
                format!("sha512={digits}"),
                format!("{signature}, {signature}"),
                format!("{signature} "),
                format!(" {signature}"),
                format!("{signature}0"),
            ] {
                let is_empty = malformed == format!("{scheme}=");
                let error = if is_empty {
                    SignatureError::Wrong
                } else {
                    SignatureError::Malformed
                };
                check(&with(malformed.clone()), connection, Err(error), &malformed);
            }
            for index in 0..digits.len() {
                let mut changed = digits.to_owned();
                let digit = if &changed[index..=index] == "0" { "1" } else { "0" };
                changed.replace_range(index..=index, digit);
                let wrong = with(format!("{scheme}={changed}"));
                check(&wrong, connection, Err(SignatureError::Wrong), &changed);
            }
            for shorter in [2, digits.len() - 2] {
                let wrong = with(format!("{scheme}={}", &digits[..shorter]));
                check(&wrong, connection, Err(SignatureError::Wrong), "truncated");
            }
            let mut missing = webhook.clone();
            missing.headers.remove(&header);
            check(&missing, connection, Err(SignatureError::Missing), kind);

            let mut changed = webhook.clone();
            changed.body = changed.body.replacen(':', ": ", 1);
            check(&changed, connection, Err(SignatureError::Wrong), "one byte more");
            changed.body.clear();
            check(&changed, connection, Err(SignatureError::Wrong), "no body");
        }
    }

    #[test]
    fn each_secret_of_a_connection_is_taken_and_no_other() {
        for kind in ["chatwoot", "zammad", "libredesk"] {
            let (story, webhook) = first(kind);
            let secret = json!(story.connection.secrets[0]);
            let with = |secrets| {
                let mut value = story.expect["connection"].clone();
                value.as_object_mut().unwrap().remove("secret");
                value["secrets"] = secrets;
                connection_of(&value)
            };
            let other = json!("another secret of the help desk");
            check(&webhook, &with(json!([other, secret])), Ok(()), "the second");
            check(&webhook, &with(json!([secret, other])), Ok(()), "the first");
            check(&webhook, &with(json!([other])), Err(SignatureError::Wrong), "another");
        }
    }

    #[test]
    fn a_time_that_is_signed_must_be_near() {
        let (story, webhook) = first("chatwoot");
        let connection = &story.connection;
        let sent_at: i64 = webhook.headers["x-chatwoot-timestamp"].parse().unwrap();
        let window_ms = 5 * 60_000;
        for (distance_ms, expected) in [
            (-window_ms, Ok(())),
            (window_ms, Ok(())),
            (-window_ms - 1, Err(SignatureError::OutsideWindow)),
            (window_ms + 1, Err(SignatureError::OutsideWindow)),
        ] {
            let mut moved = webhook.clone();
            moved.received_at = Timestamp::from_milliseconds(sent_at * 1_000 + distance_ms);
            check(&moved, connection, expected, &distance_ms.to_string());
        }
        for text in [
            "",
            "x",
            "-1",
            "+1",
            " 1795510800",
            "1795510800.0",
            "9999999999999",
            "1795510800, 1795510800",
        ] {
            let mut changed = webhook.clone();
            changed
                .headers
                .insert("x-chatwoot-timestamp".to_owned(), text.to_owned());
            check(&changed, connection, Err(SignatureError::TimeMissing), text);
        }
        let mut other = webhook.clone();
        other
            .headers
            .insert("x-chatwoot-timestamp".to_owned(), (sent_at + 1).to_string());
        check(
            &other,
            connection,
            Err(SignatureError::Wrong),
            "the time is signed, too",
        );
        other.headers.remove("x-chatwoot-timestamp");
        check(&other, connection, Err(SignatureError::TimeMissing), "none");
    }
}
