//! The course of the day against an oracle that goes minute by minute: over random days and histories, of all
//! departments and of some, with business hours, with refreshes that stop at any statement, and beside a worker of
//! before that counts nothing.

use crate::support::desk::{Isolate, Mood, Pages, access};
use crate::support::history::{HistoryOptions, Random, instant_text, random_history};
use crate::support::hours_oracle::HoursOracle;
use crate::support::oracle::Oracle;
use crate::support::service::Service;
use crate::support::sqlite::{Fault, Sqlite};
use crate::support::{MINUTE, NOW, seeds, waiting};
use conversation_monitor::auth::access::ReadAccess;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::refresh::Limits;
use conversation_monitor::snapshot::departments::HOUR_BYTES_MAX;
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
    department: Option<String>,
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
    /// Sees only these. Then a row that passes from one to another is gone, and there is a new one.
    departments: Option<Vec<String>>,
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
            departments: None,
            max_age: max_age_days * DAY,
            open,
            at: None,
            rows: BTreeMap::new(),
            listed: BTreeSet::new(),
            hours: BTreeMap::new(),
        }
    }

    fn of(self, departments: &[&str]) -> Self {
        let departments = Some(departments.iter().map(ToString::to_string).collect());
        Self { departments, ..self }
    }

    /// The rows that it sees.
    fn seen(&self, rows: &BTreeMap<String, Row>) -> BTreeMap<String, Row> {
        let Some(departments) = &self.departments else {
            return rows.clone();
        };
        let seen = rows.iter().filter_map(|(id, row)| {
            let department = row.department.as_ref().filter(|id| departments.contains(id))?;
            Some((format!("{id} in {department}"), row.clone()))
        });
        seen.collect()
    }

    /// Who sees what it sees.
    fn access(&self, organization_id: &str) -> ReadAccess {
        match &self.departments {
            None => of(organization_id),
            Some(ids) => {
                access(json!({ "role": "DEPARTMENT_HEAD", "organizationId": organization_id, "departmentIds": ids }))
            }
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
    fn publish(&mut self, at: i64, rows: &BTreeMap<String, Row>, has_version: bool) {
        self.go_on(at, has_version);
        let seen = self.seen(rows);
        let before = std::mem::replace(&mut self.rows, seen);
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
                let json: Value = serde_json::from_str(&row.json).unwrap();
                let found = Row {
                    since: row.stalled_since,
                    threshold: self.of(&json),
                    department: json["departmentId"].as_str().map(str::to_owned),
                };
                (row.conversation_id, found)
            })
            .collect()
    }
}

fn of(organization_id: &str) -> ReadAccess {
    access(json!({ "role": "ADMIN", "organizationId": organization_id }))
}

/// Asks an isolate that has nothing in its memory.
fn ask(database: &Sqlite, organization_id: &str, days: i64, now: i64) -> Value {
    ask_as(database, &of(organization_id), &format!("days={days}"), now)
}

fn ask_as(database: &Sqlite, access: &ReadAccess, query: &str, now: i64) -> Value {
    let (pages, cache) = (Pages::new(Mood::Empty), RefCell::default());
    isolate(database, &pages, &cache).trend(access, query, now).unwrap()
}

fn head_of(departments: &[&str]) -> ReadAccess {
    access(json!({ "role": "DEPARTMENT_HEAD", "organizationId": "o", "departmentIds": departments }))
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
    let (mut crossed, mut cleared, mut hours, mut of_two) = (0, 0, 0, 0);
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
        let watcher = Watcher::new(body["maxAgeDays"].as_i64().unwrap(), open);
        let some: [&[&str]; 4] = [&["d1"], &["d1", "d2"], &["d2", "no rows"], &[]];
        let mut watchers = vec![watcher.clone()];
        watchers.extend(some.map(|departments| watcher.clone().of(departments)));
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
            let rows = thresholds.rows(&oracle, "o", days.now);
            let asked = *days.random.pick(&[1, 3, 30]);
            for watcher in &mut watchers {
                watcher.publish(days.now, &rows, has_version);
                let access = watcher.access("o");
                let data = ask_as(&service.database, &access, &format!("days={asked}"), days.now);
                let (expected, found) = (watcher.expected(days.now, asked), hours_of(&data));
                for (found, expected) in found.iter().zip(&expected) {
                    assert_eq!(
                        found,
                        expected,
                        "seed {seed}, step {step}, as of {}, {:?}",
                        instant_text(days.now),
                        watcher.departments
                    );
                }
                assert_eq!(found.len(), expected.len(), "seed {seed}, step {step}");
            }
        }
        let watcher = &watchers[0];
        of_two += watchers[2].hours.values().map(|hour| hour.crossed).sum::<usize>();
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
    println!("{crossed} rows crossed and {cleared} cleared in {hours} hours; {of_two} crossed in two departments");
    assert!(
        cleared > 130 && crossed > cleared && of_two > 130,
        "{crossed}, {cleared}, {of_two}"
    );
}

