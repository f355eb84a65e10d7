//! Migrations over data: a database that version 0.1 has filled goes on working, whatever of it was pending, and
//! whatever version 0.1 still writes afterwards.

use crate::support::desk::{Isolate, Mood, Pages, access, data_of};
use crate::support::history::{HistoryOptions, Random, instant_text, random_history};
use crate::support::service::Service;
use crate::support::sqlite::Sqlite;
use crate::support::version_0_1::{OldStates, OldWorker, database, oracle_of, stored_events, without_new_fields};
use crate::support::{MINUTE, NOW};
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::conversation::event::parse_event;
use conversation_monitor::refresh::RefoldLimits;
use futures::executor::block_on;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What a reader sees, and what a version is: nothing of it is changed by a migration.
const PUBLISHED: [&str; 4] = [
    "SELECT organization_id, version, as_of, held_as_of, candidates, retired, threshold_minutes FROM organization",
    "SELECT organization_id, version, part, entries FROM snapshot_part",
    "SELECT organization_id, row_no, people, json FROM snapshot_row",
    "SELECT as_of, generation, run FROM refresh",
];
const RECORDS: &str =
    "SELECT organization_id, type, record_id, conversation_id, updated_at, deleted, body FROM record ORDER BY 1, 2, 3";

fn organizations(database: &Sqlite) -> Vec<String> {
    let rows = database.query("SELECT organization_id FROM organization ORDER BY 1");
    rows.into_iter().map(|row| row[0].clone()).collect()
}

/// Every organization's report, as an administrator sees it who asks an isolate that has nothing cached.
fn reports(database: &Sqlite) -> BTreeMap<String, Value> {
    let (pages, cache) = (Pages::new(Mood::Empty), RefCell::default());
    let isolate = Isolate {
        database,
        pages: &pages,
        cache: &cache,
        head_max_age_ms: 0,
    };
    let report = |id: String| {
        let admin = access(json!({ "role": "ADMIN", "organizationId": id }));
        let answer = isolate.page(&admin, "skipThreshold=true&limit=100", None, NOW).unwrap();
        (id, data_of(&answer))
    };
    organizations(database).into_iter().map(report).collect()
}

/// Every record's rank, as the database works it out, is that of the event that the record says. Returns how many have
/// one that is not the least.
fn assert_ranks(database: &Sqlite, context: &str) -> usize {
    let ranks = database.query(
        "SELECT organization_id, type, record_id, conversation_id, revision, maturity, details, body FROM ranked_record",
    );
    let received = Timestamp::from_milliseconds(NOW).into();
    let mut distinct = 0;
    for (rank, event) in ranks.iter().zip(stored_events(database)) {
        let record = parse_event(0, &event, received).unwrap();
        let expected = [
            record.organization_id,
            record.record_type.as_str().to_owned(),
            record.id,
            record.conversation_id.unwrap_or_else(|| "null".to_owned()),
            record.rank.revision.to_string(),
            record.rank.maturity,
            record.rank.details.to_string(),
            record.body,
        ];
        assert_eq!(*rank, expected, "{context}");
        distinct += usize::from(rank[6] != "0");
    }
    distinct
}

/// The counts by category are those of the published versions.
fn assert_categories(database: &Sqlite, context: &str) {
    let counts = |sql| database.query(sql);
    let counted = counts(
        "SELECT o.organization_id, c.key, c.value FROM organization AS o, json_each(o.categories) AS c ORDER BY 1, 2",
    );
    let published = counts(
        "SELECT o.organization_id, e.value ->> 2, count(*) FROM organization AS o
         JOIN snapshot_part AS s ON s.organization_id = o.organization_id AND s.version = o.version
         CROSS JOIN json_each(s.entries, '$.entries') AS e GROUP BY 1, 2 ORDER BY 1, 2",
    );
    assert_eq!(counted, published, "{context}");
}

/// Refreshes, a minute apart from `first` on, until everything is folded again. Returns the instant of the last
/// refresh.
fn refresh_until_refolded(service: &Service, first: i64, limits: RefoldLimits) -> i64 {
    for minute in 0..1_000 {
        let as_of = first + minute * MINUTE;
        let run = block_on(service.refresh_with(as_of, limits)).unwrap().run;
        assert_eq!(run.organizations_failed, 0);
        if service.database.query("SELECT refold_organization FROM refresh") == [["null"]] {
            return as_of;
        }
    }
    panic!("it never ends");
}

