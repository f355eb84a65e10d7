//! Erasure of contacts and purges of organizations: what is gone stays gone, whatever comes later, in whatever order,
//! and wherever a request or a run is stopped.

use crate::support::history::{HistoryOptions, Random, instant_text, random_history};
use crate::support::oracle::Oracle;
use crate::support::service::Service;
use crate::support::sqlite::{Fault, Sqlite};
use crate::support::version_0_1::OldWorker;
use crate::support::{MINUTE, NOW, seeds, waiting};
use conversation_monitor::auth::access::{OrganizationId, erasure_access};
use conversation_monitor::auth::claims::Claims;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::conversation::event::parse_event;
use conversation_monitor::erasure::{ErasedContact, RemovedOrganization, erase_contact, remove_organization};
use conversation_monitor::refresh::{Limits, Run, SweepLimits};
use conversation_monitor::storage::database::DatabaseError;
use futures::executor::block_on;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 24 * 60 * MINUTE;

fn organization(id: &str) -> OrganizationId {
    let claims = json!({ "exp": 1, "role": "SUPERADMIN" }).to_string();
    erasure_access(&Claims::from_payload(claims.as_bytes()).unwrap(), id).unwrap()
}

fn try_erase(
    service: &Service,
    organization_id: &str,
    contact_id: &str,
    now: i64,
) -> Result<Option<ErasedContact>, DatabaseError> {
    let (id, token) = (organization(organization_id), service.change_token());
    let now = Timestamp::from_milliseconds(now);
    block_on(erase_contact(&service.database, &id, contact_id, &token, now))
}

fn erase(service: &Service, organization_id: &str, contact_id: &str, now: i64) -> (i64, i64) {
    let erased = try_erase(service, organization_id, contact_id, now).unwrap().unwrap();
    (erased.contacts, erased.conversations)
}

fn try_remove(
    service: &Service,
    organization_id: &str,
    is_purge: bool,
    now: i64,
) -> Result<Option<RemovedOrganization>, DatabaseError> {
    let now = Timestamp::from_milliseconds(now);
    block_on(remove_organization(
        &service.database,
        &organization(organization_id),
        is_purge,
        now,
    ))
}

/// Removes an organization. Returns when it may be purged.
fn remove(service: &Service, organization_id: &str, is_purge: bool, now: i64) -> i64 {
    let removed = try_remove(service, organization_id, is_purge, now).unwrap().unwrap();
    removed.purge_at.as_milliseconds()
}

/// A whole pass of the sweep in each run, in which nothing is old.
fn limits() -> Limits {
    Limits {
        sweep: SweepLimits {
            keep_timeline_ms: 3_000 * DAY,
            keep_conversation_ms: 3_000 * DAY,
            every_ms: 0,
            ..SweepLimits::default()
        },
        ..Limits::default()
    }
}

fn refresh(service: &Service, as_of: i64) -> Run {
    let run = block_on(service.refresh_within(as_of, limits())).unwrap().run;
    assert_eq!((run.organizations_failed, run.sweep_failed), (0, 0));
    run
}

fn refresh_keeping_everything(service: &Service, as_of: i64) -> Run {
    let run = block_on(service.refresh(as_of)).unwrap().run;
    assert_eq!((run.organizations_failed, run.sweep_failed), (0, 0));
    run
}

fn ingest(service: &Service, events: &[Value], now: i64) -> u64 {
    block_on(service.ingest(events, now)).unwrap().applied
}

/// Every row of every table, as one text, with the table.
fn dump(database: &Sqlite) -> Vec<(String, String)> {
    let tables = database.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1");
    let rows_of = |table: &String| {
        let rows = database.query(&format!("SELECT * FROM {table}"));
        let rows = rows.into_iter().map(|row| (table.clone(), row.join("\u{1f}")));
        rows.collect::<Vec<_>>()
    };
    tables.iter().flat_map(|row| rows_of(&row[0])).collect()
}

/// The tables in which a text is found.
fn found(database: &Sqlite, text: &str) -> BTreeSet<String> {
    let rows = dump(database).into_iter();
    rows.filter(|(_, row)| row.contains(text))
        .map(|(table, _)| table)
        .collect()
}

