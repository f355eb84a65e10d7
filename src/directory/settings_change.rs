//! A change of an organization's settings: as it is posted, and whether it goes together with the settings that stay.

use crate::base::id::{ID_CHARACTERS_MAX, is_id};
use crate::base::strict_json::{self, Object, whole_number};
use crate::base::timestamp::Timestamp;
use crate::hours::business_hours::BusinessHours;
use crate::hours::calendar::CalendarOf;
use crate::report::request::CHANNEL_CHARACTERS_MAX;
use crate::snapshot::settings::{MAX_AGE_DAYS_DEFAULT, Settings, THRESHOLD_MINUTES_DEFAULT, Thresholds, channel_key};
use serde_json::Value;
use std::collections::HashSet;
use std::rc::Rc;

/// The most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// The greatest threshold, in minutes: a week.
pub const THRESHOLD_MINUTES_MAX: i64 = 7 * 24 * 60;
/// The most channels that can have a threshold of their own.
pub const CHANNEL_THRESHOLDS_MAX: usize = 50;
/// The most departments that can have a threshold of their own.
pub const DEPARTMENT_THRESHOLDS_MAX: usize = 1_000;
/// The greatest age limit, in days: about ten years.
pub const MAX_AGE_DAYS_MAX: i64 = 3_650;

const THRESHOLD: &str = "thresholdMinutes";
const CHANNEL_THRESHOLDS: &str = "channelThresholdMinutes";
const DEPARTMENT_THRESHOLDS: &str = "departmentThresholdMinutes";
const MAX_AGE: &str = "maxAgeDays";
const BUSINESS_HOURS: &str = "businessHours";

/// Why a body does not change settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The body is not JSON.
    #[error("The body is not valid JSON: {0}.")]
    NotJson(String),
    /// The body is JSON, but not an object of settings.
    #[error(
        "The body must be a JSON object with at least one of {THRESHOLD}, {CHANNEL_THRESHOLDS}, {DEPARTMENT_THRESHOLDS}, \
         {MAX_AGE} and {BUSINESS_HOURS}, and no other member."
    )]
    NotSettings,
    /// A setting has a value that it does not take.
    #[error("{name} must be {expected}.")]
    Invalid {
        /// The setting.
        name: &'static str,
        /// What it takes.
        expected: String,
    },
    /// The business hours are not what they must be.
    #[error("{0}")]
    Hours(String),
    /// The platform does not know their time zone.
    #[error(
        "{BUSINESS_HOURS}.timeZone is not a time zone that is known. Take a name of the tz database, such as \"Europe/Berlin\"."
    )]
    UnknownTimeZone,
    /// A threshold that not every row could reach while it is listed.
    #[error(
        "A threshold of {threshold_minutes} minutes is too much for these business hours: if somebody begins to wait at a bad \
         moment, {max_age_days} days ({MAX_AGE}) have only {open_minutes} minutes of them. Lower the threshold, raise {MAX_AGE}, or \
         open for longer."
    )]
    OutOfReach {
        /// The greatest threshold.
        threshold_minutes: i64,
        /// The age limit.
        max_age_days: i64,
        /// The least open time of so many days.
        open_minutes: i64,
    },
}

/// What becomes of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes back to its default.
    Reset,
    /// It is set.
    Set(T),
}

/// A change of settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsChange {
    /// The threshold where no other one applies, in minutes.
    pub threshold_minutes: Change<i64>,
    /// All thresholds by channel, in minutes.
    pub channel_threshold_minutes: Change<Thresholds>,
    /// All thresholds by department, in minutes.
    pub department_threshold_minutes: Change<Thresholds>,
    /// The age limit, in days.
    pub max_age_days: Change<i64>,
    /// The business hours.
    pub business_hours: Change<Rc<BusinessHours>>,
}

