//! What an isolate caches saves work, and never changes an answer.

use crate::support::desk::{Cost, Desk, Isolate, MINUTE, Mood, NOW, Pages, access, admin, data_of};
use crate::support::history::{HistoryOptions, Random, random_history};
use crate::support::seeds;
use crate::support::service::Service;
use crate::support::sqlite::{Fault, Sqlite};
use conversation_monitor::auth::access::ReadAccess;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::report::cache::{IsolateCache, PagePolicy};
use conversation_monitor::report::error::ReportError;
use conversation_monitor::report::head::STALE_MAX_MS;
use conversation_monitor::report::service::ReportResponse;
use conversation_monitor::storage::database::{Database, DatabaseError, Outcome, Statement};
use futures::executor::block_on;
use serde_json::{Map, Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

const SHARE_AFTER_MS: i64 = 60_000;

/// An empty cache with room for so many mebibytes of pages.
fn cache_of(mebibytes: usize) -> RefCell<IsolateCache> {
    let memory_bytes_max = mebibytes * 1024 * 1024;
    RefCell::new(IsolateCache::new(PagePolicy {
        memory_bytes_max,
        share_after_ms: SHARE_AFTER_MS,
    }))
}

/// An isolate as it is deployed, with an organization of so many candidates.
fn desk(candidates: usize) -> Desk {
    let desk = Desk::new(Mood::Well, candidates);
    desk.cache.replace(cache_of(16).into_inner());
    desk
}

/// A DEPARTMENT_HEAD of one department, for whom no complete response is cached.
fn department_head(department: &str) -> ReadAccess {
    access(json!({ "role": "DEPARTMENT_HEAD", "organizationId": "o", "sub": "u", "departmentIds": [department] }))
}

/// Asks for a page, which must cost this.
#[track_caller]
fn check_cost(desk: &Desk, access: &ReadAccess, query: &str, now: i64, expected: Cost) -> Value {
    let (data, cost) = desk.cost_of(|| desk.ask(access, query, now).unwrap());
    assert_eq!(cost, expected, "{query} at {}", now - NOW);
    data
}

/// One round trip for the head and the index, and one for the rows.
const TWO_TRIPS: Cost = Cost {
    batches: 2,
    statements: 3,
    ..Cost::NONE
};
/// One round trip for the head, which would bring the index of a version that is not cached.
const HEAD: Cost = Cost {
    batches: 1,
    statements: 2,
    ..Cost::NONE
};
/// The same with the rows of the page: as the version has it that the isolate knows, or as the newest has it.
const HEAD_AND_ROWS: Cost = Cost {
    batches: 1,
    statements: 3,
    ..Cost::NONE
};
/// The same with both.
const HEAD_AND_ROWS_OF_EITHER: Cost = Cost {
    batches: 1,
    statements: 4,
    ..Cost::NONE
};

#[test]
fn an_answer_takes_one_round_trip_and_none_from_memory() {
    let desk = desk(120);
    let department = desk.oracle.rows("o", NOW)[0].department_id.clone().unwrap();
    for (access, filter) in [(admin(), ""), (department_head(&department), "skipThreshold=true&")] {
        desk.cache.replace(cache_of(16).into_inner());
        let first = check_cost(&desk, &access, &format!("{filter}limit=5"), NOW, HEAD_AND_ROWS);
        assert_eq!(first["rows"].as_array().unwrap().len(), 5);
        let again = check_cost(&desk, &access, &format!("{filter}limit=5"), NOW + 4_999, Cost::NONE);
        assert_eq!(again, first);
        // Another page with a cached head: the shared cache, then the database.
        check_cost(
            &desk,
            &access,
            &format!("{filter}limit=5&page=2"),
            NOW,
            Cost {
                batches: 1,
                statements: 1,
                kv_gets: 1,
                ..Cost::NONE
            },
        );
        // The head is too old, so the request is at the database anyway, and reads the rows at once.
        for (number, clicked) in ["limit=5&page=3", "limit=6", "limit=7&page=2"].iter().enumerate() {
            let now = NOW + 5_000 * (i64::try_from(number).unwrap() + 1);
            let query = format!("{filter}{clicked}");
            let data = check_cost(&desk, &access, &query, now, HEAD_AND_ROWS);
            assert_ne!(data["rows"], json!([]), "{query}");
        }
        check_cost(&desk, &access, &format!("{filter}limit=5"), NOW + 20_000, HEAD);
        // Once a publication is due, there may be another version.
        let now = NOW + MINUTE;
        let due = format!("{filter}limit=8");
        check_cost(&desk, &access, &due, now, HEAD_AND_ROWS_OF_EITHER);
        check_cost(&desk, &access, &due, now + 5_000, HEAD_AND_ROWS);
        // A page without rows is not looked for anywhere.
        check_cost(
            &desk,
            &access,
            &format!("{filter}limit=5&page=999"),
            now + 5_000,
            Cost::NONE,
        );
    }
}

#[test]
fn a_304_costs_neither_page_nor_body() {
    let desk = desk(40);
    let query = "limit=5&page=2";
    for access in [admin(), department_head("d")] {
        let first = desk.isolate().page(&access, query, None, NOW).unwrap();
        assert!(first.body.is_some());
        // An isolate without caches reads the head, and with it the index and the rows.
        for (cache, expected) in [(None, Cost::NONE), (Some(cache_of(16)), HEAD_AND_ROWS)] {
            if let Some(cache) = cache {
                desk.cache.replace(cache.into_inner());
            }
            let (answer, cost) = desk.cost_of(|| desk.isolate().page(&access, query, Some(&first.etag), NOW).unwrap());
            assert_eq!((&answer.etag, answer.body), (&first.etag, None));
            assert_eq!(cost, expected);
        }
    }
}

#[test]
fn what_moves_with_the_minute_leaves_the_page() {
    let desk = desk(40);
    let first = check_cost(&desk, &admin(), "limit=5", NOW, HEAD_AND_ROWS);
    for minute in 1..4 {
        let now = NOW + minute * MINUTE;
        block_on(desk.service.refresh(now)).unwrap();
        // Only the head. The page goes to the shared cache when it is asked for again after a minute.
        let later = check_cost(
            &desk,
            &admin(),
            "limit=5",
            now,
            Cost {
                kv_puts: u32::from(minute == 1),
                ..HEAD_AND_ROWS
            },
        );
        assert_ne!(later["generatedAt"], first["generatedAt"]);
        assert_eq!(later["rows"], first["rows"]);
    }
}

#[test]
fn a_version_with_the_same_rows_on_the_page_reads_none_of_them() {
    let desk = desk(40);
    let first = check_cost(&desk, &admin(), "limit=5&skipThreshold=true", NOW, HEAD_AND_ROWS);
    let total = first["totalCount"].as_u64().unwrap();
    publish(&desk, &[change(&desk, 39, "draft", &json!(true))]);
    let second = check_cost(
        &desk,
        &admin(),
        "limit=5&skipThreshold=true",
        NOW + MINUTE,
        HEAD_AND_ROWS,
    );
    assert_eq!(second["rows"], first["rows"]);
    assert_eq!(second["totalCount"], total - 1);
}

/// The number of a row, and the field of its conversation that gets a value.
type Change = (usize, &'static str, Value);

/// An event that changes a field of the conversation of a row.
fn change(desk: &Desk, row: usize, field: &str, value: &Value) -> Value {
    let row: Value = serde_json::from_str(&desk.oracle.rows("o", NOW)[row].json).unwrap();
    let mut event = json!({ "type": "conversation", "organizationId": "o", "conversationId": row["conversationId"],
                            "contactId": row["contactId"], "channelType": "sms",
                            "updatedAt": Timestamp::from_milliseconds(NOW).to_string() });
    event[field] = value.clone();
    event
}

/// Takes events in and publishes them a minute later.
fn publish(desk: &Desk, events: &[Value]) {
    block_on(async {
        desk.service.ingest(events, NOW).await.unwrap();
        desk.service.refresh(NOW + MINUTE).await.unwrap();
    });
}

#[test]
fn another_version_takes_one_round_trip_whatever_has_changed() {
    let gone = |count: usize| (0..count).map(|row| (row, "draft", json!(true)));
    let renamed = (0..3).map(|row| (row, "channelType", json!("telex")));
    // Rows that follow move up; rows that have changed are new ones. Neither was on the page.
    let cases: [Vec<Change>; 4] = [
        gone(1).collect(),
        gone(7).collect(),
        gone(30).collect(),
        renamed.chain([(4, "draft", json!(true))]).collect(),
    ];
    for changes in cases {
        let desk = desk(40);
        let query = "limit=5&skipThreshold=true";
        check_cost(&desk, &admin(), query, NOW, HEAD_AND_ROWS);
        let events = changes
            .iter()
            .map(|(row, field, value)| change(&desk, *row, field, value));
        publish(&desk, &events.collect::<Vec<_>>());
        let warm = check_cost(&desk, &admin(), query, NOW + MINUTE, HEAD_AND_ROWS);
        let page = format!("{query}&page=2");
        let clicked = check_cost(&desk, &admin(), &page, NOW + MINUTE + 5_000, HEAD_AND_ROWS);
        desk.cache.replace(cache_of(0).into_inner());
        assert_eq!(warm, desk.ask(&admin(), query, NOW + MINUTE).unwrap(), "{changes:?}");
        assert_eq!(clicked, desk.ask(&admin(), &page, NOW + MINUTE + 5_000).unwrap());
    }
}

/// Asks an isolate that has just started, which must take one round trip, and one that takes two: the answers are
/// equal. Returns how many rows they have.
fn check_one_trip(desk: &Desk, access: &ReadAccess, query: &str, now: i64) -> usize {
    desk.cache.replace(cache_of(16).into_inner());
    let one = check_cost(desk, access, query, now, HEAD_AND_ROWS);
    desk.cache.replace(cache_of(0).into_inner());
    assert_eq!(one, desk.ask(access, query, now).unwrap(), "{query}");
    one["rows"].as_array().unwrap().len()
}

#[test]
fn the_first_page_of_an_isolate_takes_one_round_trip_whatever_is_asked_for() {
    // Not more than the entries that are looked at.
    let desk = desk(250);
    let rows: Vec<Value> = desk
        .oracle
        .rows("o", NOW)
        .iter()
        .map(|row| serde_json::from_str(&row.json).unwrap())
        .collect();
    let values = |field: &str| -> BTreeSet<String> {
        let texts = rows.iter().filter_map(|row| row[field].as_str());
        texts.map(str::to_owned).collect()
    };
    let mut filters = vec![String::new()];
    for (parameter, field) in [
        ("category", "category"),
        ("channelType", "channelType"),
        ("reason", "reason"),
        ("departmentId", "departmentId"),
    ] {
        filters.extend(values(field).iter().map(|value| format!("&{parameter}={value}")));
    }
    let names = rows.iter().filter_map(|row| row["assigneeNames"][0].as_str());
    let names: BTreeSet<&str> = names.collect();
    for name in names.iter().take(3) {
        let pair = form_urlencoded::Serializer::new(String::new())
            .append_pair("assignee", name)
            .finish();
        filters.push(format!("&{pair}&category=agent_abandoned"));
        filters.push(format!("&{pair}"));
    }
    let head = department_head(values("departmentId").last().unwrap());
    let mut shown = 0;
    for paging in ["limit=25", "limit=7&page=2", "skipThreshold=true&limit=3"] {
        for filter in &filters {
            let query = format!("{paging}{filter}");
            shown += check_one_trip(&desk, &admin(), &query, NOW);
            shown += check_one_trip(&desk, &head, &query, NOW);
        }
    }
    assert!(shown > 400, "{shown}");

    // Rows beyond the age limit come first in the list.
    let day = 24 * 60 * MINUTE;
    let organization = admin().organization;
    let set = |body: Value, now: i64| desk.isolate().change_settings(&organization, &body, now).unwrap();
    set(json!({ "maxAgeDays": 1 }), NOW);
    for later in [day - 150 * MINUTE, day - 90 * MINUTE, day - 30 * MINUTE] {
        let now = NOW + later;
        block_on(desk.service.refresh(now)).unwrap();
        assert_eq!(check_one_trip(&desk, &admin(), "", now), 25);
        assert_eq!(check_one_trip(&desk, &admin(), "skipThreshold=true", now), 25);
    }
    // Several thresholds apply.
    set(json!({ "channelThresholdMinutes": { "sms": 1_380 } }), NOW + day);
    let now = NOW + day - 30 * MINUTE;
    assert_eq!(check_one_trip(&desk, &admin(), "", now), 25);
}

#[test]
fn rows_that_were_not_found_ahead_are_read_afterwards() {
    let desk = desk(300);
    let two_trips = |statements: u64| Cost {
        batches: 2,
        statements,
        ..Cost::NONE
    };
    // The database looks at the first 256 entries only.
    for (query, statements) in [("limit=100&page=3", 4), ("limit=20&page=14", 3)] {
        let query = format!("skipThreshold=true&{query}");
        desk.cache.replace(cache_of(16).into_inner());
        let warm = check_cost(&desk, &admin(), &query, NOW, two_trips(statements));
        assert!(warm["rows"].as_array().unwrap().len() >= 20);
        desk.cache.replace(cache_of(0).into_inner());
        assert_eq!(warm, desk.ask(&admin(), &query, NOW).unwrap());
    }
    // Of a page far behind, the rows of the version that the isolate knows are read.
    let query = "skipThreshold=true&limit=20&page=14";
    desk.cache.replace(cache_of(16).into_inner());
    desk.ask(&admin(), "limit=1", NOW).unwrap();
    publish(&desk, &[change(&desk, 0, "draft", &json!(true))]);
    let warm = check_cost(&desk, &admin(), query, NOW + MINUTE, two_trips(4));
    desk.cache.replace(cache_of(0).into_inner());
    assert_eq!(warm, desk.ask(&admin(), query, NOW + MINUTE).unwrap());
}

#[test]
fn a_list_that_cannot_be_read_is_an_error_of_its_own() {
    let desk = desk(40);
    desk.service.database.execute("UPDATE snapshot_part SET entries = '{'");
    let outcome = desk.ask(&admin(), "limit=5", NOW);
    assert!(
        matches!(&outcome, Err(ReportError::Unavailable(cause)) if cause.starts_with("version")),
        "{outcome:?}"
    );
}

#[test]
fn a_row_that_was_read_ahead_and_is_damaged_does_not_matter_unless_it_is_shown() {
    let desk = desk(40);
    let query = "limit=5&skipThreshold=true";
    let first = check_cost(&desk, &admin(), query, NOW, HEAD_AND_ROWS);
    publish(&desk, &[change(&desk, 39, "draft", &json!(true))]);
    desk.service
        .database
        .execute("UPDATE snapshot_row SET json = '{' || json");
    let second = check_cost(&desk, &admin(), query, NOW + MINUTE, HEAD_AND_ROWS);
    assert_eq!(second["rows"], first["rows"]);
    let outcome = desk.ask(&admin(), "limit=5&skipThreshold=true&page=2", NOW + 2 * MINUTE);
    assert!(matches!(outcome, Err(ReportError::Corrupt(_))), "{outcome:?}");
}

#[test]
fn long_rows_that_are_guessed_come_whole() {
    let desk = desk(40);
    let rows = desk.ask(&admin(), "limit=5&skipThreshold=true", NOW).unwrap()["rows"].clone();
    desk.lengthen_rows("100000");
    // The database finds them itself.
    desk.cache.replace(cache_of(16).into_inner());
    let found = check_cost(&desk, &admin(), "limit=5&skipThreshold=true", NOW, HEAD_AND_ROWS);
    assert_eq!(found["rows"], rows);
    // The isolate knows their numbers, and reads short rows ahead only.
    let three_trips = Cost {
        batches: 3,
        statements: 5,
        ..Cost::NONE
    };
    let known = check_cost(&desk, &admin(), "limit=6&skipThreshold=true", NOW + 5_000, three_trips);
    assert_eq!(known["rows"].as_array().unwrap()[..5], rows.as_array().unwrap()[..]);
}

#[test]
fn a_row_is_shown_whole_or_not_at_all() {
    let query = "limit=100&skipThreshold=true";
    let fresh = desk(40);
    let rows = fresh.ask(&admin(), query, NOW).unwrap()["rows"].clone();
    for bytes in ["2000", "100000"] {
        for (stored, is_damaged) in [
            ("'{' || json", true),
            ("json || char(30)", true),
            ("json || char(30) || json", true),
            ("'{' || char(10) || char(9) || substr(json, 2)", false),
        ] {
            let desk = desk(40);
            desk.ask(&admin(), "limit=99&skipThreshold=true", NOW).unwrap();
            desk.lengthen_rows(bytes);
            desk.service.database.execute(&format!(
                "UPDATE snapshot_row SET json = {stored} WHERE row_no = (SELECT max(row_no) - 20 FROM snapshot_row)"
            ));
            let check = |now: i64, name: &str| {
                let name = format!("{stored}, {bytes} bytes, {name}");
                match desk.ask(&admin(), query, now) {
                    Ok(data) => assert!(!is_damaged && data["rows"] == rows, "{name}: {data}"),
                    Err(error) => assert!(
                        is_damaged && matches!(error, ReportError::Corrupt(_)),
                        "{name}: {error}"
                    ),
                }
            };
            check(NOW + 5_000, "a known version");
            desk.cache.replace(cache_of(16).into_inner());
            check(NOW, "found by the database");
            check(NOW + 1, "with the head in memory");
        }
    }
}

#[test]
fn a_page_is_shared_once_it_was_asked_for_again_after_a_while() {
    let desk = desk(40);
    let head = department_head(&desk.oracle.rows("o", NOW)[0].department_id.clone().unwrap());
    let ask = |at: i64, puts: u32| {
        let before = desk.pages.puts.get();
        desk.ask(&head, "skipThreshold=true&limit=3", at).unwrap();
        assert_eq!(desk.pages.puts.get() - before, puts, "at {}", at - NOW);
    };
    ask(NOW, 0);
    ask(NOW + SHARE_AFTER_MS - 1, 0);
    ask(NOW + SHARE_AFTER_MS, 1);
    ask(NOW + 2 * SHARE_AFTER_MS, 0);

    // Another isolate that has the head and the index finds it there.
    desk.cache.replace(cache_of(16).into_inner());
    desk.ask(&head, "skipThreshold=true&limit=4", NOW).unwrap();
    let hits = desk.pages.hits.get();
    check_cost(
        &desk,
        &head,
        "skipThreshold=true&limit=3",
        NOW,
        Cost {
            kv_gets: 1,
            ..Cost::NONE
        },
    );
    assert_eq!(desk.pages.hits.get(), hits + 1);
    // It does not put back what came from there.
    ask(NOW + 2 * SHARE_AFTER_MS, 0);
}

#[test]
fn without_memory_every_page_goes_to_the_shared_cache() {
    let desk = desk(40);
    desk.cache.replace(cache_of(0).into_inner());
    check_cost(
        &desk,
        &admin(),
        "limit=5",
        NOW,
        Cost {
            kv_gets: 1,
            kv_puts: 1,
            ..TWO_TRIPS
        },
    );
    check_cost(
        &desk,
        &admin(),
        "limit=5",
        NOW + 1,
        Cost {
            kv_gets: 1,
            ..Cost::NONE
        },
    );
}

#[test]
fn what_is_cached_answers_for_ten_minutes_while_the_database_is_out_of_reach() {
    let desk = desk(40);
    let department = desk.oracle.rows("o", NOW)[0].department_id.clone().unwrap();
    let callers = [admin(), department_head(&department)];
    let fresh: Vec<Value> = callers
        .iter()
        .map(|caller| desk.ask(caller, "limit=5", NOW).unwrap())
        .collect();
    desk.service.database.set_fault(Some(Fault::AfterBatches(0)));
    for at in [5_000, STALE_MAX_MS] {
        for (caller, fresh) in callers.iter().zip(&fresh) {
            let mut expected = fresh.clone();
            expected["stale"] = json!(true);
            assert_eq!(desk.ask(caller, "limit=5", NOW + at).unwrap(), expected);
            let summary = desk.isolate().summary(caller, "", None, NOW + at).unwrap();
            assert_eq!(data_of(&summary)["stale"], true);
        }
    }
    let unavailable = |outcome: Result<Value, ReportError>| matches!(outcome, Err(ReportError::Unavailable(_)));
    assert!(unavailable(desk.ask(&admin(), "limit=5", NOW + STALE_MAX_MS + 1)));
    assert!(
        unavailable(desk.ask(&admin(), "limit=6", NOW + 5_000)),
        "a page that is nowhere"
    );

    // The database is back: nothing stays stale.
    desk.service.database.set_fault(None);
    assert_eq!(desk.ask(&admin(), "limit=5", NOW + 5_000).unwrap(), fresh[0]);
}

#[test]
fn a_page_of_the_shared_cache_answers_while_the_rows_are_out_of_reach() {
    let desk = desk(40);
    desk.ask(&admin(), "limit=5", NOW).unwrap();
    let fresh = desk.ask(&admin(), "limit=5", NOW + SHARE_AFTER_MS).unwrap();
    block_on(desk.service.refresh(NOW + MINUTE)).unwrap();
    let fresh_later = desk.ask(&admin(), "limit=5", NOW + 2 * MINUTE).unwrap();
    assert_eq!(fresh_later["rows"], fresh["rows"]);
    assert_eq!(desk.pages.puts.get(), 1);
    // An isolate that can read the head and the index, and no row.
    desk.cache.replace(cache_of(16).into_inner());
    desk.service
        .database
        .execute("UPDATE snapshot_row SET json = '{' || json");
    desk.service.database.set_fault(Some(Fault::AfterStatements(3)));
    assert_eq!(desk.ask(&admin(), "limit=5", NOW).unwrap()["rows"], fresh["rows"]);
    assert!(desk.ask(&admin(), "limit=6", NOW).is_err());
}

#[test]
fn every_isolate_uses_a_new_threshold_within_the_maximum_age_of_heads() {
    let desk = desk(40);
    let other = cache_of(16);
    let ask = |cache: &RefCell<IsolateCache>, now: i64| {
        let answer = desk.isolate_with(cache).page(&admin(), "", None, now).unwrap();
        data_of(&answer)["thresholdMinutes"].clone()
    };
    assert_eq!((ask(&desk.cache, NOW), ask(&other, NOW)), (json!(5), json!(5)));
    let organization = admin().organization;
    let settings = desk
        .isolate()
        .change_settings(&organization, &json!({ "thresholdMinutes": 30 }), NOW);
    assert_eq!(settings.unwrap().threshold_minutes, 30);
    // The isolate that has set it uses it at once.
    assert_eq!((ask(&desk.cache, NOW), ask(&other, NOW + 4_999)), (json!(30), json!(5)));
    assert_eq!(ask(&other, NOW + 5_000), 30);
}

// ---------------------------------------------------------------------------------------------------------------
// Replicas
// ---------------------------------------------------------------------------------------------------------------

/// Two databases, of which the one that lags answers as a replica, until the primary was asked: a session's bookmark
/// then sees to it that nothing older is read.
struct Replicated<'a> {
    primary: &'a Sqlite,
    replica: &'a Sqlite,
    at_primary: Cell<bool>,
}

impl Database for Replicated<'_> {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DatabaseError> {
        if self.at_primary.get() {
            return self.primary.batch(statements).await;
        }
        let mut outcomes = self.replica.batch(statements).await?;
        for outcome in &mut outcomes {
            outcome.is_from_replica = true;
        }
        Ok(outcomes)
    }

    async fn batch_at_primary(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DatabaseError> {
        self.at_primary.set(true);
        self.primary.batch(statements).await
    }
}

