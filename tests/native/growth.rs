//! Loads that are larger than a run can take at once: the report is right within three runs of the load's end, without
//! anybody's hand, and nobody else waits for it. The limits are small, so that the loads can be.

use crate::support::history::{HistoryOptions, Random, instant_text, many_candidates, random_history};
use crate::support::oracle::Oracle;
use crate::support::service::{Service, SnapshotRow};
use crate::support::sqlite::Fault;
use crate::support::{MINUTE, NOW, seeds, waiting};
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::base::trace::Trace;
use conversation_monitor::health::{Expectations, HealthStatus, check_health};
use conversation_monitor::refresh::{DATABASE_BYTES_MAX, LEASE_MS, Limits, Run, SliceLimits, instant_of};
use conversation_monitor::storage::database::DatabaseError;
use futures::executor::block_on;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeMap;

/// How many runs after the load's end the report must be right.
const RUNS_MAX: i64 = 3;

fn limits() -> Limits {
    Limits {
        slice: SliceLimits {
            organizations: 10,
            pending_records: 20,
            rows: 100,
            bytes: 6_000,
            items: 40,
        },
        candidates: 200,
        ..Limits::default()
    }
}

fn run_at(service: &Service, minute: i64, limits: Limits) -> Run {
    let run = block_on(service.refresh_within(NOW + minute * MINUTE, limits))
        .unwrap()
        .run;
    assert_eq!(run.organizations_failed, 0, "minute {minute}");
    run
}

/// Runs from `minute` on until nothing is left, and checks that this comes soon enough and that all is right then.
/// Returns the last minute.
fn settle(service: &Service, oracle: &Oracle, minute: i64, limits: Limits, context: &str) -> i64 {
    for minute in minute..minute + RUNS_MAX {
        if run_at(service, minute, limits).organizations_left == 0 {
            let as_of = NOW + minute * MINUTE;
            service.assert_agrees(oracle, as_of, context);
            service.assert_no_garbage(context);
            assert_eq!(frozen(service), 0, "{context}");
            return minute;
        }
    }
    panic!("{context}: not right after {RUNS_MAX} runs");
}

fn frozen(service: &Service) -> usize {
    count(
        service,
        "SELECT count(*) FROM organization WHERE held_as_of IS NOT NULL",
    )
}

fn count(service: &Service, sql: &str) -> usize {
    service.database.query(sql)[0][0].parse().unwrap()
}

/// The instant of an organization's report.
fn instant(service: &Service, organization_id: &str) -> i64 {
    let sql = "SELECT coalesce(held_as_of, max(o.as_of, coalesce(r.as_of, 0))) FROM organization AS o, refresh AS r
               WHERE organization_id = ?1";
    service.database.query_with(sql, &[organization_id])[0][0]
        .parse()
        .unwrap()
}

fn contact(organization_id: &str, number: usize, name: &str, at: i64) -> Value {
    json!({ "type": "contact", "organizationId": organization_id, "updatedAt": instant_text(at),
            "contactId": format!("contact {number}"), "name": name })
}

fn answer(organization_id: &str, conversation_id: &str, at: i64) -> Value {
    let at = instant_text(at);
    json!({ "type": "message", "organizationId": organization_id, "updatedAt": at, "at": at, "conversationId": conversation_id,
            "messageId": format!("answer to {conversation_id}"), "direction": "outbound", "sender": "human" })
}

/// A service and an oracle that take in the same.
#[derive(Default)]
struct Pair {
    service: Service,
    oracle: Oracle,
}

impl Pair {
    fn ingest(&mut self, events: &[Value]) {
        self.oracle.take_in(events);
        block_on(self.service.ingest_all(events, NOW));
    }

    /// Makes contacts pending, as an older version of the service does whether or not a candidate shows them.
    fn make_contacts_pending(&self, organization_id: &str, contacts: usize) {
        self.service.database.execute(&format!(
            "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {contacts})
             INSERT INTO pending SELECT '{organization_id}', 'contact', 'contact ' || n, 'old', 0, 1, NULL FROM n WHERE true
             ON CONFLICT DO NOTHING"
        ));
    }
}

#[test]
fn an_import_of_contacts_delays_nobody() {
    const CONTACTS: usize = 500;
    let mut pair = Pair::default();
    let mut events: Vec<Value> = (0..CONTACTS)
        .map(|number| contact("o", number, "A", NOW - MINUTE))
        .collect();
    events.extend(waiting("o", "c", NOW - 60 * MINUTE));
    pair.ingest(&events);
    pair.make_contacts_pending("o", CONTACTS);
    let run = run_at(&pair.service, 0, limits());
    assert_eq!(run.organizations_left, 0);
    pair.service
        .assert_agrees(&pair.oracle, NOW, "the first run shows who waits");
    assert_eq!(count(&pair.service, "SELECT count(*) FROM pending"), 0);
    assert!(run.statements < 40, "{}", run.statements);

    // All contacts come again, and whoever waited was answered, and somebody else waits.
    let again: Vec<Value> = (0..CONTACTS).map(|number| contact("o", number, "B", NOW)).collect();
    pair.ingest(&again);
    pair.make_contacts_pending("o", CONTACTS);
    pair.ingest(&[answer("o", "c", NOW)]);
    pair.ingest(&waiting("o", "d", NOW - MINUTE));
    settle(&pair.service, &pair.oracle, 1, limits(), "a second import");
}