#[test]
fn every_hour_of_random_histories_is_right() {
    let mut of_departments = 0;
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
        let mut watchers: BTreeMap<String, Vec<Watcher>> = BTreeMap::new();
        let thresholds = Thresholds { body: json!({}) };
        let departments: BTreeSet<&str> = history
            .iter()
            .filter_map(|event| event["departmentId"].as_str())
            .collect();
        let departments: Vec<&str> = departments.into_iter().collect();
        // Some that are next to each other.
        let some = random.below(departments.len())..departments.len();
        let mut now = NOW;
        for part in history.chunks(16) {
            block_on(service.ingest(part, now)).unwrap();
            oracle.take_in(part);
            now += random.below(100) as i64 * MINUTE + 1;
            block_on(service.refresh(now)).unwrap();
            for id in oracle.organizations() {
                let all = Watcher::new(30, None);
                let of_some = all.clone().of(&departments[some.clone()]);
                let watchers = watchers.entry(id.clone()).or_insert_with(|| vec![all, of_some]);
                let has_version = published_at(&service, &id) == now;
                let is_removed = service.database.query_with(
                    "SELECT 1 FROM record WHERE organization_id = ?1 AND type = 'organization' AND record_id = ?1 AND deleted = 1",
                    &[&id],
                );
                for watcher in watchers {
                    watcher.publish(now, &thresholds.rows(&oracle, &id, now), has_version);
                    if is_removed.is_empty() {
                        let data = ask_as(&service.database, &watcher.access(&id), "days=30", now);
                        let (found, expected) = (hours_of(&data), watcher.expected(now, 30));
                        assert_eq!(
                            found, expected,
                            "seed {seed}, organization {id}, {:?}",
                            watcher.departments
                        );
                        of_departments += usize::from(watcher.departments.is_some() && watcher.hours.len() > 1);
                    }
                }
            }
        }
    }
    assert!(of_departments > 100, "{of_departments}");
}

/// Somebody waits in a department.
fn waiting_in(department: &str, id: &str, at: i64) -> [Value; 2] {
    let mut events = waiting("o", id, at);
    events[0]["departmentId"] = json!(department);
    events
}

fn resolved(mut conversation: Value, at: i64) -> Value {
    conversation["updatedAt"] = json!(instant_text(at));
    conversation["resolvedAt"] = conversation["updatedAt"].clone();
    conversation
}

/// Somebody waits from `NOW` on, and somebody else, until two hours later one of them is answered.
fn two_parts() -> [Vec<Value>; 2] {
    let first = [waiting_in("d", "a", NOW), waiting("o", "b", NOW + 30 * MINUTE)].concat();
    let end = resolved(waiting_in("d", "a", NOW)[0].clone(), NOW + 2 * HOUR);
    [first, vec![end]]
}

fn publish(service: &Service, events: &[Value], at: i64) {
    block_on(async {
        service.ingest_all(events, at).await;
        service.refresh(at).await.unwrap();
    });
}

