//! Ingest and refresh stopped at every statement, and running at the same time in random orders: a reader sees a
//! complete old or new version, no event is lost, and the next refresh publishes what the oracle says.

use crate::support::history::{HistoryOptions, Random, instant_text, random_history};
use crate::support::oracle::Oracle;
use crate::support::service::{Service, SnapshotRow};
use crate::support::sqlite::Fault;
use crate::support::{MINUTE, NOW, seeds, waiting};
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::refresh::{LEASE_MS, Limits};
use conversation_monitor::storage::database::DatabaseError;
use futures::executor::block_on;
use futures::task::noop_waker;
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A history in three parts, and what the oracle knows after each of them.
struct Story {
    parts: [Vec<Value>; 3],
    oracles: [Oracle; 3],
}

impl Story {
    fn new(seed: u64) -> Self {
        let options = HistoryOptions {
            now: NOW,
            organizations: 3,
            conversations: 3,
            events: 60,
        };
        let mut history = random_history(seed, &options);
        Random::new(seed).shuffle(&mut history);
        let third = history.len() / 3;
        let last = history.split_off(2 * third);
        let middle = history.split_off(third);
        let parts = [history, middle, last];
        let oracles = [1, 2, 3].map(|count| {
            let mut oracle = Oracle::default();
            parts.iter().take(count).for_each(|part| oracle.take_in(part));
            oracle
        });
        Self { parts, oracles }
    }

    /// What readers may see while the second of two refreshes runs: of each organization the first part as of the first
    /// refresh, or the first two as of the second.
    fn old_or_new(&self, instants: [i64; 2]) -> Vec<OldOrNew> {
        let [old, new, _] = &self.oracles;
        let known = old.organizations();
        let organization = |organization_id: String| OldOrNew {
            old: known
                .contains(&organization_id)
                .then(|| old.snapshot(&organization_id, instants[0])),
            new: new.snapshot(&organization_id, instants[1]),
            organization_id,
        };
        new.organizations().into_iter().map(organization).collect()
    }
}

struct OldOrNew {
    organization_id: String,
    /// `None` means that there is no snapshot yet.
    old: Option<Vec<SnapshotRow>>,
    new: Vec<SnapshotRow>,
}

fn assert_old_or_new(service: &Service, expected: &[OldOrNew], context: &str) {
    for OldOrNew {
        organization_id,
        old,
        new,
    } in expected
    {
        let published = service.snapshot(organization_id);
        assert!(
            published == *old || published.as_ref() == Some(new),
            "{context}: organization {organization_id}: {published:?}"
        );
    }
}

/// Runs the story with one fault in the second refresh. Returns whether the fault occurred.
fn stop_refresh(seed: u64, story: &Story, fault: Fault) -> bool {
    let context = format!("seed {seed}, {fault:?}");
    let service = Service::default();
    let instants = [NOW, NOW + MINUTE];
    block_on(async {
        service.ingest(&story.parts[0], NOW).await.unwrap();
        service.refresh(instants[0]).await.unwrap();
        service.ingest(&story.parts[1], NOW).await.unwrap();
        service.database.set_fault(Some(fault));
        let outcome = service.refresh(instants[1]).await;
        service.database.set_fault(None);
        assert_old_or_new(&service, &story.old_or_new(instants), &context);

        // In half of the stories events arrive before the next refresh.
        let has_more_events = !seed.is_multiple_of(2);
        if has_more_events {
            service.ingest(&story.parts[2], NOW).await.unwrap();
        }
        let oracle = &story.oracles[1 + usize::from(has_more_events)];
        let as_of = NOW + 2 * MINUTE;
        service.refresh(as_of).await.unwrap();
        service.assert_agrees(oracle, as_of, &context);
        service.assert_no_garbage(&context);
        outcome.is_err()
    })
}

/// Stops in twelve stories at every statement and after every batch, until nothing is left to stop. Returns how often
/// it did.
fn count_stops(stop: fn(u64, &Story, Fault) -> bool) -> usize {
    let stops_of = |seed| {
        let story = Story::new(seed);
        let after_statements = (0..).take_while(|after| stop(seed, &story, Fault::AfterStatements(*after)));
        let after_batches = (0..).take_while(|after| stop(seed, &story, Fault::AfterBatches(*after)));
        after_statements.count() + after_batches.count()
    };
    (0..12).map(stops_of).sum()
}