#[test]
fn an_organization_without_a_candidate_settles_what_nobody_shows_without_a_version() {
    let mut pair = Pair::default();
    pair.ingest(&waiting("o", "c", NOW - 60 * MINUTE));
    run_at(&pair.service, 0, limits());
    pair.make_contacts_pending("o", 300);
    pair.service.database.execute(
        "INSERT INTO pending VALUES ('o', 'user', 'nobody', 'old', 0, 1, NULL), ('o', 'department', 'nowhere', 'old', 0, 1, NULL)",
    );
    let run = run_at(&pair.service, 1, limits());
    assert_eq!((run.organizations_published, run.organizations_left), (0, 0));
    assert_eq!(count(&pair.service, "SELECT count(*) FROM pending"), 0);
}

#[test]
fn more_changes_than_fit_are_published_in_portions() {
    let mut pair = Pair::default();
    pair.ingest(&many_candidates("large", NOW, 150));
    pair.ingest(&waiting("small", "c", NOW - 60 * MINUTE));
    let minute = settle(&pair.service, &pair.oracle, 0, limits(), "all of them new");

    // Somebody who is everywhere is renamed: each row changes, under one change token.
    let users = pair.service.database.query(
        "SELECT person.value, count(*) FROM conversation_state AS s, json_each(s.candidate, '$.assigneeIds') AS person
         GROUP BY 1 ORDER BY 2 DESC LIMIT 3",
    );
    let renamed: Vec<Value> = users
        .iter()
        .map(|user| {
            json!({ "type": "user", "organizationId": "large", "updatedAt": instant_text(NOW), "userId": user[0],
                    "fullName": "Renamed" })
        })
        .collect();
    pair.ingest(&renamed);
    let minute = settle(
        &pair.service,
        &pair.oracle,
        minute + 1,
        limits(),
        "a user of many rows renamed",
    );

    // All but a few are answered at once.
    let ids = pair
        .service
        .database
        .query("SELECT conversation_id FROM conversation_state WHERE candidate IS NOT NULL");
    let answers: Vec<Value> = ids.iter().skip(7).map(|row| answer("large", &row[0], NOW)).collect();
    pair.ingest(&answers);
    settle(
        &pair.service,
        &pair.oracle,
        minute + 1,
        limits(),
        "most of them answered",
    );
}

#[test]
fn a_report_stays_as_of_its_instant_until_the_last_portion() {
    let mut pair = Pair::default();
    pair.ingest(&waiting("large", "first", NOW - 60 * MINUTE));
    pair.ingest(&waiting("small", "c", NOW - 60 * MINUTE));
    run_at(&pair.service, 0, limits());
    pair.ingest(&many_candidates("large", NOW, 150));
    pair.ingest(&[answer("small", "c", NOW)]);
    // So few that the run ends between two portions.
    let few = Limits {
        work_statements: 130,
        ..limits()
    };
    let mut runs = 0;
    for minute in 1.. {
        let run = run_at(&pair.service, minute, few);
        let as_of = NOW + minute * MINUTE;
        assert_eq!(instant(&pair.service, "small"), as_of, "nobody else waits");
        assert_eq!(pair.service.snapshot("small").unwrap(), []);
        runs += 1;
        if run.organizations_left == 0 {
            assert_eq!(instant(&pair.service, "large"), as_of);
            pair.service.assert_agrees(&pair.oracle, as_of, "the end");
            break;
        }
        assert!(run.ended_by.is_some(), "{run:?}");
        assert_eq!(instant(&pair.service, "large"), NOW, "minute {minute}");
        assert!(minute < 20, "it makes progress");
    }
    assert!(runs > 1, "{runs} runs");
}

/// What a truncated version lists of an organization's rows, by the definition: `limit` of them, the contract's
/// categories first, each oldest first.
fn truncated(mut rows: Vec<SnapshotRow>, limit: usize) -> Vec<SnapshotRow> {
    let stays = |row: &SnapshotRow| -> (bool, bool, String) {
        let row: Value = serde_json::from_str(&row.0).unwrap();
        let is_other = !["ai_stuck", "agent_abandoned"].contains(&row["category"].as_str().unwrap());
        let since = row["stalledSince"].as_str().unwrap().to_owned();
        (is_other, since < instant_text(NOW - 30 * 24 * 60 * MINUTE), since)
    };
    let order = rows.clone();
    rows.sort_by_key(stays);
    rows.truncate(limit);
    order.into_iter().filter(|row| rows.contains(row)).collect()
}