#[test]
fn what_a_replica_does_not_know_yet_is_asked_of_the_primary_before_anybody_is_told() {
    let (ahead, behind) = (desk(8), Service::default());
    // As replication brings it, the key of the database is the same on both.
    let generation = &ahead.service.database.query("SELECT generation FROM refresh")[0][0];
    behind
        .database
        .execute(&format!("UPDATE refresh SET generation = '{generation}'"));
    let cache = cache_of(16);
    // A request, and whether it went to the primary.
    let ask = |access: &ReadAccess, query: &str, now: i64| {
        let (primary, replica) = (&ahead.service.database, &behind.database);
        let database = Replicated {
            primary,
            replica,
            at_primary: Cell::new(false),
        };
        let isolate = Isolate {
            database: &database,
            pages: &ahead.pages,
            cache: &cache,
            head_max_age_ms: 5_000,
        };
        let outcome = isolate.page(access, query, None, now);
        (outcome.map(|answer| data_of(&answer)), database.at_primary.get())
    };

    let first = ahead.ask(&admin(), "skipThreshold=true", NOW).unwrap();
    assert_eq!(
        ask(&admin(), "skipThreshold=true", NOW),
        (Ok(first.clone()), true),
        "the replica has not heard of it"
    );

    // Now it has, and the primary is a version ahead.
    block_on(async {
        behind
            .ingest_all(&crate::support::history::many_candidates("o", NOW, 8), NOW)
            .await;
        behind.refresh(NOW).await.unwrap();
        let more = crate::support::history::many_candidates("o", NOW, 12);
        ahead.service.ingest_all(&more, NOW).await;
        ahead.service.refresh(NOW + MINUTE).await.unwrap();
    });
    let second = ahead.ask(&admin(), "skipThreshold=true", NOW + MINUTE).unwrap();
    assert_ne!(second["totalCount"], first["totalCount"]);
    assert_eq!(
        ask(&admin(), "skipThreshold=true", NOW + MINUTE),
        (Ok(first), false),
        "a report may lag"
    );

    let pin = format!("skipThreshold=true&snapshot={}", second["snapshotId"].as_str().unwrap());
    assert_eq!(ask(&admin(), &pin, NOW + MINUTE), (Ok(second), true));
    cache.replace(cache_of(16).into_inner());
    let never = ask(&admin(), "snapshot=v7-1-5-x", NOW + MINUTE);
    assert_eq!(never, (Err(ReportError::SnapshotExpired), true));
    let unknown = access(json!({ "role": "ADMIN", "organizationId": "nobody" }));
    assert_eq!(ask(&unknown, "", NOW), (Err(ReportError::OrganizationNotFound), true));
}

