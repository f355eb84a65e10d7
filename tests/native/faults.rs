//! Ingest and refresh stopped at every statement, and running at once in every order that chance finds: a reader sees
//! an old or a new version whole, no event is lost, and the next refresh comes to what the oracle says.

use crate::support::history::{HistoryOptions, Random, random_history};
use crate::support::oracle::Oracle;
use crate::support::service::{Service, SnapshotRow};
use crate::support::sqlite::Fault;
use conversation_monitor::storage::database::DatabaseError;
use futures_executor::block_on;
use futures_util::task::noop_waker;
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

const NOW: i64 = 1_780_000_000_000;
const MINUTE: i64 = 60_000;

/// A history in three parts, which come before, between and after what is tested.
struct Story {
    parts: [Vec<Value>; 3],
}

impl Story {
    fn new(seed: u64) -> Self {
        let options = HistoryOptions {
            now: NOW,
            organizations: 3,
            conversations: 3,
            events: 60,
        };
        let mut random = Random::new(seed);
        let mut history = random_history(seed, &options);
        random.shuffle(&mut history);
        let third = history.len() / 3;
        let last = history.split_off(2 * third);
        let middle = history.split_off(third);
        Self {
            parts: [history, middle, last],
        }
    }

    fn oracle(&self, parts: usize) -> Oracle {
        let mut oracle = Oracle::default();
        for part in &self.parts[..parts] {
            oracle.take_in(part);
        }
        oracle
    }
}

fn rows(oracle: &Oracle, organization_id: &str, as_of: i64) -> Option<Vec<SnapshotRow>> {
    let rows = oracle.rows(organization_id, as_of);
    Some(rows.into_iter().map(|row| (row.json, row.people)).collect())
}

/// Every organization shows the first part as of the first refresh, or the first two as of the second.
fn assert_old_or_new(service: &Service, story: &Story, instants: [i64; 2], context: &str) {
    let (old, new) = (story.oracle(1), story.oracle(2));
    for organization_id in new.organizations() {
        let published = service.snapshot(&organization_id);
        let is_old = match published {
            None => !old.exists(&organization_id) && old.rows(&organization_id, instants[0]).is_empty(),
            _ => published == rows(&old, &organization_id, instants[0]),
        };
        let is_new = published == rows(&new, &organization_id, instants[1]);
        assert!(
            is_old || is_new,
            "{context}: organization {organization_id}: {published:?}"
        );
    }
}

/// Runs the story with one fault in the second refresh; whether the fault was met.
fn stop_refresh(seed: u64, fault: Fault) -> bool {
    let context = format!("seed {seed}, {fault:?}");
    let story = Story::new(seed);
    let service = Service::default();
    let instants = [NOW, NOW + MINUTE];
    block_on(async {
        service.ingest(&story.parts[0], NOW).await.unwrap();
        service.refresh(instants[0]).await.unwrap();
        service.ingest(&story.parts[1], NOW).await.unwrap();
        service.database.set_fault(Some(fault));
        let outcome = service.refresh(instants[1]).await;
        service.database.set_fault(None);
        let stopped = outcome.is_err();
        assert_old_or_new(&service, &story, instants, &context);

        // Half of the stories go on with events before the next refresh.
        let parts = if seed.is_multiple_of(2) { 2 } else { 3 };
        if parts == 3 {
            service.ingest(&story.parts[2], NOW).await.unwrap();
        }
        let as_of = NOW + 2 * MINUTE;
        service.refresh(as_of).await.unwrap();
        service.assert_agrees(&story.oracle(parts), as_of, &context);
        service.assert_no_garbage(&context);
        stopped
    })
}

#[test]
fn a_refresh_may_stop_anywhere() {
    let mut stops = 0;
    for seed in 0..12 {
        for after in 0.. {
            if !stop_refresh(seed, Fault::AfterStatements(after)) {
                break;
            }
            stops += 1;
        }
        for after in 1.. {
            if !stop_refresh(seed, Fault::AfterBatches(after)) {
                break;
            }
            stops += 1;
        }
    }
    println!("faults injected into refreshes and survived: {stops}");
    assert!(stops > 200, "only {stops} faults were met");
}