#[test]
fn more_candidates_than_a_version_holds_are_truncated_and_come_in_as_others_go() {
    let few = Limits {
        candidates: 40,
        ..limits()
    };
    let mut pair = Pair::default();
    pair.ingest(&many_candidates("o", NOW, 130));
    let mut minute = 0;
    let mut answered = 0;
    for step in 0..4 {
        let context = format!("step {step}, {answered} answered");
        let end = minute + RUNS_MAX;
        loop {
            let run = run_at(&pair.service, minute, few);
            minute += 1;
            if run.organizations_left == 0 {
                break;
            }
            assert!(minute < end, "{context}: it is stuck");
        }
        let as_of = NOW + (minute - 1) * MINUTE;
        let all = pair.oracle.snapshot("o", as_of);
        assert_eq!(
            pair.service.snapshot("o"),
            Some(truncated(all.clone(), 40)),
            "{context}"
        );
        let is_truncated = all.len() > 40;
        let missing = count(&pair.service, "SELECT missing FROM organization");
        assert_eq!(missing, all.len().saturating_sub(40), "{context}");
        let first = &pair
            .service
            .database
            .query("SELECT entries FROM snapshot_part ORDER BY version DESC, part LIMIT 1")[0][0];
        assert_eq!(first.contains(r#""truncated":true"#), is_truncated, "{context}");
        assert_eq!(frozen(&pair.service), 0, "{context}");
        // Some of those that are listed are answered, and others come in.
        let listed = pair.service.snapshot("o").unwrap();
        let answers: Vec<Value> = listed
            .iter()
            .take(35)
            .map(|row| {
                let row: Value = serde_json::from_str(&row.0).unwrap();
                answer("o", row["conversationId"].as_str().unwrap(), NOW)
            })
            .collect();
        answered += answers.len();
        pair.ingest(&answers);
    }
    assert!(answered > 100, "{answered}");
    pair.service.assert_no_garbage("the end");
}

/// Runs minute by minute while `load` adds to it, and returns for each organization the longest time that its report
/// stood still, in runs.
fn longest_waits(
    pair: &mut Pair,
    minutes: std::ops::Range<i64>,
    limits: Limits,
    load: impl Fn(i64) -> Vec<Value>,
) -> BTreeMap<String, i64> {
    let mut waits: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for minute in minutes {
        pair.ingest(&load(minute));
        let run = run_at(&pair.service, minute, limits);
        assert!(run.statements <= limits.work_statements + 100, "{run:?}");
        for organization_id in pair.oracle.organizations() {
            let (now, longest) = waits.entry(organization_id.clone()).or_default();
            let stands_still = instant(&pair.service, &organization_id) < NOW + minute * MINUTE;
            *now = if stands_still { *now + 1 } else { 0 };
            *longest = (*longest).max(*now);
        }
    }
    waits.into_iter().map(|(id, (_, longest))| (id, longest)).collect()
}

/// The status of a message of each conversation changes.
fn status_changes(organization_id: &str, conversations: usize, minute: i64) -> Vec<Value> {
    (0..conversations)
        .map(|number| {
            let mut message = waiting(organization_id, &format!("c{number:03}"), NOW - 60 * MINUTE)[1].clone();
            message["updatedAt"] = json!(instant_text(NOW - 30 * MINUTE + minute));
            message["revision"] = json!(minute);
            message
        })
        .collect()
}

#[test]
fn a_noisy_organization_delays_only_itself() {
    const QUIET: usize = 30;
    const NOISY: usize = 300;
    let mut pair = Pair::default();
    for number in 0..NOISY {
        pair.ingest(&waiting("aaa-noisy", &format!("c{number:03}"), NOW - 60 * MINUTE));
    }
    for number in 0..QUIET {
        pair.ingest(&waiting(&format!("quiet-{number:02}"), "c", NOW - 60 * MINUTE));
    }
    let wide = Limits {
        candidates: 1_000,
        ..limits()
    };
    let mut minute = 0;
    while run_at(&pair.service, minute, wide).organizations_left > 0 {
        minute += 1;
    }
    // Not enough for what the noisy one changes in a minute.
    let few = Limits {
        work_statements: 200,
        ..wide
    };
    let end = minute + 9;
    let waits = longest_waits(&mut pair, minute + 1..end, few, |minute| {
        let mut events = status_changes("aaa-noisy", NOISY, minute);
        for number in 0..QUIET {
            events.extend(waiting(
                &format!("quiet-{number:02}"),
                &format!("c{minute}"),
                NOW - MINUTE,
            ));
        }
        events
    });
    println!("longest waits in runs: {waits:?}");
    for (organization_id, wait) in &waits {
        if organization_id.starts_with("quiet") {
            assert_eq!(*wait, 0, "{organization_id}");
        }
    }
    settle(&pair.service, &pair.oracle, end, wide, "the load has ended");
}

#[test]
fn organizations_take_turns_if_a_run_cannot_reach_all() {
    const LARGE: usize = 14;
    let mut pair = Pair::default();
    for number in 0..LARGE {
        pair.ingest(&many_candidates(&format!("organization-{number:02}"), NOW, 60));
    }
    let mut minute = 0;
    while run_at(&pair.service, minute, limits()).organizations_left > 0 {
        minute += 1;
    }
    // Each of them is a slice of its own, and a run has statements for a third of them.
    let few = Limits {
        work_statements: 170,
        slice: SliceLimits {
            rows: 70,
            ..limits().slice
        },
        ..limits()
    };
    let end = minute + 16;
    let waits = longest_waits(&mut pair, minute + 1..end, few, |minute| {
        let organizations = (0..LARGE).map(|number| format!("organization-{number:02}"));
        organizations
            .flat_map(|id| waiting(&id, &format!("new {minute}"), NOW - MINUTE))
            .collect()
    });
    println!("longest waits in runs: {waits:?}");
    let longest = waits.values().max().unwrap();
    let shortest = waits.values().min().unwrap();
    assert!(*longest <= 5, "{waits:?}");
    assert!(longest - shortest <= 2, "everybody waits alike: {waits:?}");
    settle(&pair.service, &pair.oracle, end, limits(), "the load has ended");
}

#[test]
fn superseded_versions_are_removed_by_statements_of_their_own() {
    const ORGANIZATIONS: usize = 12;
    let mut pair = Pair::default();
    let id = |number: usize| format!("organization-{number:02}");
    for minute in 0..30 {
        for number in 0..ORGANIZATIONS {
            pair.ingest(&waiting(&id(number), &format!("c{minute}"), NOW - 10 * MINUTE));
        }
        let run = run_at(&pair.service, minute, Limits::default());
        assert_eq!(run.organizations_left, 0);
        assert!(run.statements < 40, "minute {minute}: {}", run.statements);
    }
    let versions = count(&pair.service, "SELECT count(*) FROM snapshot_part");
    assert_eq!(versions, ORGANIZATIONS * 11, "those of ten minutes");
    pair.service.assert_no_garbage("all along");
}

/// How many bytes a head has of superseded versions, and how many rows it lists of them.
fn retired(service: &Service) -> (usize, usize) {
    let rows = "SELECT count(*) FROM organization, json_each(retired) AS version, json_each(version.value, '$[2]')";
    let bytes = "SELECT length(retired) FROM organization";
    (count(service, bytes), count(service, rows))
}

#[test]
fn a_head_lists_so_many_rows_of_superseded_versions_and_no_more() {
    const VERSIONS: i64 = 105;
    let mut pair = Pair::default();
    // As many candidates as rows of a version that the head itself lists. All of them show one contact.
    for number in 0..200 {
        pair.ingest(&waiting("o", &format!("c{number}"), NOW - 60 * MINUTE));
    }
    let at = |version: i64| NOW + version * 1_000;
    for version in 0..VERSIONS {
        let mut contact = contact("o", 0, &format!("Name {version}"), at(version));
        contact["contactId"] = json!("k");
        pair.ingest(&[contact]);
        let run = block_on(pair.service.refresh(at(version))).unwrap().run;
        assert_eq!(run.rows_published, 200);
    }
    assert_eq!(retired(&pair.service).1, 20_000);
    let lists = "SELECT count(*) FROM snapshot_part WHERE version < 0";
    assert_eq!(
        count(&pair.service, lists),
        4,
        "those of the last versions are by themselves"
    );
    let minute = settle(&pair.service, &pair.oracle, 12, Limits::default(), "they are removed");
    assert_eq!(retired(&pair.service), ("[]".len(), 0), "{minute}");
    assert_eq!(count(&pair.service, "SELECT count(*) FROM snapshot_row"), 200);
}

#[test]
fn nothing_is_published_while_too_many_superseded_versions_wait_to_be_removed() {
    let mut pair = Pair::default();
    pair.ingest(&waiting("o", "c", NOW - 60 * MINUTE));
    settle(&pair.service, &pair.oracle, 0, limits(), "at first");
    pair.service.database.execute(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 40000)
         UPDATE organization SET retire_at = {NOW} + 600000,
           retired = (SELECT json_group_array(json_array({NOW}, 1000000000 + n, json_array())) FROM n)"
    ));
    let (bytes, _) = retired(&pair.service);
    assert!((1_000_000..2_000_000).contains(&bytes), "{bytes}");
    pair.ingest(&waiting("o", "d", NOW - 50 * MINUTE));
    let refresh = |minute: i64| block_on(pair.service.refresh_within(NOW + minute * MINUTE, limits())).unwrap();
    for minute in [1, 10] {
        let failures = refresh(minute).failures;
        let [(_, reason)] = failures.reasons() else {
            panic!("{failures:?}");
        };
        assert!(reason.contains("superseded versions"), "{reason}");
    }
    // The last of these runs has removed them.
    assert_eq!(retired(&pair.service).0, "[]".len());
    settle(&pair.service, &pair.oracle, 11, limits(), "then it goes on");
}