#[test]
fn a_refresh_can_stop_at_any_statement() {
    let stops = count_stops(stop_refresh);
    println!("faults injected into refreshes and survived: {stops}");
    assert!(stops > 200, "only {stops} faults occurred");
}

/// Runs the story with one fault in the second ingest. Returns whether the fault occurred.
fn stop_ingest(seed: u64, story: &Story, fault: Fault) -> bool {
    let service = Service::default();
    block_on(async {
        service.ingest(&story.parts[0], NOW).await.unwrap();
        service.database.set_fault(Some(fault));
        let outcome = service.ingest(&story.parts[1], NOW).await;
        service.database.set_fault(None);
        if outcome.is_err() {
            // It was not answered with 200, so the source sends it again.
            service.ingest(&story.parts[1], NOW).await.unwrap();
        }
        service.refresh(NOW).await.unwrap();
        service.assert_agrees(&story.oracles[1], NOW, &format!("seed {seed}, {fault:?}"));
        outcome.is_err()
    })
}

#[test]
fn an_ingest_can_stop_at_any_statement() {
    let stops = count_stops(stop_ingest);
    println!("faults injected into ingests and survived: {stops}");
    assert!(stops > 40, "only {stops} faults occurred");
}

type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Polls the tasks in random turns until all are done. Each turn ends at the task's next call of the database.
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

/// A refresh whose clock is `late` milliseconds after its schedule. Another run may have the lease, or take it.
async fn refresh_unless_overtaken(service: &Service, at: i64, late: i64) {
    let now = || Timestamp::from_milliseconds(at + late);
    match service.try_refresh(at, Limits::default(), &now).await {
        Ok(_) | Err(DatabaseError::Overtaken) => {}
        Err(error) => panic!("{error}"),
    }
}

/// How much later the clock of the second of two runs is: within the lease of the first, which it waits for, or after
/// its deadline, so that it takes over.
fn lateness(seed: u64) -> i64 {
    if seed.is_multiple_of(2) { 0 } else { LEASE_MS }
}

fn as_of(service: &Service) -> i64 {
    let shown = service.database.query("SELECT coalesce(as_of, 0) FROM refresh");
    shown[0][0].parse().unwrap()
}

#[test]
fn overlapping_refreshes_and_ingests_lose_nothing() {
    // In 868 a conversation is merged into another between the two reads of a fold.
    for seed in seeds(150).chain([868]) {
        let mut random = Random::new(seed);
        let story = Story::new(seed);
        let service = Service::default();
        block_on(service.ingest(&story.parts[0], NOW)).unwrap();
        let service = &service;
        let mut tasks: Vec<Task<'_>> = vec![
            Box::pin(refresh_unless_overtaken(service, NOW + MINUTE, 0)),
            Box::pin(refresh_unless_overtaken(service, NOW, MINUTE + lateness(seed))),
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
        service.assert_agrees(&story.oracles[2], NOW + 2 * MINUTE, &context);
        service.assert_no_garbage(&context);
    }
}

#[test]
fn readers_see_complete_versions_during_two_refreshes() {
    for seed in seeds(40) {
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
            Box::pin(refresh_unless_overtaken(&service, instants[1], 0)),
            Box::pin(refresh_unless_overtaken(&service, instants[1], lateness(seed))),
        ];
        let expected = story.old_or_new(instants);
        interleave(&mut random, tasks, || assert_old_or_new(&service, &expected, &context));
        service.assert_agrees(&story.oracles[1], instants[1], &context);
        service.assert_no_garbage(&context);
    }
}

/// The frozen organizations, and the instant of each.
fn frozen(service: &Service) -> Vec<Vec<String>> {
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
            let events = waiting(&id(number), "c", NOW - 60 * MINUTE);
            oracle.take_in(&events);
            service.ingest(&events, NOW).await.unwrap();
        }
        service.refresh(NOW).await.unwrap();
        let before = service.snapshot(&id(7));

        break_it(&service);
        for number in 0..20 {
            let events = waiting(&id(number), "d", NOW - 30 * MINUTE);
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
            assert_eq!(frozen(&service), [[id(7), NOW.to_string()]], "at its last instant");
            assert_eq!(as_of(&service), NOW + minute * MINUTE, "the others go on");
        }
        assert_eq!(service.snapshot(&id(7)), before);
        assert_eq!(
            service.snapshot(&id(8)),
            Some(oracle.snapshot(&id(8), NOW + 2 * MINUTE))
        );

        mend_it(&service);
        let finished = service.refresh(NOW + 3 * MINUTE).await.unwrap();
        assert_eq!(finished.run.organizations_failed, 0);
    });
    assert!(frozen(&service).is_empty());
    service.assert_agrees(&oracle, NOW + 3 * MINUTE, reason);
    service.assert_no_garbage(reason);
}