#[test]
fn an_ingest_may_stop_anywhere() {
    let mut stops = 0;
    for seed in 0..12 {
        for after in 0.. {
            let mut stopped = false;
            for fault in [Fault::AfterStatements(after), Fault::AfterBatches(after)] {
                let story = Story::new(seed);
                let service = Service::default();
                block_on(async {
                    service.ingest(&story.parts[0], NOW).await.unwrap();
                    service.database.set_fault(Some(fault));
                    let outcome = service.ingest(&story.parts[1], NOW).await;
                    service.database.set_fault(None);
                    if outcome.is_err() {
                        stopped = true;
                        stops += 1;
                        // Not answered with 200, so the source sends it again.
                        service.ingest(&story.parts[1], NOW).await.unwrap();
                    }
                    service.refresh(NOW).await.unwrap();
                    service.assert_agrees(&story.oracle(2), NOW, &format!("seed {seed}, {fault:?}"));
                });
            }
            if !stopped {
                break;
            }
        }
    }
    println!("faults injected into ingests and survived: {stops}");
    assert!(stops > 40, "only {stops} faults were met");
}

type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Polls the tasks in random turns until all are done; each turn ends at the task's next call of the database.
fn interleave(random: &mut Random, mut tasks: Vec<Task<'_>>, mut between: impl FnMut()) {
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    while !tasks.is_empty() {
        let number = random.below(tasks.len());
        if let Poll::Ready(()) = tasks[number].as_mut().poll(&mut context) {
            drop(tasks.swap_remove(number));
        }
        between();
    }
}

async fn refresh_unless_overtaken(service: &Service, at: i64) {
    match service.refresh(at).await {
        Ok(_) | Err(DatabaseError::Overtaken) => {}
        Err(error) => panic!("{error}"),
    }
}

fn as_of(service: &Service) -> i64 {
    let shown = service.database.query("SELECT coalesce(as_of, 0) FROM refresh");
    shown[0][0].parse().unwrap()
}

#[test]
fn overlapping_refreshes_and_ingests_lose_nothing() {
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let story = Story::new(seed);
        let service = Service::default();
        block_on(service.ingest(&story.parts[0], NOW)).unwrap();
        let service = &service;
        let mut tasks: Vec<Task<'_>> = vec![
            Box::pin(refresh_unless_overtaken(service, NOW + MINUTE)),
            Box::pin(refresh_unless_overtaken(service, NOW)),
        ];
        for part in &story.parts[1..] {
            for events in part.chunks(7) {
                tasks.push(Box::pin(async move {
                    service.ingest(events, NOW).await.unwrap();
                }));
            }
        }
        let mut before = 0;
        interleave(&mut random, tasks, || {
            let now = as_of(service);
            assert!(before <= now, "seed {seed}: asOf went back");
            before = now;
        });
        block_on(service.refresh(NOW + 2 * MINUTE)).unwrap();
        let context = format!("seed {seed}");
        service.assert_agrees(&story.oracle(3), NOW + 2 * MINUTE, &context);
        service.assert_no_garbage(&context);
    }
}

#[test]
fn of_two_refreshes_at_once_a_reader_sees_whole_versions() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let story = Story::new(seed);
        let service = Service::default();
        let instants = [NOW, NOW + MINUTE];
        block_on(async {
            service.ingest(&story.parts[0], NOW).await.unwrap();
            service.refresh(instants[0]).await.unwrap();
            service.ingest(&story.parts[1], NOW).await.unwrap();
        });
        let context = format!("seed {seed}");
        let tasks: Vec<Task<'_>> = vec![
            Box::pin(refresh_unless_overtaken(&service, instants[1])),
            Box::pin(refresh_unless_overtaken(&service, instants[1])),
        ];
        interleave(&mut random, tasks, || {
            assert_old_or_new(&service, &story, instants, &context);
        });
        service.assert_agrees(&story.oracle(2), instants[1], &context);
        service.assert_no_garbage(&context);
    }
}