#[test]
fn a_refresh_that_stops_at_any_statement_counts_everything_once() {
    let [first, second] = two_parts();
    let thresholds = Thresholds { body: json!({}) };
    let (first_at, stopped_at, again_at) = (NOW + 31 * MINUTE, NOW + 2 * HOUR, NOW + 3 * HOUR + MINUTE);
    let stop = |fault: Fault| {
        let (service, mut oracle) = (Service::default(), Oracle::default());
        let all = Watcher::new(30, None);
        let mut watchers = [all.clone(), all.clone().of(&["d"]), all.of(&["e"])];
        let mut watch = |oracle: &Oracle, at: i64| {
            for watcher in &mut watchers {
                watcher.publish(at, &thresholds.rows(oracle, "o", at), true);
            }
        };
        oracle.take_in(&first);
        block_on(service.ingest(&first, NOW + 30 * MINUTE)).unwrap();
        block_on(service.refresh(first_at)).unwrap();
        watch(&oracle, first_at);
        oracle.take_in(&second);
        block_on(service.ingest(&second, stopped_at)).unwrap();
        service.database.set_fault(Some(fault));
        let outcome = block_on(service.refresh(stopped_at));
        service.database.set_fault(None);
        // It may have published all the same.
        if published_at(&service, "o") == stopped_at {
            watch(&oracle, stopped_at);
        }
        block_on(service.refresh(again_at)).unwrap();
        watch(&oracle, again_at);
        for (watcher, cleared) in watchers.iter().zip([1, 1, 0]) {
            let data = ask_as(&service.database, &watcher.access("o"), "days=1", again_at);
            assert_eq!(hours_of(&data), watcher.expected(again_at, 1), "{fault:?}");
            let found = hours_of(&data).iter().map(|hour| hour["cleared"].as_i64().unwrap());
            assert_eq!(found.sum::<i64>(), cleared, "{fault:?}");
        }
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
            let starts_at = Timestamp::from_rfc3339(starts_at).unwrap();
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
        let mut events = waiting_in("d", "a", at);
        events[1]["messageId"] = json!(format!("m{hour}"));
        block_on(async {
            // It stays resolved for what was before.
            service.ingest(&events[usize::from(hour > 0)..], at).await.unwrap();
            service.refresh(at + 10 * MINUTE).await.unwrap();
            let end = resolved(events[0].clone(), at + 20 * MINUTE);
            service.ingest(&[end], at + 20 * MINUTE).await.unwrap();
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
        // The more departments there are, the fewer hours are read at a time.
        for count in [1, 2, 5, 40] {
            let mut ids: Vec<String> = (1..count).map(|number| format!("d{number}")).collect();
            ids.push("d".to_owned());
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let (_, before) = service.database.counts();
            let of_departments = ask_as(&service.database, &head_of(&ids), &format!("days={days}"), now);
            assert_eq!(hours_of(&of_departments), hours, "{count} departments, {days} days");
            let trips = service.database.counts().1 - before;
            let portions = (24 * days as u64).div_ceil(720 / count.min(12));
            assert_eq!(trips, 1 + portions, "{count} departments, {days} days");
        }
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
    let departments = "SELECT coalesce(trend_departments, '') LIKE '%\"d\"%' FROM organization";
    assert_eq!(service.database.query(departments), [["0"]]);
}

#[test]
fn a_department_is_chosen_or_ignored_as_in_the_report() {
    let service = Service::default();
    let rows = [("d1", 1), ("d2", 2), ("d3", 3)];
    let waiting = rows.iter().flat_map(|(department, count)| {
        (0..*count).flat_map(move |number| waiting_in(department, &format!("{department} {number}"), NOW - HOUR))
    });
    publish(&service, &waiting.collect::<Vec<_>>(), NOW);
    let most = |access: &ReadAccess, query: &str| {
        let data = ask_as(&service.database, access, query, NOW);
        let hours = hours_of(&data);
        assert_eq!(hours.len(), 1, "{query}");
        assert_eq!(hours[0]["crossed"], hours[0]["mostAtOnce"], "{query}");
        hours[0]["mostAtOnce"].as_i64().unwrap()
    };
    let admin = of("o");
    assert_eq!(most(&admin, ""), 6);
    assert_eq!(most(&admin, "departmentId=d3"), 3);
    assert_eq!(most(&admin, "departmentId=unknown"), 0);
    let head = head_of(&["d1", "d2"]);
    assert_eq!(most(&head, ""), 3);
    assert_eq!(most(&head, "departmentId=d2"), 2);
    assert_eq!(most(&head, "departmentId=d3"), 3, "not one of theirs");
    assert_eq!(most(&head_of(&[]), ""), 0);
    assert_eq!(most(&head_of(&[]), "departmentId=d1"), 0);
    // An id may have any characters.
    let id = "\"],[\\\"d1\\%é";
    publish(&service, &waiting_in(id, "odd", NOW - HOUR), NOW + MINUTE);
    let data = ask_as(&service.database, &head_of(&[id]), "", NOW + MINUTE);
    assert_eq!(hours_of(&data)[0]["crossed"], 1);
}

/// The hours that the head of a department sees: how long after `start`, and how many were listed at most.
fn seen(service: &Service, department: &str, start: i64, now: i64) -> Vec<(i64, i64)> {
    let data = ask_as(&service.database, &head_of(&[department]), "", now);
    let hours = hours_of(&data).iter().map(|hour| {
        let starts_at = Timestamp::from_rfc3339(hour["startsAt"].as_str().unwrap()).unwrap();
        let number = (starts_at.as_milliseconds() - start) / HOUR;
        (number, hour["mostAtOnce"].as_i64().unwrap())
    });
    hours.collect()
}

#[test]
fn what_a_worker_publishes_that_does_not_tell_departments_apart_is_unknown() {
    let start = NOW - NOW.rem_euclid(HOUR);
    let service = Service::default();
    // It writes the course of all departments, and leaves that by department as it is.
    let publish_as_before = |events: &[Value], at: i64| {
        let kept = |column: &str| {
            service
                .database
                .query(&format!("SELECT max({column}) FROM organization"))[0][0]
                .clone()
        };
        let (departments, version) = (kept("trend_departments"), kept("trend_departments_of"));
        let hour = service.database.query("SELECT coalesce(max(hour), 0) FROM trend")[0][0].clone();
        publish(&service, events, at);
        // As if its rows had taken the places of some that are 32 days old.
        service.database.execute(&format!(
            "UPDATE trend SET departments = '[[\"d\",[9,9,9,0]]]', departments_of = hour - 768 WHERE hour > {hour}"
        ));
        service.database.execute(&format!(
            "UPDATE organization SET trend_departments = nullif('{departments}', 'null'), trend_departments_of = {version}"
        ));
    };
    let seen = |now: i64| seen(&service, "d", start, now);
    publish_as_before(&waiting_in("d", "a", start), start + 10 * MINUTE);
    assert_eq!(seen(start + 10 * MINUTE), []);
    // The hours that have begun since are known from the list.
    block_on(service.refresh(start + 2 * HOUR)).unwrap();
    assert_eq!(seen(start + 2 * HOUR), [(1, 1), (2, 1)]);
    publish(
        &service,
        &waiting_in("d", "b", start + 2 * HOUR),
        start + 2 * HOUR + 10 * MINUTE,
    );
    assert_eq!(seen(start + 2 * HOUR + 10 * MINUTE), [(1, 1), (2, 2)]);
    // In the same hour comes another version, and then one that tells departments apart.
    publish_as_before(&waiting_in("d", "c", start + 2 * HOUR), start + 2 * HOUR + 20 * MINUTE);
    assert_eq!(seen(start + 2 * HOUR + 20 * MINUTE), []);
    publish(
        &service,
        &waiting_in("d", "e", start + 2 * HOUR),
        start + 2 * HOUR + 30 * MINUTE,
    );
    assert_eq!(seen(start + 2 * HOUR + 30 * MINUTE), []);
    publish(
        &service,
        &waiting_in("d", "f", start + 3 * HOUR),
        start + 4 * HOUR + MINUTE,
    );
    assert_eq!(seen(start + 4 * HOUR + MINUTE), [(3, 4), (4, 5)]);
    // Now it ends an hour, with a quiet one before it.
    publish_as_before(&waiting_in("d", "g", start + 4 * HOUR), start + 5 * HOUR + MINUTE);
    assert_eq!(seen(start + 5 * HOUR + MINUTE), []);
    publish(
        &service,
        &waiting_in("d", "h", start + 5 * HOUR),
        start + 6 * HOUR + MINUTE,
    );
    assert_eq!(seen(start + 6 * HOUR + MINUTE), [(6, 7)]);
    // For all departments every hour is known.
    let all = ask(&service.database, "o", 1, start + 6 * HOUR + MINUTE);
    assert_eq!(hours_of(&all).len(), 7);
}

#[test]
fn an_hour_with_too_many_departments_is_unknown_to_their_heads_and_to_nobody_else() {
    let start = NOW - NOW.rem_euclid(HOUR);
    let service = Service::default();
    // Each takes some 290 bytes.
    let id = |number: usize| format!("{number:0>3}{}", "é".repeat(125));
    let events = |numbers: std::ops::Range<usize>, at: i64| -> Vec<Value> {
        numbers
            .flat_map(|number| waiting_in(&id(number), &number.to_string(), at))
            .collect()
    };
    let stored = || {
        let rows = service.database.query(
            "SELECT coalesce(max(length(CAST(trend_departments AS BLOB))), 0),
                    (SELECT coalesce(max(length(CAST(departments AS BLOB))), 0) FROM trend) FROM organization",
        );
        [0, 1].map(|column| rows[0][column].parse::<usize>().unwrap())
    };
    publish(&service, &events(0..200, start), start + 10 * MINUTE);
    let [of_200, _] = stored();
    assert!((50_000..HOUR_BYTES_MAX).contains(&of_200), "{of_200}");
    publish(&service, &events(200..300, start), start + 20 * MINUTE);
    assert_eq!(stored(), [0, 0]);
    assert_eq!(seen(&service, &id(7), start, start + 20 * MINUTE), []);
    // Most go, but in this hour they were there.
    let end: Vec<Value> = events(10..300, start)
        .into_iter()
        .filter(|event| event["type"] == "conversation")
        .map(|conversation| resolved(conversation, start + 30 * MINUTE))
        .collect();
    publish(&service, &end, start + 30 * MINUTE);
    assert_eq!(stored(), [0, 0]);
    publish(&service, &events(300..301, start + 90 * MINUTE), start + 2 * HOUR);
    assert_eq!(seen(&service, &id(7), start, start + 2 * HOUR), [(1, 1), (2, 1)]);
    let data = ask(&service.database, "o", 1, start + 2 * HOUR);
    let numbers = |name: &str| -> Vec<i64> {
        hours_of(&data)
            .iter()
            .map(|hour| hour[name].as_i64().unwrap())
            .collect()
    };
    assert_eq!(numbers("mostAtOnce"), [300, 10, 11]);
    assert_eq!(numbers("cleared"), [290, 0, 0]);
}

#[test]
fn as_many_departments_and_rows_as_there_may_be_are_published() {
    const ROWS: usize = 10_000;
    for (departments, is_known) in [(ROWS, false), (1, true)] {
        let service = Service::default();
        let rows = |time: usize, at: i64| -> Vec<Value> {
            let row =
                |number: usize| waiting_in(&format!("d{}", number % departments), &format!("{time} {number}"), at);
            (0..ROWS).flat_map(row).collect()
        };
        publish(&service, &rows(0, NOW - HOUR), NOW);
        publish(&service, &rows(1, NOW + HOUR), NOW + 2 * HOUR);
        let stored = service
            .database
            .query("SELECT trend_departments IS NULL, length(trend) < 200 FROM organization");
        assert_eq!(stored, [[if is_known { "0" } else { "1" }, "1"]]);
        let data = ask_as(&service.database, &head_of(&["d0"]), "", NOW + 2 * HOUR);
        let hours: Vec<i64> = hours_of(&data)
            .iter()
            .map(|hour| hour["mostAtOnce"].as_i64().unwrap())
            .collect();
        let rows = ROWS as i64;
        assert_eq!(hours, if is_known { vec![rows, rows, 2 * rows] } else { vec![] });
    }
}