#[test]
fn a_run_is_not_overtaken_while_it_gets_on() {
    let mut pair = Pair::default();
    for number in 0..40 {
        pair.ingest(&waiting(&format!("organization-{number:02}"), "c", NOW - 60 * MINUTE));
    }
    let service = &pair.service;
    // Each look at the clock is five seconds later than the one before.
    let clock = Cell::new(NOW);
    let now = || {
        clock.set(clock.get() + 5_000);
        Timestamp::from_milliseconds(clock.get())
    };
    let mut slow = Box::pin(service.try_refresh(
        NOW,
        Limits {
            slice: SliceLimits {
                organizations: 5,
                ..limits().slice
            },
            ..limits()
        },
        &now,
    ));
    let waker = futures::task::noop_waker();
    let mut context = std::task::Context::from_waker(&waker);
    // Until it has the lease.
    for _ in 0..2 {
        assert!(slow.as_mut().poll(&mut context).is_pending());
    }
    let mut refused = 0;
    let finished = loop {
        if let std::task::Poll::Ready(finished) = slow.as_mut().poll(&mut context) {
            break finished.unwrap().unwrap();
        }
        let at = || Timestamp::from_milliseconds(clock.get());
        let second = block_on(service.try_refresh(NOW + MINUTE, limits(), &at)).unwrap();
        assert!(second.is_none(), "it was overtaken");
        refused += 1;
    };
    assert!(refused > 3, "{refused}");
    assert!(clock.get() > NOW + 30_000);
    // The time was over before all was done, and the run says so. What it did stands.
    let run = finished.run;
    assert!(run.organizations_left > 0 && run.organizations_published > 0, "{run:?}");
    settle(service, &pair.oracle, 2, limits(), "the next run goes on");
}

