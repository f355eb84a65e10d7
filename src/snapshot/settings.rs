//! An organization's settings: how long an answer must have been owed before a row is listed, and for how long it stays
//! listed.

use crate::base::strict_json::Object;
use crate::base::timestamp::Timestamp;
use crate::hours::business_hours::BusinessHours;
use crate::hours::calendar::{Calendar, CalendarOf};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::rc::Rc;

/// The threshold of an organization that has not set one, in minutes.
pub const THRESHOLD_MINUTES_DEFAULT: i64 = 5;
/// How long a row is listed if the organization has not set it, in days.
pub const MAX_AGE_DAYS_DEFAULT: i64 = 30;

/// The settings of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The threshold where no other one applies, in minutes.
    pub threshold_minutes: i64,
    /// Thresholds by channel, in minutes. Channels are compared without regard to case.
    pub channel_threshold_minutes: Thresholds,
    /// Thresholds by department, in minutes. They come before those by channel.
    pub department_threshold_minutes: Thresholds,
    /// How many days ago an overdue answer may have become overdue. Rows that are older are not listed.
    pub max_age_days: i64,
    /// In which hours ages count. `None` means at all hours.
    pub business_hours: Option<Rc<BusinessHours>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threshold_minutes: THRESHOLD_MINUTES_DEFAULT,
            channel_threshold_minutes: Thresholds::default(),
            department_threshold_minutes: Thresholds::default(),
            max_age_days: MAX_AGE_DAYS_DEFAULT,
            business_hours: None,
        }
    }
}

impl Settings {
    /// The threshold of a department, if it has one of its own.
    #[must_use]
    pub fn department_threshold(&self, department_id: &str) -> Option<i64> {
        self.department_threshold_minutes.get(department_id)
    }

    /// The threshold of a channel where no department's applies: the channel's, or else the organization's.
    #[must_use]
    pub fn channel_threshold(&self, channel_type: &str) -> i64 {
        let mut thresholds = self.channel_threshold_minutes.0.iter();
        let own = thresholds.find(|(name, _)| name.eq_ignore_ascii_case(channel_type));
        own.map_or(self.threshold_minutes, |(_, minutes)| *minutes)
    }

    /// The threshold that applies to a conversation, in minutes.
    #[must_use]
    pub fn threshold(&self, department_id: Option<&str>, channel_type: &str) -> i64 {
        let of_department = department_id.and_then(|department_id| self.department_threshold(department_id));
        of_department.unwrap_or_else(|| self.channel_threshold(channel_type))
    }

    /// The business hours, for ages from `earliest` to `latest`. `None` means that ages count at all hours. They also
    /// do if the platform no longer knows the time zone: somebody may then be listed too early, but nobody is lost.
    #[must_use]
    pub fn calendar(&self, calendar_of: &CalendarOf, earliest: Timestamp, latest: Timestamp) -> Option<Rc<Calendar>> {
        calendar_of(self.business_hours.as_ref()?, earliest, latest)
    }

    /// About how many bytes of memory its thresholds by name and its business hours take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let hours = self.business_hours.as_ref().map_or(0, |hours| hours.bytes());
        let names = self.channel_threshold_minutes.names();
        let names = names.chain(self.department_threshold_minutes.names());
        hours + names.map(|name| name.len() + 64).sum::<usize>()
    }
}

/// Thresholds by name, in minutes; names are ascending. In JSON they are an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thresholds(Vec<(String, i64)>);

impl Thresholds {
    /// Reads the members of a JSON object with `read`, which gets a name and a value. `None` means that it has refused
    /// one.
    #[must_use]
    pub fn from_members(members: &Object, read: &dyn Fn(&str, &Value) -> Option<i64>) -> Option<Self> {
        let threshold = |(name, value): (&String, &Value)| Some((name.clone(), read(name, value)?));
        members.iter().map(threshold).collect::<Option<_>>().map(Self)
    }

    /// The threshold with a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<i64> {
        let found = self.0.binary_search_by(|(other, _)| other.as_str().cmp(name));
        self.0.get(found.ok()?).map(|(_, minutes)| *minutes)
    }

    /// The greatest threshold, in minutes; 0 if there is none.
    #[must_use]
    pub fn greatest(&self) -> i64 {
        self.0.iter().fold(0, |greatest, (_, minutes)| greatest.max(*minutes))
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Whether there is no threshold.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Thresholds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, minutes)| (name, minutes)))
    }
}

/// What two names of one channel have in common: everything except the case of the letters A to Z. A search ignores the
/// same case. Ignoring that of all letters would make the wasm 8 KB larger.
#[must_use]
pub fn channel_key(channel_type: &str) -> String {
    channel_type.to_ascii_lowercase()
}

/// What tells the settings of an organization apart: the threshold, and the number of everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct SettingsId {
    /// The threshold, in minutes.
    pub threshold_minutes: i64,
    /// Counts the changes of everything else; 0 means that nothing else was ever set.
    pub number: i64,
}
