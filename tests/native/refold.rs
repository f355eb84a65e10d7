//! Folding everything again after the rule has changed: in portions, organization by organization, wherever a run
//! stops.
//!
//! The rule cannot change in a test. So the records do, without becoming pending, and a run of another version is
//! counted.

use crate::support::oracle::Oracle;
use crate::support::service::{Service, SnapshotRow};
use crate::support::sqlite::Fault;
use crate::support::{MINUTE, NOW, waiting};
use conversation_monitor::refresh::{RefoldLimits, Run};
use conversation_monitor::storage::database::DatabaseError;
use futures::executor::block_on;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ORGANIZATIONS: usize = 5;
const CONVERSATIONS: usize = 7;
/// One more organization, in the middle of the others, has a single conversation with as many items as this.
const LONG: &str = "organization-2-long";
const LONG_ITEMS: usize = 300;

const LIMITS: RefoldLimits = RefoldLimits {
    portions: 2,
    conversations: 4,
    items: 10,
};

fn id(number: usize) -> String {
    format!("organization-{number}")
}

/// A campaign, which is no answer, and an answer where the rule has changed.
fn reply(organization_id: &str, conversation_id: &str, is_answer: bool) -> Value {
    let at = crate::support::history::instant_text(NOW - 50 * MINUTE);
    json!({ "type": "message", "organizationId": organization_id, "updatedAt": at,
            "messageId": format!("{conversation_id}-reply"), "conversationId": conversation_id, "at": at,
            "direction": "outbound", "sender": "human", "kind": if is_answer { "text" } else { "campaign" } })
}

/// What is stored before and after the rule has changed. Somebody waits in every conversation, and then in every second
/// one.
fn events(is_new: bool) -> Vec<Value> {
    let mut events = Vec::new();
    for number in 0..ORGANIZATIONS {
        for conversation in 0..CONVERSATIONS {
            let (organization_id, conversation_id) = (id(number), format!("c{conversation}"));
            events.extend(waiting(&organization_id, &conversation_id, NOW - 60 * MINUTE));
            events.push(reply(
                &organization_id,
                &conversation_id,
                is_new && conversation % 2 == 0,
            ));
        }
    }
    let demand = waiting(LONG, "c", NOW - 60 * MINUTE);
    for item in 0..LONG_ITEMS {
        let mut note = demand[1].clone();
        note["messageId"] = json!(format!("note-{item:03}"));
        note["visibility"] = json!("private");
        events.push(note);
    }
    events.extend(demand);
    events.push(reply(LONG, "c", is_new));
    events
}

/// Organizations with reports by another rule, and what the oracle says by this one.
struct Story {
    service: Service,
    old: BTreeMap<String, Vec<SnapshotRow>>,
    oracle: Oracle,
}

impl Story {
    fn new() -> Self {
        let service = Service::default();
        block_on(async {
            service.ingest_all(&events(false), NOW).await;
            service.refresh(NOW).await.unwrap();
        });
        let mut oracle = Oracle::default();
        oracle.take_in(&events(false));
        let old = oracle.organizations().into_iter();
        let old = old.map(|id| (id.clone(), service.snapshot(&id).unwrap())).collect();
        service.database.execute(
            r#"UPDATE record SET body = replace(body, '"campaign"', '"text"')
               WHERE type = 'message' AND (organization_id LIKE '%-long' OR conversation_id IN ('c0', 'c2', 'c4', 'c6'));
               UPDATE refresh SET fence = fence + 1"#,
        );
        let mut oracle = Oracle::default();
        oracle.take_in(&events(true));
        Self { service, old, oracle }
    }

    fn is_done(&self) -> bool {
        self.service.database.query("SELECT refold_organization FROM refresh") == [["null"]]
    }

    /// The instants of the reports.
    fn instants(&self) -> BTreeMap<String, i64> {
        let rows = self.service.database.query(
            "SELECT organization_id, coalesce(held_as_of, max(o.as_of, r.as_of)) FROM organization AS o, refresh AS r",
        );
        rows.into_iter()
            .map(|row| (row[0].clone(), row[1].parse().unwrap()))
            .collect()
    }

    /// Every report is by the old rule and as of `NOW`, or by the new one. Those by the new one come first. Returns how
    /// many these are.
    fn assert_frozen_or_moved(&self, context: &str) -> usize {
        let mut moved = 0;
        for (number, (organization_id, old)) in self.old.iter().enumerate() {
            let published = self.service.snapshot(organization_id).unwrap();
            if published == self.oracle.snapshot(organization_id, NOW) {
                assert_eq!(moved, number, "{context}: {organization_id} was not next");
                moved += 1;
            } else {
                assert_eq!(published, *old, "{context}: {organization_id} is neither");
                assert_eq!(
                    self.instants()[organization_id],
                    NOW,
                    "{context}: {organization_id} is frozen"
                );
            }
        }
        moved
    }

    fn run(&self, minute: i64) -> Result<Run, DatabaseError> {
        let finished = block_on(self.service.refresh_with(NOW + minute * MINUTE, LIMITS));
        finished.map(|finished| finished.run)
    }

    fn assert_ended(&self, as_of: i64, context: &str) {
        self.service.assert_agrees(&self.oracle, as_of, context);
        self.service.assert_no_garbage(context);
        assert!(self.instants().values().all(|instant| *instant == as_of), "{context}");
    }
}

