//! Random histories, taken in by random batches and refreshed at random instants: the snapshot is always what a simple
//! oracle works out from the whole history.

use crate::support::families::Families;
use crate::support::history::{
    HistoryOptions, Random, coarse_history, many_candidates, one_version_each, random_history, respelled_messages,
};
use crate::support::in_memory::Versions;
use crate::support::oracle::Oracle;
use crate::support::service::Service;
use crate::support::{MINUTE, NOW, seeds, waiting};
use futures::executor::block_on;
use serde_json::Value;

fn options(random: &mut Random) -> HistoryOptions {
    HistoryOptions {
        now: NOW,
        organizations: 1 + random.below(3),
        conversations: 1 + random.below(8),
        events: 5 + random.below(150),
    }
}

/// Instants of refreshes around now, ascending. What is queued or snoozed becomes due between them.
fn instants(random: &mut Random, count: usize) -> Vec<i64> {
    let mut instants: Vec<i64> = (0..count)
        .map(|_| NOW - 180_000 + random.below(600_000) as i64)
        .collect();
    instants.sort_unstable();
    instants
}

/// Returns what the merges of its conversations look like in the end.
async fn check(seed: u64) -> Families {
    let mut random = Random::new(seed);
    let mut history = random_history(seed, &options(&mut random));
    random.shuffle(&mut history);
    let service = Service::default();
    let mut oracle = Oracle::default();
    let rounds = 1 + random.below(5);
    let instants = instants(&mut random, rounds);
    let mut rest: &[Value] = &history;
    for (round, as_of) in instants.into_iter().enumerate() {
        let last = round + 1 == rounds;
        while !rest.is_empty() && (last || random.chance(70)) {
            let size = 1 + random.below(rest.len().min(40));
            let (batch, after) = rest.split_at(size);
            service.ingest(batch, NOW).await.unwrap();
            if random.chance(20) {
                service.ingest(batch, NOW).await.unwrap();
            }
            oracle.take_in(batch);
            rest = after;
        }
        service.refresh(as_of).await.unwrap();
        let context = format!("seed {seed}, round {round}");
        service.assert_agrees(&oracle, as_of, &context);
        service.assert_no_garbage(&context);
    }
    // Once nothing is due any more, nothing is pending. Organizations that were removed are purged a day later at the
    // earliest.
    let end = NOW + 29 * 24 * 60 * MINUTE;
    service.refresh(end).await.unwrap();
    service.assert_agrees(&oracle, end, &format!("seed {seed}, in the end"));
    assert_eq!(
        service.database.query("SELECT count(*) FROM pending"),
        [["0"]],
        "seed {seed}"
    );
    Families::of(&service.database)
}

#[test]
fn the_snapshot_is_what_the_oracle_says() {
    let mut families = Families::default();
    for seed in seeds(600) {
        families += block_on(check(seed));
    }
    println!("families after all histories: {families:?}");
}

/// Returns how many rows there are.
fn check_in_memory(seed: u64) -> usize {
    let mut random = Random::new(seed);
    let mut history = random_history(seed, &options(&mut random));
    history.retain(|event| event["type"] != "contact");
    random.shuffle(&mut history);
    let mut oracle = Oracle::default();
    oracle.take_in(&history);
    let versions = Versions::new(&history, NOW);
    let stored = versions.store(0..history.len());
    let mut rows = 0;
    for as_of in instants(&mut random, 2) {
        for organization_id in oracle.organizations() {
            let expected = oracle.snapshot(&organization_id, as_of);
            let folded = stored.rows_without_contacts(&organization_id, as_of);
            assert_eq!(
                folded, expected,
                "seed {seed}, organization {organization_id} as of {as_of}"
            );
            rows += expected.len();
        }
    }
    rows
}

/// What is merged and folded is what the oracle says, for many more histories than the database has time for. Contacts,
/// which are joined when rows are published, are left out.
#[test]
fn the_fold_is_what_the_oracle_says() {
    let rows: usize = seeds(5_000).map(check_in_memory).sum();
    println!("rows of histories in memory: {rows}");
    assert!(rows > 10_000, "{rows}");
}