fn tables<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

fn contact(contact_id: &str, name: &str, at: i64, more: Value) -> Value {
    let mut event = json!({ "type": "contact", "organizationId": "o", "contactId": contact_id, "name": name,
        "phone": format!("+{name}"), "updatedAt": instant_text(at) });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

/// A conversation of a contact in which a customer waits.
fn conversation(conversation_id: &str, contact_id: &str, at: i64) -> [Value; 2] {
    let mut events = waiting("o", conversation_id, at);
    events[0]["contactId"] = json!(contact_id);
    events
}

fn listed(service: &Service, organization_id: &str) -> Vec<String> {
    let rows = service.snapshot(organization_id).unwrap_or_default().into_iter();
    rows.map(|(row, _)| serde_json::from_str::<Value>(&row).unwrap()["conversationId"].to_string())
        .collect()
}

// ---------------------------------------------------------------------------------------------------------
// Contacts
// ---------------------------------------------------------------------------------------------------------

/// Ada, who was Bea before a merge, and Cem. Each waits in a conversation.
fn three(service: &Service) {
    let at = NOW - 60 * MINUTE;
    let mut events = vec![
        contact("a", "Ada", at, json!({})),
        contact("b", "Bea", at, json!({ "mergedInto": "a", "revision": 4 })),
        contact("c", "Cem", at, json!({})),
    ];
    for id in ["a", "b", "c"] {
        events.extend(conversation(&format!("of {id}"), id, at));
    }
    ingest(service, &events, NOW);
    refresh(service, NOW);
    assert_eq!(listed(service, "o").len(), 3);
}

#[test]
fn a_contact_goes_with_those_that_were_merged_into_it_and_their_conversations() {
    let service = Service::default();
    three(&service);
    let published = ["record", "snapshot_row"];
    assert_eq!(found(&service.database, "Ada"), tables(published));
    assert_eq!(erase(&service, "o", "a", NOW + 1), (2, 2));
    for name in ["Ada", "Bea"] {
        assert!(!found(&service.database, name).contains("record"), "{name} at once");
    }
    assert_eq!(erase(&service, "o", "a", NOW + 2), (2, 2), "the same again");

    let run = refresh(&service, NOW + MINUTE);
    assert_eq!((run.erasures_finished, run.records_removed), (4, 2));
    assert_eq!(listed(&service, "o"), ["\"of c\""], "the newest version");
    // The version before can still be asked for.
    assert_eq!(found(&service.database, "Ada"), tables(["snapshot_row"]));
    refresh(&service, NOW + 11 * MINUTE);
    for name in ["Ada", "Bea"] {
        assert_eq!(found(&service.database, name), tables([]), "{name}");
    }
    assert_eq!(found(&service.database, "Cem"), tables(published));
    service.assert_no_garbage("erased");
    assert_eq!(refresh(&service, NOW + 12 * MINUTE).erasures_finished, 0);
}

#[test]
fn what_was_erased_does_not_come_back_with_a_greater_revision_or_a_later_arrival() {
    let service = Service::default();
    three(&service);
    erase(&service, "o", "a", NOW);
    let late = NOW - MINUTE;
    let events = |at: i64| {
        let mut events = vec![
            contact("a", "Ada", at, json!({ "revision": 9 })),
            contact("b", "Bea", at, json!({ "revision": 9 })),
        ];
        let [mut record, message] = conversation("of a", "a", at);
        record["revision"] = json!(9);
        events.extend([record, message]);
        events
    };
    let message_only = 1;
    assert_eq!(
        ingest(&service, &events(late), NOW + 1),
        message_only,
        "before the sweep"
    );
    refresh(&service, NOW + MINUTE);
    assert_eq!(ingest(&service, &events(late), NOW + MINUTE), 0, "after it");
    assert_eq!(ingest(&service, &events(NOW), NOW + MINUTE), 0, "as of the erasure");
    refresh(&service, NOW + 12 * MINUTE);
    for name in ["Ada", "Bea"] {
        assert_eq!(found(&service.database, name), tables([]), "{name}");
    }
    // Whoever is known again afterwards is no longer erased.
    assert_eq!(ingest(&service, &events(NOW + 20 * MINUTE), NOW + 20 * MINUTE), 4);
    refresh(&service, NOW + 21 * MINUTE);
    assert_eq!(found(&service.database, "Ada"), tables(["record", "snapshot_row"]));
    assert_eq!(listed(&service, "o"), ["\"of c\"", "\"of a\""]);
}

#[test]
fn a_contact_that_is_not_known_can_be_erased_and_an_organization_that_is_not_known_cannot() {
    let service = Service::default();
    three(&service);
    assert_eq!(erase(&service, "o", "d", NOW), (1, 0));
    assert_eq!(ingest(&service, &[contact("d", "Dee", NOW, json!({}))], NOW), 0);
    assert_eq!(found(&service.database, "Dee"), tables([]));
    assert_eq!(try_erase(&service, "p", "a", NOW).unwrap(), None);
    remove(&service, "o", false, NOW);
    assert_eq!(try_erase(&service, "o", "c", NOW).unwrap(), None);
    let counted = service
        .database
        .query("SELECT count(*) FROM erasure WHERE record_id = 'c'");
    assert_eq!(counted, [["0"]]);
}

#[test]
fn conversations_that_were_merged_with_erased_ones_are_looked_at_again() {
    let service = Service::default();
    three(&service);
    let at = NOW - 30 * MINUTE;
    // A conversation of Cem was merged into one of Ada's, and one of Ada's into one of Cem's, whose own question is
    // answered.
    let merge = |id: &str, contact_id: &str, target: &str| {
        let [mut record, _] = conversation(id, contact_id, at);
        record["mergedInto"] = json!(target);
        record
    };
    let answer = json!({ "type": "message", "organizationId": "o", "updatedAt": instant_text(at), "messageId": "answer",
        "conversationId": "of c", "at": instant_text(NOW - 50 * MINUTE), "direction": "outbound", "sender": "human" });
    let mut events = vec![answer, merge("of a", "a", "of c"), merge("of c 2", "c", "of b")];
    events.extend(conversation("of c 2", "c", at).into_iter().skip(1));
    let [_, mut again] = conversation("of a", "a", at);
    again["messageId"] = json!("again");
    events.push(again);
    ingest(&service, &events, NOW);
    refresh(&service, NOW + MINUTE);
    assert_eq!(listed(&service, "o"), ["\"of b\"", "\"of c\""]);
    erase(&service, "o", "a", NOW + MINUTE);
    refresh(&service, NOW + 2 * MINUTE);
    refresh(&service, NOW + 3 * MINUTE);
    assert_eq!(listed(&service, "o"), ["\"of c 2\""]);
    service.assert_no_garbage("merged");
}

#[test]
fn many_items_are_removed_in_several_runs() {
    let service = Service::default();
    three(&service);
    let message = |number: usize| {
        let [_, mut message] = conversation("of a", "a", NOW - MINUTE);
        message["messageId"] = json!(format!("m{number:05}"));
        message
    };
    let messages: Vec<Value> = (0..12_000).map(message).collect();
    block_on(service.ingest_all(&messages, NOW));
    erase(&service, "o", "a", NOW);
    let limits = || {
        let mut limits = limits();
        limits.sweep.removed = 6_000;
        limits
    };
    let removed: Vec<(u64, u64)> = (1..5)
        .map(|minute| {
            block_on(service.refresh_within(NOW + minute * MINUTE, limits()))
                .unwrap()
                .run
        })
        .map(|run| (run.records_removed, run.erasures_finished))
        .collect();
    assert_eq!(removed, [(10_000, 2), (2_002, 2), (0, 0), (0, 0)]);
    assert_eq!(found(&service.database, "m0"), tables([]));
}

#[test]
fn a_large_organization_is_looked_through_in_portions() {
    let service = Service::default();
    let records: Vec<Value> = (0..20_001)
        .map(|number| {
            let [mut record, _] = conversation(&format!("c{number:05}"), "k", NOW - MINUTE);
            record["contactId"] = json!(["k", "l"][usize::from(number % 5_000 == 0)]);
            record
        })
        .collect();
    block_on(service.ingest_all(&records, NOW));
    assert_eq!(erase(&service, "o", "l", NOW), (1, 5));
    let left = service
        .database
        .query("SELECT count(*) FROM record WHERE type = 'conversation' AND deleted = 0");
    assert_eq!(left, [["19996"]]);
}

#[test]
fn what_an_older_worker_takes_in_is_erased_by_the_next_pass() {
    let service = Service::default();
    three(&service);
    erase(&service, "o", "a", NOW);
    refresh(&service, NOW + MINUTE);
    // As when the removal is older than what is kept.
    service
        .database
        .execute("DELETE FROM record WHERE record_id IN ('a', 'of a')");
    let mut events = vec![contact("a", "Ada", NOW - MINUTE, json!({}))];
    events.extend(conversation("of a", "a", NOW - MINUTE));
    block_on(OldWorker::new(&service.database).ingest(&events, NOW));
    refresh(&service, NOW + 2 * MINUTE);
    assert_eq!(found(&service.database, "Ada"), tables(["record", "snapshot_row"]));
    for minutes in [3, 4, 15] {
        refresh(&service, NOW + minutes * MINUTE);
    }
    assert_eq!(found(&service.database, "Ada"), tables([]));
    assert_eq!(listed(&service, "o"), ["\"of c\""]);
    service.assert_no_garbage("an older worker");
}

/// The contacts that were merged into a contact, and it, as they are stored.
fn merged(service: &Service, organization_id: &str, contact_id: &str) -> BTreeSet<String> {
    let sql = "SELECT record_id, merged_into FROM record
               WHERE organization_id = ?1 AND type = 'contact' AND merged_into IS NOT NULL";
    let edges = service.database.query_with(sql, &[organization_id]);
    let mut ids = BTreeSet::from([contact_id.to_owned()]);
    while let Some(edge) = edges
        .iter()
        .find(|edge| ids.contains(&edge[1]) && !ids.contains(&edge[0]))
    {
        ids.insert(edge[0].clone());
    }
    ids
}

/// Whether an event is a version of a contact, and no removal.
fn is_version(event: &Value) -> bool {
    event["type"] == "contact" && event["deleted"] != true
}

/// More versions of the contacts of a history, some of which are merged into each other.
fn more_contacts(random: &mut Random, events: &[Value]) -> Vec<Value> {
    let conversations: Vec<&Value> = events.iter().filter(|event| event["contactId"].is_string()).collect();
    let version = |_| {
        let of = random.pick(&conversations);
        let other = random.pick(&conversations);
        let at = NOW - 1_000 * random.below(100_000) as i64;
        let mut event = json!({ "type": "contact", "organizationId": of["organizationId"], "contactId": of["contactId"],
            "updatedAt": instant_text(at), "name": "" });
        if random.chance(25) && other["organizationId"] == of["organizationId"] {
            event["mergedInto"] = other["contactId"].clone();
        }
        event
    };
    (0..40).map(version).collect()
}

/// A random history with erasures in between. Every version of a contact has a name and a number of its own.
struct Story {
    service: Service,
    random: Random,
    /// The versions of contacts: organization, contact, instant and name.
    versions: Vec<(String, String, i64, String)>,
    /// Until when each contact is erased.
    erased: BTreeMap<(String, String), i64>,
}

impl Story {
    /// Takes in events. Those that bring a version of an erased contact are counted.
    fn take_in(&mut self, events: &[Value], now: i64) -> usize {
        let mut late = 0;
        for event in events.iter().filter(|event| is_version(event)) {
            let record = parse_event(0, event, Timestamp::from_milliseconds(now).into()).unwrap();
            let at = record.rank.updated_at.as_milliseconds();
            let key = (record.organization_id, record.id);
            late += usize::from(self.erased.get(&key).is_some_and(|until| at <= *until));
            self.versions
                .push((key.0, key.1, at, event["name"].as_str().unwrap().to_owned()));
        }
        ingest(&self.service, events, now);
        late
    }

    fn erase_one(&mut self, now: i64) {
        let (organization_id, contact_id, ..) = self.random.pick(&self.versions).clone();
        for id in merged(&self.service, &organization_id, &contact_id) {
            let until = self.erased.entry((organization_id.clone(), id)).or_default();
            *until = now.max(*until);
        }
        let erased = try_erase(&self.service, &organization_id, &contact_id, now).unwrap();
        assert!(erased.is_some(), "{organization_id} is not known");
    }

    /// The names that must be nowhere.
    fn forbidden(&self) -> Vec<&str> {
        let versions = self.versions.iter();
        let is_erased = |(organization_id, contact_id, at, _): &&(String, String, i64, String)| {
            let key = (organization_id.clone(), contact_id.clone());
            self.erased.get(&key).is_some_and(|until| at <= until)
        };
        versions.filter(is_erased).map(|(.., name)| name.as_str()).collect()
    }

    fn assert_gone(&self, database_tables: &[&str], context: &str) {
        let rows = dump(&self.service.database);
        for name in self.forbidden() {
            let number = name.trim_start_matches("Person ");
            for (table, row) in &rows {
                let is_asked = database_tables.is_empty() || database_tables.contains(&table.as_str());
                assert!(
                    !is_asked || !row.contains(number),
                    "{context}: {name} in {table}: {row}"
                );
            }
        }
    }
}

#[test]
fn no_order_of_events_erasures_and_runs_brings_a_name_back() {
    let (mut names, mut late) = (0, 0);
    for seed in seeds(60) {
        let options = HistoryOptions {
            now: NOW,
            organizations: 2,
            conversations: 5,
            events: 140,
        };
        let mut events = random_history(seed, &options);
        let mut story = Story {
            service: Service::default(),
            random: Random::new(seed),
            versions: Vec::new(),
            erased: BTreeMap::new(),
        };
        // An organization that is removed has no contacts to erase.
        events.retain(|event| event["type"] != "organization" || event["deleted"] != true);
        events.extend(more_contacts(&mut story.random, &events));
        story.random.shuffle(&mut events);
        for (number, event) in events.iter_mut().enumerate().filter(|(_, event)| is_version(event)) {
            event["name"] = json!(format!("Person no. {number},"));
            event["phone"] = json!(format!("no. {number},"));
            if story.random.chance(50) {
                event["revision"] = json!(story.random.below(4));
            }
        }
        let mut now = NOW;
        for part in events.chunks(20) {
            now += MINUTE;
            let mut part = part.to_vec();
            // Some of it is said again, after the erasure.
            for event in &mut part {
                if is_version(event) && story.random.chance(15) {
                    event["updatedAt"] = json!(instant_text(now));
                }
            }
            late += story.take_in(&part, now);
            let context = format!("seed {seed} at {}", instant_text(now));
            if !story.versions.is_empty() && story.random.chance(50) {
                story.erase_one(now);
            }
            story.assert_gone(&["record"], &context);
            if story.random.chance(60) {
                refresh(&story.service, now);
                story.assert_gone(&["record", "conversation_state"], &context);
            }
        }
        for minutes in [1, 2, 13, 14] {
            refresh(&story.service, now + minutes * MINUTE);
        }
        let context = format!("seed {seed}");
        story.assert_gone(&[], &context);
        story.service.assert_no_garbage(&context);
        names += story.forbidden().len();
    }
    println!("{names} names erased, {late} of them came afterwards");
    assert!(names > 500 && late > 100);
}

/// Runs a story with one fault after `count` statements or batches of what is done to it. Returns whether it occurred.
fn stop(fault: Fault, work: &dyn Fn(&Service) -> Result<(), DatabaseError>) -> bool {
    let service = Service::default();
    three(&service);
    ingest(&service, &waiting("other", "x", NOW - 20 * MINUTE), NOW);
    refresh(&service, NOW);
    let others = |service: &Service| -> Vec<(String, String)> {
        let mut rows = dump(&service.database);
        rows.retain(|(table, row)| table != "organization" && row.starts_with("other\u{1f}"));
        rows
    };
    let before = others(&service);
    service.database.set_fault(Some(fault));
    let outcome = work(&service);
    let ran = block_on(service.refresh_within(NOW + MINUTE, limits()));
    service.database.set_fault(None);
    if outcome.is_err() {
        work(&service).unwrap();
    }
    let has_failed = outcome.is_err() || ran.map_or(true, |finished| finished.run.sweep_failed > 0);
    for minutes in [2, 3, 13, 14] {
        refresh(&service, NOW + minutes * MINUTE);
    }
    for name in ["Ada", "Bea"] {
        assert_eq!(found(&service.database, name), tables([]), "{fault:?}: {name}");
    }
    assert_eq!(others(&service), before, "{fault:?}");
    service.assert_no_garbage(&format!("{fault:?}"));
    has_failed
}

/// Stops at every statement and after every batch. Returns how often it did.
fn stops(work: &dyn Fn(&Service) -> Result<(), DatabaseError>) -> usize {
    let after_statements = (0..).take_while(|after| stop(Fault::AfterStatements(*after), work));
    let after_batches = (0..).take_while(|after| stop(Fault::AfterBatches(*after), work));
    after_statements.count() + after_batches.count()
}

#[test]
fn an_erasure_can_stop_at_any_statement() {
    let count = stops(&|service| try_erase(service, "o", "a", NOW).map(drop));
    println!("faults injected into erasures and survived: {count}");
    assert!(count > 30, "only {count} faults occurred");
}

#[test]
fn a_purge_can_stop_at_any_statement() {
    let count = stops(&|service| try_remove(service, "o", true, NOW).map(drop));
    println!("faults injected into purges and survived: {count}");
    assert!(count > 40, "only {count} faults occurred");
}

// ---------------------------------------------------------------------------------------------------------
// Organizations
// ---------------------------------------------------------------------------------------------------------

/// Everything that is stored of organization `o`, by table.
fn rows_of_organization(service: &Service) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (table, row) in dump(&service.database) {
        if row.split('\u{1f}').any(|cell| cell == "o") {
            *counts.entry(table).or_insert(0) += 1;
        }
    }
    counts
}

