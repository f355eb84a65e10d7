//! Business hours as an organization sets them: by weekday, with exceptions by date.

use crate::base::strict_json::Object;
use crate::base::timestamp::{DAY_MS, MINUTE_MS, Timestamp};
use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// The most intervals of a day.
pub const INTERVALS_MAX: usize = 10;
/// The most dates with other hours than their weekday, those that are closed included.
pub const DATES_MAX: usize = 1_000;
/// The most characters of the name of a time zone.
const ZONE_CHARACTERS_MAX: usize = 64;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Days from 0001-01-01, which chrono counts as 1, to 1970-01-01.
const DAYS_TO_1970: i64 = 719_163;
/// 1970-01-01 was a Thursday.
const WEEKDAY_OF_1970: i64 = 3;
const MINUTES_OF_DAY: i64 = 24 * 60;
const MEMBERS: [&str; 4] = ["timeZone", "weekly", "closed", "open"];

/// A part of a day, in minutes since it began: from the first to before the second.
type Interval = (i64, i64);

/// Business hours: when an organization works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessHours {
    /// As they were set.
    json: Value,
    time_zone: String,
    /// The intervals of each weekday, from Monday on.
    week: Vec<Vec<Interval>>,
    /// The dates with other intervals; ascending.
    exceptions: Vec<Exception>,
    bytes: usize,
}

/// A date with other intervals than its weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    /// Days since 1970-01-01.
    day: i64,
    intervals: Vec<Interval>,
    /// By how much this date and all exceptions before it are open for longer than their weekdays, in minutes.
    longer_minutes: i64,
}

impl BusinessHours {
    /// Reads the setting.
    ///
    /// # Errors
    /// A sentence that says which member is wrong, and what it takes.
    pub fn parse(json: &Value) -> Result<Self, String> {
        let members = json.as_object();
        let members = members.filter(|members| members.keys().all(|name| MEMBERS.contains(&name.as_str())));
        let members = members.ok_or_else(|| {
            "businessHours must be null, or an object with timeZone, weekly and, if there are exceptions, closed and open."
                .to_owned()
        })?;
        let time_zone = members
            .get("timeZone")
            .and_then(Value::as_str)
            .filter(|name| is_zone_name(name));
        let time_zone = time_zone.ok_or_else(|| {
            "businessHours.timeZone must be the name of a time zone, such as \"Europe/Berlin\".".to_owned()
        })?;
        let weekly = members.get("weekly").and_then(Value::as_object);
        let weekly = weekly.filter(|weekly| weekly.keys().all(|day| WEEKDAYS.contains(&day.as_str())));
        let weekly = weekly.ok_or_else(|| {
            "businessHours.weekly must be an object with some of mon, tue, wed, thu, fri, sat and sun. A day that is left out \
             is closed."
                .to_owned()
        })?;
        let mut hours = Self {
            json: json.clone(),
            time_zone: time_zone.to_owned(),
            week: Vec::new(),
            exceptions: Vec::new(),
            bytes: json.to_string().len() * BYTES_PER_CHARACTER,
        };
        for day in WEEKDAYS {
            let intervals = weekly
                .get(day)
                .map(|value| intervals(value, "weekly", day))
                .transpose()?;
            hours.week.push(intervals.unwrap_or_default());
        }
        hours.read_exceptions(members)?;
        Ok(hours)
    }