fn waiting(organization_id: &str, at: i64) -> Vec<Value> {
    let at = conversation_monitor::base::timestamp::Timestamp::from_milliseconds(at).to_string();
    vec![
        json!({ "type": "conversation", "organizationId": organization_id, "updatedAt": at, "conversationId": "c",
                "contactId": "k", "channelType": "sms" }),
        json!({ "type": "message", "organizationId": organization_id, "updatedAt": at, "messageId": "m",
                "conversationId": "c", "at": at, "direction": "inbound", "sender": "contact" }),
    ]
}

fn held(service: &Service) -> Vec<Vec<String>> {
    service
        .database
        .query("SELECT organization_id, held_as_of FROM organization WHERE held_as_of IS NOT NULL ORDER BY 1")
}

/// Twenty organizations, one of which `break_it` breaks and `mend_it` mends again.
fn one_organization_fails(break_it: impl Fn(&Service), mend_it: impl Fn(&Service), reason: &str) {
    let service = Service::default();
    let mut oracle = Oracle::default();
    let id = |number: i64| format!("organization-{number:02}");
    block_on(async {
        for number in 0..20 {
            let events = waiting(&id(number), NOW - 60 * MINUTE);
            oracle.take_in(&events);
            service.ingest(&events, NOW).await.unwrap();
        }
        service.refresh(NOW).await.unwrap();
        let before = service.snapshot(&id(7));

        break_it(&service);
        for number in 0..20 {
            let mut events = waiting(&id(number), NOW - 30 * MINUTE);
            for event in &mut events {
                event["conversationId"] = json!("d");
            }
            events[1]["messageId"] = json!("n");
            oracle.take_in(&events);
            service.ingest(&events, NOW).await.unwrap();
        }
        for minute in 1..3 {
            let finished = service.refresh(NOW + minute * MINUTE).await.unwrap();
            assert_eq!(finished.run.organizations_failed, 1);
            let [(failed, why)] = finished.failures.reasons() else {
                panic!("{:?}", finished.failures);
            };
            assert_eq!(failed, &id(7));
            assert!(why.contains(reason), "{why}");
            assert_eq!(
                held(&service),
                [[id(7), NOW.to_string()]],
                "it speaks of what it spoke of"
            );
            assert_eq!(as_of(&service), NOW + minute * MINUTE, "the others go on");
        }
        assert_eq!(service.snapshot(&id(7)), before);
        assert_eq!(service.snapshot(&id(8)), rows(&oracle, &id(8), NOW + 2 * MINUTE));

        mend_it(&service);
        let finished = service.refresh(NOW + 3 * MINUTE).await.unwrap();
        assert_eq!(finished.run.organizations_failed, 0);
    });
    assert!(held(&service).is_empty());
    service.assert_agrees(&oracle, NOW + 3 * MINUTE, reason);
    service.assert_no_garbage(reason);
}

#[test]
fn a_damaged_record_stops_its_organization_alone() {
    one_organization_fails(
        |service| {
            service.database.execute(
                "UPDATE record SET body = '{' || body WHERE organization_id = 'organization-07' AND type = 'message'",
            );
            // Damage marks nothing; the events that come next do.
            service
                .database
                .execute("INSERT INTO pending VALUES ('organization-07', 'conversation', 'c', 'a mark', 1, 0)");
        },
        |service| {
            service
                .database
                .execute("UPDATE record SET body = substr(body, 2) WHERE organization_id = 'organization-07' AND body LIKE '{{%'");
        },
        "record m",
    );
}

#[test]
fn a_damaged_head_stops_its_organization_alone() {
    one_organization_fails(
        |service| {
            service
                .database
                .execute("UPDATE organization SET retired = '[' WHERE organization_id = 'organization-07'");
        },
        |service| {
            service
                .database
                .execute("UPDATE organization SET retired = '[]' WHERE organization_id = 'organization-07'");
        },
        "retired versions",
    );
}

#[test]
fn a_statement_that_fails_is_split_until_the_culprit_stands_alone() {
    // Its conversation's row fails to be written, whatever batch it is in.
    let poison = r#"["organization-07",2,"#;
    one_organization_fails(
        |service| service.database.set_poison(Some(poison)),
        |service| service.database.set_poison(None),
        "poisoned",
    );
}