#[test]
fn what_version_0_1_has_published_can_be_read_until_the_next_refresh() {
    let database = database();
    let before = PUBLISHED.map(|sql| database.query(sql));
    let records = database.query(RECORDS);
    database.migrate_from("0003");
    assert_eq!(PUBLISHED.map(|sql| database.query(sql)), before);
    assert_eq!(database.query(RECORDS), records);
    let reports = reports(&database);
    let service = Service::on(database);
    let mut rows = 0;
    for (id, report) in &reports {
        assert_eq!(report["generatedAt"], instant_text(NOW));
        assert_eq!(report["snapshotMissing"], false);
        let published = service.snapshot(id).unwrap().into_iter();
        let published: Vec<Value> = published
            .map(|(row, _)| {
                let mut row: Value = serde_json::from_str(&row).unwrap();
                row["hasAccess"] = json!(true);
                row
            })
            .collect();
        assert_eq!(report["rows"], Value::Array(published), "{id}");
        rows += report["rows"].as_array().unwrap().len();
    }
    assert!(
        reports.len() == 3 && rows > 30,
        "{rows} rows of {} organizations",
        reports.len()
    );
    assert_eq!(reports["d0"]["thresholdMinutes"], 30);
    assert_categories(&service.database, "after the migration");
}

#[test]
fn the_ranks_of_what_version_0_1_has_stored_are_right() {
    let database = database();
    database.migrate_from("0003");
    let distinct = assert_ranks(&database, "version 0.1");
    assert!(distinct > 200, "{distinct}");
}

/// The database of version 0.1 has what makes it worth a test.
#[test]
fn the_database_of_version_0_1_has_everything_that_can_go_wrong() {
    let database = database();
    let assert_many = |what: &str, least: usize, sql: &str| {
        let count: usize = database.query(sql)[0][0].parse().unwrap();
        assert!(count >= least, "{what}: {count}");
    };
    assert_many(
        "conversations",
        190,
        "SELECT count(*) FROM record WHERE type = 'conversation'",
    );
    assert_many("removals", 20, "SELECT count(*) FROM record WHERE deleted = 1");
    assert_many(
        "merged",
        5,
        "SELECT count(*) FROM record WHERE body LIKE '%\"mergedInto\":\"%'",
    );
    assert_many(
        "snoozed",
        10,
        "SELECT count(*) FROM record WHERE body LIKE '%\"snoozedAt\":\"%'",
    );
    assert_many("to be folded", 20, "SELECT count(*) FROM pending WHERE fold = 1");
    assert_many("to be published", 3, "SELECT count(*) FROM pending WHERE publish = 1");
    assert_many(
        "due",
        5,
        "SELECT count(*) FROM conversation_state WHERE due_at IS NOT NULL",
    );
    assert_many("retired", 3, "SELECT count(*) FROM organization, json_each(retired)");
    assert_many(
        "thresholds",
        2,
        "SELECT count(*) FROM organization WHERE threshold_minutes IS NOT NULL",
    );
}

#[test]
fn after_the_migration_the_reports_are_what_the_definition_says() {
    for conversations in [3, 40, 1_000] {
        let context = format!("portions of {conversations} conversations");
        let service = Service::on(database());
        service.database.migrate_from("0003");
        let (records, oracle) = (service.database.query(RECORDS), oracle_of(&service.database));
        let limits = RefoldLimits {
            portions: 1,
            conversations,
            items: 4 * conversations,
        };
        let before: BTreeMap<String, Value> = reports(&service.database);
        let as_of = refresh_until_refolded(&service, NOW + MINUTE, limits);
        service.assert_agrees(&oracle, as_of, &context);
        service.assert_no_garbage(&context);
        assert_eq!(service.database.query(RECORDS), records, "{context}");
        assert_eq!(
            service
                .database
                .query("SELECT count(*) FROM organization WHERE held_as_of IS NOT NULL"),
            [["0"]]
        );
        let after = reports(&service.database);
        for (id, report) in &after {
            assert_eq!(report["generatedAt"], instant_text(as_of), "{context}");
            assert_eq!(report["thresholdMinutes"], before[id]["thresholdMinutes"], "{context}");
        }
        assert_ne!(
            after["org-1"]["rows"], before["org-1"]["rows"],
            "the new rule is another one"
        );

        // Versions of 0.1 are removed like any others, and time goes on.
        for minutes in [1, 20, 60] {
            let as_of = as_of + minutes * MINUTE;
            block_on(service.refresh(as_of)).unwrap();
            service.assert_agrees(&oracle, as_of, &context);
            service.assert_no_garbage(&context);
        }
        let kept = service
            .database
            .query("SELECT count(*) FROM snapshot_part WHERE version < 5");
        assert_eq!(kept, [["0"]], "{context}");
    }
}

