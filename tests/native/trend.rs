//! The course of the day against an oracle that goes minute by minute: over random days and histories, with business hours, with
//! refreshes that stop at any statement, and beside a worker of before that counts nothing.

use crate::support::desk::{Isolate, Mood, Pages, access};
use crate::support::history::{HistoryOptions, Random, instant_text, random_history};
use crate::support::hours_oracle::HoursOracle;
use crate::support::oracle::Oracle;
use crate::support::service::Service;
use crate::support::sqlite::{Fault, Sqlite};
use crate::support::{MINUTE, NOW, seeds, waiting};
use conversation_monitor::auth::access::ReadAccess;
use conversation_monitor::refresh::Limits;
use futures::executor::block_on;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Open time, in a table of minutes.
#[derive(Clone)]
struct OpenTime {
    first: i64,
    /// The open time before each minute, and whether it is open.
    minutes: Vec<(i64, bool)>,
}

impl OpenTime {
    fn new(hours: &Value, from: i64, until: i64) -> Self {
        let oracle = HoursOracle::new(hours);
        let (first, mut open) = (from - from.rem_euclid(MINUTE), 0);
        let minutes = (0..=(until - first) / MINUTE).map(|number| {
            let (before, is_open) = (open, oracle.is_open(first + number * MINUTE));
            open += if is_open { MINUTE } else { 0 };
            (before, is_open)
        });
        let minutes = minutes.collect();
        Self { first, minutes }
    }

    fn before(&self, at: i64) -> i64 {
        let (before, is_open) = self.minutes[usize::try_from((at - self.first) / MINUTE).unwrap()];
        before + if is_open { at.rem_euclid(MINUTE) } else { 0 }
    }
}

#[derive(Clone)]
struct Row {
    since: i64,
    threshold: i64,
}

#[derive(Clone, Default)]
struct OracleHour {
    crossed: usize,
    cleared: Vec<i64>,
    most: usize,
}

/// Looks at the list at the end of every minute.
#[derive(Clone)]
struct Watcher {
    max_age: i64,
    open: Option<OpenTime>,
    /// When it looked last. `None` means that nothing has been published.
    at: Option<i64>,
    rows: BTreeMap<String, Row>,
    listed: BTreeSet<String>,
    hours: BTreeMap<i64, OracleHour>,
}

impl Watcher {
    fn new(max_age_days: i64, open: Option<OpenTime>) -> Self {
        Self {
            max_age: max_age_days * DAY,
            open,
            at: None,
            rows: BTreeMap::new(),
            listed: BTreeSet::new(),
            hours: BTreeMap::new(),
        }
    }

    fn over(&self, row: &Row, at: i64) -> i64 {
        let age = match &self.open {
            Some(open) => open.before(at) - open.before(row.since.min(at)),
            None => at - row.since,
        };
        age - row.threshold
    }

    fn listed_at(&self, at: i64) -> BTreeSet<String> {
        let is_listed = |row: &Row| row.since <= at && self.over(row, at) >= 0 && at - row.since <= self.max_age;
        let listed = self.rows.iter().filter(|(_, row)| is_listed(row));
        listed.map(|(id, _)| id.clone()).collect()
    }

    /// Looks at the list. It is noted how many rows there are, if `is_noted`.
    fn look(&mut self, at: i64, is_noted: bool) {
        let listed = self.listed_at(at);
        let hour = self.hours.entry(at.div_euclid(HOUR)).or_default();
        hour.crossed += listed.difference(&self.listed).count();
        if is_noted {
            hour.most = hour.most.max(listed.len());
        }
        self.listed = listed;
    }

    fn go_on(&mut self, until: i64, is_noted: bool) {
        let Some(from) = self.at else { return };
        let mut at = from - from.rem_euclid(MINUTE) + MINUTE - 1;
        while at < until {
            if at > from {
                let is_end = (at + 1).rem_euclid(HOUR) == 0;
                self.look(at, is_end);
                if is_end {
                    let most = self.listed.len();
                    self.hours.entry((at + 1).div_euclid(HOUR)).or_default().most = most;
                }
            }
            at += MINUTE;
        }
        self.look(until, is_noted);
        self.at = Some(until);
    }