#[test]
fn a_conversation_that_cannot_be_stored_stops_its_organization_alone() {
    let poison = r#"["organization-07","d","call "#;
    one_organization_fails(
        |service| service.database.set_poison(Some(poison)),
        |service| service.database.set_poison(None),
        "conversation d",
    );
}

fn renamed(record_type: &str, id_field: &str, name_field: &str, name: &str, at: i64) -> Value {
    let at = conversation_monitor::base::timestamp::Timestamp::from_milliseconds(at).to_string();
    json!({ "type": record_type, "organizationId": "o", "updatedAt": at, id_field: "k", name_field: name })
}

/// Renames the contact, or the assignee, before a refresh and again at one of its steps: the second name comes out.
fn rename_during_a_refresh(record_type: &str, id_field: &str, name_field: &str) {
    for step in 0..20 {
        let service = Service::default();
        let mut oracle = Oracle::default();
        let mut first = waiting("o", NOW - 60 * MINUTE);
        first[0]["assigneeIds"] = json!(["k"]);
        let second = [renamed(record_type, id_field, name_field, "second", NOW - 2)];
        let third = [renamed(record_type, id_field, name_field, "third", NOW - 1)];
        for events in [&first[..], &second, &third] {
            oracle.take_in(events);
        }
        block_on(async {
            service.ingest(&first, NOW).await.unwrap();
            service.refresh(NOW).await.unwrap();
            service.ingest(&second, NOW).await.unwrap();
        });
        let waker = noop_waker();
        let mut context = Context::from_waker(&waker);
        let mut refresh: Task<'_> = Box::pin(refresh_unless_overtaken(&service, NOW));
        let mut done = false;
        for _ in 0..step {
            done = done || refresh.as_mut().poll(&mut context).is_ready();
        }
        block_on(service.ingest(&third, NOW)).unwrap();
        while !done {
            done = refresh.as_mut().poll(&mut context).is_ready();
        }
        block_on(service.refresh(NOW + MINUTE)).unwrap();
        service.assert_agrees(&oracle, NOW + MINUTE, &format!("{record_type}, step {step}"));
        service.assert_no_garbage(&format!("{record_type}, step {step}"));
    }
}

#[test]
fn a_rename_during_a_refresh_is_not_lost() {
    rename_during_a_refresh("contact", "contactId", "name");
    rename_during_a_refresh("user", "userId", "fullName");
}

#[test]
fn what_was_folded_is_published_although_more_comes_meanwhile() {
    let service = Service::default();
    let first = waiting("o", NOW - 60 * MINUTE);
    let mut answer = first[1].clone();
    for (member, value) in [("messageId", "answer"), ("direction", "outbound"), ("sender", "ai")] {
        answer[member] = json!(value);
    }
    answer["sequence"] = json!(1);
    block_on(async {
        service.ingest(&first, NOW).await.unwrap();
        service.refresh(NOW).await.unwrap();
        assert_eq!(service.snapshot("o").unwrap().len(), 1);
        service.ingest(&[answer], NOW).await.unwrap();
        // What an ingest does to the mark that comes between the fold and the publication, every time.
        service.database.execute(
            "CREATE TRIGGER ingest_between AFTER UPDATE ON pending WHEN OLD.fold = 1 AND NEW.fold = 0
             BEGIN
               UPDATE pending SET mark = 'newer', fold = 1
               WHERE organization_id = NEW.organization_id AND type = NEW.type AND record_id = NEW.record_id;
             END",
        );
        service.refresh(NOW + MINUTE).await.unwrap();
        assert_eq!(service.snapshot("o").unwrap(), [], "answered before the refresh");
        let marks = service.database.query("SELECT mark, fold FROM pending");
        assert_eq!(marks, [["newer", "1"]], "what came meanwhile is still to be folded");
        service.database.execute("DROP TRIGGER ingest_between");
        service.refresh(NOW + 2 * MINUTE).await.unwrap();
    });
    service.assert_no_garbage("afterwards");
}