#[test]
fn a_run_that_was_refused_is_made_up_for() {
    let mut pair = Pair::default();
    pair.ingest(&waiting("o", "c", NOW - 60 * MINUTE));
    let service = &pair.service;
    let now = || Timestamp::from_milliseconds(NOW);
    let mut first = Box::pin(service.try_refresh(NOW, limits(), &now));
    let waker = futures::task::noop_waker();
    let mut context = std::task::Context::from_waker(&waker);
    for _ in 0..3 {
        assert!(first.as_mut().poll(&mut context).is_pending());
    }
    assert!(
        block_on(service.try_refresh(NOW + MINUTE, limits(), &now))
            .unwrap()
            .is_none()
    );
    let finished = block_on(first).unwrap().unwrap();
    assert_eq!(finished.run.as_of, Timestamp::from_milliseconds(NOW + MINUTE));
    service.assert_agrees(&pair.oracle, NOW + MINUTE, "for the later instant");
}

/// An organization in which somebody waits, and whose first run took the lease and died.
fn after_a_run_that_died() -> Pair {
    let mut pair = Pair::default();
    pair.ingest(&waiting("o", "c", NOW - 60 * MINUTE));
    let database = &pair.service.database;
    database.set_fault(Some(Fault::AfterBatches(2)));
    block_on(pair.service.refresh(NOW)).unwrap_err();
    database.set_fault(None);
    pair
}

#[test]
fn a_run_that_died_is_taken_over_at_its_deadline() {
    let pair = after_a_run_that_died();
    let service = &pair.service;
    let at = |later: i64| move || Timestamp::from_milliseconds(NOW + later);
    let soon = block_on(service.try_refresh(NOW + 1, limits(), &at(LEASE_MS - 1))).unwrap();
    assert!(soon.is_none());
    let later = block_on(service.try_refresh(NOW + 1, limits(), &at(LEASE_MS))).unwrap();
    assert!(later.is_some());
    service.assert_agrees(&pair.oracle, NOW + 1, "taken over");
    // A clock that was ahead does not keep everybody out.
    service
        .database
        .execute(&format!("UPDATE refresh SET lease_until = {}", NOW + 24 * 60 * MINUTE));
    assert!(
        block_on(service.try_refresh(NOW + 2, limits(), &at(2)))
            .unwrap()
            .is_some()
    );
}

#[test]
fn whatever_the_interval_a_run_that_died_is_made_up_for_within_the_minute() {
    for (every, taken_over_after) in [(20_000, 40_000), (30_000, MINUTE), (MINUTE, MINUTE)] {
        let pair = after_a_run_that_died();
        let service = &pair.service;
        let run = |later: i64| {
            let now = move || Timestamp::from_milliseconds(NOW + later);
            block_on(service.try_refresh(NOW + later, limits(), &now)).unwrap()
        };
        let mut later = every;
        while run(later).is_none() {
            later += every;
        }
        assert_eq!(later, taken_over_after, "every {every} ms");
        service.assert_agrees(&pair.oracle, NOW + later, "taken over");
        // The next one finds the lease free.
        assert_eq!(
            run(later + every).map(|finished| finished.run.as_of),
            Some(Timestamp::from_milliseconds(NOW + later + every))
        );
    }
}