    /// After a refresh these rows are published. If it has published a version, the list was looked at.
    fn publish(&mut self, at: i64, rows: BTreeMap<String, Row>, has_version: bool) {
        self.go_on(at, has_version);
        let before = std::mem::replace(&mut self.rows, rows);
        let listed = self.listed_at(at);
        let over: Vec<i64> = self
            .listed
            .difference(&listed)
            .map(|id| self.over(&before[id], at))
            .collect();
        let hour = self.hours.entry(at.div_euclid(HOUR)).or_default();
        hour.crossed += listed.difference(&self.listed).count();
        hour.cleared.extend(over);
        if has_version {
            hour.most = hour.most.max(listed.len());
        }
        (self.listed, self.at) = (listed, Some(at));
    }

    /// What the service has to say as of `at`.
    fn expected(&self, at: i64, days: i64) -> Vec<Value> {
        let mut now = self.clone();
        now.go_on(at, true);
        let first = at.div_euclid(HOUR) - 24 * days + 1;
        let hours = now.hours.range(first..);
        hours.map(|(number, hour)| expected_hour(*number, hour)).collect()
    }
}

fn expected_hour(number: i64, hour: &OracleHour) -> Value {
    let mut minutes: Vec<i64> = hour.cleared.iter().map(|over| over / MINUTE).collect();
    minutes.sort_unstable();
    let median = minutes.get(minutes.len().saturating_sub(1) / 2).copied();
    json!({
        "startsAt": instant_text(number * HOUR),
        "crossed": hour.crossed,
        "cleared": minutes.len(),
        "medianMinutesToClear": median.map(rounded),
        "worstMinutesToClear": minutes.last(),
        "mostAtOnce": hour.most,
    })
}

/// The greatest number up to this one that is at most 15, or 8 to 15 doubled some times.
fn rounded(minutes: i64) -> i64 {
    let doubled = (0..40).flat_map(|times| (8..16).map(move |digits: i64| digits << times));
    (0..8).chain(doubled).filter(|number| *number <= minutes).max().unwrap()
}

/// The settings of an organization, for the service and for the oracle.
struct Thresholds {
    body: Value,
}

impl Thresholds {
    fn of(&self, row: &Value) -> i64 {
        let of_department = row["departmentId"]
            .as_str()
            .and_then(|id| self.body["departmentThresholdMinutes"][id].as_i64());
        let channel = row["channelType"].as_str().unwrap().to_lowercase();
        let of_channel = self.body["channelThresholdMinutes"][&channel].as_i64();
        let own = self.body["thresholdMinutes"].as_i64().unwrap_or(5);
        of_department.or(of_channel).unwrap_or(own) * MINUTE
    }

    fn rows(&self, oracle: &Oracle, organization_id: &str, as_of: i64) -> BTreeMap<String, Row> {
        let rows = oracle.rows(organization_id, as_of).into_iter();
        rows.filter(|row| ["ai_stuck", "agent_abandoned"].contains(&row.category.as_str()))
            .map(|row| {
                let threshold = self.of(&serde_json::from_str(&row.json).unwrap());
                let since = row.stalled_since;
                (row.conversation_id, Row { since, threshold })
            })
            .collect()
    }
}

fn of(organization_id: &str) -> ReadAccess {
    access(json!({ "role": "ADMIN", "organizationId": organization_id }))
}

/// Asks an isolate that has nothing in its memory.
fn ask(database: &Sqlite, organization_id: &str, days: i64, now: i64) -> Value {
    let (pages, cache) = (Pages::new(Mood::Empty), RefCell::default());
    let isolate = isolate(database, &pages, &cache);
    let query = format!("days={days}");
    isolate.trend(&of(organization_id), &query, now).unwrap()
}

fn isolate<'a>(
    database: &'a Sqlite,
    pages: &'a Pages,
    cache: &'a RefCell<conversation_monitor::report::cache::IsolateCache>,
) -> Isolate<'a, Sqlite> {
    Isolate {
        database,
        pages,
        cache,
        head_max_age_ms: 0,
    }
}

