//! The numbered cases of docs/definition.md: `tests/cases.json` through ingest, refresh and the threshold, with their
//! events in every order.

use crate::support::history::Random;
use crate::support::in_memory::Versions;
use crate::support::service::{Service, SnapshotRow};
use crate::support::{MINUTE, histories_factor};
use conversation_monitor::base::timestamp::Timestamp;
use futures::executor::block_on;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const BASE: i64 = 1_770_000_000_000;
/// The service's clock is ahead of every event: case 20 is about the instant of the refresh.
const CLOCK: i64 = BASE + 24 * 60 * MINUTE;
const ORGANIZATION: &str = "the organization";
/// Up to so many events come in every order that there is.
const PERMUTED_MAX: usize = 6;
/// How many orders are tried of more.
const RANDOM_ORDERS: usize = 100;
/// In how many orders they are stored.
const STORED_ORDERS: usize = 10;
/// What a report shows that asks for no category.
const CONTRACT_CATEGORIES: [&str; 2] = ["ai_stuck", "agent_abandoned"];
/// The setting's default: rows that have been stalled for longer are not listed.
const MAX_AGE_DAYS: i64 = 30;
/// The members that are offsets from the base, in events and in rows.
const INSTANTS: [&str; 11] = [
    "at",
    "receivedAt",
    "updatedAt",
    "assignedAt",
    "resolvedAt",
    "snoozedAt",
    "snoozedUntil",
    "mergedAt",
    "waitingSince",
    "stalledSince",
    "latestInboundAt",
];

/// The same with instants instead of offsets.
fn with_instants(object: &Value) -> Value {
    let mut object = object.clone();
    for name in INSTANTS {
        if let Some(offset) = object.get(name).and_then(Value::as_i64) {
            object[name] = json!(Timestamp::from_milliseconds(BASE + offset).to_string());
        }
    }
    object
}

/// What a case has given by one of its refreshes, and what must come out then.
struct Moment {
    name: String,
    /// All events up to then, in order. Instants are offsets from the base.
    events: Vec<Value>,
    /// `None` means that nothing is refreshed, and so there is no snapshot.
    as_of: Option<i64>,
    threshold_minutes: i64,
    expect: Value,
}

impl Moment {
    /// The moments of a case, first to last.
    fn all(case: &Value) -> Vec<Self> {
        let mut events: Vec<Value> = Vec::new();
        let moment = |step: &Value| {
            let refresh = step["refresh"].as_i64();
            let of_step = step["events"].as_array().into_iter().flatten();
            events.extend(of_step.map(with_instants));
            Self {
                name: format!("case {} {}, refresh at {refresh:?}", case["number"], case["variant"]),
                events: events.clone(),
                as_of: refresh.map(|offset| BASE + offset),
                threshold_minutes: case["thresholdMinutes"].as_i64().unwrap_or(5),
                expect: step["expect"].clone(),
            }
        };
        case["steps"].as_array().unwrap().iter().map(moment).collect()
    }

    /// The organization's rows are what the case says. Returns them.
    fn assert_expected(&self, service: &Service, organization_id: &str) -> Option<Vec<SnapshotRow>> {
        let name = &self.name;
        let snapshot = service.snapshot(organization_id);
        let Some(as_of) = self.as_of else {
            assert_eq!(self.expect["snapshotMissing"], true, "{name}");
            assert_eq!(snapshot, None, "{name}");
            return None;
        };
        let published = snapshot.as_ref().expect("a snapshot").iter();
        let rows: Vec<Value> = published.map(|(json, _)| serde_json::from_str(json).unwrap()).collect();
        if let Some(candidates) = self.expect["candidates"].as_array() {
            assert_eq!(rows.len(), candidates.len(), "{name}: {rows:#?}");
            for (row, candidate) in rows.iter().zip(candidates) {
                for (member, value) in with_instants(candidate).as_object().unwrap() {
                    assert_eq!(&row[member], value, "{name}: {member}");
                }
            }
        }
        if let Some(listed) = self.expect["listed"].as_array() {
            let is_listed = |row: &&Value| {
                let stalled_since = Timestamp::from_rfc3339(row["stalledSince"].as_str().unwrap()).unwrap();
                let age = as_of - stalled_since.as_milliseconds();
                let is_of_the_contract = CONTRACT_CATEGORIES.contains(&row["category"].as_str().unwrap());
                is_of_the_contract && age >= self.threshold_minutes * MINUTE && age <= MAX_AGE_DAYS * 24 * 60 * MINUTE
            };
            let found: Vec<&Value> = rows
                .iter()
                .filter(is_listed)
                .map(|row| &row["conversationId"])
                .collect();
            assert_eq!(found, listed.iter().collect::<Vec<_>>(), "{name}");
        }
        snapshot
    }
}