#[test]
fn a_scheduled_time_far_ahead_is_not_taken() {
    let at = Timestamp::from_milliseconds;
    assert_eq!(instant_of(at(NOW + 120_000), at(NOW), 120_000), at(NOW + 120_000));
    assert_eq!(instant_of(at(NOW + 120_001), at(NOW), 120_000), at(NOW));
    assert_eq!(instant_of(at(NOW - 120_001), at(NOW), 120_000), at(NOW - 120_001));
}

fn expectations(database_bytes_max: u64) -> Expectations<'static> {
    Expectations {
        connections: Vec::new(),
        database_bytes_max,
    }
}

#[test]
fn a_refresh_that_is_ahead_of_the_clock_is_not_ok() {
    let service = Service::default();
    block_on(service.ingest(&waiting("o", "c", NOW), NOW)).unwrap();
    let status = |age_seconds: i64| {
        let now = Timestamp::from_milliseconds(NOW + 1_000 * age_seconds);
        block_on(check_health(
            &service.database,
            Some(expectations(DATABASE_BYTES_MAX)),
            false,
            now,
            &Trace::default(),
        ))
        .status
    };
    assert_eq!(status(0), HealthStatus::Late, "none has finished");
    block_on(service.refresh(NOW)).unwrap();
    let statuses = [-61, -60, 0, 180, 181].map(status);
    assert_eq!(
        statuses,
        [
            HealthStatus::Late,
            HealthStatus::Ok,
            HealthStatus::Ok,
            HealthStatus::Ok,
            HealthStatus::Late
        ]
    );
}

#[test]
fn a_database_that_is_nearly_full_is_not_ok() {
    let service = Service::default();
    block_on(service.ingest(&waiting("o", "c", NOW), NOW)).unwrap();
    let run = block_on(service.refresh(NOW)).unwrap().run;
    let bytes = run.database_bytes;
    assert!(bytes > 100_000 && run.database_percent == 0, "{bytes}");
    let health = |bytes_max: u64, is_operator: bool| {
        let now = Timestamp::from_milliseconds(NOW);
        let expected = Some(expectations(bytes_max));
        block_on(check_health(
            &service.database,
            expected,
            is_operator,
            now,
            &Trace::default(),
        ))
    };
    let cases = [
        (bytes * 100 / 89, HealthStatus::Ok),
        (bytes * 100 / 90, HealthStatus::Full),
        (bytes, HealthStatus::Full),
        (1, HealthStatus::Full),
        (0, HealthStatus::Ok),
    ];
    for (bytes_max, status) in cases {
        assert_eq!(health(bytes_max, false).status, status, "{bytes_max}");
    }
    assert_eq!(health(bytes, false).failure(), Some("The database is nearly full."));
    let fill = health(2 * bytes, true).backlog.unwrap().database;
    assert_eq!((fill.bytes, fill.percent), (bytes, 50));
    let limits = Limits {
        database_bytes: 2 * bytes,
        ..Limits::default()
    };
    let run = block_on(service.refresh_within(NOW + MINUTE, limits)).unwrap().run;
    assert_eq!(run.database_percent, 50);
}

#[test]
fn a_refresh_for_an_instant_to_come_is_told_apart_from_one_that_is_missing() {
    let service = Service::default();
    block_on(service.refresh(NOW)).unwrap();
    let message = |later: i64| {
        let now = Timestamp::from_milliseconds(NOW + later);
        let expected = Some(expectations(DATABASE_BYTES_MAX));
        block_on(check_health(&service.database, expected, false, now, &Trace::default())).failure()
    };
    assert_eq!(message(0), None);
    assert_eq!(message(5 * MINUTE), Some("No refresh has finished for three minutes."));
    let ahead = Some("The last refresh was for an instant that is still to come.");
    assert_eq!(message(-5 * MINUTE), ahead);
}

