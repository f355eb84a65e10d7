//! Files for the tests on Node, so that both languages test with the same input: random histories, and the questions
//! that Wycheproof's vectors ask of a signature algorithm.
//!
//! `npm run test:data` writes them, by running the ignored test below.

use crate::support::histories_factor;
use crate::support::history::{HistoryOptions, Random, random_history};
use crate::wycheproof;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// 2020-01-01T12:00:00Z: so long ago that a service may take in every event, whatever its clock says.
const FIRST_NOW: i64 = 1_577_880_000_000;
/// From one history to the next. A test runs the refreshes of a history within an hour or two, and a service that has
/// published a snapshot never publishes an earlier one.
const SPACING: i64 = 3 * 3_600_000;
/// With more than so many times the histories the last of them would be later than 2023, where the tests on Node go on.
const FACTOR_MAX: u64 = 40;

/// Histories that one test on Node reads.
struct HistorySet {
    name: &'static str,
    count: u64,
    organizations: usize,
    conversations: usize,
    events: usize,
}

const HISTORY_SETS: &[HistorySet] = &[
    // Twelve rounds go once through all combinations of who begins, how much at a time, and how it is divided.
    set("concurrent-ingests", 12, 1, 1, 40),
    set("ingest-during-refresh", 12, 1, 8, 160),
    set("concurrent-refreshes", 12, 2, 8, 160),
    set("everything-at-once", 6, 2, 8, 240),
    set("summary-and-csv", 8, 2, 12, 400),
    set("refreshes-in-turn", 24, 2, 6, 200),
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

/// The histories of all sets, `factor` times as many of each as usual, as lines of NDJSON by the name of their file.
fn histories(factor: u64) -> Vec<(String, String)> {
    let mut seed = 0;
    let mut files = Vec::new();
    for set in HISTORY_SETS {
        let mut lines = String::new();
        for _ in 0..set.count * factor {
            seed += 1;
            lines += &history(seed, set);
            lines.push('\n');
        }
        files.push((format!("{}.ndjson", set.name), lines));
    }
    files
}

/// `{"now":…,"events":[…]}`: a history whose events a service may take in when its clock says `now`.
fn history(seed: u64, set: &HistorySet) -> String {
    let now = FIRST_NOW + seed as i64 * SPACING;
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
    let factor = histories_factor().unwrap_or(1);
    assert!(factor <= FACTOR_MAX, "HISTORIES_FACTOR is at most {FACTOR_MAX}");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in histories(factor) {
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