fn change_settings(database: &Sqlite, organization_id: &str, body: &Value, now: i64) {
    let (pages, cache) = (Pages::new(Mood::Empty), RefCell::default());
    let isolate = isolate(database, &pages, &cache);
    isolate
        .change_settings(&of(organization_id).organization, body, now)
        .unwrap();
}

/// The instant that the version of an organization is as of.
fn published_at(service: &Service, organization_id: &str) -> i64 {
    let sql = "SELECT as_of FROM organization WHERE organization_id = ?1";
    service.database.query_with(sql, &[organization_id])[0][0]
        .parse()
        .unwrap()
}

fn hours_of(data: &Value) -> &[Value] {
    data["hours"].as_array().unwrap()
}

/// Days in which some people write, wait, are passed on and get answers.
struct Days {
    random: Random,
    now: i64,
    messages: usize,
}

impl Days {
    fn conversation(&mut self, id: &str) -> Value {
        let at = instant_text(self.now);
        let channel = ["sms", "EMAIL"][id.len() % 2];
        let mut event = json!({ "type": "conversation", "organizationId": "o", "updatedAt": at, "conversationId": id,
            "contactId": "k", "channelType": channel });
        let department = *self.random.pick(&[None, Some("d1"), Some("d2")]);
        event["departmentId"] = json!(department);
        if self.random.chance(40) {
            event["ownerId"] = json!("u");
            event["assignedAt"] = json!(at);
        }
        if self.random.chance(30) {
            event["resolvedAt"] = json!(at);
        }
        if self.random.chance(10) {
            event["deleted"] = json!(true);
        }
        event
    }

    fn message(&mut self, id: &str) -> Value {
        self.messages += 1;
        // Now and then a help desk is late.
        let age = if self.random.chance(15) {
            self.random.below(600) as i64 * MINUTE
        } else {
            0
        };
        let at = instant_text(self.now - age);
        let is_inbound = self.random.chance(60);
        let mut event = json!({ "type": "message", "organizationId": "o", "updatedAt": at, "conversationId": id,
            "messageId": format!("m{}", self.messages), "at": at });
        event["direction"] = json!(if is_inbound { "inbound" } else { "outbound" });
        event["sender"] = json!(if is_inbound {
            "contact"
        } else {
            *self.random.pick(&["human", "ai"])
        });
        if event["sender"] == "human" {
            event["senderId"] = json!("u");
        }
        event
    }

    fn events(&mut self) -> Vec<Value> {
        let count = self.random.below(4);
        let ids = ["a", "bb", "c", "dd", "e", "ff"];
        let mut events = Vec::new();
        for _ in 0..count {
            let id = *self.random.pick(&ids);
            self.now += self.random.below(40_000) as i64;
            if self.random.chance(45) {
                events.push(self.conversation(id));
            } else {
                events.push(self.message(id));
            }
        }
        events
    }
}