#[test]
fn what_comes_in_between_the_migration_and_the_refresh_counts() {
    for seed in 0..6 {
        let context = format!("seed {seed}");
        let service = Service::on(database());
        service.database.migrate_from("0003");
        let mut oracle = oracle_of(&service.database);
        let mut random = Random::new(seed);
        let events = more_events(&mut random, &service.database);
        let (first, rest) = events.split_at(events.len() / 2);
        oracle.take_in(&events);
        let limits = RefoldLimits {
            portions: 1,
            conversations: 90,
            items: 200,
        };
        block_on(async {
            service.ingest_all(first, NOW).await;
            service.refresh_with(NOW + MINUTE, limits).await.unwrap();
            if seed % 2 == 1 {
                let mut old_worker = OldWorker::new(&service.database);
                old_worker.refresh(NOW + MINUTE, OldStates::Unchanged, 4).await;
            }
            service.ingest_all(rest, NOW).await;
        });
        let as_of = refresh_until_refolded(&service, NOW + 2 * MINUTE, limits);
        service.assert_agrees(&oracle, as_of, &context);
        service.assert_no_garbage(&context);
        assert_ranks(&service.database, &context);
    }
}

/// Events of organizations and conversations that version 0.1 knows, with the fields that it does not know.
fn more_events(random: &mut Random, database: &Sqlite) -> Vec<Value> {
    let mut events = stored_events(database);
    random.shuffle(&mut events);
    events.truncate(60);
    for event in &mut events {
        let updated_at = NOW - 1_000 * random.below(300) as i64;
        event["updatedAt"] = json!(instant_text(updated_at));
        if random.below(3) == 0 {
            event["revision"] = json!(random.below(3));
        }
        if event["type"] == "message" && event["deleted"].is_null() {
            event["needsReply"] = json!(random.below(2) == 0);
        }
        if event["type"] == "conversation" && event["deleted"].is_null() {
            event["assignedAt"] = json!(instant_text(updated_at));
        }
    }
    let history = random_history(
        random.below(1_000) as u64,
        &HistoryOptions {
            now: NOW,
            organizations: 2,
            conversations: 4,
            events: 100,
        },
    );
    events.extend(history);
    random.shuffle(&mut events);
    events
}

/// Both workers take in events, then a run of version 0.1 stops after `batches`, and a run of today comes.
fn check_old_worker(seed: u64, states: OldStates, batches: usize) -> bool {
    let context = format!("seed {seed}, {states:?}, {batches} batches");
    let options = HistoryOptions {
        now: NOW,
        organizations: 2,
        conversations: 6,
        events: 120,
    };
    let history = random_history(seed, &options);
    let (first, rest) = history.split_at(history.len() / 2);
    let old_rest: Vec<Value> = rest.iter().filter_map(without_new_fields).collect();
    let (of_old_worker, last) = old_rest.split_at(old_rest.len() / 2);
    let service = Service::default();
    let mut old_worker = OldWorker::new(&service.database);
    let has_stopped = block_on(async {
        service.ingest_all(first, NOW).await;
        service.refresh(NOW).await.unwrap();
        old_worker.ingest(of_old_worker, NOW).await;
        assert_ranks(&service.database, &context);
        let has_stopped = old_worker.refresh(NOW + MINUTE, states, batches).await;
        old_worker.ingest(last, NOW).await;
        service.refresh(NOW + 2 * MINUTE).await.unwrap();
        has_stopped
    });
    assert_ranks(&service.database, &context);
    service.assert_agrees(&oracle_of(&service.database), NOW + 2 * MINUTE, &context);
    service.assert_no_garbage(&context);
    has_stopped
}

#[test]
fn what_version_0_1_writes_into_the_migrated_database_is_folded_again() {
    for seed in 0..25 {
        for states in [OldStates::NobodyWaits, OldStates::Unchanged] {
            // A run of version 0.1 is noticed from its first batch on. Its ingest alone is not, and does not make
            // pending what a conversation is no longer merged into.
            let stops = (1..)
                .take_while(|batches| check_old_worker(seed, states, *batches))
                .count();
            assert_eq!(stops, 3, "batches of a run of version 0.1");
        }
    }
}