/// An event as an organization sends it.
fn sent_by(organization_id: &str, event: &Value) -> Value {
    let mut event = event.clone();
    event["organizationId"] = json!(organization_id);
    event
}

/// Sends each event so many times.
fn check(case: &Value, times: usize) {
    let service = Service::default();
    let mut known = 0;
    for moment in Moment::all(case) {
        let new = moment.events.iter().skip(known);
        let new: Vec<Value> = new
            .flat_map(|event| vec![sent_by(ORGANIZATION, event); times])
            .collect();
        known = moment.events.len();
        block_on(service.ingest(&new, CLOCK)).unwrap();
        if let Some(as_of) = moment.as_of {
            block_on(service.refresh(as_of)).unwrap();
        }
        moment.assert_expected(&service, ORGANIZATION);
    }
}

fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_numbered_case_gives_the_expected_rows() {
    let cases = cases();
    let numbers: BTreeSet<i64> = cases.iter().map(|case| case["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=51).collect(), "every number is there");
    for case in &cases {
        check(case, 1);
        check(case, 2);
    }
    println!("numbered cases: {} in {} variants", numbers.len(), cases.len());
}

/// All orders of so many events, or if there are many events, random ones and the reversed one. The first is the
/// events' own.
fn orders(events: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let own: Vec<usize> = (0..events).collect();
    if events > PERMUTED_MAX {
        let mut orders = vec![own.clone(), own.iter().rev().copied().collect()];
        orders.resize_with(RANDOM_ORDERS, || {
            let mut order = own.clone();
            random.shuffle(&mut order);
            order
        });
        return orders;
    }
    let mut orders = vec![Vec::new()];
    for _ in 0..events {
        let longer = |order: Vec<usize>| {
            let rest: Vec<usize> = own.iter().filter(|number| !order.contains(number)).copied().collect();
            rest.into_iter()
                .map(move |number| [order.clone(), vec![number]].concat())
        };
        orders = orders.into_iter().flat_map(longer).collect();
    }
    orders
}

/// Takes in the events in each order without a database. Returns how many orders there are.
fn check_orders(moment: &Moment, random: &mut Random) -> usize {
    let Some(as_of) = moment.as_of else {
        return 0;
    };
    let events: Vec<Value> = moment.events.iter().map(|event| sent_by(ORGANIZATION, event)).collect();
    let versions = Versions::new(&events, CLOCK);
    // Neither what is stored in the end nor what it is folded into depends on the order.
    let outcome = |order: &Vec<usize>| {
        let stored = versions.store(order.iter().copied());
        let records = stored.records.iter().map(|record| (record.key(), record.order()));
        (records.collect::<BTreeMap<_, _>>(), stored.states(ORGANIZATION, as_of))
    };
    let orders = orders(events.len(), random);
    let expected = outcome(&orders[0]);
    for order in &orders {
        assert_eq!(outcome(order), expected, "{}, in the order {order:?}", moment.name);
    }
    orders.len()
}

/// The same with the database for a few of the orders, some with a refresh in between. Each order is an organization of
/// its own, so that one request takes the next event of all of them, and one refresh publishes all.
fn check_some_orders(moment: &Moment, random: &mut Random) -> usize {
    let Some(as_of) = moment.as_of else {
        return 0;
    };
    let mut orders = orders(moment.events.len(), random);
    random.shuffle(&mut orders[1..]);
    orders.truncate(STORED_ORDERS * histories_factor().unwrap_or(1) as usize);
    let ids: Vec<String> = (0..orders.len()).map(|number| format!("order {number}")).collect();
    let service = Service::default();
    let between = random.below(2 * moment.events.len());
    block_on(async {
        for place in 0..moment.events.len() {
            let event = |(id, order): (&String, &Vec<usize>)| sent_by(id, &moment.events[order[place]]);
            let next: Vec<Value> = ids.iter().zip(&orders).map(event).collect();
            service.ingest_all(&next, CLOCK).await;
            if place == between {
                service.refresh(as_of).await.unwrap();
            }
        }
        service.refresh(as_of).await.unwrap();
    });
    let expected = moment.assert_expected(&service, &ids[0]);
    for (id, order) in ids.iter().zip(&orders) {
        assert_eq!(
            service.snapshot(id),
            expected,
            "{}, in the order {order:?}",
            moment.name
        );
    }
    orders.len()
}

#[test]
fn every_numbered_case_gives_the_same_rows_in_every_order() {
    let mut random = Random::new(0);
    let moments: Vec<Moment> = cases().iter().flat_map(Moment::all).collect();
    let all: usize = moments.iter().map(|moment| check_orders(moment, &mut random)).sum();
    let stored: usize = moments
        .iter()
        .map(|moment| check_some_orders(moment, &mut random))
        .sum();
    println!("orders of the events of numbered cases: {all}, of which {stored} were stored");
    assert!(all > 100_000 && stored > 4_000, "{all}, {stored}");
}