#[test]
fn every_hour_of_random_days_is_what_somebody_saw_who_watched() {
    let (mut crossed, mut cleared, mut hours) = (0, 0, 0);
    for seed in seeds(60) {
        let service = Service::default();
        let mut oracle = Oracle::default();
        let mut days = Days {
            random: Random::new(seed),
            now: NOW,
            messages: 0,
        };
        let directory = json!({ "type": "user", "organizationId": "o", "updatedAt": instant_text(NOW), "userId": "u",
            "fullName": "U" });
        let mut body = json!({ "thresholdMinutes": days.random.below(30) + 1,
            "channelThresholdMinutes": { "email": days.random.below(200) + 1 },
            "departmentThresholdMinutes": { "d1": days.random.below(90) + 1 },
            "maxAgeDays": *days.random.pick(&[1, 2, 30]) });
        let open = days.random.chance(50).then(|| {
            let day = json!([["08:00", "12:30"], ["13:00", "17:15"]]);
            let weekly =
                json!({ "mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": [["00:00", "24:00"]] });
            let zone = *days
                .random
                .pick(&["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"]);
            let hours = json!({ "timeZone": zone, "weekly": weekly });
            body["businessHours"] = hours.clone();
            body["maxAgeDays"] = json!(30);
            OpenTime::new(&hours, NOW - DAY, NOW + 40 * DAY)
        });
        let mut watcher = Watcher::new(body["maxAgeDays"].as_i64().unwrap(), open);
        let thresholds = Thresholds { body };
        block_on(service.ingest(std::slice::from_ref(&directory), NOW)).unwrap();
        oracle.take_in(&[directory]);
        change_settings(&service.database, "o", &thresholds.body, NOW);
        for step in 0..60 {
            let events = days.events();
            if !events.is_empty() {
                block_on(service.ingest(&events, days.now)).unwrap();
                oracle.take_in(&events);
            }
            days.now += match days.random.below(20) {
                0 => 9 * HOUR,
                1..5 => days.random.below(3) as i64 * HOUR,
                _ => days.random.below(40) as i64 * MINUTE,
            };
            days.now += *days.random.pick(&[0, 1, 30_000]);
            if days.random.chance(30) {
                days.now += MINUTE - days.now.rem_euclid(MINUTE);
            }
            block_on(service.refresh(days.now)).unwrap();
            let has_version = published_at(&service, "o") == days.now;
            watcher.publish(days.now, thresholds.rows(&oracle, "o", days.now), has_version);
            let asked = *days.random.pick(&[1, 3, 30]);
            let data = ask(&service.database, "o", asked, days.now);
            let expected = watcher.expected(days.now, asked);
            let found = hours_of(&data);
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(
                    found,
                    expected,
                    "seed {seed}, step {step}, as of {}",
                    instant_text(days.now)
                );
            }
            assert_eq!(found.len(), expected.len(), "seed {seed}, step {step}");
        }
        crossed += watcher.hours.values().map(|hour| hour.crossed).sum::<usize>();
        cleared += watcher.hours.values().map(|hour| hour.cleared.len()).sum::<usize>();
        hours += watcher.hours.len();
        let rows: usize = service.database.query("SELECT count(*) FROM trend")[0][0]
            .parse()
            .unwrap();
        assert!(
            rows < watcher.hours.len(),
            "a row an hour at most, and none for a quiet one"
        );
    }
    println!("{crossed} rows crossed and {cleared} cleared in {hours} hours");
    assert!(cleared > 300 && crossed > cleared, "{crossed}, {cleared}");
}

#[test]
fn every_hour_of_random_histories_is_right() {
    for seed in seeds(25) {
        let options = HistoryOptions {
            now: NOW,
            organizations: 2,
            conversations: 6,
            events: 160,
        };
        let mut history = random_history(seed, &options);
        let mut random = Random::new(seed);
        random.shuffle(&mut history);
        let (service, mut oracle) = (Service::default(), Oracle::default());
        let mut watchers: BTreeMap<String, Watcher> = BTreeMap::new();
        let thresholds = Thresholds { body: json!({}) };
        let mut now = NOW;
        for part in history.chunks(16) {
            block_on(service.ingest(part, now)).unwrap();
            oracle.take_in(part);
            now += random.below(100) as i64 * MINUTE + 1;
            block_on(service.refresh(now)).unwrap();
            for id in oracle.organizations() {
                let watcher = watchers.entry(id.clone()).or_insert_with(|| Watcher::new(30, None));
                let has_version = published_at(&service, &id) == now;
                watcher.publish(now, thresholds.rows(&oracle, &id, now), has_version);
                let is_removed = service.database.query_with(
                    "SELECT 1 FROM record WHERE organization_id = ?1 AND type = 'organization' AND record_id = ?1 AND deleted = 1",
                    &[&id],
                );
                if is_removed.is_empty() {
                    let data = ask(&service.database, &id, 30, now);
                    assert_eq!(
                        hours_of(&data),
                        watcher.expected(now, 30),
                        "seed {seed}, organization {id}"
                    );
                }
            }
        }
    }
}