#[test]
fn a_damaged_record_stops_only_its_organization() {
    one_organization_fails(
        |service| {
            service.database.execute(
                r#"UPDATE record SET body = replace(body, '"at":"', '"at":"x') WHERE organization_id = 'organization-07' AND type = 'message'"#,
            );
            // Damage makes nothing pending; the events that come next do.
            service
                .database
                .execute("INSERT INTO pending VALUES ('organization-07', 'conversation', 'c', 'a token', 1, 0, NULL)");
        },
        |service| {
            service
                .database
                .execute(r#"UPDATE record SET body = replace(body, '"at":"x', '"at":"') WHERE organization_id = 'organization-07'"#);
        },
        "record c",
    );
}

/// What was published before is published again: a head that cannot be read counts as none.
#[test]
fn a_damaged_head_is_replaced() {
    let service = Service::default();
    let mut oracle = Oracle::default();
    let mut ingest = |conversation_id: &str| {
        let events = waiting("o", conversation_id, NOW - 60 * MINUTE);
        oracle.take_in(&events);
        block_on(service.ingest(&events, NOW)).unwrap();
    };
    ingest("c");
    block_on(service.refresh(NOW)).unwrap();
    ingest("d");
    service.database.execute("UPDATE organization SET retired = '['");
    block_on(service.refresh(NOW + MINUTE)).unwrap();
    service.assert_agrees(&oracle, NOW + MINUTE, "a damaged head");
    assert!(frozen(&service).is_empty());
}

#[test]
fn a_batch_that_fails_is_split_until_the_culprit_is_alone() {
    // Writing the conversation's row fails, whatever batch it is in.
    let poison = r#"["organization-07",2,"#;
    one_organization_fails(
        |service| service.database.set_poison(Some(poison)),
        |service| service.database.set_poison(None),
        "poisoned",
    );
}

#[test]
fn a_conversation_that_cannot_be_stored_stops_only_its_organization() {
    let poison = r#"["organization-07","d",""#;
    one_organization_fails(
        |service| service.database.set_poison(Some(poison)),
        |service| service.database.set_poison(None),
        "conversation d",
    );
}

/// Renames the contact, or the assignee, before a refresh and again at one of its steps. The second name is published.
fn rename_during_a_refresh(record_type: &str, id_field: &str, name_field: &str) {
    let renamed = |name: &str, at: i64| {
        json!({ "type": record_type, "organizationId": "o", "updatedAt": instant_text(at), id_field: "k",
                name_field: name })
    };
    for step in 0..20 {
        let service = Service::default();
        let mut oracle = Oracle::default();
        let mut first = waiting("o", "c", NOW - 60 * MINUTE);
        first[0]["assigneeIds"] = json!(["k"]);
        let second = [renamed("second", NOW - 2)];
        let third = [renamed("third", NOW - 1)];
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
        let mut refresh: Task<'_> = Box::pin(refresh_unless_overtaken(&service, NOW, 0));
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
fn what_was_folded_is_published_although_more_arrives_meanwhile() {
    let service = Service::default();
    let first = waiting("o", "c", NOW - 60 * MINUTE);
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
        // Does to every pending row what an ingest between the fold and the publication would do.
        service.database.execute(
            "CREATE TRIGGER ingest_between AFTER UPDATE ON pending WHEN OLD.fold = 1 AND NEW.fold = 0
             BEGIN
               UPDATE pending SET mark = 'newer', fold = 1
               WHERE organization_id = NEW.organization_id AND type = NEW.type AND record_id = NEW.record_id;
             END",
        );
        service.refresh(NOW + MINUTE).await.unwrap();
        assert_eq!(service.snapshot("o").unwrap(), [], "answered before the refresh");
        let pending = service.database.query("SELECT mark, fold FROM pending");
        assert_eq!(
            pending,
            [["newer", "1"]],
            "what arrived meanwhile is still to be folded"
        );
        service.database.execute("DROP TRIGGER ingest_between");
        service.refresh(NOW + 2 * MINUTE).await.unwrap();
    });
    service.assert_no_garbage("afterwards");
}