/// Parses a request's body: the settings that it names change, and null takes one back to its default.
///
/// # Errors
/// [`SettingsError`]
pub fn parse_change(body: &[u8]) -> Result<SettingsChange, SettingsError> {
    let value = strict_json::parse(body).map_err(|error| SettingsError::NotJson(error.to_string()))?;
    let members = value.as_object().ok_or(SettingsError::NotSettings)?;
    let names = [
        THRESHOLD,
        CHANNEL_THRESHOLDS,
        DEPARTMENT_THRESHOLDS,
        MAX_AGE,
        BUSINESS_HOURS,
    ];
    if members.is_empty() || members.keys().any(|name| !names.contains(&name.as_str())) {
        return Err(SettingsError::NotSettings);
    }
    let minutes = |value: &Value| integer(value, THRESHOLD_MINUTES_MAX);
    let channels = |value: &Value| {
        let is_channel = |name: &str| (1..=CHANNEL_CHARACTERS_MAX).contains(&name.chars().count());
        let thresholds = thresholds(value, CHANNEL_THRESHOLDS_MAX, is_channel)?;
        let mut keys = HashSet::new();
        let has_each_once = thresholds.names().all(|name| keys.insert(channel_key(name)));
        has_each_once.then_some(thresholds)
    };
    let departments = |value: &Value| thresholds(value, DEPARTMENT_THRESHOLDS_MAX, is_id);
    Ok(SettingsChange {
        threshold_minutes: change(
            members,
            THRESHOLD,
            minutes,
            format!("an integer from 1 to {THRESHOLD_MINUTES_MAX}"),
        )?,
        channel_threshold_minutes: change(
            members,
            CHANNEL_THRESHOLDS,
            channels,
            format!(
                "an object of at most {CHANNEL_THRESHOLDS_MAX} channels, each of 1 to {CHANNEL_CHARACTERS_MAX} characters and \
                 there once whatever its case, and of integers from 1 to {THRESHOLD_MINUTES_MAX}"
            ),
        )?,
        department_threshold_minutes: change(
            members,
            DEPARTMENT_THRESHOLDS,
            departments,
            format!(
                "an object of at most {DEPARTMENT_THRESHOLDS_MAX} departments, each an id of 1 to {ID_CHARACTERS_MAX} \
                 characters without control characters, and of integers from 1 to {THRESHOLD_MINUTES_MAX}"
            ),
        )?,
        max_age_days: change(
            members,
            MAX_AGE,
            |value| integer(value, MAX_AGE_DAYS_MAX),
            format!("an integer from 1 to {MAX_AGE_DAYS_MAX}"),
        )?,
        business_hours: match members.get(BUSINESS_HOURS) {
            None => Change::Keep,
            Some(Value::Null) => Change::Reset,
            Some(hours) => Change::Set(Rc::new(BusinessHours::parse(hours).map_err(SettingsError::Hours)?)),
        },
    })
}

fn change<T>(
    members: &Object,
    name: &'static str,
    read: impl FnOnce(&Value) -> Option<T>,
    expected: String,
) -> Result<Change<T>, SettingsError> {
    match members.get(name) {
        None => Ok(Change::Keep),
        Some(Value::Null) => Ok(Change::Reset),
        Some(value) => read(value)
            .map(Change::Set)
            .ok_or(SettingsError::Invalid { name, expected }),
    }
}

/// An integer from 1 to `max`, however it is written: 5.0 is one, as it is in JSON Schema.
fn integer(value: &Value, max: i64) -> Option<i64> {
    let number = whole_number(value)?.try_into().ok()?;
    (1..=max).contains(&number).then_some(number)
}

/// An object of at most `count_max` thresholds.
fn thresholds(value: &Value, count_max: usize, is_name: fn(&str) -> bool) -> Option<Thresholds> {
    let members = value.as_object().filter(|members| members.len() <= count_max)?;
    Thresholds::from_members(members, &|name, value| {
        integer(value, THRESHOLD_MINUTES_MAX).filter(|_| is_name(name))
    })
}