    fn read_exceptions(&mut self, members: &Object) -> Result<(), String> {
        let wrong_dates = |name: &str| {
            format!(
                "businessHours.{name} must be {}, and no more than {DATES_MAX} dates may be in closed and open together.",
                if name == "closed" {
                    "an array of dates such as \"2026-12-25\""
                } else {
                    "an object of dates and their intervals, such as {\"2026-12-24\":[[\"08:00\",\"12:00\"]]}"
                }
            )
        };
        let present = |name: &str| members.get(name).filter(|value| !value.is_null());
        let mut dates: Vec<(&str, Vec<Interval>)> = Vec::new();
        if let Some(closed) = present("closed") {
            let closed = closed.as_array().filter(|closed| closed.len() <= DATES_MAX);
            for date in closed.ok_or_else(|| wrong_dates("closed"))? {
                dates.push((date.as_str().ok_or_else(|| wrong_dates("closed"))?, Vec::new()));
            }
        }
        if let Some(open) = present("open") {
            let open = open.as_object().filter(|open| open.len() + dates.len() <= DATES_MAX);
            for (date, value) in open.ok_or_else(|| wrong_dates("open"))? {
                day_of(date).ok_or_else(|| wrong_dates("open"))?;
                dates.push((date, intervals(value, "open", date)?));
            }
        }
        for (date, intervals) in dates {
            self.exceptions.push(Exception {
                day: day_of(date).ok_or_else(|| wrong_dates("closed"))?,
                intervals,
                longer_minutes: 0,
            });
        }
        self.exceptions.sort_unstable_by_key(|exception| exception.day);
        if !self.exceptions.is_sorted_by(|date, next| date.day < next.day) {
            return Err("businessHours has a date twice. Each date may be once in closed or in open.".to_owned());
        }
        let mut longer_minutes = 0;
        for exception in &mut self.exceptions {
            let regular = self
                .week
                .get(weekday_of(exception.day))
                .map_or(0, |day| minutes_before(day, MINUTES_OF_DAY));
            longer_minutes += minutes_before(&exception.intervals, MINUTES_OF_DAY) - regular;
            exception.longer_minutes = longer_minutes;
        }
        Ok(())
    }

    /// The name of their time zone. The platform may not know it.
    #[must_use]
    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }

    /// About how many bytes of memory they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The open time before a local time, in milliseconds, counted from 1970. `local` is a local time as if it were
    /// UTC.
    pub(super) fn open_before(&self, local: Timestamp) -> i64 {
        let day = local.as_milliseconds().div_euclid(DAY_MS);
        let since_midnight = local.as_milliseconds().rem_euclid(DAY_MS);
        let next = self.exceptions.partition_point(|exception| exception.day < day);
        let before = next.checked_sub(1).and_then(|last| self.exceptions.get(last));
        let longer_minutes = before.map_or(0, |exception| exception.longer_minutes);
        let exception = self.exceptions.get(next).filter(|exception| exception.day == day);
        let intervals = exception.map_or_else(|| self.regular(day), |exception| &exception.intervals);
        let days_minutes = self.regular_minutes_before(day).saturating_add(longer_minutes);
        let today_ms: i64 = intervals
            .iter()
            .map(|(from, to)| since_midnight.clamp(from * MINUTE_MS, to * MINUTE_MS) - from * MINUTE_MS)
            .sum();
        days_minutes.saturating_mul(MINUTE_MS).saturating_add(today_ms)
    }

    /// The least open time that any time of so many days has in weeks without exceptions and changes of the clock, in
    /// minutes.
    #[must_use]
    pub fn least_open_minutes(&self, days: i64) -> i64 {
        // Between the beginnings and ends of intervals it changes evenly, so the least is at one of these, or so many
        // days before.
        let mut least = i64::MAX;
        for weekday in 0..7 {
            let intervals = self.regular(weekday).iter();
            for minute in intervals.flat_map(|(from, to)| [*from, *to]).chain([0]) {
                for day in [weekday, weekday - days] {
                    let open = self.regular_minutes_until(day + days, minute) - self.regular_minutes_until(day, minute);
                    least = least.min(open);
                }
            }
        }
        least
    }

    /// The regular intervals of a day.
    fn regular(&self, day: i64) -> &[Interval] {
        self.week.get(weekday_of(day)).map_or(&[], Vec::as_slice)
    }

    /// The open minutes of the days from 1970 to before `day`, without exceptions; negative if `day` is earlier.
    fn regular_minutes_before(&self, day: i64) -> i64 {
        let minutes_of = |day: i64| minutes_before(self.regular(day), MINUTES_OF_DAY);
        let week: i64 = (0..7).map(minutes_of).sum();
        let rest: i64 = (0..day.rem_euclid(7)).map(minutes_of).sum();
        day.div_euclid(7).saturating_mul(week).saturating_add(rest)
    }

    fn regular_minutes_until(&self, day: i64, minute: i64) -> i64 {
        self.regular_minutes_before(day) + minutes_before(self.regular(day), minute)
    }
}

/// What a character of the setting takes in memory, about: as a JSON value, and as what is read from it.
const BYTES_PER_CHARACTER: usize = 10;

impl Serialize for BusinessHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