/// Somebody waits from `NOW` on, and somebody else, until two hours later one of them is answered.
fn two_parts() -> [Vec<Value>; 2] {
    let first = [waiting("o", "a", NOW), waiting("o", "b", NOW + 30 * MINUTE)].concat();
    let mut resolved = waiting("o", "a", NOW)[0].clone();
    resolved["updatedAt"] = json!(instant_text(NOW + 2 * HOUR));
    resolved["resolvedAt"] = resolved["updatedAt"].clone();
    [first, vec![resolved]]
}

#[test]
fn a_refresh_that_stops_at_any_statement_counts_everything_once() {
    let [first, second] = two_parts();
    let thresholds = Thresholds { body: json!({}) };
    let (first_at, stopped_at, again_at) = (NOW + 31 * MINUTE, NOW + 2 * HOUR, NOW + 3 * HOUR + MINUTE);
    let stop = |fault: Fault| {
        let (service, mut oracle) = (Service::default(), Oracle::default());
        let mut watcher = Watcher::new(30, None);
        oracle.take_in(&first);
        block_on(service.ingest(&first, NOW + 30 * MINUTE)).unwrap();
        block_on(service.refresh(first_at)).unwrap();
        watcher.publish(first_at, thresholds.rows(&oracle, "o", first_at), true);
        oracle.take_in(&second);
        block_on(service.ingest(&second, stopped_at)).unwrap();
        service.database.set_fault(Some(fault));
        let outcome = block_on(service.refresh(stopped_at));
        service.database.set_fault(None);
        // It may have published all the same.
        if published_at(&service, "o") == stopped_at {
            watcher.publish(stopped_at, thresholds.rows(&oracle, "o", stopped_at), true);
        }
        block_on(service.refresh(again_at)).unwrap();
        watcher.publish(again_at, thresholds.rows(&oracle, "o", again_at), true);
        let data = ask(&service.database, "o", 1, again_at);
        assert_eq!(hours_of(&data), watcher.expected(again_at, 1), "{fault:?}");
        let cleared: i64 = hours_of(&data)
            .iter()
            .map(|hour| hour["cleared"].as_i64().unwrap())
            .sum();
        assert_eq!(cleared, 1, "{fault:?}");
        outcome.is_err()
    };
    let statements = (0..).take_while(|count| stop(Fault::AfterStatements(*count))).count();
    let batches = (0..).take_while(|count| stop(Fault::AfterBatches(*count))).count();
    assert!(
        statements > 15 && batches > 5,
        "{statements} statements, {batches} batches"
    );
}