impl SettingsChange {
    /// Checks what cannot be told from the change alone: whether business hours are in a time zone that is known, and
    /// whether every threshold can be reached in them while a row is listed.
    ///
    /// # Errors
    /// [`SettingsError::UnknownTimeZone`], [`SettingsError::OutOfReach`].
    pub(super) fn check(
        &self,
        current: &Settings,
        calendar_of: &CalendarOf,
        now: Timestamp,
    ) -> Result<(), SettingsError> {
        let hours = match &self.business_hours {
            Change::Keep => current.business_hours.as_ref(),
            Change::Reset => None,
            Change::Set(hours) => Some(hours),
        };
        let Some(hours) = hours else {
            return Ok(());
        };
        if calendar_of(hours, now, now).is_none() {
            return Err(SettingsError::UnknownTimeZone);
        }
        let greatest = |change: &Change<Thresholds>, current: &Thresholds| match change {
            Change::Keep => current.greatest(),
            Change::Reset => 0,
            Change::Set(thresholds) => thresholds.greatest(),
        };
        let threshold_minutes = self
            .threshold_minutes
            .or(current.threshold_minutes, THRESHOLD_MINUTES_DEFAULT)
            .max(greatest(
                &self.channel_threshold_minutes,
                &current.channel_threshold_minutes,
            ))
            .max(greatest(
                &self.department_threshold_minutes,
                &current.department_threshold_minutes,
            ));
        let max_age_days = self.max_age_days.or(current.max_age_days, MAX_AGE_DAYS_DEFAULT);
        let open_minutes = hours.least_open_minutes(max_age_days);
        if open_minutes < threshold_minutes {
            return Err(SettingsError::OutOfReach {
                threshold_minutes,
                max_age_days,
                open_minutes,
            });
        }
        Ok(())
    }
}

