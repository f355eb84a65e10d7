//! Business hours against an oracle that goes minute by minute, and time zones against a list of their changes.

use crate::support::history::Random;
use crate::support::hours_oracle::HoursOracle;
use crate::support::zones::CrateZones;
use crate::support::{MINUTE, seeds};
use conversation_monitor::base::timestamp::{DAY_MS, Timestamp};
use conversation_monitor::hours::business_hours::BusinessHours;
use conversation_monitor::hours::calendar::Calendar;
use conversation_monitor::hours::time_zone::{Offsets, TimeZones};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;

const HOUR: i64 = 60 * MINUTE;

/// Where clocks change at unusual instants, by unusual amounts, or not at all.
const ZONES: &[&str] = &[
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Pacific/Apia",
    "Pacific/Chatham",
    "America/Santiago",
    "Asia/Beirut",
    "Antarctica/Troll",
    "UTC",
];

fn at(text: &str) -> i64 {
    Timestamp::from_rfc3339(text).expect(text).as_milliseconds()
}

fn instant(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

/// A calendar for instants from `earliest` to `latest`.
fn calendar(hours: &Value, earliest: i64, latest: i64) -> Calendar {
    let hours = BusinessHours::parse(hours).expect("business hours");
    let offsets = Offsets::find(&CrateZones, hours.time_zone(), instant(earliest), instant(latest));
    Calendar::new(Rc::new(hours), &offsets.expect("a time zone"))
}

fn office(zone: &str) -> Value {
    let day = json!([["08:00", "12:30"], ["13:00", "17:00"]]);
    json!({ "timeZone": zone, "weekly": { "mon": day, "tue": day, "wed": day, "thu": day, "fri": day } })
}

/// The calendar and the oracle both say that `minutes` are open from `from` to `until`.
fn check(hours: &Value, from: &str, until: &str, minutes: i64) {
    let (earliest, latest) = (at(from), at(until));
    let counted = calendar(hours, earliest, latest).open_ms(instant(earliest), instant(latest));
    let oracle = HoursOracle::new(hours).open_ms(earliest, latest);
    assert_eq!([counted, oracle], [minutes * MINUTE; 2], "from {from} until {until}");
}

#[test]
fn counts_what_is_open_and_nothing_else() {
    let berlin = office("Europe/Berlin");
    // A Wednesday in summer: 08:00 is 06:00 UTC.
    check(&berlin, "2026-05-20T06:00:00Z", "2026-05-20T06:05:00Z", 5);
    check(&berlin, "2026-05-20T05:00:00Z", "2026-05-20T06:05:00Z", 5);
    check(&berlin, "2026-05-20T10:25:00Z", "2026-05-20T11:05:00Z", 10);
    check(&berlin, "2026-05-20T00:00:00Z", "2026-05-21T00:00:00Z", 510);
    // Friday evening to Monday morning.
    check(&berlin, "2026-05-22T15:00:00Z", "2026-05-25T06:00:00Z", 0);
    check(&berlin, "2026-05-22T14:59:00Z", "2026-05-25T06:01:00Z", 2);
    // A week.
    check(&berlin, "2026-05-18T00:00:00Z", "2026-05-25T00:00:00Z", 5 * 510);
}

#[test]
fn exceptions_replace_the_day_and_closed_dates_have_nothing() {
    let mut hours = office("Europe/Berlin");
    hours["closed"] = json!(["2026-12-25", "2026-12-26", "2027-01-01"]);
    hours["open"] = json!({ "2026-12-24": [["08:00", "12:00"]], "2026-12-27": [["10:00", "11:00"]] });
    check(&hours, "2026-12-23T23:00:00Z", "2026-12-24T23:00:00Z", 240);
    check(&hours, "2026-12-24T23:00:00Z", "2026-12-26T23:00:00Z", 0);
    // A Sunday.
    check(&hours, "2026-12-26T23:00:00Z", "2026-12-27T23:00:00Z", 60);
    check(
        &hours,
        "2026-12-20T23:00:00Z",
        "2027-01-03T23:00:00Z",
        (3 + 4) * 510 + 240 + 60,
    );
}

#[test]
fn an_interval_over_midnight_is_two_and_nothing_is_lost_between_them() {
    let night = json!({ "timeZone": "Europe/Berlin", "weekly": {
        "fri": [["22:00", "24:00"]], "sat": [["00:00", "06:00"]],
    } });
    check(&night, "2026-05-22T00:00:00Z", "2026-05-24T00:00:00Z", 480);
    check(&night, "2026-05-22T21:59:00Z", "2026-05-22T22:01:00Z", 2);
    let always = json!([["00:00", "24:00"]]);
    let always = json!({ "timeZone": "Europe/Berlin", "weekly": { "mon": always, "tue": always, "wed": always, "thu": always,
        "fri": always, "sat": always, "sun": always } });
    check(&always, "2026-03-20T12:34:00Z", "2026-04-03T12:34:00Z", 14 * 24 * 60);
}

#[test]
fn a_change_of_the_clock_is_counted_as_it_is_lived() {
    let sunday = |zone: &str, from: &str, to: &str| json!({ "timeZone": zone, "weekly": { "sun": [[from, to]] } });
    // Berlin, 2026-03-29: 02:00 to 03:00 does not exist. 2026-10-25: it comes twice.
    let berlin = sunday("Europe/Berlin", "01:00", "04:00");
    check(&berlin, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", 120);
    check(&berlin, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", 240);
    let gap = sunday("Europe/Berlin", "02:00", "03:00");
    check(&gap, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", 0);
    check(&gap, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", 120);
    let half = sunday("Europe/Berlin", "02:15", "02:45");
    check(&half, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", 60);
    // Lord Howe's clock changes by half an hour, 2026-04-05 and 2026-10-04.
    let lord_howe = sunday("Australia/Lord_Howe", "01:00", "03:00");
    check(&lord_howe, "2026-04-04T00:00:00Z", "2026-04-06T00:00:00Z", 150);
    check(&lord_howe, "2026-10-03T00:00:00Z", "2026-10-05T00:00:00Z", 90);
    // Beirut's changes at midnight, Apia had no 2011-12-30 at all.
    let beirut = sunday("Asia/Beirut", "00:00", "02:00");
    check(&beirut, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", 60);
    let apia = json!({ "timeZone": "Pacific/Apia", "weekly": { "fri": [["00:00", "24:00"]] } });
    check(&apia, "2011-12-29T00:00:00Z", "2012-01-02T00:00:00Z", 0);
}

#[test]
fn if_nothing_is_open_no_time_passes() {
    let never = json!({ "timeZone": "Asia/Kolkata", "weekly": {} });
    check(&never, "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", 0);
    let (earliest, as_of) = (at("2026-01-01T00:00:00Z"), at("2026-03-01T00:00:00Z"));
    let start = calendar(&never, earliest, as_of).latest_start(instant(as_of), 1);
    assert!(start < instant(earliest));
}

#[test]
fn the_latest_start_is_where_the_last_minute_that_is_missing_begins() {
    let berlin = office("Europe/Berlin");
    let check = |as_of: &str, minutes: i64, expected: &str| {
        let as_of = at(as_of);
        let start = calendar(&berlin, as_of - 30 * DAY_MS, as_of).latest_start(instant(as_of), minutes);
        assert_eq!(start.to_string(), expected, "{minutes} minutes");
        let oracle = HoursOracle::new(&berlin).latest_start(as_of, minutes, as_of - 30 * DAY_MS);
        assert_eq!(start.as_milliseconds(), oracle.unwrap());
    };
    check("2026-05-20T06:05:00.123Z", 5, "2026-05-20T06:00:00.123Z");
    // Whoever wrote after closing time waits from opening time on.
    check("2026-05-20T06:05:00Z", 5, "2026-05-20T06:00:00.000Z");
    check("2026-05-20T06:04:59.999Z", 5, "2026-05-19T14:59:59.999Z");
    // On Sunday, what was over the threshold on Friday evening still is.
    check("2026-05-24T12:00:00Z", 30, "2026-05-22T14:30:00.000Z");
    check("2026-05-20T11:02:00Z", 4, "2026-05-20T10:28:00.000Z");
}

/// Business hours with anything that may be in them.
fn random_hours(random: &mut Random, near: i64) -> Value {
    let time = |minute: usize| format!("{:02}:{:02}", minute / 60, minute % 60);
    let intervals = |random: &mut Random| -> Value {
        if random.chance(10) {
            return json!([["00:00", "24:00"]]);
        }
        let mut minutes = vec![random.below(900)];
        for _ in 0..random.below(7) {
            let step = *random.pick(&[1, 15, 30, 60, 240]);
            minutes.push(minutes[minutes.len() - 1] + step);
        }
        minutes.retain(|minute| *minute <= 1_440);
        let pairs = minutes.chunks_exact(2);
        pairs.map(|pair| json!([time(pair[0]), time(pair[1])])).collect()
    };
    let mut weekly = json!({});
    for day in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] {
        if random.chance(75) {
            weekly[day] = intervals(random);
        }
    }
    let mut closed: Vec<Value> = Vec::new();
    let mut open = json!({});
    for day in -8..8 {
        let date = &instant(near + day * DAY_MS).to_string()[..10];
        match random.below(6) {
            0 => closed.push(json!(date)),
            1 => open[date] = intervals(random),
            _ => {}
        }
    }
    random.shuffle(&mut closed);
    json!({ "timeZone": random.pick(ZONES), "weekly": weekly, "closed": closed, "open": open })
}

/// An instant of 2007 to 2027, often near a change of the clock.
fn random_instant(random: &mut Random, zone: &str) -> i64 {
    let (first, last) = (at("2007-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    let any = |random: &mut Random| first + (random.next_u64() % (last - first) as u64) as i64;
    let instant = any(random);
    if random.chance(40) {
        return instant;
    }
    let changes = changes_of(zone, instant, instant + 400 * DAY_MS);
    let near = changes.first().map_or(instant, |(at, _)| *at);
    near + (random.next_u64() % (8 * HOUR) as u64) as i64 - 4 * HOUR
}

#[test]
fn random_hours_between_random_instants_agree_with_the_oracle() {
    let mut open = 0;
    for seed in seeds(300) {
        let mut random = Random::new(seed);
        let zone = *random.pick(ZONES);
        let as_of = random_instant(&mut random, zone);
        let mut hours = random_hours(&mut random, as_of);
        hours["timeZone"] = json!(zone);
        let span = *random.pick(&[HOUR, DAY_MS, 9 * DAY_MS]);
        let from = as_of - (random.next_u64() % span as u64) as i64;
        let oracle = HoursOracle::new(&hours);
        let expected = oracle.open_ms(from, as_of);
        open += i64::from(expected > 0);
        let earliest = as_of - 10 * DAY_MS;
        let calendar = calendar(&hours, earliest, as_of);
        assert_eq!(
            calendar.open_ms(instant(from), instant(as_of)),
            expected,
            "seed {seed}: {hours} from {from} until {as_of}"
        );
        let most = *random.pick(&[10, 600, 3_000]);
        let minutes = 1 + random.below(most) as i64;
        let start = calendar.latest_start(instant(as_of), minutes);
        let context = format!("seed {seed}: {hours}, {minutes} minutes at {as_of}");
        match oracle.latest_start(as_of, minutes, earliest) {
            Some(expected) => assert_eq!(start.as_milliseconds(), expected, "{context}"),
            None => assert!(start.as_milliseconds() < earliest, "{context}"),
        }
    }
    assert!(open > 35, "only {open} cases have open time");
}

#[test]
fn the_two_directions_are_inverse_and_time_adds_up() {
    for seed in seeds(1_000) {
        let mut random = Random::new(seed);
        let zone = *random.pick(ZONES);
        let as_of = random_instant(&mut random, zone);
        let mut hours = random_hours(&mut random, as_of);
        hours["timeZone"] = json!(zone);
        let earliest = as_of - 60 * DAY_MS;
        let calendar = calendar(&hours, earliest, as_of);
        let between = |from: i64, until: i64| calendar.open_ms(instant(from), instant(until));
        let mut points: Vec<i64> = (0..4)
            .map(|_| earliest + (random.next_u64() % (60 * DAY_MS) as u64) as i64)
            .collect();
        points.sort_unstable();
        let [first, second, third, last] = points[..] else {
            panic!()
        };
        let sum = between(first, second) + between(second, third) + between(third, last);
        assert_eq!(between(first, last), sum, "seed {seed}");
        assert!((0..=last - first).contains(&between(first, last)), "seed {seed}");
        assert_eq!(between(last, first), 0, "seed {seed}: nothing is open backwards");
        let minutes = 1 + random.below(10_080) as i64;
        let start = calendar.latest_start(instant(as_of), minutes).as_milliseconds();
        if start >= earliest {
            assert_eq!(between(start, as_of), minutes * MINUTE, "seed {seed}");
            assert!(between(start + 1, as_of) < minutes * MINUTE, "seed {seed}: the latest");
        } else {
            assert!(between(earliest, as_of) < minutes * MINUTE, "seed {seed}");
        }
        match calendar.earliest_end(instant(first), minutes, instant(as_of)) {
            Some(end) => {
                let end = end.as_milliseconds();
                assert_eq!(between(first, end), minutes * MINUTE, "seed {seed}");
                assert!(between(first, end - 1) < minutes * MINUTE, "seed {seed}: the earliest");
            }
            None => assert!(between(first, as_of) < minutes * MINUTE, "seed {seed}"),
        }
        // Which rows are over the threshold is one comparison of `stalledSince`.
        for point in points {
            let is_over = between(point, as_of) >= minutes * MINUTE;
            assert_eq!(is_over, point <= start, "seed {seed}");
        }
    }
}

/// The changes of a zone's offset after `from` until `until`: when, and the offset from then on in seconds. It goes by
/// six hours, and minute by minute where they differ: no clock changes back sooner, nor within a minute.
fn changes_of(zone: &str, from: i64, until: i64) -> Vec<(i64, i64)> {
    let offset = |at: i64| CrateZones.offset_seconds(zone, instant(at)).unwrap();
    let mut changes = Vec::new();
    let mut before = from;
    let mut offset_before = offset(from);
    while before < until {
        let after = (before + 6 * HOUR).min(until);
        let offset_after = offset(after);
        if offset_after != offset_before {
            let minutes = before / MINUTE + 1..=after / MINUTE;
            let minute = minutes
                .into_iter()
                .find(|minute| offset(minute * MINUTE) != offset_before);
            changes.push((minute.unwrap() * MINUTE, offset_after));
        }
        (before, offset_before) = (after, offset_after);
    }
    changes
}

#[test]
fn bisection_finds_every_change_of_a_clock() {
    let (from, until) = (at("2006-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
    let mut count = 0;
    for zone in ZONES {
        let offsets = Offsets::find(&CrateZones, zone, instant(from), instant(until)).unwrap();
        let found: Vec<(i64, i64)> = offsets
            .changes()
            .map(|(at, seconds)| (at.as_milliseconds(), seconds))
            .collect();
        let expected = changes_of(zone, from, until);
        let within: Vec<(i64, i64)> = found
            .into_iter()
            .filter(|(at, _)| (from + 1..=until).contains(at))
            .collect();
        assert_eq!(within, expected, "{zone}");
        count += expected.len();
    }
    assert!(count > 300, "{count} changes");
}

/// Counts what is asked of the platform.
struct Counting(Cell<usize>);

impl TimeZones for Counting {
    fn offset_seconds(&self, zone: &str, at: Timestamp) -> Option<i64> {
        self.0.set(self.0.get() + 1);
        CrateZones.offset_seconds(zone, at)
    }
}

#[test]
fn an_unknown_zone_is_none_and_a_search_is_bounded_whatever_the_instants() {
    let count = |zone: &str, from: i64, until: i64| {
        let zones = Counting(Cell::new(0));
        let found = Offsets::find(&zones, zone, instant(from), instant(until)).is_some();
        (found, zones.0.get())
    };
    assert_eq!(count("Europe/Atlantis", 0, 0), (false, 1));
    let (found, month) = count("Europe/Berlin", at("2026-05-01T00:00:00Z"), at("2026-06-01T00:00:00Z"));
    assert!(found && month < 200, "{month}");
    for (from, until) in [(i64::MIN, i64::MAX), (i64::MAX, i64::MIN), (0, i64::MAX)] {
        let (found, asked) = count("Europe/Berlin", from, until);
        assert!(found && asked < 20_000, "{asked} for {from} to {until}");
    }
    // Nothing that a cache may return makes the arithmetic fail.
    let calendar = calendar(&office("Europe/Berlin"), i64::MIN, i64::MAX);
    for from in [i64::MIN, -1, 0, i64::MAX] {
        for until in [i64::MIN, -1, 0, i64::MAX] {
            let open = calendar.open_ms(instant(from), instant(until));
            assert!(open >= 0);
            assert!(calendar.latest_start(instant(until), 10_080) <= instant(until.max(0)));
        }
    }
}

/// The changes of 50 zones in 20 years, which the tests on Node compare with those of Intl.
const CHANGES: &str = include_str!("../data/time-zones.json");
/// The zones of the list: large ones, and those in which something unusual happened.
const LISTED_ZONES: [&str; 52] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Johannesburg",
    "Africa/Juba",
    "Africa/Lagos",
    "Africa/Nairobi",
    "Africa/Tripoli",
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Caracas",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Havana",
    "America/Lima",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Phoenix",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Toronto",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Asia/Gaza",
    "Asia/Hong_Kong",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Asia/Singapore",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Asia/Yekaterinburg",
    "Atlantic/Azores",
    "Australia/Adelaide",
    "Australia/Brisbane",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/London",
    "Europe/Moscow",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "UTC",
];

/// The list as the crate has it: for each zone its offset at the beginning of 2007 and each change until 2027.
fn listed_changes() -> String {
    let (from, until) = (at("2007-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    let of_zone = |zone: &&str| {
        let first = CrateZones.offset_seconds(zone, instant(from)).unwrap();
        let changes = [(from, first)].into_iter().chain(changes_of(zone, from, until));
        let changes: Vec<Value> = changes
            .map(|(at, seconds)| json!([instant(at).to_string(), seconds]))
            .collect();
        format!(
            "  {}: {}",
            json!(zone),
            json!(changes).to_string().replace("\",", "\", ").replace("],", "], ")
        )
    };
    let zones: Vec<String> = LISTED_ZONES.iter().map(of_zone).collect();
    format!("{{\n{}\n}}\n", zones.join(",\n"))
}

/// With `TIME_ZONES_FILE` it writes the list to that file instead.
#[test]
fn the_list_of_changes_is_the_crates() {
    let changes = listed_changes();
    match std::env::var("TIME_ZONES_FILE") {
        Ok(file) => std::fs::write(file, changes).unwrap(),
        Err(_) => assert!(
            changes == CHANGES,
            "tests/data/time-zones.json is not what chrono-tz has"
        ),
    }
}