/// An organization with something in every table that has an organization.
fn full(service: &Service) {
    three(service);
    let record = json!({ "type": "organization", "organizationId": "o", "name": "Ozean", "revision": 3,
        "updatedAt": instant_text(NOW - DAY) });
    ingest(service, &[record], NOW);
    for sql in [
        "INSERT INTO settings (organization_id, number, max_age_days) VALUES ('o', 1, 40)",
        "INSERT INTO conversation_sweep (organization_id, conversation_id, mark) VALUES ('o', 'of c', 1)",
        "INSERT INTO connection_day VALUES (1, 'o', 'cn', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0)",
        "UPDATE organization SET threshold_minutes = 7 WHERE organization_id = 'o'",
    ] {
        service.database.execute(sql);
    }
    erase(service, "o", "b", NOW);
    ingest(service, &[contact("c", "Cem", NOW, json!({ "blocked": true }))], NOW);
    let tables = rows_of_organization(service);
    for (table, _) in dump(&service.database) {
        let has_none = ["refresh", "sweep"].contains(&table.as_str());
        assert_eq!(tables.contains_key(&table), !has_none, "{table}");
    }
}

/// What is left of it: that it was removed, and an empty list.
fn assert_purged(service: &Service) {
    let left = rows_of_organization(service);
    assert_eq!(
        left.into_iter().collect::<Vec<_>>(),
        [("erasure", 1), ("organization", 1), ("record", 1), ("snapshot_part", 1)]
            .map(|(table, rows)| (table.to_owned(), rows))
    );
    let database = &service.database;
    assert_eq!(
        database.query("SELECT type, record_id, deleted, body FROM record WHERE organization_id = 'o'"),
        [["organization", "o", "1", "{\"revision\":3}"]]
    );
    assert_eq!(
        database.query(
            "SELECT s.entries ->> 'entries', o.candidates, o.threshold_minutes, o.retired FROM snapshot_part AS s
             JOIN organization AS o USING (organization_id) WHERE organization_id = 'o'"
        ),
        [["[]", "0", "null", "[]"]]
    );
    for name in ["Ada", "Bea", "Cem", "Ozean", "of c"] {
        assert_eq!(found(database, name), tables([]), "{name}");
    }
}