#[test]
fn removed_organizations_are_not_counted() {
    let service = Service::default();
    for id in ["removed", "known"] {
        let mut events = waiting(id, "c", NOW - 60 * MINUTE).to_vec();
        let [_, mut message] = waiting(id, "nobody knows", NOW - 60 * MINUTE);
        message["messageId"] = json!("m");
        events.push(message);
        block_on(service.ingest(&events, NOW)).unwrap();
    }
    block_on(service.refresh(NOW)).unwrap();
    service.database.execute("UPDATE organization SET missing = 3");
    let counts = |now: i64| {
        let expected = Some(expectations(DATABASE_BYTES_MAX));
        let now = Timestamp::from_milliseconds(now);
        let health = block_on(check_health(&service.database, expected, true, now, &Trace::default()));
        let backlog = health.backlog.unwrap();
        let candidates: i64 = backlog.candidates.values().filter_map(|count| count.as_i64()).sum();
        (
            candidates,
            backlog.unknown_conversations.count,
            backlog.truncated_organizations,
        )
    };
    assert_eq!(counts(NOW), (2, 2, 2));
    let removal = json!({ "type": "organization", "organizationId": "removed", "deleted": true,
        "updatedAt": instant_text(NOW) });
    block_on(service.ingest(&[removal], NOW)).unwrap();
    assert_eq!(counts(NOW), (1, 1, 1));
    service.database.execute("UPDATE organization SET missing = 0");
    let run = block_on(service.refresh(NOW + MINUTE)).unwrap().run;
    assert_eq!((run.unknown_conversations, run.truncated_organizations), (1, 0));
}

#[test]
fn an_operator_is_told_since_when_the_oldest_change_waits() {
    let service = Service::default();
    let at = |seconds: i64| NOW + seconds * 1_000;
    let ingest = |id: &str, seconds: i64| {
        let mut events = waiting(id, "c", NOW - 60 * MINUTE);
        // Each time another record.
        events[0]["updatedAt"] = json!(instant_text(at(seconds)));
        block_on(service.ingest(&events, at(seconds))).unwrap();
    };
    let refresh = |minutes: i64| block_on(service.refresh(NOW + minutes * MINUTE)).unwrap().run;
    let oldest = || {
        let expected = Some(expectations(DATABASE_BYTES_MAX));
        let now = Timestamp::from_milliseconds(NOW);
        let health = block_on(check_health(&service.database, expected, true, now, &Trace::default()));
        let since = health.backlog.unwrap().pending_since;
        since.map(|since| (since.as_milliseconds() - NOW) / 1_000)
    };
    assert_eq!(oldest(), None);
    ingest("b", 5);
    ingest("a", 10);
    ingest("b", 20);
    assert_eq!(oldest(), Some(5), "before the first run");
    refresh(1);
    assert_eq!(oldest(), None);
    // What changes again keeps its instant, until a run that has finished with the organization.
    ingest("b", 70);
    ingest("b", 80);
    assert_eq!(oldest(), Some(70));
    service
        .database
        .execute(&format!("UPDATE refresh SET as_of = {}", at(75)));
    assert_eq!(oldest(), Some(75), "what was before has been published");
    service
        .database
        .execute(&format!("UPDATE refresh SET as_of = {}", at(60)));

    // The refresh of an organization fails: its report is as of the first minute, and its change came later.
    service
        .database
        .execute("UPDATE record SET body = '{\"x\":1}' WHERE type = 'message' AND organization_id = 'b'");
    for minutes in 2..5 {
        ingest("a", 60 * minutes - 30);
        let run = refresh(minutes);
        assert_eq!(run.behind_since.map(Timestamp::as_milliseconds), Some(at(60)));
        assert_eq!(oldest(), Some(70));
    }
    ingest("b", 250);
    ingest("a", 250);
    assert_eq!(oldest(), Some(70));
}

#[test]
fn a_run_counts_so_many_unknown_conversations_and_no_more() {
    let service = Service::default();
    service.database.execute(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1001)
         INSERT INTO conversation_state (organization_id, conversation_id, unknown_since) SELECT 'o', 'c' || n, {NOW} FROM n"
    ));
    assert_eq!(run_at(&service, 0, limits()).unknown_conversations, 1_000);
    let expected = Some(expectations(DATABASE_BYTES_MAX));
    let now = Timestamp::from_milliseconds(NOW);
    let health = block_on(check_health(&service.database, expected, true, now, &Trace::default()));
    let unknown = health.backlog.expect("the database is in reach").unknown_conversations;
    assert_eq!(unknown.count, 1_001, "an operator who asks is told of all");
}

/// Breaks the published versions of an organization by `break_it`, without anything pending, and runs.
fn heals(candidates: usize, break_it: &str) {
    let mut pair = Pair::default();
    pair.ingest(&many_candidates("broken", NOW, candidates));
    pair.ingest(&waiting("sound", "c", NOW - 60 * MINUTE));
    let minute = settle(&pair.service, &pair.oracle, 0, limits(), "at first");
    pair.service.database.execute(break_it);
    let minute = settle_broken(&pair, minute + 1, break_it);
    // Nothing of what was lost is left after ten minutes.
    for minute in minute + 1..minute + 14 {
        run_at(&pair.service, minute, limits());
    }
    pair.service
        .assert_agrees(&pair.oracle, NOW + (minute + 13) * MINUTE, break_it);
    pair.service.assert_no_garbage(break_it);
}

fn settle_broken(pair: &Pair, minute: i64, context: &str) -> i64 {
    for minute in minute..minute + RUNS_MAX {
        if run_at(&pair.service, minute, limits()).organizations_left == 0 {
            pair.service.assert_agrees(&pair.oracle, NOW + minute * MINUTE, context);
            return minute;
        }
    }
    panic!("{context}: it does not heal");
}