/// The minutes of intervals before a minute of their day.
fn minutes_before(intervals: &[Interval], minute: i64) -> i64 {
    intervals.iter().map(|(from, to)| minute.clamp(*from, *to) - from).sum()
}

/// The index of a day's weekday, from Monday on.
fn weekday_of(day: i64) -> usize {
    usize::try_from((day.rem_euclid(7) + WEEKDAY_OF_1970) % 7).unwrap_or_default()
}

/// Whether a text looks like the name of a time zone, and not like an offset.
fn is_zone_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+');
    (1..=ZONE_CHARACTERS_MAX).contains(&name.len())
        && name.bytes().all(is_allowed)
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
}

/// The intervals of a day. `list` and `day` say where they are.
fn intervals(value: &Value, list: &str, day: &str) -> Result<Vec<Interval>, String> {
    let read = |value: &Value| -> Option<Vec<Interval>> {
        let list = value.as_array().filter(|list| list.len() <= INTERVALS_MAX)?;
        let mut intervals = Vec::new();
        let mut end = 0;
        for value in list {
            let [from, to] = value.as_array()?.as_slice() else {
                return None;
            };
            let (from, to) = (minute_of(from.as_str()?)?, minute_of(to.as_str()?)?);
            if from < end || to <= from {
                return None;
            }
            end = to;
            intervals.push((from, to));
        }
        Some(intervals)
    };
    read(value).ok_or_else(|| {
        format!(
            "businessHours.{list}.{day} must be an array of at most {INTERVALS_MAX} intervals such as [\"08:00\",\"12:30\"], \
             each with a later end and none before the end of the previous one, from \"00:00\" to \"24:00\". An interval over \
             midnight is two, one for each day."
        )
    })
}

/// The minute of a time such as `08:30`, since midnight. `24:00` is the end of a day.
fn minute_of(time: &str) -> Option<i64> {
    let (hour, minute) = time.split_once(':')?;
    let minute = number(hour, 2)? * 60 + number(minute, 2).filter(|minute| *minute < 60)?;
    (minute <= MINUTES_OF_DAY).then_some(minute)
}