#[test]
fn a_removed_organization_is_purged_after_thirty_days() {
    let service = Service::default();
    full(&service);
    assert_eq!(remove(&service, "o", false, NOW), NOW + 30 * DAY);
    assert_eq!(
        remove(&service, "o", false, NOW + DAY),
        NOW + 30 * DAY,
        "the same again"
    );
    assert_eq!(refresh(&service, NOW + 30 * DAY - 1).organizations_purged, 0);
    assert!(found(&service.database, "Cem").contains("record"));
    assert_eq!(refresh(&service, NOW + 30 * DAY).organizations_purged, 1);
    for minutes in [1, 12] {
        assert_eq!(
            refresh(&service, NOW + 30 * DAY + minutes * MINUTE).organizations_purged,
            0
        );
    }
    assert_purged(&service);
}

#[test]
fn so_is_one_that_an_event_removed() {
    let service = Service::default();
    full(&service);
    let removal = json!({ "type": "organization", "organizationId": "o", "deleted": true, "revision": 3,
        "updatedAt": instant_text(NOW - DAY + 1) });
    ingest(&service, &[removal], NOW);
    refresh(&service, NOW + MINUTE);
    refresh(&service, NOW + MINUTE + 30 * DAY - 1);
    assert!(found(&service.database, "Cem").contains("record"));
    assert_eq!(refresh(&service, NOW + MINUTE + 30 * DAY).organizations_purged, 1);
    assert_eq!(found(&service.database, "Cem"), tables([]));
}

