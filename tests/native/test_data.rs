//! Files for the tests on Node, so that both languages test with the same input: random histories, and the questions
//! that Wycheproof's vectors ask of a signature algorithm.
//!
//! `npm run test:data` writes them, by running the ignored test below.

use crate::support::history::{HistoryOptions, Random, random_history};
use crate::wycheproof;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// 2023-01-01T12:00:00Z. The oracle asks about instants in the past, so that a service may take in every event.
const FIRST_DAY: i64 = 1_672_574_400_000;

/// Histories that one test on Node reads. Each has a day of its own, because a service that has published a snapshot
/// never publishes an earlier one.
struct HistorySet {
    name: &'static str,
    count: u64,
    organizations: usize,
    conversations: usize,
    events: usize,
}

const HISTORY_SETS: &[HistorySet] = &[
    set("concurrent-ingests", 24, 1, 1, 40),
    set("ingest-during-refresh", 24, 1, 8, 160),
    set("concurrent-refreshes", 24, 2, 8, 160),
    set("everything-at-once", 8, 2, 8, 240),
    set("summary-and-csv", 14, 2, 12, 400),
    set("refreshes-in-turn", 40, 2, 6, 200),
    set("any-order", 100, 2, 6, 180),
];

const fn set(name: &'static str, count: u64, organizations: usize, conversations: usize, events: usize) -> HistorySet {
    HistorySet {
        name,
        count,
        organizations,
        conversations,
        events,
    }
}

/// The histories of all sets, as lines of NDJSON by the name of their file.
fn histories() -> Vec<(String, String)> {
    let mut day = 0;
    let mut files = Vec::new();
    for set in HISTORY_SETS {
        let mut lines = String::new();
        for _ in 0..set.count {
            day += 1;
            lines += &history(day, set);
            lines.push('\n');
        }
        files.push((format!("{}.ndjson", set.name), lines));
    }
    files
}

/// `{"now":…,"events":[…]}`: a history whose events a service may take in when its clock says `now`.
fn history(seed: u64, set: &HistorySet) -> String {
    let now = FIRST_DAY + seed as i64 * DAY;
    let options = HistoryOptions {
        now,
        organizations: set.organizations,
        conversations: set.conversations,
        events: set.events,
    };
    let mut random = Random::new(seed);
    let events: Vec<String> = random_history(seed, &options)
        .iter()
        .map(|event| with_members_shuffled(&mut random, event))
        .collect();
    format!("{{\"now\":{now},\"events\":[{}]}}", events.join(","))
}

/// The event as JSON, its members in any order.
fn with_members_shuffled(random: &mut Random, event: &Value) -> String {
    let members = event.as_object().expect("an event is an object");
    let mut members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", json!(name)))
        .collect();
    random.shuffle(&mut members);
    format!("{{{}}}", members.join(","))
}

#[test]
#[ignore = "writes files: run it with `npm run test:data`"]
fn write_test_data() {
    let folder = PathBuf::from(std::env::var("TEST_DATA_FOLDER").expect("TEST_DATA_FOLDER names a folder"));
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in histories() {
        fs::write(folder.join(name), text).unwrap();
    }
    fs::write(folder.join("wycheproof.ndjson"), wycheproof::questions()).unwrap();
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let set = &HISTORY_SETS[0];
    assert_eq!(history(1, set), history(1, set));
    assert_ne!(history(1, set), history(2, set));
}