#[test]
fn what_a_worker_of_before_publishes_is_missing_and_nothing_is_wrong() {
    let service = Service::default();
    let publish = |events: &[Value], at: i64| {
        block_on(service.ingest(events, at)).unwrap();
        block_on(service.refresh(at)).unwrap();
    };
    let publish_as_before = |events: &[Value], at: i64| {
        let trend = service
            .database
            .query("SELECT coalesce(max(trend), '') FROM organization")[0][0]
            .clone();
        let rows = "CREATE TEMP TABLE IF NOT EXISTS kept AS SELECT * FROM trend; DELETE FROM kept; INSERT INTO kept SELECT * FROM trend";
        service.database.execute(rows);
        publish(events, at);
        service
            .database
            .execute("DELETE FROM trend; INSERT INTO trend SELECT * FROM kept; DROP TABLE kept");
        service
            .database
            .execute(&format!("UPDATE organization SET trend = nullif('{trend}', '')"));
    };
    let start = NOW - NOW.rem_euclid(HOUR);
    // Nothing has been counted when the version comes.
    publish_as_before(&waiting("o", "a", start), start + MINUTE);
    let read = |now: i64| -> Vec<(i64, i64, i64, i64)> {
        let data = ask(&service.database, "o", 1, now);
        let number = |hour: &Value, name: &str| hour[name].as_i64().unwrap();
        let hours = hours_of(&data).iter().map(|hour| {
            let starts_at = hour["startsAt"].as_str().unwrap();
            let starts_at = conversation_monitor::base::timestamp::Timestamp::from_rfc3339(starts_at).unwrap();
            let hour_number = (starts_at.as_milliseconds() - start) / HOUR;
            (
                hour_number,
                number(hour, "crossed"),
                number(hour, "cleared"),
                number(hour, "mostAtOnce"),
            )
        });
        hours.collect()
    };
    // What follows from its list is known nevertheless.
    assert_eq!(read(start + MINUTE), [(0, 0, 0, 0)]);
    publish(&waiting("o", "b", start + 59 * MINUTE), start + HOUR);
    assert_eq!(read(start + HOUR), [(0, 1, 0, 1), (1, 0, 0, 1)]);
    // It publishes in a later hour, and in the same.
    publish_as_before(&waiting("o", "c", start + 3 * HOUR - MINUTE), start + 3 * HOUR);
    publish_as_before(
        &waiting("o", "d", start + 3 * HOUR + MINUTE),
        start + 3 * HOUR + 2 * MINUTE,
    );
    assert_eq!(
        read(start + 3 * HOUR + 2 * MINUTE),
        [(0, 1, 0, 1), (1, 0, 0, 1), (3, 0, 0, 2)]
    );
    let mut resolved = waiting("o", "a", start)[0].clone();
    resolved["updatedAt"] = json!(instant_text(start + 3 * HOUR + 9 * MINUTE));
    resolved["resolvedAt"] = resolved["updatedAt"].clone();
    publish(&[resolved], start + 3 * HOUR + 9 * MINUTE);
    block_on(service.refresh(start + 4 * HOUR)).unwrap();
    // Between one and three o'clock something may have been listed of which nothing is known.
    let expected = [(0, 1, 0, 1), (1, 0, 0, 1), (3, 2, 1, 4), (4, 0, 0, 3)];
    assert_eq!(read(start + 4 * HOUR), expected);
}

#[test]
fn a_quiet_organization_costs_nothing_and_shows_its_last_hours() {
    let service = Service::default();
    block_on(async {
        service.ingest(&waiting("o", "a", NOW), NOW).await.unwrap();
        service.refresh(NOW + MINUTE).await.unwrap();
    });
    let stored = service.database.query("SELECT trend, version FROM organization");
    for hour in 1..40 {
        block_on(service.refresh(NOW + hour * HOUR)).unwrap();
    }
    let now = NOW + 39 * HOUR;
    assert_eq!(
        service.database.query("SELECT trend, version FROM organization"),
        stored
    );
    assert_eq!(service.database.query("SELECT count(*) FROM trend"), [["0"]]);
    let data = ask(&service.database, "o", 2, now);
    let hours = hours_of(&data);
    assert_eq!(hours.len(), 40);
    assert_eq!(hours[0]["crossed"], 1);
    assert!(
        hours[1..]
            .iter()
            .all(|hour| hour["mostAtOnce"] == 1 && hour["crossed"] == 0)
    );
    assert_eq!(data["days"], 2);
    assert_eq!(data["generatedAt"], instant_text(now));
    assert_eq!(hours_of(&ask(&service.database, "o", 1, now)).len(), 24);
}

#[test]
fn an_organization_without_a_snapshot_has_no_hours() {
    let service = Service::default();
    block_on(service.ingest(&waiting("o", "a", NOW), NOW)).unwrap();
    let data = ask(&service.database, "o", 30, NOW);
    let nothing = json!({ "organizationId": "o", "generatedAt": null, "snapshotMissing": true, "stale": false, "days": 30,
        "hours": [] });
    assert_eq!(data, nothing);
}