#[test]
fn organizations_keep_their_report_until_they_are_folded_again() {
    let story = Story::new();
    let mut seen = Vec::new();
    let mut folded = 0;
    for minute in 1.. {
        let run = story.run(minute).unwrap();
        let moved = story.assert_frozen_or_moved(&format!("minute {minute}"));
        for organization_id in story.old.keys().take(moved) {
            assert_eq!(
                story.instants()[organization_id],
                NOW + minute * MINUTE,
                "{organization_id}"
            );
        }
        assert_eq!(run.organizations_failed, 0);
        assert!(run.conversations_folded <= (LIMITS.portions * LIMITS.conversations) as u64);
        folded += run.conversations_folded;
        seen.push(moved);
        if story.is_done() {
            story.assert_ended(NOW + minute * MINUTE, "the end");
            break;
        }
    }
    assert_eq!(seen.last(), Some(&(ORGANIZATIONS + 1)), "{seen:?}");
    assert!(seen.len() >= 5, "{seen:?}");
    assert_eq!(folded, (ORGANIZATIONS * CONVERSATIONS + 1) as u64, "each of them once");
}

/// Every second run has the fault, and the one after it goes on. Returns whether the fault has occurred.
fn stop_runs(fault: Fault) -> bool {
    let context = format!("{fault:?}");
    let story = Story::new();
    let mut has_stopped = false;
    for minute in 1.. {
        story.service.database.set_fault((minute % 2 == 1).then_some(fault));
        let has_failed = story.run(minute).is_err();
        story.service.database.set_fault(None);
        has_stopped |= has_failed;
        story.assert_frozen_or_moved(&context);
        if story.is_done() && !has_failed {
            story.assert_ended(NOW + minute * MINUTE, &context);
            break;
        }
        assert!(minute < 40, "{context}: it never ends");
    }
    has_stopped
}

#[test]
fn a_run_that_stops_while_everything_is_folded_again_is_continued() {
    let after_statements = (0..).take_while(|after| stop_runs(Fault::AfterStatements(*after)));
    let after_batches = (1..).take_while(|after| stop_runs(Fault::AfterBatches(*after)));
    let stops = after_statements.count() + after_batches.count();
    println!("faults injected into runs that fold everything again: {stops}");
    assert!(stops > 40, "only {stops} faults occurred");
}

#[test]
fn what_comes_in_meanwhile_counts() {
    let mut story = Story::new();
    let mut later = Vec::new();
    for number in 0..ORGANIZATIONS {
        later.extend(waiting(&id(number), "new", NOW - 10 * MINUTE));
        later.push(reply(&id(number), "c1", true));
    }
    later.extend(waiting("organization-9-new", "c", NOW - 10 * MINUTE));
    assert_eq!(story.run(1).unwrap().organizations_failed, 0);
    block_on(story.service.ingest_all(&later, NOW));
    story.oracle.take_in(&later);
    for minute in 2.. {
        story.run(minute).unwrap();
        story.assert_frozen_or_moved(&format!("minute {minute}"));
        if story.is_done() {
            story.assert_ended(NOW + minute * MINUTE, "the end");
            break;
        }
        assert_eq!(story.service.snapshot("organization-9-new"), None, "it is not its turn");
    }
}

#[test]
fn no_more_is_folded_again_than_a_run_can_fold() {
    let story = Story::new();
    // As many as a run may fold again are pending already: of a run that stopped, for example.
    let pending = LIMITS.portions * LIMITS.conversations;
    for conversation in 0..pending {
        story.service.database.execute(&format!(
            "INSERT INTO pending VALUES ('organization-0', 'conversation', 'unknown-{conversation}', 'mark', 1, 0, NULL)"
        ));
    }
    let run = story.run(1).unwrap();
    assert_eq!(run.conversations_folded, pending as u64);
    assert_eq!(story.assert_frozen_or_moved("the first run"), 0);
    let run = story.run(2).unwrap();
    assert_eq!(run.conversations_folded, pending as u64);
    assert_eq!(story.assert_frozen_or_moved("the second run"), 1);
}

#[test]
fn many_organizations_that_were_frozen_are_published_in_a_few_statements() {
    const MANY: usize = 300;
    let service = Service::default();
    let mut oracle = Oracle::default();
    for number in 0..MANY {
        let events = waiting(&format!("organization-{number:03}"), "c", NOW - 60 * MINUTE);
        oracle.take_in(&events);
        block_on(service.ingest(&events, NOW)).unwrap();
    }
    block_on(service.refresh(NOW)).unwrap();
    service.database.execute("UPDATE refresh SET fence = fence + 1");
    block_on(service.refresh_with(NOW + MINUTE, LIMITS)).unwrap();
    let frozen = "SELECT count(*) FROM organization WHERE held_as_of IS NOT NULL";
    let count: usize = service.database.query(frozen)[0][0].parse().unwrap();
    assert!(count > MANY - 10, "{count}");
    let run = block_on(service.refresh(NOW + 2 * MINUTE)).unwrap().run;
    assert!(run.statements < 100, "{} statements", run.statements);
    assert_eq!(service.database.query(frozen), [["0"]]);
    service.assert_agrees(&oracle, NOW + 2 * MINUTE, "many organizations");
    service.assert_no_garbage("many organizations");
}

/// Otherwise each portion would read everything before it again.
#[test]
fn a_portion_begins_where_the_last_one_ended() {
    let service = Service::default();
    let next = concat!(
        include_str!("../../src/refresh/sql/next_to_refold.sql"),
        "SELECT * FROM next"
    );
    let plan = service.database.plan(next);
    let is_range = |step: &String| step.contains("record_by_conversation ((organization_id,conversation_id)>(?,?))");
    assert!(plan.iter().any(is_range), "{plan:#?}");
    assert!(!plan.iter().any(|step| step.contains("ORDER BY")), "{plan:#?}");
}