#[test]
fn a_superadmin_can_have_it_purged_at_once_in_several_runs() {
    let service = Service::default();
    full(&service);
    let message = |number: usize| {
        let [_, mut message] = conversation("of a", "a", NOW - MINUTE);
        message["messageId"] = json!(format!("m{number:05}"));
        message
    };
    let messages: Vec<Value> = (0..5_000).map(message).collect();
    block_on(service.ingest_all(&messages, NOW));
    assert_eq!(remove(&service, "o", false, NOW), NOW + 30 * DAY);
    assert_eq!(remove(&service, "o", true, NOW + MINUTE), NOW + MINUTE);
    let mut purged = 0;
    let mut runs = 0;
    while purged == 0 {
        runs += 1;
        let mut limits = limits();
        limits.sweep.removed = 1_000;
        purged = block_on(service.refresh_within(NOW + (1 + runs) * MINUTE, limits))
            .unwrap()
            .run
            .organizations_purged;
    }
    assert_eq!(runs, 4);
    refresh(&service, NOW + 20 * MINUTE);
    refresh(&service, NOW + 31 * MINUTE);
    assert_purged(&service);
    service.assert_no_garbage("purged");
}

#[test]
fn one_that_an_event_removed_is_purged_where_everything_is_kept() {
    let service = Service::default();
    full(&service);
    let run = |now: i64| refresh_keeping_everything(&service, now);
    run(NOW);
    let removal = json!({ "type": "organization", "organizationId": "o", "deleted": true, "revision": 3,
        "updatedAt": instant_text(NOW - DAY + 1) });
    ingest(&service, &[removal], NOW);
    let purge_at = || {
        service
            .database
            .query("SELECT purge_at FROM organization WHERE organization_id = 'o'")[0][0]
            .clone()
    };
    run(NOW + DAY - 1);
    assert_eq!(purge_at(), "null");
    // It is noted within a day.
    let noted_at = NOW + DAY;
    run(noted_at);
    assert_eq!(purge_at(), (noted_at + 30 * DAY).to_string());
    assert_eq!(run(noted_at + 30 * DAY - 1).organizations_purged, 0);
    assert!(found(&service.database, "Cem").contains("record"));
    assert_eq!(run(noted_at + 30 * DAY).organizations_purged, 1);
    assert_eq!(found(&service.database, "Cem"), tables([]));
}