/// The rows of all organizations as of each instant, without the one member that may depend on how ids are spelled.
fn rows_without_message_ids(history: &[Value], instants: &[i64]) -> Vec<Value> {
    let service = Service::default();
    block_on(service.ingest_all(history, NOW));
    let organizations = service
        .database
        .query("SELECT organization_id FROM organization ORDER BY 1");
    let mut rows = Vec::new();
    for as_of in instants {
        block_on(service.refresh(*as_of)).unwrap();
        for organization in &organizations {
            for (json, _) in service.snapshot(&organization[0]).unwrap() {
                let mut row: Value = serde_json::from_str(&json).unwrap();
                row.as_object_mut().unwrap().remove("latestInboundMessageId").unwrap();
                rows.push(row);
            }
        }
    }
    rows
}

#[test]
fn rows_do_not_depend_on_how_ids_of_messages_are_spelled() {
    let mut compared = 0;
    for seed in 0..500 {
        let mut random = Random::new(seed);
        let history = one_version_each(&coarse_history(seed, &options(&mut random)));
        let instants = instants(&mut random, 3);
        let rows = rows_without_message_ids(&history, &instants);
        let respelled = respelled_messages(seed, &history);
        assert_eq!(rows_without_message_ids(&respelled, &instants), rows, "seed {seed}");
        compared += rows.len();
    }
    println!("500 histories, each with two spellings: {compared} rows");
    assert!(compared > 2_000, "{compared}");
}

#[test]
fn any_order_and_any_repeats_end_in_the_same_records() {
    for seed in seeds(40) {
        let mut random = Random::new(seed);
        let history = random_history(seed, &options(&mut random));
        let records_after = |history: &[Value], batch: usize| {
            let service = Service::default();
            block_on(async {
                for events in history.chunks(batch) {
                    service.ingest(events, NOW).await.unwrap();
                }
                service.refresh(NOW).await.unwrap();
            });
            service.database.query("SELECT * FROM record ORDER BY 1, 2, 3")
        };
        let once = records_after(&history, history.len());
        let mut again: Vec<Value> = [history.clone(), history].concat();
        random.shuffle(&mut again);
        assert_eq!(records_after(&again, 1 + random.below(50)), once, "seed {seed}");
    }
}

#[test]
fn thousands_of_candidates_are_published_in_order() {
    let service = Service::default();
    let mut oracle = Oracle::default();
    let events = many_candidates("large", NOW, 3_000);
    oracle.take_in(&events);
    block_on(async {
        service.ingest_all(&events, NOW).await;
        let finished = service.refresh(NOW).await.unwrap();
        assert_eq!(finished.run.rows_published, 3_000);
        assert_eq!(finished.run.conversations_folded, 3_000);
    });
    assert_eq!(service.snapshot("large").unwrap().len(), 3_000);
    service.assert_agrees(&oracle, NOW, "3,000 candidates");
}

/// A conversation of each organization with a customer who has waited for some minutes.
fn waiting_in(organizations: impl Iterator<Item = usize>, conversation_id: &str, minutes: i64) -> Vec<Value> {
    let at = NOW - minutes * MINUTE;
    organizations
        .flat_map(|number| waiting(&format!("organization {number}"), conversation_id, at))
        .collect()
}

#[test]
fn ten_thousand_organizations_fit_in_one_run() {
    let service = Service::default();
    block_on(async {
        service.ingest_all(&waiting_in(0..10_000, "c", 20), NOW).await;
        let all = service.refresh(NOW).await.unwrap().run;
        assert_eq!((all.organizations_published, all.rows_published), (10_000, 10_000));
        println!(
            "statements of a refresh, 10,000 of 10,000 organizations changed: {}",
            all.statements
        );
        assert!(all.statements < 600, "{}", all.statements);

        service
            .ingest_all(&waiting_in((0..10_000).step_by(100), "d", 10), NOW)
            .await;
        let some = service.refresh(NOW + MINUTE).await.unwrap().run;
        assert_eq!((some.organizations_published, some.rows_published), (100, 100));
        println!(
            "statements of a refresh, 100 of 10,000 organizations changed: {}",
            some.statements
        );

        service.ingest(&waiting_in(7..8, "e", 10), NOW).await.unwrap();
        let one = service.refresh(NOW + 2 * MINUTE).await.unwrap().run;
        assert_eq!((one.organizations_published, one.conversations_folded), (1, 1));
        assert_eq!(
            one.statements, some.statements,
            "a hundred take no more statements than one"
        );
    });
    assert_eq!(service.snapshot("organization 7").unwrap().len(), 2);
}