impl Change<i64> {
    /// The number that is in force after the change.
    fn or(self, current: i64, default: i64) -> i64 {
        match self {
            Self::Keep => current,
            Self::Reset => default,
            Self::Set(number) => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, SettingsChange, parse_change};
    use crate::snapshot::settings::Thresholds;
    use serde_json::json;

    fn check(body: &str, expected: Option<SettingsChange>) {
        assert_eq!(parse_change(body.as_bytes()).ok(), expected, "{body}");
    }

    fn threshold(change: Change<i64>) -> Option<SettingsChange> {
        Some(SettingsChange {
            threshold_minutes: change,
            ..SettingsChange::default()
        })
    }

    #[test]
    fn takes_an_integer_within_its_limits_and_nothing_like_it() {
        check(r#"{"thresholdMinutes":1}"#, threshold(Change::Set(1)));
        check(r#" {"thresholdMinutes" : 10080 } "#, threshold(Change::Set(10_080)));
        check(r#"{"thresholdMinutes":null}"#, threshold(Change::Reset));
        for five in ["5", "5.0", "5e0", "0.5e1", "50E-1"] {
            check(&format!("{{\"thresholdMinutes\":{five}}}"), threshold(Change::Set(5)));
        }
        check(r#"{"thresholdMinutes":10080.0}"#, threshold(Change::Set(10_080)));
        let bad_numbers = [
            "0",
            "-1",
            "-0",
            "-5.0",
            "0.0",
            "1.5",
            "4.999999999",
            "1e400",
            "\"5\"",
            "true",
            "[5]",
            "{}",
            "05",
            "+5",
            "",
            "99999999999999999999",
        ];
        for bad in bad_numbers {
            for name in ["thresholdMinutes", "maxAgeDays"] {
                check(&format!("{{\"{name}\":{bad}}}"), None);
            }
            for name in ["channelThresholdMinutes", "departmentThresholdMinutes"] {
                check(&format!("{{\"{name}\":{{\"x\":{bad}}}}}"), None);
            }
        }
        check(r#"{"thresholdMinutes":10081}"#, None);
        check(r#"{"thresholdMinutes":10080.5}"#, None);
        check(r#"{"maxAgeDays":3651}"#, None);
        check(r#"{"channelThresholdMinutes":{"sms":null}}"#, None);
        check(r#"{"thresholdMinutes":5,"thresholdMinutes":5}"#, None);
        check(r#"{"channelThresholdMinutes":{"x":1,"x":1}}"#, None);
        for unknown in ["x", "thresholdminutes", "businesshours", "organizationId"] {
            check(&format!("{{\"thresholdMinutes\":5,\"{unknown}\":null}}"), None);
        }
        for body in [r#"{"thresholdMinutes":5} x"#, "{}", "5", "[5]", "null", ""] {
            check(body, None);
        }
        assert!(parse_change(b"{\"thresholdMinutes\":5,\"\xff\":1}").is_err());
    }

    #[test]
    fn changes_what_is_named_and_nothing_else() {
        let map = |name: &str, minutes: i64| {
            let members = json!({ name: minutes });
            let thresholds = Thresholds::from_members(members.as_object().unwrap(), &|_, minutes| minutes.as_i64());
            Change::Set(thresholds.unwrap())
        };
        check(
            r#"{"channelThresholdMinutes":{"E-Mail":240},"departmentThresholdMinutes":{"d1":15},"maxAgeDays":3650}"#,
            Some(SettingsChange {
                threshold_minutes: Change::Keep,
                channel_threshold_minutes: map("E-Mail", 240),
                department_threshold_minutes: map("d1", 15),
                max_age_days: Change::Set(3_650),
                business_hours: Change::Keep,
            }),
        );
        check(
            r#"{"channelThresholdMinutes":{},"departmentThresholdMinutes":null,"maxAgeDays":null,"businessHours":null}"#,
            Some(SettingsChange {
                threshold_minutes: Change::Keep,
                channel_threshold_minutes: Change::Set(Thresholds::default()),
                department_threshold_minutes: Change::Reset,
                max_age_days: Change::Reset,
                business_hours: Change::Reset,
            }),
        );
    }

    #[test]
    fn takes_so_many_channels_and_departments_by_their_names() {
        let map = |name: &str, count: usize, key: &dyn Fn(usize) -> String| {
            let members: Vec<String> = (0..count).map(|number| format!("\"{}\":1", key(number))).collect();
            format!("{{\"{name}\":{{{}}}}}", members.join(","))
        };
        let is_taken = |body: String| parse_change(body.as_bytes()).is_ok();
        let numbered = |number: usize| format!("x{number}");
        let channels = |count: usize| map("channelThresholdMinutes", count, &numbered);
        assert_eq!([channels(50), channels(51)].map(is_taken), [true, false]);
        let departments = |count: usize| map("departmentThresholdMinutes", count, &numbered);
        assert_eq!([departments(1_000), departments(1_001)].map(is_taken), [true, false]);
        let channel = |length: usize| map("channelThresholdMinutes", 1, &|_| "é".repeat(length));
        assert_eq!(
            [channel(0), channel(64), channel(65)].map(is_taken),
            [false, true, false]
        );
        let department = |length: usize| map("departmentThresholdMinutes", 1, &|_| "é".repeat(length));
        assert_eq!(
            [department(0), department(128), department(129)].map(is_taken),
            [false, true, false]
        );
        // Channels that differ only in the case of the letters A to Z are one channel; departments are not.
        let cases = |number: usize| ["üMLAUT", "ümlaut"][number].to_owned();
        assert!(!is_taken(map("channelThresholdMinutes", 2, &cases)));
        assert!(is_taken(map("departmentThresholdMinutes", 2, &cases)));
        let other_letters = |number: usize| ["Ümlaut", "ümlaut"][number].to_owned();
        assert!(is_taken(map("channelThresholdMinutes", 2, &other_letters)));
    }
}