#[test]
fn a_pass_that_was_under_way_ends_where_everything_is_kept() {
    let service = Service::default();
    full(&service);
    let run = |now: i64| refresh_keeping_everything(&service, now);
    run(NOW);
    let step = || service.database.query("SELECT step FROM sweep")[0][0].clone();
    service
        .database
        .execute("UPDATE sweep SET step = 'conversations', organization_id = 'o', record_id = 'm', finished_at = NULL");
    let records = service.database.query("SELECT count(*) FROM record");
    let rested = run(NOW + DAY - 1);
    assert_eq!((rested.swept_as_of, step()), (None, "conversations".to_owned()));
    let ended = run(NOW + DAY);
    assert_eq!(
        (ended.swept_as_of, step()),
        (Some(Timestamp::from_milliseconds(NOW + DAY)), "null".to_owned())
    );
    assert_eq!(service.database.query("SELECT count(*) FROM record"), records);
    // A whole pass, once things are forgotten again.
    refresh(&service, NOW + 2 * DAY);
    assert_eq!(step(), "null");
}

#[test]
fn a_purge_needs_no_retention() {
    let service = Service::default();
    full(&service);
    remove(&service, "o", true, NOW);
    for minutes in [1, 2, 14] {
        refresh_keeping_everything(&service, NOW + minutes * MINUTE);
    }
    assert_purged(&service);
}