#[test]
fn a_month_later_each_hour_takes_the_place_of_an_old_one() {
    let service = Service::default();
    let start = NOW - NOW.rem_euclid(HOUR);
    // Something is answered in every hour of 34 days.
    for hour in 0..34 * 24 {
        let at = start + hour * HOUR;
        let mut events = waiting("o", "a", at).to_vec();
        events[1]["messageId"] = json!(format!("m{hour}"));
        block_on(async {
            // It stays resolved for what was before.
            service.ingest(&events[usize::from(hour > 0)..], at).await.unwrap();
            service.refresh(at + 10 * MINUTE).await.unwrap();
            events[0]["resolvedAt"] = json!(instant_text(at + 20 * MINUTE));
            events[0]["updatedAt"] = events[0]["resolvedAt"].clone();
            service.ingest(&events[..1], at + 20 * MINUTE).await.unwrap();
            service.refresh(at + 20 * MINUTE).await.unwrap();
        });
    }
    assert_eq!(service.database.query("SELECT count(*) FROM trend"), [["768"]]);
    let now = start + 34 * DAY - 40 * MINUTE;
    for days in [1, 7, 30] {
        let data = ask(&service.database, "o", days, now);
        let hours = hours_of(&data);
        assert_eq!(hours.len() as i64, 24 * days);
        assert!(
            hours
                .iter()
                .all(|hour| hour["crossed"] == 1 && hour["worstMinutesToClear"] == 15),
            "{days}"
        );
    }
}

#[test]
fn what_a_version_cannot_list_is_not_counted_as_cleared() {
    let service = Service::default();
    let limits = Limits {
        candidates: 2,
        ..Limits::default()
    };
    let publish = |events: &[Value], at: i64| {
        block_on(service.ingest(events, at)).unwrap();
        block_on(service.refresh_within(at, limits)).unwrap();
    };
    publish(
        &[waiting("o", "b", NOW - HOUR), waiting("o", "c", NOW - HOUR)].concat(),
        NOW,
    );
    publish(&waiting("o", "a", NOW - 2 * HOUR), NOW + MINUTE);
    assert_eq!(service.snapshot("o").unwrap().len(), 2);
    let data = ask(&service.database, "o", 1, NOW + MINUTE);
    let last = hours_of(&data).last().unwrap();
    assert_eq!((&last["crossed"], &last["cleared"]), (&json!(2), &json!(0)));
}

#[test]
fn a_list_that_cannot_be_read_clears_nothing() {
    let service = Service::default();
    block_on(async {
        service.ingest(&waiting("o", "a", NOW - HOUR), NOW).await.unwrap();
        service.refresh(NOW).await.unwrap();
        service
            .database
            .execute("UPDATE snapshot_part SET entries = '{}'; UPDATE organization SET list_of = NULL");
        service.refresh(NOW + MINUTE).await.unwrap();
    });
    let data = ask(&service.database, "o", 1, NOW + MINUTE);
    let last = hours_of(&data).last().unwrap();
    assert_eq!(
        [&last["crossed"], &last["cleared"], &last["mostAtOnce"]],
        [&json!(1), &json!(0), &json!(1)]
    );
}

#[test]
fn nothing_is_left_of_a_purged_organization() {
    let service = Service::default();
    let [first, second] = two_parts();
    block_on(async {
        service.ingest(&first, NOW + 30 * MINUTE).await.unwrap();
        service.refresh(NOW + 31 * MINUTE).await.unwrap();
        service.ingest(&second, NOW + 2 * HOUR).await.unwrap();
        service.refresh(NOW + 2 * HOUR).await.unwrap();
    });
    assert_ne!(service.database.query("SELECT count(*) FROM trend"), [["0"]]);
    let removal = json!({ "type": "organization", "organizationId": "o", "updatedAt": instant_text(NOW + 2 * HOUR),
        "deleted": true });
    block_on(service.ingest(&[removal], NOW + 2 * HOUR)).unwrap();
    service.database.execute("UPDATE organization SET purge_at = 1");
    for minute in 1..4 {
        block_on(service.refresh(NOW + 2 * HOUR + minute * MINUTE)).unwrap();
    }
    assert_eq!(service.database.query("SELECT count(*) FROM trend"), [["0"]]);
    let trend: Vec<i64> =
        serde_json::from_str(&service.database.query("SELECT trend FROM organization")[0][0]).unwrap();
    assert_eq!(trend[2..], [0; 5], "what there was before is not counted again");
}