/// The day of a date such as `2026-12-25`, since 1970-01-01.
fn day_of(date: &str) -> Option<i64> {
    let (year, rest) = date.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let part = |text: &str| u32::try_from(number(text, 2)?).ok();
    let year = i32::try_from(number(year, 4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, part(month)?, part(day)?)?;
    Some(i64::from(chrono::Datelike::num_days_from_ce(&date)) - DAYS_TO_1970)
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::BusinessHours;
    use serde_json::{Value, json};

    /// What is wrong with business hours. An empty text means that nothing is.
    fn problem(hours: &Value) -> String {
        BusinessHours::parse(hours).err().unwrap_or_default()
    }

    fn check(hours: Value, beginning: &str) {
        let problem = problem(&hours);
        assert!(problem.starts_with(beginning), "{hours}: {problem}");
        assert_eq!(problem.is_empty(), beginning.is_empty(), "{hours}: {problem}");
        assert!(problem.is_empty() || problem.ends_with('.'));
    }

    fn with(member: &str, value: Value) -> Value {
        let mut hours = json!({ "timeZone": "Europe/Berlin", "weekly": { "mon": [["08:00", "17:00"]] } });
        hours[member] = value;
        hours
    }

    #[test]
    fn says_which_member_is_wrong() {
        check(with("closed", json!([])), "");
        for hours in [json!(5), json!([]), json!("x"), with("holidays", json!([]))] {
            check(hours, "businessHours must be");
        }
        for zone in ["", "+05:30", "Europe/Bérlin", "Europe Berlin", &"x".repeat(65)] {
            check(with("timeZone", json!(zone)), "businessHours.timeZone must be");
        }
        check(with("timeZone", Value::Null), "businessHours.timeZone must be");
        check(with("timeZone", json!("Etc/GMT+5")), "");
        for weekly in [Value::Null, json!([]), json!({ "Mon": [] }), json!({ "monday": [] })] {
            check(with("weekly", weekly), "businessHours.weekly must be");
        }
        check(with("closed", json!({})), "businessHours.closed must be");
        check(with("open", json!([])), "businessHours.open must be");
        check(with("closed", Value::Null), "");
        check(with("closed", json!([20_261_225])), "businessHours.closed must be");
        for date in [
            "2026-02-29",
            "2026-13-01",
            "26-01-01",
            "2026-1-1",
            "2026-01-01T00:00",
            "+2026-01-01",
            "",
        ] {
            check(with("closed", json!([date])), "businessHours.closed must be");
            check(with("open", json!({ date: [] })), "businessHours.open must be");
        }
        check(with("closed", json!(["2028-02-29"])), "");
        check(
            with("closed", json!(["2026-12-25", "2026-12-25"])),
            "businessHours has a date twice",
        );
        let mut both = with("closed", json!(["2026-12-25"]));
        both["open"] = json!({ "2026-12-25": [] });
        check(both, "businessHours has a date twice");
    }

    #[test]
    fn takes_intervals_in_order_within_a_day() {
        for good in [
            json!([]),
            json!([["00:00", "24:00"]]),
            json!([["08:00", "12:30"], ["12:30", "17:00"], ["23:59", "24:00"]]),
        ] {
            check(with("weekly", json!({ "sun": good })), "");
            check(with("open", json!({ "2026-12-24": good })), "");
        }
        for bad in [
            Value::Null,
            json!(["08:00", "12:30"]),
            json!([["08:00"]]),
            json!([["08:00", "12:30", "13:00"]]),
            json!([["08:00", "08:00"]]),
            json!([["22:00", "06:00"]]),
            json!([["08:00", "12:30"], ["12:29", "17:00"]]),
            json!([["08:00", "24:01"]]),
            json!([["08:00", "25:00"]]),
            json!([["08:60", "12:00"]]),
            json!([["8:00", "12:00"]]),
            json!([["08:00:00", "12:00:00"]]),
            json!([["+8:00", "12:00"]]),
            json!([[480, 720]]),
        ] {
            check(
                with("weekly", json!({ "sun": bad })),
                "businessHours.weekly.sun must be",
            );
            check(
                with("open", json!({ "2026-12-24": bad })),
                "businessHours.open.2026-12-24 must be",
            );
        }
        let many = |count: usize| -> Value {
            let interval = |number: usize| json!([format!("{number:02}:00"), format!("{number:02}:30")]);
            (0..count).map(interval).collect()
        };
        check(with("weekly", json!({ "sun": many(10) })), "");
        check(
            with("weekly", json!({ "sun": many(11) })),
            "businessHours.weekly.sun must be",
        );
    }

    #[test]
    fn takes_so_many_dates() {
        let date = |number: usize| format!("{}-01-01", 2_000 + number);
        let closed = |count: usize| -> Value { (0..count).map(|number| json!(date(number))).collect() };
        check(with("closed", closed(1_000)), "");
        check(with("closed", closed(1_001)), "businessHours.closed must be");
        let mut hours = with("closed", closed(999));
        hours["open"] = json!({ date(999): [] });
        check(hours.clone(), "");
        hours["open"][date(1_000)] = json!([]);
        check(hours, "businessHours.open must be");
    }

    #[test]
    fn knows_the_least_open_time_of_so_many_days() {
        let check = |weekly: Value, days: i64, minutes: i64| {
            let hours = BusinessHours::parse(&with("weekly", weekly.clone())).unwrap();
            assert_eq!(hours.least_open_minutes(days), minutes, "{weekly} in {days} days");
        };
        let day = json!([["09:00", "17:00"]]);
        let office = json!({ "mon": day, "tue": day, "wed": day, "thu": day, "fri": day });
        // From Friday evening on.
        check(office.clone(), 1, 0);
        check(office.clone(), 2, 0);
        check(office.clone(), 3, 480);
        check(office.clone(), 7, 2_400);
        check(office.clone(), 9, 2_400);
        check(office, 30, 4 * 2_400);
        check(json!({}), 3_650, 0);
        // From one o'clock on a Monday, the six days after it have nothing.
        check(json!({ "mon": [["00:00", "01:00"], ["02:00", "03:00"]] }), 6, 0);
        check(
            json!({ "mon": [["00:00", "24:00"]], "tue": [["12:00", "24:00"]] }),
            1,
            0,
        );
        let always = json!([["00:00", "24:00"]]);
        let always = json!({ "mon": always, "tue": always, "wed": always, "thu": always, "fri": always, "sat": always,
            "sun": [["00:00", "12:00"]] });
        check(always, 1, 720);
    }
}