// ---------------------------------------------------------------------------------------------------------------
// Any history
// ---------------------------------------------------------------------------------------------------------------

/// Which of two routes a test asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Page,
    Summary,
}

/// An isolate that caches, against isolates that have just started.
struct Comparison {
    random: Random,
    service: Service,
    warm_cache: RefCell<IsolateCache>,
    pages: Pages,
    events: Vec<Value>,
    organizations: Vec<String>,
    departments: Vec<String>,
    people: Vec<String>,
    pins: Vec<String>,
    /// What was asked last, and the ETag of the answer.
    last: Option<(Route, Value, String, Option<String>)>,
    now: i64,
    statuses: [u32; 3],
}

impl Comparison {
    fn new(seed: u64) -> Self {
        let options = HistoryOptions {
            now: NOW,
            organizations: 3,
            conversations: 12,
            events: 400,
        };
        let events = random_history(seed, &options);
        let every = |name: &str| -> Vec<String> {
            let found = events.iter().filter_map(|event| event[name].as_str());
            found.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let mut random = Random::new(seed);
        // Little memory, so that pages come and go, or plenty.
        let memory_bytes_max = *random.pick(&[0, 0, 20_000, 200_000, 16 * 1024 * 1024]);
        let share_after_ms = *random.pick(&[0, 30_000, 300_000]);
        Self {
            organizations: every("organizationId"),
            departments: every("departmentId"),
            people: every("ownerId"),
            random,
            service: Service::default(),
            warm_cache: RefCell::new(IsolateCache::new(PagePolicy {
                memory_bytes_max,
                share_after_ms,
            })),
            pages: Pages::new(Mood::Well),
            events,
            pins: Vec::new(),
            last: None,
            now: NOW,
            statuses: [0; 3],
        }
    }

    fn step(&mut self) {
        match self.random.below(20) {
            0 => {
                let count = self.random.below(40).min(self.events.len());
                let events: Vec<Value> = self.events.drain(..count).collect();
                block_on(self.service.ingest_all(&events, NOW));
            }
            1 | 2 => {
                self.now += self.random.below(3) as i64 * 30_000;
                block_on(self.service.refresh(self.now)).unwrap();
            }
            3 => {
                let organization = self.random.pick(&self.organizations).clone();
                let changes = [
                    json!({ "thresholdMinutes": self.random.pick(&[None, Some(1), Some(7), Some(600)]) }),
                    json!({ "channelThresholdMinutes": { *self.random.pick(&["sms", "EMAIL"]): self.random.pick(&[1, 90]) } }),
                    json!({ "departmentThresholdMinutes": self.departments.iter().map(|id| (id.clone(), json!(2))).collect::<Map<_, _>>() }),
                    json!({ "channelThresholdMinutes": null, "departmentThresholdMinutes": {} }),
                    json!({ "maxAgeDays": self.random.pick(&[None, Some(1), Some(3_650)]) }),
                ];
                let change = self.random.pick(&changes);
                // Another isolate does it, so that the one with caches has to find out.
                let isolate = Isolate {
                    database: &self.service.database,
                    pages: &self.pages,
                    cache: &RefCell::default(),
                    head_max_age_ms: 0,
                };
                let caller = access(json!({ "role": "ADMIN", "organizationId": organization }));
                // An organization of which no event came yet has no settings.
                let _ = isolate.change_settings(&caller.organization, change, self.now);
            }
            4 => {
                let moods = [
                    Mood::Well,
                    Mood::Well,
                    Mood::Well,
                    Mood::Well,
                    Mood::Well,
                    Mood::Well,
                    Mood::Well,
                    Mood::Well,
                    Mood::Empty,
                    Mood::Failing,
                    Mood::Garbage,
                    Mood::Confused,
                ];
                self.pages.mood.set(*self.random.pick(&moods));
            }
            5 => self.now += 20_000,
            _ => self.compare(),
        }
    }

    fn claims(&mut self) -> Value {
        let organization = self.random.pick(&self.organizations).clone();
        if self.random.chance(50) {
            return json!({ "role": "ADMIN", "organizationId": organization });
        }
        let departments: Vec<&String> = self.departments.iter().take(self.random.below(4)).collect();
        let mut claims =
            json!({ "role": "DEPARTMENT_HEAD", "organizationId": organization, "departmentIds": departments });
        if self.random.chance(80) && !self.people.is_empty() {
            claims["sub"] = json!(self.random.pick(&self.people));
        }
        claims
    }

    fn query(&mut self, is_paged: bool) -> String {
        let mut parameters = Vec::new();
        if self.random.chance(50) {
            parameters.push(("skipThreshold", "true".to_owned()));
        }
        if self.random.chance(30) {
            parameters.push((
                "category",
                (*self.random.pick(&["ai_stuck", "agent_abandoned"])).to_owned(),
            ));
        }
        if self.random.chance(20) {
            let filter = [("channelType", "sms"), ("reason", "no_reply"), ("assignee", "Somebody")];
            let (name, value) = *self.random.pick(&filter);
            parameters.push((name, value.to_owned()));
        }
        if self.random.chance(20) && !self.departments.is_empty() {
            parameters.push(("departmentId", self.random.pick(&self.departments).clone()));
        }
        if self.random.chance(20) && !self.pins.is_empty() {
            parameters.push(("snapshot", self.random.pick(&self.pins).clone()));
        }
        if is_paged {
            parameters.push(("limit", (*self.random.pick(&["1", "3", "25"])).to_owned()));
            parameters.push(("page", (*self.random.pick(&["1", "1", "2", "5"])).to_owned()));
        }
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish()
    }

    /// Asks an isolate with caches and one without the same: the answers are equal, byte for byte.
    fn compare(&mut self) {
        let last = self.last.take().filter(|_| self.random.chance(40));
        let (route, claims, query, etag) = last.unwrap_or_else(|| {
            let route = if self.random.chance(85) {
                Route::Page
            } else {
                Route::Summary
            };
            (route, self.claims(), self.query(route == Route::Page), None)
        });
        let caller = access(claims.clone());
        let ask = |pages: &Pages, cache: &RefCell<IsolateCache>| {
            let isolate = Isolate {
                database: &self.service.database,
                pages,
                cache,
                head_max_age_ms: 0,
            };
            match route {
                Route::Page => isolate.page(&caller, &query, etag.as_deref(), self.now),
                Route::Summary => isolate.summary(&caller, &query, etag.as_deref(), self.now),
            }
        };
        // It has no memory, so it takes two round trips.
        let fresh = ask(&Pages::new(Mood::Empty), &RefCell::default());
        let cached = ask(&self.pages, &self.warm_cache);
        let context = format!("{claims} {query}");
        let in_one_trip = ask(&Pages::new(Mood::Failing), &cache_of(16));
        let parts = |answer: Result<ReportResponse, ReportError>| answer.map(|answer| (answer.etag, answer.body));
        let of_fresh = fresh
            .as_ref()
            .map(|answer| (Rc::clone(&answer.etag), answer.body.clone()));
        assert_eq!(parts(in_one_trip), of_fresh.map_err(Clone::clone), "{context}");
        match (fresh, cached) {
            (Ok(fresh), Ok(cached)) => {
                assert_eq!(cached.etag, fresh.etag, "{context}");
                assert_eq!(cached.body, fresh.body, "{context}");
                self.statuses[usize::from(fresh.body.is_none())] += 1;
                // Every other time it is asked again without the ETag.
                let etag = self.random.chance(50).then(|| fresh.etag.to_string());
                self.last = Some((route, claims, query, etag));
                if let Some(id) = fresh.body.and_then(|body| {
                    let body: Value = serde_json::from_str(&body).unwrap();
                    body["data"]["snapshotId"].as_str().map(str::to_owned)
                }) {
                    self.pins.push(id);
                }
            }
            (Err(fresh), Err(cached)) => {
                assert_eq!(cached, fresh, "{context}");
                self.statuses[2] += 1;
            }
            (fresh, cached) => panic!("{context}: {fresh:?}, {cached:?}"),
        }
        self.pins.drain(..self.pins.len().saturating_sub(8));
    }
}

#[test]
fn an_isolate_with_caches_answers_like_one_that_has_just_started() {
    let mut statuses = [0; 3];
    let mut hits = 0;
    for seed in seeds(24) {
        let mut comparison = Comparison::new(seed);
        for _ in 0..400 {
            comparison.step();
        }
        for (sum, count) in statuses.iter_mut().zip(comparison.statuses) {
            *sum += count;
        }
        hits += comparison.pages.hits.get();
    }
    let [ok, not_modified, refused] = statuses;
    println!("{ok} answers, {not_modified} times 304, {refused} refusals, {hits} pages from the cache");
    assert!(ok > 1_000 && not_modified > 40 && refused > 40 && hits > 6);
}