#[test]
fn a_list_that_cannot_be_read_counts_as_none() {
    // As a worker of another version leaves it: it does not say that the list is in today's form.
    let by_another = "UPDATE organization SET list_of = NULL WHERE organization_id = 'broken';";
    for candidates in [5, 120] {
        for damage in [
            r#"UPDATE snapshot_part SET entries = '{"departments":[],"entries":[[1,1,"ai_stuck",null,"c"]]}' WHERE organization_id = 'broken'"#,
            "UPDATE snapshot_part SET entries = 'no JSON' WHERE organization_id = 'broken'",
            "UPDATE organization SET retired = '[' WHERE organization_id = 'broken'",
        ] {
            heals(candidates, &format!("{by_another} {damage}"));
        }
    }
}

#[test]
fn a_list_of_another_worker_that_can_be_read_stays() {
    let mut pair = Pair::default();
    pair.ingest(&waiting("o", "c", NOW - 60 * MINUTE));
    run_at(&pair.service, 0, limits());
    pair.service.database.execute("UPDATE organization SET list_of = NULL");
    let run = run_at(&pair.service, 1, limits());
    assert_eq!((run.organizations_seen, run.organizations_published), (1, 0));
    assert_eq!(run_at(&pair.service, 2, limits()).organizations_seen, 0);
}

#[test]
fn what_a_large_organization_has_to_do_survives_a_fault_anywhere() {
    let mut stops = 0;
    for after in (0..).step_by(3) {
        let mut pair = Pair::default();
        pair.ingest(&waiting("large", "first", NOW - 60 * MINUTE));
        pair.ingest(&waiting("small", "c", NOW - 60 * MINUTE));
        run_at(&pair.service, 0, limits());
        pair.ingest(&many_candidates("large", NOW, 60));
        pair.make_contacts_pending("large", 100);
        pair.service.database.set_fault(Some(Fault::AfterStatements(after)));
        let outcome = block_on(pair.service.refresh_within(NOW + MINUTE, limits()));
        pair.service.database.set_fault(None);
        settle(
            &pair.service,
            &pair.oracle,
            2,
            limits(),
            &format!("after {after} statements"),
        );
        match outcome {
            Ok(_) => break,
            Err(DatabaseError::Failed(_)) => stops += 1,
            Err(error) => panic!("{error}"),
        }
    }
    println!("faults injected into runs of a large organization: {stops}");
    assert!(stops > 10, "{stops}");
}

/// Everything in portions that are as small as can be: timelines, slices, versions.
#[test]
fn random_histories_in_the_smallest_portions_are_what_the_oracle_says() {
    let tiny = Limits {
        slice: SliceLimits {
            organizations: 2,
            pending_records: 3,
            rows: 6,
            bytes: 700,
            items: 4,
        },
        ..Limits::default()
    };
    let mut portions = 0;
    for seed in seeds(60) {
        let options = HistoryOptions {
            now: NOW,
            organizations: 3,
            conversations: 8,
            events: 150,
        };
        let mut history = random_history(seed, &options);
        Random::new(seed).shuffle(&mut history);
        let mut pair = Pair::default();
        let mut minute = 0;
        for part in history.chunks(60) {
            pair.ingest(part);
            let end = minute + RUNS_MAX;
            while run_at(&pair.service, minute, tiny).organizations_left > 0 {
                minute += 1;
                assert!(minute < end, "seed {seed}: it is stuck");
            }
            let context = format!("seed {seed}, minute {minute}");
            pair.service
                .assert_agrees(&pair.oracle, NOW + minute * MINUTE, &context);
            pair.service.assert_no_garbage(&context);
            minute += 1;
        }
        portions += usize::from(
            pair.service
                .database
                .texts()
                .iter()
                .any(|sql| sql.contains("(r.type, r.record_id) > (?3, ?4)")),
        );
    }
    assert!(
        portions > 13,
        "{portions} histories had a timeline that was read in portions"
    );
}

#[test]
fn a_conversation_of_many_items_is_read_in_portions() {
    let mut pair = Pair::default();
    let mut events = waiting("o", "c", NOW - 60 * MINUTE).to_vec();
    for number in 0..500 {
        let mut message = events[1].clone();
        let at = instant_text(NOW - 3_000 * 1_000 + number * 1_000);
        message["messageId"] = json!(format!("m{number:03}"));
        message["at"] = json!(at);
        message["updatedAt"] = json!(at);
        if number % 2 == 0 {
            message["direction"] = json!("outbound");
            message["sender"] = json!("ai");
            message["inReplyTo"] = json!(format!("m{:03}", (number - 1).max(0)));
        }
        events.push(message);
    }
    pair.ingest(&events);
    settle(&pair.service, &pair.oracle, 0, limits(), "a long conversation");
}
