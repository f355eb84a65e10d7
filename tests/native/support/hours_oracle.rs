//! Business hours minute by minute, as docs/definition.md puts them, with the time zones of a crate. It shares no code
//! with the service: dates and times are compared as texts.

use super::MINUTE;
use chrono::TimeZone;
use chrono_tz::Tz;
use serde_json::Value;

/// An organization's business hours.
pub struct HoursOracle {
    zone: Tz,
    hours: Value,
}

impl HoursOracle {
    /// `hours` is the setting.
    pub fn new(hours: &Value) -> HoursOracle {
        HoursOracle {
            zone: hours["timeZone"].as_str().unwrap().parse().unwrap(),
            hours: hours.clone(),
        }
    }

    /// Whether an instant is within business hours.
    pub fn is_open(&self, instant: i64) -> bool {
        let local = self.zone.timestamp_millis_opt(instant).unwrap();
        let date = local.format("%Y-%m-%d").to_string();
        let time = local.format("%H:%M").to_string();
        let time = time.as_str();
        let weekday = local.format("%a").to_string().to_lowercase();
        let is_closed = self.hours["closed"]
            .as_array()
            .is_some_and(|dates| dates.contains(&Value::from(date.as_str())));
        let intervals = match &self.hours["open"][&date] {
            Value::Null if is_closed => return false,
            Value::Null => &self.hours["weekly"][&weekday],
            exception => exception,
        };
        let is_within = |interval: &Value| {
            let [from, to] = [0, 1].map(|end| interval[end].as_str().unwrap());
            from <= time && time < to
        };
        intervals
            .as_array()
            .is_some_and(|intervals| intervals.iter().any(is_within))
    }

    /// How much of the time from `from` to `until` is within business hours, in milliseconds.
    pub fn open_ms(&self, from: i64, until: i64) -> i64 {
        let mut open = 0;
        let mut at = from;
        while at < until {
            let next = until.min(at - at.rem_euclid(MINUTE) + MINUTE);
            if self.is_open(at) {
                open += next - at;
            }
            at = next;
        }
        open
    }

    /// The latest instant from which `minutes` of business hours have passed at `as_of`. `None` means that it is before
    /// `earliest`.
    pub fn latest_start(&self, as_of: i64, minutes: i64, earliest: i64) -> Option<i64> {
        let mut missing = minutes * MINUTE;
        let mut until = as_of;
        while missing > 0 {
            if until <= earliest {
                return None;
            }
            let at = earliest.max((until - 1) - (until - 1).rem_euclid(MINUTE));
            let open = if self.is_open(at) { until - at } else { 0 };
            if open >= missing {
                return Some(until - missing);
            }
            missing -= open;
            until = at;
        }
        Some(as_of)
    }
}
