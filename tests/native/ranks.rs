//! The rank of a version is the same where it comes in and where it is stored.

use crate::support::NOW;
use crate::support::history::{HistoryOptions, random_history};
use crate::support::service::Service;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::conversation::event::parse_event;
use conversation_monitor::conversation::record::Record;
use futures::executor::block_on;
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;

fn records(history: &[Value]) -> Vec<Record> {
    let received = Timestamp::from_milliseconds(NOW).into();
    let record = |event| parse_event(0, event, received).unwrap();
    history.iter().map(record).collect()
}

fn history(seed: u64) -> Vec<Value> {
    let options = HistoryOptions {
        now: NOW,
        organizations: 2,
        conversations: 4,
        events: 200,
    };
    random_history(seed, &options)
}

#[test]
fn the_database_works_out_the_ranks_that_records_come_with() {
    let mut compared = 0;
    for seed in 0..40 {
        let history = history(seed);
        let mut winners: BTreeMap<(String, String, String), Record> = BTreeMap::new();
        for record in records(&history) {
            let (organization_id, record_type, id) = record.key();
            let key = (organization_id.to_owned(), record_type.to_owned(), id.to_owned());
            if winners.get(&key).is_none_or(|winner| winner.order() < record.order()) {
                winners.insert(key, record);
            }
        }
        let service = Service::default();
        block_on(service.ingest_all(&history, NOW));
        let stored = service.database.query(
            "SELECT organization_id, type, record_id, revision, updated_at, deleted, maturity, details, body,
                    conversation_id FROM ranked_record",
        );
        assert_eq!(stored.len(), winners.len());
        for row in stored {
            let winner = &winners[&(row[0].clone(), row[1].clone(), row[2].clone())];
            let rank = &winner.rank;
            let expected = [
                rank.revision.to_string(),
                rank.updated_at.as_milliseconds().to_string(),
                u8::from(rank.deleted).to_string(),
                rank.maturity.clone(),
                rank.details.to_string(),
                winner.body.clone(),
                winner.conversation_id.clone().unwrap_or_else(|| "null".to_owned()),
            ];
            assert_eq!(row[3..], expected, "seed {seed}: {row:?}");
            compared += 1;
        }
    }
    assert!(compared > 1_000, "{compared}");
}

#[test]
fn the_database_stores_the_greater_of_any_two_versions() {
    let mut ties = [0; 3];
    for seed in 100..120 {
        let mut by_key: BTreeMap<(String, String, String), Vec<Value>> = BTreeMap::new();
        for event in history(seed) {
            let record = &records(std::slice::from_ref(&event))[0];
            let (organization_id, record_type, id) = record.key();
            let key = (organization_id.to_owned(), record_type.to_owned(), id.to_owned());
            by_key.entry(key).or_default().push(event);
        }
        for versions in by_key.values().filter(|versions| versions.len() > 1) {
            for pair in versions.windows(2) {
                let parsed = records(pair);
                let order = parsed[0].order().cmp(&parsed[1].order());
                ties[(order as i8 + 1) as usize] += 1;
                for second in [&pair[..1], &pair[1..]] {
                    let service = Service::default();
                    let first = if second[0] == pair[0] { &pair[1..] } else { &pair[..1] };
                    block_on(service.ingest_all(first, NOW));
                    block_on(service.ingest_all(second, NOW));
                    let stored = service.database.query("SELECT body, deleted FROM record");
                    let winner = if order == Ordering::Less {
                        &parsed[1]
                    } else {
                        &parsed[0]
                    };
                    let expected = [winner.body.clone(), u8::from(winner.rank.deleted).to_string()];
                    assert_eq!(stored[0], expected, "seed {seed}: {pair:?}");
                }
            }
        }
    }
    assert!(ties[0] > 100 && ties[2] > 100, "{ties:?}");
}
