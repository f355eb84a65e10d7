//! The numbered cases of docs/definition.md: `tests/cases.json` through ingest, refresh and the threshold.

use crate::support::MINUTE;
use crate::support::service::Service;
use conversation_monitor::base::timestamp::Timestamp;
use futures::executor::block_on;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const BASE: i64 = 1_770_000_000_000;
const ORGANIZATION: &str = "the organization";
/// What a report shows that asks for no category.
const CONTRACT_CATEGORIES: [&str; 2] = ["ai_stuck", "agent_abandoned"];
/// The setting's default: rows that have been stalled for longer are not listed.
const MAX_AGE_DAYS: i64 = 30;
/// The members that are offsets from the base, in events and in rows.
const INSTANTS: [&str; 11] = [
    "at",
    "receivedAt",
    "updatedAt",
    "assignedAt",
    "resolvedAt",
    "snoozedAt",
    "snoozedUntil",
    "mergedAt",
    "waitingSince",
    "stalledSince",
    "latestInboundAt",
];

/// The same with instants instead of offsets.
fn with_instants(object: &Value) -> Value {
    let mut object = object.clone();
    for name in INSTANTS {
        if let Some(offset) = object.get(name).and_then(Value::as_i64) {
            object[name] = json!(Timestamp::from_milliseconds(BASE + offset).to_string());
        }
    }
    object
}

fn check(case: &Value) {
    let name = format!("case {} {}", case["number"], case["variant"]);
    let threshold = case["thresholdMinutes"].as_i64().unwrap_or(5);
    let service = Service::default();
    for step in case["steps"].as_array().unwrap() {
        let events: Vec<Value> = step["events"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .map(|event| {
                let mut event = with_instants(event);
                event["organizationId"] = json!(ORGANIZATION);
                event
            })
            .collect();
        // The service's clock is ahead of every event: case 20 is about the instant of the refresh.
        let now = BASE + 24 * 60 * MINUTE;
        block_on(service.ingest(&events, now)).unwrap();
        let Some(refresh) = step["refresh"].as_i64() else {
            assert_eq!(step["expect"]["snapshotMissing"], true, "{name}");
            assert_eq!(service.snapshot(ORGANIZATION), None, "{name}");
            continue;
        };
        let as_of = BASE + refresh;
        block_on(service.refresh(as_of)).unwrap();
        let rows: Vec<Value> = service
            .snapshot(ORGANIZATION)
            .expect("a snapshot")
            .iter()
            .map(|(json, _)| serde_json::from_str(json).unwrap())
            .collect();
        let name = format!("{name}, refresh at {refresh}");
        if let Some(candidates) = step["expect"]["candidates"].as_array() {
            assert_eq!(rows.len(), candidates.len(), "{name}: {rows:#?}");
            for (row, candidate) in rows.iter().zip(candidates) {
                for (member, value) in with_instants(candidate).as_object().unwrap() {
                    assert_eq!(&row[member], value, "{name}: {member}");
                }
            }
        }
        if let Some(listed) = step["expect"]["listed"].as_array() {
            let is_listed = |row: &&Value| {
                let stalled_since = Timestamp::from_rfc3339(row["stalledSince"].as_str().unwrap()).unwrap();
                let age = as_of - stalled_since.as_milliseconds();
                let is_of_the_contract = CONTRACT_CATEGORIES.contains(&row["category"].as_str().unwrap());
                is_of_the_contract && age >= threshold * MINUTE && age <= MAX_AGE_DAYS * 24 * 60 * MINUTE
            };
            let found: Vec<&Value> = rows
                .iter()
                .filter(is_listed)
                .map(|row| &row["conversationId"])
                .collect();
            assert_eq!(found, listed.iter().collect::<Vec<_>>(), "{name}");
        }
    }
}

#[test]
fn every_numbered_case_gives_the_expected_rows() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let numbers: BTreeSet<i64> = cases.iter().map(|case| case["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=51).collect(), "every number is there");
    for case in &cases {
        check(case);
    }
    println!("numbered cases: {} in {} variants", numbers.len(), cases.len());
}