#[test]
fn a_later_event_restores_an_organization_and_its_versions_go_on() {
    let record = |at: i64| {
        json!({ "type": "organization", "organizationId": "o", "name": "Ozean", "revision": 3,
            "updatedAt": instant_text(at) })
    };
    let version = |service: &Service| {
        service
            .database
            .query("SELECT version FROM organization WHERE organization_id = 'o'")
    };
    for is_purged in [false, true] {
        let service = Service::default();
        full(&service);
        refresh(&service, NOW + MINUTE);
        remove(&service, "o", is_purged, NOW + MINUTE);
        refresh(&service, NOW + 2 * MINUTE);
        // What is no later than the removal does not restore it, whatever its revision.
        let mut late = record(NOW + MINUTE);
        late["revision"] = json!(99);
        assert_eq!(ingest(&service, &[late], NOW + 2 * MINUTE), 0);
        assert_eq!(ingest(&service, &[record(NOW + 2 * MINUTE)], NOW + 2 * MINUTE), 1);
        let before = version(&service);
        ingest(&service, &conversation("new", "d", NOW), NOW + 2 * MINUTE);
        refresh(&service, NOW + 3 * MINUTE);
        refresh(&service, NOW + 90 * DAY);
        let expected: &[&str] = if is_purged {
            &["\"new\""]
        } else {
            &["\"of a\"", "\"new\""]
        };
        assert_eq!(listed(&service, "o"), expected);
        assert!(version(&service)[0][0].parse::<i64>().unwrap() > before[0][0].parse().unwrap());
    }
}

#[test]
fn organizations_beside_a_purged_one_stay_as_they_are() {
    for seed in seeds(10) {
        let options = HistoryOptions {
            now: NOW,
            organizations: 3,
            conversations: 4,
            events: 100,
        };
        let history = random_history(seed, &options);
        let (service, mut oracle) = (Service::default(), Oracle::default());
        oracle.take_in(&history);
        block_on(service.ingest_all(&history, NOW));
        refresh(&service, NOW);
        let ids = oracle.organizations();
        remove(&service, &ids[0], true, NOW);
        for minutes in [1, 2, 13] {
            refresh(&service, NOW + minutes * MINUTE);
        }
        for id in &ids[1..] {
            let expected = oracle.snapshot(id, NOW + 13 * MINUTE);
            assert_eq!(service.snapshot(id), Some(expected), "seed {seed}: {id}");
        }
        assert_eq!(service.snapshot(&ids[0]), Some(Vec::new()));
        service.assert_no_garbage(&format!("seed {seed}"));
    }
}
